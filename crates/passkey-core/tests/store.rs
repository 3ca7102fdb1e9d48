//! The store on a real file system: where files are looked for, what is refused, and what two writers do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
};

use ctap::{Aaguid, cose::PublicKey};
use jiff::Timestamp;
use passkey_core::{
    config::Config,
    credential::{Credential, CredentialId, UserHandle, UvCapability},
    safe_file::SafeFileError,
    store::{Account, CredentialFile, EditError, EntryError, StateUpdate, Store, StoreError, UpdateError},
};
use tempfile::TempDir;

/// Somebody who is not root, for tests that root runs.
const STRANGER: u32 = 12_345;

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn is_root() -> bool {
    me() == 0
}

fn credential(name: &str, id: u8) -> Credential {
    Credential {
        id: CredentialId::new(vec![id; 16]).unwrap(),
        name: name.to_owned(),
        rp_id: "host".to_owned(),
        public_key: PublicKey::EdDsa { x: [id; 32] },
        aaguid: Aaguid::ZERO,
        discoverable: false,
        user_verification: UvCapability::Pin,
        cred_protect: None,
        transports: vec!["usb".to_owned()],
        added: Timestamp::UNIX_EPOCH,
        enabled: true,
        attestation: None,
    }
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
        let account = Account { name: "alice".to_owned(), uid, gid, home };
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

#[test]
fn a_user_without_a_file_has_none_and_gets_one_by_enrolling() {
    let machine = Machine::new();
    let store = machine.central();
    assert_eq!(store.load(&machine.account).unwrap(), None);
    assert!(matches!(
        store.update(&machine.account, |file| file.remove("blue")),
        Err(UpdateError::Store(StoreError::NotEnrolled { path })) if path == machine.path("etc/alice.toml")
    ));
    assert!(!machine.path("etc").exists());

    machine.enrol(&store, "blue", 1);
    machine.enrol(&store, "red", 2);
    let loaded = store.load(&machine.account).unwrap().unwrap();
    assert_eq!(loaded.path, machine.path("etc/alice.toml"));
    assert_eq!(loaded.file.credentials, [credential("blue", 1), credential("red", 2)]);
    assert_eq!(loaded.file.user_handle, handle(1));

    store.update(&machine.account, |file| file.rename("blue", "azure")).unwrap();
    store.update(&machine.account, |file| file.remove("red")).unwrap();
    assert_eq!(machine.names(&store), ["azure"]);
}

#[test]
fn the_handle_of_a_file_that_exists_stays() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    let kept = store
        .update_or_create(&machine.account, &handle(2), |file| Ok::<_, EditError>(file.user_handle.clone()))
        .unwrap();
    assert_eq!(kept, handle(1));
    assert_eq!(store.load(&machine.account).unwrap().unwrap().file.user_handle, handle(1));
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    let before = fs::read(machine.path("etc/alice.toml")).unwrap();
    let result = store.update(&machine.account, |file| {
        file.credentials.clear();
        file.remove("blue")
    });
    assert!(matches!(result, Err(UpdateError::Change(EditError::NoSuchName))));
    assert_eq!(fs::read(machine.path("etc/alice.toml")).unwrap(), before);
}

#[test]
fn what_would_not_read_back_is_not_written() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    for spoil in [
        (|credential| credential.name = "a\nb".to_owned()) as fn(&mut Credential),
        |credential| credential.rp_id = String::new(),
        |credential| credential.transports = vec![String::new()],
        |credential| credential.cred_protect = Some(9),
    ] {
        let result = store.update(&machine.account, |file| {
            file.credentials.iter_mut().for_each(spoil);
            Ok::<_, EditError>(())
        });
        assert!(matches!(result, Err(UpdateError::Store(StoreError::Unwritable { .. }))), "{result:?}");
    }
    assert_eq!(machine.names(&store), ["blue"]);
}

