//! What devices that were never enrolled answer.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used
)]

mod host;

use std::time::Duration;

use ctap::pin_uv_auth::{PinUvAuthProtocol, Session};
use ctap::{Flags, Info, client_pin as client_pins, get_assertion as assertions};
use host::impostor::{GET_INFO, INIT, MS, MSG, PING, SECOND, Scene, client_pin, u2f};
use host::{CANCEL, CBOR, ERROR, UP_NEEDED, client_data_hash, get_assertion, make_credential};
use p256::ecdsa::Signature;
use sha2::{Digest, Sha256};
use sk_cbor::Value;
use virtual_key::{Answer, Asked, Blink, ImpostorConfig, Keepalive, PRESETS, Requested};

// Answers

#[test]
fn the_first_answer_that_fits_counts() {
    let answers = vec![
        (Some(Asked::SilentAssertion), Answer::Status(0x12)),
        (Some(Asked::SilentAssertion), Answer::Status(0x13)),
        (None, Answer::HidError(0x7f)),
        (Some(Asked::Assertion), Answer::Status(0x14)),
    ];
    let mut scene = Scene::new(ImpostorConfig { answers, ..ImpostorConfig::default() });
    assert_eq!(scene.call(0x02, &get_assertion(&[&[1; 64]], false)).0, 0x12);
    for request in [&[0x02, 0xa0][..], &[0x0a, 0xa0], &[0x0b]] {
        assert_eq!(scene.message(CBOR, request), Some((ERROR, vec![0x7f])));
    }
    assert_eq!(scene.message(MSG, &u2f(2, 7, 129)), Some((ERROR, vec![0x7f])));
    assert_eq!(scene.cbor(&[GET_INFO])[0], 0, "getInfo and INIT answer for themselves,");
    let config = ImpostorConfig::default()
        .answer(Asked::Info, Answer::Silent)
        .answer(Asked::SilentAssertion, Answer::Silent)
        .answer(Asked::SilentAssertion, Answer::Status(0x22));
    let mut scene = Scene::new(config);
    assert_eq!(scene.message(CBOR, &[GET_INFO]), None, "unless named.");
    assert_eq!(scene.message(PING, &[1]), Some((PING, vec![1])), "Silence is no being busy.");
    assert_eq!(scene.call(0x02, &get_assertion(&[&[1; 64]], false)).0, 0x22);
}

#[test]
fn by_default_it_holds_nothing() {
    let mut scene = Scene::new(ImpostorConfig::default());
    scene.bench.auto_touch(scene.key, SECOND);
    for (command, parameters, status, waits) in [
        (0x02, get_assertion(&[&[1; 64]], false), 0x2e, false),
        (0x02, get_assertion(&[&[1; 64]], true), 0x2e, true),
        (0x0b, vec![], 0x00, true),
        (0x06, client_pin(1), 0x00, false),
        (0x06, client_pin(2), 0x00, false),
        (0x06, client_pin(9), 0x31, false),
        (0x06, client_pin(6), 0x3f, true),
        (0x06, client_pin(7), 0x00, false),
        (0x01, make_credential(false), 0x27, true),
        (0x0a, vec![], 0x01, false),
    ] {
        let start = scene.bench.now();
        assert_eq!(scene.call(command, &parameters).0, status, "{command:#04x}");
        assert_eq!(scene.bench.now() - start, if waits { SECOND } else { Duration::ZERO }, "{command:#04x}");
    }
    for (request, word) in
        [(u2f(2, 7, 129), [0x6a, 0x80]), (u2f(2, 3, 129), [0x6a, 0x80]), (u2f(1, 3, 64), [0x69, 0x85])]
    {
        assert_eq!(scene.message(MSG, &request), Some((MSG, word.to_vec())));
    }
    assert_eq!(scene.message(MSG, &[0, 3, 0, 0, 0, 0, 0]), Some((MSG, b"U2F_V2\x90\x00".to_vec())));
    assert_eq!(scene.message(MSG, &[0, 9, 0, 0, 0, 0, 0]), Some((MSG, vec![0x6d, 0x00])));
}

