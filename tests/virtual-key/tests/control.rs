//! The program and its socket, as far as they go without `/dev/uhid`.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::Path;
use std::process::{Child, Command, Output};

fn virtual_key(words: &[&str], socket: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_virtual-key"));
    command.arg(words[0]).arg("--socket").arg(socket).args(&words[1..]);
    command
}

fn text(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap())
}

/// It ends with the test.
struct Host<'a> {
    process: Child,
    socket: &'a Path,
}

impl<'a> Host<'a> {
    fn start(socket: &'a Path) -> Self {
        Self { process: virtual_key(&["run"], socket).spawn().unwrap(), socket }
    }

    fn ctl(&self, words: &[&str]) -> (Option<i32>, String) {
        text(&virtual_key(&[&["ctl"], words].concat(), self.socket).output().unwrap())
    }
}

impl Drop for Host<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn one_line_of_json_per_answer_and_an_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("keys.sock");
    // A socket file that nobody listens on is no obstacle.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let mut host = Host::start(&socket);
    let ctl = |words: &[&str]| host.ctl(words);
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
        &["timeline", "blue", "--reset"],
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
    assert!(host.process.wait().unwrap().success());
    assert!(!socket.exists());
    assert_eq!(host.ctl(&["--patience", "0", "list"]), (Some(1), String::new()));
}

#[test]
fn a_key_behind_a_socket_is_plugged_in_without_the_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let (control, socket) = (folder.path().join("control"), folder.path().join("blue.sock"));
    let socket = socket.to_str().unwrap();
    let host = Host::start(&control);
    let plugged = format!("{{\"changed\":true,\"ok\":true,\"socket\":\"{socket}\"}}\n");
    assert_eq!(host.ctl(&["add", "blue", "--socket", socket]), (Some(0), plugged.clone()));
    assert_eq!(host.ctl(&["unplug", "blue"]), (Some(0), "{\"changed\":true,\"ok\":true}\n".to_owned()));
    assert_eq!(host.ctl(&["plug", "blue"]), (Some(0), plugged));
    let (_, list) = host.ctl(&["list"]);
    assert!(list.contains(&format!("\"plugged\":true,\"socket\":\"{socket}\"")), "{list}");
    let taken = format!("{{\"error\":\"{socket}: Address already in use (os error 98)\",\"ok\":false}}\n");
    assert_eq!(host.ctl(&["add", "red", "--socket", socket]), (Some(1), taken));
}
