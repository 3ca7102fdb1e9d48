//! Authenticators that are services, by the platform of this machine: real sockets, in real time.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)] // A panic is how a test says that something is not as expected.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ctap::Secret;
use ctap::cose::Algorithm;
use ctap::show::Shown;
use ctaphid_socket::Folder;
use jiff::Timestamp;
use passkey_core::ceremony::{
    Attempt, Enrolment, KeyError, LinuxPlatform, Notice, Passkey, PinAnswer, PinPrompt, Prompter, SignIn,
    SignInError, Wanted, enrol, sign_in,
};
use passkey_core::config::{Config, Policy, Settings, UserVerification};
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::messages::{self, English};
use tempfile::TempDir;
use virtual_key::live::LiveKey;
use virtual_key::{Fingerprints, Form, Hybrid, KeyConfig, Misbehaviour, Profile, Sabotage};

const UID: u32 = 1000;

/// Types this PIN whenever one is asked for, and notes the rest.
#[derive(Default)]
struct Typist {
    pin: &'static str,
    asked: usize,
    told: Vec<Notice>,
    shown: Vec<Shown>,
}

impl Prompter for Typist {
    fn tell(&mut self, notice: &Notice) {
        self.told.push(notice.clone());
    }

    fn can_show(&self) -> bool {
        true
    }

    fn show(&mut self, shown: &Shown) {
        self.shown.push(shown.clone());
    }

    fn ask_pin(&mut self, _: &PinPrompt<'_>) -> PinAnswer {
        self.asked += 1;
        PinAnswer::Pin(Secret::new(self.pin.as_bytes().to_vec()))
    }
}

/// A folder of services, and nothing else: keys that are plugged into the machine of the test have no part in it.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.sock"))
    }

    fn service(&self, name: &str, config: KeyConfig) -> LiveKey {
        let key = LiveKey::behind(&self.socket(name), config).unwrap();
        key.plug().unwrap();
        key
    }

    fn platform(&self, name: &str) -> LinuxPlatform<'static> {
        let folder = Folder::of(self.folder.path().to_owned(), rustix::process::getuid().as_raw());
        LinuxPlatform::new(None).with_services(folder, UID).only(self.socket(name))
    }

    fn enrol(&self, name: &str, person: &mut Typist) -> Credential {
        let enrolment = Enrolment {
            rp_id: "desk.example",
            user_handle: &UserHandle::new(vec![7; 32]).unwrap(),
            user_name: "alice",
            name,
            added: Timestamp::UNIX_EPOCH,
            algorithms: &[Algorithm::Es256],
            discoverable: false,
            verification: UserVerification::Required,
            existing: &[],
            device: None,
            allowed_aaguids: &[],
            enterprise_attestation: false,
            pin_attempts: 3,
            timeout: Duration::from_secs(60),
        };
        enrol(&mut self.platform(name), person, &enrolment).expect("enrolled").credential
    }

    fn sign_in(&self, name: &str, credential: &Credential, person: &mut Typist, policy: &Policy) -> Attempt {
        self.sign_in_with(name, &[credential], person, policy)
    }

    fn sign_in_with(
        &self,
        name: &str,
        credentials: &[&Credential],
        person: &mut Typist,
        policy: &Policy,
    ) -> Attempt {
        let passkey = |credential| Passkey { credential, sign_count: None, salts: None };
        let passkeys: Vec<Passkey<'_>> = credentials.iter().copied().map(passkey).collect();
        let wanted = Wanted::Passkeys(&passkeys);
        let request = SignIn { wanted, policy, forbidden_pin: None, takes_recovery_code: false };
        sign_in(&mut self.platform(name), person, &request)
    }
}

fn policy() -> Policy {
    let built_in = Config::default().policy("bench", &Settings::default());
    Policy { timeout: Duration::from_secs(60), wait_for_key: Duration::ZERO, ..built_in }
}

fn computer() -> KeyConfig {
    let config =
        KeyConfig { always_uv: true, aaguid: [0x5a; 16], form: Form::Platform, ..KeyConfig::new("tpm") };
    config.pin("2468")
}

fn typist() -> Typist {
    Typist { pin: "2468", ..Typist::default() }
}

/// In a process of its own, where no other test opens and closes anything.
#[test]
fn this_computer_is_enrolled_and_signs_in() {
    const ALONE: &str = "PASSKEY_TEST_DESCRIPTORS";
    if std::env::var_os(ALONE).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "this_computer_is_enrolled_and_signs_in", "--nocapture"])
            .env(ALONE, "")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{}: {text}", output.status);
        return;
    }
    let machine = Machine::new();
    let computer = machine.service("tpm", computer());
    let credential = machine.enrol("tpm", &mut typist());
    assert_eq!(credential.transports, ["internal"]);
    let before = open_descriptors();
    let mut person = typist();
    let attempt = machine.sign_in("tpm", &credential, &mut person, &policy());
    assert!(attempt.result.is_ok_and(|verified| verified.user_verified()));
    assert_eq!((person.asked, person.told), (1, vec![]));
    assert_eq!(computer.counts().opens, computer.counts().closes);
    // The service has a thread of its own, which may not have closed its end yet.
    let start = Instant::now();
    while open_descriptors() != before && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(open_descriptors(), before, "nothing is left open");
}

