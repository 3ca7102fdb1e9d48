//! What a sign-in and `passkey-enroll list` read costs the same however many users there are:
//! `cargo bench -p passkey-core --bench many_users`.
//!
//! A million small files take a minute and some 4 GB of disk below `$TMPDIR`.
#![allow(missing_docs, clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/shared/account.rs"]
mod account;
#[path = "../tests/shared/passkey.rs"]
mod passkey;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use passkey_core::account::Account;
use passkey_core::config::Config;
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::store::{CredentialFile, Store};
use tempfile::TempDir;

use account::account;
use passkey::passkey;

/// How often each figure is taken; the median is shown.
const ROUNDS: usize = 501;

fn main() {
    println!(
        "{:>10} {:>10} {:>16} {:>16} {:>16}",
        "users", "passkeys", "load", "load state", "user of handle"
    );
    for (users, passkeys) in [(1_000, 2), (1_000_000, 2), (1_000, 200)] {
        let dir = TempDir::new().unwrap();
        let store = store(dir.path());
        let account = populate(dir.path(), &store, users, passkeys);
        let handle = store.load(&account).unwrap().unwrap().file.user_handle;
        let load =
            median(|| assert_eq!(store.load(&account).unwrap().unwrap().file.credentials.len(), passkeys));
        let state = median(|| drop(store.load_state(&account).unwrap()));
        let lookup =
            median(|| assert_eq!(store.user_of_handle(&handle).unwrap(), Some(account.name.clone())));
        println!("{users:>10} {passkeys:>10} {load:>16.1?} {state:>16.1?} {lookup:>16.1?}");
    }
}

fn store(dir: &Path) -> Store {
    let template = format!("{}/credentials/{{user}}.toml", dir.display());
    Store::new(&Config {
        credential_files: vec![template.parse().unwrap()],
        state_dir: dir.join("state"),
        ..Config::default()
    })
}

/// So many files, and the user in the middle of them, who has enrolled by way of the store.
fn populate(dir: &Path, store: &Store, users: usize, passkeys: usize) -> Account {
    let account = account(&format!("user{}", users / 2));
    store
        .update_or_create(&account, &handle(), |file| {
            file.credentials = credentials(passkeys);
            Ok::<_, ()>(())
        })
        .unwrap();
    let mut other = CredentialFile::new(handle());
    other.credentials = credentials(2);
    let text = other.encode();
    for user in (0..users).filter(|user| *user != users / 2) {
        fs::write(dir.join(format!("credentials/user{user}.toml")), &text).unwrap();
    }
    account
}

fn handle() -> UserHandle {
    UserHandle::new(vec![7; 32]).unwrap()
}

fn credentials(count: usize) -> Vec<Credential> {
    let one =
        |number: usize| passkey(&format!("key {number}"), [&number.to_be_bytes()[..], &[1; 56]].concat());
    (0..count).map(one).collect()
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}
