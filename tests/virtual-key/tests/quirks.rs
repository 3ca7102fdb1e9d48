//! Keys that do not lie and still differ from OpenSK, and what goes wrong with them that is no lie either.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used
)]

mod host;

use std::time::Duration;

use host::{CANCEL, CBOR, ERROR, Host, client_data_hash, get_assertion, make_credential};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sk_cbor::Value;
use virtual_key::{
    Asked, Bench, Corruption, KeyConfig, KeyId, Misbehaviour, PortError, Profile, Quirks, Refusal, Sabotage,
    UserTimeout,
};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);
const GET_INFO: u8 = 0x04;
const PROCESSING: u8 = 1;

fn quirky(quirks: Quirks) -> (Bench, KeyId, Host) {
    on_desk(KeyConfig { quirks, ..KeyConfig::new("blue").pin("1234") })
}

fn on_desk(config: KeyConfig) -> (Bench, KeyId, Host) {
    let mut bench = Bench::new();
    let key = bench.add(config);
    let host = Host::open(&mut bench, key);
    (bench, key, host)
}

/// A credential made before anything is timed, and its public key.
fn credential(bench: &mut Bench, key: KeyId, host: &mut Host) -> (Vec<u8>, VerifyingKey) {
    bench.auto_touch(key, Duration::ZERO);
    let (status, made) = host.make_credential(bench, false);
    assert_eq!(status, 0);
    bench.never(key);
    let (id, x, y) = host::attested_credential(&made.bytes(0x02));
    (id, VerifyingKey::from_sec1_bytes(&[&[4][..], &x, &y].concat()).unwrap())
}

#[test]
fn a_u2f_key_may_claim_to_know_cbor() {
    for (refusal, reply) in
        [(Refusal::Status(0x01), (CBOR, vec![0x01])), (Refusal::HidError(0x01), (ERROR, vec![0x01]))]
    {
        let (mut bench, key, mut host) =
            on_desk(KeyConfig { profile: Profile::U2fClaimingCbor(refusal), ..KeyConfig::new("blue") });
        let channel = std::mem::replace(&mut host.channel, [0xff; 4]);
        host.send(&mut bench, 0x06, &[1; 8]);
        let (_, init) = host.receive(&mut bench, SECOND).unwrap();
        assert_eq!(init[16] & 0x0c, 0x04, "CBOR and U2F");
        host.channel = channel;
        for request in [&[GET_INFO][..], &[0x0b], &[0x02, 0xa0]] {
            host.send(&mut bench, CBOR, request);
            assert_eq!(host.receive(&mut bench, SECOND), Some(reply.clone()));
        }
        let register = [&[0, 1, 3, 0, 0, 0, 64][..], &[1; 64], &[0, 0]].concat();
        host.send(&mut bench, 0x03, &register);
        assert_eq!(host.receive(&mut bench, SECOND).unwrap().1, [0x69, 0x85]);
        bench.touch(key);
        host.send(&mut bench, 0x03, &register);
        let (_, registration) = host.receive(&mut bench, SECOND).unwrap();
        assert_eq!((registration[0], &registration[registration.len() - 2..]), (5, &[0x90, 0x00][..]));
    }
}

#[test]
fn a_key_may_not_tell_its_pin_protocols() {
    let (mut bench, _, mut host) = quirky(Quirks { omits_pin_protocols: true, ..Quirks::default() });
    let (_, info) = host.call(&mut bench, GET_INFO, &[]);
    assert_eq!((info.field(0x06), info.option("clientPin")), (None, Some(true)));
    let session = host::pin::Session::open(&mut bench, &mut host);
    assert!(session.token(&mut bench, &mut host, "1234", None).is_ok());
}

#[test]
fn the_key_agreement_key_may_be_labelled_es256() {
    let mut agreements = [None, Some(-7)].map(|key_agreement_alg| {
        let (mut bench, _, mut host) = quirky(Quirks { key_agreement_alg, ..Quirks::default() });
        let session = host::pin::Session::open(&mut bench, &mut host);
        assert!(session.token(&mut bench, &mut host, "1234", None).is_ok());
        let parameters = [(0x01, Value::unsigned(1)), (0x02, Value::unsigned(2))];
        let (_, reply) = host.call(&mut bench, 0x06, &parameters);
        reply.field(0x01).unwrap().extract_map().unwrap()
    });
    let alg = |agreement: &mut Vec<(Value, Value)>| {
        let index = agreement.iter().position(|(label, _)| *label == Value::integer(3)).unwrap();
        agreement.remove(index).1
    };
    let [plain, other] = &mut agreements;
    assert_eq!((alg(plain), alg(other)), (Value::integer(-25), Value::integer(-7)));
    assert_eq!(plain, other, "and nothing else differs");
}

