//! A host may be started with a limit on the size of files (`ulimit -f 0; su`). The kernel ends a process that writes beyond it
//! with SIGXFSZ; the store fails with an error instead, and what was on the disk stays.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

#[path = "shared/account.rs"]
mod account;
#[path = "shared/passkey.rs"]
mod passkey;

use std::env;
use std::fmt::Debug;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use passkey_core::config::Config;
use passkey_core::credential::{CredentialId, UserHandle};
use passkey_core::store::recovery::{Code, Codes, RedeemError};
use passkey_core::store::{Store, StoreError, UpdateError};
use rustix::process::{Resource, Rlimit, setrlimit};
use tempfile::TempDir;

use account::account;
use passkey::passkey;

/// Tells a limited process where to work. Only the test's own child has it.
const WORK_IN: &str = "LIMIT_TEST_DIRECTORY";

fn store(dir: &Path) -> Store {
    let template = format!("{}/etc/{{user}}.toml", dir.display());
    Store::new(&Config {
        credential_files: vec![template.parse().unwrap()],
        state_dir: dir.join("state"),
        recovery_dir: dir.join("lib/recovery"),
        ..Config::default()
    })
}

fn handle() -> UserHandle {
    UserHandle::new(vec![1; 32]).unwrap()
}

fn id() -> CredentialId {
    CredentialId::new(vec![1; 16]).unwrap()
}

fn prepare(store: &Store) {
    let alice = account("alice");
    store.update_or_create(&alice, &handle(), |file| file.add(passkey("blue", vec![1; 16]))).unwrap();
    let _ =
        store.update_state(&alice, |state| state.record_success(&id(), 5, Timestamp::UNIX_EPOCH)).unwrap();
    let (codes, _) = Codes::new(Timestamp::UNIX_EPOCH).unwrap();
    store.replace_codes(&alice, &codes).unwrap();
}

fn assert_too_large<T: Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Write { error, .. }) => assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{error}"),
        other => panic!("{other:?}"),
    }
}

fn store_error<T, E: Debug>(result: Result<T, UpdateError<E>>) -> Result<T, StoreError> {
    result.map_err(|error| match error {
        UpdateError::Store(error) => error,
        UpdateError::Change(error) => panic!("{error:?}"),
    })
}

/// Not a test of its own: what the child of the test below runs.
#[test]
fn limited_writer() {
    let Some(dir) = env::var_os(WORK_IN).map(PathBuf::from) else { return };
    let (store, alice, bob) = (store(&dir), account("alice"), account("bob"));
    // Nothing at all, the first bytes, and the most that is too little for any of these.
    for limit in [0, 10, 100] {
        setrlimit(Resource::Fsize, Rlimit { current: Some(limit), maximum: None }).unwrap();
        assert_too_large(store.update_state(&alice, |state| {
            state.record_success(&id(), 6, Timestamp::UNIX_EPOCH);
        }));
        assert_too_large(store_error(store.update(&alice, |file| file.rename("blue", "red"))));
        assert_too_large(store_error(
            store.update_or_create(&bob, &handle(), |file| file.add(passkey("blue", vec![2; 16]))),
        ));
        match store.redeem(&alice, &Code::random().unwrap(), Timestamp::UNIX_EPOCH) {
            Err(RedeemError::Store(error)) => assert_too_large(Err::<(), _>(error)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_never_a_signal() {
    let dir = TempDir::new().unwrap();
    let store = store(dir.path());
    prepare(&store);
    // Its words go through pipes, which have no size.
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "limited_writer", "--nocapture"])
        .env(WORK_IN, dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    let alice = account("alice");
    assert_eq!(store.load_state(&alice).unwrap().sign_count(&id()), Some(5));
    assert!(store.load(&alice).unwrap().unwrap().file.named("blue").is_some());
    assert!(store.load(&account("bob")).unwrap().is_none());
    assert_eq!(store.load_codes(&alice).unwrap().unwrap().failures(), 0);
    let names = std::fs::read_dir(dir.path().join("state")).unwrap();
    let left: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}
