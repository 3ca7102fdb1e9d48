//! Picking a key to care for, and resetting it.

use super::support::{Key, Scene, ms, pin, seconds};
use passkey_core::ceremony::{self, KeyFailure, Notice, Reset, ResetError, ResetStep, SelectedKey};
use std::path::Path;
use virtual_key::{KeyConfig, Profile};

fn select(scene: &mut Scene, device: Option<&Path>) -> Result<SelectedKey, KeyFailure> {
    let selected = ceremony::select(&mut scene.platform, &mut scene.person, device, seconds(10));
    assert!(scene.platform.open.is_empty() && scene.platform.locks.is_empty(), "every key is closed");
    selected.map(|selected| selected.expect("there is something to care for"))
}

#[test]
fn there_is_nothing_to_care_for_on_a_key_that_speaks_u2f_only() {
    let mut scene = Scene::new();
    scene.add(KeyConfig { profile: Profile::U2f, ..KeyConfig::new("old") });
    assert!(ceremony::select(&mut scene.platform, &mut scene.person, None, seconds(10)).unwrap().is_none());
}

#[test]
fn the_only_key_is_picked_without_a_touch_and_tells_its_tries() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let selected = select(&mut scene, None).unwrap();
    assert_eq!(
        (selected.key.name.as_str(), selected.pin_retries, selected.pin_locked),
        ("blue", Some(8), false)
    );
    assert_eq!(scene.person.told, []);
    assert_eq!(scene.bench().counts(key).transactions, 3, "INIT, getInfo and the tries");
}

#[test]
fn of_several_the_touched_one_is_picked_or_the_one_that_is_named() {
    let mut scene = Scene::new();
    let blue = scene.add(KeyConfig::new("blue"));
    let green = scene.add(KeyConfig::new("green"));
    scene.person.touches.push_back((green, ms(700)));
    assert_eq!(select(&mut scene, None).unwrap().key.name, "green");
    assert_eq!(scene.person.told, [Notice::TouchToChoose]);
    scene.bench().advance(ms(300));
    assert!(!scene.bench().blinking(blue));

    scene.forget_the_past();
    assert_eq!(select(&mut scene, Some(Path::new("/dev/hidraw0"))).unwrap().key.name, "blue");
    assert_eq!(scene.person.told, []);
}

#[test]
fn picking_waits_for_a_key_and_not_for_ever() {
    let mut scene = Scene::new();
    assert_eq!(select(&mut scene, None).unwrap_err(), KeyFailure::NoKey);
    assert_eq!(scene.person.told, [Notice::InsertKey]);
    let key = scene.add(KeyConfig::new("blue"));
    scene.add(KeyConfig::new("green"));
    assert_eq!(select(&mut scene, None).unwrap_err(), KeyFailure::NoTouch);
    scene.bench().unplug(key);
    assert!(select(&mut scene, None).is_ok());
}

/// What the person does as they are told, and what they have been told.
fn reset_as_told(
    scene: &mut Scene,
    selected: &SelectedKey,
    mut act: impl FnMut(&mut Scene, ResetStep),
) -> (Result<(), ResetError>, Vec<ResetStep>) {
    let mut told = Vec::new();
    let request = Reset { key: &selected.key, info: &selected.info, timeout: seconds(20) };
    // The ceremony has the platform to itself; the bench is shared.
    let mut stage = Scene::new();
    stage.platform.bench = std::rc::Rc::clone(&scene.platform.bench);
    let mut tell = |step| {
        told.push(step);
        act(&mut stage, step);
    };
    let result = ceremony::reset(&mut scene.platform, &mut tell, &request);
    assert!(scene.platform.open.is_empty() && scene.platform.locks.is_empty(), "every key is closed");
    scene.bench().advance(ms(300));
    (result, told)
}

/// Unplugs the key, plugs it in and touches it, each a moment after being told to.
fn obediently(key: Key) -> impl FnMut(&mut Scene, ResetStep) {
    move |scene, step| {
        let mut bench = scene.bench();
        let soon = bench.now() + seconds(1);
        match step {
            ResetStep::Unplug => bench.unplug_at(key, soon),
            ResetStep::PlugIn => bench.plug_at(key, soon),
            ResetStep::Touch => bench.touch_at(key, soon),
            ResetStep::AnotherKey | ResetStep::Busy => {}
        }
    }
}

#[test]
fn a_key_is_reset_once_it_was_plugged_in_anew_and_touched() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let other = scene.add(KeyConfig::new("green").pin("1234"));
    scene.person.touches.push_back((key, ms(500)));
    let selected = select(&mut scene, None).unwrap();
    let (result, told) = reset_as_told(&mut scene, &selected, obediently(key));
    assert_eq!(result, Ok(()));
    assert_eq!(told, [ResetStep::Unplug, ResetStep::PlugIn, ResetStep::Touch]);
    scene.bench().unplug(other);
    assert_eq!(select(&mut scene, None).unwrap().info.options.client_pin, Some(false), "the PIN is gone");
    scene.bench().plug(other);
    scene.bench().unplug(key);
    assert_eq!(
        select(&mut scene, None).unwrap().info.options.client_pin,
        Some(true),
        "the other key has its PIN"
    );
}

