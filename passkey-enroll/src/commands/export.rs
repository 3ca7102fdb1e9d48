//! `export`: exports passkeys for another program. Only public keys leave the machine.

use std::collections::BTreeSet;

use passkey_core::config::UserVerification;
use passkey_core::credential::{Credential, ImportedOptions, UserHandle, UvCapability};
use passkey_core::store::CredentialFile;

use super::Context;
use super::add::strictest;
use crate::cli::{Export, ExportFormat};
use crate::commands::error::Error;
use crate::commands::results::json::{Exported, ExportedPasskey, LeftOut};
use crate::interop::TransferError;
use crate::interop::{pam_u2f, sssd};
use crate::report::{self};

/// How many passkeys of one user pam_u2f reads by default (`max_devices`).
const PAM_U2F_DEVICES: usize = 24;

pub(super) fn run(context: &Context, arguments: &Export) -> Result<(), Error> {
    let loaded = context.load_enrolled()?;
    let rp_id = rp_id(&loaded.file, arguments.rp_id.as_deref())?;
    let mut exported = Vec::new();
    let mut left_out = Vec::new();
    for credential in loaded.file.credentials.iter().filter(|credential| credential.rp_id == rp_id) {
        let options = options(credential, strictest(&context.config));
        let text = match arguments.format {
            ExportFormat::PamU2f => pam_u2f::row(credential, options),
            ExportFormat::Sssd => sssd::value_of(credential, user_handle(&loaded.file, credential)),
        };
        let left = |reason| LeftOut { name: credential.name.clone(), reason };
        match text {
            _ if !credential.enabled => left_out.push(left("disabled")),
            None => left_out.push(left("algorithm")),
            Some(text) => {
                if let Some(warning) = warning(arguments.format, credential, options) {
                    report::warning(&warning);
                }
                let name = credential.name.clone();
                exported.push(ExportedPasskey { name, text, options: options.words().collect() });
            }
        }
    }
    for LeftOut { name, reason } in &left_out {
        let why = match *reason {
            "disabled" => "it is disabled, and the other program would accept it",
            _ => "the other program does not support its algorithm",
        };
        report::warning(&format!("“{name}” is left out: {why}."));
    }
    if exported.is_empty() {
        return Err(TransferError::NothingToExport { user: context.user() }.into());
    }
    let lines = match arguments.format {
        ExportFormat::PamU2f => {
            let rows: Vec<&str> = exported.iter().map(|passkey| passkey.text.as_str()).collect();
            vec![format!("{}:{}", context.account.name, rows.join(":"))]
        }
        ExportFormat::Sssd => exported.iter().map(|passkey| passkey.text.clone()).collect(),
    };
    let use_it = use_it(context, arguments.format, &rp_id, exported.len());
    for line in &use_it {
        report::note(line);
    }
    context.output.result(&Exported {
        user: context.user(),
        format: arguments.format.as_str(),
        rp_id,
        lines,
        credentials: exported,
        left_out,
        use_it,
    })
}

/// The RP ID of what is exported: the other programs have one for all of a user's passkeys.
fn rp_id(file: &CredentialFile, given: Option<&str>) -> Result<String, Error> {
    let mut rp_ids: BTreeSet<&str> =
        file.credentials.iter().map(|credential| credential.rp_id.as_str()).collect();
    if let Some(given) = given {
        rp_ids.retain(|rp_id| *rp_id == given);
    }
    let mut rp_ids = rp_ids.into_iter();
    match (rp_ids.next(), rp_ids.len()) {
        (Some(only), 0) => Ok(only.to_owned()),
        (Some(first), _) => {
            let all = std::iter::once(first).chain(rp_ids).map(str::to_owned).collect();
            Err(TransferError::SeveralRpIds(all).into())
        }
        (None, _) => Err(TransferError::NoSuchRpId(given.unwrap_or_default().to_owned()).into()),
    }
}

/// What the other program should ask of the person: what it asked before the import, or else all that the key could do when the passkey
/// was made; and never less than this machine asks for.
fn options(credential: &Credential, policy: UserVerification) -> ImportedOptions {
    let insists = credential.insists_on_user_verification();
    let able = ImportedOptions {
        presence: true,
        verification: credential.user_verification == UvCapability::Fingerprint,
        // What hides from a finder has a PIN or a sensor, though this is not on file of what was imported without its key.
        pin: credential.user_verification == UvCapability::Pin
            || (credential.user_verification == UvCapability::None && insists),
    };
    match credential.imported_options {
        Some(before) if policy == UserVerification::Discouraged && !insists => before,
        Some(before) if before.verification || before.pin => before,
        Some(before) => ImportedOptions { presence: before.presence, ..able },
        None => able,
    }
}

/// Where the other program will ask for less than this machine can.
fn warning(format: ExportFormat, credential: &Credential, options: ImportedOptions) -> Option<String> {
    let name = &credential.name;
    let verifies = options.verification || options.pin;
    match format {
        ExportFormat::Sssd if verifies => Some(format!(
            "“{name}” is exported without its PIN or fingerprint: with SSSD the domain says whether one is asked for."
        )),
        ExportFormat::Sssd => None,
        ExportFormat::PamU2f => match (options.presence, verifies) {
            (false, false) => Some(format!(
                "“{name}” is exported as it was imported: pam_u2f will ask for nothing, not even a touch. Add +presence to its \
                 row to have it ask."
            )),
            (false, true) => Some(format!(
                "“{name}” is exported as it was imported: pam_u2f will not ask for a touch. Add +presence to its row to have it ask."
            )),
            (true, false) if credential.user_verification != UvCapability::None => Some(format!(
                "“{name}” is exported as it was imported: pam_u2f will ask for a touch alone. Add +{} to its row to have it ask for more.",
                if credential.user_verification == UvCapability::Pin { "pin" } else { "verification" }
            )),
            (true, _) => None,
        },
    }
}

/// The user handle that the key gives for the passkey, where that is known: what was imported, and has no attestation therefore, may be
/// there under another than the one on file. Without it a passkey is found by its id.
fn user_handle<'f>(file: &'f CredentialFile, credential: &Credential) -> Option<&'f UserHandle> {
    (credential.discoverable && credential.attestation.is_some()).then_some(&file.user_handle)
}

/// What to do with it, in sentences.
fn use_it(context: &Context, format: ExportFormat, rp_id: &str, count: usize) -> Vec<String> {
    let user = &context.account.name;
    match format {
        ExportFormat::PamU2f => {
            let more = if count > PAM_U2F_DEVICES { format!(" max_devices={count}") } else { String::new() };
            vec![
                "Put the line into a file of root's, such as /etc/u2f_mappings, in place of the user's former one, and call \
                 pam_u2f with it:"
                    .to_owned(),
                format!("  auth required pam_u2f.so authfile=/etc/u2f_mappings origin={rp_id} appid={rp_id} cue{more}"),
            ]
        }
        ExportFormat::Sssd => vec![
            format!(
                "SSSD takes them only where the name of its domain is {rp_id}. Add each, for FreeIPA with:"
            ),
            format!("  ipa user-add-passkey {user} VALUE"),
        ],
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
