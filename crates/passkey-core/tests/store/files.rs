//! What is kept, where, for whom, and how it changes.

use passkey_core::store::{CredentialFile, EditError, EntryError, StateUpdate, StoreError, UpdateError};

use super::*;

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
    let bob = Account::from_entry(PasswdEntry { name: "bob".to_owned(), ..(*machine.account).clone() });
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
