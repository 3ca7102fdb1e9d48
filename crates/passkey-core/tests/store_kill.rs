//! Writers that are killed at any moment leave a file that is whole.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests stop at the first surprise"
)]

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use ctap::{Aaguid, cose::PublicKey};
use passkey_core::{
    config::Config,
    credential::{Credential, CredentialId, UserHandle, UvCapability},
    store::{Account, EditError, Store},
};
use tempfile::TempDir;

/// Tells a writer where to write. Only this test's own children have it.
const WRITE_TO: &str = "STORE_KILL_TEST_DIRECTORY";
/// How many writers are killed.
const ROUNDS: u32 = 40;

fn account() -> Account {
    Account {
        name: "alice".to_owned(),
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        home: "/home/alice".into(),
    }
}

fn store(dir: &Path) -> Store {
    let template = format!("{}/{{user}}.toml", dir.display());
    Store::new(&Config { credential_files: vec![template.parse().unwrap()], ..Config::default() })
}

fn handle() -> UserHandle {
    UserHandle::new(vec![1; 32]).unwrap()
}

/// Passkeys each of which says how many there are.
fn credentials(count: u8) -> Vec<Credential> {
    let one = |number: u8| Credential {
        id: CredentialId::new(vec![number; 512]).unwrap(),
        name: format!("{number} of {count}"),
        rp_id: "host".to_owned(),
        public_key: PublicKey::EdDsa { x: [number; 32] },
        aaguid: Aaguid::ZERO,
        discoverable: false,
        user_verification: UvCapability::None,
        cred_protect: None,
        transports: Vec::new(),
        added: jiff::Timestamp::UNIX_EPOCH,
        enabled: true,
        attestation: None,
    };
    (0..count).map(one).collect()
}

/// Not a test of its own: what the children of the test below run until they are killed.
#[test]
fn writer() {
    let Some(dir) = env::var_os(WRITE_TO) else { return };
    let store = store(Path::new(&dir));
    for count in (1..=40).cycle() {
        let written = store.update_or_create(&account(), &handle(), |file| {
            file.credentials = credentials(count);
            Ok::<_, EditError>(())
        });
        written.unwrap();
    }
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_whole_file() {
    let dir = TempDir::new().unwrap();
    let store = store(dir.path());
    store
        .update_or_create(&account(), &handle(), |file| {
            file.credentials = credentials(1);
            Ok::<_, EditError>(())
        })
        .unwrap();
    let mut counts = std::collections::BTreeSet::new();
    for round in 0..ROUNDS {
        let mut writer = Command::new(env::current_exe().unwrap())
            .args(["--exact", "writer", "--quiet"])
            .env(WRITE_TO, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Once it writes, read all the while, and kill a little later each time.
        let (found, start) = (whole(&store), Instant::now());
        while whole(&store) == found {
            assert!(start.elapsed() < Duration::from_secs(60), "the writer does not write");
        }
        let writing = Instant::now();
        while writing.elapsed() < Duration::from_micros(u64::from(round) * 500) {
            counts.insert(whole(&store));
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        counts.insert(whole(&store));
    }
    assert!(counts.len() > 2, "the writers wrote next to nothing: {counts:?}");
    // The next writer finds no lock and no trouble.
    store.update(&account(), |file| file.remove(&format!("0 of {}", whole(&store)))).unwrap();
}

/// How many passkeys there are, after a look at each.
fn whole(store: &Store) -> usize {
    let file = store.load(&account()).unwrap().expect("the file is gone").file;
    let count = file.credentials.len();
    assert!(file.skipped.is_empty());
    for (number, credential) in file.credentials.iter().enumerate() {
        assert_eq!(credential.name, format!("{number} of {count}"));
    }
    count
}
