//! What can go wrong, each with what to do about it.

mod attestation;
mod care;
mod enrol;
pub(crate) mod not_found;
mod pam;
mod sign_in;
mod store;
mod transfer;

use std::io;
use std::path::PathBuf;

use ::attestation::Refusal;
use passkey_core::ceremony::{EnrolError, KeyFailure, ResetError, SignInError, TokenError};
use passkey_core::config::{ConfigError, HostNameError};
use passkey_core::credential::Credential;
use passkey_core::store::StoreError;
use passkey_core::store::recovery::NewCodesError;

use crate::account::AccountError;
use crate::care::CareError;
use crate::exit::Exit;
use crate::terminal_prompter::LastQuestion;
use crate::trust::TrustError;

pub(crate) use pam::PamError;
pub(crate) use transfer::TransferError;

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
        /// The command that was given.
        command: &'static str,
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
    NewNameTaken(String),
    /// What the name stands for changed while the person was asked.
    Changed,
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
    /// The rehearsal failed.
    SignIn {
        /// Why.
        error: SignInError,
        /// The last question for a PIN.
        asked: LastQuestion,
    },
    /// No key was picked to be cared for.
    Pick(KeyFailure),
    /// The PIN of the key that is cared for came to nothing.
    KeyPin {
        /// Why.
        error: TokenError,
        /// The last question for it.
        asked: LastQuestion,
    },
    /// The key could not be cared for.
    Care(CareError),
    /// The key was not reset.
    Reset(ResetError),
    /// Nothing was imported or exported.
    Transfer(TransferError),
    /// The service that was to be rehearsed lets nobody in.
    ServiceBroken {
        /// Its name.
        service: String,
        /// Why: `PATH:LINE: reason`.
        reason: String,
    },
    /// A service was not switched.
    Pam(PamError),
    /// A yes was needed, and there is nobody to give it.
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
    /// A key has to be trusted, and nobody is who could vouch for one.
    NobodyTrusted,
    /// The key does not prove what it has to.
    AttestationRefused {
        /// What was wanted, and what the key offered.
        refusal: Box<Refusal>,
        /// Whether the passkey takes up room on the key.
        left_on_key: bool,
    },
}

/// An error as it comes out: for scripts, and for a person. Text of foreign origin in it is not escaped yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// The exit code.
    pub(crate) exit: Exit,
    /// A word for scripts, finer than the exit code.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Report {
    fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self { exit, code, message: message.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn cancelled() -> Self {
        Self::new(Exit::Cancelled, "cancelled", "Cancelled.")
    }
}

