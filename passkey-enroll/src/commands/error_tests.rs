use std::path::Path;

use passkey_core::config::Config;

use passkey_core::ceremony::KeyFailure;

use super::*;

/// An error of each kind that a person can bring about.
fn errors() -> Vec<(Error, Exit, &'static str)> {
    let config =
        Config::parse(Path::new("/etc/passkey/passkey.toml"), "\n[defaults]\ntimeot = 3\n").unwrap_err();
    let text = "[attestation]\nrequire = 'all'\n";
    let attestation =
        Config::parse(Path::new("/etc/passkey/passkey.toml"), text).unwrap().attestation.read().unwrap_err();
    let locked = || Box::new(StoreError::Locked { path: PathBuf::from("/x/alice.toml") });
    vec![
        (AccountError::NotRoot.into(), Exit::NotPermitted, "not_permitted"),
        (AccountError::UnknownName("bob".to_owned()).into(), Exit::Failed, "unknown_user"),
        (AccountError::UnknownUid(7).into(), Exit::Failed, "unknown_user"),
        (Error::NoConfig(PathBuf::from("/x")), Exit::Broken, "config_missing"),
        (config.into(), Exit::Broken, "config_broken"),
        (HostNameError::Localhost.into(), Exit::Broken, "no_rp_id"),
        (Error::Store(locked()), Exit::Failed, "store_locked"),
        (
            Error::NotEnrolled { user: "alice".to_owned(), add: "add".to_owned() },
            Exit::NotEnrolled,
            "not_enrolled",
        ),
        (
            Error::NoneUsable { user: "alice".to_owned(), damage: None, add: "add".to_owned() },
            Exit::NotEnrolled,
            "all_disabled",
        ),
        (
            Error::NoneUsable {
                user: "alice".to_owned(),
                damage: Some("/x:3: bad".to_owned()),
                add: "add".to_owned(),
            },
            Exit::Broken,
            "all_damaged",
        ),
        (Error::NameTaken("blue".to_owned()), Exit::AlreadyEnrolled, "name_taken"),
        (
            Error::NewNameTaken { name: "blue".to_owned(), list: "passkey-enroll list".to_owned() },
            Exit::AlreadyEnrolled,
            "name_taken",
        ),
        (Error::Changed { list: "passkey-enroll list".to_owned() }, Exit::Failed, "changed_meanwhile"),
        (Error::EnrolledMeanwhile, Exit::Failed, "enrolled_meanwhile"),
        (
            Error::ServiceBroken { service: "sudo".to_owned(), reason: "/x:3: bad".to_owned() },
            Exit::Broken,
            "service_broken",
        ),
        (Error::AttestationConfig(Box::new(attestation)), Exit::Broken, "config_broken"),
        (Error::NobodyTrusted, Exit::Usage, "nobody_trusted"),
        (
            Error::AttestationRefused {
                refusal: Box::new(Refusal::SelfAttested),
                authenticator: Authenticator::SecurityKey,
                left_behind: true,
            },
            Exit::Failed,
            "attestation_refused",
        ),
        (enrol(EnrolError::ModelNotAllowed(ctap::Aaguid::ZERO)), Exit::Failed, "attestation_refused"),
        (Error::NobodyToConfirm, Exit::Usage, "confirmation_needed"),
        (Error::Cancelled, Exit::Cancelled, "cancelled"),
        (enrol(EnrolError::Key(KeyFailure::NoKey)), Exit::NoKey, "no_key"),
        (enrol(EnrolError::Key(KeyFailure::NoTouch)), Exit::TimedOut, "timed_out"),
        (enrol(EnrolError::Key(KeyFailure::Unplugged)), Exit::NoKey, "unplugged"),
        (enrol(EnrolError::Key(KeyFailure::Declined)), Exit::Cancelled, "declined"),
        (enrol(EnrolError::Key(KeyFailure::Interrupted)), Exit::Cancelled, "cancelled"),
        (enrol(EnrolError::AlreadyEnrolled(None)), Exit::AlreadyEnrolled, "already_enrolled"),
        (
            enrol(EnrolError::AlreadyEnrolled(Some("blue".to_owned()))),
            Exit::AlreadyEnrolled,
            "already_enrolled",
        ),
        (
            enrol(EnrolError::Key(KeyFailure::RefusedU2f(ctap::u2f::StatusWord::WRONG_LENGTH))),
            Exit::Failed,
            "key_refused",
        ),
        (enrol(EnrolError::KeyFull), Exit::Failed, "key_full"),
        (enrol(EnrolError::NotDiscoverable), Exit::Failed, "not_discoverable"),
        (enrol(EnrolError::NoAlgorithm), Exit::Failed, "no_algorithm"),
        (enrol(EnrolError::WrongCredential), Exit::Failed, "wrong_credential"),
    ]
}

fn enrol(error: EnrolError) -> Error {
    Error::Enrol { error, asked: LastQuestion::default() }
}

#[test]
fn each_error_has_its_exit_code_and_its_word() {
    for (error, exit, code) in errors() {
        let report = error.report();
        assert_eq!((report.exit, report.code), (exit, code), "{error:?}");
    }
}

#[test]
fn every_error_says_what_is_wrong_and_all_but_the_persons_own_doing_what_to_do() {
    for (error, exit, _) in errors() {
        let report = error.report();
        assert!(!report.message.is_empty(), "{error:?}");
        assert!(!report.message.contains('\n'), "{error:?}");
        assert!(exit == Exit::Cancelled || report.hint.is_some_and(|hint| !hint.is_empty()), "{error:?}");
    }
}

#[test]
fn a_broken_configuration_is_named_with_its_line_and_key() {
    let error =
        Config::parse(Path::new("/etc/passkey/passkey.toml"), "\n[defaults]\ntimeot = 3\n").unwrap_err();
    let message = Error::from(error).report().message;
    assert!(message.starts_with("/etc/passkey/passkey.toml:3: "), "{message}");
    assert!(message.contains("timeot") && message.contains("timeout"), "{message}");
}

#[test]
fn the_names_there_are_help_with_one_that_is_not() {
    let report = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Error::NoSuchPasskey {
            user: "alice".to_owned(),
            name: "gren".to_owned(),
            names,
            list: "passkey-enroll list".to_owned(),
        }
        .report()
    };
    assert_eq!(report(&["blue", "green"]).message, "alice has no passkey called “gren”.");
    assert_eq!(report(&["blue", "green"]).hint.as_deref(), Some("There are “blue”, “green”."));
    assert_eq!(report(&["blue"]).hint.as_deref(), Some("The only one is “blue”."));
    assert_eq!(report(&[]).exit, Exit::NotEnrolled);
}