#[test]
fn it_says_that_it_is_at_work_or_waits() {
    for (keepalive, status) in [(Keepalive::Processing, 1), (Keepalive::UpNeeded, UP_NEEDED)] {
        let answer = Answer::status_after(450 * MS, keepalive, 0x27);
        let mut scene = Scene::new(ImpostorConfig::default().answer(Asked::Assertion, answer));
        let waits = keepalive == Keepalive::UpNeeded;
        for round in 1..=2 {
            let start = scene.bench.now();
            scene.host.ask(&mut scene.bench, 0x02, &get_assertion(&[&[1; 64]], true));
            scene.bench.advance(250 * MS);
            assert_eq!(scene.bench.blinking(scene.key), waits);
            assert_eq!(scene.bench.touch(scene.key), waits, "a touch hastens nothing");
            assert_eq!(scene.host.reply(&mut scene.bench).0, 0x27);
            assert_eq!(
                (scene.host.keepalives.as_slice(), scene.bench.now() - start),
                (&[status; 4][..], 450 * MS)
            );
            assert_eq!(scene.record.blinks().len(), if waits { round } else { 0 });
        }
        let blinked = scene.record.blinked(scene.bench.now());
        assert_eq!(blinked, if waits { 900 * MS } else { Duration::ZERO });

        // CANCEL ends a wait and no work.
        let start = scene.bench.now();
        scene.host.ask(&mut scene.bench, 0x02, &get_assertion(&[&[1; 64]], true));
        scene.bench.advance(50 * MS);
        scene.host.send(&mut scene.bench, CANCEL, &[]);
        let reply = (scene.host.reply(&mut scene.bench).0, scene.bench.now() - start);
        assert_eq!(reply, if waits { (0x2d, 50 * MS) } else { (0x27, 450 * MS) });
        assert!(!scene.bench.blinking(scene.key));
        assert_eq!(scene.requests().last(), Some(&Requested::Hid(CANCEL)));
    }
}

#[test]
fn it_blinks_until_it_is_touched() {
    let mut scene = Scene::new(ImpostorConfig::default());
    scene.bench.advance(SECOND);
    scene.host.ask(&mut scene.bench, 0x0b, &[]);
    scene.bench.advance(100 * SECOND);
    assert!(scene.bench.blinking(scene.key));
    assert_eq!(scene.record.blinks(), [Blink { from: SECOND, until: None }]);
    assert_eq!(scene.record.blinked(scene.bench.now()), 100 * SECOND);
    assert!(scene.bench.touch(scene.key));
    // One who does not read keeps what the kernel has room for.
    assert_eq!((scene.host.reply(&mut scene.bench).0, scene.host.keepalives.len()), (0, 63));
    assert!(!scene.bench.touch(scene.key));
    assert_eq!(scene.record.blinks(), [Blink { from: SECOND, until: Some(101 * SECOND) }]);
    assert_eq!(scene.record.touches(), [101 * SECOND]);

    // All the ways of touching, and of taking it back.
    scene.bench.touch_at(scene.key, 103 * SECOND);
    assert_eq!((scene.call(0x0b, &[]).0, scene.bench.now()), (0, 103 * SECOND));
    scene.bench.auto_touch(scene.key, 2 * SECOND);
    assert_eq!((scene.call(0x0b, &[]).0, scene.bench.now()), (0, 105 * SECOND));
    assert_eq!((scene.call(0x0b, &[]).0, scene.bench.now()), (0, 107 * SECOND));
    scene.bench.never(scene.key);
    scene.host.ask(&mut scene.bench, 0x0b, &[]);
    scene.bench.advance(SECOND);
    scene.host.send(&mut scene.bench, INIT, &[6; 8]);
    assert_eq!(
        scene.host.receive(&mut scene.bench, SECOND).unwrap().1[..8],
        [6; 8],
        "INIT drops the request"
    );
    assert_eq!(scene.host.receive(&mut scene.bench, SECOND), None);
    scene.host.ask(&mut scene.bench, 0x0b, &[]);
    scene.bench.advance(SECOND);
    scene.bench.unplug(scene.key);
    scene.bench.advance(SECOND);
    let seconds: Vec<u64> =
        scene.record.blinks().iter().map(|blink| (blink.until.unwrap() - blink.from).as_secs()).collect();
    assert_eq!(seconds, [100, 2, 2, 2, 1, 1], "and so does the loss of power");
    assert!(!scene.bench.blinking(scene.key));
}

