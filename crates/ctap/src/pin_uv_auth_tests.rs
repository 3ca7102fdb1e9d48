use super::*;
use crate::Secret;
use crate::cbor::Item;
use crate::vectors::{hex, scripted, vector};

const PROTOCOLS: [PinUvAuthProtocol; 2] = [PinUvAuthProtocol::One, PinUvAuthProtocol::Two];

/// The session of the vectors, with the key pair that they were made with.
fn session(protocol: PinUvAuthProtocol) -> Session {
    let peer = PeerKey::parse(&vector("agreement.authenticator_key")).unwrap();
    Session::agree(protocol, &peer, &mut scripted(vector("agreement.platform_private"))).unwrap()
}

fn pin(bytes: Vec<u8>) -> Pin {
    Pin::parse(&Secret::new(bytes), Pin::MIN_LENGTH).unwrap()
}

fn name(protocol: PinUvAuthProtocol, what: &str) -> String {
    format!("protocol{}.{what}", protocol.number())
}

#[test]
fn both_sides_agree() {
    for protocol in PROTOCOLS {
        let session = session(protocol);
        assert_eq!(session.protocol(), protocol);
        assert_eq!(session.platform_key().to_item().into_bytes(), vector(&name(protocol, "platform_key")));
        assert_eq!(session.authenticate(b"a message"), vector(&name(protocol, "authenticate")));
    }
}

#[test]
fn tokens_are_opened_and_used() {
    let message: [u8; 32] = Sha256::digest(b"client data").into();
    for (protocol, token) in [
        (PinUvAuthProtocol::One, "token16"),
        (PinUvAuthProtocol::One, "token32"),
        (PinUvAuthProtocol::Two, "token32"),
    ] {
        let encrypted = vector(&name(protocol, &format!("{token}.encrypted")));
        let opened = session(protocol).open_token(&encrypted).unwrap();
        let expected = vector(&name(protocol, &format!("{token}.authenticate")));
        assert_eq!(opened.authenticate(&message), expected, "{protocol:?} {token}");
    }
}

#[test]
fn tokens_of_another_length_are_refused() {
    for (protocol, good) in
        [(PinUvAuthProtocol::One, [16, 32].as_slice()), (PinUvAuthProtocol::Two, [48].as_slice())]
    {
        let session = session(protocol);
        for length in 0..130 {
            assert_eq!(
                session.open_token(&vec![7; length]).is_ok(),
                good.contains(&length),
                "{protocol:?} {length}"
            );
        }
    }
}

#[test]
fn the_longest_pin_leaves_one_byte_of_padding() {
    for protocol in PROTOCOLS {
        let session = session(protocol);
        let random = &mut |bytes: &mut [u8]| bytes.fill(0);
        let mut encrypted = |length| session.new_pin_enc(&pin(vec![b'1'; length]), random).len();
        let expected = if protocol == PinUvAuthProtocol::One { 64 } else { 80 };
        assert_eq!(encrypted(Pin::MIN_LENGTH), expected);
        assert_eq!(encrypted(Pin::MAX_LEN), expected);
    }
}

/// Protocol two never uses an initialisation vector again (CTAP 2.1 §6.5.7), protocol one has none.
#[test]
fn only_protocol_two_draws_an_initialisation_vector() {
    let pin = pin(b"1234".to_vec());
    let mut drawn: u8 = 0;
    let mut random = |bytes: &mut [u8]| {
        assert_eq!(bytes.len(), 16);
        drawn += 1;
        bytes.fill(drawn);
    };
    let two = session(PinUvAuthProtocol::Two);
    let (first, second) = (two.pin_hash_enc(&pin, &mut random), two.pin_hash_enc(&pin, &mut random));
    assert_eq!((&first[..16], &second[..16]), ([1; 16].as_slice(), [2; 16].as_slice()));
    assert_ne!(first[16..], second[16..]);
    let one = session(PinUvAuthProtocol::One);
    assert_eq!(one.pin_hash_enc(&pin, &mut scripted(vec![])).len(), 16);
}

