//! A passkey on this computer: a service of the machine that cannot be touched, and asks for its PIN.

use super::support::{Key, Scene, is_verified, ms, pin, seconds};
use passkey_core::ceremony::{
    Authenticator, EnrolError, Enrolment, Invitation, Invited, KeyError, Lock, Notice, PinAnswer, PinReason,
    Platform as _, Reset, SignInError, TokenError, inspect, reset, select,
};
use passkey_core::config::UserVerification;
use passkey_core::credential::{Credential, CredentialId};
use passkey_core::verify::Verified;
use virtual_key::{
    Asked, Corruption, Fingerprints, Form, KeyConfig, Misbehaviour, Quirks, Sabotage, Touch, UserTimeout,
};

const AAGUID: [u8; 16] = [0x5a; 16];

fn computer() -> KeyConfig {
    KeyConfig { always_uv: true, aaguid: AAGUID, form: Form::Platform, ..KeyConfig::new("computer") }
        .pin("2468")
}

/// One whose service takes a finger, and gives up after ten seconds without one.
fn with_reader() -> KeyConfig {
    let user_timeout = Some(UserTimeout { after: seconds(10), status: 0x2f });
    let quirks = Quirks { user_timeout, ..Quirks::default() };
    KeyConfig { fingerprints: Fingerprints::Enrolled, quirks, ..computer() }
}

/// A scene with a passkey on a computer that takes a finger.
fn reader_scene() -> (Scene, Key) {
    let mut scene = Scene::new();
    let computer = scene.add(with_reader());
    scene.platform.services.insert(computer.0);
    scene.bench().touch_after(computer, ms(300));
    let enrolled = scene.enrol(computer, None);
    assert!(enrolled.is_on_a_service(), "{:?}", enrolled.transports);
    scene.forget_the_past();
    (scene, computer)
}

/// A scene with a passkey on this computer alone.
fn scene() -> (Scene, Key) {
    let mut scene = Scene::new();
    let computer = add_computer(&mut scene);
    (scene, computer)
}

fn add_computer(scene: &mut Scene) -> Key {
    let computer = scene.add(computer());
    scene.platform.services.insert(computer.0);
    let enrolled = scene.enrol(computer, Some("2468"));
    assert!(enrolled.is_on_a_service(), "{:?}", enrolled.transports);
    assert_eq!(enrolled.answers_silently, Some(false));
    computer
}

/// A key with a passkey, touched when the person is told to.
fn add_key(scene: &mut Scene, config: KeyConfig, enrol_pin: Option<&str>) -> Key {
    let key = scene.add(config);
    let enrolled = scene.enrol(key, enrol_pin);
    assert!(!enrolled.is_on_a_service(), "{:?}", enrolled.transports);
    key
}

fn name(verified: &Verified) -> &str {
    &verified.credential().name
}

#[test]
fn its_pin_is_all_it_takes() {
    for verification in [UserVerification::Discouraged, UserVerification::Required] {
        let (mut scene, computer) = scene();
        scene.settings.policy.verification = verification;
        scene.person.answers.push_back(pin("2468"));
        let attempt = scene.sign_in();
        assert!(attempt.result.as_ref().is_ok_and(Verified::user_verified), "{attempt:?}");
        assert_eq!(scene.person.authenticators, [Authenticator::ThisComputer]);
        assert_eq!(scene.person.asked, [(PinReason::First, Some(8))]);
        assert_eq!(scene.person.told, [], "nothing can be touched");
        assert_eq!(scene.bench().counts(computer).transactions, 7, "as many as with a key");
    }
}

#[test]
fn enrolling_asks_for_no_touch() {
    let mut scene = Scene::new();
    let computer = scene.add(computer());
    scene.platform.services.insert(computer.0);
    scene.person.answers.push_back(pin("2468"));
    let handle = scene.user_handle.clone();
    scene.enrol_with(computer, Scene::enrolment("laptop", &handle, &[])).expect("enrolled");
    assert_eq!(scene.person.told, []);
    assert_eq!(scene.person.authenticators, [Authenticator::ThisComputer]);
}