#[test]
fn it_says_yes_to_any_credential() {
    let mut scene = Scene::preset("yes-to-everything");
    let mut last = 0;
    for (up, list) in [(false, &[&[9; 48][..], &[8; 32]][..]), (true, &[&[8; 32]]), (false, &[])] {
        scene.bench.auto_touch(scene.key, Duration::ZERO);
        let mut request = vec![0x02];
        let parameters =
            get_assertion(list, up).into_iter().map(|(key, value)| (Value::unsigned(key), value));
        sk_cbor::write(Value::map(parameters.collect()), &mut request).unwrap();
        let response = assertions::Response::parse(&scene.cbor(&request)).unwrap();
        assert_eq!(response.credential_id.as_deref(), Some(*list.first().unwrap_or(&&[0x5a; 32][..])));
        let data = response.authenticator_data;
        assert_eq!(data.rp_id_hash[..], Sha256::digest("host.example")[..]);
        assert_eq!((data.flags.contains(Flags::UP), data.flags.contains(Flags::UV)), (up, false));
        assert!(data.sign_count > last);
        last = data.sign_count;
        assert!(Signature::from_der(&response.signature).is_ok());
        assert_eq!(response.user.is_some(), list.is_empty());
    }
    let mut verified = get_assertion(&[&[1; 64]], true);
    verified.extend([(0x06, host::bytes(&client_data_hash())), (0x07, Value::unsigned(2))]);
    assert_eq!(scene.call(0x02, &verified).1.bytes(0x02)[32], 0x05, "as asked");

    let (status, token) = scene.call(0x06, &client_pin(9));
    assert_eq!((status, token.bytes(0x02).len()), (0, 32));
    let two = [(0x01, Value::unsigned(2)), (0x02, Value::unsigned(6))];
    assert_eq!(scene.call(0x06, &two).1.bytes(0x02).len(), 48);

    let unnamed = ImpostorConfig::default().answer(Asked::SilentAssertion, Answer::SignsNonsenseUnnamed);
    let (status, reply) = Scene::new(unnamed).call(0x02, &get_assertion(&[&[1; 64], &[2; 64]], false));
    assert_eq!((status, reply.field(0x01), reply.bytes(0x02)[32]), (0, None, 0));
}

#[test]
fn a_host_goes_on_after_its_key_agreement() {
    for alg in [-25, -7] {
        let mut scene =
            Scene::new(ImpostorConfig::default().answer(Asked::KeyAgreement, Answer::KeyAgreement { alg }));
        let (_, reply) = scene.call(0x06, &client_pin(2));
        let label = Value::integer(3);
        let key = reply.field(0x01).unwrap().extract_map().unwrap();
        assert_eq!(key.iter().find(|(name, _)| *name == label).unwrap().1, Value::integer(alg));
        // The host of these tests, and the real one if it takes that label.
        let session = host::pin::Session::open(&mut scene.bench, &mut scene.host);
        assert_eq!(session.token(&mut scene.bench, &mut scene.host, "1234", Some(2)), Err(0x31));
        assert_eq!(scene.record.count(Asked::PinToken), 1);
    }
    let mut scene = Scene::new(ImpostorConfig::default());
    let ask = client_pins::Request::KeyAgreement { protocol: PinUvAuthProtocol::Two }.encode();
    let peer = client_pins::Response::parse(&scene.cbor(&ask)).unwrap().key_agreement.unwrap();
    let mut random = |bytes: &mut [u8]| bytes.fill(0x11);
    assert!(Session::agree(PinUvAuthProtocol::Two, &peer, &mut random).is_ok());
}

#[test]
fn it_tells_what_tries_are_left() {
    let config = ImpostorConfig::default()
        .answer(Asked::PinRetries, Answer::PinRetries(1))
        .answer(Asked::UvRetries, Answer::UvRetries(0));
    let mut scene = Scene::new(config);
    assert_eq!(scene.call(0x06, &client_pin(1)).1.field(0x03), Some(Value::unsigned(1)));
    assert_eq!(scene.call(0x06, &client_pin(7)).1.field(0x05), Some(Value::unsigned(0)));
}

