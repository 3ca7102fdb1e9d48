#![allow(
    clippy::arithmetic_side_effects,
    clippy::unchecked_time_subtraction,
    reason = "a test that overflows fails"
)]

use super::*;

const GRACE: Duration = Duration::from_secs(3);
const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(1);

fn id(name: &str) -> CredentialId {
    CredentialId::new(name.as_bytes().to_vec()).unwrap()
}

fn device(number: u32, port: &str) -> Device {
    Device {
        sysfs: format!("/sys/devices/{port}/{number}").into(),
        node: "/dev/hidraw0".into(),
        looks: Looks { port: port.into(), vendor_id: 0x1050, product_id: 0x0407, name: "Aurora".into() },
    }
}

fn proved(names: &[&str]) -> Holds {
    Holds { proved: names.iter().map(|name| id(name)).collect(), claimed: Vec::new() }
}

fn claimed(name: &str) -> Holds {
    Holds { proved: Vec::new(), claimed: vec![id(name)] }
}

/// What happens at the machine, a moment after what happened before.
struct Machine {
    presence: Presence,
    plugged: Vec<Device>,
    now: Duration,
}

impl Machine {
    fn new(scope: Scope, grace: Duration) -> Self {
        Self { presence: Presence::new(scope, grace), plugged: Vec::new(), now: Duration::from_secs(1000) }
    }

    fn plug(&mut self, device: &Device, holds: Option<Holds>) {
        self.plugged.push(device.clone());
        self.presence.plugged(self.plugged.clone(), self.now);
        if let Some(holds) = holds {
            self.presence.told(&device.sysfs, holds, self.now);
        }
    }

    fn pull(&mut self, device: &Device) {
        self.plugged.retain(|plugged| plugged != device);
        self.presence.plugged(self.plugged.clone(), self.now);
    }

    /// What is gone after this time.
    fn wait(&mut self, time: Duration) -> Vec<Gone> {
        self.now += time;
        self.presence.expire(self.now)
    }
}

/// The only key has signed in and is plugged in.
fn with_key(scope: Scope) -> (Machine, Device) {
    let mut machine = Machine::new(scope, GRACE);
    let key = device(1, "usb1");
    machine.plug(&key, Some(proved(&["blue"])));
    assert!(machine.presence.is_present(&id("blue")));
    (machine, key)
}

fn blue_is_gone() -> Vec<Gone> {
    vec![Gone::Passkey(id("blue"))]
}

#[test]
fn a_key_that_is_pulled_is_gone_after_the_grace_period_and_told_once() {
    for (scope, gone) in [(Scope::Each, blue_is_gone()), (Scope::Any, vec![Gone::All])] {
        let (mut machine, key) = with_key(scope);
        assert_eq!((machine.presence.due(), machine.wait(SECOND * 3600)), (None, vec![]));
        machine.pull(&key);
        assert_eq!(machine.presence.due(), Some(machine.now + GRACE));
        assert_eq!(machine.wait(GRACE - MOMENT), []);
        assert_eq!(machine.wait(MOMENT), gone);
        assert_eq!((machine.presence.due(), machine.wait(SECOND * 3600)), (None, vec![]));
    }
}

#[test]
fn without_a_grace_period_it_is_gone_at_once() {
    let mut machine = Machine::new(Scope::Each, Duration::ZERO);
    let key = device(1, "usb1");
    machine.plug(&key, Some(proved(&["blue"])));
    machine.pull(&key);
    assert_eq!(machine.wait(Duration::ZERO), blue_is_gone());
}

#[test]
fn a_key_that_comes_back_in_time_and_proves_itself_was_never_away() {
    for port in ["usb1", "usb2"] {
        let (mut machine, key) = with_key(Scope::Each);
        machine.pull(&key);
        assert_eq!(machine.wait(GRACE - MOMENT), []);
        machine.plug(&device(2, port), Some(proved(&["blue"])));
        assert_eq!((machine.presence.due(), machine.wait(SECOND * 60)), (None, vec![]));
        // And it can be pulled again.
        machine.pull(&device(2, port));
        assert_eq!(machine.wait(GRACE), blue_is_gone());
    }
}

