//! Managing keys, as far as it goes without one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::machine;
use crate::scene::{BLUE, PROGRAM, Ran, Scene, has_security_key};

/// Every command that manages a key.
const COMMANDS: [&[&str]; 10] = [
    &["key", "pin", "set", "--pin-stdin"],
    &["key", "pin", "change", "--pin-stdin"],
    &["key", "fingerprint", "list", "--pin-stdin"],
    &["key", "fingerprint", "add", "--pin-stdin", "--name", "thumb"],
    &["key", "fingerprint", "rename", "thumb", "index", "--pin-stdin"],
    &["key", "fingerprint", "remove", "thumb", "--yes", "--pin-stdin"],
    &["key", "passkeys", "list", "--pin-stdin"],
    &["key", "passkeys", "remove", "AAECAwQ", "--yes", "--pin-stdin"],
    &["key", "reset", "--yes"],
    &["key", "reset", "--yes", "--forget"],
];

#[test]
fn without_a_key_each_command_waits_its_time_and_ends_alike() {
    if !machine::has(!has_security_key(), "that no security key is plugged in") {
        return;
    }
    let scene = Scene::enrolled(&[BLUE]);
    let start = Instant::now();
    let children: Vec<(&[&str], Child)> = COMMANDS
        .into_iter()
        .map(|words| {
            let mut command = scene.command(words);
            command.args(["--timeout", "1", "--json"]);
            (words, command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        })
        .collect();
    for (words, child) in children {
        let ran = Ran::new(&child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.error_code().as_str()), (3, "no_key"), "{words:?} {ran:?}");
        assert_eq!(ran.stderr, "Plug in your security key.\n", "{words:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_device_that_is_not_a_security_key_is_refused_at_once() {
    let scene = Scene::enrolled(&[BLUE]);
    let link = scene.dir().join("key");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    let start = Instant::now();
    for words in COMMANDS.into_iter().chain([&["add"][..]]) {
        for (device, code) in [
            ("/dev/hidraw-of-nobody", "no_such_device"),
            ("/dev/null", "not_a_key"),
            ("/dev", "not_a_key"),
            (link.to_str().unwrap(), "not_a_key"),
        ] {
            let ran = scene.run(&[words, &["--device", device, "--timeout", "60", "--json"]].concat());
            assert_eq!((ran.code, ran.error_code().as_str()), (3, code), "{words:?} {device} {ran:?}");
            assert_eq!(ran.stderr, "", "{words:?} {device}");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn waiting_for_a_key_ends_at_once_when_the_person_gives_up() {
    if !machine::has(!has_security_key(), "that no security key is plugged in") {
        return;
    }
    let scene = Scene::new();
    let mut command = scene.command(&["key", "reset", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut notice = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut notice).unwrap();
    assert_eq!(notice, "Plug in your security key.\n");
    Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    let ran = Ran::new(&child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.error_code().as_str()), (7, "cancelled"));
}

#[test]
fn half_a_command_does_nothing() {
    for words in [
        &["key"][..],
        &["key", "pin"],
        &["key", "fingerprint"],
        &["key", "fingerprint", "remove"],
        &["key", "fingerprint", "rename", "thumb"],
        &["key", "fingerprint", "rename", "thumb", "a\nb"],
        &["key", "fingerprint", "add", "--name", ""],
        &["key", "passkeys", "remove"],
        &["key", "reset", "--timeout", "0"],
        &["key", "reset", "all"],
    ] {
        let ran = Scene::new().run(words);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{words:?} {ran:?}");
    }
}

#[test]
fn a_broken_configuration_stops_key_management_too() {
    let scene = Scene::new();
    scene.configure("= = =\n");
    for words in COMMANDS {
        assert_eq!(scene.run(words).code, 11, "{words:?}");
    }
}

#[test]
fn models_have_names() {
    let known = BLUE.replace("01234567-89ab-cdef-0123-456789abcdef", "2fc0579f-8113-47ea-b116-bb5a8db9202a");
    let scene = Scene::enrolled(&[&known]);
    let name = "YubiKey 5 Series with NFC";
    assert_eq!(scene.run(&["list", "--json"]).json()["credentials"][0]["model"], name);
    assert_eq!(scene.run(&["show", "blue", "--json"]).json()["model"], name);
    for words in [&["list"][..], &["show", "blue"]] {
        assert!(scene.run(words).stdout.contains(name), "{words:?}");
    }
    assert_eq!(scene.run(&["remove", "blue", "--yes", "--json"]).json()["removed"]["model"], name);
}

/// The process that talks to keys, with `request` for it; what it answers, and how it ends.
fn inside(request: &str) -> (String, i32, String) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut command = Command::new(PROGRAM);
    command.arg("key-helper").stdin(OwnedFd::from(theirs));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    // It may have had enough before all of it was sent.
    let _ = ours.write_all(request.as_bytes());
    let _ = ours.shutdown(Shutdown::Write);
    let mut answer = String::new();
    ours.read_to_string(&mut answer).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (answer, output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn request(operation: &serde_json::Value) -> String {
    let request = json!({ "of": { "plugged": "/sys/nowhere" }, "protocol": 2, "preview": false, "operation": operation });
    format!("{request}\n")
}

#[test]
fn the_process_that_talks_to_keys_answers_over_its_socket_only() {
    let (answer, code, said) = inside(&request(&json!({ "passkeys": { "pin": "1234" } })));
    assert_eq!((answer.as_str(), code, said.as_str()), ("{\"failed\":\"gone\"}\n", 0, ""));
}

#[test]
fn the_process_that_talks_to_keys_takes_nothing_that_it_does_not_understand() {
    let long = "1".repeat(64);
    for request in [
        String::new(),
        "nonsense\n".to_owned(),
        request(&json!({ "brew_coffee": {} })),
        request(&json!({ "set_pin": { "new": "123" } })),
        // The crate would panic.
        request(&json!({ "set_pin": { "new": long } })),
        request(&json!({ "change_pin": { "old": "1234", "new": long } })),
        "x".repeat(1 << 20),
    ] {
        let (answer, code, said) = inside(&request);
        assert_eq!((answer.as_str(), code, said.as_str()), ("", 2, ""), "{:?}", request.get(..80));
    }
}

#[test]
fn the_process_that_talks_to_keys_is_nobody_elses_business() {
    let help = Scene::new().run(&["--help"]).stdout;
    assert!(!help.contains("key-helper"), "{help}");
    assert!(help.lines().any(|line| line.trim_start().starts_with("key ")), "{help}");
}