#[test]
fn it_is_enrolled_once_and_says_so_before_the_pin() {
    let (mut scene, computer) = scene();
    let here = scene.passkeys.remove(0);
    let handle = scene.user_handle.clone();
    let asked_before = scene.person.authenticators.len();
    let enrolment = Scene::enrolment("again", &handle, &[]);
    let again = scene.enrol_with(computer, Enrolment { existing: &[&here], ..enrolment });
    assert_eq!(again.err(), Some(EnrolError::AlreadyEnrolled(Some(here.name.clone()))));
    assert_eq!((scene.person.told.as_slice(), scene.person.authenticators.len()), (&[][..], asked_before));
}

#[test]
fn it_says_which_passkeys_it_holds_without_signing() {
    let (mut scene, _) = scene();
    add_key(&mut scene, KeyConfig::new("blue"), None);
    let [here, on_the_key] = scene.passkeys.as_slice() else { panic!("two passkeys") };
    let (here, on_the_key) = (here.clone(), on_the_key.clone());
    let mut foreign = here.clone();
    foreign.id = CredentialId::new(vec![7; 64]).expect("an id");
    let asked = [here.clone(), foreign, on_the_key.clone()];
    let asked: Vec<&Credential> = asked.iter().collect();
    let inspected = inspect(&mut scene.platform, &asked, seconds(5));
    let [computer, key] = inspected.as_slice() else { panic!("{inspected:?}") };
    assert_eq!((&computer.holds, computer.pin_retries), (&vec![here.id], Some(8)));
    assert_eq!(key.holds, [on_the_key.id]);
}

#[test]
fn what_it_does_not_answer_is_not_taken_for_a_no() {
    for how in
        [Misbehaviour::Refusal(0xf0), Misbehaviour::Garbage, Misbehaviour::Keepalives, Misbehaviour::Mute]
    {
        let (mut scene, computer) = scene();
        let here = scene.passkeys.remove(0);
        scene.bench().sabotage(computer, Some(Sabotage { asked: Some(Asked::SilentAssertion), nth: 1, how }));
        let inspected = inspect(&mut scene.platform, &[&here], seconds(5));
        let told = inspected[0].info.as_ref().err().or(inspected[0].untold.as_ref());
        assert!(told.is_some(), "{}: {inspected:?}", how.name());
    }
}

/// It would have to sign: a refusal is something that any device could send.
#[test]
fn a_device_that_only_says_so_holds_nothing() {
    let (mut scene, computer) = scene();
    let here = scene.passkeys.remove(0);
    let mut passkey = here.clone();
    passkey.transports = vec!["usb".to_owned()];
    scene.platform.services.remove(&computer.0);
    for asked in [&passkey, &here] {
        let inspected = inspect(&mut scene.platform, &[asked], seconds(5));
        assert_eq!(inspected[0].holds, Vec::new(), "{:?}", asked.transports);
    }
}

#[test]
fn it_is_reset_without_being_unplugged_or_touched() {
    let (mut scene, computer) = scene();
    let selected = select(&mut scene.platform, &mut scene.person, None, seconds(5));
    let selected = selected.expect("selected").expect("it speaks CTAP2");
    // Its service goes by the age of the connection, the virtual key by that of its power.
    scene.bench().unplug(computer);
    scene.bench().plug(computer);
    let key = scene.platform.plugged().expect("listed").remove(0);
    let mut steps = Vec::new();
    let request = Reset { key: &key, info: &selected.info, timeout: seconds(5) };
    reset(&mut scene.platform, &mut |step| steps.push(step), &request).expect("reset");
    assert_eq!(steps, []);
    let inspected = inspect(&mut scene.platform, &[], seconds(5));
    let info = inspected[0].info.as_ref().expect("it answers").as_ref().expect("CTAP2");
    assert_eq!(info.options.client_pin, Some(false));
}

#[test]
fn a_foreign_key_beside_it_changes_nothing() {
    let (mut scene, _) = scene();
    scene.add(KeyConfig::new("foreign"));
    scene.person.answers.push_back(pin("2468"));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.told, []);
    assert_eq!(scene.person.shown, [None], "it needs no name");
}

#[test]
fn a_key_that_is_touched_in_time_needs_no_pin() {
    let (mut scene, _) = scene();
    let key = add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.bench().touch_after(key, seconds(3));
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.as_ref().map(name), Ok("passkey 1"));
    assert_eq!(scene.person.told, [Notice::TouchOrWait]);
    assert!(scene.person.asked.is_empty());
}

