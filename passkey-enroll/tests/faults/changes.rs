use std::fs;
use std::process::{Command, Stdio};

use faults::{Call, Machine, USER};
use jiff::Timestamp;
use passkey_core::config::Config;
use passkey_core::store::{StateUpdate, Store};

const PROGRAM: &str = env!("CARGO_BIN_EXE_passkey-enroll");
const CREDENTIALS: &str = "/etc/passkey/credentials/nobody.toml";
const STATE: &str = "/var/lib/passkey/state/nobody.toml";
const CODES: &str = "/var/lib/passkey/recovery/nobody.toml";
/// What is imported: one passkey, and two that are there before.
const NEW_KEY: &str = "/run/passkey/new_key";
const OLD_KEYS: &str = "/run/passkey/old_keys";

/// A command that changes files.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) arguments: &'static [&'static str],
    /// What it replaces, the file that it is about first.
    pub(crate) files: &'static [&'static str],
    /// Once it has drawn its random bytes, it takes too long to fail at each call that changes nothing.
    pub(crate) is_slow: bool,
    /// Until it takes the lock it does what another of these does, and fails no call of it.
    pub(crate) begins_alike: bool,
}

pub(crate) const CHANGES: [Change; 6] = [
    Change {
        arguments: &["rename", "laptop", "desk"],
        files: &[CREDENTIALS],
        is_slow: false,
        begins_alike: false,
    },
    Change {
        arguments: &["disable", "--yes", "laptop"],
        files: &[CREDENTIALS],
        is_slow: false,
        begins_alike: true,
    },
    Change { arguments: &["enable", "spare"], files: &[CREDENTIALS], is_slow: false, begins_alike: true },
    Change {
        arguments: &["remove", "--yes", "laptop"],
        files: &[CREDENTIALS, STATE],
        is_slow: false,
        begins_alike: true,
    },
    Change {
        arguments: &["import", NEW_KEY, "--rp-id", "m.example"],
        files: &[CREDENTIALS],
        is_slow: false,
        begins_alike: false,
    },
    // Ten Argon2id hashes each time.
    Change { arguments: &["recovery", "new", "--yes"], files: &[CODES], is_slow: true, begins_alike: false },
];

/// Calls that touch files or the disk, or that a new file cannot do without.
const TRIED: [&str; 27] = [
    "open",
    "openat",
    "read",
    "pread64",
    "write",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "fsync",
    "fdatasync",
    "fchmod",
    "fchmodat",
    "fchown",
    "mkdir",
    "mkdirat",
    "flock",
    "ftruncate",
    "link",
    "linkat",
    "stat",
    "fstat",
    "statx",
    "newfstatat",
    "getdents64",
    "getrandom",
];

impl Change {
    /// The command's name.
    pub(crate) fn name(&self) -> &'static str {
        self.arguments.first().unwrap()
    }

    /// The file that it is about.
    pub(crate) fn file(&self) -> &'static str {
        self.files.first().unwrap()
    }

    pub(crate) fn command(&self) -> Command {
        command(self.arguments)
    }

    /// Whether this call is to fail.
    pub(crate) fn is_tried(&self, call: &Call, phase: Phase) -> bool {
        TRIED.contains(&call.name.as_str())
            && match phase {
                Phase::Before => true,
                Phase::Change => !self.is_slow || is_change(call),
                Phase::After => !self.is_slow || call.text.starts_with("write(1,"),
            }
    }
}

/// How far a command is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    /// It has not drawn all random bytes, which what is slow comes after.
    Before,
    /// It replaces the file.
    Change,
    /// The file is replaced, with its folder on the disk.
    After,
}

impl Phase {
    /// Of the call at `place`, where the last random bytes come at `random`, and the new file's name at `renamed`.
    pub(crate) fn of(place: usize, random: usize, renamed: usize) -> Self {
        if place <= random {
            Self::Before
        } else if place <= renamed.saturating_add(2) {
            // The folder is opened, and synced.
            Self::Change
        } else {
            Self::After
        }
    }
}

