//! What kinds of keys there are: PINs, fingerprints, generations, liars.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod host;

use std::time::Duration;

use host::{Host, Map, client_data_hash, get_assertion, make_credential, pin, text};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sk_cbor::Value;
use virtual_key::{
    Attestation, Bench, Corruption, Fingerprints, KeyConfig, KeyId, PinProtocols, Profile, Touch,
};

const UP: u8 = 0x01;
const UV: u8 = 0x04;

fn on_desk(config: KeyConfig) -> (Bench, KeyId, Host) {
    let mut bench = Bench::new();
    let key = bench.add(config);
    bench.auto_touch(key, Duration::ZERO);
    let host = Host::open(&mut bench, key);
    (bench, key, host)
}

struct Credential {
    id: Vec<u8>,
    public_key: VerifyingKey,
}

fn credential(bench: &mut Bench, host: &mut Host, parameters: &[(u64, Value)]) -> Credential {
    let (status, reply) = host.call(bench, 0x01, parameters);
    assert_eq!(status, 0);
    let (id, x, y) = host::attested_credential(&reply.bytes(0x02));
    let public_key = VerifyingKey::from_sec1_bytes(&[&[4][..], &x, &y].concat()).unwrap();
    Credential { id, public_key }
}

/// Whether the signature covers the authenticator data and our client data hash.
fn is_signed(credential: &Credential, assertion: &Map) -> bool {
    let signed = [assertion.bytes(0x02), client_data_hash().to_vec()].concat();
    let signature = Signature::from_der(&assertion.bytes(0x03)).unwrap();
    credential.public_key.verify(&signed, &signature).is_ok()
}

fn with_token(mut parameters: Vec<(u64, Value)>, first: u64, token: &[u8; 32]) -> Vec<(u64, Value)> {
    parameters.push((first, pin::auth_param(token)));
    parameters.push((first + 1, Value::unsigned(1)));
    parameters
}

#[test]
fn the_right_pin_verifies_the_user() {
    let (mut bench, _, mut host) = on_desk(KeyConfig::new("blue").pin("1234"));
    let (_, info) = host.call(&mut bench, 0x04, &[]);
    assert_eq!(info.option("clientPin"), Some(true));
    let session = pin::Session::open(&mut bench, &mut host);
    let token = session.token(&mut bench, &mut host, "1234", Some(0x01)).unwrap();
    let credential = credential(&mut bench, &mut host, &with_token(make_credential(true), 0x08, &token));

    for permissions in [None, Some(0x02)] {
        let token = session.token(&mut bench, &mut host, "1234", permissions).unwrap();
        let request = with_token(get_assertion(&[&credential.id], true), 0x06, &token);
        let (status, assertion) = host.call(&mut bench, 0x02, &request);
        assert_eq!((status, assertion.bytes(0x02)[32]), (0, UP | UV));
        assert!(is_signed(&credential, &assertion));
    }
    let (status, assertion) = host.call(&mut bench, 0x02, &get_assertion(&[&credential.id], true));
    assert_eq!((status, assertion.bytes(0x02)[32]), (0, UP));
}

#[test]
fn wrong_pins_are_counted_and_block() {
    let (mut bench, key, mut host) = on_desk(KeyConfig::new("blue").pin("1234"));
    let mut left = 8;
    for round in 0..3 {
        for attempt in 1..=3 {
            // A wrong PIN makes the key choose a new key agreement key.
            let session = pin::Session::open(&mut bench, &mut host);
            let status = session.token(&mut bench, &mut host, "4321", None).unwrap_err();
            left -= 1;
            assert_eq!(bench.pin_retries(key), left);
            match (left, attempt) {
                (0, _) => assert_eq!(status, 0x32, "PIN blocked"),
                (_, 3) => assert_eq!(status, 0x34, "PIN auth blocked"),
                _ => assert_eq!(status, 0x31, "PIN invalid, round {round}"),
            }
            if left == 0 {
                return;
            }
        }
        bench.unplug(key);
        bench.plug(key);
        host = Host::open(&mut bench, key);
    }
    panic!("never blocked");
}

