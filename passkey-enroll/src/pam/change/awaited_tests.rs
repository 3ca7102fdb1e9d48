#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use std::fs;

use jiff::ToSpan as _;
use passkey_core::store::{ServiceSignIn, StateUpdate};
use tempfile::TempDir;

use super::super::deadline::Deadline;
use super::super::journal::Journal;
use super::super::{FileChange, Way};
use super::*;

const HOST: u32 = 814;
const ASKS: &str = "auth sufficient pam_passkey.so mode=passwordless\nauth required pam_unix.so\n\
                    session required pam_unix.so\n-session optional pam_systemd.so\n";

#[derive(Debug)]
struct Users;

impl UserDatabase for Users {
    fn by_name(&self, _: &str) -> std::io::Result<Option<Account>> {
        panic!("it was asked before the change")
    }

    fn by_uid(&self, _: u32) -> std::io::Result<Option<Account>> {
        Ok(Some(account("ali", 1000)))
    }

    fn passwd_file(&self) -> &Path {
        Path::new("/nonexistent")
    }
}

fn account(name: &str, uid: u32) -> Account {
    let gid = rustix::process::getegid().as_raw();
    Account::from_entry(PasswdEntry { name: name.to_owned(), uid, gid, home: "/nonexistent".into() })
}

/// A machine on which lightdm was switched on a minute ago, for alice.
struct Machine {
    root: TempDir,
    config: Config,
    entry: Entry,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let config = Config { state_dir: root.path().join("state"), ..Config::default() };
        fs::create_dir_all(root.path().join("etc/pam.d")).unwrap();
        let path = root.path().join("etc/pam.d/lightdm");
        fs::write(&path, ASKS).unwrap();
        let change = FileChange {
            path,
            mode: 0o644,
            before: Some(b"auth required pam_unix.so\n".to_vec()),
            after: ASKS.into(),
        };
        let kept_by = KeptBy::SignIn {
            user: "alice".to_owned(),
            accounts: AwaitedAccount::all(&account("alice", 1000), &Users),
        };
        let state =
            EntryState::OnTrial { until: Deadline::within(std::time::Duration::from_secs(600)), kept_by };
        let mut entry = Entry::new("lightdm", Some(Way::Passwordless), None, vec![change.record()], state);
        entry.switched = Timestamp::now() - 1.minute();
        let machine = Self { root, config, entry };
        machine.journal().lock().unwrap().begin(&machine.entry, &[change]).unwrap();
        machine
    }

    fn journal(&self) -> Journal {
        Journal::below(self.root.path())
    }

    fn files(&self) -> ServiceFiles {
        ServiceFiles::below(self.root.path())
    }

    fn awaited(&self) -> Awaited {
        // As the watcher has it: from the disk.
        let entry = self.journal().entry("lightdm").unwrap().unwrap();
        Awaited::of(&entry, &self.files(), &self.config).unwrap()
    }

    /// The module in process `pid` has verified a passkey so long after the change.
    fn signs_in(&self, name: &str, service: &str, pid: u32, after: jiff::Span) {
        let sign_in = ServiceSignIn { service: service.to_owned(), pid, time: self.entry.switched + after };
        let store = Store::new(&self.config);
        let update = store.update_state(&account(name, 1000), |state| state.record_service(sign_in));
        assert_eq!(update.unwrap(), StateUpdate::Written);
    }

    /// Whether such a session, of the age that it has 30 seconds after the change, keeps the change.
    fn is_kept_by(&self, session: &Opened) -> bool {
        let mut awaited = self.awaited();
        awaited.look(|_| true);
        self.sees(&awaited, session)
    }

    fn sees(&self, awaited: &Awaited, session: &Opened) -> bool {
        let parent = |pid: u32| (pid == HOST + 1).then_some(HOST);
        awaited.is_opened(std::slice::from_ref(session), self.entry.switched + 30.seconds(), parent)
    }

    fn session(&self) -> Opened {
        let start = Some(self.entry.switched + 20.seconds());
        Opened { service: "lightdm".to_owned(), uid: 1000, leader: HOST, start }
    }
}

