//! Keys that lie, stall, mumble or flood: each costs nothing but itself.

use super::support::{Key, Scene, is_verified, ms, seconds};
use ctap::hid::HidError;
use passkey_core::ceremony::{KeyError, SignInError};
use passkey_core::config::UserVerification;
use passkey_core::verify::VerifyError;
use std::time::Duration;
use virtual_key::{Asked, Behaviour, Bench, Corruption, KeyConfig, Misbehaviour, Report, Sabotage};

/// A CTAPHID initialisation packet.
fn packet(cid: [u8; 4], command: u8, length: u16, data: &[u8]) -> Report {
    let mut report = [0; 64];
    report[..4].copy_from_slice(&cid);
    report[4] = command;
    report[5..7].copy_from_slice(&length.to_be_bytes());
    report[7..7 + data.len()].copy_from_slice(data);
    report
}

/// The honest reply to `CTAPHID_INIT`, which every misbehaviour after it needs.
fn init_reply(request: &Report) -> Report {
    let mut data = [0; 17];
    data[..8].copy_from_slice(&request[7..15]);
    data[8..12].copy_from_slice(&CID);
    data[12] = 2;
    data[16] = 0x04;
    packet([0xff; 4], 0x86, 17, &data)
}

const CID: [u8; 4] = [1, 2, 3, 4];
const CBOR: u8 = 0x90;
const KEEPALIVE: u8 = 0xbb;

/// Answers `CTAPHID_INIT` honestly and every other message by `misbehave`.
fn after_init(
    mut misbehave: impl FnMut(&Report) -> Vec<(Duration, Report)> + Send + 'static,
) -> Box<dyn Behaviour> {
    Box::new(
        move |_now: Duration, report: &Report| {
            if report[4] == 0x86 { vec![(ms(1), init_reply(report))] } else { misbehave(report) }
        },
    )
}

fn cbor_reply(payload: &[u8]) -> Vec<(Duration, Report)> {
    let mut reports =
        vec![packet(CID, CBOR, u16::try_from(payload.len()).unwrap(), &payload[..payload.len().min(57)])];
    for (sequence, chunk) in payload.get(57..).unwrap_or_default().chunks(59).enumerate() {
        let mut report = [0; 64];
        report[..4].copy_from_slice(&CID);
        report[4] = u8::try_from(sequence).unwrap();
        report[5..5 + chunk.len()].copy_from_slice(chunk);
        reports.push(report);
    }
    reports.into_iter().map(|report| (ms(1), report)).collect()
}

