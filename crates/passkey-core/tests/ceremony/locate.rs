//! Located passkeys of which only the public key is known.

use super::support::{Key, Scene, ms, pin, seconds};
use ctap::Status;
use passkey_core::ceremony::{
    self, Enrolment, InspectError, KeyError, KeyFailure, LocateError, LocateRequest, Located, Notice,
    PinReason, SoughtPasskey, TokenError, inspect,
};
use passkey_core::config::UserVerification;
use passkey_core::credential::{Credential, UserHandle};
use std::path::Path;
use std::time::Duration;
use virtual_key::{Asked, Corruption, KeyConfig, Misbehaviour, Profile, Report, Sabotage};

/// What is known of these: with the ids, or without.
fn sought<'a>(credentials: &[&'a Credential], with_ids: bool) -> Vec<SoughtPasskey<'a>> {
    credentials
        .iter()
        .map(|credential| SoughtPasskey {
            rp_id: &credential.rp_id,
            public_key: &credential.public_key,
            id: with_ids.then_some(&credential.id),
        })
        .collect()
}

fn find_on(scene: &mut Scene, device: Option<&Path>, sought: &[SoughtPasskey<'_>]) -> Located {
    let search = LocateRequest { sought, device, pin_attempts: 3, timeout: seconds(30) };
    let located = ceremony::locate(&mut scene.platform, &mut scene.person, &search);
    assert!(scene.platform.open.is_empty() && scene.platform.locks.is_empty(), "every key is closed");
    let mut bench = scene.bench();
    bench.advance(ms(300));
    assert!(!bench.plugged().into_iter().any(|key| bench.blinking(key)), "no key is left blinking");
    drop(bench);
    located
}

fn locate(scene: &mut Scene, sought: &[SoughtPasskey<'_>]) -> Located {
    find_on(scene, None, sought)
}

/// A discoverable passkey. A key hides it from whoever does not give it its PIN, where the key knows credProtect.
fn discoverable(scene: &mut Scene, key: Key, rp_id: &str, handle: u8, pin_text: Option<&str>) -> Credential {
    let handle = UserHandle::new(vec![handle; 32]).unwrap();
    let others: Vec<Key> = scene.bench().plugged().into_iter().filter(|other| *other != key).collect();
    for other in &others {
        scene.bench().unplug(*other);
    }
    scene.person.answers.extend(pin_text.map(pin));
    let enrolment = Enrolment { discoverable: true, rp_id, ..Scene::enrolment("x", &handle, &[]) };
    let made = scene.enrol_with(key, enrolment).unwrap().credential;
    for other in &others {
        scene.bench().plug(*other);
    }
    scene.forget_the_past();
    made
}

#[test]
fn a_passkey_that_hides_is_found_by_its_public_key_once_its_user_is_verified() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let first = discoverable(&mut scene, key, "pam://bench", 1, Some("1234"));
    let second = discoverable(&mut scene, key, "pam://bench", 2, Some("1234"));
    discoverable(&mut scene, key, "pam://bench", 3, Some("1234"));
    let elsewhere = discoverable(&mut scene, key, "ssh:", 1, Some("1234"));
    scene.person.answers.extend([pin("4321"), pin("1234"), pin("1234")]);
    scene.bench().auto_touch(key, ms(100));
    let known = [&second, &first, &elsewhere];
    let located = locate(&mut scene, &sought(&known, false));
    assert_eq!(located.trouble, None);
    let mut found: Vec<_> =
        located.found.iter().map(|found| (found.index, &found.id, found.user_handle.clone())).collect();
    found.sort_by_key(|found| found.0);
    let handle = |byte| UserHandle::new(vec![byte; 32]);
    assert_eq!(found, [(0, &second.id, handle(2)), (1, &first.id, handle(1)), (2, &elsewhere.id, handle(1))]);
    assert_eq!(located.found[0].key.name, "blue");
    assert_eq!(located.found[0].info.options.client_pin, Some(true));
    let reasons: Vec<PinReason> = scene.person.asked.iter().map(|asked| asked.0).collect();
    assert_eq!(
        reasons,
        [PinReason::First, PinReason::Wrong, PinReason::First],
        "a token is good for one RP ID"
    );
}

/// As pamu2fcfg makes them: whoever asks is told.
#[test]
fn a_passkey_that_does_not_hide_is_found_without_a_person() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue"));
    let other = scene.add(KeyConfig::new("green").pin("1234"));
    // The key keeps to itself that it could protect the passkey.
    scene.bench().tamper(key, |_, mut report| {
        if let Some(at) = report.windows(5).position(|bytes| bytes == b"credP") {
            report[at] = b'x';
        }
        vec![(ms(0), report)]
    });
    let made = discoverable(&mut scene, key, "pam://bench", 1, None);
    assert_eq!(made.cred_protect, None);
    let located = locate(&mut scene, &sought(&[&made], false));
    assert_eq!(located.trouble, None);
    assert_eq!((&located.found[0].id, located.found[0].key.name.as_str()), (&made.id, "blue"));
    assert_eq!((scene.person.told.as_slice(), scene.person.asked.len()), (&[][..], 0));
    scene.bench().unplug(key);
    scene.bench().unplug(other);
    assert_eq!(
        locate(&mut scene, &sought(&[&made], false)).trouble,
        Some(LocateError::Key(KeyFailure::NoKey))
    );
}

