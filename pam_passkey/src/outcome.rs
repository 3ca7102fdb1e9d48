//! Every way in which a sign-in can end, and its consequences: the PAM code, the sentence for the person, and the
//! line for the log. One exhaustive table: a new way to fail does not compile until it has a row.

use std::borrow::Cow;
use std::io;

use pam::constants::PamResultCode;
use passkey_core::ceremony::{Impossible, KeyError, SignInError, TokenError};
use passkey_core::config::{ArgumentError, ConfigError, HostNameError};
use passkey_core::messages::{self as say, Message, Phrase};
use passkey_core::session::{LoginPassword, SignedIn};
use passkey_core::store::StoreError;
use passkey_core::store::recovery::{RedeemError, Redeemed};
use passkey_core::verify::VerifyError;

use crate::ffi::Severity;
use crate::ffi::guard::Panic;
use crate::remote::RemoteSign;

/// How a sign-in ended.
///
/// Success cannot be made up: it takes a [`SignedIn`], which only `passkey_core`'s session makes by putting a verified signature on
/// record, or a [`Redeemed`], which only its recovery makes.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// One of the person's passkeys signed, and that is on record.
    Verified(Box<SignedIn>),
    /// One of the person's recovery codes was right, and is used up.
    Recovered(Box<Redeemed>),
    /// A recovery code was not accepted.
    NotRecovered(Box<RedeemError>),
    /// The user has no passkey.
    NotEnrolled,
    /// The user has no passkey, and policy lets such users pass by.
    NotEnrolledIgnored,
    /// The user has passkeys, all of them disabled.
    AllDisabled,
    /// The user has passkeys, all of their entries damaged.
    AllDamaged {
        /// The credential file.
        path: String,
        /// What is wrong with the first.
        reason: String,
    },
    /// The person is at another machine.
    Remote(RemoteSign),
    /// The application has no way to talk to the person.
    NoConversation,
    /// The user who signs in is not known.
    NoUser,
    /// No such user.
    UnknownUser,
    /// The user database could not be asked.
    UserDatabase(io::Error),
    /// An argument in the service file was not understood.
    Arguments(ArgumentError),
    /// The configuration cannot be used.
    Config(Box<ConfigError>),
    /// The user's passkeys cannot be read.
    Store(Box<StoreError>),
    /// The key should say who signs in, and there is no RP ID to ask it for.
    NoRpId(HostNameError),
    /// Libpam does not take the name of who has signed in.
    UserNotSet,
    /// The process has no file descriptor left to watch for Ctrl-C.
    NoInterrupt(io::Error),
    /// There is not enough memory for a sign-in.
    NoMemory,
    /// The person gave the account's password, to a host that takes either.
    PasswordGiven,
    /// The ceremony came to nothing.
    Failed(SignInError),
    /// A defect of ours.
    Panicked(Panic),
}

/// What the person is told at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sentence {
    /// Nothing: they know, or it is none of their business.
    None,
    /// Good to know; `quiet` silences it.
    Info(Phrase),
    /// They have to do something about it; said in any case.
    Error(Phrase),
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What the application is told.
    pub(crate) code: PamResultCode,
    /// What the person is told.
    pub(crate) sentence: Sentence,
    /// How loud the log is.
    pub(crate) severity: Severity,
    /// What the log says.
    pub(crate) reason: Cow<'static, str>,
}

impl Row {
    fn new(
        code: PamResultCode,
        sentence: Sentence,
        severity: Severity,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { code, sentence, severity, reason: reason.into() }
    }

    /// That of [`Outcome::Verified`]: the line of a sign-in may be written before its record.
    pub(crate) fn verified() -> Self {
        Self::new(PamResultCode::PAM_SUCCESS, Sentence::None, Severity::Notice, "verified")
    }
}