#[test]
fn a_source_of_no_randomness_ends_the_attempt() {
    let peer = PeerKey::parse(&vector("agreement.authenticator_key")).unwrap();
    // Zero and everything from the order of the group on are no private keys.
    for fill in [0x00, 0xff] {
        let mut draws = 0;
        let mut random = |bytes: &mut [u8]| {
            draws += 1;
            bytes.fill(fill);
        };
        assert_eq!(Session::agree(PinUvAuthProtocol::One, &peer, &mut random).err(), Some(NoAgreement));
        assert_eq!(draws, DRAWS);
    }
    // One bad draw is made good by the next.
    let bytes = [vec![0; 32], vector("agreement.platform_private")].concat();
    let session = Session::agree(PinUvAuthProtocol::One, &peer, &mut scripted(bytes)).unwrap();
    assert_eq!(session.platform_key().to_item().into_bytes(), vector("protocol1.platform_key"));
}

#[test]
fn a_new_key_pair_for_every_session() {
    let peer = PeerKey::parse(&vector("agreement.authenticator_key")).unwrap();
    let agree = |byte| {
        Session::agree(PinUvAuthProtocol::Two, &peer, &mut |bytes: &mut [u8]| bytes.fill(byte)).unwrap()
    };
    assert_ne!(agree(1).platform_key(), agree(2).platform_key());
    assert_ne!(agree(1).authenticate(b""), agree(2).authenticate(b""));
}

#[test]
fn only_points_of_the_curve_are_keys() {
    let good = vector("agreement.authenticator_key");
    let (x, y) = (&good[11..43], &good[46..78]);
    let key = |kty: i64, alg: i64, crv: i64, x: &[u8], y: &[u8]| {
        PeerKey::parse(
            &Item::map([
                crate::cbor::entry(1, Item::from(kty)),
                crate::cbor::entry(3, Item::from(alg)),
                crate::cbor::entry(-1, Item::from(crv)),
                crate::cbor::entry(-2, Item::from(x)),
                crate::cbor::entry(-3, Item::from(y)),
            ])
            .into_bytes(),
        )
    };
    let expected = PeerKey::parse(&good);
    // The algorithm says nothing of the point: early keys send that of signatures, -7, and some none at all.
    for alg in [-25, -7, -27, 0, i64::MIN] {
        assert_eq!(key(2, alg, 1, x, y), expected, "{alg}");
    }
    assert!(PeerKey::parse(&[hex("a4 01 02"), good[6..].to_vec()].concat()).is_ok());
    let flipped: Vec<u8> = y.iter().map(|byte| byte ^ 1).collect();
    for (kty, alg, crv, x, y) in [
        (1, -25, 1, x, y),
        (3, -25, 1, x, y),
        (2, -25, 2, x, y),
        (2, -25, 6, x, y),
        (2, -25, 1, x, flipped.as_slice()),
        (2, -25, 1, y, x),
        (2, -25, 1, [0; 32].as_slice(), [0; 32].as_slice()),
        (2, -25, 1, [0xff; 32].as_slice(), y),
        (2, -25, 1, &x[..31], y),
        (2, -25, 1, x, &y[1..]),
        (2, -25, 1, &[], &[]),
    ] {
        assert_eq!(key(kty, alg, crv, x, y), Err(Malformed::Invalid));
    }
    // Compressed, and without y.
    assert_eq!(PeerKey::parse(&[&good[..45], &[0xf5]].concat()), Err(Malformed::Truncated));
    let compressed = [&good[..43], &hex("22 f5")].concat();
    assert_eq!(PeerKey::parse(&compressed), Err(Malformed::Type));
    let alone = [hex("a4"), good[1..43].to_vec()].concat();
    assert_eq!(PeerKey::parse(&alone), Err(Malformed::Missing));
    for length in 0..good.len() {
        assert!(PeerKey::parse(&good[..length]).is_err());
    }
}

#[test]
fn nothing_secret_is_printed() {
    let session = session(PinUvAuthProtocol::One);
    let token = session.open_token(&vector("protocol1.token16.encrypted")).unwrap();
    assert_eq!(format!("{token:?}"), "PinUvAuthToken { protocol: One, key: MacKey(..) }");
    let printed = format!("{session:?}");
    assert!(printed.ends_with("mac_key: MacKey(..), cipher_key: CipherKey(..) }"), "{printed}");
}

#[test]
fn protocols_have_their_numbers() {
    for number in 0..300 {
        let protocol = PinUvAuthProtocol::from_number(number);
        assert_eq!(
            protocol.map(|protocol| u64::from(protocol.number())),
            (1..=2).contains(&number).then_some(number)
        );
    }
}
