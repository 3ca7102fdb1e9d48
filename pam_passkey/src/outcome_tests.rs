use ctap::Status;
use ctap::hid::{FramingError, HidError};
use pam::constants::PamResultCode as Code;
use passkey_core::messages::English;
use passkey_core::verify::CounterWarning;

use super::*;
use crate::redeemed::redeemed;
use crate::verified::signed_in;

/// What the person hears, without the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Nothing,
    Info,
    Error,
}
use Tone::{Error, Info, Nothing};

fn failed(error: SignInError) -> Outcome {
    Outcome::Failed(error)
}

fn pin(error: TokenError) -> Outcome {
    failed(SignInError::Pin(error))
}

fn lost(loss: KeyError) -> Outcome {
    failed(SignInError::KeyUnusable(loss))
}

fn rejected(error: VerifyError) -> Outcome {
    failed(SignInError::Rejected(error))
}

fn not_recovered(error: RedeemError) -> Outcome {
    Outcome::NotRecovered(Box::new(error))
}

fn config_error() -> Outcome {
    let error = passkey_core::config::Config::parse(
        std::path::Path::new("passkey.toml"),
        "\n[defaults]\ntimeot = 5\n",
    );
    Outcome::Config(Box::new(error.unwrap_err()))
}

fn store_error() -> StoreError {
    StoreError::Locked { path: "/etc/passkey/credentials/alice.toml".into() }
}

