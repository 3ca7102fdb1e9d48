//! The six `pam_sm_*` entry points.

use std::ffi::CStr;

use pam::constants::{PamFlag, PamResultCode};
use pam::module::{PamHandle, PamHooks};

use super::handle::{Pam, Severity};
use super::{guard, memory};
use crate::{auth, outcome::Outcome, password_change};

/// The module as libpam sees it.
#[derive(Debug)]
pub(super) struct Passkey;

/// `pam_hooks!` writes the functions with C's calling convention, and makes them public to have them exported.
mod exported {
    #![allow(missing_docs, unreachable_pub, clippy::missing_safety_doc)]
    use super::Passkey;
    pam::pam_hooks!(Passkey);
}

/// Account and session management are none of our business: the trait answers `PAM_IGNORE`.
impl PamHooks for Passkey {
    /// `PAM_SILENT` is not looked at: sudo sets it for every sign-in, and a key that blinks without a word is a key
    /// that is never touched. The argument `quiet` silences the module.
    fn sm_authenticate(handle: &mut PamHandle, arguments: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        guard::silence_panics();
        if memory::ensure_for_sign_in().is_err() {
            return refused(handle, &Outcome::NoMemory);
        }
        match guard::caught(|| auth::authenticate(&mut Pam::new(handle), &arguments)) {
            Ok(code) => code,
            Err(panic) => refused(handle, &Outcome::Panicked(panic)),
        }
    }

    /// There are no credentials to set, and an application that asks is told so in a way that lets it go on: after
    /// `PAM_IGNORE` from every module of the stack, libpam makes an error of `pam_setcred`.
    fn sm_setcred(_handle: &mut PamHandle, _arguments: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        PamResultCode::PAM_SUCCESS
    }

    /// Looks on: whether the password may be changed, and to what, is for others to say.
    fn sm_chauthtok(handle: &mut PamHandle, arguments: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        guard::silence_panics();
        if memory::ensure_for_sign_in().is_err() {
            let _ = refused(handle, &Outcome::NoMemory);
            return PamResultCode::PAM_IGNORE;
        }
        let done = guard::caught(|| {
            let mut pam = Pam::new(handle);
            if flags & PAM_UPDATE_AUTHTOK == 0 {
                password_change::begin(&mut pam);
            } else {
                password_change::follow(&mut pam, &arguments);
            }
        });
        if let Err(panic) = done {
            let _ = refused(handle, &Outcome::Panicked(panic));
        }
        PamResultCode::PAM_IGNORE
    }
}

/// The password has been changed, or could not be: the second of the two calls of `pam_chauthtok` (`security/_pam_types.h`). The first one is
/// there to look whether it can be.
const PAM_UPDATE_AUTHTOK: PamFlag = 0x2000;

/// Ends a sign-in that nothing more can be done for than a line in the log, which is written under guard as well.
fn refused(handle: &mut PamHandle, outcome: &Outcome) -> PamResultCode {
    let _ = guard::caught(|| Pam::new(handle).log(Severity::Error, &outcome.row().reason));
    outcome.code()
}
