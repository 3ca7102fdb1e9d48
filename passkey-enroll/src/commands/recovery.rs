//! `recovery`: codes for the day a security key is lost.

use ctap::Secret;
use passkey_core::messages::FEW_CODES;
use passkey_core::store::StoreError;
use passkey_core::store::recovery::{Code, Codes};
use passkey_core::time;
use zeroize::Zeroizing;

use super::{Context, change::confirm};
use crate::cli::{Confirmation, Recovery, RecoveryCommand};
use crate::commands::error::Error;
use crate::commands::results::recovery::{CodesStatus, NewCodes, Revoked};
use crate::doctor::{Machine, RecoveryCodes};
use crate::report::{note, warning};
use passkey_core::escape::Escaped;

pub(super) fn run(context: &Context, arguments: &Recovery) -> Result<(), Error> {
    match arguments.command {
        RecoveryCommand::New(confirmation) => new(context, confirmation),
        RecoveryCommand::Status => status(context),
        RecoveryCommand::Revoke(confirmation) => revoke(context, confirmation),
    }
}

/// The codes that the user has.
enum Found {
    None,
    Codes(Codes),
    /// A file that is malformed: it can be replaced and removed.
    Broken,
}

fn find(context: &Context) -> Result<Found, Error> {
    match context.store.load_codes(&context.account) {
        Ok(None) => Ok(Found::None),
        Ok(Some(codes)) => Ok(Found::Codes(codes)),
        Err(error @ StoreError::Malformed { .. }) => {
            warning(&error.to_string());
            Ok(Found::Broken)
        }
        Err(error) => Err(error.into()),
    }
}

fn new(context: &Context, confirmation: Confirmation) -> Result<(), Error> {
    // Codes stand in for a passkey: without one there is nothing to recover.
    context.load_enrolled()?;
    let found = find(context)?;
    let stops_something = match &found {
        Found::None => false,
        Found::Codes(codes) => codes.left() > 0,
        Found::Broken => true,
    };
    if stops_something && !confirmation.yes {
        let user = Escaped::text(&context.account.name);
        confirm(&format!("The recovery codes that {user} has will stop working. Make new ones?"))?;
    }
    let made = time::now();
    let (set, codes) = Codes::new(made).map_err(Error::NewCodes)?;
    context.store.replace_codes(&context.account, &set)?;
    note("They are not shown again: print them or write them down, and keep them away from this computer.");
    warn_where_none_is_accepted(context);
    context.output.result(&NewCodes {
        user: context.user(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        made,
        codes: codes.iter().map(text).collect(),
    })
}

fn text(code: &Code) -> Zeroizing<String> {
    let text: Secret = code.text();
    Zeroizing::new(String::from_utf8_lossy(text.as_bytes()).into_owned())
}

fn status(context: &Context) -> Result<(), Error> {
    let Some(codes) = context.store.load_codes(&context.account)? else {
        // No codes is an answer, not an error.
        note(&format!("{} has no recovery codes. Make some: {}", context.account.name, new_command(context)));
        return context.output.result(&CodesStatus { user: context.user(), ..CodesStatus::default() });
    };
    for entry in codes.skipped() {
        warning(&format!("a recovery code is ignored: line {}: {}", entry.line, entry.reason));
    }
    if codes.left() <= FEW_CODES {
        note(&format!("There are few left. Make new ones: {}", new_command(context)));
    }
    warn_where_none_is_accepted(context);
    context.output.result(&CodesStatus {
        user: context.user(),
        made: Some(codes.made()),
        total: codes.total(),
        left: codes.left(),
        last_used: codes.last_used(),
        failures: codes.failures(),
        locked_until: codes.locked_until(time::now()),
        skipped: codes.skipped().len(),
    })
}

fn revoke(context: &Context, confirmation: Confirmation) -> Result<(), Error> {
    let revoked = match find(context)? {
        Found::None => {
            return Err(Error::NoRecoveryCodes { user: context.user(), new: new_command(context) });
        }
        Found::Codes(codes) => Some(codes.left()),
        Found::Broken => None,
    };
    if !confirmation.yes {
        confirm(&format!("Take away all recovery codes of {}?", Escaped::text(&context.account.name)))?;
    }
    context.store.revoke_codes(&context.account)?;
    context.output.result(&Revoked { user: context.user(), revoked })
}

fn new_command(context: &Context) -> String {
    format!("sudo passkey-enroll recovery new{}", context.user_option)
}

/// Codes are of no use before the administrator has said where they are accepted.
fn warn_where_none_is_accepted(context: &Context) {
    if let Some(remedy) = RecoveryCodes::of(&Machine::this(), &context.config).remedy() {
        warning(&format!("no service accepts recovery codes yet. {remedy}"));
    }
}
