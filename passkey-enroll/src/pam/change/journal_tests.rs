use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::pam::change::Way;

const BEFORE: &[u8] = b"auth required pam_unix.so\n";
const AFTER: &[u8] = b"auth required pam_unix.so\nauth required pam_passkey.so mode=second-factor\n";

/// A folder with a journal and a PAM file.
struct Machine {
    folder: tempfile::TempDir,
    change: FileChange,
}

impl Machine {
    fn new(before: Option<&[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sudo");
        if let Some(bytes) = before {
            fs::write(&path, bytes).unwrap();
        }
        let (before, after) = (before.map(<[u8]>::to_vec), AFTER.to_vec());
        Self { change: FileChange { path, mode: 0o640, before, after }, folder }
    }

    fn journal(&self) -> Journal {
        Journal::below(self.folder.path())
    }

    fn file(&self) -> Option<Vec<u8>> {
        file::read(&self.change.path).unwrap()
    }

    fn entry(&self, until: Deadline) -> Entry {
        let state = EntryState::OnTrial { until, kept_by: KeptBy::Confirmation };
        Entry::new("sudo", Some(Way::SecondFactor), None, vec![self.change.record()], state)
    }

    fn switched(&self, until: Deadline) -> Entry {
        let (journal, entry) = (self.journal(), self.entry(until));
        let locked = journal.lock().unwrap();
        let changes = std::slice::from_ref(&self.change);
        locked.begin(&entry, changes).unwrap();
        locked.make(&entry, changes).unwrap();
        entry
    }

    fn state(&self) -> EntryState {
        self.journal().entry("sudo").unwrap().unwrap().state
    }

    /// Whether nothing lies there but entries that are settled.
    fn is_tidy(&self) -> bool {
        let journal = self.journal();
        let left = names(&journal.folder).unwrap();
        left.iter().all(|name| ["pending", "sudo.json"].contains(&name.as_str()))
            && journal.open().unwrap().is_empty()
    }
}

fn later() -> Deadline {
    Deadline::within(Duration::from_secs(600))
}

#[test]
fn one_change_at_a_time() {
    let machine = Machine::new(Some(BEFORE));
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    let lock = File::open(journal.folder.join(".lock")).unwrap();
    assert_eq!(flock(&lock, FlockOperation::NonBlockingLockExclusive), Err(Errno::AGAIN));
    drop(locked);
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
}

#[test]
fn what_cannot_be_written_down_is_not_on_trial() {
    let machine = Machine::new(Some(BEFORE));
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    // In the entry's place, as a full disk would be in its way.
    fs::create_dir(journal.path("sudo", "json")).unwrap();
    assert!(locked.begin(&machine.entry(later()), std::slice::from_ref(&machine.change)).is_err());
    assert!(!journal.mark("sudo").exists());
}

#[test]
fn what_was_there_comes_back_to_the_byte() {
    for before in [Some(BEFORE), None] {
        let machine = Machine::new(before);
        let entry = machine.switched(later());
        assert_eq!(machine.file().as_deref(), Some(AFTER));
        assert_eq!(fs::metadata(&machine.change.path).unwrap().permissions().mode() & 0o777, 0o640);
        let journal = machine.journal();
        assert_eq!(journal.entry("sudo").unwrap().as_ref(), Some(&entry));
        assert_eq!(
            (journal.open().unwrap(), journal.in_effect().unwrap()),
            (vec!["sudo".into()], vec!["sudo".into()])
        );
        assert!(!journal.is_watched("sudo").unwrap());
        let undone = journal.lock().unwrap().undo(&entry, UndoneBecause::Disabled).unwrap();
        assert_eq!((undone, machine.file().as_deref()), (Undone::Restored, before));
        let state = machine.state();
        assert!(matches!(state, EntryState::Undone { because: UndoneBecause::Disabled, .. }), "{state:?}");
        assert!(machine.is_tidy() && journal.in_effect().unwrap().is_empty());
    }
}

/// Who looks must not be in the watcher's way, nor a watcher that goes in that of the next.
#[test]
fn a_watcher_begins_however_often_others_look() {
    let machine = Machine::new(Some(BEFORE));
    machine.switched(later());
    let journal = machine.journal();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    journal.is_watched("sudo").unwrap();
                }
            });
        }
        let watched: Vec<_> = (0..2000)
            .map(|_| journal.watch("sudo").map(|_mark| journal.is_watched("sudo").unwrap()))
            .collect();
        is_over.store(true, Ordering::Relaxed);
        let failed = watched.iter().find(|watched| !matches!(watched, Ok(true)));
        assert!(failed.is_none(), "{failed:?}");
    });
}

