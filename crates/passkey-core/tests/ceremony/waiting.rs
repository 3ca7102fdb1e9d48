//! Keys that come and go, and people who do.

use super::support::{Scene, is_verified, ms, seconds};
use passkey_core::ceremony::{KeyError, Notice, OpenError, SignInError};
use virtual_key::KeyConfig;

fn scene() -> (Scene, super::support::Key) {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue"));
    scene.enrol(key, None);
    (scene, key)
}

#[test]
fn without_a_key_and_without_waiting_it_ends_at_once() {
    let (mut scene, key) = scene();
    scene.bench().unplug(key);
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::NoKey);
    assert!(taken < ms(10), "{taken:?}");
}

#[test]
fn a_key_that_is_plugged_in_while_waiting_signs_in() {
    let (mut scene, key) = scene();
    scene.bench().unplug(key);
    scene.settings.policy.wait_for_key = seconds(30);
    let at = scene.bench().now() + seconds(5);
    scene.bench().plug_at(key, at);
    scene.bench().auto_touch(key, ms(200));
    let (attempt, taken) = scene.timed_sign_in();
    assert!(is_verified(&attempt));
    assert_eq!(scene.person.told, [Notice::InsertKey, Notice::TouchKey]);
    assert!(taken < seconds(6), "{taken:?}");
}

#[test]
fn waiting_ends_when_it_should() {
    let (mut scene, key) = scene();
    scene.bench().unplug(key);
    scene.settings.policy.wait_for_key = seconds(7);
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::NoKey);
    assert_eq!(taken, seconds(7));
}

#[test]
fn no_key_is_awaited_in_a_sandbox_that_hides_them() {
    let (mut scene, _) = scene();
    scene.platform.unopenable = Some(OpenError::Hidden);
    scene.settings.policy.wait_for_key = seconds(30);
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::KeyUnusable(KeyError::Hidden));
    assert_eq!(scene.person.told, []);
    assert!(taken < seconds(2), "{taken:?}");
}

#[test]
fn a_foreign_key_is_named_as_such_and_the_right_one_awaited() {
    let (mut scene, key) = scene();
    scene.add(KeyConfig::new("foreign"));
    scene.bench().unplug(key);
    scene.settings.policy.wait_for_key = seconds(30);
    let at = scene.bench().now() + seconds(5);
    scene.bench().plug_at(key, at);
    scene.bench().auto_touch(key, ms(200));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.told, [Notice::NoPasskeyOnKeys, Notice::TouchKey]);
}

#[test]
fn only_foreign_keys_are_an_answer() {
    let (mut scene, key) = scene();
    scene.add(KeyConfig::new("foreign"));
    scene.bench().unplug(key);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::ForeignKeys);
}

#[test]
fn a_key_pulled_out_while_it_blinks_may_come_back() {
    let (mut scene, key) = scene();
    scene.settings.policy.wait_for_key = seconds(30);
    let start = scene.bench().now();
    scene.bench().unplug_at(key, start + seconds(2));
    scene.bench().plug_at(key, start + seconds(4));
    scene.bench().touch_at(key, start + seconds(6));
    assert!(is_verified(&scene.sign_in()));
    assert_eq!(scene.person.told, [Notice::TouchKey, Notice::KeyRemoved, Notice::TouchKey]);
}

#[test]
fn a_key_pulled_out_while_it_blinks_is_named_as_the_reason() {
    let (mut scene, key) = scene();
    let foreign = scene.add(KeyConfig::new("foreign"));
    for others in 0..2 {
        if others == 0 {
            scene.bench().unplug(foreign);
        } else {
            scene.bench().plug(foreign);
            scene.bench().plug(key);
        }
        let start = scene.bench().now();
        scene.bench().unplug_at(key, start + seconds(2));
        let (attempt, taken) = scene.timed_sign_in();
        assert_eq!(attempt.result.unwrap_err(), SignInError::KeyUnusable(KeyError::Unplugged));
        assert_eq!(taken, seconds(2), "nothing is left to wait for");
    }
}