#[test]
fn a_key_that_comes_back_late_can_be_pulled_again() {
    let (mut machine, key) = with_key(Scope::Each);
    machine.pull(&key);
    assert_eq!(machine.wait(GRACE), blue_is_gone());
    machine.plug(&key, Some(proved(&["blue"])));
    assert_eq!(machine.wait(SECOND * 60), []);
    machine.pull(&key);
    assert_eq!(machine.wait(GRACE), blue_is_gone());
}

/// It looks the same, and at the same port; or says nothing at all.
#[test]
fn a_device_that_proves_nothing_does_not_stand_in_for_the_key() {
    for holds in [None, Some(Holds::default()), Some(proved(&["theirs"]))] {
        let (mut machine, key) = with_key(Scope::Each);
        machine.pull(&key);
        machine.plug(&device(2, "usb1"), holds.clone());
        assert_eq!(machine.wait(GRACE), blue_is_gone(), "{holds:?}");
    }
}

#[test]
fn other_devices_come_and_go() {
    let (mut machine, _) = with_key(Scope::Each);
    for holds in [None, Some(Holds::default()), Some(proved(&["green"]))] {
        machine.plug(&device(2, "usb2"), holds);
        assert_eq!(machine.wait(SECOND), []);
        machine.pull(&device(2, "usb2"));
        assert!(!machine.wait(SECOND * 60).contains(&Gone::Passkey(id("blue"))));
    }
    assert!(machine.presence.is_present(&id("blue")));
}

#[test]
fn a_device_that_is_plugged_in_twice_within_a_look_is_another_one() {
    let (mut machine, key) = with_key(Scope::Each);
    machine.plugged = vec![device(2, "usb1")];
    machine.presence.plugged(machine.plugged.clone(), machine.now);
    assert_eq!(machine.presence.unasked().count(), 1, "it is asked again");
    // What the first one answers comes too late.
    machine.presence.told(&key.sysfs, proved(&["blue"]), machine.now);
    assert_eq!(machine.wait(GRACE), blue_is_gone());
}

#[test]
fn any_key_is_as_good_as_another_where_that_is_wanted() {
    let (mut machine, blue) = with_key(Scope::Any);
    let green = device(2, "usb2");
    machine.plug(&green, Some(proved(&["green"])));
    machine.pull(&blue);
    assert_eq!(machine.wait(SECOND * 60), []);
    machine.pull(&green);
    assert_eq!(machine.wait(GRACE), [Gone::All]);
    machine.plug(&blue, Some(proved(&["blue"])));
    machine.pull(&blue);
    machine.plug(&green, Some(proved(&["green"])));
    assert_eq!(machine.wait(SECOND * 60), [], "another one within the grace period");
}

#[test]
fn two_keys_with_the_same_passkey_are_one() {
    let (mut machine, key) = with_key(Scope::Each);
    let second = device(2, "usb2");
    machine.plug(&second, Some(proved(&["blue", "green"])));
    machine.pull(&key);
    assert_eq!(machine.wait(SECOND * 60), []);
    machine.pull(&second);
    let mut gone = machine.wait(GRACE);
    gone.sort_by_key(|gone| format!("{gone:?}"));
    assert_eq!(gone.len(), 2, "{gone:?}");
}

#[test]
fn after_a_sleep_keys_get_the_time_to_be_found_again() {
    // Pulled before: what was left of the grace period is not all.
    let (mut machine, key) = with_key(Scope::Each);
    machine.pull(&key);
    assert_eq!(machine.wait(GRACE - MOMENT), []);
    machine.presence.resumed(machine.now);
    assert_eq!(machine.wait(RESUME - MOMENT), []);
    assert_eq!(machine.wait(MOMENT), blue_is_gone());

    // The kernel finds them anew.
    let (mut machine, key) = with_key(Scope::Each);
    machine.presence.resumed(machine.now);
    assert_eq!(machine.wait(MOMENT), []);
    machine.pull(&key);
    assert_eq!(machine.presence.due(), Some(machine.now - MOMENT + RESUME));
    assert_eq!(machine.wait(GRACE + MOMENT), []);
    machine.plug(&device(2, "usb1"), Some(proved(&["blue"])));
    assert_eq!(machine.wait(SECOND * 60), []);

    // Long after it, all is as before.
    machine.pull(&device(2, "usb1"));
    assert_eq!(machine.wait(GRACE), blue_is_gone());
}

