//! `key reset`: erases a key.

use std::time::Duration;

use passkey_core::ceremony::{Authenticator, Notice, Prompter as _, ResetStep, inspect};
use passkey_core::credential::Credential;
use passkey_core::escape::Escaped;

use super::super::remove::take_out;
use super::Context;
use crate::cli::Reset;
use crate::commands::error::Error;
use crate::commands::results::json::Plugged;
use crate::commands::results::key::KeyReset;
use crate::key::ManageError;
use crate::key::{ManagedKey, Place};
use crate::report::{note, warning};
use crate::terminal::prompter::TerminalPrompter;
use crate::terminal::signals::Interrupt;

/// How long the key may take to tell which passkeys it holds.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(context: &Context, place: &Place, arguments: &Reset) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut managed =
        ManagedKey::select(&interrupt, &super::selection(context, place, &arguments.on, false))?;
    let lost = super::enrolled(context).map(|own| held(&mut managed, own));
    if interrupt.is_raised() {
        return Err(Error::Cancelled);
    }
    if !arguments.yes {
        super::confirm(&interrupt, &warned(context, &managed, lost.as_deref()), "reset")?;
    }
    managed.reset(|person, step| tell(person, step)).map_err(ManageError::Reset)?;
    let forgotten = forget(context, arguments, &interrupt, lost.as_deref().unwrap_or_default());
    context.output.result(&KeyReset {
        key: Plugged::from(managed.key()),
        lost: lost.map(|lost| lost.into_iter().map(|credential| credential.name).collect()),
        forgotten,
    })
}

/// Those of the user's passkeys that the key holds.
fn held(managed: &mut ManagedKey<'_>, own: Vec<Credential>) -> Vec<Credential> {
    let key = managed.key().id;
    let asked: Vec<&Credential> = own.iter().collect();
    let inspected = inspect(managed.platform(), &asked, TIMEOUT);
    let Some(inspected) = inspected.into_iter().find(|inspected| inspected.key.id == key) else {
        return Vec::new();
    };
    own.into_iter().filter(|credential| inspected.holds.contains(&credential.id)).collect()
}

/// What will be lost.
fn warned(context: &Context, managed: &ManagedKey<'_>, lost: Option<&[Credential]>) -> String {
    let user = Escaped::text(&context.account.name);
    let known = match lost {
        None => format!("Whether passkeys of {user} on this machine are among them is not known.\n"),
        Some([]) => String::new(),
        Some(lost) => format!("Among them, of {user} on this machine: {}.\n", quoted(lost)),
    };
    let forgets = match (managed.authenticator(), managed.key().name.as_str()) {
        (Authenticator::ThisComputer, _) => {
            format!("This computer will forget the PIN and all passkeys of {user}.")
        }
        (Authenticator::SecurityKey | Authenticator::Guiding, name) => {
            let name =
                if name.is_empty() { "The security key".to_owned() } else { Escaped::text(name).to_string() };
            format!(
                "{name} will forget its PIN, its fingerprints and all of its passkeys, those for websites too."
            )
        }
    };
    format!("{forgets} Nothing brings them back.\n{known}")
}

fn quoted(credentials: &[Credential]) -> String {
    let names: Vec<String> =
        credentials.iter().map(|credential| format!("“{}”", Escaped::text(&credential.name))).collect();
    names.join(", ")
}

fn tell(person: &mut TerminalPrompter<'_>, step: ResetStep) {
    match step {
        ResetStep::Unplug => person.show("Unplug the security key."),
        ResetStep::PlugIn => person.show("Plug it in again, and be ready to touch it."),
        ResetStep::AnotherKey => person.show("That is another security key. Plug in the one to be reset."),
        ResetStep::Touch => {
            person.show("Touch it now, within 10 seconds; keep your finger on it until it is done.");
        }
        ResetStep::Busy => person.tell(&Notice::KeyBusy),
    }
}

/// Removes from this machine the passkeys that are lost, if the person wants to; the names of those that are gone.
fn forget(context: &Context, arguments: &Reset, interrupt: &Interrupt, lost: &[Credential]) -> Vec<String> {
    if lost.is_empty() {
        return Vec::new();
    }
    let question = format!("Remove {} from this machine too? They are of no use any more.", quoted(lost));
    let wanted = arguments.forget || (!arguments.yes && super::confirm(interrupt, &question, "yes").is_ok());
    let mut forgotten = Vec::new();
    for credential in lost {
        let name = &credential.name;
        let by_hand = context.remove_command(name);
        if !wanted {
            note(&format!("“{name}” is of no use any more. Remove it from this machine too: {by_hand}"));
            continue;
        }
        match take_out(context, name, &credential.id) {
            Ok(_) => {
                if let Err(error) =
                    context.store.update_state(&context.account, |state| state.forget(&credential.id))
                {
                    warning(&format!("last use and counter of “{name}” are not forgotten: {error}"));
                }
                forgotten.push(name.clone());
            }
            // The key is reset all the same.
            Err(error) => warning(&format!(
                "“{name}” is not removed from this machine: {} Remove it with: {by_hand}",
                error.report().message
            )),
        }
    }
    forgotten
}
