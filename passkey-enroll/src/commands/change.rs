//! What the commands that change a passkey have in common.

use passkey_core::credential::{self, CredentialId};
use passkey_core::escape::Escaped;
use passkey_core::store::{CredentialFile, UpdateError};

use super::Context;
use crate::commands::error::Error;
use crate::commands::results::json::Credential;
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{self, Lack};
use crate::terminal::input::{Line, Terminal};
use crate::terminal::signals::Interrupt;

/// Changes the user's credential file, which must be there.
pub(super) fn change<T>(
    context: &Context,
    change: impl FnOnce(&mut CredentialFile) -> Result<T, Error>,
) -> Result<T, Error> {
    context.store.update(&context.account, change).map_err(|error| match error {
        UpdateError::Store(error) => context.store_error(error),
        UpdateError::Change(error) => error,
    })
}

/// Checks that the passkey `name` is still the one that was looked at: while a person thinks about it, another process may give
/// the name to another passkey.
pub(super) fn check_same(
    context: &Context,
    file: &CredentialFile,
    name: &str,
    id: &CredentialId,
) -> Result<(), Error> {
    if context.named(file, name)?.id == *id {
        Ok(())
    } else {
        Err(Error::Changed { list: context.list_command() })
    }
}

/// A passkey with what is remembered of its use.
pub(super) fn shown(context: &Context, credential: &credential::Credential) -> Credential {
    let state = context.state();
    context.described(credential, state.as_ref().and_then(|state| state.credential(&credential.id)))
}

/// What a user has left.
#[derive(Clone, Debug)]
pub(super) struct Left {
    /// All of their passkeys.
    pub(super) remaining: usize,
    /// Those that can sign in.
    pub(super) usable: usize,
    /// The services that are closed to them for want of one.
    pub(super) closed_services: Vec<String>,
}

impl Left {
    /// What `file` leaves them.
    pub(super) fn in_file(context: &Context, file: &CredentialFile) -> Self {
        let usable = file.enabled().count();
        let closed_services = if usable == 0 {
            let lack = if file.is_unenrolled() { Lack::Unenrolled } else { Lack::NoneUsable };
            simulate::closed(&context.config, &ServiceFiles::of_machine(), lack)
        } else {
            Vec::new()
        };
        Self { remaining: file.credentials.len(), usable, closed_services }
    }

    /// What that means for them, where it means something: a sentence or two.
    pub(super) fn warning(&self, context: &Context) -> Option<String> {
        let user = &context.account.name;
        (self.usable == 0).then(|| match self.closed_services.as_slice() {
            [] => format!("{user} has no passkey left that can sign in. No service of this machine requires one."),
            [service] => {
                format!("{user} has no passkey left that can sign in: {service} does not let them in any more.")
            }
            services => format!(
                "{user} has no passkey left that can sign in: these services do not let them in any more: {}.",
                services.join(", ")
            ),
        })
    }

    /// The same before it is done, for a question.
    pub(super) fn foreboding(&self, context: &Context) -> String {
        let user = Escaped::text(&context.account.name);
        if self.usable > 0 {
            return String::new();
        }
        let closed = match self.closed_services.as_slice() {
            [] => "No service of this machine requires one.".to_owned(),
            services => {
                format!(
                    "Without it these services will be closed to them: {}.",
                    Escaped::text(&services.join(", "))
                )
            }
        };
        format!("This is the last passkey of {user} that can sign in. {closed}\n")
    }
}

/// Asks at the terminal, and goes on after a yes only.
pub(super) fn confirm(question: &str) -> Result<(), Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    confirm_with(&interrupt, question, "yes")
}

/// Asks the person to type `word`, and takes nothing else for it.
pub(super) fn confirm_with(interrupt: &Interrupt, question: &str, word: &str) -> Result<(), Error> {
    let mut terminal = Terminal::open().ok_or(Error::NobodyToConfirm)?;
    let question = format!("{question} Type {word} to go on: ");
    match terminal.ask(&question, interrupt).map_err(Error::Terminal)? {
        Line::Typed(answer) if answer.as_bytes().trim_ascii().eq_ignore_ascii_case(word.as_bytes()) => Ok(()),
        Line::Typed(_) | Line::End | Line::Interrupted => Err(Error::Cancelled),
    }
}