#[test]
fn a_long_grace_period_begins_again_after_a_sleep() {
    let mut machine = Machine::new(Scope::Any, SECOND * 60);
    let key = device(1, "usb1");
    machine.plug(&key, Some(proved(&["blue"])));
    machine.pull(&key);
    assert_eq!(machine.wait(SECOND * 59), []);
    machine.presence.resumed(machine.now);
    assert_eq!(machine.wait(SECOND * 59), []);
    assert_eq!(machine.wait(SECOND), [Gone::All]);
}

#[test]
fn a_key_that_signed_in_and_was_pulled_before_anyone_looked_is_away() {
    for (scope, gone) in [(Scope::Each, blue_is_gone()), (Scope::Any, vec![Gone::All])] {
        let mut machine = Machine::new(scope, GRACE);
        machine.presence.signed_in(&id("blue"), machine.now);
        assert_eq!(machine.wait(GRACE), gone);
        // So it is at another sign-in, which was by a key that nobody saw.
        machine.presence.signed_in(&id("blue"), machine.now);
        assert_eq!(machine.wait(GRACE), gone);
        assert_eq!(machine.wait(GRACE), []);
        // The usual case: it is there, and is found.
        let mut machine = Machine::new(scope, GRACE);
        machine.presence.signed_in(&id("blue"), machine.now);
        machine.plug(&device(1, "usb1"), Some(proved(&["blue"])));
        machine.presence.signed_in(&id("blue"), machine.now);
        assert_eq!(machine.wait(GRACE), []);
    }
}

/// The key may be one that its user cannot open, for want of a rule of udev: what is not known must not lock each sign-in again.
#[test]
fn a_key_that_signed_in_may_be_a_device_that_shows_nothing() {
    for (scope, gone) in [(Scope::Each, blue_is_gone()), (Scope::Any, vec![Gone::All])] {
        let mut machine = Machine::new(scope, GRACE);
        let closed = device(1, "usb1");
        machine.plug(&closed, None);
        machine.presence.signed_in(&id("blue"), machine.now);
        assert_eq!(machine.presence.due(), None);
        assert_eq!(machine.wait(SECOND * 60), []);
        // Once it has gone, or shown that it is another, nothing is left that could be the key.
        machine.pull(&closed);
        assert_eq!(machine.presence.due(), Some(machine.now + GRACE));
        assert_eq!(machine.wait(GRACE - MOMENT), []);
        assert_eq!(machine.wait(MOMENT), gone);
        machine.plug(&closed, None);
        machine.presence.signed_in(&id("blue"), machine.now);
        assert_eq!(machine.wait(SECOND * 60), []);
        machine.presence.told(&closed.sysfs, proved(&["green"]), machine.now);
        let gone = if scope == Scope::Any { vec![] } else { gone };
        assert_eq!(machine.wait(GRACE), gone, "{scope:?}");

        // One that was seen and is pulled has gone, whatever else is plugged in.
        let (mut machine, key) = with_key(scope);
        machine.plug(&device(2, "usb2"), None);
        machine.pull(&key);
        assert_eq!(machine.wait(GRACE).len(), 1);
    }
}

