//! Help, and command lines that are not understood.

use std::process::Command;

use crate::scene::{PROGRAM, Ran, Scene};

fn run(arguments: &[&str]) -> Ran {
    Ran::new(&Command::new(PROGRAM).args(arguments).output().unwrap())
}

#[test]
fn help_comes_on_stdout_and_names_every_command() {
    let ran = run(&["--help"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for command in [
        "add",
        "list",
        "show",
        "rename",
        "disable",
        "enable",
        "remove",
        "verify",
        "recovery",
        "keys",
        "key",
        "import",
        "export",
        "doctor",
        "completions",
    ] {
        assert!(ran.stdout.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
        let own = run(&[command, "--help"]);
        assert_eq!(own.code, 0);
        assert!(own.stdout.contains(&format!("Usage: passkey-enroll {command}")), "{}", own.stdout);
    }
    assert!(run(&["--version"]).stdout.starts_with("passkey-enroll "));
}

#[test]
fn a_command_line_that_is_not_understood_does_nothing() {
    for arguments in [
        &[][..],
        &["ad"],
        &["add", "--nam", "blue"],
        &["add", "--timeout", "0"],
        &["show"],
        &["remove"],
        &["rename", "blue"],
        &["disable"],
        &["import"],
        &["import", "--format", "sssd"],
        &["import", "file", "--format", "ssh"],
        &["export"],
        &["export", "--format", "openssh"],
        &["enable", "blue", "--yes"],
        &["list", "extra"],
        &["recovery"],
        &["recovery", "newer"],
        &["recovery", "status", "--yes"],
        &["completions"],
        &["completions", "csh"],
        &["key-helper", "extra"],
        &["add", "--require-attestation=yes"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(!ran.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn with_json_even_that_is_an_object() {
    let ran = run(&["lst", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (2, ""));
    assert_eq!(ran.error_code(), "usage");
}

#[test]
fn what_was_typed_is_not_played_back_to_the_terminal() {
    for arguments in [&["\u{1b}[2Jx"][..], &["add", "--name", "\u{1b}[2J"], &["add", "--rp-id", "\u{9b}1m"]] {
        let ran = run(arguments);
        assert_eq!(ran.code, 2);
        assert!(!ran.stderr.contains(['\u{1b}', '\u{9b}']), "{:?}", ran.stderr);
    }
    let ran = Scene::new().run(&["--user", "\u{1b}[2J", "list"]);
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
}
