use std::time::Duration;

use passkey_core::config::{CounterPolicy, Mode, Recovery, Remote, Unenrolled, UserVerification};

use super::*;

fn error(arguments: &[&CStr]) -> String {
    Arguments::parse(arguments).unwrap_err().to_string()
}

#[test]
fn without_arguments_everything_is_left_open() {
    let parsed = Arguments::parse(&[]).unwrap();
    assert_eq!(parsed, Arguments { config: ConfigPath::Default, settings: Settings::default() });
    assert_eq!(parsed.config.path(), Path::new("/etc/passkey/passkey.toml"));
}

#[test]
fn every_argument_of_the_design_is_taken() {
    let parsed = Arguments::parse(&[
        c"config=/etc/other.toml",
        c"mode=passwordless",
        c"verification=preferred",
        c"timeout=20",
        c"usernameless",
        c"wait_for_key=5",
        c"unenrolled=ignore",
        c"remote=allow",
        c"counter=deny",
        c"recovery=allow",
        c"pin_attempts=2",
        c"quiet",
        c"debug=false",
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
            pin_attempts: Some(2),
            quiet: Some(true),
            debug: Some(false),
        }
    );
}

#[test]
fn every_setting_of_the_file_is_known_as_an_argument() {
    for key in Settings::KEYS {
        let argument = std::ffi::CString::new(format!("{key}=\u{1}")).unwrap();
        let error = error(&[&argument]);
        assert!(!error.contains("unknown"), "{error}");
    }
}

#[test]
fn an_unknown_argument_is_named_with_those_that_are_known() {
    let words = error(&[c"debug", c"timeot=5"]);
    assert!(
        words.starts_with(
            r#"argument "timeot=5": unknown, did you mean `timeout`?; known are config, mode, "#
        ),
        "{words}"
    );
    let words = error(&[c"cue"]);
    assert!(words.starts_with(r#"argument "cue": unknown; known are config, mode, "#), "{words}");
    for key in Settings::KEYS {
        assert!(words.contains(key), "{words}");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    for (argument, part) in [
        (c"mode=both", "second-factor, passwordless"),
        (c"mode", "needs a value"),
        (c"timeout=", "whole number of seconds"),
        (c"timeout=-1", "whole number of seconds"),
        (c"timeout=0", "whole number of seconds"),
        (c"timeout=1e9", "whole number of seconds"),
        (c"quiet=yes", "true or false"),
        (c"config", "absolute path"),
        (c"config=", "absolute path"),
        (c"config=passkey.toml", "absolute path"),
        (c"Timeout=5", "did you mean `timeout`"),
        (c" timeout=5", "unknown"),
        (c"", "unknown"),
        (c"=", "unknown"),
        (c"\xff\xfe", "UTF-8"),
    ] {
        let words = error(&[argument]);
        assert!(words.starts_with("argument ") && words.contains(part), "{argument:?}: {words}");
    }
}

#[test]
fn nothing_is_given_twice() {
    for arguments in [
        [c"mode=second-factor", c"mode=passwordless"],
        [c"debug", c"debug=false"],
        [c"config=/a", c"config=/a"],
    ] {
        assert!(error(&arguments).ends_with("given twice"));
    }
}

#[test]
fn the_examples_for_administrators_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/pam.d");
    let mut lines = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        for line in std::fs::read_to_string(&file).unwrap().lines().filter(|line| !line.starts_with('#')) {
            let Some((_, arguments)) = line.split_once("pam_passkey.so") else { continue };
            let arguments: Vec<_> = arguments
                .split_whitespace()
                .map(|argument| std::ffi::CString::new(argument).unwrap())
                .collect();
            let arguments: Vec<&CStr> = arguments.iter().map(AsRef::as_ref).collect();
            Arguments::parse(&arguments).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            lines += 1;
        }
    }
    assert!(lines >= 6, "{lines}");
}