/// A service that ends in the middle, as when it is restarted, is connected to again.
#[test]
fn a_service_that_hangs_up_is_called_again() {
    let machine = Machine::new();
    let computer = machine.service("tpm", computer());
    let credential = machine.enrol("tpm", &mut typist());
    for nth in 1..=3 {
        computer.sabotage(Some(Sabotage { asked: None, nth, how: Misbehaviour::Unplug }));
        let attempt = std::thread::scope(|scope| {
            scope.spawn(|| {
                let start = Instant::now();
                while computer.is_plugged() && start.elapsed() < Duration::from_secs(30) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                computer.sabotage(None);
                computer.plug().unwrap();
            });
            machine.sign_in("tpm", &credential, &mut typist(), &policy())
        });
        assert!(attempt.result.is_ok(), "at request {nth}: {:?}", attempt.result);
    }
}

#[test]
fn one_that_comes_late_is_noticed() {
    let machine = Machine::new();
    let first = machine.service("tpm", computer());
    let credential = machine.enrol("tpm", &mut typist());
    let on_a_key = Credential { transports: vec!["usb".to_owned()], ..credential.clone() };
    let path = machine.socket("tpm");
    let aside = machine.folder.path().join("aside");
    std::fs::rename(&path, &aside).unwrap();
    let patient = Policy { wait_for_key: Duration::from_secs(60), ..policy() };
    let start = Instant::now();
    let attempt = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            std::fs::rename(&aside, &path).unwrap();
        });
        // A key could come too, so something is waited for at all.
        machine.sign_in_with("tpm", &[&credential, &on_a_key], &mut typist(), &patient)
    });
    assert!(attempt.result.is_ok(), "{:?}", attempt.result);
    assert!(start.elapsed() < Duration::from_secs(50), "told of it, not found by chance at the end");
    drop(first);
}

#[test]
fn what_cannot_be_connected_to_is_said() {
    let machine = Machine::new();
    let computer = machine.service("tpm", computer());
    let credential = machine.enrol("tpm", &mut typist());
    drop(computer);
    let brief = Policy { timeout: Duration::from_secs(3), ..policy() };
    // A file in its place, and one that nobody listens at.
    let path = machine.socket("tpm");
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    let attempt = machine.sign_in("tpm", &credential, &mut typist(), &brief);
    assert_eq!(attempt.result.unwrap_err(), SignInError::ThisComputerUnusable(KeyError::Unplugged));
    std::fs::remove_file(&path).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let attempt = machine.sign_in("tpm", &credential, &mut typist(), &brief);
    assert!(matches!(attempt.result, Err(SignInError::ThisComputerUnusable(_))), "{:?}", attempt.result);
}

#[test]
fn what_a_phone_has_to_show_comes_through() {
    let machine = Machine::new();
    let config = KeyConfig {
        profile: Profile::Ctap20,
        fingerprints: Fingerprints::Enrolled,
        form: Form::Hybrid,
        ..KeyConfig::new("phone")
    };
    let phone = machine.service("phone", config.pin("1111"));
    phone.auto_touch(Some(Duration::from_millis(50)));
    let credential = machine.enrol("phone", &mut typist());
    let mut person = typist();
    let attempt = machine.sign_in("phone", &credential, &mut person, &policy());
    assert!(attempt.result.is_ok_and(|verified| verified.user_verified()));
    assert_eq!(person.shown.iter().map(|shown| shown.text.as_str()).collect::<Vec<_>>(), [Hybrid::TEXT]);
    assert_eq!(person.asked, 0);
}

fn open_descriptors() -> usize {
    std::fs::read_dir(Path::new("/proc/self/fd")).unwrap().count()
}

/// A person at the prompt for the PIN of this computer, who types `pins` one after the other.
struct Interrupting<'a> {
    pins: Vec<&'a str>,
    meanwhile: Box<dyn FnMut() + 'a>,
}

impl Prompter for Interrupting<'_> {
    fn tell(&mut self, _: &Notice) {}

    fn ask_pin(&mut self, _: &PinPrompt<'_>) -> PinAnswer {
        (self.meanwhile)();
        self.pins.pop().map_or(PinAnswer::Empty, |pin| PinAnswer::Pin(Secret::new(pin.as_bytes().to_vec())))
    }
}

/// A person without a security key is not told about one, nor of a PIN that is blocked for good: the PIN of this computer never is.
#[test]
fn the_words_about_this_computer_are_about_this_computer() {
    let machine = Machine::new();
    let mut said = Vec::new();
    for (what, pins) in
        [("ends", vec!["2468"]), ("never", vec!["1"; 9]), ("wrong", vec!["13579", "1", "13579"])]
    {
        let computer = machine.service("tpm", computer());
        let credential = machine.enrol("tpm", &mut typist());
        let path = machine.socket("tpm");
        let meanwhile = Box::new(|| {
            if what == "ends" {
                let _ = std::fs::remove_file(&path);
            }
        });
        let passkeys = [Passkey { credential: &credential, sign_count: None, salts: None }];
        let wanted = Wanted::Passkeys(&passkeys);
        let request = SignIn { wanted, policy: &policy(), forbidden_pin: None, takes_recovery_code: false };
        let mut person = Interrupting { pins, meanwhile };
        let error = sign_in(&mut machine.platform("tpm"), &mut person, &request).result.unwrap_err();
        let words = messages::sign_in_error(&error).map(|phrase| phrase.in_language(&English));
        said.push((what, words.unwrap_or_default()));
        drop(computer);
        let _ = std::fs::remove_file(&path);
    }
    for (what, words) in &said {
        for wrong in ["The security key", "to the security key", "lug it in", "for good"] {
            assert!(!words.contains(wrong), "{what}: {words}; of {said:?}");
        }
    }
}