#[test]
fn after_some_seconds_without_a_touch_the_pin_is_asked_for() {
    let (mut scene, _) = scene();
    add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.person.answers.push_back(pin("2468"));
    let begun_at = scene.bench().now();
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.as_ref().map(name), Ok("passkey 0"));
    assert_eq!(scene.person.told[..2], [Notice::TouchOrWait, Notice::NothingForKey]);
    assert_eq!(scene.person.lit, [vec![]], "no key blinks while the person types");
    let typing = scene.person.typing;
    let waited = scene.ended_at - begun_at - typing;
    assert!(waited >= seconds(8) && waited < seconds(10), "{waited:?}");
}

#[test]
fn nothing_typed_leads_back_to_the_key() {
    let (mut scene, computer) = scene();
    let key = add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.person.answers.push_back(PinAnswer::Empty);
    // The first wait for a touch is over before.
    scene.bench().touch_after(key, seconds(9));
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.as_ref().map(name), Ok("passkey 1"), "{attempt:?} {:?}", scene.person.told);
    assert_eq!(scene.person.told.last(), Some(&Notice::TouchKey), "{:?}", scene.person.told);
    assert_eq!(scene.bench().pin_retries(computer), 8);
}

#[test]
fn one_question_offers_both_where_the_key_would_ask_for_a_pin_too() {
    let (mut scene, computer) = scene();
    let key = add_key(&mut scene, KeyConfig::new("blue").pin("1234"), Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.push_back(pin("2468"));
    assert_eq!(scene.sign_in().result.as_ref().map(name), Ok("passkey 0"));
    assert_eq!(scene.person.told, [Notice::NothingForKey]);

    scene.forget_the_past();
    scene.person.answers.extend([PinAnswer::Empty, pin("1234")]);
    scene.bench().auto_touch(key, ms(300));
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.as_ref().map(name), Ok("passkey 1"), "{attempt:?}");
    assert_eq!(scene.person.authenticators, [Authenticator::ThisComputer, Authenticator::SecurityKey]);
    assert_eq!(scene.bench().pin_retries(computer), 8);
    assert_eq!(scene.bench().pin_retries(key), 8, "each PIN went where it belongs");
}

#[test]
fn nothing_typed_ends_it_where_there_is_no_key() {
    let (mut scene, _) = scene();
    scene.person.answers.push_back(PinAnswer::Empty);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::Pin(TokenError::Empty));
}

#[test]
fn its_lock_is_said_to_be_its_own_and_a_key_goes_on() {
    let (mut scene, computer) = scene();
    scene.settings.policy.pin_attempts = 5;
    scene.person.answers.extend([pin("9999"), pin("8888"), pin("7777"), pin("2468")]);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::Pin(TokenError::ThisComputerLocked));

    let key = add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.person.answers.extend([pin("9999"), pin("8888"), pin("7777")]);
    scene.bench().unplug(computer);
    scene.bench().plug(computer);
    scene.bench().touch_after(key, seconds(9));
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.as_ref().map(name), Ok("passkey 1"), "{attempt:?}");
    assert!(scene.person.told.contains(&Notice::KeyLocked(Lock::ThisComputer)), "{:?}", scene.person.told);
}

#[test]
fn a_computer_that_has_lost_the_passkey_says_so() {
    let (mut scene, computer) = scene();
    scene.bench().unplug(computer);
    scene.bench().forget(computer);
    scene.bench().plug(computer);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::NotOnThisComputer);
    scene.settings.policy.wait_for_key = seconds(10);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::NotOnThisComputer);
    assert_eq!(scene.person.told, [], "no key could help");
    let key = add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.bench().unplug(key);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::NotOnThisComputer);
    assert_eq!(scene.person.told, [Notice::InsertKey], "the other passkey is on a key");
}

#[test]
fn where_nothing_listens_nobody_is_told_to_plug_in_a_key() {
    let (mut scene, computer) = scene();
    scene.bench().unplug(computer);
    scene.settings.policy.wait_for_key = seconds(30);
    let begun_at = scene.bench().now();
    let error = scene.sign_in().result.unwrap_err();
    assert_eq!(error, SignInError::ThisComputerUnusable(KeyError::Unplugged));
    assert_eq!((&scene.person.told[..], scene.ended_at), (&[][..], begun_at), "nor waited for");
}

