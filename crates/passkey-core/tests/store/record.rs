//! What a sign-in leaves behind: counters, compared and recorded in one step, and notes about keys.

use std::sync::Barrier;

use passkey_core::{
    config::CounterPolicy::{self, Deny, Warn},
    store::{NoteUpdate, RecordError, Recorded, StateUpdate, StoreError},
    verify::CounterWarning,
};

use super::{refusals::as_the_user, *};

fn id() -> CredentialId {
    CredentialId::new(vec![7; 16]).unwrap()
}

fn sign_in(machine: &Machine, sign_count: u32, policy: CounterPolicy) -> Result<Recorded, RecordError> {
    machine.central().record_sign_in(&machine.account, &id(), sign_count, policy, Timestamp::UNIX_EPOCH, None)
}

fn stored(machine: &Machine) -> Option<u32> {
    machine.central().load_state(&machine.account).unwrap().sign_count(&id())
}

fn assert_written(recorded: Result<Recorded, RecordError>, warning: Option<CounterWarning>) {
    let recorded = recorded.unwrap();
    assert_eq!(recorded.counter_warning, warning);
    assert_eq!(recorded.update.unwrap(), StateUpdate::Written);
}

#[test]
fn the_highest_counter_is_compared_and_kept() {
    let machine = Machine::new();
    assert_written(sign_in(&machine, 5, Deny), None);
    assert_written(sign_in(&machine, 6, Deny), None);
    for received in [6, 5, 0] {
        let warning = CounterWarning { stored: 6, received };
        match sign_in(&machine, received, Deny) {
            Err(RecordError::CounterNotGreater(found)) => assert_eq!(found, warning),
            other => panic!("{other:?}"),
        }
        assert_written(sign_in(&machine, received, Warn), Some(warning));
        assert_eq!(stored(&machine), Some(6));
    }
    assert_written(sign_in(&machine, 7, Deny), None);
}

#[test]
fn a_key_without_a_counter_signs_in_again_and_again() {
    let machine = Machine::new();
    for _ in 0..3 {
        assert_written(sign_in(&machine, 0, Deny), None);
    }
}