/// Whether the call changes something, or takes a lock.
pub(crate) fn is_change(call: &Call) -> bool {
    let reads = [
        "open",
        "openat",
        "read",
        "pread64",
        "stat",
        "fstat",
        "statx",
        "newfstatat",
        "getdents64",
        "getrandom",
    ];
    !reads.contains(&call.name.as_str()) || call.text.contains("O_CREAT")
}

/// Errors that the call may well return: each of them where it changes something, else one in turn.
pub(crate) fn errors_of(call: &Call) -> &'static [&'static str] {
    let errors: &[&str] = match call.name.as_str() {
        _ if call.text.contains("O_CREAT") => &["ENOSPC", "EACCES", "EROFS", "EMFILE"],
        "open" | "openat" => &["EIO", "EACCES", "EMFILE", "ENFILE", "EINTR"],
        "read" | "pread64" => &["EIO", "EINTR"],
        "write" => &["ENOSPC", "EIO", "EDQUOT", "EINTR"],
        "fsync" | "fdatasync" => &["EIO", "ENOSPC"],
        "rename" | "renameat" | "renameat2" => &["EIO", "ENOSPC", "EACCES"],
        "mkdir" | "mkdirat" | "link" | "linkat" => &["ENOSPC", "EACCES"],
        "fchmod" | "fchmodat" | "fchown" => &["EIO", "EPERM"],
        "flock" => &["ENOLCK", "EINTR"],
        "getrandom" => &["ENOSYS", "EAGAIN", "EINTR"],
        "getdents64" => &["EIO"],
        _ => &["EIO", "EACCES"],
    };
    let is_told = ["write(1,", "write(2,"].iter().any(|start| call.text.starts_with(start));
    if is_change(call) && !is_told {
        return errors;
    }
    let turn = call.nth.checked_rem(errors.len()).unwrap();
    errors.get(turn..=turn).unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--user", USER]).env_remove("SUDO_UID").stdin(Stdio::null());
    command
}

/// Gives the user three passkeys, one of them disabled, with their state, and recovery codes; and another user a passkey.
pub(crate) fn prepare(machine: &Machine) {
    // What they say of the services of this machine is not looked up there.
    machine.hide("/etc/pam.d");
    // libpam's lines about services that are looked at: once a dozen of them are unread, syslog(3) waits for a reader for ever.
    fs::remove_file("/dev/log").unwrap();
    fs::write("/etc/pam.d/sudo", "auth required pam_unix.so\n").unwrap();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/foreign/u2f_keys");
    let vectors = fs::read_to_string(vectors).unwrap();
    let entry = |start: &str| {
        let line = vectors.lines().find(|line| line.starts_with(start)).unwrap();
        let (_, keys) = line.split_once(':').unwrap();
        keys.split(':').next().unwrap().to_owned()
    };
    let (first, second, third) = (entry("alice:wXXf"), entry("bob:"), entry("alice:jWT9"));
    fs::write(OLD_KEYS, format!("{USER}:{first}:{second}\nroot:{first}\n")).unwrap();
    fs::write(NEW_KEY, format!("{USER}:{third}\n")).unwrap();
    run(&["import", OLD_KEYS, "--rp-id", "m.example"]);
    let output = Command::new(PROGRAM)
        .args(["import", OLD_KEYS, "--rp-id", "m.example", "--user", "root"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    run(&["rename", "From pam_u2f 2", "spare"]);
    run(&["disable", "spare"]);
    let store = Store::new(&Config::default());
    let account = Machine::account();
    let file = store.load(&account).unwrap().unwrap().file;
    let updated = store.update_state(&account, |state| {
        for credential in &file.credentials {
            state.record_success(&credential.id, 7, Timestamp::UNIX_EPOCH);
        }
    });
    assert_eq!(updated.unwrap(), StateUpdate::Written);
    run(&["recovery", "new"]);
}

fn run(arguments: &[&str]) {
    let output = command(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}
