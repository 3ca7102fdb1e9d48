//! The store on a real file system: where files are looked for, what is refused, and what two writers do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

mod files;
#[path = "../../../../tests/shared/machine.rs"]
mod machine;
#[path = "../shared/passkey.rs"]
mod passkey;
mod record;
mod recovery;
mod refusals;

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use ctap::cose::PublicKey;
use jiff::Timestamp;
use passkey_core::{
    account::{Account, PasswdEntry},
    config::Config,
    credential::{Credential, CredentialId, UserHandle},
    store::Store,
};
use tempfile::TempDir;

use passkey::passkey;

/// Somebody who is not root, for tests that root runs.
const STRANGER: u32 = 12_345;

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn is_root() -> bool {
    me() == 0
}

fn credential(name: &str, id: u8) -> Credential {
    passkey(name, vec![id; 16])
}

fn handle(byte: u8) -> UserHandle {
    UserHandle::new(vec![byte; 32]).unwrap()
}

/// A machine with a central store and a home directory.
struct Machine {
    dir: TempDir,
    account: Account,
}

impl Machine {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        // The user has to get through to its home.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let home = dir.path().join("home/alice");
        fs::create_dir_all(&home).unwrap();
        let (uid, gid) =
            if is_root() { (STRANGER, STRANGER) } else { (me(), rustix::process::getegid().as_raw()) };
        chown(&home, Some(uid), Some(gid)).unwrap();
        let account = Account::from_entry(PasswdEntry { name: "alice".to_owned(), uid, gid, home });
        Self { dir, account }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// A store with these templates below the machine's directory; one that begins with `{home}` stays as it is.
    fn store(&self, templates: &[&str]) -> Store {
        let template = |text: &&str| {
            if text.starts_with("{home}") { text.parse() } else { self.path(text).to_str().unwrap().parse() }
        };
        Store::new(&Config {
            credential_files: templates.iter().map(|text| template(text).unwrap()).collect(),
            state_dir: self.path("state"),
            recovery_dir: self.path("lib/recovery"),
            ..Config::default()
        })
    }

    fn central(&self) -> Store {
        self.store(&["etc/{user}.toml"])
    }

    fn enrol(&self, store: &Store, name: &str, id: u8) {
        store.update_or_create(&self.account, &handle(1), |file| file.add(credential(name, id))).unwrap();
    }

    fn names(&self, store: &Store) -> Vec<String> {
        let loaded = store.load(&self.account).unwrap().unwrap();
        loaded.file.credentials.into_iter().map(|credential| credential.name).collect()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn owner(path: &Path) -> (u32, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}