#[test]
fn a_fingerprint_verifies_the_user_and_a_strange_one_does_not() {
    let config = KeyConfig { fingerprints: Fingerprints::Enrolled, ..KeyConfig::new("blue").pin("1234") };
    let (mut bench, key, mut host) = on_desk(config);
    let (_, info) = host.call(&mut bench, 0x04, &[]);
    assert_eq!((info.option("uv"), info.option("bioEnroll")), (Some(true), Some(true)));
    let credential = credential(&mut bench, &mut host, &make_credential(false));
    let mut request = get_assertion(&[&credential.id], true);
    *request.last_mut().unwrap() = (0x05, host::named(&[("uv", Value::bool_value(true))]));
    let (status, assertion) = host.call(&mut bench, 0x02, &request);
    assert_eq!((status, assertion.bytes(0x02)[32]), (0, UP | UV));
    assert!(is_signed(&credential, &assertion));

    bench.never(key);
    host.ask(&mut bench, 0x02, &request);
    bench.advance(Duration::from_secs(2));
    assert!(bench.touch_with(key, Touch::Stranger));
    assert_eq!(host.reply(&mut bench).0, 0x3f);

    host.ask(&mut bench, 0x02, &request);
    bench.advance(Duration::from_secs(2));
    assert_eq!(host.receive(&mut bench, Duration::ZERO), None);
    assert!(!host.keepalives.is_empty());
    let before = bench.now();
    host.send(&mut bench, host::CANCEL, &[]);
    assert_eq!(host.reply(&mut bench).0, 0x2d);
    assert_eq!((bench.now(), bench.blinking(key)), (before, false));
    assert!(host.keepalives.is_empty(), "none after the cancel");
    assert_eq!(host.call(&mut bench, 0x04, &[]).0, 0);
}

#[test]
fn a_key_without_sensor_shows_none() {
    let (mut bench, _, mut host) = on_desk(KeyConfig::new("blue").pin("1234"));
    let (_, info) = host.call(&mut bench, 0x04, &[]);
    assert_eq!((info.option("uv"), info.option("bioEnroll")), (None, None));
    assert!(info.field(0x11).is_none() && info.field(0x12).is_none());
    assert_eq!(host.call(&mut bench, 0x09, &[(0x01, Value::unsigned(1))]).0, 0x01);
    assert_eq!(host.call(&mut bench, 0x06, &[(0x02, Value::unsigned(7))]).0, 0x3e);

    let config = KeyConfig { fingerprints: Fingerprints::NoneEnrolled, ..KeyConfig::new("red") };
    let (mut bench, _, mut host) = on_desk(config);
    let (_, info) = host.call(&mut bench, 0x04, &[]);
    assert_eq!((info.option("uv"), info.option("bioEnroll")), (Some(false), Some(false)));
}

#[test]
fn lists_longer_than_stated_are_refused() {
    let config = KeyConfig { max_credential_count_in_list: Some(2), ..KeyConfig::new("blue") };
    let (mut bench, key, mut host) = on_desk(config);
    let id = credential(&mut bench, &mut host, &make_credential(false)).id;
    let foreign = [1; 64];
    bench.never(key);
    let fits = get_assertion(&[&foreign, &id], false);
    assert_eq!(host.call(&mut bench, 0x02, &fits).0, 0);
    let too_long = get_assertion(&[&foreign, &foreign, &id], false);
    assert_eq!(host.call(&mut bench, 0x02, &too_long).0, 0x15);
    let mut excluding = make_credential(false);
    let list = [&foreign[..], &foreign, &foreign].map(host::descriptor);
    excluding.push((0x05, Value::array(list.to_vec())));
    assert_eq!(host.call(&mut bench, 0x01, &excluding).0, 0x15);
}

#[test]
fn always_uv_refuses_without() {
    let (mut bench, _, mut host) =
        on_desk(KeyConfig { always_uv: true, ..KeyConfig::new("blue").pin("1234") });
    let (_, info) = host.call(&mut bench, 0x04, &[]);
    assert_eq!((info.option("alwaysUv"), info.option("makeCredUvNotRqd")), (Some(true), Some(false)));
    assert_eq!(host.make_credential(&mut bench, false).0, 0x36);
}