#[test]
fn a_key_that_cannot_prove_itself_goes_by_its_looks() {
    let mut machine = Machine::new(Scope::Each, GRACE);
    let key = device(1, "usb1");
    machine.plug(&key, Some(claimed("blue")));
    assert!(machine.presence.is_present(&id("blue")));
    // One of the same model beside it does not stand in for it.
    let beside = device(2, "usb2");
    machine.plug(&beside, Some(claimed("blue")));
    machine.pull(&key);
    assert_eq!(machine.wait(GRACE - MOMENT), []);
    // Nor does one that is plugged in elsewhere.
    machine.plug(&device(3, "usb3"), Some(claimed("blue")));
    assert_eq!(machine.wait(MOMENT), blue_is_gone());

    // At the same port it is taken for the same.
    machine.plug(&key, Some(claimed("blue")));
    machine.pull(&key);
    machine.plug(&device(4, "usb1"), Some(claimed("blue")));
    assert_eq!(machine.wait(SECOND * 60), []);

    // Once the screen has been locked, any.
    machine.pull(&device(4, "usb1"));
    assert_eq!(machine.wait(GRACE), blue_is_gone());
    machine.plug(&device(5, "usb5"), Some(claimed("blue")));
    assert!(machine.presence.is_present(&id("blue")));
    machine.pull(&device(5, "usb5"));
    assert_eq!(machine.wait(GRACE), blue_is_gone());
}

#[test]
fn devices_are_asked_again_when_the_passkeys_on_file_change() {
    let (mut machine, key) = with_key(Scope::Each);
    assert_eq!(machine.presence.unasked().count(), 0);
    machine.presence.ask_again();
    assert_eq!(machine.presence.unasked().collect::<Vec<_>>(), [&key]);
    assert!(machine.presence.is_present(&id("blue")), "until then it is as it was");
    machine.presence.told(&key.sysfs, proved(&["blue", "new"]), machine.now);
    machine.pull(&key);
    assert_eq!(machine.wait(GRACE).len(), 2);
}

/// Whatever happens, and in whatever order: the screen is never locked while the key is there, and always once it has been away.
#[test]
fn every_order_of_events_ends_as_it_should() {
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Pull,
        PlugOwn,
        PlugMute,
        PlugForeign,
        Resume,
        SignIn,
        Wait,
    }
    use Event::{PlugForeign, PlugMute, PlugOwn, Pull, Resume, SignIn, Wait};
    const ALL: [Event; 7] = [Pull, PlugOwn, PlugMute, PlugForeign, Resume, SignIn, Wait];
    const LEN: u32 = 5;
    for order in 0..7_usize.pow(LEN) {
        let (mut machine, key) = with_key(Scope::Each);
        // Until when it may not be locked, since when it is away.
        let (mut own, mut away_since, mut slack_until) = (Some(key), None, Duration::ZERO);
        let mut number = 10;
        let mut locked = false;
        // Whether it was found nowhere when it signed in, and whether a device is there that it may be.
        let (mut missing, mut mute) = (false, false);
        let events: Vec<Event> = (0..LEN).map(|place| ALL[order / 7_usize.pow(place) % 7]).collect();
        for event in &events {
            match event {
                Pull => {
                    if let Some(key) = own.take() {
                        machine.pull(&key);
                        away_since = Some(machine.now);
                    }
                }
                PlugOwn if own.is_none() => {
                    number += 1;
                    let key = device(number, "usb1");
                    machine.plug(&key, Some(proved(&["blue"])));
                    (own, away_since, locked) = (Some(key), None, false);
                    missing = false;
                }
                PlugOwn => {}
                PlugMute => {
                    number += 1;
                    machine.plug(&device(number, "usb1"), None);
                    mute = true;
                }
                PlugForeign => {
                    number += 1;
                    machine.plug(&device(number, "usb1"), Some(Holds::default()));
                }
                Resume => {
                    machine.presence.resumed(machine.now);
                    slack_until = machine.now + RESUME;
                }
                SignIn => {
                    machine.presence.signed_in(&id("blue"), machine.now);
                    if own.is_none() && locked {
                        (away_since, locked, missing) = (Some(machine.now), false, true);
                    }
                }
                Wait => {
                    let gone = machine.wait(SECOND * 2);
                    let due = away_since.map(|since: Duration| {
                        (since + GRACE).max(if since <= slack_until { slack_until } else { since })
                    });
                    let is_due = !(locked || missing && mute) && due.is_some_and(|due| due <= machine.now);
                    assert_eq!(gone == blue_is_gone(), is_due, "{events:?}");
                    locked |= is_due;
                }
            }
        }
        let gone = machine.wait(SECOND * 60);
        assert_eq!(gone == blue_is_gone(), own.is_none() && !(locked || missing && mute), "{events:?}");
    }
}
