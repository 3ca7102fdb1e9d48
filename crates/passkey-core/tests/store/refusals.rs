//! What is refused, and what a process without root's rights can do.

use std::os::unix::fs::{lchown, symlink};

use passkey_core::{
    safe_file::SafeFileError,
    store::{StateUpdate, StoreError, UpdateError},
};

use super::*;

#[test]
fn a_file_that_cannot_be_used_is_never_passed_over_for_the_next() {
    let machine = Machine::new();
    let store = machine.store(&["etc/{user}.toml", "srv/{user}.toml"]);
    machine.enrol(&machine.store(&["srv/{user}.toml"]), "other", 1);
    fs::create_dir(machine.path("etc")).unwrap();
    fs::write(machine.path("etc/alice.toml"), "").unwrap();
    assert!(matches!(store.load(&machine.account), Err(StoreError::Malformed { .. })));
    let update = store.update(&machine.account, |file| file.remove("other"));
    assert!(matches!(update, Err(UpdateError::Store(StoreError::Malformed { .. }))));
}

/// What is done to the file, and the error that must follow. None of these may read as 'not enrolled'.
type Row = (&'static str, fn(&Machine, &Path), fn(&StoreError) -> bool);

const REFUSALS: &[Row] = &[
    ("empty", |_, file| fs::write(file, "").unwrap(), |error| matches!(error, StoreError::Malformed { .. })),
    (
        "no text",
        |_, file| fs::write(file, b"\xff\xfe").unwrap(),
        |error| matches!(error, StoreError::Malformed { .. }),
    ),
    (
        "zeroes",
        |_, file| fs::write(file, [0; 512]).unwrap(),
        |error| matches!(error, StoreError::Malformed { .. }),
    ),
    (
        "too long",
        |_, file| fs::write(file, "#".repeat(1024 * 1024 + 1)).unwrap(),
        |error| matches!(error, StoreError::File(SafeFileError::TooLarge { .. })),
    ),
    (
        "a link to another file",
        |machine, file| {
            fs::rename(file, machine.path("elsewhere")).unwrap();
            symlink(machine.path("elsewhere"), file).unwrap();
        },
        |error| matches!(error, StoreError::File(SafeFileError::Symlink { .. })),
    ),
    (
        "a link to nothing",
        |machine, file| {
            fs::remove_file(file).unwrap();
            symlink(machine.path("nothing"), file).unwrap();
        },
        |error| matches!(error, StoreError::File(SafeFileError::Symlink { .. })),
    ),
    (
        "a directory that a user has linked",
        |machine, file| {
            fs::rename(file.parent().unwrap(), machine.path("elsewhere")).unwrap();
            symlink(machine.path("elsewhere"), file.parent().unwrap()).unwrap();
            if is_root() {
                lchown(file.parent().unwrap(), Some(STRANGER), None).unwrap();
            }
        },
        |error| matches!(error, StoreError::File(SafeFileError::Symlink { .. })),
    ),
    (
        "writable by others",
        |_, file| fs::set_permissions(file, Permissions::from_mode(0o666)).unwrap(),
        |error| matches!(error, StoreError::File(SafeFileError::WritableByOthers { .. })),
    ),
    (
        "directory writable by others",
        |_, file| fs::set_permissions(file.parent().unwrap(), Permissions::from_mode(0o777)).unwrap(),
        |error| matches!(error, StoreError::File(SafeFileError::WritableByOthers { .. })),
    ),
    (
        "directory writable by others, file gone",
        |_, file| {
            fs::remove_file(file).unwrap();
            fs::set_permissions(file.parent().unwrap(), Permissions::from_mode(0o777)).unwrap();
        },
        |error| matches!(error, StoreError::File(SafeFileError::WritableByOthers { .. })),
    ),
    (
        "a second name",
        |machine, file| fs::hard_link(file, machine.path("second")).unwrap(),
        |error| matches!(error, StoreError::File(SafeFileError::HardLinked { .. })),
    ),
    (
        "a directory",
        |_, file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        },
        |error| matches!(error, StoreError::File(SafeFileError::NotRegular { .. })),
    ),
    (
        "a file where the directory should be",
        |_, file| {
            fs::remove_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file.parent().unwrap(), "").unwrap();
        },
        |error| matches!(error, StoreError::File(SafeFileError::NotDirectory { .. })),
    ),
];

