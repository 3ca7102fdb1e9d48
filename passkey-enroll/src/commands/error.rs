//! What can go wrong, each with what to do about it.

use std::io;
use std::path::PathBuf;

use ::attestation::Refusal;
use passkey_core::ceremony::{Authenticator, EnrolError, SignInError};
use passkey_core::config::{ConfigError, HostNameError};
use passkey_core::credential::Credential;
use passkey_core::store::StoreError;
use passkey_core::store::recovery::NewCodesError;

use super::pam::PamError;
use crate::account::AccountError;
use crate::attestation::explain as origin;
use crate::attestation::roots::TrustError;
use crate::explain::{enrol, sign_in, store, this_computer};
use crate::interop::TransferError;
use crate::key::{self, ManageError};
use crate::keyring::KeyringError;
use crate::removal::RemovalError;
use crate::report::{ErrorReport, Exit, StdoutError};
use crate::terminal::prompter::LastQuestion;

/// Why the command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Error {
    /// There is no account to work on.
    Account(AccountError),
    /// The configuration that `--config` names does not exist.
    NoConfig(PathBuf),
    /// The configuration cannot be used.
    Config(Box<ConfigError>),
    /// There is no RP ID for a new passkey.
    HostName(HostNameError),
    /// The store cannot be read or changed.
    Store(Box<StoreError>),
    /// Only root may change the store.
    OnlyRoot {
        /// What cannot be changed, and why not.
        error: Box<StoreError>,
        /// The command that was given, without the program.
        command: String,
    },
    /// The user has no passkey.
    NotEnrolled {
        /// Whose passkeys they would be.
        user: String,
        /// The command that enrols one.
        add: String,
    },
    /// The user has passkeys, and none that can sign in.
    NoneUsable {
        /// Whose passkeys they are.
        user: String,
        /// The first entry of the credential file that is passed over, where one is: `PATH:LINE: reason`.
        damage: Option<String>,
        /// The command that enrols another one.
        add: String,
    },
    /// The user has no passkey of this name.
    NoSuchPasskey {
        /// Whose passkeys they would be.
        user: String,
        /// The name that was asked for.
        name: String,
        /// The names there are.
        names: Vec<String>,
        /// The command that lists the passkeys.
        list: String,
    },
    /// The user has no recovery codes.
    NoRecoveryCodes {
        /// Whose codes they would be.
        user: String,
        /// The command that makes some.
        new: String,
    },
    /// No recovery codes could be made.
    NewCodes(NewCodesError),
    /// Another passkey of the user has this name.
    NameTaken(String),
    /// Another passkey of the user has the name that one is to be given.
    NewNameTaken {
        /// That.
        name: String,
        /// The command that lists the passkeys.
        list: String,
    },
    /// What the name stands for changed while the person was asked.
    Changed {
        /// The command that lists the passkeys.
        list: String,
    },
    /// Another enrolment of the same user came first, and the two do not fit together.
    EnrolledMeanwhile,
    /// The new passkey is on the key and was not stored.
    NotStored {
        /// The passkey, for the person to know what is now on the key in vain.
        credential: Box<Credential>,
        /// Why not.
        error: Box<StoreError>,
    },
    /// No passkey was made.
    Enrol {
        /// Why.
        error: EnrolError,
        /// The last question for a PIN.
        asked: LastQuestion,
    },
    /// No passkey was made on this computer.
    EnrolOnThisComputer {
        /// Why.
        error: EnrolError,
        /// The last question for a PIN.
        asked: LastQuestion,
    },
    /// The rehearsal failed.
    SignIn {
        /// Why.
        error: SignInError,
        /// The last question for a PIN.
        asked: LastQuestion,
    },
    /// A key could not be managed.
    Key(ManageError),
    /// The passkeys on this computer, or their PIN, could not be managed.
    OnThisComputer(ManageError),
    /// Nothing was imported or exported.
    Transfer(TransferError),
    /// The service that was to be rehearsed lets no one in.
    ServiceBroken {
        /// Its name.
        service: String,
        /// Why: `PATH:LINE: reason`.
        reason: String,
    },
    /// A service was not switched.
    Pam(Box<PamError>),
    /// Sessions are not locked when a key is pulled out.
    Removal(RemovalError),
    /// A passkey does not open the keyring.
    Keyring(Box<KeyringError>),
    /// `setup` is root's.
    SetupOnlyRoot,
    /// A confirmation was needed, and there is no person to give it.
    NobodyToConfirm,
    /// The person gave up, or did not say yes.
    Cancelled,
    /// Signals cannot be watched.
    Signals(io::Error),
    /// The terminal cannot be used.
    Terminal(io::Error),
    /// The result cannot be written to stdout.
    Stdout(io::Error),
    /// `[attestation]` of the configuration cannot be used.
    AttestationConfig(Box<ConfigError>),
    /// The files that say who is trusted to vouch for a key cannot be relied on.
    Trust(TrustError),
    /// A key must be trusted, and no maker is trusted to vouch for one.
    NobodyTrusted,
    /// The authenticator does not prove what it has to.
    AttestationRefused {
        /// What was wanted, and what the key offered.
        refusal: Box<Refusal>,
        /// Which kind was refused.
        authenticator: Authenticator,
        /// Whether the passkey takes up room on it.
        left_behind: bool,
    },
}

