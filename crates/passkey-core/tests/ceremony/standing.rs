//! Who may be asked for a PIN: keys that have proved a passkey, and the few whose model speaks for them. What any other device says ends
//! nothing and earns it a touch at the most.

use super::support::{Key, Scene, is_verified, ms, pin, seconds};
use passkey_core::ceremony::{Notice, SignInError};
use passkey_core::config::UserVerification;
use passkey_core::credential::Credential;
use virtual_key::{
    Answer, Asked, ClaimedInfo, ImpostorConfig, Keepalive, KeyConfig, Misbehaviour, Record, Sabotage,
};

const MODEL: [u8; 16] = [7; 16];
const POLICIES: [UserVerification; 3] =
    [UserVerification::Discouraged, UserVerification::Preferred, UserVerification::Required];

/// A key that was enrolled, with a PIN where one can be asked for.
fn scene(policy: UserVerification) -> (Scene, Key) {
    let mut scene = Scene::new();
    let key = KeyConfig { aaguid: MODEL, ..KeyConfig::new("mine") };
    let has_pin = policy != UserVerification::Discouraged;
    let key = scene.add(if has_pin { key.pin("1234") } else { key });
    scene.enrol(key, has_pin.then_some("1234"));
    scene.settings.policy.verification = policy;
    (scene, key)
}

fn assert_nothing_entrusted(record: &Record, what: &str) {
    for asked in [Asked::PinRetries, Asked::KeyAgreement, Asked::PinToken, Asked::UvToken] {
        assert_eq!(record.count(asked), 0, "{asked:?} of {what}");
    }
}

fn presets() -> Vec<(String, ImpostorConfig)> {
    let mut all = Vec::new();
    for preset in ["claims-sensor", "claims-sensor-2.0", "finger-never-recognised", "yes-to-everything"] {
        let config = ImpostorConfig::preset("foreign", preset).unwrap();
        all.push((
            format!("{preset}, touched"),
            config.clone().answer(Asked::Assertion, Answer::on_touch(Answer::Status(0x36))),
        ));
        all.push((preset.to_owned(), config));
    }
    all
}

#[test]
fn beside_a_device_that_claims_a_sensor_the_honest_key_signs_in() {
    for policy in POLICIES {
        for (name, config) in presets() {
            let (mut scene, key) = scene(policy);
            let (foreign, record) = scene.bench().add_impostor(config);
            scene.bench().auto_touch(foreign, ms(70));
            scene.bench().auto_touch(key, ms(100));
            scene.person.answers.push_back(pin("1234"));
            let (attempt, taken) = scene.timed_sign_in();
            assert!(is_verified(&attempt), "{name}: {attempt:?}");
            let typing = if policy == UserVerification::Discouraged { ms(0) } else { seconds(2) };
            assert!(taken < typing + ms(500), "{name}: {taken:?}");
            assert_nothing_entrusted(&record, &name);
        }
    }
}

/// It is told to hold no passkey, and the wait for the right key goes on.
#[test]
fn a_device_that_claims_a_sensor_holds_no_passkey() {
    for policy in POLICIES {
        for (name, config) in presets() {
            let (mut scene, key) = scene(policy);
            scene.bench().unplug(key);
            let (foreign, record) = scene.bench().add_impostor(config);
            scene.bench().auto_touch(foreign, ms(700));
            let attempt = scene.sign_in();
            assert_eq!(attempt.result.unwrap_err(), SignInError::ForeignKeys, "{name} under {policy:?}");
            assert!(attempt.passkey.is_none(), "{name} has proved nothing");

            scene.settings.policy.wait_for_key = seconds(30);
            scene.forget_the_past();
            let at = scene.bench().now() + seconds(5);
            scene.bench().plug_at(key, at);
            scene.bench().auto_touch(key, ms(200));
            scene.person.answers.push_back(pin("1234"));
            let attempt = scene.sign_in();
            assert!(is_verified(&attempt), "{name} under {policy:?}: {attempt:?}");
            assert!(scene.person.told.contains(&Notice::NoPasskeyOnKeys), "{name}: {:?}", scene.person.told);
            assert!(!scene.person.told.contains(&Notice::UseFingerprint), "{name}: {:?}", scene.person.told);
            assert_nothing_entrusted(&record, &name);
        }
    }
}