/// Wherever the power goes, the machine is as before or as wanted, and undoing it works.
#[test]
fn undoing_works_wherever_it_was_cut_off() {
    // Written down and not done; done and not written down.
    for make in [false, true] {
        for before in [Some(BEFORE), None] {
            let machine = Machine::new(before);
            let (journal, entry) = (machine.journal(), machine.entry(later()));
            let locked = journal.lock().unwrap();
            let changes = std::slice::from_ref(&machine.change);
            locked.begin(&entry, changes).unwrap();
            if make {
                locked.make(&entry, changes).unwrap();
                match before {
                    Some(bytes) => fs::write(&machine.change.path, bytes).unwrap(),
                    None => fs::remove_file(&machine.change.path).unwrap(),
                }
            }
            assert_eq!(locked.undo(&entry, UndoneBecause::NotMade).unwrap(), Undone::Restored);
            assert_eq!(machine.file().as_deref(), before);
            assert!(machine.is_tidy());
        }
    }
    // The mark, and nothing else.
    let machine = Machine::new(Some(BEFORE));
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    file::mark(&journal.mark("sudo"), PRIVATE).unwrap();
    fs::write(journal.path("sudo", "before"), BEFORE).unwrap();
    fs::write(journal.folder.join(".sudo.after.passkey-new"), b"auth").unwrap();
    assert_eq!(journal.open().unwrap(), ["sudo"]);
    assert_eq!(locked.settle("sudo", UndoneBecause::NotConfirmed, false).unwrap(), None);
    assert!(machine.is_tidy());
}

#[test]
fn what_is_left_of_a_service_is_not_another_services() {
    for name in
        ["su.before", "su.after", "su:common-auth.before", ".su.json.passkey-new", ".su:x.after.passkey-new"]
    {
        assert!(is_left_over(name, "su"), "{name}");
    }
    for name in
        ["su.json", "su.x.before", "sudo.before", "su:x.json", ".lock", "pending", ".sudo.before.passkey-new"]
    {
        assert!(!is_left_over(name, "su"), "{name}");
    }
}

#[test]
fn only_what_is_due_is_settled_and_only_once() {
    let machine = Machine::new(Some(BEFORE));
    machine.switched(later());
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    let settled = locked.settle("sudo", UndoneBecause::NotConfirmed, false).unwrap().unwrap();
    assert!(settled.state.is_open());
    assert_eq!(machine.file().as_deref(), Some(AFTER));
    locked.settle("sudo", UndoneBecause::CalledOff, true).unwrap();
    let state = machine.state();
    assert!(matches!(state, EntryState::Undone { because: UndoneBecause::CalledOff, .. }), "{state:?}");
    // Who comes later finds it done, and says nothing else of it.
    locked.settle("sudo", UndoneBecause::NotConfirmed, true).unwrap();
    assert_eq!(machine.state(), state);
    assert_eq!(machine.file().as_deref(), Some(BEFORE));
}

#[test]
fn a_change_that_is_confirmed_stays() {
    let machine = Machine::new(Some(BEFORE));
    machine.switched(Deadline::over());
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    locked.confirm(journal.entry("sudo").unwrap().unwrap()).unwrap();
    assert!(matches!(machine.state(), EntryState::Kept { .. }));
    assert!(journal.open().unwrap().is_empty());
    assert_eq!(journal.in_effect().unwrap(), ["sudo"]);
    let settled = locked.settle("sudo", UndoneBecause::NotConfirmed, true).unwrap().unwrap();
    assert!(matches!(settled.state, EntryState::Kept { .. }));
    assert_eq!(machine.file().as_deref(), Some(AFTER));
    // The mark of one that was cut off right here means nothing.
    file::mark(&journal.mark("sudo"), PRIVATE).unwrap();
    locked.settle("sudo", UndoneBecause::NotConfirmed, false).unwrap();
    assert!(!journal.mark("sudo").exists() && matches!(machine.state(), EntryState::Kept { .. }));
    assert_eq!(locked.undo(&settled, UndoneBecause::Disabled).unwrap(), Undone::Restored);
}

#[test]
fn a_failure_is_written_down_and_tried_again() {
    let machine = Machine::new(Some(BEFORE));
    machine.switched(Deadline::over());
    // What is there cannot even be read.
    fs::remove_file(&machine.change.path).unwrap();
    fs::create_dir(&machine.change.path).unwrap();
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    for tries in [1, 2] {
        let entry = journal.entry("sudo").unwrap().unwrap();
        assert!(matches!(locked.undo(&entry, UndoneBecause::NotConfirmed), Err(UndoError::Io(..))));
        match machine.state() {
            EntryState::UndoFailed { tries: counted, reason, again, .. } => {
                assert_eq!(counted, tries);
                assert!(reason.contains("directory"), "{reason}");
                assert!(!again.is_over(), "not at once");
            }
            state => panic!("{state:?}"),
        }
    }
    assert_eq!(journal.open().unwrap(), ["sudo"]);
    // It is still known what there was.
    assert_eq!(fs::read(journal.path("sudo", "before")).unwrap(), BEFORE);
    fs::remove_dir(&machine.change.path).unwrap();
    fs::write(&machine.change.path, AFTER).unwrap();
    locked.settle("sudo", UndoneBecause::CalledOff, true).unwrap();
    let state = machine.state();
    assert!(matches!(state, EntryState::Undone { because: UndoneBecause::NotConfirmed, .. }), "{state:?}");
    assert_eq!(machine.file().as_deref(), Some(BEFORE));
}

