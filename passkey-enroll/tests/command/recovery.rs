//! Recovery codes: shown once, counted, taken away.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Command, Stdio};

use ctap::Secret;
use passkey_core::account::{Account, PasswdEntry};
use passkey_core::config::Config;
use passkey_core::safe_file::Owner;
use passkey_core::store::Store;
use passkey_core::store::recovery::{Code, Reading, RedeemError};
use passkey_core::time;
use serde_json::json;

use crate::scene::{BLUE, PROGRAM, Ran, Scene, as_stranger, user};

/// Whether `text` is a code, groups and all.
fn is_code(text: &str) -> bool {
    text.len() == 24 && matches!(Code::read(&Secret::new(text.into())), Reading::Code(_))
}

fn codes(ran: &Ran) -> Vec<String> {
    let codes = ran.json()["codes"].as_array().unwrap().clone();
    codes.into_iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Uses a code up as the module does; how many are left.
fn redeem(scene: &Scene, code: &str) -> Result<usize, RedeemError> {
    let uid = fs::metadata(scene.dir()).unwrap().uid();
    let config = Config::read(&scene.config(), Owner::RootOr(uid)).unwrap().unwrap();
    let account = Account::from_entry(PasswdEntry { name: user(), uid, gid: uid, home: "/".into() });
    let Reading::Code(code) = Code::read(&Secret::new(code.into())) else { panic!("{code}") };
    Store::new(&config).redeem(&account, &code, time::now()).map(|redeemed| redeemed.left())
}

fn allowed() -> Scene {
    let scene = Scene::enrolled(&[BLUE]);
    scene.configure("[service.sudo]\nrecovery = \"allow\"\n");
    scene
}

/// What was said, but for the services of the machine that runs the tests: those may ask for passkeys or not.
fn besides_services(stderr: &str) -> Vec<&str> {
    stderr
        .lines()
        .filter(|line| !line.starts_with("warning: no service accepts recovery codes yet."))
        .collect()
}

#[test]
fn ten_codes_come_out_once_on_paper() {
    let scene = allowed();
    let ran = scene.run(&["recovery", "new"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let host = Command::new("uname").arg("-n").output().unwrap().stdout;
    let host = String::from_utf8(host).unwrap();
    assert!(
        lines[0].starts_with(&format!("Recovery codes for {} on {}, made 20", user(), host.trim())),
        "{}",
        lines[0]
    );
    let found: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| is_code(line)).collect();
    assert_eq!(found.len(), 10, "{}", ran.stdout);
    assert!(lines.last().unwrap().starts_with("Each signs you in once: "), "{}", ran.stdout);
    let said = besides_services(&ran.stderr);
    assert!(matches!(said.as_slice(), [only] if only.starts_with("They are not shown again: ")), "{said:?}");

    let file = fs::read_to_string(scene.recovery_file()).unwrap();
    assert_eq!(fs::metadata(scene.recovery_file()).unwrap().mode() & 0o7777, 0o600);
    assert!(!found.iter().any(|code| file.contains(code) || ran.stderr.contains(code)));
    assert_eq!(redeem(&scene, found[9]).unwrap(), 9);
    assert!(!scene.run(&["recovery", "status"]).stdout.contains(found[0]));
}

#[test]
fn the_shapes_for_programs() {
    let scene = allowed();
    let made = scene.run(&["recovery", "new", "--json"]);
    let object = made.json();
    let mut keys: Vec<&String> = object.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["codes", "host", "made", "user"]);
    let codes = codes(&made);
    assert!(codes.len() == 10 && codes.iter().all(|code| is_code(code)), "{codes:?}");

    let mut status = scene.run(&["recovery", "status", "--json"]).json();
    assert_eq!(status["made"], object["made"]);
    status["made"] = json!(null);
    let fresh = json!({
        "user": user(), "made": null, "total": 10, "left": 10, "last_used": null, "failures": 0,
        "locked_until": null, "skipped": 0,
    });
    assert_eq!(status, fresh);

    redeem(&scene, &codes[0]).unwrap();
    for _ in 0..5 {
        let wrong = String::from_utf8(Code::random().unwrap().text().as_bytes().to_vec()).unwrap();
        redeem(&scene, &wrong).unwrap_err();
    }
    let status = scene.run(&["recovery", "status", "--json"]).json();
    assert_eq!((&status["left"], &status["failures"]), (&json!(9), &json!(5)));
    assert!(status["last_used"].is_string() && status["locked_until"].is_string(), "{status}");

    let revoked = scene.run(&["recovery", "revoke", "--yes", "--json"]).json();
    assert_eq!(revoked, json!({ "user": user(), "revoked": 9 }));
    assert!(!scene.recovery_file().exists());
}

#[test]
fn the_stock_is_told_and_a_low_one_warned_of() {
    let scene = allowed();
    let codes = codes(&scene.run(&["recovery", "new", "--json"]));
    let ran = scene.run(&["recovery", "status"]);
    assert_eq!((ran.code, besides_services(&ran.stderr)), (0, Vec::new()));
    assert!(ran.stdout.contains("10 of 10") && ran.stdout.contains("never"), "{}", ran.stdout);
    for code in &codes[..7] {
        redeem(&scene, code).unwrap();
    }
    let ran = scene.run(&["recovery", "status"]);
    assert!(ran.stdout.contains("3 of 10") && !ran.stdout.contains("never"), "{}", ran.stdout);
    assert!(ran.stderr.contains("sudo passkey-enroll recovery new"), "{}", ran.stderr);
}

#[test]
fn codes_that_are_there_are_not_replaced_or_taken_away_without_a_yes() {
    let scene = allowed();
    let first = codes(&scene.run(&["recovery", "new", "--json"]));
    for command in ["new", "revoke"] {
        // A session of its own has no terminal.
        let mut setsid = Command::new("setsid");
        setsid.args(["--wait", PROGRAM, "--config"]).arg(scene.config());
        setsid.args(["recovery", command, "--json"]).stdin(Stdio::null());
        let ran = Ran::new(&setsid.output().unwrap());
        assert_eq!((ran.code, ran.error_code().as_str()), (2, "confirmation_needed"));
        let (code, screen) = at_terminal(&scene, command, b"no\n");
        assert_eq!(code, 7, "{screen}");
    }
    redeem(&scene, &first[0]).unwrap();
    let (code, screen) = at_terminal(&scene, "new", b"yes\n");
    assert_eq!(code, 0, "{screen}");
    assert!(matches!(redeem(&scene, &first[1]), Err(RedeemError::Wrong { .. })));
    assert_eq!(scene.run(&["recovery", "new", "--yes"]).code, 0);
    let (code, screen) = at_terminal(&scene, "revoke", b"yes\n");
    assert!(code == 0 && screen.contains("10 unused recovery codes"), "{screen}");
}

/// Runs the command at a terminal, types `answer` at its question; the exit code and the screen.
fn at_terminal(scene: &Scene, command: &str, answer: &[u8]) -> (i32, String) {
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    let run = pty_process::blocking::Command::new(PROGRAM)
        .arg("--config")
        .arg(scene.config())
        .args(["recovery", command])
        .env("NO_COLOR", "1");
    let mut child = run.spawn(pts).unwrap();
    let mut screen = Vec::new();
    while !String::from_utf8_lossy(&screen).contains("go on: ") {
        let mut byte = [0];
        assert_eq!(pty.read(&mut byte).unwrap_or_default(), 1, "{}", String::from_utf8_lossy(&screen));
        screen.push(byte[0]);
    }
    pty.write_all(answer).unwrap();
    // The terminal hangs up when the command ends.
    let _ = pty.read_to_end(&mut screen);
    (child.wait().unwrap().code().unwrap(), String::from_utf8_lossy(&screen).into_owned())
}

#[test]
fn codes_are_for_those_who_have_passkeys() {
    for scene in [Scene::new(), Scene::enrolled(&[])] {
        let ran = scene.run(&["recovery", "new", "--json"]);
        assert_eq!((ran.code, ran.error_code().as_str()), (9, "not_enrolled"));
        assert!(!scene.recovery_file().exists());
    }
}

#[test]
fn none_is_an_answer_and_nothing_to_take_away() {
    let scene = allowed();
    let ran = scene.run(&["recovery", "status"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains("has no recovery codes"), "{}", ran.stderr);
    assert_eq!(scene.run(&["recovery", "status", "--json"]).json()["total"], 0);
    let ran = scene.run(&["recovery", "revoke", "--yes", "--json"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (9, "no_recovery_codes"));
}

#[test]
fn codes_that_no_service_takes_are_warned_of() {
    let scene = Scene::enrolled(&[BLUE]);
    for command in [&["recovery", "new"][..], &["recovery", "status"]] {
        let ran = scene.run(command);
        assert_eq!(ran.code, 0);
        assert!(ran.stderr.contains("recovery = \"allow\""), "{}", ran.stderr);
    }
    scene.configure("[defaults]\nrecovery = \"allow\"\n");
    // Where the configuration allows it, it is the services that are missing, if anything.
    let stderr = scene.run(&["recovery", "status"]).stderr;
    assert!(stderr.is_empty() || stderr.contains("pam enable SERVICE"), "{stderr}");
}

#[test]
fn a_broken_file_is_named_and_can_be_replaced() {
    let scene = allowed();
    scene.run(&["recovery", "new"]);
    fs::write(scene.recovery_file(), "nonsense").unwrap();
    let ran = scene.run(&["recovery", "status", "--json"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (11, "store_broken"));
    assert!(ran.stdout.contains(&scene.recovery_file().display().to_string()), "{}", ran.stdout);
    let ran = scene.run(&["recovery", "new", "--yes"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("warning: "), "{}", ran.stderr);
    assert_eq!(scene.run(&["recovery", "status", "--json"]).json()["left"], 10);

    fs::set_permissions(scene.recovery_file(), fs::Permissions::from_mode(0o666)).unwrap();
    for command in [&["recovery", "new", "--yes", "--json"][..], &["recovery", "status", "--json"]] {
        let ran = scene.run(command);
        assert_eq!((ran.code, ran.error_code().as_str()), (11, "store_not_trusted"));
    }
}

#[test]
fn codes_that_cannot_be_stored_are_not_shown() {
    let scene = allowed();
    scene.run(&["recovery", "new"]);
    let before = fs::read(scene.recovery_file()).unwrap();
    fs::create_dir(scene.dir().join("recovery").join(format!(".{}.toml.tmp", user()))).unwrap();
    let ran = scene.run(&["recovery", "new", "--yes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (11, ""), "{ran:?}");
    assert_eq!(fs::read(scene.recovery_file()).unwrap(), before);
}

#[test]
fn who_is_not_root_looks_after_no_codes() {
    let scene = allowed();
    scene.run(&["recovery", "new"]);
    for command in [
        &["recovery", "new", "--yes", "--json"][..],
        &["recovery", "status", "--json"],
        &["recovery", "revoke", "--yes", "--json"],
    ] {
        let ran = Ran::new(&as_stranger(&scene, command).output().unwrap());
        if fs::metadata(scene.dir()).unwrap().uid() == 0 {
            assert_eq!((ran.code, ran.error_code().as_str()), (8, "not_permitted"), "{command:?}");
        }
    }
    assert!(scene.recovery_file().exists());
}
