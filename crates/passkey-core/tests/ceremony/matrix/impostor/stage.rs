//! A bench with an honest key and ports for devices that were never enrolled.

use super::super::super::support::{Key, Scene};
use super::super::bench::{REACTION, TIMEOUT, Typist, Watched};
use super::device::{Claims, ENROLLED_MODEL, Port};
use passkey_core::ceremony::{self, Attempt, Notice, Passkey, SignIn, Wanted};
use passkey_core::config::UserVerification;
use std::time::Duration;
use virtual_key::{Answer, Asked, KeyConfig, Record};

/// An answer's name, with what it answers.
pub(super) type Named = (Asked, String);
/// What was answered so far, by name and in full.
type Given = (Vec<Named>, Vec<(Asked, Answer)>);

/// Where the devices are, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The honest key is not plugged in.
    Alone,
    /// Listed before the honest key.
    Before,
    /// Listed after it.
    After,
    /// By turns before and after it.
    Around,
    /// Plugged in while the honest key waits for its person.
    Late,
}

/// What is on record of the keys that made the passkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnRecord {
    /// Each answers silently.
    AllAnswer,
    /// Nothing of one, which has no model: as with a passkey that was imported.
    OneUnknown,
}

/// Used for one sign-in after the other.
pub(super) struct Stage {
    scene: Scene,
    honest: Key,
    before: Vec<(Key, Port)>,
    after: Vec<(Key, Port)>,
}

/// One device, after the sign-in.
pub(super) struct Device {
    pub(super) claims: Claims,
    pub(super) record: Record,
    /// Whether an assertion with the `uv` option was asked of it.
    pub(super) asked_for_uv: bool,
}

/// What came of one sign-in.
pub(super) struct Seen {
    pub(super) attempt: Attempt,
    pub(super) taken: Duration,
    pub(super) told: Vec<Notice>,
    pub(super) asked_by: Vec<String>,
    pub(super) devices: Vec<Device>,
}

impl Seen {
    /// How many requests of this kind have reached any of the devices.
    pub(super) fn count(&self, asked: Asked) -> usize {
        self.devices.iter().map(|device| device.record.count(asked)).sum()
    }
}

impl Stage {
    /// With so many ports on either side of the honest key, which has a PIN where one can be asked for.
    pub(super) fn new(policy: UserVerification, on_record: OnRecord, ports: usize) -> Self {
        let mut scene = Scene::new();
        let before = add_ports(&mut scene, ports);
        let config = KeyConfig { aaguid: ENROLLED_MODEL, ..KeyConfig::new("honest") };
        let has_pin = policy != UserVerification::Discouraged;
        let honest = scene.add(if has_pin { config.pin("1234") } else { config });
        let absent = scene.add(KeyConfig::new("absent"));
        scene.enrol(honest, has_pin.then_some("1234"));
        scene.enrol(absent, None);
        if on_record == OnRecord::OneUnknown {
            scene.passkeys[1].answers_silently = None;
        }
        assert_eq!(scene.passkeys[0].answers_silently, Some(true));
        scene.bench().unplug(absent);
        let after = add_ports(&mut scene, ports);
        scene.bench().auto_touch(honest, REACTION);
        scene.settings.policy.timeout = TIMEOUT;
        scene.settings.policy.verification = policy;
        Self { scene, honest, before, after }
    }

    /// A sign-in with the honest key alone.
    pub(super) fn undisturbed(&mut self) -> Seen {
        self.sign_in(Place::After, &[], &[])
    }

    /// A sign-in with devices that all give these answers.
    pub(super) fn sign_in(&mut self, place: Place, all: &[Claims], answers: &[(Asked, Answer)]) -> Seen {
        let ports: Vec<&(Key, Port)> = match place {
            Place::Alone | Place::After | Place::Late => self.after.iter().collect(),
            Place::Before => self.before.iter().collect(),
            Place::Around => self.before.iter().zip(&self.after).flat_map(<[_; 2]>::from).collect(),
        };
        assert!(all.len() <= ports.len(), "a port for each");
        let records = all.iter().zip(&ports).map(|(claims, (_, port))| {
            let config = answers
                .iter()
                .fold(claims.config(), |config, (asked, answer)| config.answer(*asked, answer.clone()));
            port.hold(config)
        });
        let records: Vec<Record> = records.collect();
        let mut bench = self.scene.platform.bench.borrow_mut();
        if place == Place::Alone {
            bench.unplug(self.honest);
        } else {
            bench.plug(self.honest);
        }
        for (key, _) in &ports[..all.len()] {
            bench.reset_counts(*key);
            if place == Place::Late {
                let at = bench.now() + REACTION / 2;
                bench.plug_at(*key, at);
            } else {
                bench.plug(*key);
            }
        }
        drop(bench);
        let passkeys: Vec<Passkey<'_>> = self
            .scene
            .passkeys
            .iter()
            .map(|credential| Passkey { credential, sign_count: None, salts: None })
            .collect();
        let request = SignIn {
            wanted: Wanted::Passkeys(&passkeys),
            policy: &self.scene.settings.policy,
            forbidden_pin: None,
            takes_recovery_code: false,
        };
        let mut person = Typist { pins: vec![("honest", "1234"), ("impostor", "1234")], ..Typist::default() };
        let mut platform = Watched::new(&mut self.scene.platform, None).with_keys(all.len() + 1);
        let attempt = ceremony::sign_in(&mut platform, &mut person, &request);
        let taken = platform.finish();
        let mut bench = self.scene.platform.bench.borrow_mut();
        for (key, _) in &ports[..all.len()] {
            bench.unplug(*key);
        }
        drop(bench);
        let devices = all.iter().zip(&ports).zip(records).map(|((claims, (_, port)), record)| Device {
            claims: *claims,
            record,
            asked_for_uv: port.was_asked_for_uv(),
        });
        let devices = devices.collect();
        Seen { attempt, taken, told: person.told, asked_by: person.asked_by, devices }
    }

    /// Every set of answers that such a device could give: what it is not asked needs no answer. `kinds` has all answers of each kind.
    pub(super) fn explore(
        &mut self,
        place: Place,
        claims: Claims,
        kinds: &[(Asked, Vec<(String, Answer)>)],
        visit: &mut dyn FnMut(&[Named], &Seen),
    ) {
        let mut open: Vec<Given> = vec![(Vec::new(), Vec::new())];
        while let Some((names, given)) = open.pop() {
            let seen = self.sign_in(place, &[claims], &given);
            let is_new =
                |asked: Asked| seen.count(asked) > 0 && !given.iter().any(|(answered, _)| *answered == asked);
            let Some((asked, all)) = kinds.iter().find(|(asked, _)| is_new(*asked)) else {
                visit(&names, &seen);
                continue;
            };
            for (name, answer) in all {
                let names = [&names[..], &[(*asked, name.clone())]].concat();
                open.push((names, [&given[..], &[(*asked, answer.clone())]].concat()));
            }
        }
    }
}

fn add_ports(scene: &mut Scene, ports: usize) -> Vec<(Key, Port)> {
    let add = |_| {
        let port = Port::default();
        let key = scene.bench().add_behaviour("impostor", port.clone());
        scene.bench().unplug(key);
        (key, port)
    };
    (0..ports).map(add).collect()
}