/// Every misbehaviour of a key that never was honest.
fn misbehaviours() -> Vec<(&'static str, Box<dyn Behaviour>)> {
    let mut list: Vec<(&'static str, Box<dyn Behaviour>)> = vec![
        ("silent", Box::new(|_: Duration, _: &Report| vec![])),
        ("silent after INIT", after_init(|_| vec![])),
        (
            "another nonce in INIT",
            Box::new(|_: Duration, report: &Report| {
                let mut reply = init_reply(report);
                reply[7] ^= 1;
                vec![(ms(1), reply)]
            }),
        ),
        (
            "short INIT reply",
            Box::new(|_: Duration, report: &Report| {
                let mut reply = init_reply(report);
                reply[6] = 3;
                vec![(ms(1), reply)]
            }),
        ),
        (
            "endless keep-alives",
            after_init(|_| (0..2000).map(|n| (ms(50 * n), packet(CID, KEEPALIVE, 1, &[1]))).collect()),
        ),
        (
            "endless keep-alives that ask for a touch",
            after_init(|_| (0..2000).map(|n| (ms(50 * n), packet(CID, KEEPALIVE, 1, &[2]))).collect()),
        ),
        (
            "a flood of keep-alives",
            after_init(|_| (0..5000).map(|_| (ms(1), packet(CID, KEEPALIVE, 1, &[1]))).collect()),
        ),
        ("a foreign channel", after_init(|_| vec![(ms(1), packet([9; 4], CBOR, 1, &[0x2e]))])),
        (
            "a wrong sequence",
            after_init(|_| {
                let mut reports = cbor_reply(&[0; 200]);
                reports.swap(1, 2);
                reports
            }),
        ),
        ("a continuation out of nowhere", after_init(|_| cbor_reply(&[0; 200]).split_off(1))),
        ("a length beyond all bounds", after_init(|_| vec![(ms(1), packet(CID, CBOR, 0xffff, &[0; 57]))])),
        ("a truncated message", after_init(|_| cbor_reply(&[0; 200])[..2].to_vec())),
        ("an empty message", after_init(|_| vec![(ms(1), packet(CID, CBOR, 0, &[]))])),
        ("an unknown command", after_init(|_| vec![(ms(1), packet(CID, 0xbf, 1, &[7]))])),
        (
            "a drip",
            after_init(|_| {
                cbor_reply(&[0; 7000])
                    .into_iter()
                    .enumerate()
                    .map(|(n, (_, r))| (seconds(4) * u32::try_from(n).unwrap(), r))
                    .collect()
            }),
        ),
        ("garbage for CBOR", after_init(|_| cbor_reply(&[&[0][..], &[0xff; 300]].concat()))),
        ("deeply nested CBOR", after_init(|_| cbor_reply(&[&[0][..], &[0x81; 6000]].concat()))),
        (
            "a map that claims to be endless",
            after_init(|_| cbor_reply(&[0, 0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ),
        ("CHANNEL_BUSY for ever", after_init(|_| vec![(ms(1), packet(CID, 0xbf, 1, &[0x06]))])),
        ("INVALID_CHANNEL for ever", after_init(|_| vec![(ms(1), packet(CID, 0xbf, 1, &[0x0b]))])),
        ("another CTAPHID error", after_init(|_| vec![(ms(1), packet(CID, 0xbf, 1, &[0x7f]))])),
        ("a success without content", after_init(|_| cbor_reply(&[0]))),
    ];
    for (name, status) in [("OPERATION_DENIED", 0x27), ("an unknown status", 0xfe), ("PIN_BLOCKED", 0x32)] {
        list.push((name, after_init(move |_| cbor_reply(&[status]))));
    }
    list
}

#[test]
fn beside_a_misbehaving_key_the_honest_one_signs_in_at_once() {
    for (name, behaviour) in misbehaviours() {
        let mut scene = Scene::new();
        let honest = scene.add(KeyConfig::new("honest"));
        scene.enrol(honest, None);
        add(&mut scene.bench(), name, behaviour);
        scene.bench().touch_after(honest, ms(100));
        let (attempt, taken) = scene.timed_sign_in();
        assert!(is_verified(&attempt), "{name}: {attempt:?}");
        assert!(taken < ms(300), "{name}: {taken:?}");
    }
}

#[test]
fn alone_a_misbehaving_key_ends_in_a_refusal_by_the_deadline() {
    for (name, behaviour) in misbehaviours() {
        let mut scene = Scene::new();
        let honest = scene.add(KeyConfig::new("honest"));
        scene.enrol(honest, None);
        scene.bench().unplug(honest);
        scene.settings.policy.timeout = seconds(10);
        add(&mut scene.bench(), name, behaviour);
        let (attempt, taken) = scene.timed_sign_in();
        assert!(!is_verified(&attempt), "{name}");
        assert!(taken <= seconds(10), "{name}: {taken:?}");
        assert!(scene.person.asked.is_empty(), "{name}: nobody is asked for a PIN");
    }
}

fn add(bench: &mut Bench, name: &str, mut behaviour: Box<dyn Behaviour>) -> Key {
    bench.add_behaviour(name, move |now: Duration, report: &Report| behaviour.on_report(now, report))
}

#[test]
fn a_lying_key_is_refused_and_the_other_one_goes_on() {
    use Corruption::{Flags, RpHash, Signature};
    for corruption in [Signature, RpHash, Flags] {
        let mut scene = Scene::new();
        let liar = scene.add(KeyConfig::new("liar"));
        scene.enrol(liar, None);
        scene.bench().corrupt(liar, Some(corruption));
        scene.bench().touch_after(liar, ms(100));
        let attempt = scene.sign_in();
        // One that clears the flag signs all the same, and proves with that that it holds the passkey.
        let expected = match corruption {
            Flags => SignInError::Rejected(VerifyError::UserNotPresent),
            _ => SignInError::ForeignKeys,
        };
        assert_eq!(attempt.result.unwrap_err(), expected, "{corruption:?}");

        let honest = scene.add(KeyConfig::new("honest"));
        scene.enrol(honest, None);
        scene.bench().touch_after(liar, ms(100));
        scene.bench().touch_after(honest, ms(500));
        let attempt = scene.sign_in();
        assert_eq!(attempt.result.unwrap().credential(), &scene.passkeys[1], "{corruption:?}");
    }
}

#[test]
fn a_key_that_cannot_sign_for_the_passkey_never_elicits_a_pin() {
    let mut scene = Scene::new();
    let liar = scene.add(KeyConfig::new("liar").pin("1234"));
    scene.enrol(liar, Some("1234"));
    scene.bench().corrupt(liar, Some(Corruption::Signature));
    scene.settings.policy.verification = UserVerification::Required;
    let attempt = scene.sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::ForeignKeys);
    assert!(scene.person.asked.is_empty());
}

#[test]
fn a_counter_that_does_not_rise_is_noted_or_refused() {
    use passkey_core::config::CounterPolicy;
    for (policy, accepted) in [(CounterPolicy::Warn, true), (CounterPolicy::Deny, false)] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("blue"));
        scene.enrol(key, None);
        scene.settings.sign_count = Some(1_000_000);
        scene.settings.policy.counter = policy;
        scene.bench().touch_after(key, ms(100));
        let attempt = scene.sign_in();
        assert_eq!(is_verified(&attempt), accepted, "{attempt:?}");
        if let Ok(verified) = attempt.result {
            assert!(verified.counter_warning().is_some());
        }
    }
}

