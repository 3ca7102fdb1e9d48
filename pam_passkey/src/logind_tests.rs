use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

struct Machine {
    folder: TempDir,
    logind: Logind,
}

/// A process with this control group, and these sessions.
fn machine(cgroup: &str, sessions: &[(&str, &str)]) -> Machine {
    let folder = tempfile::tempdir().unwrap();
    let logind = Logind {
        process: folder.path().join("self"),
        sessions: folder.path().join("sessions"),
        owner: rustix::process::geteuid().as_raw(),
        may_be_gone: false,
    };
    fs::create_dir(&logind.process).unwrap();
    fs::create_dir(&logind.sessions).unwrap();
    fs::write(logind.process.join("cgroup"), cgroup).unwrap();
    for (id, text) in sessions {
        fs::write(logind.sessions.join(id), text).unwrap();
    }
    Machine { folder, logind }
}

const IN_3: &str = "0::/user.slice/user-1000.slice/session-3.scope\n";
const REMOTE: &str =
    "# This is private data. Do not parse.\nUID=1000\nREMOTE=1\nREMOTE_HOST=192.0.2.7\nTYPE=tty\n";
const LOCAL: &str = "UID=1000\nREMOTE=0\nREMOTE_HOST=\nSEAT=seat0\n";

fn remote(id: &str, host: Option<&str>) -> RemoteSession {
    RemoteSession { id: id.into(), host: host.map(str::to_owned) }
}

#[test]
fn logind_tells_of_the_session_in_the_control_group() {
    let sessions = [("3", REMOTE), ("4", LOCAL), ("c1", "REMOTE=1\n")];
    for (cgroup, expected) in [
        (IN_3, Some(remote("3", Some("192.0.2.7")))),
        ("0::/user.slice/user-1000.slice/session-4.scope\n", None),
        ("0::/user.slice/user-1000.slice/session-c1.scope\n", Some(remote("c1", None))),
        // Below the scope, and in the older layout of control groups.
        ("0::/user.slice/user-1000.slice/session-3.scope/inner\n", Some(remote("3", Some("192.0.2.7")))),
        (
            "12:pids:/user.slice\n1:name=systemd:/user.slice/user-1000.slice/session-3.scope\n0::/user.slice\n",
            Some(remote("3", Some("192.0.2.7"))),
        ),
    ] {
        assert_eq!(machine(cgroup, &sessions).logind.remote_session(), Ok(expected), "{cgroup}");
    }
}

#[test]
fn what_a_user_may_name_is_not_believed() {
    for cgroup in [
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/session-3.scope\n",
        "0::/user.slice/user-1000.slice/user@1000.service/session-3.scope\n",
        "0::/system.slice/sshd.service\n",
        "3:cpu:/session-3.scope\n",
        "0::/user.slice/session-..scope\n",
        "0::/user.slice/session-.scope\n",
        "0::/user.slice/session-a b.scope\n",
        "0::/\n",
        "",
        "nonsense",
        "0::",
    ] {
        let sessions = [("3", REMOTE), ("a b", REMOTE)];
        assert_eq!(machine(cgroup, &sessions).logind.remote_session(), Ok(None), "{cgroup:?}");
    }
    assert!(!is_id(&"9".repeat(MAX_ID + 1)) && is_id(&"9".repeat(MAX_ID)));
    assert!(!is_id("..") && !is_id("a/b") && !is_id(""));
}

#[test]
fn without_a_scope_the_audit_session_counts() {
    let machine = machine("0::/\n", &[("7", REMOTE), (NO_AUDIT_SESSION, REMOTE)]);
    let audit = machine.logind.process.join("sessionid");
    for (text, expected) in [
        ("7", Some(remote("7", Some("192.0.2.7")))),
        ("7\n", Some(remote("7", Some("192.0.2.7")))),
        ("8", None),
        (NO_AUDIT_SESSION, None),
        ("../sessions/7", None),
        ("", None),
    ] {
        fs::write(&audit, text).unwrap();
        assert_eq!(machine.logind.remote_session(), Ok(expected), "{text:?}");
    }
}

/// No logind, or a session that it does not know: no opinion. Something in the place of its file: the session may be a remote one, and
/// nobody waits.
#[test]
fn only_a_file_of_the_right_owner_counts() {
    let mut machine = machine(IN_3, &[]);
    let file = machine.logind.sessions.join("3");
    assert_eq!(machine.logind.remote_session(), Ok(None));

    let elsewhere = machine.folder.path().join("elsewhere");
    fs::write(&elsewhere, LOCAL).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert_eq!(machine.logind.remote_session(), Err(Errno::LOOP), "a link");
    fs::remove_file(&file).unwrap();

    rustix::fs::mknodat(rustix::fs::CWD, &file, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    assert_eq!(machine.logind.remote_session(), Err(Errno::PERM), "a pipe");
    fs::remove_file(&file).unwrap();

    fs::write(&file, "x".repeat(usize::try_from(MAX_FILE).unwrap()) + "\nREMOTE=1\n").unwrap();
    assert_eq!(machine.logind.remote_session(), Err(Errno::FBIG), "endless");

    fs::write(&file, REMOTE).unwrap();
    assert!(machine.logind.remote_session().unwrap().is_some());
    machine.logind.owner += 1;
    assert_eq!(machine.logind.remote_session(), Err(Errno::PERM), "somebody else's");
    fs::remove_dir_all(&machine.logind.sessions).unwrap();
    assert_eq!(machine.logind.remote_session(), Ok(None), "no logind");
}

/// Its groups are called like its sessions.
#[test]
fn elogind_tells_of_the_session_in_the_control_group() {
    for cgroup in ["0::/7\n", "3:cpu:/\n1:name=elogind:/7\n", "1:name=elogind:/7\n0::/\n"] {
        let expected = Some(remote("7", Some("192.0.2.7")));
        assert_eq!(machine(cgroup, &[("7", REMOTE)]).logind.remote_session(), Ok(expected), "{cgroup}");
    }
    for cgroup in ["0::/7/8\n", "0::/7.scope\n", "3:cpu:/7\n", "0::/lxc\n"] {
        assert_eq!(
            machine(cgroup, &[("7", REMOTE), ("8", REMOTE)]).logind.remote_session(),
            Ok(None),
            "{cgroup}"
        );
    }
}

/// A polkit agent that has connected and ended.
#[test]
fn of_a_process_that_is_gone_nothing_is_known() {
    let mut machine = machine(IN_3, &[("3", LOCAL)]);
    machine.logind.may_be_gone = true;
    assert_eq!(machine.logind.remote_session(), Ok(None));
    fs::remove_dir_all(&machine.logind.process).unwrap();
    assert_eq!(machine.logind.remote_session(), Err(Errno::SRCH));
}

#[test]
fn nothing_but_remote_1_is_remote() {
    for text in
        ["", "REMOTE=", "REMOTE=yes", "REMOTE_HOST=192.0.2.7", " REMOTE=1", "XREMOTE=1", "REMOTE=10", "\0"]
    {
        assert_eq!(machine(IN_3, &[("3", text)]).logind.remote_session(), Ok(None), "{text:?}");
    }
}

#[test]
fn what_cannot_be_read_is_not_taken_for_a_session_of_this_machine() {
    let machine = machine(IN_3, &[("3", "REMOTE=1")]);
    let group = machine.logind.process.join("cgroup");
    fs::remove_file(&group).unwrap();
    assert_eq!(machine.logind.remote_session(), Ok(None), "no /proc");
    // A folder can be opened, and not read.
    fs::create_dir(&group).unwrap();
    assert_eq!(machine.logind.remote_session(), Err(Errno::IO));
}