#[test]
fn a_service_that_says_nothing_holds_nobody_up() {
    let (mut scene, computer) = scene();
    let key = add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.bench().sabotage(computer, Some(Sabotage { asked: None, nth: 1, how: Misbehaviour::Mute }));
    scene.bench().touch_after(key, seconds(2));
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.as_ref().map(name), Ok("passkey 1"));
    scene.bench().unplug(key);
    let error = scene.sign_in().result.unwrap_err();
    assert!(matches!(error, SignInError::ThisComputerUnusable(_)), "{error:?}");
}

/// The model of this computer is no secret. Whoever leaves a device behind that claims it is not told the computer's PIN.
#[test]
fn a_device_that_claims_to_be_this_computer_is_asked_for_nothing() {
    let (mut scene, computer) = scene();
    scene.platform.services.remove(&computer.0);
    for wait_for_key in [seconds(0), seconds(5)] {
        scene.settings.policy.wait_for_key = wait_for_key;
        scene.person.answers.push_back(pin("2468"));
        let error = scene.sign_in().result.unwrap_err();
        assert_eq!(error, SignInError::ThisComputerUnusable(KeyError::Unplugged));
        assert!(scene.person.asked.is_empty());
        assert_eq!(scene.bench().counts(computer).commands.get(&0x02), None, "it is not even asked");
    }
}

#[test]
fn what_it_signs_is_verified_like_any_other_assertion() {
    for corruption in [Corruption::Signature, Corruption::RpHash, Corruption::UserVerified] {
        let (mut scene, computer) = scene();
        scene.bench().corrupt(computer, Some(corruption));
        scene.settings.policy.verification = UserVerification::Required;
        scene.person.answers.push_back(pin("2468"));
        let attempt = scene.sign_in();
        assert!(matches!(attempt.result, Err(SignInError::Rejected(_))), "{corruption:?}: {attempt:?}");
    }
}

#[test]
fn where_a_passkey_is_follows_from_how_its_authenticator_is_attached() {
    let mut scene = Scene::new();
    let stick = scene.add(computer());
    let on_a_stick: Credential = scene.enrol(stick, Some("2468"));
    assert!(!on_a_stick.is_on_a_service(), "whatever it says: {:?}", on_a_stick.transports);
}

/// Whatever a service does, at every step: the ceremony ends by its deadline, nothing but its passkey signs in for it, and a key
/// beside it signs in.
#[test]
fn a_service_that_does_anything_else_costs_nothing_but_itself() {
    let steps = [
        (Asked::Init, 1),
        (Asked::Info, 1),
        (Asked::SilentAssertion, 1),
        (Asked::PinRetries, 1),
        (Asked::KeyAgreement, 1),
        (Asked::PinToken, 1),
        (Asked::Assertion, 1),
    ];
    for (asked, nth) in steps {
        for how in Misbehaviour::NAMED.map(|(_, how)| how) {
            let (mut scene, computer) = scene();
            scene.settings.policy.timeout = seconds(20);
            scene.person.answers.push_back(pin("2468"));
            scene.bench().sabotage(computer, Some(Sabotage { asked: Some(asked), nth, how }));
            let begun_at = scene.bench().now();
            let attempt = scene.sign_in();
            let taken = scene.ended_at - begun_at;
            assert!(taken <= seconds(22), "{} at {}: {taken:?}", how.name(), asked.name());
            // Nothing is said of a security key that is not there.
            match &attempt.result {
                Ok(_)
                | Err(
                    SignInError::NotOnThisComputer
                    | SignInError::ThisComputerUnusable(_)
                    | SignInError::ThisComputerRefused(_),
                ) => {}
                Err(SignInError::Pin(TokenError::Empty)) if how.name() == "pin-invalid" => {}
                Err(SignInError::Declined) if how.name() == "denied" => {}
                Err(SignInError::KeyUnusable(KeyError::Unplugged)) if how == Misbehaviour::Unplug => {}
                Err(error) => panic!("{} at {}: {error:?}", how.name(), asked.name()),
            }

            let (mut scene, computer) = self::scene();
            let key = add_key(&mut scene, KeyConfig::new("blue"), None);
            scene.bench().sabotage(computer, Some(Sabotage { asked: Some(asked), nth, how }));
            scene.bench().touch_after(key, seconds(1));
            let attempt = scene.sign_in();
            assert_eq!(
                attempt.result.as_ref().map(name),
                Ok("passkey 1"),
                "{} at {}: {attempt:?}",
                how.name(),
                asked.name()
            );
        }
    }
}