#[test]
fn an_assertion_may_leave_out_the_credential() {
    let (mut bench, key, mut host) = quirky(Quirks { omits_credential: true, ..Quirks::default() });
    let (id, public_key) = credential(&mut bench, key, &mut host);
    bench.auto_touch(key, Duration::ZERO);
    for up in [false, true] {
        let (status, assertion) = host.call(&mut bench, 0x02, &get_assertion(&[&[1; 64], &id], up));
        assert_eq!((status, assertion.field(0x01)), (0, None));
        let signed = [assertion.bytes(0x02), client_data_hash().to_vec()].concat();
        assert!(public_key.verify(&signed, &Signature::from_der(&assertion.bytes(0x03)).unwrap()).is_ok());
    }
    // And a lie besides is still told.
    bench.corrupt(key, Some(Corruption::RpHash));
    let (_, lie) = host.call(&mut bench, 0x02, &get_assertion(&[&[1; 64], &id], true));
    bench.corrupt(key, None);
    let (_, truth) = host.call(&mut bench, 0x02, &get_assertion(&[&[1; 64], &id], true));
    assert_eq!((lie.field(0x01), lie.bytes(0x02)[0]), (None, truth.bytes(0x02)[0] ^ 1));
}

#[test]
fn a_key_may_ignore_that_no_touch_is_wanted() {
    let (mut bench, key, mut host) = quirky(Quirks { ignores_up_false: true, ..Quirks::default() });
    let (id, public_key) = credential(&mut bench, key, &mut host);
    let start = bench.now();
    // Longer than one report.
    host.ask(&mut bench, 0x02, &get_assertion(&[&[1; 64], &id], false));
    bench.advance(3 * SECOND);
    assert!(bench.blinking(key));
    bench.touch(key);
    let (status, assertion) = host.reply(&mut bench);
    assert_eq!((status, bench.now() - start, host.keepalives.len()), (0, 3 * SECOND, 30));
    assert_eq!(assertion.bytes(0x02)[32] & 0x01, 0x01);
    let signed = [assertion.bytes(0x02), client_data_hash().to_vec()].concat();
    assert!(public_key.verify(&signed, &Signature::from_der(&assertion.bytes(0x03)).unwrap()).is_ok());

    // It is a silent assertion for a sabotage, and everything else is as it was.
    bench.sabotage(
        key,
        Some(Sabotage { asked: Some(Asked::SilentAssertion), nth: 1, how: Misbehaviour::Refusal(0x36) }),
    );
    assert_eq!(host.call(&mut bench, 0x02, &get_assertion(&[&id], false)).0, 0x36);
    host.ask(&mut bench, 0x02, &get_assertion(&[&id], true));
    bench.advance(SECOND);
    host.send(&mut bench, CANCEL, &[]);
    assert_eq!(host.reply(&mut bench).0, 0x2d);
    host.send(&mut bench, 0x01, &[7; 200]);
    assert_eq!(host.receive(&mut bench, SECOND), Some((0x01, vec![7; 200])));
}

#[test]
fn statuses_and_errors_have_names_by_number() {
    for (name, how) in [
        ("refusal-0x33", Misbehaviour::Refusal(0x33)),
        ("refusal-0xFE", Misbehaviour::Refusal(0xfe)),
        ("hid-error-0x0b", Misbehaviour::HidError(0x0b)),
        ("until-replugged-0x7f", Misbehaviour::UntilReplugged(0x7f)),
    ] {
        assert_eq!(name.parse(), Ok(how));
    }
    for name in
        ["refusal-33", "refusal-0x", "refusal-0x3", "refusal-0x333", "refusal-0x+3", "mute-0x01", "hid-error"]
    {
        assert!(name.parse::<Misbehaviour>().is_err(), "{name}");
    }
    let (mut bench, key, mut host) = on_desk(KeyConfig::new("blue"));
    for (how, reply) in [("refusal-0x33", (CBOR, vec![0x33])), ("hid-error-0x42", (ERROR, vec![0x42]))] {
        bench.sabotage(key, Some(Sabotage { asked: Some(Asked::Info), nth: 1, how: how.parse().unwrap() }));
        host.send(&mut bench, CBOR, &[GET_INFO]);
        assert_eq!(host.receive(&mut bench, SECOND), Some(reply));
    }
}