#[test]
fn the_session_of_the_process_that_verified_the_passkey_counts_and_no_other() {
    let machine = Machine::new();
    let session = machine.session();
    assert!(!machine.is_kept_by(&session), "no passkey was verified");
    machine.signs_in("alice", "lightdm", HOST, 19.seconds());
    assert!(machine.is_kept_by(&session));
    assert!(machine.is_kept_by(&Opened { leader: HOST + 1, ..session.clone() }), "a child of that process");
    let start = |seconds: i64| Some(machine.entry.switched + seconds.seconds());
    for (other, why) in [
        (Opened { leader: HOST - 1, ..session.clone() }, "by the password, in another process"),
        (Opened { uid: 1001, ..session.clone() }, "another person's"),
        (Opened { service: "lightdm-greeter".to_owned(), ..session.clone() }, "another service's"),
        (Opened { start: start(28), ..session.clone() }, "it may fail yet"),
        (Opened { start: None, ..session.clone() }, "of no age"),
    ] {
        assert!(!machine.is_kept_by(&other), "{why}");
    }
    assert!(machine.is_kept_by(&Opened { start: start(3000), ..session }), "the clock was set back");
}

#[test]
fn a_sign_in_from_before_the_change_or_to_another_service_is_none() {
    let machine = Machine::new();
    machine.signs_in("alice", "lightdm", HOST, -1.second());
    machine.signs_in("alice", "sudo", HOST, 19.seconds());
    assert!(!machine.is_kept_by(&machine.session()));
    // By another name of the account, whose passkeys count for it.
    machine.signs_in("ali", "lightdm", HOST, 19.seconds());
    assert!(machine.is_kept_by(&machine.session()));
}

/// The record has only the last sign-in, and a screen that is unlocked before anybody has looked at the session is one.
#[test]
fn a_process_is_remembered_as_long_as_it_runs() {
    let machine = Machine::new();
    machine.signs_in("alice", "lightdm", HOST, 19.seconds());
    let mut awaited = machine.awaited();
    awaited.look(|_| true);
    machine.signs_in("alice", "lightdm", HOST + 100, 20.seconds());
    awaited.look(|_| true);
    assert!(machine.sees(&awaited, &machine.session()));
    awaited.look(|pid| pid != HOST);
    assert!(!machine.sees(&awaited, &machine.session()), "its number may be another's by now");
}

#[test]
fn what_is_awaited_is_in_the_journal_to_the_letter() {
    let machine = Machine::new();
    let entry = machine.journal().entry("lightdm").unwrap().unwrap();
    assert_eq!(entry, machine.entry);
    let EntryState::OnTrial { kept_by: KeptBy::SignIn { user, accounts }, .. } = &entry.state else {
        panic!()
    };
    let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!((user.as_str(), names), ("alice", vec!["alice", "ali"]));
    assert!(Awaited::is_awaited(&entry));
    // A confirmation takes no room in it, as in those of the time before.
    let confirmed = EntryState::OnTrial { until: Deadline::over(), kept_by: KeptBy::Confirmation };
    assert!(!serde_json::to_string(&confirmed).unwrap().contains("kept_by"));
    let confirmed = entry.with(confirmed);
    assert!(!Awaited::is_awaited(&confirmed));
    assert!(Awaited::of(&confirmed, &machine.files(), &machine.config).is_none());
}

#[test]
fn a_change_is_kept_that_is_still_in_place() {
    let machine = Machine::new();
    let journal = machine.journal();
    let locked = journal.lock().unwrap();
    let path = machine.root.path().join("etc/pam.d/lightdm");
    fs::write(&path, "auth required pam_unix.so\n").unwrap();
    let keep = || locked.keep_asking(machine.entry.clone(), &machine.files(), &machine.config).unwrap();
    assert!(!keep(), "others have rewritten the file");
    assert!(matches!(journal.entry("lightdm").unwrap().unwrap().state, EntryState::OnTrial { .. }));
    fs::write(&path, ASKS).unwrap();
    assert!(keep());
    assert!(matches!(journal.entry("lightdm").unwrap().unwrap().state, EntryState::Kept { .. }));
    assert!(!journal.mark("lightdm").exists());
}

#[test]
fn a_session_can_be_seen_where_a_line_tells_logind() {
    let machine = Machine::new();
    let tells =
        |text: &str| can_be_seen(&machine.files().with("lightdm", text.as_bytes().to_vec()), "lightdm");
    assert!(!tells("auth required pam_unix.so\nsession required pam_unix.so\n"));
    assert_eq!(tells(ASKS), Path::new(SESSIONS).is_dir());
}