impl Error {
    /// How it comes out.
    pub(crate) fn report(&self) -> Report {
        match self {
            Self::Account(error) => account(error),
            Self::NoConfig(path) => {
                let message = format!("There is no configuration at {}.", path.display());
                Report::new(Exit::Broken, "config_missing", message)
                    .hint("Correct --config, or leave it out.")
            }
            Self::Config(error) => Report::new(Exit::Broken, "config_broken", error.to_string())
                .hint("Put it right before anything else: until then every service refuses passkeys."),
            Self::HostName(error) => Report::new(Exit::Broken, "no_rp_id", error.to_string())
                .hint("Or say whom this one passkey is for with --rp-id."),
            Self::Store(error) => store::report(error),
            Self::OnlyRoot { error, command } => {
                let message = "Only root can change the passkeys that this machine keeps.";
                Report { message: message.to_owned(), ..store::report(error) }
                    .hint(format!("Run it as root: sudo passkey-enroll {command}"))
            }
            Self::NotEnrolled { user, add } => {
                Report::new(Exit::NotEnrolled, "not_enrolled", format!("{user} has no passkey."))
                    .hint(format!("Enrol one: {add}"))
            }
            Self::NoneUsable { user, damage: None, add } => {
                let message = format!("All passkeys of {user} are disabled.");
                Report::new(Exit::NotEnrolled, "all_disabled", message)
                    .hint(format!("Enrol another one: {add}"))
            }
            Self::NoneUsable { user, damage: Some(damage), .. } => {
                let message = format!("No passkey of {user} can be read: {damage}");
                Report::new(Exit::Broken, "all_damaged", message)
                    .hint("Restore the file from a copy, or remove the damaged entries and enrol again.")
            }
            Self::NoSuchPasskey { user, name, names } => no_such_passkey(user, name, names),
            Self::NoRecoveryCodes { user, new } => {
                Report::new(Exit::NotEnrolled, "no_recovery_codes", format!("{user} has no recovery codes."))
                    .hint(format!("Make some: {new}"))
            }
            Self::NewCodes(NewCodesError::Random(_)) => sign_in::no_randomness(),
            Self::NewCodes(NewCodesError::NoMemory) => {
                Report::new(Exit::Failed, "no_memory", "There is not enough memory to make recovery codes.")
            }
            Self::NameTaken(name) => {
                let message = format!("There is a passkey called “{name}” already.");
                Report::new(Exit::AlreadyEnrolled, "name_taken", message)
                    .hint("Choose another --name, or leave it out and one is chosen for you.")
            }
            Self::NewNameTaken(name) => {
                let message = format!("There is another passkey called “{name}”.");
                Report::new(Exit::AlreadyEnrolled, "name_taken", message)
                    .hint("Choose another name; passkey-enroll list shows those that are taken.")
            }
            Self::Changed => {
                let message = "Another program changed the passkeys meanwhile. Nothing was done.";
                Report::new(Exit::Failed, "changed_meanwhile", message)
                    .hint("Look again: passkey-enroll list")
            }
            Self::EnrolledMeanwhile => {
                let message = "Another passkey of the same user was enrolled at the same moment.";
                Report::new(Exit::Failed, "enrolled_meanwhile", message).hint("Run the command again.")
            }
            Self::NotStored { credential, error } => {
                let below = store::report(error);
                let message = format!(
                    "The security key made the passkey “{}”, but it could not be stored: {}",
                    credential.name, below.message
                );
                Report { message, ..below }
            }
            Self::Enrol { error, asked } => enrol::report(error, *asked),
            Self::SignIn { error, asked } => sign_in::report(*error, *asked),
            Self::Pick(error) => care::pick(*error),
            Self::KeyPin { error, asked } => sign_in::pin(*error, *asked),
            Self::Care(error) => care::report(error),
            Self::Reset(error) => care::reset(*error),
            Self::Transfer(error) => error.report(),
            Self::ServiceBroken { service, reason } => {
                let message = format!("{service} lets nobody in with a passkey: {reason}");
                Report::new(Exit::Broken, "service_broken", message)
                    .hint("Put the line right. For what else may be wrong: sudo passkey-enroll doctor")
            }
            Self::Pam(error) => error.report(),
            Self::NobodyToConfirm => {
                let message = "This needs a confirmation, and there is no terminal to ask at.";
                Report::new(Exit::Usage, "confirmation_needed", message).hint("Confirm it with --yes.")
            }
            Self::Cancelled => Report::cancelled(),
            Self::Signals(error) => {
                Report::new(Exit::Failed, "signals_failed", format!("Ctrl-C cannot be watched for: {error}."))
            }
            Self::Terminal(error) => {
                Report::new(Exit::Failed, "terminal_failed", format!("The terminal cannot be used: {error}."))
                    .hint("Use --pin-stdin or --yes where there is no terminal.")
            }
            Self::Stdout(error) => {
                Report::new(Exit::Failed, "output_failed", format!("The result cannot be written: {error}."))
            }
            Self::AttestationConfig(error) => attestation::config(error),
            Self::Trust(error) => attestation::trust(error),
            Self::NobodyTrusted => attestation::nobody_trusted(),
            Self::AttestationRefused { refusal, left_on_key } => attestation::refused(refusal, *left_on_key),
        }
    }
}

fn account(error: &AccountError) -> Report {
    let (exit, code) = match error {
        AccountError::NotRoot => (Exit::NotPermitted, "not_permitted"),
        AccountError::UnknownName(_) | AccountError::UnknownUid(_) => (Exit::Failed, "unknown_user"),
        AccountError::Database(_) => (Exit::Failed, "user_database_failed"),
    };
    Report::new(exit, code, error.to_string()).hint(error.remedy())
}

fn no_such_passkey(user: &str, name: &str, names: &[String]) -> Report {
    let message = format!("{user} has no passkey called “{name}”.");
    let report = Report::new(Exit::NotEnrolled, "no_such_passkey", message);
    let names: Vec<String> = names.iter().map(|name| format!("“{name}”")).collect();
    match names.as_slice() {
        [] => report.hint("There is none that can be read: passkey-enroll list"),
        [only] => report.hint(format!("The only one is {only}.")),
        several => report.hint(format!("There are {}.", several.join(", "))),
    }
}

impl From<AccountError> for Error {
    fn from(error: AccountError) -> Self {
        Self::Account(error)
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
        Self::Pam(error)
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
