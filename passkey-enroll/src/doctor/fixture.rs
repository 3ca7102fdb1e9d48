//! A machine's files in a directory, for the tests: everything is in order until a test breaks something.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use passkey_core::account::{Account, PasswdEntry, UserDatabase};
use passkey_core::config::Config;
use passkey_core::credential::{Credential, CredentialId, UserHandle};
use passkey_core::safe_file::Owner;
use passkey_core::store::{CredentialFile, Store};

use super::{Subject, examine};
use crate::doctor::finding::Finding;
use crate::doctor::machine::Machine;
use crate::doctor::people::has_password;
use crate::doctor::probe::Probe;
use crate::doctor::probe::access::{Access, Identity};
use crate::doctor::probe::module::Loading;
use crate::doctor::probe::units::{UnitAnswer, parse};
use crate::doctor::probe::users::{IdRange, Listing, PasswordState, User};

/// Debian's.
const COMMON_AUTH: &str =
    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n";
/// What stands for a module that loads.
pub(super) const MODULE: &str = "a module";
/// Where libpam looks for modules.
const MODULES: &str = "usr/lib/machine/security";
/// The files of every machine; `ROOT` is the folder, `GID` the group of the tests' user.
const FILES: [(&str, &str); 10] = [
    (
        "etc/passkey/passkey.toml",
        "credential_files = [\"ROOT/etc/passkey/credentials/{user}.toml\"]\nstate_dir = \"ROOT/var/lib/passkey/state\"\nrecovery_dir = \"ROOT/var/lib/passkey/recovery\"\n\
         rp_id = \"machine.example\"\n",
    ),
    (
        "etc/passwd",
        "alice:x:1000:GID::/home/alice:/bin/bash\nbob:x:1001:GID::/home/bob:/bin/sh\n\
         lp:x:7:7::/:/sbin/nologin\n",
    ),
    ("etc/login.defs", "UID_MIN 1000\n"),
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
        for (path, text) in FILES {
            let text = text.replace("ROOT", fixture.root.path().to_str().unwrap());
            fixture.put(path, text.replace("GID", &rustix::process::getegid().as_raw().to_string()));
        }
        for folder in ["sys/class/hidraw", "dev"] {
            fs::create_dir_all(fixture.path(folder)).unwrap();
        }
        for name in ["pam_unix.so", "pam_passkey.so"] {
            fixture.put(&format!("{MODULES}/{name}"), MODULE);
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

    /// What systemctl shows of a unit; nothing where it fails.
    pub(super) fn systemctl_shows(&self, unit: &str, text: &str) {
        self.put(&format!("systemctl/{unit}"), text);
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

/// The accounts of the machine, and any other, with an unused number.
pub(super) fn account(name: &str) -> Account {
    let uid = match name {
        "root" => 0,
        "alice" => 1000,
        "bob" => 1001,
        _ => 1999,
    };
    Account::from_entry(PasswdEntry {
        name: name.to_owned(),
        uid,
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

/// What other processes would find out, read from the machine's files.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    pub(super) fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    fn entries(&self) -> Vec<(PasswdEntry, String)> {
        let passwd = self.text("etc/passwd");
        let shell = |line: &str| line.split(':').nth(6).unwrap_or_default().to_owned();
        passwd.lines().filter_map(|line| Some((PasswdEntry::parse(line)?, shell(line)))).collect()
    }

    fn find(&self, is_meant: impl Fn(&PasswdEntry) -> bool) -> Option<Account> {
        // Those of a directory, which does not list its users.
        let directory = self.text("directory");
        let unlisted = directory.lines().filter_map(PasswdEntry::parse);
        let entries = self.entries().into_iter().map(|(entry, _)| entry).chain(unlisted);
        entries.filter(is_meant).map(Account::from_entry).next()
    }
}

impl Probe for Files {
    fn module_folder(&self) -> Option<PathBuf> {
        let folder = self.root.join(MODULES);
        folder.join("pam_unix.so").exists().then_some(folder)
    }

    fn load(&self, module: &Path) -> Loading {
        match fs::read_to_string(module).unwrap().as_str() {
            MODULE => Loading::Loads,
            "a library" => Loading::NotAModule,
            "cut short" => Loading::Kills(7),
            _ => Loading::Refused(format!("{}: invalid ELF header", module.display())),
        }
    }

    fn may_access(&self, user: &Identity, path: &Path, access: Access) -> Option<bool> {
        let permits = |path: &Path, wanted: u32| {
            let metadata = fs::metadata(path).ok()?;
            let shift = if metadata.gid() == user.gid { 3 } else { 0 };
            Some((metadata.mode() >> shift) & wanted == wanted)
        };
        let wanted = match access {
            Access::Read => 0o4,
            Access::ReadWrite => 0o6,
        };
        let below = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
        for folder in below {
            if !permits(folder, 0o1)? {
                return Some(false);
            }
        }
        permits(path, wanted)
    }

    fn users(&self, range: IdRange) -> Listing {
        let shadow = self.text("etc/shadow");
        let password = |entry: &PasswdEntry| {
            let is_known = shadow.lines().any(|line| line.starts_with(&format!("{}:", entry.name)));
            match (is_known, has_password(&shadow, &entry.name)) {
                (false, _) => PasswordState::Elsewhere,
                (true, true) => PasswordState::Usable,
                (true, false) => PasswordState::Locked,
            }
        };
        let users = self.entries().into_iter().map(|(entry, shell)| {
            let password = (entry.uid == 0 || !range.contains(entry.uid)).then(|| password(&entry));
            User::new(entry, &shell, password)
        });
        let incomplete = self.text("list_breaks_off");
        Listing { users: users.collect(), incomplete: (!incomplete.is_empty()).then_some(incomplete) }
    }

    fn database(&self) -> &dyn UserDatabase {
        self
    }

    fn unit(&self, name: &str) -> UnitAnswer {
        let path = self.root.join("systemctl").join(name);
        if path.exists() { parse(&fs::read_to_string(path).unwrap()) } else { UnitAnswer::None }
    }
}

impl UserDatabase for Files {
    fn by_name(&self, name: &str) -> io::Result<Option<Account>> {
        Ok(self.find(|entry| entry.name == name))
    }

    fn by_uid(&self, uid: u32) -> io::Result<Option<Account>> {
        Ok(self.find(|entry| entry.uid == uid))
    }

    fn passwd_file(&self) -> &Path {
        Path::new("/dev/null")
    }
}