#[test]
fn protocols_are_those_configured() {
    let numbers = [(PinProtocols::One, &[1][..]), (PinProtocols::Two, &[2]), (PinProtocols::Both, &[2, 1])];
    for (protocols, expected) in numbers {
        let (mut bench, _, mut host) = on_desk(KeyConfig { protocols, ..KeyConfig::new("blue").pin("1234") });
        let (_, info) = host.call(&mut bench, 0x04, &[]);
        let stated = info.field(0x06).unwrap().extract_array().unwrap();
        let stated: Vec<u64> = stated.into_iter().filter_map(Value::extract_unsigned).collect();
        assert_eq!(stated, expected);
        for protocol in [1, 2] {
            let key_agreement = [(0x01, Value::unsigned(protocol)), (0x02, Value::unsigned(2))];
            let (status, _) = host.call(&mut bench, 0x06, &key_agreement);
            assert_eq!(
                status,
                if expected.contains(&protocol) { 0 } else { 0x02 },
                "{protocols:?} {protocol}"
            );
        }
    }
}

#[test]
fn an_old_key_knows_nothing_new() {
    let (mut bench, _, mut host) =
        on_desk(KeyConfig { profile: Profile::Ctap20, ..KeyConfig::new("blue").pin("1234") });
    let (_, info) = host.call(&mut bench, 0x04, &[]);
    assert_eq!(info.field(0x01), Some(Value::array(vec![text("U2F_V2"), text("FIDO_2_0")])));
    assert_eq!((info.option("pinUvAuthToken"), info.option("clientPin")), (None, Some(true)));
    assert!(info.field(0x07).is_none());
    assert_eq!(host.call(&mut bench, 0x0b, &[]).0, 0x01);
    assert_eq!(host.make_credential(&mut bench, false).0, 0x36);
    let session = pin::Session::open(&mut bench, &mut host);
    assert_eq!(session.token(&mut bench, &mut host, "1234", Some(0x03)), Err(0x02));
    let token = session.token(&mut bench, &mut host, "1234", None).unwrap();
    let credential = credential(&mut bench, &mut host, &with_token(make_credential(false), 0x08, &token));
    let (status, assertion) = host.call(&mut bench, 0x02, &get_assertion(&[&credential.id], true));
    assert_eq!((status, is_signed(&credential, &assertion)), (0, true));

    // How hosts ask such a key for a touch: makeCredential with an empty pinUvAuthParam.
    let mut touch = make_credential(false);
    touch.extend([(0x08, host::bytes(&[])), (0x09, Value::unsigned(1))]);
    assert_eq!(host.call(&mut bench, 0x01, &touch).0, 0x31);
}

#[test]
fn a_u2f_key_speaks_only_u2f() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig { profile: Profile::U2f, ..KeyConfig::new("blue") });
    bench.open(key).unwrap();
    bench.write(key, &host::reports([0xff; 4], 0x06, &[1; 8])[0]).unwrap();
    bench.advance(Duration::ZERO);
    assert_eq!(bench.read(key).unwrap().unwrap()[23], 0x01, "WINK, not CBOR");

    let mut host = Host::open(&mut bench, key);
    host.send(&mut bench, host::CBOR, &[0x04]);
    assert_eq!(host.receive(&mut bench, Duration::from_secs(1)), Some((host::ERROR, vec![1])));

    let register = [&[0, 1, 0, 0, 0, 0, 64][..], &[2; 64], &[0, 0]].concat();
    let mut ask = |bench: &mut Bench| {
        host.send(bench, 0x03, &register);
        host.receive(bench, Duration::from_secs(1)).unwrap().1
    };
    assert!(!bench.touch(key));
    assert_eq!(ask(&mut bench), [0x69, 0x85], "conditions not satisfied");
    assert!(bench.blinking(key));
    assert!(bench.touch(key));
    let reply = ask(&mut bench);
    assert_eq!((reply[0], &reply[reply.len() - 2..]), (5, &[0x90, 0x00][..]));
    assert!(!bench.blinking(key));

    // OpenSK forgets after ten seconds that somebody wanted a touch.
    assert_eq!(ask(&mut bench), [0x69, 0x85]);
    bench.advance(Duration::from_secs(11));
    assert!(!bench.blinking(key) && !bench.touch(key));
}