impl Outcome {
    /// The row of the table.
    #[allow(clippy::too_many_lines, reason = "it is one table")]
    pub(crate) fn row(&self) -> Row {
        use PamResultCode as Code;
        use Sentence::{Error, Info, None};
        use Severity::{Error as Alarm, Notice, Warning};
        use SignInError as E;

        // What the command line says of the same mishap.
        let info = |error| say::sign_in_error(error).map_or(None, Info);
        let alert = |error| say::sign_in_error(error).map_or(None, Error);
        // The stack should go on to its next module: the person has not failed to prove who they are, and nothing is held
        // against them (faillock).
        let pass_on = |sentence, severity, reason: &'static str| {
            Row::new(Code::PAM_AUTHINFO_UNAVAIL, sentence, severity, reason)
        };
        let refuse = |sentence, severity, reason: Cow<'static, str>| {
            Row::new(Code::PAM_AUTH_ERR, sentence, severity, reason)
        };
        let locked =
            |error, reason: Cow<'static, str>| Row::new(Code::PAM_MAXTRIES, alert(error), Warning, reason);
        let broken = |sentence: Message, reason: String| {
            Row::new(Code::PAM_SERVICE_ERR, Error(sentence.into()), Alarm, reason)
        };
        let system =
            |reason: String| Row::new(Code::PAM_SYSTEM_ERR, Error(say::BROKEN.into()), Alarm, reason);

        match self {
            Self::Verified(signed_in) => match signed_in.login_password() {
                LoginPassword::Shut(shut) => {
                    Row { sentence: Info(say::keyring_shut(*shut)), ..Row::verified() }
                }
                LoginPassword::None | LoginPassword::Unwrapped(_) => Row::verified(),
            },

            Self::Recovered(redeemed) => Row::new(
                Code::PAM_SUCCESS,
                say::recovery_codes_left(redeemed.left()).map_or(None, Info),
                Warning,
                format!("recovery code used, {} left", redeemed.left()),
            ),
            Self::NotRecovered(error) => {
                let (code, severity) = match (&**error, error.locked_for()) {
                    (_, Some(_)) => (Code::PAM_MAXTRIES, Warning),
                    (
                        RedeemError::Wrong { .. } | RedeemError::Used { .. } | RedeemError::Locked { .. },
                        Option::None,
                    ) => (Code::PAM_AUTH_ERR, Warning),
                    (RedeemError::NoCodes, Option::None) => (Code::PAM_AUTHINFO_UNAVAIL, Notice),
                    (RedeemError::NoMemory, Option::None) => (Code::PAM_SYSTEM_ERR, Alarm),
                    (RedeemError::Store(_), Option::None) => (Code::PAM_SERVICE_ERR, Alarm),
                };
                Row::new(code, Error(say::redeem_error(error)), severity, error.to_string())
            }

            Self::NotEnrolled => pass_on(Error(say::NOT_ENROLLED.into()), Notice, "the user has no passkey"),
            Self::NotEnrolledIgnored => Row::new(
                Code::PAM_IGNORE,
                None,
                Notice,
                "the user has no passkey, and unenrolled=ignore lets them pass by",
            ),
            Self::AllDisabled => {
                pass_on(Error(say::ALL_DISABLED.into()), Notice, "all passkeys of the user are disabled")
            }
            Self::AllDamaged { path, reason } => {
                broken(say::STORE_BROKEN, format!("{path}: no entry can be used: {reason}"))
            }
            Self::Remote(sign) => Row::new(
                Code::PAM_AUTHINFO_UNAVAIL,
                None,
                Notice,
                format!("the person is at another machine: {sign}; remote=allow lets them try all the same"),
            ),
            Self::NoConversation => pass_on(None, Notice, "the application has nobody to talk to"),
            Self::NoUser => Row::new(Code::PAM_USER_UNKNOWN, None, Notice, "nobody said who is signing in"),
            // The same words as for a user without a passkey: a login prompt is no directory.
            Self::UnknownUser => {
                Row::new(Code::PAM_USER_UNKNOWN, Error(say::NOT_ENROLLED.into()), Notice, "no such user")
            }
            Self::UserDatabase(error) => system(format!("the user database cannot be read: {error}")),
            Self::Arguments(error) => broken(say::BROKEN, error.to_string()),
            Self::Config(error) => broken(say::BROKEN, error.to_string()),
            Self::Store(error) => match **error {
                StoreError::NoMemory { .. } => {
                    Row::new(Code::PAM_BUF_ERR, Error(say::BROKEN.into()), Alarm, error.to_string())
                }
                _ => broken(say::STORE_BROKEN, error.to_string()),
            },
            Self::NoRpId(error) => broken(say::BROKEN, error.to_string()),
            Self::UserNotSet => system("libpam does not take the user's name".to_owned()),
            Self::NoInterrupt(error) => system(format!("Ctrl-C cannot be watched for: {error}")),
            // Not a word to the person, which would take memory as well.
            Self::NoMemory => Row::new(Code::PAM_BUF_ERR, None, Alarm, "not enough memory for a sign-in"),
            Self::Panicked(panic) => {
                system(format!("defect in the module, please report it: panic at {}", panic.place()))
            }

            // Not PAM_IGNORE: a stack in which no other module checks anything would let anyone in who types anything.
            Self::PasswordGiven => Row::new(
                Code::PAM_CRED_UNAVAIL,
                None,
                Notice,
                "the password was typed in place of the passkey, and is handed on",
            ),

            Self::Failed(e @ E::NoKey) => pass_on(info(e), Notice, "no security key was plugged in"),
            Self::Failed(e @ E::ForeignKeys) => {
                pass_on(info(e), Notice, "no plugged-in security key holds a passkey of the user")
            }
            Self::Failed(e @ E::KeyBusy) => {
                pass_on(info(e), Notice, "another program was using the security key all the time")
            }
            Self::Failed(e @ E::NothingDiscoverable) => {
                pass_on(info(e), Notice, "no plugged-in security key holds a discoverable passkey")
            }
            Self::Failed(e @ E::UnknownAccount) => {
                pass_on(info(e), Notice, "the passkeys on the security key belong to no user of this machine")
            }
            Self::Failed(E::NoAccountChosen) => pass_on(None, Notice, "no account was chosen"),
            Self::Failed(e @ E::KeyUnusable(KeyError::Unplugged)) => {
                pass_on(info(e), Notice, "the security key was unplugged")
            }
            Self::Failed(e @ E::KeyUnusable(KeyError::CannotOpen)) => pass_on(
                alert(e),
                Warning,
                "the security key cannot be opened: check the permissions of /dev/hidraw*",
            ),
            Self::Failed(e @ E::KeyUnusable(KeyError::Hidden)) => pass_on(
                alert(e),
                Warning,
                "the sandbox of this service hides the security key: let it see /dev/hidraw* (DeviceAllow=char-hidraw)",
            ),
            Self::Failed(e @ E::KeyUnusable(KeyError::NoDescriptors)) => pass_on(
                alert(e),
                Warning,
                "this process, or the machine, has no file descriptor left to open the security key",
            ),
            Self::Failed(e @ E::KeyUnusable(KeyError::NoProtocol)) => {
                pass_on(alert(e), Warning, "the security key speaks neither CTAP2 nor U2F")
            }
            Self::Failed(e @ E::KeyUnusable(KeyError::Stuck)) => {
                pass_on(alert(e), Warning, "the security key answers that it cannot, whatever it is asked")
            }
            Self::Failed(e @ E::TooManyPasskeys) => {
                pass_on(alert(e), Warning, "the security key could not be asked for all passkeys in time")
            }
            Self::Failed(e @ E::KeyUnusable(KeyError::Silent)) => {
                pass_on(alert(e), Warning, "the security key stopped answering")
            }
            Self::Failed(e @ E::KeyUnusable(KeyError::Busy)) => {
                pass_on(info(e), Notice, "another program kept the security key to itself")
            }
            Self::Failed(e @ E::KeyUnusable(KeyError::Garbled(error))) => Row::new(
                Code::PAM_AUTHINFO_UNAVAIL,
                alert(e),
                Warning,
                format!("the security key does not keep to CTAPHID: {error}"),
            ),
            Self::Failed(e @ E::KeyUnusable(KeyError::Refused(error))) => Row::new(
                Code::PAM_AUTHINFO_UNAVAIL,
                alert(e),
                Warning,
                format!("the security key refuses to talk: {error}"),
            ),
            Self::Failed(e @ E::NoTouch) => {
                refuse(info(e), Notice, "the security key was not touched in time".into())
            }
            Self::Failed(e @ E::Declined) => {
                refuse(info(e), Notice, "the person declined on the security key".into())
            }
            Self::Failed(E::Interrupted | E::Pin(TokenError::Interrupted)) => {
                pass_on(None, Notice, "called off, by Ctrl-C or by ending the application")
            }
            Self::Failed(e @ E::CannotVerifyUser(Impossible::NotSupported | Impossible::U2fOnly)) => {
                pass_on(alert(e), Notice, "the security key cannot verify its user, as is required")
            }
            Self::Failed(e @ (E::CannotVerifyUser(Impossible::NotSetUp) | E::Pin(TokenError::PinNotSet))) => {
                pass_on(alert(e), Notice, "the security key has no PIN, and user verification is required")
            }
            Self::Failed(
                e @ (E::CannotVerifyUser(Impossible::PinMustChange) | E::Pin(TokenError::PinMustChange)),
            ) => pass_on(alert(e), Notice, "the security key wants its PIN changed first"),
            Self::Failed(e @ E::Pin(TokenError::AttemptsUsedUp { retries_left: Some(left) })) => {
                locked(e, format!("too many wrong PINs; tries left: {left}").into())
            }
            Self::Failed(e @ E::Pin(TokenError::AttemptsUsedUp { retries_left: Option::None })) => {
                locked(e, "too many wrong PINs".into())
            }
            Self::Failed(e @ E::Pin(TokenError::PinLocked)) => {
                locked(e, "the PIN is locked until the security key is plugged in again".into())
            }
            Self::Failed(e @ E::Pin(TokenError::PinBlocked)) => {
                locked(e, "the PIN of the security key is locked for good".into())
            }
            Self::Failed(e @ E::Pin(TokenError::ThisComputerLocked)) => {
                locked(e, "this computer takes no PIN for a while, after too many wrong ones".into())
            }
            Self::Failed(e @ E::NotOnThisComputer) => {
                pass_on(alert(e), Notice, "the TPM of this computer does not hold the passkey any more")
            }
            Self::Failed(e @ E::ThisComputerUnusable(error)) => {
                let reason = match error {
                    KeyError::Unplugged => "it is no longer there",
                    KeyError::CannotOpen | KeyError::Hidden => "its socket does not let this process in",
                    KeyError::NoDescriptors => "no file descriptor is left",
                    KeyError::NoProtocol => "its reply is malformed",
                    KeyError::Silent => "it does not answer",
                    KeyError::Stuck => "it answers that it cannot",
                    KeyError::Busy => "it is busy",
                    KeyError::Garbled(_) | KeyError::Refused(_) => "it does not keep to CTAPHID",
                    KeyError::NoRandomness => "the kernel gives no randomness",
                };
                let reason = format!("the service for the passkey of this computer cannot be used: {reason}");
                Row::new(Code::PAM_AUTHINFO_UNAVAIL, alert(e), Warning, reason)
            }
            Self::Failed(e @ E::ThisComputerRefused(status)) => {
                refuse(alert(e), Warning, format!("this computer refused with {status}").into())
            }
            Self::Failed(e @ E::Pin(TokenError::SensorLocked)) => {
                locked(e, "the fingerprint reader is locked and the security key has no PIN".into())
            }
            Self::Failed(E::Pin(TokenError::Empty)) => pass_on(None, Notice, "no PIN was typed"),
            Self::Failed(E::Pin(TokenError::RecoveryCode)) => {
                pass_on(None, Notice, "a recovery code was typed, and none is taken")
            }
            Self::Failed(E::Pin(TokenError::Unavailable)) => {
                pass_on(None, Notice, "a PIN is needed and the application has nobody to ask for it")
            }
            Self::Failed(e @ E::Pin(TokenError::NeverAPin)) => pass_on(
                info(e),
                Notice,
                "what was typed cannot be the PIN or was the password, and was not sent to the security key",
            ),
            Self::Failed(
                E::NoRandomness | E::KeyUnusable(KeyError::NoRandomness) | E::Pin(TokenError::NoRandomness),
            ) => system("the kernel gives no randomness".to_owned()),
            Self::Failed(e @ (E::Refused(status) | E::Pin(TokenError::Refused(status)))) => {
                refuse(alert(e), Warning, format!("the security key refused with {status}").into())
            }
            Self::Failed(e @ E::RefusedU2f(status)) => {
                refuse(alert(e), Warning, format!("the security key refused with {status}").into())
            }
            Self::Failed(e @ (E::Malformed | E::Pin(TokenError::Malformed))) => {
                refuse(alert(e), Warning, "the reply of the security key is malformed".into())
            }
            Self::Failed(E::Rejected(error @ VerifyError::UnusablePublicKey)) => {
                broken(say::STORE_BROKEN, error.to_string())
            }
            Self::Failed(
                e @ E::Rejected(
                    error @ (VerifyError::CredentialNotAskedFor
                    | VerifyError::CredentialIdMissing
                    | VerifyError::WrongRpId
                    | VerifyError::ContradictoryBackupFlags
                    | VerifyError::MalformedSignature
                    | VerifyError::BadSignature
                    | VerifyError::UserNotPresent
                    | VerifyError::UserNotVerified
                    | VerifyError::CounterNotGreater(_)),
                ),
            ) => refuse(alert(e), Warning, error.to_string().into()),
        }
    }

    /// What the application is told.
    pub(crate) fn code(&self) -> PamResultCode {
        self.row().code
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
