//! Writers that are killed at any moment leave a file that is whole.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests stop at the first surprise"
)]

#[path = "shared/account.rs"]
mod account;
#[path = "shared/passkey.rs"]
mod passkey;
#[path = "shared/victim.rs"]
mod victim;

use std::path::Path;
use std::time::{Duration, Instant};

use passkey_core::config::Config;
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::store::{EditError, Store};
use tempfile::TempDir;

use account::account;
use passkey::passkey;

/// How many writers are killed.
const ROUNDS: u32 = 40;

fn store(dir: &Path) -> Store {
    let template = format!("{}/{{user}}.toml", dir.display());
    Store::new(&Config { credential_files: vec![template.parse().unwrap()], ..Config::default() })
}

fn handle() -> UserHandle {
    UserHandle::new(vec![1; 32]).unwrap()
}

/// Passkeys each of which says how many there are.
fn credentials(count: u8) -> Vec<Credential> {
    let one = |number: u8| passkey(&format!("{number} of {count}"), vec![number; 512]);
    (0..count).map(one).collect()
}

/// Not a test of its own: what the children of the test below run until they are killed.
#[test]
fn writer() {
    let Some(dir) = victim::place_of_work() else { return };
    let store = store(&dir);
    for count in (1..=40).cycle() {
        let written = store.update_or_create(&account("alice"), &handle(), |file| {
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
        .update_or_create(&account("alice"), &handle(), |file| {
            file.credentials = credentials(1);
            Ok::<_, EditError>(())
        })
        .unwrap();
    let mut counts = std::collections::BTreeSet::new();
    for round in 0..ROUNDS {
        let writer = victim::start("writer", dir.path());
        // Once it writes, read all the while, and kill a little later each time.
        let (found, start) = (whole(&store), Instant::now());
        while whole(&store) == found {
            assert!(start.elapsed() < Duration::from_secs(60), "the writer does not write");
        }
        let writing = Instant::now();
        while writing.elapsed() < Duration::from_micros(u64::from(round) * 500) {
            counts.insert(whole(&store));
        }
        victim::kill(writer);
        counts.insert(whole(&store));
    }
    assert!(counts.len() > 2, "the writers wrote next to nothing: {counts:?}");
    // The next writer finds no lock and no trouble.
    store.update(&account("alice"), |file| file.remove(&format!("0 of {}", whole(&store)))).unwrap();
}

/// How many passkeys there are, after a look at each.
fn whole(store: &Store) -> usize {
    let file = store.load(&account("alice")).unwrap().expect("the file is gone").file;
    let count = file.credentials.len();
    assert!(file.skipped.is_empty());
    for (number, credential) in file.credentials.iter().enumerate() {
        assert_eq!(credential.name, format!("{number} of {count}"));
    }
    count
}
