//! Signing in.

use super::super::support::{Key, PhoneBook, Scene, ms, seconds};
use super::bench::{EAGER, GRACE, REACTION, TIMEOUT, Typist, Watched};
use super::table::Table;
use super::{grace, impossible, misbehaviours};
use passkey_core::ceremony::{
    self, Attempt, Enrolment, KeyError, Passkey, SignIn, SignInError, TokenError, Wanted,
};
use passkey_core::config::{CounterPolicy, UserVerification};
use passkey_core::credential::UserHandle;
use std::time::Duration;
use virtual_key::{Asked, Fingerprints, KeyConfig, Misbehaviour, Profile, Sabotage};

/// What kind of key the hostile one is, and what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A touch.
    Touch,
    /// A touch; it takes only one passkey in a list, and the second is its own.
    TwoLists,
    /// A touch; the passkey of another key stands before its own in the list.
    OneList,
    /// A touch of a U2F key.
    U2f,
    /// A touch of a U2F key; the passkey of another one stands before its own.
    TwoU2f,
    /// A PIN.
    Pin,
    /// A PIN after a wrong one.
    SecondPin,
    /// A fingerprint, by token.
    Sensor,
    /// A fingerprint, by token, after another finger.
    SecondFinger,
    /// A PIN after the sensor has given up.
    FallBack,
    /// A fingerprint, by the `uv` option of CTAP 2.0.
    OldSensor,
    /// A PIN, once the person has touched the key they mean.
    Choice,
    /// The same on a key of CTAP 2.0.
    OldChoice,
    /// It waits for a touch until the person has chosen the other key.
    TouchTakenBack,
    /// It waits to be chosen until the person has chosen the other key.
    ChoiceTakenBack,
    /// A PIN; the key says who is signing in, and holds passkeys of two users.
    Nameless,
}

/// What an honest key beside the hostile one needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Honest {
    Touch,
    Pin,
    /// The step comes only once the person has chosen the hostile key.
    Rejected,
}

/// The request at which the hostile key drops its mask.
struct Step {
    name: &'static str,
    way: Way,
    honest: Honest,
    asked: Asked,
    nth: usize,
}

const fn step(name: &'static str, way: Way, honest: Honest, asked: Asked, nth: usize) -> Step {
    Step { name, way, honest, asked, nth }
}