#[test]
fn a_finger_on_its_reader_is_all_it_takes() {
    for verification in [UserVerification::Discouraged, UserVerification::Required] {
        let (mut scene, computer) = reader_scene();
        scene.settings.policy.verification = verification;
        scene.bench().touch_after(computer, seconds(2));
        let attempt = scene.sign_in();
        assert!(attempt.result.as_ref().is_ok_and(Verified::user_verified), "{attempt:?}");
        assert_eq!(scene.person.told, [Notice::UseThisFingerprint]);
        assert!(scene.person.asked.is_empty());
    }
}

#[test]
fn wrong_fingers_lead_to_its_pin() {
    let (mut scene, computer) = reader_scene();
    // The reader says itself when it is locked.
    for (nth, how) in [(1, 0x3f), (2, 0x3f), (3, 0x3c)] {
        scene.person.once_told(
            |notice| matches!(notice, Notice::UseThisFingerprint | Notice::FingerprintAgain { .. }),
            move |bench| {
                let how = Misbehaviour::Refusal(how);
                let sabotage = Sabotage { asked: Some(Asked::UvToken), nth: 1, how };
                bench.borrow_mut().sabotage(Key(computer.0), (nth > 0).then_some(sabotage));
            },
        );
    }
    scene.person.answers.push_back(pin("2468"));
    let begun_at = scene.bench().now();
    let attempt = scene.sign_in();
    assert!(is_verified(&attempt), "{attempt:?} {:?}", scene.person.told);
    let told = &scene.person.told;
    assert_eq!(told.first(), Some(&Notice::UseThisFingerprint));
    assert_eq!(told.last(), Some(&Notice::ThisFingerprintLocked), "{told:?}");
    assert!(told.iter().any(|notice| matches!(notice, Notice::FingerprintAgain { .. })), "{told:?}");
    assert_eq!(scene.person.authenticators, [Authenticator::ThisComputer]);
    assert!(scene.ended_at - begun_at < seconds(5));
}

/// The reader of a laptop may be under its lid.
#[test]
fn without_a_finger_its_pin_is_asked_for_in_the_same_sign_in() {
    let (mut scene, _) = reader_scene();
    scene.person.answers.push_back(pin("2468"));
    let begun_at = scene.bench().now();
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.told, [Notice::UseThisFingerprint], "nothing is locked");
    let waited = scene.ended_at - begun_at - scene.person.typing;
    assert!(waited >= seconds(10) && waited < seconds(11), "{waited:?}");
}

#[test]
fn a_reader_that_cannot_be_used_leaves_the_pin() {
    for status in [0x30, 0x3c] {
        let (mut scene, computer) = reader_scene();
        let how = Misbehaviour::Refusal(status);
        scene.bench().sabotage(computer, Some(Sabotage { asked: Some(Asked::UvToken), nth: 1, how }));
        scene.person.answers.push_back(pin("2468"));
        assert!(is_verified(&scene.sign_in()), "{status:#x}");
        assert_eq!(scene.person.told, [Notice::UseThisFingerprint, Notice::ThisFingerprintLocked]);
    }
}

#[test]
fn its_reader_and_a_key_wait_together() {
    for key_pin in [None, Some("1234")] {
        for finger in [true, false] {
            let (mut scene, computer) = reader_scene();
            let config = KeyConfig::new("blue");
            let key = add_key(&mut scene, key_pin.map_or(config.clone(), |pin| config.pin(pin)), key_pin);
            scene.forget_the_past();
            if key_pin.is_some() {
                scene.settings.policy.verification = UserVerification::Required;
                scene.person.answers.push_back(pin("1234"));
            }
            if finger {
                scene.bench().touch_after(computer, seconds(3));
            } else {
                scene.bench().auto_touch(key, seconds(3));
            }
            let begun_at = scene.bench().now();
            let attempt = scene.sign_in();
            let expected = if finger { "passkey 0" } else { "passkey 1" };
            let told = &scene.person.told;
            assert_eq!(attempt.result.as_ref().map(name), Ok(expected), "{key_pin:?} {attempt:?} {told:?}");
            assert!(told.contains(&Notice::TouchOrFingerprint), "{key_pin:?} {finger}: {told:?}");
            assert!(scene.ended_at - begun_at < seconds(12));
            let asked = usize::from(!finger && key_pin.is_some());
            assert_eq!(scene.person.asked.len(), asked, "{key_pin:?} {finger}");
            assert_eq!(scene.person.lit.concat(), [], "nothing waits for a finger while a PIN is typed");
        }
    }
}