#[test]
fn whatever_is_wrong_with_a_file_is_an_error_with_its_path() {
    for (what, spoil, expected) in REFUSALS {
        let machine = Machine::new();
        let store = machine.central();
        machine.enrol(&store, "blue", 1);
        spoil(&machine, &machine.path("etc/alice.toml"));
        let error = store.load(&machine.account).unwrap_err();
        assert!(expected(&error), "{what}: {error:?}");
        assert!(error.to_string().starts_with(machine.path("etc").to_str().unwrap()), "{what}: {error}");
        let change = store.update(&machine.account, |file| file.remove("blue"));
        assert!(matches!(&change, Err(UpdateError::Store(error)) if expected(error)), "{what}: {change:?}");
    }
}

#[test]
fn a_foreign_owner_is_refused() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    let error = if is_root() {
        chown(machine.path("etc/alice.toml"), Some(STRANGER + 1), None).unwrap();
        store.load(&machine.account).unwrap_err()
    } else {
        // Files of whoever runs the tests, read for somebody else.
        let other = Account::from_entry(PasswdEntry { uid: me() + 1, ..(*machine.account).clone() });
        store.load(&other).unwrap_err()
    };
    assert!(matches!(error, StoreError::File(SafeFileError::ForeignOwner { .. })), "{error:?}");
}

#[test]
fn hostile_names_reach_no_file() {
    let machine = Machine::new();
    let store = machine.central();
    for name in ["", ".", "..", "../alice", "a/b", "a\0b", ".alice", &"x".repeat(300)] {
        let account =
            Account::from_entry(PasswdEntry { name: name.to_owned(), ..(*machine.account).clone() });
        assert!(matches!(store.load(&account), Err(StoreError::Account { .. })), "{name:?}");
        assert!(matches!(store.load_state(&account), Err(StoreError::Account { .. })), "{name:?}");
        assert!(matches!(store.update_state(&account, |_| {}), Err(StoreError::Account { .. })), "{name:?}");
    }
    assert!(!machine.path("etc").exists() && !machine.path("state").exists());
}

/// A secret that only root can read, in the way of a user's own link to it (CVE-2019-12209 of another module).
#[test]
fn a_users_link_to_a_file_of_roots_shows_nothing_of_it() {
    for link in ["passkeys.toml", "dir/passkeys.toml"] {
        let machine = Machine::new();
        let secret = machine.path("secret");
        fs::create_dir(&secret).unwrap();
        fs::write(secret.join("passkeys.toml"), "root:$6$verysecret").unwrap();
        fs::set_permissions(&secret, Permissions::from_mode(0o700)).unwrap();
        if link.starts_with("dir") {
            symlink(&secret, machine.account.home.join("dir")).unwrap();
        } else {
            symlink(secret.join("passkeys.toml"), machine.account.home.join(link)).unwrap();
        }
        let error = machine.store(&[&format!("{{home}}/{link}")]).load(&machine.account).unwrap_err();
        assert!(matches!(error, StoreError::File(SafeFileError::Symlink { .. })), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("verysecret"));
    }
}

/// Homes in `/var/home` behind a link `/home`, as on image-based systems.
#[test]
fn a_home_behind_a_link_of_roots_is_a_home() {
    if !machine::has(is_root(), "root, for more than one user") {
        return;
    }
    let machine = Machine::new();
    fs::create_dir(machine.path("var")).unwrap();
    fs::rename(machine.path("home"), machine.path("var/home")).unwrap();
    symlink("var/home", machine.path("home")).unwrap();
    let store = machine.store(&["{home}/.config/passkey/credentials.toml"]);
    machine.enrol(&store, "blue", 1);
    assert_eq!(machine.names(&store), ["blue"]);
    assert_eq!(owner(&machine.path("var/home/alice/.config/passkey/credentials.toml")), (STRANGER, STRANGER));
}