const STEPS: [Step; 34] = [
    step("INIT", Way::Touch, Honest::Touch, Asked::Init, 1),
    step("getInfo", Way::Touch, Honest::Touch, Asked::Info, 1),
    step("search, 1st list", Way::TwoLists, Honest::Touch, Asked::SilentAssertion, 1),
    step("search, 2nd list", Way::TwoLists, Honest::Touch, Asked::SilentAssertion, 2),
    step("touch", Way::Touch, Honest::Touch, Asked::Assertion, 1),
    step("touch, long list", Way::OneList, Honest::Touch, Asked::Assertion, 1),
    step("U2F search", Way::TwoU2f, Honest::Touch, Asked::U2fCheck, 1),
    step("U2F search, 2nd", Way::TwoU2f, Honest::Touch, Asked::U2fCheck, 2),
    step("U2F touch", Way::U2f, Honest::Touch, Asked::U2fSign, 1),
    step("U2F touch, asked again", Way::U2f, Honest::Touch, Asked::U2fSign, 2),
    step("INIT before a PIN", Way::Pin, Honest::Pin, Asked::Init, 1),
    step("getInfo before a PIN", Way::Pin, Honest::Pin, Asked::Info, 1),
    step("search before a PIN", Way::Pin, Honest::Pin, Asked::SilentAssertion, 1),
    step("tries left", Way::Pin, Honest::Touch, Asked::PinRetries, 1),
    step("key agreement", Way::Pin, Honest::Touch, Asked::KeyAgreement, 1),
    step("PIN", Way::Pin, Honest::Touch, Asked::PinToken, 1),
    step("tries left after a wrong PIN", Way::SecondPin, Honest::Touch, Asked::PinRetries, 2),
    step("2nd key agreement", Way::SecondPin, Honest::Touch, Asked::KeyAgreement, 2),
    step("2nd PIN", Way::SecondPin, Honest::Touch, Asked::PinToken, 2),
    step("touch after a PIN", Way::Pin, Honest::Touch, Asked::Assertion, 1),
    step("key agreement for a finger", Way::Sensor, Honest::Touch, Asked::KeyAgreement, 1),
    step("finger", Way::Sensor, Honest::Touch, Asked::UvToken, 1),
    step("fingers left", Way::SecondFinger, Honest::Touch, Asked::UvRetries, 1),
    step("2nd finger", Way::SecondFinger, Honest::Touch, Asked::UvToken, 2),
    step("key agreement to fall back", Way::FallBack, Honest::Touch, Asked::KeyAgreement, 2),
    step("PIN to fall back on", Way::FallBack, Honest::Touch, Asked::PinToken, 1),
    step("finger, CTAP 2.0", Way::OldSensor, Honest::Touch, Asked::Assertion, 1),
    step("choice", Way::Choice, Honest::Pin, Asked::Selection, 1),
    step("choice, CTAP 2.0", Way::OldChoice, Honest::Pin, Asked::Selection, 1),
    step("touch taken back", Way::TouchTakenBack, Honest::Pin, Asked::Assertion, 1),
    step("choice taken back", Way::ChoiceTakenBack, Honest::Pin, Asked::Selection, 1),
    step("getInfo, nameless", Way::Nameless, Honest::Pin, Asked::Info, 1),
    step("touch, nameless", Way::Nameless, Honest::Rejected, Asked::Assertion, 1),
    step("next user", Way::Nameless, Honest::Rejected, Asked::NextAssertion, 1),
];

impl Way {
    fn hostile(self, name: &str) -> KeyConfig {
        let key = KeyConfig::new(name);
        match self {
            Self::Touch | Self::OneList | Self::TouchTakenBack => key,
            Self::TwoLists => KeyConfig { max_credential_count_in_list: Some(1), ..key },
            Self::U2f | Self::TwoU2f => KeyConfig { profile: Profile::U2f, ..key },
            Self::Pin | Self::SecondPin | Self::Choice | Self::ChoiceTakenBack | Self::Nameless => {
                key.pin("5678")
            }
            Self::Sensor | Self::SecondFinger | Self::FallBack => {
                KeyConfig { fingerprints: Fingerprints::Enrolled, ..key.pin("5678") }
            }
            Self::OldSensor => KeyConfig {
                fingerprints: Fingerprints::Enrolled,
                profile: Profile::Ctap20,
                ..key.pin("5678")
            },
            Self::OldChoice => KeyConfig { profile: Profile::Ctap20, ..key.pin("5678") },
        }
    }

    fn verification(self) -> UserVerification {
        match self {
            Self::Touch | Self::TwoLists | Self::OneList | Self::U2f | Self::TwoU2f => {
                UserVerification::Discouraged
            }
            // The hostile key has no PIN, and needs none.
            Self::TouchTakenBack => UserVerification::Preferred,
            Self::Pin
            | Self::SecondPin
            | Self::Sensor
            | Self::SecondFinger
            | Self::FallBack
            | Self::OldSensor
            | Self::Choice
            | Self::OldChoice
            | Self::ChoiceTakenBack
            | Self::Nameless => UserVerification::Required,
        }
    }

    /// A key whose passkey stands before the hostile one's, and which is not plugged in.
    fn filler(self) -> Option<KeyConfig> {
        let key = KeyConfig::new("filler");
        match self {
            Self::TwoLists | Self::OneList => Some(key),
            Self::TwoU2f => Some(KeyConfig { profile: Profile::U2f, ..key }),
            _ => None,
        }
    }