#[test]
fn a_key_may_give_up_on_its_person_early_and_in_other_words() {
    for (after, status) in [(5 * SECOND, 0x27), (30 * SECOND, 0x27), (7 * SECOND, 0x2f)] {
        let (mut bench, key, mut host) =
            quirky(Quirks { user_timeout: Some(UserTimeout { after, status }), ..Quirks::default() });
        let (id, _) = credential(&mut bench, key, &mut host);
        for (command, parameters) in
            [(0x02, get_assertion(&[&id], true)), (0x01, make_credential(false)), (0x0b, vec![])]
        {
            let start = bench.now();
            assert_eq!(host.call(&mut bench, command, &parameters).0, status, "{command:#04x}");
            assert_eq!((bench.now() - start, bench.blinking(key)), (after, false));
            assert_eq!(host.receive(&mut bench, SECOND), None, "and says nothing more");
        }
        // A touch in time counts.
        bench.touch_after(key, after - MS);
        assert_eq!(host.call(&mut bench, 0x02, &get_assertion(&[&id], true)).0, 0);
    }
}

#[test]
fn a_key_may_be_deaf_at_first() {
    let (mut bench, key, mut host) = {
        let mut bench = Bench::new();
        let quirks = Quirks { mute_for: 2 * SECOND, ..Quirks::default() };
        let key = bench.add(KeyConfig { quirks, ..KeyConfig::new("blue") });
        bench.open(key).unwrap();
        (bench, key, Host { key, channel: [0xff; 4], keepalives: vec![] })
    };
    for plugging in 0..2 {
        host.send(&mut bench, 0x06, &[1; 8]);
        assert_eq!(host.receive(&mut bench, 2 * SECOND - MS), None, "plugged in {plugging} times before");
        bench.advance(MS);
        host.send(&mut bench, 0x06, &[2; 8]);
        assert_eq!(host.receive(&mut bench, Duration::ZERO).unwrap().1[..8], [2; 8]);
        bench.unplug(key);
        bench.plug(key);
        bench.open(key).unwrap();
    }
}

#[test]
fn a_key_may_compute_for_a_while() {
    let computing_time =
        vec![(Some(Asked::SilentAssertion), 110 * MS), (Some(Asked::Init), Duration::ZERO), (None, 20 * MS)];
    let (mut bench, key, mut host) = on_desk(KeyConfig {
        quirks: Quirks { computing_time, ..Quirks::default() },
        ..KeyConfig::new("blue")
    });
    let mut takes = |bench: &mut Bench, command, parameters: &[(u64, Value)]| {
        let start = bench.now();
        host.ask(bench, command, parameters);
        host.reply(bench);
        (bench.now() - start, host.keepalives.clone())
    };
    assert_eq!(takes(&mut bench, GET_INFO, &[]), (20 * MS, vec![]));
    assert_eq!(takes(&mut bench, 0x0a, &[]), (20 * MS, vec![]), "one without a name");
    for _ in 0..2 {
        assert_eq!(takes(&mut bench, 0x02, &get_assertion(&[&[1; 64]], false)), (110 * MS, vec![PROCESSING]));
    }
    bench.auto_touch(key, 50 * MS);
    assert_eq!(takes(&mut bench, 0x0b, &[]).0, 70 * MS, "a touch comes after that");

    // CANCEL is heard meanwhile, and so is a new INIT.
    host.ask(&mut bench, 0x02, &get_assertion(&[&[1; 64]], false));
    bench.advance(50 * MS);
    host.send(&mut bench, CANCEL, &[]);
    assert_eq!(host.reply(&mut bench).0, 0x2d);
    host.ask(&mut bench, 0x02, &get_assertion(&[&[1; 64]], false));
    bench.advance(50 * MS);
    host.send(&mut bench, 0x06, &[3; 8]);
    assert_eq!(host.receive(&mut bench, SECOND).unwrap().1[..8], [3; 8]);
    assert_eq!(host.receive(&mut bench, SECOND), None);
}