/// A key and its copy, touched at the same moment on two terminals.
#[test]
fn of_two_sign_ins_with_the_same_counter_one_is_let_in() {
    const AT_ONCE: usize = 4;
    let machine = Machine::new();
    for sign_count in 1..=10 {
        let start = Barrier::new(AT_ONCE);
        let let_in = std::thread::scope(|scope| {
            let (machine, start) = (&machine, &start);
            let threads: Vec<_> = (0..AT_ONCE)
                .map(|_| {
                    scope.spawn(move || {
                        start.wait();
                        sign_in(machine, sign_count, Deny)
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).count()
        });
        assert_eq!((let_in, stored(&machine)), (1, Some(sign_count)));
    }
}

#[test]
fn a_state_that_cannot_be_read_or_written_denies_where_the_counter_decides() {
    type Spoil = fn(&Machine);
    let spoilers: [(&str, Spoil); 4] = [
        ("no directory", |machine| {
            fs::remove_dir_all(machine.path("state")).unwrap();
            fs::write(machine.path("state"), "").unwrap();
        }),
        ("no TOML", |machine| fs::write(machine.path("state/alice.toml"), "\0").unwrap()),
        ("no temporary file", |machine| fs::create_dir(machine.path("state/.alice.toml.tmp")).unwrap()),
        ("its own entry damaged", |machine| {
            let path = machine.path("state/alice.toml");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace("sign_count = 5", "sign_count = -5")).unwrap();
        }),
    ];
    for (what, spoil) in spoilers {
        let machine = Machine::new();
        assert_written(sign_in(&machine, 5, Deny), None);
        spoil(&machine);
        match sign_in(&machine, 6, Deny) {
            Err(RecordError::Store(error)) => assert!(error.to_string().contains("state"), "{what}: {error}"),
            other => panic!("{what}: {other:?}"),
        }
        let Recorded { counter_warning, update } = sign_in(&machine, 6, Warn).unwrap();
        assert_eq!(counter_warning, None, "{what}");
        // A damaged entry is kept beside the new one.
        assert_eq!(update.is_ok(), what == "its own entry damaged", "{what}: {update:?}");
    }
}

#[test]
fn a_damaged_entry_of_another_passkey_denies_nothing() {
    let machine = Machine::new();
    assert_written(sign_in(&machine, 5, Deny), None);
    let path = machine.path("state/alice.toml");
    let text = fs::read_to_string(&path).unwrap().replace("count = 1", "count = 3");
    fs::write(&path, format!("{text}\n[[credential]]\nid = \"AQ\"\n\n[[credential]]\nid = 1\n")).unwrap();
    assert_written(sign_in(&machine, 6, Deny), None);
    // Of a passkey without an entry of its own, the second could be the entry.
    let new = CredentialId::new(vec![8; 16]).unwrap();
    let refused =
        machine.central().record_sign_in(&machine.account, &new, 1, Deny, Timestamp::UNIX_EPOCH, None);
    assert!(matches!(refused, Err(RecordError::Store(StoreError::Malformed { .. }))), "{refused:?}");
}

#[test]
fn a_locker_that_runs_as_the_user_compares_and_holds_the_record_back() {
    if !machine::has(is_root(), "root, for more than one user") {
        return;
    }
    let machine = Machine::new();
    assert_written(sign_in(&machine, 5, Deny), None);
    as_the_user(&machine.account, || {
        for policy in [Deny, Warn] {
            let recorded = sign_in(&machine, 6, policy).unwrap();
            assert_eq!(recorded.counter_warning, None);
            assert_eq!(recorded.update.unwrap(), StateUpdate::HeldBack);
        }
        let warning = CounterWarning { stored: 5, received: 5 };
        assert!(matches!(sign_in(&machine, 5, Deny), Err(RecordError::CounterNotGreater(w)) if w == warning));
        assert_eq!(sign_in(&machine, 5, Warn).unwrap().counter_warning, Some(warning));
    });
    assert_eq!(stored(&machine), Some(5));
    // What it cannot even read, it cannot compare.
    fs::set_permissions(machine.path("state/alice.toml"), Permissions::from_mode(0o600)).unwrap();
    as_the_user(&machine.account, || {
        assert!(matches!(sign_in(&machine, 6, Deny), Err(RecordError::Store(_))));
        assert!(sign_in(&machine, 6, Warn).unwrap().update.is_err());
    });
}

#[test]
fn whether_a_key_answers_silently_is_noted_in_the_users_file() {
    for template in ["etc/{user}.toml", "{home}/passkeys.toml"] {
        let machine = Machine::new();
        let store = machine.store(&[template]);
        let (blue, gone) = (CredentialId::new(vec![1; 16]).unwrap(), id());
        let note = |id, answers| store.note_answers_silently(&machine.account, id, answers).unwrap();
        assert_eq!(note(&blue, true), NoteUpdate::Unchanged, "there is no file");
        machine.enrol(&store, "blue", 1);
        assert_eq!(note(&blue, true), NoteUpdate::Written);
        assert_eq!(note(&blue, true), NoteUpdate::Unchanged);
        assert_eq!(note(&gone, true), NoteUpdate::Unchanged);
        assert_eq!(note(&blue, false), NoteUpdate::Written);
        let file = store.load(&machine.account).unwrap().unwrap().file;
        assert_eq!(file.credentials[0].answers_silently, Some(false));
    }
}

#[test]
fn a_locker_that_runs_as_the_user_holds_a_note_back() {
    if !machine::has(is_root(), "root, for more than one user") {
        return;
    }
    let machine = Machine::new();
    let store = machine.central();
    machine.enrol(&store, "blue", 1);
    let blue = CredentialId::new(vec![1; 16]).unwrap();
    as_the_user(&machine.account, || {
        assert_eq!(store.note_answers_silently(&machine.account, &blue, true).unwrap(), NoteUpdate::HeldBack);
    });
    assert_eq!(store.load(&machine.account).unwrap().unwrap().file.credentials[0].answers_silently, None);
}