    fn is_taken_back(self) -> bool {
        matches!(self, Self::TouchTakenBack | Self::ChoiceTakenBack)
    }

    /// Touches of the sensor by fingers that it does not know.
    fn strangers(self) -> u8 {
        match self {
            Self::SecondFinger => 1,
            Self::FallBack => 3,
            _ => 0,
        }
    }

    /// Hostile keys without which the step would not come.
    fn needed(self) -> usize {
        if matches!(self, Self::Choice | Self::OldChoice) { 2 } else { 1 }
    }
}

/// A bench with hostile keys and perhaps an honest one, all enrolled.
struct Stage {
    scene: Scene,
    hostile: Vec<Key>,
    phone_book: Option<PhoneBook>,
    person: Typist,
    strangers: Option<(Key, u8)>,
}

const HOSTILE: [&str; 2] = ["hostile", "hostile too"];

impl Stage {
    /// With so many hostile keys.
    fn new(way: Way, hostile: usize, honest: Option<Honest>) -> Self {
        let mut scene = Scene::new();
        let mut phone_book = (way == Way::Nameless).then(PhoneBook::default);
        if let Some(filler) = way.filler() {
            let filler = scene.add(filler);
            scene.enrol(filler, None);
            scene.bench().unplug(filler);
        }
        let mut keys = Vec::new();
        for name in &HOSTILE[..hostile] {
            let key = Self::add(&mut scene, phone_book.as_mut(), way.hostile(name));
            keys.push(key);
        }
        if let Some(honest) = honest {
            let key = KeyConfig::new("honest");
            let config = if honest == Honest::Pin { key.pin("1234") } else { key };
            let key = Self::add(&mut scene, phone_book.as_mut(), config);
            scene.bench().auto_touch(key, REACTION);
        }
        scene.settings.policy.timeout = TIMEOUT;
        scene.settings.policy.verification = match (way.verification(), honest) {
            // So that the honest one needs no more than a touch.
            (UserVerification::Required, Some(Honest::Touch)) => UserVerification::Preferred,
            (verification, _) => verification,
        };
        scene.settings.policy.counter = CounterPolicy::Deny;
        let strangers = keys.first().filter(|_| way.strangers() > 0).map(|key| (*key, way.strangers()));
        for key in &keys {
            // It needs no person: it acts as if it had been touched. What is taken back nobody has touched.
            if strangers.is_none() && !way.is_taken_back() {
                scene.bench().auto_touch(*key, EAGER);
            }
        }
        let person = Typist {
            pins: vec![(HOSTILE[0], "5678"), (HOSTILE[1], "5678"), ("honest", "1234")],
            slips: u8::from(way == Way::SecondPin),
            ..Typist::default()
        };
        Self { scene, hostile: keys, phone_book, person, strangers }
    }

    /// Adds a key and enrols it; where the key is to say who is signing in, for two users.
    fn add(scene: &mut Scene, phone_book: Option<&mut PhoneBook>, config: KeyConfig) -> Key {
        let pin = config.pin.clone();
        let name = config.name.clone();
        let key = scene.add(config);
        // A sensor wants more than one touch.
        scene.bench().auto_touch(key, ms(1));
        let Some(phone_book) = phone_book else {
            scene.enrol(key, pin.as_deref());
            return key;
        };
        let others: Vec<Key> = scene.bench().plugged().into_iter().filter(|other| *other != key).collect();
        for other in &others {
            scene.bench().unplug(*other);
        }
        for user in [1, 2] {
            let tag = u8::try_from(key.0).unwrap() * 2 + user;
            let handle = UserHandle::new(vec![tag; 32]).unwrap();
            scene.person.answers.extend(pin.as_deref().map(super::super::support::pin));
            let enrolment = Enrolment { discoverable: true, ..Scene::enrolment("mine", &handle, &[]) };
            let enrolled = ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
            phone_book.add(&format!("{name} {user}"), &handle, &[&enrolled.credential]);
        }
        scene.bench().never(key);
        for other in others {
            scene.bench().plug(other);
        }
        scene.forget_the_past();
        key
    }