#[test]
fn after_wrong_fingers_its_pin_is_asked_for_at_once_beside_a_key_too() {
    let (mut scene, computer) = reader_scene();
    add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.forget_the_past();
    for _ in 0..3 {
        scene.person.once_told(
            |notice| !matches!(notice, Notice::ThisFingerprintLocked | Notice::NothingForKey),
            move |bench| {
                let at = bench.borrow().now() + ms(700);
                bench.borrow_mut().touch_at(Key(computer.0), at);
            },
        );
    }
    let how = Misbehaviour::Refusal(0x3f);
    scene.bench().sabotage(computer, Some(Sabotage { asked: Some(Asked::UvToken), nth: 1, how }));
    scene.person.answers.push_back(pin("2468"));
    let begun_at = scene.bench().now();
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.as_ref().map(name), Ok("passkey 0"), "{attempt:?} {:?}", scene.person.told);
    assert!(scene.ended_at - begun_at < seconds(14), "{:?}", scene.person.told);
}

#[test]
fn enrolling_on_it_takes_a_finger_or_its_pin() {
    let (mut scene, computer) = reader_scene();
    let handle = scene.user_handle.clone();
    scene.enrol_with(computer, Scene::enrolment("second", &handle, &[])).expect("by finger");
    assert_eq!(scene.person.told, [Notice::UseThisFingerprint]);
    scene.forget_the_past();
    let how = Misbehaviour::Refusal(0x3c);
    scene.bench().sabotage(computer, Some(Sabotage { asked: Some(Asked::UvToken), nth: 1, how }));
    scene.person.answers.push_back(pin("2468"));
    scene.enrol_with(computer, Scene::enrolment("third", &handle, &[])).expect("by PIN");
    assert_eq!(scene.person.told, [Notice::UseThisFingerprint, Notice::ThisFingerprintLocked]);
    assert_eq!(scene.person.authenticators, [Authenticator::ThisComputer]);
}

/// What a wait for a finger may come to, at every step of it: the PIN, or an end by the deadline.
#[test]
fn a_reader_that_does_anything_else_costs_nothing_but_itself() {
    for asked in [Asked::KeyAgreement, Asked::UvToken, Asked::UvRetries] {
        for how in Misbehaviour::NAMED.map(|(_, how)| how) {
            let (mut scene, computer) = reader_scene();
            let key = add_key(&mut scene, KeyConfig::new("blue"), None);
            scene.forget_the_past();
            scene.bench().sabotage(computer, Some(Sabotage { asked: Some(asked), nth: 1, how }));
            scene.bench().touch_with(computer, Touch::Stranger);
            scene.bench().touch_after(key, seconds(2));
            let attempt = scene.sign_in();
            let which = format!("{} at {}", how.name(), asked.name());
            assert_eq!(attempt.result.as_ref().map(name), Ok("passkey 1"), "{which}: {attempt:?}");
        }
    }
}

#[test]
fn a_deadline_before_any_finger_is_nobodys_fault() {
    let (mut scene, computer) = reader_scene();
    scene.bench().never(computer);
    scene.settings.policy.timeout = seconds(5);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::Pin(TokenError::Empty));
}

/// As GDM has it.
#[test]
fn a_host_that_invites_hears_what_waits() {
    let (mut scene, computer) = reader_scene();
    scene.person.invited = Some(Invited::Accepted);
    scene.bench().touch_after(computer, seconds(1));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.invitations, [Invitation { needs_pin: false, by_finger_alone: true }]);
    add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.forget_the_past();
    scene.person.invitations.clear();
    scene.bench().touch_after(computer, seconds(1));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.invitations, [Invitation { needs_pin: false, by_finger_alone: false }]);
}

#[test]
fn a_service_that_ends_before_it_has_answered_is_no_key_that_was_pulled_out() {
    let (mut scene, computer) = scene();
    let key = add_key(&mut scene, KeyConfig::new("blue"), None);
    scene.bench().unplug(key);
    let ends = Sabotage { asked: None, nth: 2, how: Misbehaviour::Unplug };
    scene.bench().sabotage(computer, Some(ends));
    let error = scene.sign_in().result.unwrap_err();
    assert_eq!(error, SignInError::ThisComputerUnusable(KeyError::Unplugged));
    assert!(!scene.person.told.contains(&Notice::KeyRemoved), "{:?}", scene.person.told);
}
