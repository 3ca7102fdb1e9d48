//! Enrolling.

use super::super::support::{Key, Scene};
use super::bench::{EAGER, REACTION, TIMEOUT, Typist, Watched};
use super::table::Table;
use super::{grace, impossible, misbehaviours};
use passkey_core::ceremony::{self, EnrolError, Enrolled, Enrolment, KeyError, KeyFailure, TokenError};
use passkey_core::config::UserVerification;
use std::time::Duration;
use virtual_key::{Asked, Fingerprints, KeyConfig, Misbehaviour, Profile, Sabotage};

/// What kind of key the hostile one is, and what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A touch.
    Touch,
    /// A touch, after a look for the user's other passkey.
    LocateRequest,
    /// A touch of a U2F key.
    U2f,
    /// A touch of a U2F key, after a look for the user's other passkey.
    U2fSearch,
    /// A PIN.
    Pin,
    /// A PIN after a wrong one.
    SecondPin,
    /// A fingerprint.
    Sensor,
    /// A fingerprint after another finger.
    SecondFinger,
    /// To be touched if it is the one that the person means.
    Choice,
    /// The same on a key of CTAP 2.0.
    OldChoice,
    /// The same on a U2F key.
    U2fChoice,
}

/// The request at which the hostile key drops its mask.
struct Step {
    name: &'static str,
    way: Way,
    asked: Asked,
    nth: usize,
}

const fn step(name: &'static str, way: Way, asked: Asked, nth: usize) -> Step {
    Step { name, way, asked, nth }
}

const STEPS: [Step; 21] = [
    step("INIT", Way::Touch, Asked::Init, 1),
    step("getInfo", Way::Touch, Asked::Info, 1),
    step("choice", Way::Choice, Asked::Selection, 1),
    step("choice, CTAP 2.0", Way::OldChoice, Asked::Selection, 1),
    step("choice, U2F", Way::U2fChoice, Asked::U2fRegister, 1),
    step("search", Way::LocateRequest, Asked::SilentAssertion, 1),
    step("U2F search", Way::U2fSearch, Asked::U2fCheck, 1),
    step("tries left", Way::Pin, Asked::PinRetries, 1),
    step("key agreement", Way::Pin, Asked::KeyAgreement, 1),
    step("PIN", Way::Pin, Asked::PinToken, 1),
    step("tries left after a wrong PIN", Way::SecondPin, Asked::PinRetries, 2),
    step("2nd key agreement", Way::SecondPin, Asked::KeyAgreement, 2),
    step("2nd PIN", Way::SecondPin, Asked::PinToken, 2),
    step("key agreement for a finger", Way::Sensor, Asked::KeyAgreement, 1),
    step("finger", Way::Sensor, Asked::UvToken, 1),
    step("fingers left", Way::SecondFinger, Asked::UvRetries, 1),
    step("2nd finger", Way::SecondFinger, Asked::UvToken, 2),
    step("making", Way::Pin, Asked::MakeCredential, 1),
    step("U2F making", Way::U2f, Asked::U2fRegister, 1),
    step("U2F making, asked again", Way::U2f, Asked::U2fRegister, 2),
    step("proof", Way::Touch, Asked::SilentAssertion, 1),
];

impl Way {
    fn hostile(self, name: &str) -> KeyConfig {
        let key = KeyConfig::new(name);
        match self {
            Self::Touch | Self::LocateRequest | Self::Choice => key,
            Self::U2f | Self::U2fSearch | Self::U2fChoice => KeyConfig { profile: Profile::U2f, ..key },
            Self::Pin | Self::SecondPin => key.pin("5678"),
            Self::Sensor | Self::SecondFinger => {
                KeyConfig { fingerprints: Fingerprints::Enrolled, ..key.pin("5678") }
            }
            Self::OldChoice => KeyConfig { profile: Profile::Ctap20, ..key },
        }
    }

    fn verification(self) -> UserVerification {
        match self {
            Self::Pin | Self::SecondPin | Self::Sensor | Self::SecondFinger => UserVerification::Required,
            Self::Touch
            | Self::LocateRequest
            | Self::U2f
            | Self::U2fSearch
            | Self::Choice
            | Self::OldChoice
            | Self::U2fChoice => UserVerification::Discouraged,
        }
    }

    /// The key of the user's other passkey.
    fn other(self) -> Option<KeyConfig> {
        let key = KeyConfig::new("other");
        match self {
            Self::LocateRequest => Some(key),
            Self::U2fSearch => Some(KeyConfig { profile: Profile::U2f, ..key }),
            _ => None,
        }
    }

    /// Whether the step comes while several keys are plugged in.
    fn is_choice(self) -> bool {
        matches!(self, Self::Choice | Self::OldChoice | Self::U2fChoice)
    }
}

/// A bench with hostile keys and perhaps an honest one.
struct Stage {
    scene: Scene,
    way: Way,
    hostile: Vec<Key>,
    person: Typist,
}

impl Stage {
    fn new(way: Way, hostile: usize, honest: bool) -> Self {
        let mut scene = Scene::new();
        if let Some(other) = way.other() {
            let other = scene.add(other);
            scene.enrol(other, None);
            scene.bench().unplug(other);
        }
        let names = ["hostile", "hostile too"];
        let keys: Vec<Key> = names[..hostile].iter().map(|name| scene.add(way.hostile(name))).collect();
        for key in &keys {
            // It needs no person: it acts as if it had been touched.
            if way != Way::SecondFinger {
                scene.bench().auto_touch(*key, EAGER);
            }
        }
        if honest {
            let key = scene.add(KeyConfig { aaguid: HONEST, ..KeyConfig::new("honest") });
            scene.bench().auto_touch(key, REACTION);
        }
        let person = Typist {
            pins: names.map(|name| (name, "5678")).to_vec(),
            slips: u8::from(way == Way::SecondPin),
            ..Typist::default()
        };
        Self { scene, way, hostile: keys, person }
    }