    fn sabotage(&mut self, step: &Step, how: Misbehaviour) {
        for key in &self.hostile {
            let sabotage = Sabotage { asked: Some(step.asked), nth: step.nth, how };
            self.scene.bench().sabotage(*key, Some(sabotage));
        }
    }

    fn sign_in(&mut self) -> (Attempt, Duration) {
        // A counter that has gone back to 1 is noticed.
        let known = |credential| Passkey { credential, sign_count: Some(1), salts: None };
        let passkeys: Vec<Passkey<'_>> = self.scene.passkeys.iter().map(known).collect();
        let wanted = match &self.phone_book {
            None => Wanted::Passkeys(&passkeys),
            Some(directory) => Wanted::Anyone { rp_id: "desk.example", directory },
        };
        let request = SignIn {
            wanted,
            policy: &self.scene.settings.policy,
            forbidden_pin: None,
            takes_recovery_code: false,
        };
        let mut platform = Watched::new(&mut self.scene.platform, self.strangers);
        let attempt = ceremony::sign_in(&mut platform, &mut self.person, &request);
        (attempt, platform.finish())
    }
}

/// What comes of it in a word; the document says what PAM code and sentence belong to it.
pub(super) fn word(attempt: &Attempt) -> &'static str {
    match &attempt.result {
        Ok(_) => "signs in",
        Err(SignInError::KeyUnusable(KeyError::Unplugged)) => "unplugged",
        Err(SignInError::ForeignKeys | SignInError::NothingDiscoverable) => "foreign",
        Err(SignInError::UnknownAccount) => "nobody",
        Err(SignInError::NoTouch) => "no touch",
        Err(SignInError::KeyUnusable(KeyError::Silent)) => "silent",
        Err(SignInError::KeyUnusable(KeyError::Stuck)) => "stuck",
        Err(SignInError::KeyBusy) => "busy",
        Err(SignInError::KeyUnusable(KeyError::Garbled(_))) => "garbled",
        Err(SignInError::KeyUnusable(KeyError::Refused(_))) => "closed",
        Err(SignInError::Malformed | SignInError::Pin(TokenError::Malformed)) => "malformed",
        Err(
            SignInError::Refused(_) | SignInError::RefusedU2f(_) | SignInError::Pin(TokenError::Refused(_)),
        ) => "refused",
        Err(SignInError::Rejected(_)) => "rejected",
        Err(SignInError::CannotVerifyUser(_)) => "no PIN",
        Err(SignInError::Declined) => "declined",
        Err(SignInError::Pin(TokenError::AttemptsUsedUp { .. })) => "locked",
        Err(error) => panic!("a misbehaving key must not end in {error:?}"),
    }
}

fn impossible_at(step: &Step, how: Misbehaviour) -> Option<&'static str> {
    let user_verified = step.way.verification() == UserVerification::Required;
    impossible(step.asked, user_verified, how)
}

/// The steps are what they are called: a key that is honest signs in, and one that is pulled out at the step is pulled out.
#[test]
fn every_step_is_reached() {
    for step in &STEPS {
        let honest = step.way.is_taken_back().then_some(step.honest);
        let mut stage = Stage::new(step.way, step.way.needed(), honest);
        let (attempt, _) = stage.sign_in();
        assert_eq!(word(&attempt), "signs in", "{}", step.name);
        let mut stage = Stage::new(step.way, step.way.needed(), honest);
        stage.sabotage(step, Misbehaviour::Unplug);
        let before = stage.scene.bench().plug_changes();
        stage.sign_in();
        assert_ne!(stage.scene.bench().plug_changes(), before, "{} is never asked", step.name);
    }
}

