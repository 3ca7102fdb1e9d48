//! A real [`Redeemed`] for tests, made in the only possible way: by a right recovery code.

use passkey_core::account::{Account, PasswdEntry};
use passkey_core::config::Config;
use passkey_core::store::Store;
use passkey_core::store::recovery::{Codes, Redeemed};
use passkey_core::time;

/// One that leaves its user with so many codes.
pub(crate) fn redeemed(left: usize) -> Redeemed {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(&Config { recovery_dir: dir.path().join("recovery"), ..Config::default() });
    let account = Account::from_entry(PasswdEntry {
        name: "alice".into(),
        uid: 1000,
        gid: 1000,
        home: "/home/alice".into(),
    });
    let (set, codes) = Codes::new(time::now()).unwrap();
    store.replace_codes(&account, &set).unwrap();
    let mut last = None;
    for code in codes.iter().skip(left) {
        last = Some(store.redeem(&account, code, time::now()).unwrap());
    }
    last.unwrap()
}