#[test]
fn a_key_that_only_pretends_to_need_a_pin_is_not_given_one() {
    // getInfo: FIDO_2_1, an AAGUID that made no passkey, clientPin and protocol 2; to all else "PIN required".
    let info = [
        &[0x00, 0xa4, 0x01, 0x81, 0x68][..],
        b"FIDO_2_1",
        &[0x03, 0x50][..],
        &[0x55; 16][..],
        &[0x04, 0xa1, 0x69][..],
        b"clientPin",
        &[0xf5, 0x06, 0x81, 0x02][..],
    ]
    .concat();
    let mut scene = Scene::new();
    let honest = scene.add(KeyConfig::new("honest").pin("1234"));
    scene.enrol(honest, Some("1234"));
    scene.bench().unplug(honest);
    scene.settings.policy.verification = UserVerification::Required;
    let mut behaviour =
        after_init(move |report| if report[7] == 0x04 { cbor_reply(&info) } else { cbor_reply(&[0x36]) });
    scene
        .bench()
        .add_behaviour("phisher", move |now: Duration, report: &Report| behaviour.on_report(now, report));
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::ForeignKeys);
    assert!(scene.person.asked.is_empty());
}

fn at_info(how: Misbehaviour) -> Sabotage {
    Sabotage { asked: Some(Asked::Info), nth: 1, how }
}

#[test]
fn a_key_that_never_comes_to_an_end_is_named_for_it() {
    let silent = SignInError::KeyUnusable(KeyError::Silent);
    for (how, error) in [
        (Misbehaviour::Keepalives, silent),
        (Misbehaviour::KeepalivesForTouch, silent),
        (Misbehaviour::Busy, SignInError::KeyUnusable(KeyError::Stuck)),
    ] {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig::new("hostile"));
        scene.enrol(key, None);
        scene.bench().sabotage(key, Some(at_info(how)));
        scene.settings.policy.timeout = seconds(10);
        let (attempt, taken) = scene.timed_sign_in();
        assert_eq!(attempt.result.unwrap_err(), error);
        assert_eq!(attempt.key.unwrap().name, "hostile");
        assert_eq!(taken, seconds(10));
    }
}

/// The person waits for no longer before they hear of it.
#[test]
fn a_key_that_is_mute_from_the_beginning_is_given_up_after_three_seconds() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("mute"));
    scene.enrol(key, None);
    scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::Init), nth: 1, how: Misbehaviour::Mute }));
    let (attempt, taken) = scene.timed_sign_in();
    assert_eq!(attempt.result.unwrap_err(), SignInError::KeyUnusable(KeyError::Silent));
    assert!((seconds(3)..ms(3100)).contains(&taken), "{taken:?}");
}

#[test]
fn a_key_that_forgets_its_channel_again_and_again_is_given_up() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("hostile"));
    scene.enrol(key, None);
    scene.bench().sabotage(key, Some(at_info(Misbehaviour::InvalidChannel)));
    let (attempt, taken) = scene.timed_sign_in();
    let refused = KeyError::Refused(HidError::INVALID_CHANNEL);
    assert_eq!(attempt.result.unwrap_err(), SignInError::KeyUnusable(refused));
    assert!(taken < seconds(1), "{taken:?}");
}

#[test]
fn a_mute_key_beside_it_holds_no_pin_back() {
    for how in [Misbehaviour::Mute, Misbehaviour::Keepalives, Misbehaviour::Busy] {
        let mut scene = Scene::new();
        let hostile = scene.add(KeyConfig::new("hostile").pin("5678"));
        let honest = scene.add(KeyConfig::new("honest").pin("1234"));
        scene.enrol(hostile, Some("5678"));
        scene.enrol(honest, Some("1234"));
        scene.bench().sabotage(hostile, Some(at_info(how)));
        scene.settings.policy.verification = UserVerification::Required;
        scene.person.typing = ms(0);
        scene.person.answers.push_back(super::support::pin("1234"));
        scene.bench().auto_touch(honest, ms(0));
        let (attempt, taken) = scene.timed_sign_in();
        assert!(is_verified(&attempt), "{how:?}: {attempt:?}");
        // One that says that it is at work may be but slow.
        let patience = if how == Misbehaviour::Keepalives { ms(1000) } else { ms(250) };
        assert!(taken <= ms(50) + patience, "{how:?}: {taken:?}");
    }
}

/// It says that nobody touched it, as often as it is asked: it is asked for the touch again, and the person for no other PIN.
#[test]
fn a_key_that_is_never_touched_elicits_one_pin() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("hostile").pin("1234"));
    scene.enrol(key, Some("1234"));
    let how = Misbehaviour::Refusal(0x2f);
    scene.bench().sabotage(key, Some(Sabotage { asked: Some(Asked::Assertion), nth: 1, how }));
    scene.settings.policy.verification = UserVerification::Required;
    scene.person.answers.extend((0..9).map(|_| super::support::pin("1234")));
    assert_eq!(scene.sign_in().result.unwrap_err(), SignInError::NoTouch);
    assert_eq!(scene.person.asked.len(), 1);
}