#[test]
fn of_several_keys_that_might_hide_it_one_must_be_named() {
    let mut scene = Scene::new();
    let blue = scene.add(KeyConfig::new("blue").pin("1234"));
    let green = scene.add(KeyConfig::new("green").pin("1234"));
    let made = discoverable(&mut scene, green, "pam://bench", 1, Some("1234"));
    let known = [&made];
    let wanted = sought(&known, false);
    assert_eq!(locate(&mut scene, &wanted).trouble, Some(LocateError::SeveralKeys));
    assert_eq!(scene.person.asked, []);

    scene.bench().auto_touch(green, ms(100));
    scene.bench().auto_touch(blue, ms(100));
    scene.person.answers.push_back(pin("1234"));
    let located = find_on(&mut scene, Some(Path::new("/dev/hidraw1")), &wanted);
    assert_eq!((located.trouble, &located.found[0].id), (None, &made.id));
    scene.person.answers.push_back(pin("1234"));
    let located = find_on(&mut scene, Some(Path::new("/dev/hidraw0")), &wanted);
    assert_eq!((located.trouble, located.found.len()), (Some(LocateError::NotHeld), 0));
    let located = find_on(&mut scene, Some(Path::new("/dev/hidraw7")), &wanted);
    assert_eq!(located.trouble, Some(LocateError::Key(KeyFailure::NoKey)));
}

#[test]
fn what_a_key_says_counts_only_if_it_signed() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let made = discoverable(&mut scene, key, "pam://bench", 1, Some("1234"));
    scene.bench().auto_touch(key, ms(100));
    for corruption in [Corruption::Signature, Corruption::RpHash] {
        scene.bench().corrupt(key, Some(corruption));
        scene.person.answers.push_back(pin("1234"));
        let located = locate(&mut scene, &sought(&[&made], false));
        assert_eq!((located.trouble, located.found.len()), (Some(LocateError::NotHeld), 0), "{corruption:?}");
    }
    scene.bench().corrupt(key, None);
    // Another's passkey for the same RP ID does not pass for this one.
    let mut other = made.clone();
    let stranger = scene.add(KeyConfig::new("green"));
    other.public_key = scene.enrol(stranger, None).public_key;
    scene.bench().unplug(stranger);
    scene.bench().auto_touch(key, ms(100));
    scene.person.answers.push_back(pin("1234"));
    assert_eq!(locate(&mut scene, &sought(&[&other], false)).trouble, Some(LocateError::NotHeld));
}