impl Error {
    /// The same in the words that fit what was used.
    pub(crate) fn on(self, authenticator: Authenticator) -> Self {
        match (authenticator, self) {
            (Authenticator::ThisComputer, Self::Key(error)) => Self::OnThisComputer(error),
            (Authenticator::ThisComputer, Self::Enrol { error, asked }) => {
                Self::EnrolOnThisComputer { error, asked }
            }
            (Authenticator::ThisComputer | Authenticator::SecurityKey | Authenticator::Guiding, error) => {
                error
            }
        }
    }

    /// How it comes out.
    pub(crate) fn report(&self) -> ErrorReport {
        match self {
            Self::Account(error) => account(error),
            Self::NoConfig(path) => {
                let message = format!("There is no configuration at {}.", path.display());
                ErrorReport::new(Exit::Broken, "config_missing", message)
                    .hint("Correct --config, or leave it out.")
            }
            Self::Config(error) => ErrorReport::new(Exit::Broken, "config_broken", error.to_string())
                .hint("Put it right before anything else: until then every service refuses passkeys."),
            Self::HostName(error) => ErrorReport::new(Exit::Broken, "no_rp_id", error.to_string())
                .hint("Or say whom this one passkey is for with --rp-id."),
            Self::Store(error) => store::report(error),
            Self::OnlyRoot { error, command } => {
                let message = "Only root can change the passkeys that this machine keeps.";
                ErrorReport { message: message.to_owned(), ..store::report(error) }
                    .hint(format!("Run it as root: sudo passkey-enroll {command}"))
            }
            Self::NotEnrolled { user, add } => {
                ErrorReport::new(Exit::NotEnrolled, "not_enrolled", format!("{user} has no passkey."))
                    .hint(format!("Enrol one: {add}"))
            }
            Self::NoneUsable { user, damage: None, add } => {
                let message = format!("All passkeys of {user} are disabled.");
                ErrorReport::new(Exit::NotEnrolled, "all_disabled", message)
                    .hint(format!("Enrol another one: {add}"))
            }
            Self::NoneUsable { user, damage: Some(damage), .. } => {
                let message = format!("No passkey of {user} can be read: {damage}");
                ErrorReport::new(Exit::Broken, "all_damaged", message)
                    .hint("Restore the file from a copy, or remove the damaged entries and enrol again.")
            }
            Self::NoSuchPasskey { user, name, names, list } => no_such_passkey(user, name, names, list),
            Self::NoRecoveryCodes { user, new } => ErrorReport::new(
                Exit::NotEnrolled,
                "no_recovery_codes",
                format!("{user} has no recovery codes."),
            )
            .hint(format!("Make some: {new}")),
            Self::NewCodes(error) => new_codes(*error),
            Self::NameTaken(name) => {
                let message = format!("There is a passkey called “{name}” already.");
                ErrorReport::new(Exit::AlreadyEnrolled, "name_taken", message)
                    .hint("Choose another --name, or leave it out and one is chosen for you.")
            }
            Self::NewNameTaken { name, list } => {
                let message = format!("There is another passkey called “{name}”.");
                ErrorReport::new(Exit::AlreadyEnrolled, "name_taken", message)
                    .hint(format!("Choose another name. See those that are taken: {list}"))
            }
            Self::Changed { list } => {
                let message = "Another program changed the passkeys meanwhile. Nothing was done.";
                ErrorReport::new(Exit::Failed, "changed_meanwhile", message)
                    .hint(format!("Look again: {list}"))
            }
            Self::EnrolledMeanwhile => enrolled_meanwhile(),
            Self::NotStored { credential, error } => not_stored(credential, error),
            Self::Enrol { error, asked } => enrol::report(error, *asked),
            Self::SignIn { error, asked } => sign_in::report(*error, *asked),
            Self::EnrolOnThisComputer { error, asked } => this_computer::enrol(error, *asked),
            Self::Key(error) => key::report(error),
            Self::OnThisComputer(error) => key::report_this_computer(error),
            Self::Transfer(error) => error.report(),
            Self::ServiceBroken { service, reason } => {
                let message = format!("{service} lets nobody in with a passkey: {reason}");
                ErrorReport::new(Exit::Broken, "service_broken", message)
                    .hint("Put the line right. For what else may be wrong: sudo passkey-enroll doctor")
            }
            Self::Pam(error) => error.report(),
            Self::Removal(error) => error.report(),
            Self::Keyring(error) => error.report(),
            Self::SetupOnlyRoot => setup_only_root(),
            Self::NobodyToConfirm => {
                let message = "This needs a confirmation, and there is no terminal to ask at.";
                ErrorReport::new(Exit::Usage, "confirmation_needed", message).hint("Confirm it with --yes.")
            }
            Self::Cancelled => ErrorReport::cancelled(),
            Self::Signals(error) => ErrorReport::new(
                Exit::Failed,
                "signals_failed",
                format!("Ctrl-C cannot be watched for: {error}."),
            ),
            Self::Terminal(error) => ErrorReport::new(
                Exit::Failed,
                "terminal_failed",
                format!("The terminal cannot be used: {error}."),
            )
            .hint("Use --pin-stdin or --yes where there is no terminal."),
            Self::Stdout(error) => ErrorReport::new(
                Exit::Failed,
                "output_failed",
                format!("The result cannot be written: {error}."),
            ),
            Self::AttestationConfig(error) => origin::config(error),
            Self::Trust(error) => origin::trust(error),
            Self::NobodyTrusted => origin::nobody_trusted(),
            Self::AttestationRefused { refusal, authenticator, left_behind } => {
                origin::refused(refusal, *authenticator, *left_behind)
            }
        }
    }
}

