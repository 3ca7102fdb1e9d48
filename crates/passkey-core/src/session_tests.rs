use std::{cell::RefCell, fs, path::Path};

use ctap::{AuthenticatorData, cose::PublicKey, get_assertion::Response};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::{
    account::PasswdEntry,
    ceremony::{KeySecret, UserHandleLookup as _},
    client_data::ClientData,
    config::{Config, Settings},
    credential::{Credential, UserHandle, UvCapability},
    verify::{self, CounterWarning, Expected, Requirements, UserVerification},
};

const RP_ID: &str = "computer.example";

/// A machine with accounts, the first of a name or an id being the database's answer, whatever the case.
#[derive(Debug)]
pub(super) struct Machine {
    dir: TempDir,
    accounts: Vec<Account>,
    pub(super) config: Config,
    pub(super) settings: Settings,
    /// What the database says instead of an answer.
    broken: RefCell<Option<io::ErrorKind>>,
    pub(super) password_field: RefCell<String>,
}

impl UserDatabase for Machine {
    fn by_name(&self, name: &str) -> io::Result<Option<Account>> {
        self.answer(|account| account.name.eq_ignore_ascii_case(name))
    }

    fn by_uid(&self, uid: u32) -> io::Result<Option<Account>> {
        self.answer(|account| account.uid == uid)
    }

    fn passwd_file(&self) -> &Path {
        Path::new("/nonexistent")
    }

    fn password_field(&self, _: &Account) -> io::Result<Option<Secret>> {
        Ok(Some(Secret::new(self.password_field.borrow().clone().into())))
    }
}

impl Machine {
    pub(super) fn new(names: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let accounts = names.iter().map(|name| {
            Account::from_entry(PasswdEntry {
                name: (*name).to_owned(),
                uid: rustix::process::geteuid().as_raw(),
                gid: rustix::process::getegid().as_raw(),
                home: "/home/alice".into(),
            })
        });
        let credential_files = vec![format!("{}/etc/{{user}}.toml", dir.path().display()).parse().unwrap()];
        let (state_dir, keyring_dir) = (dir.path().join("state"), dir.path().join("keyring"));
        let config = Config { credential_files, state_dir, keyring_dir, ..Config::default() };
        Self {
            accounts: accounts.collect(),
            config,
            settings: Settings::default(),
            broken: RefCell::new(None),
            password_field: RefCell::new("$y$one$oneone".to_owned()),
            dir,
        }
    }

    fn denying_counters(names: &[&str]) -> Self {
        let settings = Settings { counter: Some(CounterPolicy::Deny), ..Settings::default() };
        Self { settings, ..Self::new(names) }
    }

    fn answer(&self, is_it: impl Fn(&Account) -> bool) -> io::Result<Option<Account>> {
        match *self.broken.borrow() {
            Some(kind) => Err(kind.into()),
            None => Ok(self.accounts.iter().find(|account| is_it(account)).cloned()),
        }
    }

    pub(super) fn account(&self, name: &str) -> Account {
        self.accounts.iter().find(|account| account.name == name).unwrap().clone()
    }

    /// A passkey of this name for the account of this name.
    pub(super) fn enrol(&self, user: &str, passkey: &str) {
        let handle = handle(user);
        let store = Store::new(&self.config);
        store.update_or_create(&self.account(user), &handle, |file| file.add(credential(passkey))).unwrap();
    }