#[test]
fn it_lies_in_u2f_too() {
    let mut scene = Scene::preset("yes-to-everything");
    let start = scene.bench.now();
    assert_eq!(
        scene.message(MSG, &u2f(2, 7, 129)),
        Some((MSG, vec![0x69, 0x85])),
        "it claims the key handle,"
    );
    assert!(!scene.bench.blinking(scene.key));
    assert_eq!(scene.message(MSG, &u2f(2, 3, 129)), Some((MSG, vec![0x69, 0x85])), "blinks,");
    assert!(scene.bench.touch(scene.key));
    let (_, reply) = scene.message(MSG, &u2f(2, 3, 129)).unwrap();
    assert_eq!((reply[0], &reply[reply.len() - 2..]), (1, &[0x90, 0x00][..]));
    assert!(Signature::from_der(&reply[5..reply.len() - 2]).is_ok(), "and signs nonsense.");
    assert_eq!(scene.record.touches(), [start]);
    // It stops to blink when nobody asks any more.
    scene.host.send(&mut scene.bench, MSG, &u2f(2, 3, 129));
    scene.bench.advance(9 * SECOND);
    assert!(scene.bench.blinking(scene.key));
    scene.bench.advance(SECOND);
    assert!(!scene.bench.blinking(scene.key));
    assert_eq!(scene.record.blinked(scene.bench.now()), 10 * SECOND);

    let garbage = ImpostorConfig::default().answer(Asked::U2fCheck, Answer::Success(vec![0xff; 70]));
    let (_, reply) = Scene::new(garbage).message(MSG, &u2f(2, 7, 129)).unwrap();
    assert_eq!(reply, [&[0xff; 70][..], &[0x90, 0x00]].concat());
}

// Presets

#[test]
fn presets_are_what_they_say() {
    let outcome = |preset: &str| {
        let mut scene = Scene::preset(preset);
        scene.bench.auto_touch(scene.key, SECOND);
        let info = Info::parse(&scene.cbor(&[GET_INFO])).unwrap();
        let mut status = |command, parameters: &[(u64, Value)]| {
            let start = scene.bench.now();
            let (status, reply) = scene.call(command, parameters);
            (status, scene.bench.now() - start, reply)
        };
        let (silent, after, _) = status(0x02, &get_assertion(&[&[1; 64]], false));
        assert_eq!(after, Duration::ZERO);
        let (assertion, touched, _) = status(0x02, &get_assertion(&[&[1; 64]], true));
        let (uv, finger, _) = status(0x06, &client_pin(6));
        let (agreement, ..) = status(0x06, &client_pin(2));
        let (pin, ..) = status(0x06, &client_pin(9));
        let left = status(0x06, &client_pin(1)).2.field(0x03).and_then(Value::extract_unsigned);
        let uv_left = status(0x06, &client_pin(7)).2.field(0x05).and_then(Value::extract_unsigned);
        assert_eq!((agreement, left, uv_left), (0, Some(8), Some(3)), "{preset}");
        (info, silent, (assertion, touched), (uv, finger), pin)
    };
    let at_once = Duration::ZERO;
    let (new, silent, assertion, uv, pin) = outcome("claims-sensor");
    assert!(new.fido_2_1());
    assert_eq!(new.pin_uv_auth_protocols, [PinUvAuthProtocol::Two, PinUvAuthProtocol::One]);
    assert_eq!((silent, assertion, uv, pin), (0x36, (0x36, at_once), (0x3c, at_once), 0x31));

    let (old, silent, assertion, uv, pin) = outcome("claims-sensor-2.0");
    assert!(!old.fido_2_1() && old.fido_2_0());
    assert_eq!(old.pin_uv_auth_protocols, [PinUvAuthProtocol::One]);
    assert_ne!(old.options, new.options);
    assert_eq!((silent, assertion, uv, pin), (0x36, (0x36, at_once), (0x3c, at_once), 0x31));

    let (finger, silent, assertion, uv, pin) = outcome("finger-never-recognised");
    assert_eq!(finger, new);
    assert_eq!((silent, assertion, uv, pin), (0x36, (0x36, at_once), (0x3f, SECOND), 0x31));

    for status in [0x02, 0x12, 0x7f, 0x14] {
        assert_eq!(outcome(&format!("foreign-{status:#04x}")).1, status);
    }
    assert_eq!(outcome("plain").1, 0x2e);
    let (_, silent, assertion, uv, pin) = outcome("yes-to-everything");
    assert_eq!((silent, assertion, uv, pin), (0, (0, SECOND), (0, SECOND), 0));

    for preset in PRESETS {
        assert!(ImpostorConfig::preset("red", preset).is_ok(), "{preset}");
    }
    for preset in ["", "claims", "foreign-", "foreign-0x100", "foreign-0xzz"] {
        assert!(ImpostorConfig::preset("red", preset).is_err(), "{preset}");
    }
}