#[test]
fn a_liar_signs_its_lies() {
    let (mut bench, key, mut host) = on_desk(KeyConfig::new("blue"));
    let credential = credential(&mut bench, &mut host, &make_credential(false));
    let mut ask = |bench: &mut Bench, corruption| {
        bench.corrupt(key, corruption);
        let (status, assertion) = host.call(bench, 0x02, &get_assertion(&[&credential.id], true));
        assert_eq!(status, 0);
        let data = assertion.bytes(0x02);
        let counter = u32::from_be_bytes(data[33..37].try_into().unwrap());
        (is_signed(&credential, &assertion), data[..32].to_vec(), data[32], counter)
    };
    let (signed, rp_id_hash, flags, counter) = ask(&mut bench, None);
    assert!(signed && flags == UP && counter > 1);

    let (signed, hash, ..) = ask(&mut bench, Some(Corruption::Signature));
    assert_eq!((signed, &hash), (false, &rp_id_hash));
    let (signed, hash, ..) = ask(&mut bench, Some(Corruption::RpHash));
    assert!(signed && hash != rp_id_hash);
    let (signed, _, flags, _) = ask(&mut bench, Some(Corruption::Flags));
    assert_eq!((signed, flags), (true, 0));
    let (signed, _, _, lied) = ask(&mut bench, Some(Corruption::Counter));
    assert_eq!((signed, lied), (true, 1));
    let (signed, hash, flags, later) = ask(&mut bench, None);
    assert!(signed && hash == rp_id_hash && flags == UP && later > counter);
}

#[test]
fn u2f_authentications_are_signed_and_lied_about_as_well() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig { profile: Profile::U2f, ..KeyConfig::new("blue") });
    let mut host = Host::open(&mut bench, key);
    let mut ask = |bench: &mut Bench, head: [u8; 7], body: &[&[u8]]| {
        let request = [&head[..], &body.concat(), &[0, 0]].concat();
        loop {
            host.send(bench, 0x03, &request);
            let (_, reply) = host.receive(bench, Duration::from_secs(1)).unwrap();
            let (reply, status) = reply.split_at(reply.len() - 2);
            match status {
                [0x90, 0x00] => return reply.to_vec(),
                [0x69, 0x85] => assert!(bench.touch(key)),
                other => panic!("{other:02x?}"),
            }
        }
    };
    let (challenge, application) = ([1; 32], [2; 32]);
    for corruption in [Corruption::Counter, Corruption::RpHash] {
        bench.corrupt(key, Some(corruption));
        ask(&mut bench, [0, 1, 0, 0, 0, 0, 64], &[&challenge, &application]);
    }
    let registration = ask(&mut bench, [0, 1, 0, 0, 0, 0, 64], &[&challenge, &application]);
    let public_key = VerifyingKey::from_sec1_bytes(&registration[1..66]).unwrap();
    let handle = &registration[67..67 + usize::from(registration[66])];
    let len = u8::try_from(handle.len()).unwrap();
    let mut authenticate = |bench: &mut Bench, corruption| {
        bench.corrupt(key, corruption);
        let length = (65 + u16::from(len)).to_be_bytes();
        let head = [0, 2, 3, 0, 0, length[0], length[1]];
        let reply = ask(bench, head, &[&challenge, &application, &[len], handle]);
        let signed = [&application[..], &reply[..5], &challenge].concat();
        let signature = Signature::from_der(&reply[5..]).unwrap();
        let counter = u32::from_be_bytes(reply[1..5].try_into().unwrap());
        (public_key.verify(&signed, &signature).is_ok(), reply[0], counter)
    };
    let (signed, flags, counter) = authenticate(&mut bench, None);
    assert!(signed && flags == 1 && counter > 1);
    assert!(!authenticate(&mut bench, Some(Corruption::Signature)).0);
    assert!(!authenticate(&mut bench, Some(Corruption::RpHash)).0);
    assert_eq!(authenticate(&mut bench, Some(Corruption::Counter)), (true, 1, 1));
    let (signed, flags, _) = authenticate(&mut bench, Some(Corruption::Flags));
    assert_eq!((signed, flags), (true, 0));
}

