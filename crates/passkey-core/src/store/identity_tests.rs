use std::path::PathBuf;

use rustix::process::{getegid, geteuid, getgroups, getuid};

use super::*;
use crate::account::PasswdEntry;

const UID: u32 = 12_345;
const GID: u32 = 23_456;

fn account(uid: u32) -> Account {
    Account::from_entry(PasswdEntry {
        name: "alice".to_owned(),
        uid,
        gid: GID,
        home: PathBuf::from("/home/alice"),
    })
}

type Identity = (u32, u32, u32, Vec<u32>);

fn identity() -> Identity {
    let groups = getgroups().unwrap().iter().map(|gid| gid.as_raw()).collect();
    (getuid().as_raw(), geteuid().as_raw(), getegid().as_raw(), groups)
}

/// Whoever runs the tests, this is who acts for `account(uid)`.
fn acting(uid: u32) -> Identity {
    let (real, effective, gid, groups) = identity();
    if effective == 0 && uid != 0 { (real, uid, GID, vec![GID]) } else { (real, effective, gid, groups) }
}

#[test]
fn root_acts_as_the_user_and_is_itself_again() {
    for uid in [UID, 0] {
        let before = identity();
        let inside = as_user(&account(uid), || Ok(identity())).unwrap();
        assert_eq!(inside, acting(uid));
        assert_eq!(identity(), before);
    }
}

#[test]
fn the_way_back_is_found_from_an_error_and_from_a_panic() {
    let before = identity();
    let result: Result<(), _> = as_user(&account(UID), || Err(StoreError::NoPlace));
    assert!(matches!(result, Err(StoreError::NoPlace)));
    assert_eq!(identity(), before);

    let panicked =
        std::panic::catch_unwind(|| as_user(&account(UID), || -> Result<(), _> { panic!("on purpose") }));
    assert!(panicked.is_err());
    assert_eq!(identity(), before);
}

#[test]
fn other_threads_stay_who_they_are() {
    let before = identity();
    let elsewhere =
        as_user(&account(UID), || Ok(std::thread::scope(|scope| scope.spawn(identity).join().unwrap())))
            .unwrap();
    // A thread inherits from the one that starts it; one that ran already does not change.
    assert_eq!(elsewhere, acting(UID));
    let (ask, asked) = std::sync::mpsc::channel::<()>();
    let (answer, answered) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            asked.recv().unwrap();
            answer.send(identity()).unwrap();
        });
        as_user(&account(UID), || {
            ask.send(()).unwrap();
            assert_eq!(answered.recv().unwrap(), before);
            Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_process_stays_dumpable() {
    let before = rustix::process::dumpable_behavior().unwrap();
    as_user(&account(UID), || Ok(())).unwrap();
    assert_eq!(rustix::process::dumpable_behavior().unwrap(), before);
}

#[test]
fn an_identity_that_cannot_be_taken_on_runs_nothing() {
    // The largest id is the kernel's word for 'no change', which would leave root in place.
    let mut ran = false;
    let result = as_user(&account(u32::MAX), || {
        ran = true;
        Ok(())
    });
    if geteuid().is_root() {
        assert!(matches!(result, Err(StoreError::Identity(_))), "{result:?}");
        assert!(!ran);
        assert!(geteuid().is_root());
    } else {
        assert!(ran);
    }
}