/// Every way a sign-in can end, with the code that design.md gives it, how the person hears of it, and a part of what the
/// log says.
fn table() -> Vec<(Outcome, Code, Tone, &'static str)> {
    use Code::*;
    use Impossible as I;
    use SignInError as E;
    use TokenError as T;
    use VerifyError as V;
    let counter = CounterWarning { stored: 9, received: 5 };
    let mut table = vec![
        (Outcome::Verified(Box::new(signed_in())), PAM_SUCCESS, Nothing, "verified"),
        (Outcome::NotEnrolled, PAM_AUTHINFO_UNAVAIL, Error, "has no passkey"),
        (Outcome::NotEnrolledIgnored, PAM_IGNORE, Nothing, "unenrolled=ignore"),
        (Outcome::AllDisabled, PAM_AUTHINFO_UNAVAIL, Error, "disabled"),
        (
            Outcome::AllDamaged { path: "/x.toml".into(), reason: "line 3: no id".into() },
            PAM_SERVICE_ERR,
            Error,
            "/x.toml: no entry can be used: line 3",
        ),
        (
            Outcome::Remote(RemoteSign::SshTty),
            PAM_AUTHINFO_UNAVAIL,
            Nothing,
            "PAM_TTY is \"ssh\"; remote=allow",
        ),
        (Outcome::NoConversation, PAM_AUTHINFO_UNAVAIL, Nothing, "nobody to talk to"),
        (Outcome::NoUser, PAM_USER_UNKNOWN, Nothing, "nobody said"),
        (Outcome::UnknownUser, PAM_USER_UNKNOWN, Error, "no such user"),
        (Outcome::UserDatabase(io::Error::from_raw_os_error(5)), PAM_SYSTEM_ERR, Error, "user database"),
        (
            Outcome::Arguments(passkey_core::config::Arguments::parse([&b"cue"[..]]).unwrap_err()),
            PAM_SERVICE_ERR,
            Error,
            "argument \"cue\": unknown",
        ),
        (config_error(), PAM_SERVICE_ERR, Error, "passkey.toml:3: [defaults] unknown key `timeot`"),
        (Outcome::Store(Box::new(store_error())), PAM_SERVICE_ERR, Error, "alice.toml: locked"),
        (Outcome::NoInterrupt(io::Error::from_raw_os_error(24)), PAM_SYSTEM_ERR, Error, "Ctrl-C"),
        (Outcome::Panicked(Panic::at("auth.rs:1:2")), PAM_SYSTEM_ERR, Error, "panic at auth.rs:1:2"),
        (Outcome::PasswordGiven, PAM_CRED_UNAVAIL, Nothing, "handed on"),
        (failed(E::NoKey), PAM_AUTHINFO_UNAVAIL, Info, "no security key was plugged in"),
        (Outcome::NoRpId(HostNameError::Localhost), PAM_SERVICE_ERR, Error, "host name is localhost"),
        (Outcome::UserNotSet, PAM_SYSTEM_ERR, Error, "user's name"),
        (failed(E::NothingDiscoverable), PAM_AUTHINFO_UNAVAIL, Info, "discoverable passkey"),
        (failed(E::UnknownAccount), PAM_AUTHINFO_UNAVAIL, Info, "belong to no user"),
        (failed(E::NoAccountChosen), PAM_AUTHINFO_UNAVAIL, Nothing, "no account was chosen"),
        (
            failed(E::RefusedU2f(ctap::u2f::StatusWord::WRONG_LENGTH)),
            PAM_AUTH_ERR,
            Error,
            "refused with SW_WRONG_LENGTH",
        ),
        (failed(E::KeyBusy), PAM_AUTHINFO_UNAVAIL, Info, "another program"),
        (failed(E::ForeignKeys), PAM_AUTHINFO_UNAVAIL, Info, "no plugged-in security key holds"),
        (lost(KeyError::Unplugged), PAM_AUTHINFO_UNAVAIL, Info, "unplugged"),
        (lost(KeyError::CannotOpen), PAM_AUTHINFO_UNAVAIL, Error, "permissions of /dev/hidraw"),
        (lost(KeyError::Hidden), PAM_AUTHINFO_UNAVAIL, Error, "the sandbox of this service"),
        (lost(KeyError::Silent), PAM_AUTHINFO_UNAVAIL, Error, "stopped answering"),
        (lost(KeyError::Busy), PAM_AUTHINFO_UNAVAIL, Info, "another program"),
        (lost(KeyError::Garbled(FramingError::ReportLength(3))), PAM_AUTHINFO_UNAVAIL, Error, "CTAPHID"),
        (lost(KeyError::Refused(HidError::CHANNEL_BUSY)), PAM_AUTHINFO_UNAVAIL, Error, "refuses to talk"),
        (lost(KeyError::NoRandomness), PAM_SYSTEM_ERR, Error, "randomness"),
        (failed(E::NoTouch), PAM_AUTH_ERR, Info, "not touched in time"),
        (failed(E::Declined), PAM_AUTH_ERR, Info, "declined"),
        (failed(E::Interrupted), PAM_AUTHINFO_UNAVAIL, Nothing, "Ctrl-C"),
        (failed(E::CannotVerifyUser(I::NotSupported)), PAM_AUTHINFO_UNAVAIL, Error, "cannot verify its user"),
        (failed(E::CannotVerifyUser(I::U2fOnly)), PAM_AUTHINFO_UNAVAIL, Error, "cannot verify its user"),
        (failed(E::CannotVerifyUser(I::NotSetUp)), PAM_AUTHINFO_UNAVAIL, Error, "has no PIN"),
        (failed(E::CannotVerifyUser(I::PinMustChange)), PAM_AUTHINFO_UNAVAIL, Error, "PIN changed"),
        (pin(T::AttemptsUsedUp { retries_left: Some(5) }), PAM_MAXTRIES, Error, "tries left: 5"),
        (pin(T::AttemptsUsedUp { retries_left: None }), PAM_MAXTRIES, Error, "too many wrong PINs"),
        (pin(T::PinLocked), PAM_MAXTRIES, Error, "plugged in again"),
        (pin(T::PinBlocked), PAM_MAXTRIES, Error, "for good"),
        (pin(T::SensorLocked), PAM_MAXTRIES, Error, "fingerprint"),
        (pin(T::PinMustChange), PAM_AUTHINFO_UNAVAIL, Error, "PIN changed"),
        (pin(T::PinNotSet), PAM_AUTHINFO_UNAVAIL, Error, "has no PIN"),
        (pin(T::Empty), PAM_AUTHINFO_UNAVAIL, Nothing, "no PIN was typed"),
        (pin(T::Unavailable), PAM_AUTHINFO_UNAVAIL, Nothing, "nobody to ask"),
        (pin(T::Interrupted), PAM_AUTHINFO_UNAVAIL, Nothing, "Ctrl-C"),
        (pin(T::NeverAPin), PAM_AUTHINFO_UNAVAIL, Info, "was not sent"),
        (pin(T::RecoveryCode), PAM_AUTHINFO_UNAVAIL, Nothing, "none is taken"),
        (pin(T::NoRandomness), PAM_SYSTEM_ERR, Error, "randomness"),
        (pin(T::Refused(Status(0x7F))), PAM_AUTH_ERR, Error, "refused with"),
        (pin(T::Malformed), PAM_AUTH_ERR, Error, "malformed"),
        (failed(E::Refused(Status(0x7F))), PAM_AUTH_ERR, Error, "refused with"),
        (failed(E::Malformed), PAM_AUTH_ERR, Error, "malformed"),
        (failed(E::NoRandomness), PAM_SYSTEM_ERR, Error, "randomness"),
        (rejected(V::CredentialNotAskedFor), PAM_AUTH_ERR, Error, "not asked for"),
        (rejected(V::CredentialIdMissing), PAM_AUTH_ERR, Error, "which passkey"),
        (rejected(V::WrongRpId), PAM_AUTH_ERR, Error, "RP ID"),
        (rejected(V::ContradictoryBackupFlags), PAM_AUTH_ERR, Error, "backup"),
        (rejected(V::MalformedSignature), PAM_AUTH_ERR, Error, "malformed"),
        (rejected(V::BadSignature), PAM_AUTH_ERR, Error, "does not verify"),
        (rejected(V::UserNotPresent), PAM_AUTH_ERR, Error, "touch"),
        (rejected(V::UserNotVerified), PAM_AUTH_ERR, Error, "did not verify its user"),
        (rejected(V::CounterNotGreater(counter)), PAM_AUTH_ERR, Error, "stored 9, received 5"),
        (rejected(V::UnusablePublicKey), PAM_SERVICE_ERR, Error, "public key"),
    ];
    table.extend(no_memory());
    table.extend(recovery());
    table
}