#[test]
fn a_foreign_keys_own_words_end_nothing() {
    for policy in POLICIES {
        for status in [0x02, 0x12, 0x14, 0x27, 0x33, 0x7f] {
            let (mut scene, key) = scene(policy);
            scene.bench().unplug(key);
            let preset = format!("foreign-0x{status:02x}");
            let (_, record) = scene.bench().add_impostor(ImpostorConfig::preset("foreign", &preset).unwrap());
            scene.settings.policy.wait_for_key = seconds(30);
            let at = scene.bench().now() + seconds(5);
            scene.bench().plug_at(key, at);
            scene.bench().auto_touch(key, ms(200));
            scene.person.answers.push_back(pin("1234"));
            let (attempt, taken) = scene.timed_sign_in();
            assert!(is_verified(&attempt), "{preset} under {policy:?}: {attempt:?}");
            assert!(taken < seconds(8), "{preset} under {policy:?}: {taken:?}");
            assert_nothing_entrusted(&record, &preset);
        }
    }
}

/// Somebody exchanges the key while its PIN is typed.
#[test]
fn a_stand_in_never_gets_the_pin_of_the_key_that_it_replaces() {
    let mut stand_ins = presets();
    for (name, config) in presets() {
        // The same of the enrolled model.
        let info = ClaimedInfo {
            aaguid: MODEL,
            ..ClaimedInfo::default().options(&[("rk", true), ("clientPin", true), ("pinUvAuthToken", true)])
        };
        let config = config.info(info).answer(Asked::SilentAssertion, Answer::Status(0x36));
        stand_ins.push((format!("{name}, of the enrolled model"), config));
    }
    for (name, config) in stand_ins {
        let (mut scene, key) = scene(UserVerification::Required);
        scene.settings.policy.wait_for_key = seconds(60);
        let (stand_in, record) = scene.bench().add_impostor(config);
        scene.bench().unplug(stand_in);
        scene.bench().auto_touch(stand_in, ms(300));
        scene.bench().auto_touch(key, ms(300));
        scene.person.answers.extend([pin("1234"), pin("1234")]);
        scene.person.once_asked(move |bench| {
            let mut bench = bench.borrow_mut();
            let now = bench.now();
            bench.unplug_at(key, now + ms(500));
            bench.plug_at(stand_in, now + ms(600));
            bench.unplug_at(stand_in, now + seconds(6));
            bench.plug_at(key, now + seconds(7));
        });
        let attempt = scene.sign_in();
        assert!(is_verified(&attempt), "{name}: {attempt:?}");
        assert_eq!(scene.person.asked.len(), 2, "{name}: once for each plugging of the right key");
        assert_eq!(scene.bench().pin_retries(key), 8);
        assert_nothing_entrusted(&record, &name);
    }
}

/// A key of this model that says neither yes nor no without a touch, and is not the one that made the passkey.
fn of_the_model(aaguid: [u8; 16], silent: u8) -> ImpostorConfig {
    let options = [("rk", true), ("up", true), ("clientPin", true), ("pinUvAuthToken", true)];
    let info = ClaimedInfo { aaguid, ..ClaimedInfo::default().options(&options) };
    ImpostorConfig::new("stand-in").info(info).answer(Asked::SilentAssertion, Answer::Status(silent))
}

/// What is on record of a passkey, what a device claims and answers, and whether that vouches for it.
struct Voucher {
    answers_silently: Option<bool>,
    cred_protect: Option<u8>,
    made_by: [u8; 16],
    claims: [u8; 16],
    silent: u8,
    counts: bool,
}