#[test]
fn a_signature_may_take_a_while() {
    let signing_time = 80 * MS;
    let (mut bench, key, mut host) = quirky(Quirks { signing_time, ..Quirks::default() });
    let (id, _) = credential(&mut bench, key, &mut host);
    let mut takes = |bench: &mut Bench, command, parameters: &[(u64, Value)]| {
        let start = bench.now();
        host.ask(bench, command, parameters);
        let status = host.reply(bench).0;
        (status, bench.now() - start)
    };
    assert_eq!(takes(&mut bench, GET_INFO, &[]), (0, Duration::ZERO));
    assert_eq!(takes(&mut bench, 0x02, &get_assertion(&[&id], false)), (0, signing_time));
    let (status, time) = takes(&mut bench, 0x02, &get_assertion(&[&[1; 64]], false));
    assert!(status != 0 && time.is_zero(), "it has nothing to sign with: {status:#04x} after {time:?}");
    bench.auto_touch(key, 50 * MS);
    assert_eq!(takes(&mut bench, 0x02, &get_assertion(&[&id], true)), (0, 50 * MS + signing_time));
}

#[test]
fn a_write_may_fail_once() {
    for nth in 1..=3 {
        let (mut bench, key, _) = on_desk(KeyConfig::new("blue"));
        bench.reset_counts(key);
        bench.fail_write(key, nth);
        let ping = host::reports([0, 0, 0, 1], 0x01, &[1; 8])[0];
        let results: Vec<_> = (0..5).map(|_| bench.write(key, &ping)).collect();
        let failed = |(index, _): &(usize, &Result<(), PortError>)| index + 1 == nth;
        for entry in results.iter().enumerate() {
            assert_eq!(
                *entry.1,
                if failed(&entry) { Err(PortError::Stalled) } else { Ok(()) },
                "{results:?}"
            );
        }
        bench.advance(SECOND);
        assert_eq!(bench.counts(key).ping, 4);
        bench.fail_write(key, 1);
        bench.unplug(key);
        assert_eq!(bench.write(key, &ping), Err(PortError::Unplugged));
        bench.plug(key);
        bench.open(key).unwrap();
        assert_eq!(bench.write(key, &ping), Ok(()), "a freshly plugged key is at peace");
    }
}

#[test]
fn a_key_may_need_to_be_plugged_in_again() {
    for code in [0x06, 0x7f] {
        let (mut bench, key, mut host) = on_desk(KeyConfig::new("blue"));
        let how = Misbehaviour::UntilReplugged(code);
        bench.sabotage(key, Some(Sabotage { asked: Some(Asked::SilentAssertion), nth: 2, how }));
        assert_eq!(host.call(&mut bench, 0x02, &get_assertion(&[&[1; 64]], false)).0, 0x2e);
        assert_eq!(host.call(&mut bench, GET_INFO, &[]).0, 0);
        host.ask(&mut bench, 0x02, &get_assertion(&[&[1; 64]], false));
        assert_eq!(host.receive(&mut bench, SECOND), Some((ERROR, vec![code])));
        let register = [&[0, 1, 3, 0, 0, 0, 64][..], &[1; 64], &[0, 0]].concat();
        for (command, payload) in
            [(CBOR, &[GET_INFO][..]), (0x01, &[1; 100]), (0x03, &register), (0x06, &[1; 8]), (CBOR, &[0x0b])]
        {
            host.send(&mut bench, command, payload);
            assert_eq!(host.receive(&mut bench, SECOND), Some((ERROR, vec![code])), "{command:#04x}");
        }
        assert!(!bench.blinking(key));
        host.channel = [0xff; 4];
        host.send(&mut bench, 0x06, &[1; 8]);
        assert_eq!(host.receive(&mut bench, SECOND), Some((ERROR, vec![code])));

        bench.unplug(key);
        bench.plug(key);
        let mut host = Host::open(&mut bench, key);
        for _ in 0..3 {
            assert_eq!(host.call(&mut bench, 0x02, &get_assertion(&[&[1; 64]], false)).0, 0x2e);
        }
    }
}