/// The rows of a machine that has no memory left.
fn no_memory() -> Vec<(Outcome, Code, Tone, &'static str)> {
    use Code::*;
    vec![
        (
            Outcome::Store(Box::new(StoreError::NoMemory { path: "/x/alice.toml".into() })),
            PAM_BUF_ERR,
            Error,
            "alice.toml: not enough memory",
        ),
        (Outcome::NoMemory, PAM_BUF_ERR, Nothing, "not enough memory for a sign-in"),
    ]
}

/// The rows of recovery codes.
fn recovery() -> Vec<(Outcome, Code, Tone, &'static str)> {
    use Code::*;
    let wait = std::time::Duration::from_secs(60);
    vec![
        (Outcome::Recovered(Box::new(redeemed(9))), PAM_SUCCESS, Nothing, "recovery code used, 9 left"),
        (not_recovered(RedeemError::Wrong { locked_for: None }), PAM_AUTH_ERR, Error, "code is wrong"),
        (
            not_recovered(RedeemError::Wrong { locked_for: Some(wait) }),
            PAM_MAXTRIES,
            Error,
            "none is for 60 s",
        ),
        (not_recovered(RedeemError::Used { locked_for: None }), PAM_AUTH_ERR, Error, "used before"),
        (
            not_recovered(RedeemError::Used { locked_for: Some(wait) }),
            PAM_MAXTRIES,
            Error,
            "used before; none",
        ),
        (not_recovered(RedeemError::Locked { wait }), PAM_MAXTRIES, Error, "not looked at; none is for 60 s"),
        (not_recovered(RedeemError::NoCodes), PAM_AUTHINFO_UNAVAIL, Error, "no recovery codes"),
        (not_recovered(RedeemError::NoMemory), PAM_SYSTEM_ERR, Error, "no memory"),
        (not_recovered(RedeemError::Store(store_error())), PAM_SERVICE_ERR, Error, "alice.toml: locked"),
    ]
}

#[test]
fn every_outcome_has_the_row_of_the_design() {
    for (outcome, code, tone, reason) in table() {
        let row = outcome.row();
        assert_eq!(row.code, code, "{outcome:?}");
        assert_eq!(outcome.code(), code);
        let heard = match &row.sentence {
            Sentence::None => Nothing,
            Sentence::Info(_) => Info,
            Sentence::Error(_) => Error,
        };
        assert_eq!(heard, tone, "{outcome:?}");
        assert!(row.reason.contains(reason) && !row.reason.is_empty(), "{outcome:?}: {}", row.reason);
    }
}

#[test]
fn only_a_verified_signature_or_a_redeemed_code_succeeds_and_only_true_absence_is_ignored() {
    for (outcome, ..) in table() {
        let code = outcome.code();
        let proved = matches!(outcome, Outcome::Verified(_) | Outcome::Recovered(_));
        assert_eq!(code == Code::PAM_SUCCESS, proved, "{outcome:?}");
        assert_eq!(code == Code::PAM_IGNORE, matches!(outcome, Outcome::NotEnrolledIgnored), "{outcome:?}");
    }
}