#[test]
fn in_a_home_root_has_only_the_users_rights() {
    let machine = Machine::new();
    let store = machine.store(&["{home}/dir/passkeys.toml"]);
    let dir = machine.account.home.join("dir");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("passkeys.toml"), "root:$6$verysecret").unwrap();
    // Where root could read and the user cannot; whoever runs the tests otherwise is the user and closes its own file.
    fs::set_permissions(
        dir.join("passkeys.toml"),
        Permissions::from_mode(if is_root() { 0o600 } else { 0o000 }),
    )
    .unwrap();
    let error = store.load(&machine.account).unwrap_err();
    assert!(matches!(error, StoreError::File(SafeFileError::Denied { .. })), "{error:?}");
    assert!(error.is_not_permitted());
    assert!(!format!("{error} {error:?}").contains("verysecret"));
}

#[test]
fn a_file_cut_anywhere_never_reads_as_not_enrolled() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    machine.enrol(&store, "red", 2);
    let path = machine.path("etc/alice.toml");
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        match store.load(&machine.account) {
            Ok(None) => panic!("{end}: not enrolled"),
            Ok(Some(loaded)) => assert!(!loaded.file.is_unenrolled(), "{end}"),
            Err(StoreError::Malformed { .. }) => {}
            Err(error) => panic!("{end}: {error}"),
        }
    }
}

#[test]
fn without_a_place_nothing_is_not_enrolled() {
    let machine = Machine::new();
    let store = machine.store(&[]);
    assert!(matches!(store.load(&machine.account), Err(StoreError::NoPlace)));
}

/// Runs `action` as whoever a screen locker runs as: the user itself.
pub(crate) fn as_the_user<T: Send>(account: &Account, action: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let lock_screen = scope.spawn(|| {
            if is_root() {
                // Only this thread becomes the user, and for good.
                let (uid, gid) = (
                    rustix::process::Uid::from_raw(account.uid),
                    rustix::process::Gid::from_raw(account.gid),
                );
                rustix::thread::set_thread_groups(&[]).unwrap();
                rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
                rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
            }
            action()
        });
        lock_screen.join().unwrap()
    })
}

#[test]
fn a_locker_that_runs_as_the_user_reads_everything_and_holds_back_what_it_cannot_write() {
    let machine = Machine::new();
    let store = machine.central();
    let id = CredentialId::new(vec![7; 16]).unwrap();
    machine.enrol(&store, "blue", 1);
    let _ = store
        .update_state(&machine.account, |state| state.record_success(&id, 5, Timestamp::UNIX_EPOCH))
        .unwrap();
    if !is_root() {
        // What root owns on a real machine is closed to the user.
        fs::set_permissions(machine.path("etc"), Permissions::from_mode(0o555)).unwrap();
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o555)).unwrap();
        fs::set_permissions(machine.path("etc/.alice.toml.lock"), Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(machine.path("state/.alice.toml.lock"), Permissions::from_mode(0o000)).unwrap();
    }
    as_the_user(&machine.account, || {
        assert_eq!(machine.names(&store), ["blue"]);
        assert_eq!(store.load_state(&machine.account).unwrap().sign_count(&id), Some(5));
        let update =
            store.update_state(&machine.account, |state| state.record_success(&id, 6, Timestamp::UNIX_EPOCH));
        assert_eq!(update.unwrap(), StateUpdate::HeldBack);
        let change = store.update(&machine.account, |file| file.remove("blue"));
        assert!(matches!(&change, Err(UpdateError::Store(error)) if error.is_not_permitted()), "{change:?}");
    });
    assert_eq!(machine.names(&store), ["blue"]);
    assert_eq!(store.load_state(&machine.account).unwrap().sign_count(&id), Some(5));
    if !is_root() {
        fs::set_permissions(machine.path("etc"), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_file_that_is_closed_to_us_is_an_error_and_not_its_absence() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    for (closed, bits) in [("etc/alice.toml", 0o000), ("etc", 0o600)] {
        let path = machine.path(closed);
        let before = mode(&path);
        fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
        as_the_user(&machine.account, || {
            let error = store.load(&machine.account).unwrap_err();
            assert!(matches!(error, StoreError::File(SafeFileError::Denied { .. })), "{closed}: {error:?}");
        });
        fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
    }
}