#[test]
fn alone_it_ends_by_the_deadline_as_documented() {
    let steps = || STEPS.iter().filter(|step| !step.way.is_taken_back());
    let mut table = Table::new(steps().map(|step| step.name));
    for how in misbehaviours() {
        let cells = steps().map(|step| {
            if let Some(note) = impossible_at(step, how) {
                return note.to_owned();
            }
            let mut stage = Stage::new(step.way, step.way.needed(), None);
            // Beside an honest key the reports go directly: which way they take makes no difference.
            stage.scene.platform.over_sockets = true;
            stage.sabotage(step, how);
            let (attempt, taken) = stage.sign_in();
            println!("{} at {}: {:?}", how.name(), step.name, attempt.result.as_ref().err());
            assert!(taken <= TIMEOUT, "{} at {}: {taken:?}", how.name(), step.name);
            word(&attempt).to_owned()
        });
        table.add(how.name(), cells.collect());
    }
    table.is_documented("Signing in");
}

/// What comes of it beside an honest key. No ceremony can know better where the hostile one says what an honest one in its place would
/// say when the person has made a mistake.
fn expected_beside(step: &Step, how: Misbehaviour) -> &'static str {
    match (how.name(), step.asked) {
        // The one that is touched may be a copy: no other one makes that good, and the person is told at once.
        ("counter", Asked::Assertion) if !step.way.is_taken_back() => "rejected",
        // It says that the PIN was wrong, as often as the person may try.
        ("pin-invalid", Asked::PinToken) if step.way != Way::FallBack => "locked",
        _ => "signs in",
    }
}

#[test]
fn beside_it_an_honest_key_signs_in_at_once() {
    let mut late = Vec::new();
    for step in STEPS.iter().filter(|step| step.honest != Honest::Rejected) {
        let mut stage = Stage::new(step.way, 0, Some(step.honest));
        if step.honest == Honest::Pin {
            stage.scene.settings.policy.verification = UserVerification::Required;
        }
        let (attempt, alone) = stage.sign_in();
        assert_eq!(word(&attempt), "signs in", "{} without a hostile key", step.name);
        for how in misbehaviours() {
            if impossible_at(step, how).is_some() {
                continue;
            }
            let mut stage = Stage::new(step.way, 1, Some(step.honest));
            stage.sabotage(step, how);
            let (attempt, taken) = stage.sign_in();
            let grace = if step.honest == Honest::Pin { grace(step.asked, how) } else { GRACE };
            if word(&attempt) != expected_beside(step, how)
                || taken > alone + grace && word(&attempt) == "signs in"
            {
                late.push(format!(
                    "{} at {}: {} after {taken:?}, alone {alone:?}; asked by {:?}",
                    how.name(),
                    step.name,
                    word(&attempt),
                    stage.person.asked_by
                ));
            }
        }
    }
    assert!(late.is_empty(), "{}", late.join("\n"));
}

/// The person chose the hostile key and perhaps typed its PIN; the other one, which needs a PIN too, waits until that one is given up.
#[test]
fn a_chosen_key_that_stalls_gives_way() {
    let mut stuck = Vec::new();
    for how in misbehaviours() {
        for asked in [Asked::PinRetries, Asked::KeyAgreement, Asked::PinToken] {
            if impossible(asked, true, how).is_some() {
                continue;
            }
            let step = step("", Way::Choice, Honest::Pin, asked, 1);
            let mut stage = Stage::new(step.way, 1, Some(step.honest));
            stage.sabotage(&step, how);
            let (attempt, taken) = stage.sign_in();
            let is_as_it_should_be = word(&attempt) == expected_beside(&step, how) && taken < seconds(6);
            if !is_as_it_should_be {
                stuck.push(format!("{} at {asked:?}: {} after {taken:?}", how.name(), word(&attempt)));
            }
        }
    }
    assert!(stuck.is_empty(), "{}", stuck.join("\n"));
}
