use std::time::Duration;

use super::super::{CounterPolicy, KeyringPolicy, Mode, Recovery, Remote, Unenrolled, UserVerification};
use super::*;
use crate::host::Host;

fn parse(arguments: &[&str]) -> Result<Arguments, ArgumentError> {
    Arguments::parse(arguments.iter().map(|argument| argument.as_bytes()))
}

fn error(arguments: &[&str]) -> String {
    parse(arguments).unwrap_err().to_string()
}

#[test]
fn without_arguments_everything_is_left_open() {
    let parsed = parse(&[]).unwrap();
    assert_eq!(parsed, Arguments { config: ConfigPath::Default, settings: Settings::default() });
    assert_eq!(parsed.config.path(), Path::new("/etc/passkey/passkey.toml"));
}

#[test]
fn every_argument_of_the_design_is_taken() {
    let parsed = parse(&[
        "config=/etc/other.toml",
        "mode=passwordless",
        "verification=preferred",
        "timeout=20",
        "usernameless",
        "wait_for_key=5",
        "unenrolled=ignore",
        "remote=allow",
        "counter=deny",
        "recovery=allow",
        "keyring=on",
        "pin_attempts=2",
        "host=lightdm",
        "quiet",
        "debug=false",
    ])
    .unwrap();
    assert_eq!(parsed.config, ConfigPath::Given("/etc/other.toml".into()));
    assert_eq!(
        parsed.settings,
        Settings {
            mode: Some(Mode::Passwordless),
            usernameless: Some(true),
            verification: Some(UserVerification::Preferred),
            timeout: Some(Duration::from_secs(20)),
            wait_for_key: Some(Duration::from_secs(5)),
            unenrolled: Some(Unenrolled::Ignore),
            remote: Some(Remote::Allow),
            counter: Some(CounterPolicy::Deny),
            recovery: Some(Recovery::Allow),
            keyring: Some(KeyringPolicy::On),
            pin_attempts: Some(2),
            host: Host::named("lightdm"),
            quiet: Some(true),
            debug: Some(false),
        }
    );
}

#[test]
fn every_setting_of_the_file_is_known_as_an_argument() {
    for key in Settings::KEYS {
        let error = error(&[&format!("{key}=\u{1}")]);
        assert!(!error.contains("unknown"), "{error}");
    }
}

#[test]
fn an_unknown_argument_is_named_with_those_that_are_known() {
    let words = error(&["debug", "timeot=5"]);
    assert!(
        words.starts_with(
            r#"argument "timeot=5": unknown, did you mean `timeout`?; known are config, mode, "#
        ),
        "{words}"
    );
    let words = error(&["cue"]);
    assert!(words.starts_with(r#"argument "cue": unknown; known are config, mode, "#), "{words}");
    for key in Settings::KEYS {
        assert!(words.contains(key), "{words}");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    for (argument, part) in [
        ("mode=both", "second-factor, passwordless"),
        ("mode", "needs a value"),
        ("timeout=", "whole number of seconds"),
        ("timeout=-1", "whole number of seconds"),
        ("timeout=0", "whole number of seconds"),
        ("timeout=1e9", "whole number of seconds"),
        ("quiet=yes", "true or false"),
        ("config", "absolute path"),
        ("config=", "absolute path"),
        ("config=passkey.toml", "absolute path"),
        ("Timeout=5", "did you mean `timeout`"),
        (" timeout=5", "unknown"),
        ("", "unknown"),
        ("=", "unknown"),
    ] {
        let words = error(&[argument]);
        assert!(words.starts_with("argument ") && words.contains(part), "{argument:?}: {words}");
    }
    let words = Arguments::parse([&b"\xff\xfe"[..]]).unwrap_err().to_string();
    assert!(words.contains("UTF-8"), "{words}");
}

#[test]
fn nothing_is_given_twice() {
    for arguments in
        [["mode=second-factor", "mode=passwordless"], ["debug", "debug=false"], ["config=/a", "config=/a"]]
    {
        assert!(error(&arguments).ends_with("given twice"));
    }
}