#[test]
fn central_files_are_for_root_to_write_and_for_the_users_group_to_read() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    let _ = store.update_state(&machine.account, |_| {}).unwrap();
    for file in ["etc/alice.toml", "state/alice.toml"] {
        let path = machine.path(file);
        assert_eq!(mode(&path), 0o640, "{file}");
        assert_eq!(owner(&path), (me(), machine.account.gid), "{file}");
        assert_eq!(mode(path.parent().unwrap()), 0o755, "{file}");
    }
}

#[test]
fn files_in_a_home_are_the_users_own() {
    let machine = Machine::new();
    let store = machine.store(&["{home}/.config/passkey/credentials.toml"]);
    assert_eq!(store.load(&machine.account).unwrap(), None);
    machine.enrol(&store, "blue", 1);
    assert_eq!(machine.names(&store), ["blue"]);
    let ids = (machine.account.uid, machine.account.gid);
    for (below, bits) in [("", 0o700), ("passkey", 0o700), ("passkey/credentials.toml", 0o600)] {
        let path = machine.account.home.join(".config").join(below);
        assert_eq!((mode(&path), owner(&path)), (bits, ids), "{below}");
    }
    assert_eq!(me(), rustix::process::geteuid().as_raw());
}

#[test]
fn templates_are_looked_at_in_their_order() {
    let machine = Machine::new();
    let store = machine.store(&["etc/{user}.toml", "{home}/passkeys.toml", "srv/{uid}/keys"]);
    let last = machine.store(&["srv/{uid}/keys"]);
    machine.enrol(&last, "last", 1);
    assert_eq!(machine.names(&store), ["last"]);
    // Changes go where the file is.
    machine.enrol(&store, "more", 2);
    assert_eq!(machine.names(&last), ["last", "more"]);

    let second = machine.store(&["{home}/passkeys.toml"]);
    machine.enrol(&second, "second", 3);
    assert_eq!(machine.names(&store), ["second"]);
    machine.enrol(&machine.central(), "first", 4);
    assert_eq!(machine.names(&store), ["first"]);
}

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
        "a linked directory",
        |machine, file| {
            fs::rename(file.parent().unwrap(), machine.path("elsewhere")).unwrap();
            symlink(machine.path("elsewhere"), file.parent().unwrap()).unwrap();
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
    if is_root() {
        chown(machine.path("etc/alice.toml"), Some(STRANGER + 1), None).unwrap();
    } else {
        // Files of whoever runs the tests, read for somebody else.
        let other = Account { uid: me() + 1, ..machine.account.clone() };
        assert!(matches!(store.load(&other), Err(StoreError::File(SafeFileError::ForeignOwner { .. }))));
        return;
    }
    let error = store.load(&machine.account).unwrap_err();
    assert!(matches!(error, StoreError::File(SafeFileError::ForeignOwner { .. })), "{error:?}");
}

#[test]
fn hostile_names_reach_no_file() {
    let machine = Machine::new();
    let store = machine.central();
    for name in ["", ".", "..", "../alice", "a/b", "a\0b", ".alice", &"x".repeat(300)] {
        let account = Account { name: name.to_owned(), ..machine.account.clone() };
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
fn damaged_entries_outlive_changes() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    machine.enrol(&store, "red", 2);
    let path = machine.path("etc/alice.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("discoverable = false", "discoverable = maybe", 1)).unwrap();
    assert!(matches!(store.load(&machine.account), Err(StoreError::Malformed { .. })), "that is no TOML");

    fs::write(&path, text.replacen("discoverable = false", "discoverable = \"maybe\" # by hand", 1)).unwrap();
    machine.enrol(&store, "green", 3);
    let loaded = store.load(&machine.account).unwrap().unwrap();
    assert_eq!(loaded.file.skipped.len(), 1);
    assert_eq!(loaded.file.skipped[0].reason, EntryError::BadValue("discoverable"));
    assert_eq!(machine.names(&store), ["red", "green"]);
    // Repaired by hand, nothing was lost.
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("discoverable = \"maybe\" # by hand", "discoverable = false", 1)).unwrap();
    assert_eq!(machine.names(&store), ["red", "green", "blue"]);
}

#[test]
fn a_full_file_is_left_as_it_was() {
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    let result = store.update(&machine.account, |file: &mut CredentialFile| {
        for number in 0..400u32 {
            let mut id = vec![0xff; 1023];
            id[..4].copy_from_slice(&number.to_be_bytes());
            let rsa = PublicKey::Rs256 { n: vec![0xff; 1024], e: vec![1, 0, 1] };
            file.add(Credential {
                id: CredentialId::new(id).unwrap(),
                public_key: rsa,
                ..credential(&format!("key {number}"), 0)
            })?;
        }
        Ok::<_, EditError>(())
    });
    assert!(matches!(result, Err(UpdateError::Store(StoreError::Full { .. }))), "{result:?}");
    assert_eq!(machine.names(&store), ["blue"]);
}

#[test]
fn two_writers_at_once_keep_both() {
    let machine = Machine::new();
    let store = machine.central();
    let state_id = CredentialId::new(vec![7; 16]).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4u8 {
            let (machine, store, state_id) = (&machine, &store, &state_id);
            scope.spawn(move || {
                for number in 0..8 {
                    machine.enrol(store, &format!("{writer}-{number}"), writer * 8 + number);
                    let now = Timestamp::UNIX_EPOCH;
                    let update =
                        store.update_state(&machine.account, |state| state.record_failure(state_id, now));
                    assert_eq!(update.unwrap(), StateUpdate::Written);
                }
            });
        }
    });
    assert_eq!(machine.names(&store).len(), 32);
    assert_eq!(store.load_state(&machine.account).unwrap().credential(&state_id).unwrap().failures, 32);
}

