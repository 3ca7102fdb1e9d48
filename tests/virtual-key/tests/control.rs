//! The program and its socket, as far as they go without `/dev/uhid`.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn virtual_key(words: &[&str], socket: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_virtual-key"));
    command.arg(words[0]).arg("--socket").arg(socket).args(&words[1..]);
    command
}

fn text(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap())
}

#[test]
fn one_line_of_json_per_answer_and_an_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("keys.sock");
    // A socket file that nobody listens on is no obstacle.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let mut host = virtual_key(&["run"], &socket).spawn().unwrap();
    let ctl = |words: &[&str]| text(&virtual_key(&[&["ctl"], words].concat(), &socket).output().unwrap());
    assert_eq!(ctl(&["list"]), (Some(0), "{\"keys\":[],\"ok\":true}\n".to_owned()));
    let unknown = "{\"error\":\"no such key: blue\",\"ok\":false}\n".to_owned();
    for words in [
        &["touch", "blue"][..],
        &["touch-after", "blue", "10"],
        &["auto-touch", "blue", "on"],
        &["never", "blue"],
        &["plug", "blue"],
        &["unplug", "blue"],
        &["latency", "blue", "1000"],
        &["blinking", "blue"],
        &["wait-blinking", "blue"],
        &["counts", "blue", "--reset"],
        &["retries", "blue"],
        &["corrupt", "blue", "counter"],
        &["misbehave", "blue", "mute", "--at", "info", "--nth", "2"],
        &["forget", "blue"],
        &["requests", "blue"],
    ] {
        assert_eq!(ctl(words), (Some(1), unknown.clone()), "{words:?}");
    }
    assert_eq!(ctl(&["touch"]).0, Some(2));

    // A key behind a socket is there at once.
    let service = folder.path().join("phone.sock");
    let path = service.to_str().unwrap();
    let plugged = format!("{{\"changed\":true,\"ok\":true,\"socket\":\"{path}\"}}\n");
    assert_eq!(ctl(&["add", "phone", "--socket", path, "--form", "hybrid"]), (Some(0), plugged));
    assert!(service.exists());
    assert_eq!(ctl(&["quit"]), (Some(0), "{\"ok\":true}\n".to_owned()));
    assert!(host.wait().unwrap().success());
    assert!(!socket.exists());
    assert_eq!(ctl(&["--patience", "0", "list"]), (Some(1), String::new()));
}
