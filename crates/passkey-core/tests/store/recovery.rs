//! Recovery codes: each works once, whoever comes first, and a failure to write is no sign-in.

use std::{os::unix::fs::symlink, sync::Barrier, time::Duration};

use ctap::Secret;
use passkey_core::{
    safe_file::SafeFileError,
    store::{
        StoreError,
        recovery::{Code, Codes, Reading, RedeemError, Redeemed},
    },
};

use super::*;

/// A moment so many seconds after the codes were made.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000_i64.saturating_add(second)).unwrap()
}

fn with_codes() -> (Machine, Store, Vec<Code>) {
    let machine = Machine::new();
    let store = machine.central();
    let (set, codes) = Codes::new(at(0)).unwrap();
    store.replace_codes(&machine.account, &set).unwrap();
    (machine, store, codes)
}

fn file(machine: &Machine) -> PathBuf {
    machine.path("lib/recovery/alice.toml")
}

fn text(machine: &Machine) -> String {
    fs::read_to_string(file(machine)).unwrap()
}

fn redeem(
    machine: &Machine,
    store: &Store,
    code: &Code,
    second: i64,
) -> Result<usize, (&'static str, Option<u64>)> {
    let seconds = |wait: Option<Duration>| wait.map(|wait| wait.as_secs());
    match store.redeem(&machine.account, code, at(second)) {
        Ok(redeemed) => Ok(Redeemed::left(&redeemed)),
        Err(RedeemError::Wrong { locked_for }) => Err(("wrong", seconds(locked_for))),
        Err(RedeemError::Used { locked_for }) => Err(("used", seconds(locked_for))),
        Err(RedeemError::Locked { wait }) => Err(("locked", seconds(Some(wait)))),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_files_are_for_root_and_nobody_else() {
    let (machine, store, codes) = with_codes();
    redeem(&machine, &store, &codes[0], 1).unwrap();
    assert_eq!(mode(&file(&machine)), 0o600);
    assert_eq!(mode(&machine.path("lib/recovery")), 0o700);
    assert_eq!(mode(&machine.path("lib")), 0o755, "users get through to what else is there");
    assert_eq!(owner(&file(&machine)).0, me());
    if is_root() {
        let refused = as_stranger(|| store.load_codes(&machine.account));
        assert!(refused.unwrap_err().is_not_permitted());
    }
}

/// Runs `action` without root's rights.
fn as_stranger<T: Send>(action: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // For this thread only, which ends here.
            let uid = rustix::process::Uid::from_raw(STRANGER);
            rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
            action()
        });
        thread.join().unwrap()
    })
}

#[test]
fn a_code_works_once() {
    let (machine, store, codes) = with_codes();
    for (index, code) in codes.iter().enumerate().rev() {
        assert_eq!(redeem(&machine, &store, code, 1), Ok(index));
        assert_eq!(redeem(&machine, &store, code, 2), Err(("used", None)));
    }
    let left = store.load_codes(&machine.account).unwrap().unwrap();
    assert_eq!((left.left(), left.total(), left.last_used()), (0, 10, Some(at(1))));
}

#[test]
fn a_code_is_read_from_what_was_typed() {
    let (machine, store, codes) = with_codes();
    let typed = String::from_utf8(codes[3].text().as_bytes().to_vec()).unwrap();
    let typed = Secret::new(typed.to_lowercase().replace('-', " ").into_bytes());
    let Reading::Code(code) = Code::read(&typed) else { panic!("no code") };
    assert_eq!(redeem(&machine, &store, &code, 1), Ok(9));
}

#[test]
fn after_five_wrong_ones_not_even_a_right_one_is_looked_at_for_a_while() {
    let (machine, store, codes) = with_codes();
    for _ in 0..4 {
        assert_eq!(redeem(&machine, &store, &Code::random().unwrap(), 10), Err(("wrong", None)));
    }
    assert_eq!(redeem(&machine, &store, &Code::random().unwrap(), 10), Err(("wrong", Some(60))));
    let before = text(&machine);
    assert!(before.contains("failures = 5") && before.contains("locked_until = "), "{before}");
    assert_eq!(redeem(&machine, &store, &codes[0], 11), Err(("locked", Some(59))));
    assert_eq!(text(&machine), before, "it was not looked at");
    // The next wrong one costs more; a right one makes up for all.
    assert_eq!(redeem(&machine, &store, &Code::random().unwrap(), 70), Err(("wrong", Some(120))));
    assert_eq!(redeem(&machine, &store, &codes[0], 189), Err(("locked", Some(1))));
    assert_eq!(redeem(&machine, &store, &codes[0], 190), Ok(9));
    assert!(text(&machine).contains("failures = 0"));
    assert_eq!(redeem(&machine, &store, &Code::random().unwrap(), 191), Err(("wrong", None)));
}