    pub(super) fn run<T>(&self, steps: impl FnOnce(&Session<'_>) -> T) -> T {
        let (store, policy) = (Store::new(&self.config), self.config.policy("sudo", &self.settings));
        steps(&Session { store: &store, users: self, policy: &policy })
    }

    /// The account whose passkeys are asked for when `typed` signs in.
    fn found(&self, typed: &str) -> Option<String> {
        self.run(|session| {
            let account = session.users.by_name(typed).unwrap().unwrap();
            session.find(&account).unwrap().map(|enrolled| enrolled.account().name.clone())
        })
    }

    fn state_file(&self, user: &str) -> PathBuf {
        self.dir.path().join(format!("state/{user}.toml"))
    }

    fn write_state(&self, user: &str, text: &str) {
        fs::create_dir_all(self.dir.path().join("state")).unwrap();
        fs::write(self.state_file(user), text).unwrap();
    }
}

fn handle(user: &str) -> UserHandle {
    UserHandle::new(user.as_bytes().to_vec()).unwrap()
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

pub(super) fn credential(name: &str) -> Credential {
    Credential {
        id: CredentialId::new(name.bytes().cycle().take(16).collect()).unwrap(),
        name: name.to_owned(),
        rp_id: RP_ID.to_owned(),
        public_key: PublicKey::EdDsa { x: signing_key().verifying_key().to_bytes() },
        aaguid: ctap::Aaguid::ZERO,
        discoverable: false,
        user_verification: UvCapability::None,
        cred_protect: None,
        transports: Vec::new(),
        added: jiff::Timestamp::UNIX_EPOCH,
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: None,
        hmac_secret: name != "old",
    }
}

/// A ceremony that ended with a signature of this passkey, with this counter.
fn signed(passkey: &str, sign_count: u32) -> Attempt {
    signed_with(passkey, sign_count, 0x01)
}

/// Likewise, with these flags.
pub(super) fn signed_with(passkey: &str, sign_count: u32, flags: u8) -> Attempt {
    let credential = credential(passkey);
    let client_data = ClientData::sign_in(RP_ID, &[2; 32]);
    let mut raw = Sha256::digest(RP_ID.as_bytes()).to_vec();
    raw.push(flags);
    raw.extend(sign_count.to_be_bytes());
    let signature = signing_key().sign(&[raw.as_slice(), client_data.hash()].concat());
    let response = Response {
        credential_id: None,
        authenticator_data: AuthenticatorData::parse(&raw).unwrap(),
        signature: signature.to_bytes().to_vec(),
        user: None,
        number_of_credentials: None,
        user_selected: false,
    };
    let expected = Expected { credentials: &[&credential], rp_id: RP_ID, client_data: &client_data };
    let facts = verify::verify_assertion(&expected, &response).unwrap();
    let requirements = Requirements {
        user_verification: UserVerification::NotRequired,
        stored_sign_count: None,
        counter: CounterPolicy::Warn,
    };
    attempt(Ok(verify::judge(&facts, &requirements).unwrap()))
}

fn attempt(result: Result<Verified, SignInError>) -> Attempt {
    Attempt {
        result,
        account: None,
        key: None,
        passkey: None,
        answers_silently: None,
        pin_failed: vec![],
        recovery_code: None,
        secret: KeySecret::NotAsked,
    }
}

pub(super) fn ready(session: &Session<'_>, user: &str) -> Ready {
    let account = session.users.by_name(user).unwrap().unwrap();
    session.ready(session.find(&account).unwrap().unwrap()).unwrap().0
}

#[test]
fn a_name_in_other_letters_finds_the_account() {
    let machine = Machine::new(&["alice"]);
    machine.enrol("alice", "blue");
    assert_eq!(machine.found("ALICE").as_deref(), Some("alice"));
}

#[test]
fn the_passkeys_of_every_name_of_a_user_id_count() {
    for (enrolled, typed) in [("root", "toor"), ("toor", "root")] {
        let mut machine = Machine::new(&["root", "toor"]);
        assert_eq!(machine.found(typed), None);
        machine.enrol(enrolled, "blue");
        if enrolled == "toor" {
            // The answer for the id: the other name is not the first then.
            machine.accounts.swap(0, 1);
        }
        assert_eq!(machine.found(typed).as_deref(), Some(enrolled));
        // Its own come first, and are all that may sign in.
        machine.enrol(typed, "red");
        assert_eq!(machine.found(typed).as_deref(), Some(typed));
    }
}

#[test]
fn an_account_has_no_passkeys_only_where_that_is_certain() {
    let machine = Machine::new(&["root", "toor"]);
    let find = |name: &str| machine.run(|session| session.find(&machine.account(name)));
    fs::create_dir_all(machine.dir.path().join("etc")).unwrap();
    fs::write(machine.dir.path().join("etc/root.toml"), "nonsense").unwrap();
    assert!(matches!(find("toor"), Err(FindError::Store(StoreError::Malformed { .. }))));
    fs::remove_file(machine.dir.path().join("etc/root.toml")).unwrap();
    *machine.broken.borrow_mut() = Some(io::ErrorKind::TimedOut);
    assert!(matches!(find("toor"), Err(FindError::Users(_))));
    // Whoever has passkeys does not depend on the question.
    machine.enrol("toor", "blue");
    assert!(find("toor").unwrap().is_some());
}

#[test]
fn what_cannot_sign_in_is_not_ready() {
    let machine = Machine::denying_counters(&["alice"]);
    machine.enrol("alice", "blue");
    let reason = || {
        machine.run(|session| {
            let enrolled = session.find(&machine.account("alice")).unwrap().unwrap();
            let damage = enrolled.damage().count();
            session.ready(enrolled).map(|_| ()).map_err(|reason| (reason, damage))
        })
    };
    assert!(reason().is_ok());
    machine.write_state("alice", "nonsense");
    assert!(matches!(reason(), Err((NotReady::State(_), 0))));
    let path = machine.dir.path().join("etc/alice.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("enabled = true", "enabled = false")).unwrap();
    assert!(matches!(reason(), Err((NotReady::AllDisabled, 0))));
    fs::write(&path, text.replace("enabled = true", "enabled = 1")).unwrap();
    assert!(matches!(reason(), Err((NotReady::AllDamaged { .. }, 1))));
}

#[test]
fn a_counter_that_cannot_be_read_is_complained_of_where_counters_only_warn() {
    let machine = Machine::new(&["alice"]);
    machine.enrol("alice", "blue");
    machine.write_state("alice", "nonsense");
    machine.run(|session| {
        let enrolled = session.find(&machine.account("alice")).unwrap().unwrap();
        let (_, complaint) = session.ready(enrolled).unwrap();
        assert!(matches!(complaint.as_slice(), [Complaint::CounterUnreadable(_)]), "{complaint:?}");
    });
}

/// The line comes before anything is written, so that it is there whatever becomes of the process; unless the record decides.
#[test]
fn the_log_comes_before_the_record_unless_the_record_decides() {
    for (machine, recorded_first) in
        [(Machine::new(&["alice"]), false), (Machine::denying_counters(&["alice"]), true)]
    {
        machine.enrol("alice", "blue");
        let mut logged = false;
        let signed_in = machine.run(|session| {
            let proved = ready(session, "alice").conclude(signed("blue", 7)).result.unwrap();
            let signed_in = session.record(proved, None, |account, verified| {
                logged = true;
                assert_eq!((account.name.as_str(), verified.sign_count()), ("alice", 7));
                assert_eq!(machine.state_file("alice").exists(), recorded_first);
            });
            signed_in.unwrap()
        });
        assert!(logged && signed_in.is_recorded() && signed_in.complaints().is_empty());
        let state = machine.run(|session| session.store.load_state(signed_in.account())).unwrap();
        assert_eq!(state.sign_count(&credential("blue").id), Some(7));
    }
}

/// What is a sign-in to a service is told from a rehearsal, and from one by another process.
#[test]
fn the_service_that_was_signed_in_to_is_on_record() {
    let machine = Machine::new(&["alice"]);
    machine.enrol("alice", "blue");
    for service in [None, Some("sudo")] {
        let before = time::now_precisely();
        let state = machine.run(|session| {
            let proved = ready(session, "alice").conclude(signed("blue", 7)).result.unwrap();
            let signed_in = session.record(proved, service, |_, _| {}).unwrap();
            session.store.load_state(signed_in.account()).unwrap()
        });
        let on_record = state.sign_in("sudo").map(|sign_in| (sign_in.pid, sign_in.time >= before));
        assert_eq!(on_record, service.map(|_| (std::process::id(), true)));
    }
}

#[test]
fn a_record_that_fails_denies_where_it_decides_and_is_complained_of_elsewhere() {
    for (machine, denies) in
        [(Machine::new(&["alice"]), false), (Machine::denying_counters(&["alice"]), true)]
    {
        machine.enrol("alice", "blue");
        let mut logged = false;
        let result = machine.run(|session| {
            let proved = ready(session, "alice").conclude(signed("blue", 7)).result.unwrap();
            // No folder can be made there.
            fs::write(machine.dir.path().join("state"), "").unwrap();
            session.record(proved, None, |_, _| logged = true)
        });
        match result {
            Err(RecordError::Store(error)) => {
                assert!(denies && !logged);
                assert!(error.to_string().contains("/state"), "{error}");
            }
            Ok(signed_in) => {
                assert!(!denies && logged && !signed_in.is_recorded());
                assert!(matches!(signed_in.complaints(), [Complaint::NotRecorded(_)]), "{signed_in:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Another sign-in came between the ceremony and the record.
#[test]
fn the_counter_is_compared_when_it_is_recorded() {
    for (machine, denies) in
        [(Machine::new(&["alice"]), false), (Machine::denying_counters(&["alice"]), true)]
    {
        machine.enrol("alice", "blue");
        let counters = CounterWarning { stored: 7, received: 7 };
        let mut logged = false;
        let result = machine.run(|session| {
            let first = ready(session, "alice").conclude(signed("blue", 7)).result.unwrap();
            let second = ready(session, "alice").conclude(signed("blue", 7)).result.unwrap();
            let _ = session.record(first, None, |_, _| {}).unwrap();
            session.record(second, None, |_, _| logged = true)
        });
        match result {
            Err(RecordError::CounterNotGreater(warning)) => {
                assert!(denies && !logged);
                assert_eq!(warning, counters);
            }
            Ok(signed_in) => {
                assert!(!denies && logged);
                assert_eq!(signed_in.counter_warning(), Some(counters));
                let [complaint] = signed_in.complaints() else { panic!("{signed_in:?}") };
                assert!(complaint.to_string().starts_with("the signature counter of passkey \"blue\""));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_passkey_of_another_account_proves_nothing() {
    let machine = Machine::new(&["alice"]);
    machine.enrol("alice", "blue");
    let error =
        machine.run(|session| ready(session, "alice").conclude(signed("red", 7)).result.unwrap_err().error);
    assert_eq!(error, SignInError::Rejected(VerifyError::CredentialNotAskedFor));
    // Nor one of no account at all.
    let ended = Ended::new(signed("blue", 7), None, Some(Keyring::default()));
    assert_eq!(ended.result.unwrap_err().error, SignInError::UnknownAccount);
    assert_eq!(ended.passkey, None);
}

#[test]
fn wrong_pins_are_recorded_with_a_failure_and_with_a_success() {
    let machine = Machine::new(&["alice"]);
    machine.enrol("alice", "blue");
    machine.enrol("alice", "red");
    let failures = |machine: &Machine| {
        let state = machine.run(|session| session.store.load_state(&machine.account("alice"))).unwrap();
        state.credential(&credential("red").id).map(|state| state.failures)
    };
    machine.run(|session| {
        let failed = ready(session, "alice").conclude(attempt(Err(SignInError::NoTouch))).result.unwrap_err();
        assert!(session.record_failure(&failed).is_none());
        assert!(!machine.state_file("alice").exists(), "nothing to write down");
        for result in [attempt(Err(SignInError::NoTouch)), signed("blue", 7)] {
            let attempt = Attempt { pin_failed: vec![credential("red").id], ..result };
            match ready(session, "alice").conclude(attempt).result {
                Err(failed) => assert!(session.record_failure(&failed).is_none()),
                Ok(proved) => {
                    assert!(session.record(proved, None, |_, _| {}).unwrap().complaints().is_empty());
                }
            }
        }
    });
    assert_eq!(failures(&machine), Some(2));
}

#[test]
fn what_a_key_has_shown_of_itself_is_noted() {
    let machine = Machine::new(&["alice"]);
    machine.enrol("alice", "blue");
    let alice = machine.account("alice");
    machine.run(|session| {
        assert!(session.learn(&alice, None).is_none());
        assert!(session.learn(&alice, Some((credential("blue").id, true))).is_none());
        let loaded = session.store.load(&alice).unwrap().unwrap();
        assert_eq!(loaded.file.named("blue").unwrap().answers_silently, Some(true));
        fs::write(&loaded.path, "nonsense").unwrap();
        let complaint = session.learn(&alice, Some((credential("blue").id, false)));
        assert!(matches!(complaint, Some(Complaint::NotLearnt(_))), "{complaint:?}");
    });
}

#[test]
fn a_user_handle_leads_to_the_account_that_has_it() {
    let machine = Machine::new(&["alice", "bob"]);
    machine.enrol("alice", "blue");
    machine.run(|session| {
        let users = EnrolledUsers::new(session);
        assert_eq!(users.holder(&handle("alice")).unwrap().account.name, "alice");
        assert!(users.holder(&handle("nobody")).is_none());
        let (error, complaints) = users.into_findings();
        assert!(error.is_none() && complaints.is_empty());

        // A file that cannot be read is remembered, since it must not look like a stranger.
        fs::write(machine.dir.path().join("etc/alice.toml"), "nonsense").unwrap();
        let users = EnrolledUsers::new(session);
        assert!(users.holder(&handle("alice")).is_none());
        assert!(matches!(users.into_findings(), (Some(FindError::Store(_)), _)));
    });
}