#[test]
fn a_low_stock_of_recovery_codes_is_announced() {
    let row = Outcome::Recovered(Box::new(redeemed(3))).row();
    assert_eq!(row.sentence, Sentence::Info(say::recovery_codes_left(3).unwrap()));
    assert_eq!(row.reason, "recovery code used, 3 left");
}

#[test]
fn what_somebody_must_repair_is_an_error_in_the_log() {
    for (outcome, code, ..) in table() {
        let broken = matches!(code, Code::PAM_SERVICE_ERR | Code::PAM_SYSTEM_ERR | Code::PAM_BUF_ERR);
        assert_eq!(outcome.row().severity == Severity::Error, broken, "{outcome:?}");
    }
}

#[test]
fn people_are_told_in_plain_words() {
    for (outcome, ..) in table() {
        let (Sentence::Info(phrase) | Sentence::Error(phrase)) = outcome.row().sentence else { continue };
        let text = phrase.in_language(&English);
        assert!(text.ends_with('.') || text.contains(" with: passkey-enroll "), "{text}");
        assert!(text.len() < 200, "{text}");
        for jargon in ["CTAP", "PAM", "HID", "CBOR", "0x", "UV", "errno", "assertion", "credential", "RP ID"]
        {
            assert!(!text.contains(jargon), "{text}");
        }
    }
}

#[test]
fn a_login_prompt_does_not_tell_who_has_an_account() {
    assert_eq!(Outcome::UnknownUser.row().sentence, Outcome::NotEnrolled.row().sentence);
}

fn told(outcome: &Outcome) -> String {
    match outcome.row().sentence {
        Sentence::None => String::new(),
        Sentence::Info(phrase) | Sentence::Error(phrase) => phrase.in_language(&English),
    }
}

/// The words of the tables in `docs/hostile-keys.md`, which the tests of passkey-core hold to what comes of each misbehaviour.
#[test]
fn the_words_for_hostile_keys_are_told_as_documented() {
    use SignInError as E;
    const DOCUMENT: &str = include_str!("../../docs/hostile-keys.md");
    let mut outcomes = vec![
        ("signs in", Outcome::Verified(Box::new(signed_in()))),
        ("silent", lost(KeyError::Silent)),
        ("garbled", lost(KeyError::Garbled(FramingError::ReportLength(3)))),
        ("closed", lost(KeyError::Refused(HidError::CHANNEL_BUSY))),
        ("stuck", lost(KeyError::Stuck)),
        ("unplugged", lost(KeyError::Unplugged)),
        ("foreign", failed(E::ForeignKeys)),
        ("no touch", failed(E::NoTouch)),
        ("declined", failed(E::Declined)),
        ("malformed", failed(E::Malformed)),
        ("refused", failed(E::Refused(Status(0x7F)))),
        ("rejected", rejected(VerifyError::CredentialNotAskedFor)),
        ("no PIN", failed(E::CannotVerifyUser(Impossible::NotSetUp))),
        ("locked", pin(TokenError::AttemptsUsedUp { retries_left: Some(5) })),
    ];
    let (_, rows) = DOCUMENT.split_once("\n| word | PAM code |").unwrap();
    for row in rows.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [words, code, sentence] = cells[..] else { panic!("{row}") };
        // Enrolling has no code: the command's own tests have it.
        for word in words.split(", ").filter(|word| *word != "enrols") {
            let place = outcomes.iter().position(|(name, _)| *name == word);
            let (_, outcome) =
                outcomes.remove(place.unwrap_or_else(|| panic!("{word}, which nothing is called")));
            assert_eq!(code, format!("`{:?}`", outcome.code()), "{word}");
            let told = told(&outcome);
            // "That …" describes a sentence with a number or a command in it.
            let is_right = if sentence.starts_with("That ") { !told.is_empty() } else { sentence == told };
            assert!(is_right, "{word}: {sentence:?}, not {told:?}");
        }
    }
    assert!(outcomes.is_empty(), "not in the table: {outcomes:?}");
    let checked = told(&pin(TokenError::Malformed));
    assert_eq!(told(&pin(TokenError::Refused(Status(0x7F)))), checked);
    assert!(DOCUMENT.contains(&checked), "{checked}");
}
