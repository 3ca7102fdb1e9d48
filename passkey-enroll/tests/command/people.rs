//! What a person at a terminal sees and does, and what becomes of waiting.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::num::NonZero;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::machine;
use crate::scene::{BLUE, GREEN, PROGRAM, Ran, Scene, has_security_key};

#[test]
fn without_a_key_enrolment_waits_its_time_and_says_for_what() {
    if !machine::has(!has_security_key(), "that no security key is plugged in") {
        return;
    }
    let scene = Scene::new();
    let start = Instant::now();
    let ran = scene.run(&["add", "--timeout", "1"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!((900..5_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines[..2], ["Plug in your security key.", "error: No security key was plugged in."]);
    assert!(lines[2].starts_with("hint: "), "{lines:?}");
    // Nobody was enrolled by that.
    assert_eq!(scene.run(&["list", "--json"]).json()["user_handle"], json!(null));
    let ran = scene.run(&["add", "--timeout", "1", "--json"]);
    assert_eq!(ran.error_code(), "no_key");
}

#[test]
fn a_polite_end_comes_in_order() {
    if !machine::has(!has_security_key(), "that no security key is plugged in") {
        return;
    }
    for signal in ["INT", "TERM", "HUP"] {
        let scene = Scene::new();
        let mut child =
            scene.command(&["add", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut notice = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut notice).unwrap();
        assert_eq!(notice, "Plug in your security key.\n");
        kill(&child, signal);
        let ran = Ran::new(&child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.error_code().as_str()), (7, "cancelled"), "{signal}");
    }
}

fn kill(child: &Child, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_rehearsal_without_a_key_ends_as_the_policy_says() {
    let scene = Scene::enrolled(&[BLUE]);
    scene.configure("[service.no-such-service]\nwait_for_key = 1\ntimeout = 1\n");
    let ran = scene.run(&["verify", "--service", "No-Such-Service", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let warning = "warning: PAM has no file for no-such-service: only the configuration is rehearsed.\n";
    assert!(ran.stderr.starts_with(warning), "{ran:?}");
}

#[test]
fn without_a_terminal_a_yes_must_be_given_on_the_command_line() {
    let scene = Scene::enrolled(&[BLUE]);
    // A session of its own has no terminal.
    let mut command = Command::new("setsid");
    command.args(["--wait", PROGRAM, "--config"]).arg(scene.config()).args(["remove", "blue", "--json"]);
    let ran = Ran::new(&command.stdin(Stdio::null()).output().unwrap());
    assert_eq!((ran.code, ran.error_code().as_str()), (2, "confirmation_needed"));
    let mut command = Command::new("setsid");
    command.args(["--wait", PROGRAM, "--config"]).arg(scene.config()).args(["disable", "blue", "--json"]);
    let ran = Ran::new(&command.stdin(Stdio::null()).output().unwrap());
    assert_eq!((ran.code, ran.error_code().as_str()), (2, "confirmation_needed"));
}

/// Runs `remove` or `disable` at a terminal, types `answer` at its question; the exit code and the screen.
fn ask_at_terminal(scene: &Scene, command: &str, name: &str, answer: &[u8]) -> (i32, String) {
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    let command = pty_process::blocking::Command::new(PROGRAM)
        .arg("--config")
        .arg(scene.config())
        .args([command, name])
        .env("NO_COLOR", "1");
    let mut child = command.spawn(pts).unwrap();
    let mut screen = read_until(&mut pty, "go on: ");
    pty.write_all(answer).unwrap();
    let mut rest = Vec::new();
    // The terminal hangs up when the command ends.
    let _ = pty.read_to_end(&mut rest);
    screen.push_str(&String::from_utf8_lossy(&rest));
    (child.wait().unwrap().code().unwrap(), screen)
}

fn read_until(pty: &mut impl Read, end: &str) -> String {
    let start = Instant::now();
    let mut screen = Vec::new();
    while !String::from_utf8_lossy(&screen).contains(end) {
        let mut byte = [0];
        let len = pty.read(&mut byte).unwrap_or_default();
        assert!(
            len == 1 && start.elapsed() < Duration::from_secs(20),
            "{}",
            String::from_utf8_lossy(&screen)
        );
        screen.push(byte[0]);
    }
    String::from_utf8(screen).unwrap()
}

#[test]
fn removing_asks_and_only_yes_is_yes() {
    for answer in [&b"yes\n"[..], b" YES \n"] {
        let scene = Scene::enrolled(&[BLUE, GREEN]);
        let (code, screen) = ask_at_terminal(&scene, "remove", "blue", answer);
        assert_eq!(code, 0, "{screen}");
        assert!(!screen.contains("last passkey"), "{screen}");
        assert_eq!(scene.run(&["list", "--json"]).json()["credentials"].as_array().map(Vec::len), Some(1));
    }
    for answer in [&b"no\n"[..], b"\n", b"y\n", b"yes please\n", b"\x04", b"\x03"] {
        let scene = Scene::enrolled(&[BLUE, GREEN]);
        let (code, screen) = ask_at_terminal(&scene, "remove", "blue", answer);
        assert_eq!(code, 7, "{answer:?} {screen}");
        assert_eq!(scene.run(&["list", "--json"]).json()["credentials"].as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn the_question_warns_before_the_last_passkey() {
    let scene = Scene::enrolled(&[BLUE, &GREEN.replace("enabled = true", "enabled = false")]);
    let (code, screen) = ask_at_terminal(&scene, "remove", "blue", b"no\n");
    assert_eq!(code, 7);
    assert!(screen.contains("last passkey"), "{screen}");
}

#[test]
fn disabling_asks_only_where_it_locks_somebody_out() {
    let scene = Scene::enrolled(&[BLUE, GREEN]);
    scene.configure("[service.no-such-kiosk]\ntimeout = 5\n");
    assert_eq!(scene.run(&["disable", "green"]).code, 0);
    let (code, screen) = ask_at_terminal(&scene, "disable", "blue", b"no\n");
    assert_eq!(code, 7, "{screen}");
    assert!(screen.contains("last passkey") && screen.contains("closed to them: no-such-kiosk"), "{screen}");
    let (code, screen) = ask_at_terminal(&scene, "disable", "blue", b"yes\n");
    assert_eq!(code, 0, "{screen}");
}

#[test]
fn at_a_terminal_the_prompt_moves_and_is_gone_afterwards() {
    if !machine::has(!has_security_key(), "that no security key is plugged in") {
        return;
    }
    let scene = Scene::new();
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    pty.resize(pty_process::Size::new(24, 80)).unwrap();
    let command = pty_process::blocking::Command::new(PROGRAM)
        .arg("--config")
        .arg(scene.config())
        .args(["add"])
        .env("TERM", "xterm")
        .env("NO_COLOR", "1");
    let mut child = command.spawn(pts).unwrap();
    let seen: String = (0..3).map(|_| read_until(&mut pty, "Plug in your security key.")).collect();
    pty.write_all(b"\x03").unwrap();
    let mut rest = Vec::new();
    let _ = pty.read_to_end(&mut rest);
    assert_eq!(child.wait().unwrap().code(), Some(7));
    let mut screen = vt100::Parser::new(NonZero::new(24).unwrap(), NonZero::new(80).unwrap(), 0);
    screen.process(seen.as_bytes());
    screen.process(&rest);
    assert_eq!(screen.screen().contents().trim_end(), "error: Cancelled.");
}