#[test]
fn a_key_that_came_back_and_is_held_by_another_program_is_busy() {
    let (mut scene, key) = scene();
    scene.settings.policy.timeout = seconds(10);
    scene.settings.policy.wait_for_key = seconds(10);
    let start = scene.bench().now();
    scene.bench().unplug_at(key, start + seconds(2));
    scene.bench().plug_at(key, start + seconds(4));
    scene.platform.locked_elsewhere_from = Some((key.0, start + seconds(3)));
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::KeyBusy);
}

#[test]
fn a_key_pulled_out_at_any_report_costs_no_more_than_the_deadline() {
    for reports in 0..14 {
        let (mut scene, key) = scene();
        scene.settings.policy.timeout = seconds(10);
        scene.settings.policy.wait_for_key = seconds(10);
        scene.bench().unplug_after(key, reports);
        scene.bench().auto_touch(key, ms(100));
        let (attempt, taken) = scene.timed_sign_in();
        assert!(taken <= seconds(10), "after {reports} reports: {taken:?}");
        // Later than the last report it is too late to matter.
        let removed = SignInError::KeyUnusable(KeyError::Unplugged);
        let error = attempt.result.as_ref().err().copied();
        // Before the first report it has never been there.
        let without = if reports == 0 { SignInError::NoKey } else { removed };
        assert!(error.is_none_or(|error| error == without), "after {reports} reports: {attempt:?}");
    }
}

#[test]
fn nobody_touches_the_key() {
    let (mut scene, _key) = scene();
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::NoTouch);
    assert_eq!(taken, seconds(30));
    assert_eq!(scene.person.told, [Notice::TouchKey], "told once, however often the key had to be asked");
}

#[test]
fn ctrl_c_ends_it_at_once_and_the_key_stops_blinking() {
    let (mut scene, key) = scene();
    let at = scene.bench().now() + seconds(3);
    scene.platform.interrupt_at = Some(at);
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::Interrupted);
    assert_eq!(taken, seconds(3));
    assert_eq!(scene.bench().counts(key).cancels, 1);
}

#[test]
fn a_key_that_another_program_holds_is_waited_for() {
    let (mut scene, key) = scene();
    scene.platform.locked_elsewhere.insert(key.0);
    scene.settings.policy.timeout = seconds(3);
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::KeyBusy);
    assert_eq!(taken, seconds(3));
    assert_eq!(scene.person.told, [Notice::KeyBusy]);
    assert_eq!(scene.bench().counts(key).transactions, 0, "nothing is sent without the lock");

    // A key that is let go in time, and then pulled out, is no longer to blame.
    scene.platform.locked_elsewhere.clear();
    scene.bench().unplug(key);
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::NoKey);
}

/// The time for the touch was short, and is over by then; the time for plugging a key in is not.
#[test]
fn a_key_pulled_out_may_come_back_for_as_long_as_one_is_waited_for() {
    let (mut scene, key) = scene();
    scene.settings.policy.timeout = seconds(5);
    scene.settings.policy.wait_for_key = seconds(30);
    let start = scene.bench().now();
    scene.bench().unplug_at(key, start + seconds(2));
    scene.bench().plug_at(key, start + seconds(20));
    scene.bench().touch_at(key, start + seconds(23));
    assert!(is_verified(&scene.sign_in()));
}

/// The time for the touch begins with the key, however late it comes.
#[test]
fn a_key_that_comes_at_the_last_moment_can_still_be_touched() {
    let (mut scene, key) = scene();
    scene.bench().unplug(key);
    scene.settings.policy.wait_for_key = seconds(30);
    let now = scene.bench().now();
    scene.bench().plug_at(key, now + seconds(27));
    scene.bench().touch_at(key, now + seconds(45));
    let (attempt, taken) = scene.timed_sign_in();
    assert!(is_verified(&attempt), "{attempt:?}");
    assert!(taken < seconds(46), "{taken:?}");
    assert_eq!(scene.person.told, [Notice::InsertKey, Notice::TouchKey]);
}