fn vouchers() -> Vec<Voucher> {
    let mut all = Vec::new();
    for made_by in [[0; 16], MODEL] {
        for claims in [[0; 16], MODEL, [9; 16]] {
            for (answers_silently, cred_protect) in [
                (Some(true), None),
                (Some(false), None),
                (None, None),
                (Some(false), Some(2)),
                (Some(true), Some(2)),
                (Some(false), Some(3)),
            ] {
                for silent in [0x2e, 0x36, 0x33, 0x7f] {
                    let is_same = made_by == claims;
                    let is_denied = silent == 0x2e;
                    let counts = is_same
                        && match (answers_silently, cred_protect) {
                            // It denies a passkey of level 3 until its user is verified (CTAP 2.1 §12.1).
                            (_, Some(3)) => true,
                            (Some(answers), _) => !answers && !is_denied,
                            (None, _) => claims != [0; 16] && !is_denied,
                        };
                    all.push(Voucher { answers_silently, cred_protect, made_by, claims, silent, counts });
                }
            }
        }
    }
    all
}

impl Voucher {
    fn scene(&self) -> (Scene, Key, Key, Record) {
        let (mut scene, key) = scene(UserVerification::Required);
        let passkey = &mut scene.passkeys[0];
        passkey.answers_silently = self.answers_silently;
        passkey.cred_protect = self.cred_protect;
        passkey.aaguid.0 = self.made_by;
        scene.bench().unplug(key);
        let (device, record) = scene.bench().add_impostor(of_the_model(self.claims, self.silent));
        scene.settings.policy.timeout = seconds(10);
        (scene, key, device, record)
    }

    fn name(&self) -> String {
        format!(
            "{:?}, credProtect {:?}, made by {:?}, a device of {:?} that answers 0x{:02x}",
            self.answers_silently, self.cred_protect, self.made_by[0], self.claims[0], self.silent
        )
    }
}

#[test]
fn alone_a_device_is_vouched_for_by_the_model_of_a_passkey_that_does_not_answer() {
    for voucher in vouchers() {
        let (mut scene, .., record) = voucher.scene();
        scene.person.answers.push_back(pin("1234"));
        assert!(!is_verified(&scene.sign_in()));
        assert_eq!(!scene.person.asked.is_empty(), voucher.counts, "{}", voucher.name());
        assert_eq!(record.count(Asked::PinToken), usize::from(voucher.counts), "{}", voucher.name());
    }
}

/// Not even beside a key that has nothing to do with it.
#[test]
fn beside_another_device_its_model_counts_only_where_the_person_touches_it() {
    for voucher in vouchers() {
        for touched in [false, true] {
            let (mut scene, _, device, record) = voucher.scene();
            scene.add(KeyConfig::new("another"));
            if touched {
                scene.bench().auto_touch(device, ms(700));
            }
            scene.person.answers.push_back(pin("1234"));
            assert!(!is_verified(&scene.sign_in()));
            let counts = voucher.counts && touched;
            assert_eq!(record.count(Asked::PinToken), usize::from(counts), "{}", voucher.name());
            assert_eq!(!scene.person.asked.is_empty(), counts, "{}", voucher.name());
            let offered = usize::from(voucher.counts);
            assert!(record.count(Asked::Selection) >= offered, "{}", voucher.name());
            assert!(voucher.counts || record.count(Asked::Selection) == 0, "{}", voucher.name());
        }
    }
}

/// It takes a person to touch a key.
#[test]
fn a_device_that_says_too_soon_that_it_was_touched_is_not_vouched_for() {
    let at_once = Answer::Success(Vec::new());
    let soon =
        |answer| Answer::After { time: ms(30), keepalive: Keepalive::UpNeeded, then: Box::new(answer) };
    for answer in [at_once.clone(), soon(at_once), Answer::Status(0x33), Answer::Status(0x31)] {
        let (mut scene, key) = scene(UserVerification::Required);
        scene.passkeys[0].answers_silently = Some(false);
        scene.bench().unplug(key);
        scene.add(KeyConfig::new("another"));
        let config = of_the_model(MODEL, 0x36).answer(Asked::Selection, answer.clone());
        let (_, record) = scene.bench().add_impostor(config);
        scene.person.answers.push_back(pin("1234"));
        assert!(!is_verified(&scene.sign_in()));
        assert_eq!(record.count(Asked::PinToken), 0, "{answer:?}");
        assert_eq!(scene.person.asked, [], "{answer:?}");
    }
}