#[test]
fn state_is_empty_at_first_and_kept_from_then_on() {
    let machine = Machine::new();
    let store = machine.central();
    let id = CredentialId::new(vec![7; 16]).unwrap();
    assert_eq!(store.load_state(&machine.account).unwrap().sign_count(&id), None);
    let update =
        store.update_state(&machine.account, |state| state.record_success(&id, 5, Timestamp::UNIX_EPOCH));
    assert_eq!(update.unwrap(), StateUpdate::Written);
    assert_eq!(store.load_state(&machine.account).unwrap().sign_count(&id), Some(5));

    fs::write(machine.path("state/alice.toml"), "version = 1\n").unwrap();
    assert!(matches!(store.load_state(&machine.account), Err(StoreError::Malformed { .. })));
    assert!(matches!(store.update_state(&machine.account, |_| {}), Err(StoreError::Malformed { .. })));
}

#[test]
fn a_user_is_found_by_the_handle_of_its_passkeys() {
    let machine = Machine::new();
    let store = machine.central();
    assert_eq!(store.user_of_handle(&handle(1)).unwrap(), None);
    machine.enrol(&store, "blue", 1);
    let bob = Account { name: "bob".to_owned(), ..machine.account.clone() };
    store.update_or_create(&bob, &handle(2), |file| file.add(credential("red", 2))).unwrap();
    assert_eq!(store.user_of_handle(&handle(1)).unwrap().as_deref(), Some("alice"));
    assert_eq!(store.user_of_handle(&handle(2)).unwrap().as_deref(), Some("bob"));
    assert_eq!(store.user_of_handle(&handle(3)).unwrap(), None);
    assert_eq!(mode(&machine.path("etc/.handles")), 0o700);

    // Whatever got in there, only a user name comes out.
    for entry in fs::read_dir(machine.path("etc/.handles")).unwrap() {
        fs::write(entry.unwrap().path(), "../../etc/passwd\n").unwrap();
    }
    assert!(matches!(store.user_of_handle(&handle(1)), Err(StoreError::Malformed { .. })));
    // The next change puts it right.
    machine.enrol(&store, "green", 3);
    assert_eq!(store.user_of_handle(&handle(1)).unwrap().as_deref(), Some("alice"));
}

#[test]
fn without_a_place_nothing_is_not_enrolled() {
    let machine = Machine::new();
    let store = machine.store(&[]);
    assert!(matches!(store.load(&machine.account), Err(StoreError::NoPlace)));
}

/// Runs `action` as whoever a screen locker runs as: the user itself.
fn as_the_user<T: Send>(account: &Account, action: impl FnOnce() -> T + Send) -> T {
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