/// The contents of the first DER element, the element itself, and what follows.
fn der(bytes: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (start, len) = match bytes[1] {
        0x82 => (4, usize::from(bytes[2]) * 256 + usize::from(bytes[3])),
        0x81 => (3, usize::from(bytes[2])),
        len => (2, usize::from(len)),
    };
    (&bytes[start..start + len], &bytes[..start + len], &bytes[start + len..])
}

#[test]
fn attestation_leads_to_the_root() {
    let aaguid = [0xa5; 16];
    let config = KeyConfig { attestation: Attestation::Model, aaguid, ..KeyConfig::new("blue") };
    let (mut bench, _, mut host) = on_desk(config);
    let (_, reply) = host.make_credential(&mut bench, false);
    let statement = reply.field(0x03).unwrap().extract_map().unwrap();
    let entry = |name: &str| {
        let name = text(name);
        statement.iter().find(|(key, _)| *key == name).unwrap().1.clone()
    };
    let chain = entry("x5c").extract_array().unwrap();
    assert_eq!(chain.len(), 1);
    let certificate = chain[0].clone().extract_byte_string().unwrap();
    let root = virtual_key::attestation_root();
    // Both certificates have their P-256 key behind the only uncompressed 66-byte bit string.
    let public_key = |certificate: &[u8]| {
        let at = certificate.windows(4).position(|bytes| bytes == [0x03, 0x42, 0x00, 0x04]).unwrap();
        VerifyingKey::from_sec1_bytes(&certificate[at + 3..at + 68]).unwrap()
    };
    for signed in [&certificate, &root] {
        let (contents, whole, rest) = der(signed);
        assert_eq!((whole.len(), rest), (signed.len(), &[][..]));
        let (_, body, rest) = der(contents);
        let (_, _, rest) = der(rest);
        let signature = Signature::from_der(&der(rest).0[1..]).unwrap();
        assert!(public_key(&root).verify(body, &signature).is_ok());
    }
    assert!(certificate.windows(16).any(|bytes| bytes == aaguid));
    let signed = [reply.bytes(0x02), client_data_hash().to_vec()].concat();
    let signature = Signature::from_der(&entry("sig").extract_byte_string().unwrap()).unwrap();
    assert!(public_key(&certificate).verify(&signed, &signature).is_ok());

    // Without, the credential attests itself.
    let (mut bench, _, mut host) = on_desk(KeyConfig::new("red"));
    let (_, reply) = host.make_credential(&mut bench, false);
    let statement = reply.field(0x03).unwrap().extract_map().unwrap();
    assert!(statement.iter().all(|(key, _)| *key != text("x5c")));
}

#[test]
fn enterprise_attestation_names_the_key_to_who_asks() {
    let config = KeyConfig { attestation: Attestation::Enterprise, ..KeyConfig::new("blue") };
    let (mut bench, _, mut host) = on_desk(config);
    let (_, info) = host.call(&mut bench, 0x04, &[]);
    assert_eq!(info.option("ep"), Some(true));
    let asking = [make_credential(false), vec![(0x0a, Value::unsigned(2))]].concat();
    for (request, attested) in [(make_credential(false), false), (asking, true)] {
        let (status, reply) = host.call(&mut bench, 0x01, &request);
        assert_eq!(status, 0);
        assert_eq!(reply.field(0x04), attested.then(|| Value::bool_value(true)));
        let statement = reply.field(0x03).unwrap().extract_map().unwrap();
        let chain = statement.iter().find(|(key, _)| *key == text("x5c"));
        assert_eq!(chain.is_some(), attested);
        if let Some((_, chain)) = chain {
            let certificate =
                chain.clone().extract_array().unwrap()[0].clone().extract_byte_string().unwrap();
            assert!(certificate.windows(6).any(|bytes| bytes == b"\x04\x04blue"));
        }
    }
}