fn mute_without_a_touch(status: u8, aaguid: [u8; 16]) -> (Scene, Key, Credential) {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig { aaguid, ..KeyConfig::new("mine") }.pin("1234"));
    let how = Misbehaviour::Refusal(status);
    scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::SilentAssertion), nth: 1, how }));
    let passkey = scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    (scene, key, passkey)
}

/// That is on record with the enrolment, and the model counts where nothing else can be meant.
#[test]
fn a_key_that_does_not_answer_without_a_touch_enrols_and_signs_in_by_its_pin() {
    for aaguid in [[0; 16], MODEL] {
        for status in [0x33, 0x14, 0x36] {
            let (mut scene, key, passkey) = mute_without_a_touch(status, aaguid);
            assert_eq!(passkey.answers_silently, Some(false));
            scene.bench().auto_touch(key, ms(300));
            scene.person.answers.push_back(pin("1234"));
            let attempt = scene.sign_in();
            assert!(is_verified(&attempt), "0x{status:02x}: {attempt:?}");
            assert_eq!(scene.person.asked.len(), 1);
            assert_eq!(attempt.answers_silently, None, "nothing that is not on record");

            // Beside another one the person chooses it first.
            scene.add(KeyConfig::new("another"));
            scene.forget_the_past();
            scene.person.answers.push_back(pin("1234"));
            let attempt = scene.sign_in();
            assert!(is_verified(&attempt), "0x{status:02x}: {attempt:?}");
            assert_eq!(scene.person.told, [Notice::TouchToChoose, Notice::TouchKey]);
        }
    }
}

/// CTAP 2.1 binds the option to requests with a touch, so the silent question is answered.
#[test]
fn a_key_that_always_verifies_is_on_record_as_answering_silently() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig { always_uv: true, ..KeyConfig::new("mine") }.pin("1234"));
    let passkey = scene.enrol(key, Some("1234"));
    assert_eq!(passkey.aaguid.0, [0; 16]);
    assert_eq!(passkey.answers_silently, Some(true));
    for policy in POLICIES {
        scene.settings.policy.verification = policy;
        scene.forget_the_past();
        scene.bench().auto_touch(key, ms(100));
        scene.person.answers.push_back(pin("1234"));
        let attempt = scene.sign_in();
        assert!(is_verified(&attempt), "{policy:?}: {attempt:?}");
        assert_eq!(scene.person.asked.len(), 1);
    }
}

/// Whether or not it could have.
#[test]
fn a_key_that_has_proved_nothing_is_named_without_a_passkey() {
    let (mut scene, key) = scene(UserVerification::Discouraged);
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::NoTouch);
    assert_eq!((attempt.key.unwrap().name.as_str(), attempt.passkey), ("mine", None));
    scene.bench().unplug(key);
    let config = ImpostorConfig::preset("foreign", "yes-to-everything").unwrap();
    scene.bench().add_impostor(config);
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::NoTouch);
    assert_eq!((attempt.key.unwrap().name.as_str(), attempt.passkey), ("foreign", None));
}

/// Nothing is on record of the key, not even its model: a touch proves the passkey, and only then its user is verified.
#[test]
fn an_imported_passkey_of_no_model_is_proved_by_a_touch() {
    let (mut scene, key, passkey) = mute_without_a_touch(0x2b, [0; 16]);
    scene.passkeys[0].answers_silently = None;
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(key, ms(200));
    let attempt = scene.sign_in();
    assert!(is_verified(&attempt), "{attempt:?}");
    assert_eq!(attempt.answers_silently, Some((passkey.id, false)));
    assert_eq!(scene.person.asked.len(), 1);
}