    fn sabotage(&mut self, step: &Step, how: Misbehaviour) {
        for key in &self.hostile {
            let sabotage = Sabotage { asked: Some(step.asked), nth: step.nth, how };
            self.scene.bench().sabotage(*key, Some(sabotage));
        }
    }

    fn enrol(&mut self) -> (Result<Enrolled, EnrolError>, Duration) {
        let handle = self.scene.user_handle.clone();
        let existing: Vec<_> = self.scene.passkeys.iter().collect();
        let enrolment = Enrolment {
            verification: self.way.verification(),
            timeout: TIMEOUT,
            ..Scene::enrolment("mine", &handle, &existing)
        };
        let strangers = (self.way == Way::SecondFinger).then(|| (self.hostile[0], 1));
        let mut platform = Watched::new(&mut self.scene.platform, strangers);
        let enrolled = ceremony::enrol(&mut platform, &mut self.person, &enrolment);
        (enrolled, platform.finish())
    }
}

const HONEST: [u8; 16] = [0x11; 16];

/// What comes of it in a word.
fn word(result: &Result<Enrolled, EnrolError>) -> &'static str {
    match result {
        Ok(_) => "enrols",
        Err(EnrolError::Key(KeyFailure::NoKey)) => "no key",
        Err(EnrolError::Key(KeyFailure::Unplugged)) => "unplugged",
        Err(EnrolError::Key(KeyFailure::NoTouch)) => "no touch",
        Err(EnrolError::Key(KeyFailure::Unusable(KeyError::Silent))) => "silent",
        Err(EnrolError::Key(KeyFailure::Unusable(KeyError::Stuck))) => "stuck",
        Err(EnrolError::Key(KeyFailure::Unusable(KeyError::Busy))) => "busy",
        Err(EnrolError::Key(KeyFailure::Unusable(KeyError::Garbled(_)))) => "garbled",
        Err(EnrolError::Key(KeyFailure::Unusable(KeyError::Refused(_)))) => "closed",
        Err(EnrolError::Key(KeyFailure::Malformed) | EnrolError::Pin(TokenError::Malformed)) => "malformed",
        Err(
            EnrolError::Key(KeyFailure::Refused(_) | KeyFailure::RefusedU2f(_))
            | EnrolError::Pin(TokenError::Refused(_)),
        ) => "refused",
        Err(EnrolError::Rejected(_)) => "rejected",
        Err(EnrolError::AlreadyEnrolled(_)) => "enrolled already",
        Err(EnrolError::WrongCredential) => "wrong passkey",
        Err(EnrolError::Key(KeyFailure::Declined)) => "declined",
        Err(EnrolError::Pin(TokenError::AttemptsUsedUp { .. })) => "locked",
        Err(error) => panic!("a misbehaving key must not end in {error:?}"),
    }
}

fn impossible_at(step: &Step, how: Misbehaviour) -> Option<&'static str> {
    impossible(step.asked, step.way.verification() == UserVerification::Required, how)
}

fn needed(way: Way) -> usize {
    if way.is_choice() { 2 } else { 1 }
}

#[test]
fn every_step_is_reached() {
    for step in &STEPS {
        let mut stage = Stage::new(step.way, needed(step.way), false);
        assert_eq!(word(&stage.enrol().0), "enrols", "{}", step.name);
        let mut stage = Stage::new(step.way, needed(step.way), false);
        stage.sabotage(step, Misbehaviour::Unplug);
        let before = stage.scene.bench().plug_changes();
        let _ = stage.enrol();
        assert_ne!(stage.scene.bench().plug_changes(), before, "{} is never asked", step.name);
    }
}

#[test]
fn alone_it_ends_by_the_deadline_as_documented() {
    let mut table = Table::new(STEPS.iter().map(|step| step.name));
    for how in misbehaviours() {
        let cells = STEPS.iter().map(|step| {
            if let Some(note) = impossible_at(step, how) {
                return note.to_owned();
            }
            let mut stage = Stage::new(step.way, needed(step.way), false);
            stage.sabotage(step, how);
            let (enrolled, taken) = stage.enrol();
            assert!(taken <= TIMEOUT, "{} at {}: {taken:?}", how.name(), step.name);
            word(&enrolled).to_owned()
        });
        table.add(how.name(), cells.collect());
    }
    table.is_documented("Enrolling");
}

/// Once a key is picked the others have been let go, and there is nobody to stand beside it.
#[test]
fn beside_it_an_honest_key_is_enrolled_at_once() {
    let (enrolled, alone) = Stage::new(Way::Touch, 0, true).enrol();
    assert_eq!(word(&enrolled), "enrols");
    let mut late = Vec::new();
    for step in
        STEPS.iter().filter(|step| matches!(step.asked, Asked::Init | Asked::Info) || step.way.is_choice())
    {
        for how in misbehaviours() {
            if impossible_at(step, how).is_some() {
                continue;
            }
            let mut stage = Stage::new(step.way, 1, true);
            stage.sabotage(step, how);
            let (enrolled, taken) = stage.enrol();
            if word(&enrolled) != "enrols" || taken > alone + grace(step.asked, how) {
                let at = format!("{} at {}", how.name(), step.name);
                late.push(format!("{at}: {} after {taken:?}, alone {alone:?}", word(&enrolled)));
            }
        }
    }
    assert!(late.is_empty(), "{}", late.join("\n"));
}