#[test]
fn passkeys_are_gone_after_a_reset() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let credential = scene.enrol(key, Some("1234"));
    let selected = select(&mut scene, None).unwrap();
    let held = ceremony::inspect(&mut scene.platform, &[&credential], seconds(5));
    assert_eq!(held[0].holds, std::slice::from_ref(&credential.id));
    assert_eq!(reset_as_told(&mut scene, &selected, obediently(key)).0, Ok(()));
    let held = ceremony::inspect(&mut scene.platform, &[&credential], seconds(5));
    assert_eq!(held[0].holds, []);
}

#[test]
fn another_key_is_not_reset_in_its_place() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    // The same to look at, but without a PIN.
    let twin = scene.add(KeyConfig { product: "blue".to_owned(), ..KeyConfig::new("blue") });
    scene.bench().unplug(twin);
    let selected = select(&mut scene, None).unwrap();
    let (result, told) = reset_as_told(&mut scene, &selected, |scene, step| {
        let mut bench = scene.bench();
        let soon = bench.now() + seconds(1);
        match step {
            ResetStep::Unplug => bench.unplug_at(key, soon),
            ResetStep::PlugIn => bench.plug_at(twin, soon),
            ResetStep::AnotherKey => bench.plug_at(key, soon),
            ResetStep::Touch => bench.touch_at(key, soon),
            ResetStep::Busy => {}
        }
    });
    assert_eq!(result, Ok(()));
    assert_eq!(told, [ResetStep::Unplug, ResetStep::PlugIn, ResetStep::AnotherKey, ResetStep::Touch]);
}

#[test]
fn each_way_to_fail_has_its_name() {
    for (what, expected) in [
        ("nothing", ResetError::NotUnplugged),
        ("unplug", ResetError::NotPluggedIn),
        ("plug", ResetError::NoTouch),
        ("pull", ResetError::Unplugged),
    ] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("blue").pin("1234"));
        let selected = select(&mut scene, None).unwrap();
        let (result, _) = reset_as_told(&mut scene, &selected, |scene, step| {
            let mut bench = scene.bench();
            let soon = bench.now() + seconds(1);
            match (what, step) {
                ("unplug" | "plug" | "pull", ResetStep::Unplug) | ("pull", ResetStep::Touch) => {
                    bench.unplug_at(key, soon);
                }
                ("plug" | "pull", ResetStep::PlugIn) => bench.plug_at(key, soon),
                _ => {}
            }
        });
        assert_eq!(result, Err(expected), "{what}");
        scene.bench().plug(key);
        assert_eq!(
            select(&mut scene, None).unwrap().info.options.client_pin,
            Some(true),
            "{what}: all is kept"
        );
    }
}

/// Another program has the key for the first seconds after it was plugged in.
#[test]
fn after_ten_seconds_the_key_refuses() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let selected = select(&mut scene, None).unwrap();
    let then = scene.bench().now() + seconds(14);
    scene.platform.locked_elsewhere_until = Some((key.0, then));
    let (result, told) = reset_as_told(&mut scene, &selected, obediently(key));
    assert_eq!(result, Err(ResetError::TooLate));
    assert!(told.contains(&ResetStep::Busy), "{told:?}");
}

#[test]
fn ctrl_c_ends_a_reset_at_any_step() {
    for at in [0, 1, 2, 3] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("blue").pin("1234"));
        let selected = select(&mut scene, None).unwrap();
        let now = scene.bench().now();
        scene.platform.interrupt_at = Some(now + ms(500) + seconds(at));
        let (result, _) = reset_as_told(&mut scene, &selected, |scene, step| {
            if step != ResetStep::Touch {
                obediently(key)(scene, step);
            }
        });
        assert_eq!(result, Err(ResetError::Interrupted), "{at}");
        assert!(!scene.bench().blinking(key), "{at}");
    }
}

#[test]
fn a_locked_pin_is_known_before_it_is_asked_for() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    let credential = scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = passkey_core::config::UserVerification::Required;
    scene.settings.policy.pin_attempts = 5;
    scene.person.answers.extend([pin("9999"), pin("9998"), pin("9997")]);
    assert!(scene.sign_in().result.is_err(), "{}", credential.name);
    let selected = select(&mut scene, None).unwrap();
    assert_eq!((selected.pin_retries, selected.pin_locked), (Some(5), true));
    let inspected = ceremony::inspect(&mut scene.platform, &[], seconds(5));
    assert_eq!((inspected[0].pin_retries, inspected[0].pin_locked), (Some(5), true));
    // Until it is plugged in again.
    scene.bench().unplug(key);
    scene.bench().plug(key);
    let inspected = ceremony::inspect(&mut scene.platform, &[], seconds(5));
    assert_eq!((inspected[0].pin_retries, inspected[0].pin_locked), (Some(5), false));
}
