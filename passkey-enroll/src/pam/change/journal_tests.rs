use std::fs;

use super::*;

const BEFORE: &[u8] = b"auth required pam_unix.so\n";
const AFTER: &str = "auth required pam_unix.so\nauth required pam_passkey.so mode=second-factor\n";

/// A folder with a journal and a PAM file of these bytes.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(before: Option<&[u8]>) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        if let Some(bytes) = before {
            fs::write(desk.file(), bytes).unwrap();
        }
        desk
    }

    fn journal(&self) -> Journal {
        Journal::below(self.folder.path())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("sudo")
    }

    fn entry(&self, existed: bool) -> Entry {
        let change = Change::File { path: self.file(), existed, mode: 0o640, after: AFTER.to_owned() };
        Entry::new("sudo", Way::SecondFactor, change)
    }

    fn switched(&self, before: Option<&[u8]>) -> Entry {
        let (journal, entry) = (self.journal(), self.entry(before.is_some()));
        let _lock = journal.lock().unwrap();
        journal.begin(&entry, before, true).unwrap();
        entry.make().unwrap();
        entry
    }
}

#[test]
fn what_cannot_be_written_down_is_not_on_trial() {
    let desk = Desk::new(Some(BEFORE));
    let journal = desk.journal();
    let _lock = journal.lock().unwrap();
    // In the entry's place, as a full disk would be in its way.
    fs::create_dir(journal.path("sudo", "json")).unwrap();
    assert!(journal.begin(&desk.entry(true), Some(BEFORE), true).is_err());
    assert_eq!(journal.on_trial().unwrap(), Vec::<String>::new());
    assert_eq!(journal.state("sudo").unwrap(), EntryState::Kept);
}

fn is_empty(journal: &Journal) -> bool {
    journal.services().unwrap().is_empty() && journal.on_trial().unwrap().is_empty()
}

#[test]
fn what_was_there_comes_back_to_the_byte() {
    for before in [Some(BEFORE), None] {
        let desk = Desk::new(before);
        let entry = desk.switched(before);
        assert_eq!(fs::read_to_string(desk.file()).unwrap(), AFTER);
        assert_eq!(fs::metadata(desk.file()).unwrap().permissions().mode() & 0o777, 0o640);
        let journal = desk.journal();
        assert_eq!(journal.entry("sudo").unwrap().as_ref(), Some(&entry));
        assert_eq!(journal.state("sudo").unwrap(), EntryState::OnTrial { watched: false });
        assert_eq!(journal.undo(&entry).unwrap(), Undone::Restored);
        assert_eq!(file::read(&desk.file()).unwrap().as_deref(), before);
        assert!(is_empty(&journal));
    }
}

/// Wherever the power goes, the machine is as before or as wanted, and taking it back works.
#[test]
fn taking_back_works_wherever_it_was_cut_off() {
    // Written down and not done; done and not forgotten.
    for make in [false, true] {
        for before in [Some(BEFORE), None] {
            let desk = Desk::new(before);
            let (journal, entry) = (desk.journal(), desk.entry(before.is_some()));
            let _lock = journal.lock().unwrap();
            journal.begin(&entry, before, true).unwrap();
            if make {
                entry.make().unwrap();
                match before {
                    Some(bytes) => fs::write(desk.file(), bytes).unwrap(),
                    None => fs::remove_file(desk.file()).unwrap(),
                }
            }
            assert_eq!(journal.undo(&entry).unwrap(), Undone::Restored);
            assert_eq!(file::read(&desk.file()).unwrap().as_deref(), before);
            assert!(is_empty(&journal));
        }
    }
}

#[test]
fn a_change_that_is_confirmed_stays() {
    let desk = Desk::new(Some(BEFORE));
    let entry = desk.switched(Some(BEFORE));
    let journal = desk.journal();
    journal.confirm("sudo").unwrap();
    assert_eq!(journal.state("sudo").unwrap(), EntryState::Kept);
    assert_eq!(journal.services().unwrap(), ["sudo"]);
    assert!(journal.on_trial().unwrap().is_empty());
    assert_eq!(journal.undo(&entry).unwrap(), Undone::Restored);
}

#[test]
fn a_file_that_is_gone_is_somebody_elses_work() {
    let desk = Desk::new(Some(BEFORE));
    let entry = desk.switched(Some(BEFORE));
    fs::remove_file(desk.file()).unwrap();
    assert!(matches!(desk.journal().undo(&entry), Err(UndoError::ChangedByOthers(_))));
    // It is still known what there was.
    assert_eq!(fs::read(desk.folder.path().join("var/lib/passkey/pam/sudo.before")).unwrap(), BEFORE);
}

#[test]
fn an_entry_that_is_not_understood_is_an_error() {
    let desk = Desk::new(None);
    let journal = desk.journal();
    drop(journal.lock().unwrap());
    assert_eq!(journal.entry("sudo").unwrap(), None);
    for text in ["", "{}", "{\"version\": 2}"] {
        fs::write(desk.folder.path().join("var/lib/passkey/pam/sudo.json"), text).unwrap();
        assert!(journal.entry("sudo").is_err(), "{text}");
    }
}