fn account(error: &AccountError) -> ErrorReport {
    let (exit, code) = match error {
        AccountError::NotRoot | AccountError::NotRootForAll => (Exit::NotPermitted, "not_permitted"),
        AccountError::UnknownName(_) | AccountError::UnknownUid(_) => (Exit::Failed, "unknown_user"),
        AccountError::Database(_) => (Exit::Failed, "user_database_failed"),
    };
    ErrorReport::new(exit, code, error.to_string()).hint(error.remedy())
}

fn setup_only_root() -> ErrorReport {
    let message = "Only root can set passkeys up on this machine.";
    ErrorReport::new(Exit::NotPermitted, "not_permitted", message)
        .hint("Run it as root: sudo passkey-enroll setup")
}

fn enrolled_meanwhile() -> ErrorReport {
    let message = "Another passkey of the same user was enrolled at the same moment.";
    ErrorReport::new(Exit::Failed, "enrolled_meanwhile", message).hint("Run the command again.")
}

fn not_stored(credential: &Credential, error: &StoreError) -> ErrorReport {
    let below = store::report(error);
    let maker = if credential.is_on_a_service() { "This computer" } else { "The security key" };
    let message = format!(
        "{maker} made the passkey “{}”, but it could not be stored: {}",
        credential.name, below.message
    );
    ErrorReport { message, ..below }
}

fn new_codes(error: NewCodesError) -> ErrorReport {
    match error {
        NewCodesError::Random(_) => sign_in::no_randomness(),
        NewCodesError::NoMemory => {
            ErrorReport::new(Exit::Failed, "no_memory", "There is not enough memory to make recovery codes.")
        }
    }
}

fn no_such_passkey(user: &str, name: &str, names: &[String], list: &str) -> ErrorReport {
    let message = format!("{user} has no passkey called “{name}”.");
    let report = ErrorReport::new(Exit::NotEnrolled, "no_such_passkey", message);
    let names: Vec<String> = names.iter().map(|name| format!("“{name}”")).collect();
    match names.as_slice() {
        [] => report.hint(format!("There is none that can be read: {list}")),
        [only] => report.hint(format!("The only one is {only}.")),
        several => report.hint(format!("There are {}.", several.join(", "))),
    }
}

impl From<AccountError> for Error {
    fn from(error: AccountError) -> Self {
        Self::Account(error)
    }
}

impl From<ManageError> for Error {
    fn from(error: ManageError) -> Self {
        Self::Key(error)
    }
}

impl From<StdoutError> for Error {
    fn from(StdoutError(error): StdoutError) -> Self {
        Self::Stdout(error)
    }
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        Self::Transfer(error)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

impl From<HostNameError> for Error {
    fn from(error: HostNameError) -> Self {
        Self::HostName(error)
    }
}

impl From<TrustError> for Error {
    fn from(error: TrustError) -> Self {
        Self::Trust(error)
    }
}

impl From<PamError> for Error {
    fn from(error: PamError) -> Self {
        Self::Pam(Box::new(error))
    }
}

impl From<RemovalError> for Error {
    fn from(error: RemovalError) -> Self {
        Self::Removal(error)
    }
}

impl From<KeyringError> for Error {
    fn from(error: KeyringError) -> Self {
        Self::Keyring(Box::new(error))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
