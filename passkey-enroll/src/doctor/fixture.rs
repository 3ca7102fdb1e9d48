//! A machine's files in a folder, for the tests: all is well there until a test breaks something.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use passkey_core::account::{Account, PasswdEntry};
use passkey_core::config::Config;
use passkey_core::credential::{Credential, CredentialId, UserHandle};
use passkey_core::safe_file::Owner;
use passkey_core::store::{CredentialFile, Store};

use super::{Subject, examine};
use crate::doctor::elf;
use crate::doctor::finding::Finding;
use crate::doctor::machine::Machine;

/// Debian's.
const COMMON_AUTH: &str =
    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n";
/// The files of every machine; `ROOT` is the folder, `ID` the user and the group who run the tests.
const FILES: [(&str, &str); 10] = [
    (
        "etc/passkey/passkey.toml",
        "credential_files = [\"ROOT/etc/passkey/credentials/{user}.toml\"]\nstate_dir = \"ROOT/var/lib/passkey/state\"\nrecovery_dir = \"ROOT/var/lib/passkey/recovery\"\n\
         rp_id = \"machine.example\"\n",
    ),
    (
        "etc/passwd",
        "alice:x:ID:::/home/alice:/bin/bash\nbob:x:ID:::/home/bob:/bin/sh\nlp:x:7:7::/:/sbin/nologin\n",
    ),
    // Who runs the tests is a person, root too.
    ("etc/login.defs", "UID_MIN 100\n"),
    ("etc/shadow", "root:$6$x$y:1::::::\n"),
    ("etc/pam.d/common-auth", COMMON_AUTH),
    ("etc/pam.d/other", "auth required pam_deny.so\n"),
    ("etc/pam.d/sudo", "@include common-auth\nauth required pam_passkey.so\n"),
    ("usr/bin/udevadm", ""),
    ("usr/lib/udev/rules.d/60-fido-id.rules", "# rules\n"),
    ("usr/lib/udev/rules.d/70-uaccess.rules", "# rules\n"),
];
/// An entry of a credential file.
const PASSKEY: &str = include_str!("../../tests/command/blue.toml");

/// The machine.
pub(super) struct Fixture {
    root: tempfile::TempDir,
}

impl Fixture {
    /// sudo asks for a passkey, and alice and bob have two each.
    pub(super) fn healthy() -> Self {
        let fixture = Self { root: tempfile::tempdir().unwrap() };
        fixture.mode("", 0o755);
        let id = format!("{}:{}", rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        for (path, text) in FILES {
            let text = text.replace("ROOT", fixture.root.path().to_str().unwrap());
            fixture.put(path, text.replace("ID::", &format!("{id}:")));
        }
        for folder in ["sys/class/hidraw", "dev"] {
            fs::create_dir_all(fixture.path(folder)).unwrap();
        }
        let module = elf::module_for_tests();
        for name in ["pam_unix.so", "pam_passkey.so"] {
            fixture.put(&format!("usr/lib/machine/security/{name}"), &module);
        }
        fixture.enrol("alice", &["blue", "green"]);
        fixture.enrol("bob", &["red", "grey"]);
        fixture
    }

    /// Where the file at `path`, seen from the machine's root, is.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(path)
    }

    /// Writes a file, mode 0644.
    pub(super) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let full = self.path(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(&full, content).unwrap();
        self.mode(path, 0o644);
    }

    /// Writes to the end of a file.
    pub(super) fn append(&self, path: &str, text: &str) {
        let old = fs::read_to_string(self.path(path)).unwrap();
        self.put(path, old + text);
    }

    pub(super) fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(super) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// Leaves a user this passkey alone.
    pub(super) fn leave_only(&self, user: &str, name: &str) {
        self.remove(&format!("etc/passkey/credentials/{user}.toml"));
        self.enrol(user, &[name]);
    }

    /// Gives a user, who has none yet, passkeys of these names.
    pub(super) fn enrol(&self, user: &str, names: &[&str]) {
        let handle = UserHandle::new(format!("{user:*<32}").into_bytes()).unwrap();
        let added = Store::new(&self.config()).update_or_create(&account(user), &handle, |file| {
            names.iter().try_for_each(|name| file.add(passkey(name)))
        });
        added.unwrap();
    }

    /// The configuration.
    pub(super) fn config(&self) -> Config {
        let owner = Owner::RootOr(rustix::process::geteuid().as_raw());
        Config::read(&self.path("etc/passkey/passkey.toml"), owner).unwrap().unwrap()
    }

    /// The machine, as root sees it.
    pub(super) fn machine(&self) -> Machine {
        Machine::below(self.root.path())
    }

    /// The machine with alice at it.
    pub(super) fn subject(&self) -> Subject {
        Subject {
            machine: self.machine(),
            account: account("alice"),
            user_option: String::new(),
            config: Some(self.path("etc/passkey/passkey.toml")),
        }
    }

    /// What is found with alice at it and no key plugged in.
    pub(super) fn examine(&self) -> Vec<Finding> {
        let subject = Subject { config: None, ..self.subject() };
        examine(&subject, |_| Vec::new())
    }
}

/// Everybody has the ids of whoever runs the tests.
pub(super) fn account(name: &str) -> Account {
    Account::from_entry(PasswdEntry {
        name: name.to_owned(),
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        home: format!("/home/{name}").into(),
    })
}

/// A passkey of this name, with an id of its own.
pub(super) fn passkey(name: &str) -> Credential {
    let file = format!("version = 1\nuser_handle = \"CQkJCQkJCQkJCQkJCQkJCQ\"\n{PASSKEY}");
    let credential = CredentialFile::parse(&file).unwrap().credentials.remove(0);
    let id: Vec<u8> = name.bytes().cycle().take(16).collect();
    Credential { id: CredentialId::new(id).unwrap(), name: name.to_owned(), ..credential }
}