#[test]
fn a_clock_that_is_set_back_does_not_lock_the_owner_out() {
    let (machine, store, codes) = with_codes();
    for _ in 0..5 {
        let _ = redeem(&machine, &store, &Code::random().unwrap(), 1_000_000);
    }
    assert_eq!(redeem(&machine, &store, &codes[0], 0), Err(("locked", Some(60))));
    assert_eq!(redeem(&machine, &store, &codes[0], 59), Err(("locked", Some(1))));
    assert_eq!(redeem(&machine, &store, &codes[0], 60), Ok(9));
}

#[test]
fn of_several_who_come_at_once_with_the_same_code_one_gets_in() {
    let (machine, store, codes) = with_codes();
    let start = Barrier::new(4);
    let outcomes: Vec<Result<usize, _>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    redeem(&machine, &store, &codes[5], 1)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(9) | Err(("used", None)))), "{outcomes:?}");
}

#[test]
fn what_cannot_be_written_down_is_not_accepted() {
    let (machine, store, codes) = with_codes();
    let before = text(&machine);
    // A writer cannot get rid of a directory in the place of its temporary file, not even as root.
    fs::create_dir(machine.path("lib/recovery/.alice.toml.tmp")).unwrap();
    let refused = store.redeem(&machine.account, &codes[0], at(1));
    assert!(matches!(refused, Err(RedeemError::Store(StoreError::Write { .. }))), "{refused:?}");
    assert_eq!(text(&machine), before);
    fs::remove_dir(machine.path("lib/recovery/.alice.toml.tmp")).unwrap();
    assert_eq!(redeem(&machine, &store, &codes[0], 1), Ok(9));
    if is_root() {
        let refused = as_stranger(|| store.redeem(&machine.account, &codes[1], at(1)));
        assert!(
            matches!(&refused, Err(RedeemError::Store(error)) if error.is_not_permitted()),
            "{refused:?}"
        );
    }
}

#[test]
fn who_has_no_codes_redeems_none() {
    let (machine, store, codes) = with_codes();
    let bob = Account::from_entry(PasswdEntry { name: "bob".to_owned(), ..(*machine.account).clone() });
    assert!(store.load_codes(&bob).unwrap().is_none());
    assert!(matches!(store.redeem(&bob, &codes[0], at(1)), Err(RedeemError::NoCodes)));
    store.revoke_codes(&machine.account).unwrap();
    assert!(store.load_codes(&machine.account).unwrap().is_none());
    assert!(matches!(store.redeem(&machine.account, &codes[0], at(1)), Err(RedeemError::NoCodes)));
    store.revoke_codes(&machine.account).unwrap();
    for name in ["../alice", "", ".", "a/b"] {
        let nobody = Account::from_entry(PasswdEntry { name: name.to_owned(), ..(*machine.account).clone() });
        assert!(matches!(store.load_codes(&nobody), Err(StoreError::Account { .. })), "{name}");
    }
}

#[test]
fn new_codes_put_an_end_to_the_old_ones_and_to_their_lock() {
    let (machine, store, old) = with_codes();
    for _ in 0..5 {
        let _ = redeem(&machine, &store, &Code::random().unwrap(), 1);
    }
    let (set, new) = Codes::new(at(2)).unwrap();
    store.replace_codes(&machine.account, &set).unwrap();
    assert_eq!(redeem(&machine, &store, &old[0], 2), Err(("wrong", None)));
    assert_eq!(redeem(&machine, &store, &new[0], 2), Ok(9));
}

#[test]
fn a_file_that_others_could_have_made_proves_nothing() {
    type Mishap = fn(&Machine, &Path);
    let mishaps: [(&str, Mishap); 6] = [
        ("link", |machine, file| {
            fs::rename(file, machine.path("elsewhere")).unwrap();
            symlink(machine.path("elsewhere"), file).unwrap();
        }),
        ("second name", |machine, file| fs::hard_link(file, machine.path("elsewhere")).unwrap()),
        ("group may write", |_, file| fs::set_permissions(file, Permissions::from_mode(0o620)).unwrap()),
        ("open directory", |machine, _| {
            fs::set_permissions(machine.path("lib/recovery"), Permissions::from_mode(0o777)).unwrap();
        }),
        ("too long", |_, file| fs::write(file, "#".repeat(16 * 1024 + 1)).unwrap()),
        ("directory", |_, file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        }),
    ];
    for (what, mishap) in mishaps {
        let (machine, store, codes) = with_codes();
        mishap(&machine, &file(&machine));
        let refused = store.redeem(&machine.account, &codes[0], at(1));
        assert!(matches!(refused, Err(RedeemError::Store(StoreError::File(_)))), "{what}: {refused:?}");
        let refused = store.load_codes(&machine.account).unwrap_err();
        assert!(!matches!(refused, StoreError::File(SafeFileError::NotFound { .. })), "{what}");
    }
    for nonsense in ["", "version = 1\ncount = 0\n", "\0\0\0", "version = 1\ncount = 10\n[[code]]\n"] {
        let (machine, store, codes) = with_codes();
        fs::write(file(&machine), nonsense).unwrap();
        let refused = store.redeem(&machine.account, &codes[0], at(1));
        assert!(matches!(refused, Err(RedeemError::Store(StoreError::Malformed { .. }))), "{refused:?}");
    }
}