#[test]
fn a_person_who_does_not_help_is_waited_for_no_longer_than_asked() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let made = discoverable(&mut scene, key, "pam://bench", 1, Some("1234"));
    let known = [&made];
    let wanted = sought(&known, false);
    assert_eq!(locate(&mut scene, &wanted).trouble, Some(LocateError::Pin(TokenError::Empty)));

    scene.person.answers.push_back(pin("1234"));
    let start = scene.bench().now();
    assert_eq!(locate(&mut scene, &wanted).trouble, Some(LocateError::Key(KeyFailure::NoTouch)));
    let taken = scene.bench().now() - start;
    assert!(taken <= seconds(33), "{taken:?}");
    assert_eq!(scene.person.told.last(), Some(&Notice::TouchKey));

    let soon = scene.bench().now() + seconds(5);
    scene.platform.interrupt_at = Some(soon);
    scene.person.answers.push_back(pin("1234"));
    assert_eq!(locate(&mut scene, &wanted).trouble, Some(LocateError::Key(KeyFailure::Interrupted)));
}

/// As ssh-keygen makes them with `verify-required`: the id is known, and shows nothing without the PIN.
#[test]
fn a_known_id_is_found_silently_or_with_its_user() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    scene.person.answers.push_back(pin("1234"));
    let handle = scene.user_handle.clone();
    let enrolment =
        Enrolment { verification: UserVerification::Required, ..Scene::enrolment("x", &handle, &[]) };
    let made = scene.enrol_with(key, enrolment).unwrap().credential;
    scene.forget_the_past();
    let located = locate(&mut scene, &sought(&[&made], true));
    assert_eq!((located.trouble, &located.found[0].id), (None, &made.id));
    assert_eq!(scene.person.asked, []);
    assert_eq!(inspect(&mut scene.platform, &[&made], seconds(5))[0].holds, std::slice::from_ref(&made.id));
}

#[test]
fn a_key_that_cannot_be_talked_to_costs_nothing_but_itself() {
    let mut scene = Scene::new();
    let mute = scene.bench().add_behaviour("mute", |_: Duration, _: &Report| Vec::new());
    let old = scene.add(KeyConfig { profile: Profile::U2f, ..KeyConfig::new("old") });
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let made = discoverable(&mut scene, key, "pam://bench", 1, Some("1234"));
    scene.bench().auto_touch(key, ms(100));
    scene.person.answers.push_back(pin("1234"));
    let located = locate(&mut scene, &sought(&[&made], false));
    assert_eq!((located.trouble, &located.found[0].id), (None, &made.id));
    scene.bench().unplug(key);
    scene.bench().unplug(mute);
    assert_eq!(locate(&mut scene, &sought(&[&made], false)).trouble, Some(LocateError::NotHeld));
    scene.bench().unplug(old);
    scene.bench().plug(mute);
    let start = scene.bench().now();
    assert_eq!(
        locate(&mut scene, &sought(&[&made], false)).trouble,
        Some(LocateError::Key(KeyFailure::NoKey))
    );
    assert!(scene.bench().now() - start < seconds(5));
}

/// What a key says of itself may be nonsense, or not come: that makes it no key of the first generation.
#[test]
fn a_key_that_does_not_say_what_it_is_is_surveyed_as_such() {
    for (how, error) in [
        (Misbehaviour::Garbage, InspectError::Malformed),
        (Misbehaviour::Refusal(0x7f), InspectError::Refused(Status(0x7f))),
        (Misbehaviour::Keepalives, InspectError::Lost(KeyError::Silent)),
        (Misbehaviour::Mute, InspectError::Lost(KeyError::Silent)),
    ] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("hostile"));
        scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::Info), nth: 1, how }));
        assert_eq!(inspect(&mut scene.platform, &[], seconds(5))[0].info, Err(error), "{how:?}");
    }
}

/// The first key to answer tells nothing more; the second must be heard all the same.
#[test]
fn every_key_is_surveyed_however_little_the_others_tell() {
    let mut scene = Scene::new();
    scene.add(KeyConfig { profile: Profile::U2f, ..KeyConfig::new("old") });
    scene.add(KeyConfig::new("blue"));
    scene.add(KeyConfig { profile: Profile::U2f, ..KeyConfig::new("older") });
    let inspected = inspect(&mut scene.platform, &[], seconds(5));
    let told: Vec<bool> = inspected.iter().map(|key| matches!(key.info, Ok(Some(_)))).collect();
    assert_eq!(told, [false, true, false]);
}