#[test]
fn a_file_that_others_have_deleted_is_left_alone() {
    let machine = Machine::new(Some(BEFORE));
    machine.switched(Deadline::over());
    fs::remove_file(&machine.change.path).unwrap();
    let journal = machine.journal();
    let entry = journal.entry("sudo").unwrap().unwrap();
    let undone = journal.lock().unwrap().undo(&entry, UndoneBecause::Disabled).unwrap();
    assert_eq!(undone, Undone::LeftAlone);
    assert_eq!(journal.in_effect().unwrap(), [""; 0]);
}

#[test]
fn lines_that_were_taken_out_are_nothing_that_is_switched_on() {
    let machine = Machine::new(Some(BEFORE));
    machine.switched(Deadline::over());
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    let mut entry = journal.entry("sudo").unwrap().unwrap();
    assert_eq!(journal.in_effect().unwrap(), ["sudo"]);
    entry.way = None;
    locked.confirm(entry).unwrap();
    assert_eq!(journal.in_effect().unwrap(), [""; 0]);
    assert!(journal.entry_of_file(&machine.change.path).is_none());
}

#[test]
fn the_pauses_grow_and_end() {
    assert_eq!([0, 3].map(pause), [1, 8].map(Duration::from_secs));
    assert_eq!([20, 70].map(pause), [LONGEST_PAUSE; 2]);
}

/// authselect, or another program that lays out a configuration.
#[test]
fn a_file_that_has_become_a_link_is_left_alone() {
    let machine = Machine::new(Some(BEFORE));
    let entry = machine.switched(later());
    let target = machine.folder.path().join("kept-elsewhere");
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    for (text, left_alone) in [(AFTER, false), (b"auth required pam_sss.so\n".as_slice(), true)] {
        fs::write(&target, text).unwrap();
        let _ = fs::remove_file(&machine.change.path);
        std::os::unix::fs::symlink(&target, &machine.change.path).unwrap();
        match locked.undo(&entry, UndoneBecause::Disabled) {
            Err(UndoError::Link(_)) => assert!(!left_alone),
            undone => assert!(left_alone && undone.unwrap() == Undone::LeftAlone),
        }
        assert!(fs::symlink_metadata(&machine.change.path).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), text);
    }
    assert!(machine.is_tidy());
}

#[test]
fn entries_of_the_form_before_are_understood() {
    let machine = Machine::new(Some(BEFORE));
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    let path = machine.change.path.to_str().unwrap();
    let text = |change: &str| {
        format!(
            "{{\"version\":1,\"service\":\"sudo\",\"way\":\"passwordless\",\"switched\":\"2026-01-02T03:04:05.5Z\",\"change\":{change}}}"
        )
    };
    let after = String::from_utf8(AFTER.to_vec()).unwrap();
    let file_change =
        format!("{{\"file\":{{\"path\":\"{path}\",\"existed\":true,\"mode\":420,\"after\":{after:?}}}}}");
    fs::write(journal.path("sudo", "json"), text(&file_change)).unwrap();
    fs::write(journal.path("sudo", "before"), BEFORE).unwrap();
    fs::write(&machine.change.path, AFTER).unwrap();
    assert!(matches!(machine.state(), EntryState::Kept { .. }));
    // On trial, and its watcher is gone.
    file::mark(&journal.mark("sudo"), PRIVATE).unwrap();
    assert!(machine.state().is_due());
    locked.settle("sudo", UndoneBecause::NotConfirmed, false).unwrap();
    assert!(matches!(machine.state(), EntryState::Undone { how: Undone::Restored, .. }));
    assert_eq!(machine.file().as_deref(), Some(BEFORE));
    assert!(machine.is_tidy());
    fs::write(journal.path("sudo", "json"), text("{\"profile\":{\"name\":\"passkey-passwordless\"}}"))
        .unwrap();
    let entry = journal.entry("sudo").unwrap().unwrap();
    assert_eq!((entry.profile.as_deref(), entry.files.len()), (Some("passkey-passwordless"), 0));
    assert!(entry.has_changed(Path::new("/etc/pam.d/common-auth")));
}

#[test]
fn an_entry_that_is_not_understood_is_an_error() {
    let machine = Machine::new(None);
    let journal = machine.journal();
    drop(journal.lock().unwrap());
    assert_eq!(journal.entry("sudo").unwrap(), None);
    for text in ["", "{}", "{\"version\": 3}"] {
        fs::write(journal.path("sudo", "json"), text).unwrap();
        assert!(journal.entry("sudo").is_err(), "{text}");
        assert_eq!(journal.in_effect().unwrap(), ["sudo"], "{text}: it may be");
    }
}
