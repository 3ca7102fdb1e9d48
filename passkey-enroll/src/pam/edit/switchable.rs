//! `gdm-switchable-auth`, by which GNOME offers the passkey and the password side by side.
//!
//! Distributions that do not ship its file have the screen fall back to `gdm-password`. It is made of that file: the module asks for both in one
//! exchange and leaves the password, where that is chosen, to the lines behind it (`PAM_CRED_UNAVAIL`); any other answer ends the sign-in, and GDM goes
//! on with `gdm-password`.

use passkey_core::config::Config;

use super::outline::Outline;
use super::{Draft, NoDraft, call, judged, leaves_others_alone, without_passkeys};
use crate::pam::edit::Way;
use crate::pam::parse::{ServiceFiles, StackError};
use crate::pam::simulate::{self, Asks, GDM_SWITCHABLE, ServiceAccess};

/// Whose lines it takes.
const GDM_PASSWORD: &str = "gdm-password";

/// The file. `arguments` stand behind the module's mode.
///
/// # Errors
/// When there is no `gdm-password`, or none that asks for a password and nothing else.
pub(crate) fn gdm_switchable(
    files: &ServiceFiles,
    config: &Config,
    arguments: &[String],
) -> Result<Draft, NoDraft> {
    let file = files.read(GDM_PASSWORD).map_err(|_| NoDraft::NoGdm)?.1;
    let of = |service: &str| ServiceAccess::of(files, service, config).map_err(NoDraft::Broken);
    // The passkey of gdm-password itself would be asked for once more.
    let password = of(GDM_PASSWORD)?;
    let bytes = if password.asks() {
        without_passkeys(files, config, GDM_PASSWORD).map_err(|_| NoDraft::AsksAlready)?
    } else {
        file.to_bytes()
    };
    let files = files.clone().with(GDM_SWITCHABLE, bytes);
    let before = ServiceAccess::of(&files, GDM_SWITCHABLE, config).map_err(NoDraft::Broken)?;
    for asking in before.calls() {
        // Where it stands: the new file is none yet.
        let line = || {
            let there = password.calls().into_iter().find(|call| call.rule == asking.rule);
            simulate::Line::of(there.unwrap_or(asking))
        };
        match simulate::asks_with_password(&asking.rule) {
            Asks::Nothing => {}
            Asks::PasswordUnlessTold => {
                return Err(NoDraft::AsksAnew { line: line(), is_mended_by_option: true });
            }
            Asks::Password => return Err(NoDraft::AsksAnew { line: line(), is_mended_by_option: false }),
            Asks::More => return Err(NoDraft::AsksForMore(line())),
        }
    }
    let (_, file) = files.read(GDM_SWITCHABLE).map_err(|error| NoDraft::Broken(StackError::NoFile(error)))?;
    let outline = Outline::of(&files, GDM_SWITCHABLE, &file);
    let password = outline.password().ok_or(NoDraft::NoPassword)?;
    let bytes = outline
        .switchable(&password, |control| call(Way::Passwordless, control, arguments))
        .filter(|bytes| leaves_others_alone(&files, GDM_SWITCHABLE, bytes))
        .ok_or(NoDraft::NoPlace)?;
    let exempt = judged(&files, config, &before, Way::Passwordless, &bytes).map_err(NoDraft::Faulty)?;
    Ok(Draft { bytes, exempt })
}
