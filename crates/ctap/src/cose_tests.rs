use super::*;
use crate::vectors::vector;

const P256_X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
const P256_Y: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn bytes(hex: &str) -> Item {
    Item::from(crate::vectors::hex(hex).as_slice())
}

fn key(members: impl IntoIterator<Item = (i64, Item)>) -> Vec<u8> {
    Item::map(members.into_iter().map(Some).map(|member| member.map(|(label, value)| (label.into(), value))))
        .into_bytes()
}

/// The members of a good ES256 key, with one replaced.
fn es256_but(label: i64, value: Option<Item>) -> Vec<u8> {
    let good = [
        (1, Item::from(2)),
        (3, Item::from(-7)),
        (-1, Item::from(1)),
        (-2, bytes(P256_X)),
        (-3, bytes(P256_Y)),
    ];
    key(good.into_iter().filter(|(other, _)| *other != label).chain(value.map(|value| (label, value))))
}

#[test]
fn keys_of_every_algorithm_round_trip() {
    for (name, algorithm) in [
        ("cose.es256", Algorithm::Es256),
        ("cose.es384", Algorithm::Es384),
        ("cose.eddsa", Algorithm::EdDsa),
        ("cose.rs256", Algorithm::Rs256),
    ] {
        let encoded = vector(name);
        let key = PublicKey::parse(&encoded).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.encode(), encoded, "{name}");
        for length in 0..encoded.len() {
            assert!(PublicKey::parse(&encoded[..length]).is_err(), "{name} cut to {length}");
        }
        let longer = [encoded.as_slice(), &[0x00]].concat();
        assert_eq!(PublicKey::parse(&longer), Err(Malformed::TrailingBytes));
    }
}

#[test]
fn order_and_further_members_do_not_matter() {
    let expected = PublicKey::parse(&es256_but(99, None)).unwrap();
    assert_eq!(PublicKey::parse(&es256_but(4, Some(Item::array([Item::from(2)])))), Ok(expected.clone()));
    let good = es256_but(99, None);
    // The first member, `1: 2`, put last.
    let rotated = [&good[..1], &good[3..], &good[1..3]].concat();
    assert_eq!(PublicKey::parse(&rotated), Ok(expected));
}

#[test]
fn what_is_no_key_of_its_algorithm_is_refused() {
    use Malformed::{Invalid, Missing, Type};
    let off_curve = bytes(&P256_Y.replace("51f5", "51f6"));
    // The order of the field, which is no element of it.
    let too_large = bytes("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    for (label, value, why) in [
        (1, None, Missing),
        (1, Some(Item::from(1)), Invalid),
        (1, Some(Item::from(3)), Invalid),
        (1, Some(Item::from("EC2")), Type),
        (3, None, Missing),
        (3, Some(Item::from(-25)), Invalid),
        (3, Some(Item::from(0)), Invalid),
        (3, Some(Item::from(-35)), Invalid),
        (3, Some(Item::from("ES256")), Type),
        (-1, None, Missing),
        (-1, Some(Item::from(2)), Invalid),
        (-1, Some(Item::from(8)), Invalid),
        (-1, Some(bytes("01")), Type),
        (-2, None, Missing),
        (-2, Some(Item::from(1)), Type),
        (-2, Some(bytes("01")), Invalid),
        (-2, Some(bytes(&format!("00{P256_X}"))), Invalid),
        (-2, Some(too_large.clone()), Invalid),
        (-3, None, Missing),
        (-3, Some(off_curve), Invalid),
        (-3, Some(bytes(&"00".repeat(32))), Invalid),
        (-3, Some(too_large), Invalid),
        // The compressed form.
        (-3, Some(Item::from(true)), Type),
    ] {
        let described = format!("{label}: {value:?}");
        assert_eq!(PublicKey::parse(&es256_but(label, value)), Err(why), "{described}");
    }
    for (members, why) in [
        (vec![], Missing),
        // Ed25519 with the type, the curve or the length of another key.
        (vec![(1, Item::from(2)), (3, Item::from(-8)), (-1, Item::from(6)), (-2, bytes(P256_X))], Invalid),
        (vec![(1, Item::from(1)), (3, Item::from(-8)), (-1, Item::from(7)), (-2, bytes(P256_X))], Invalid),
        (vec![(1, Item::from(1)), (3, Item::from(-8)), (-1, Item::from(6)), (-2, bytes("aa"))], Invalid),
        // P-384 with coordinates of P-256.
        (
            vec![
                (1, Item::from(2)),
                (3, Item::from(-35)),
                (-1, Item::from(2)),
                (-2, bytes(P256_X)),
                (-3, bytes(P256_Y)),
            ],
            Invalid,
        ),
    ] {
        assert_eq!(PublicKey::parse(&key(members.clone())), Err(why), "{members:?}");
    }
}

#[test]
fn rsa_keys_have_sensible_lengths() {
    let rsa = |n: Item, e: Item| {
        PublicKey::parse(&key([(1, Item::from(3)), (3, Item::from(-257)), (-1, n), (-2, e)]))
    };
    let n = |length: usize| bytes(&"c5".repeat(length));
    assert!(rsa(n(256), bytes("010001")).is_ok());
    assert!(rsa(n(1024), bytes("03")).is_ok());
    for (n, e, why) in [
        (n(255), bytes("010001"), Malformed::Invalid),
        (n(1025), bytes("010001"), Malformed::Invalid),
        (bytes(&format!("00{}", "c5".repeat(255))), bytes("010001"), Malformed::Invalid),
        (n(256), bytes(""), Malformed::Invalid),
        (n(256), bytes("00010001"), Malformed::Invalid),
        (n(256), bytes("010000000000000001"), Malformed::Invalid),
        (Item::from(6), bytes("010001"), Malformed::Type),
        (n(256), Item::from(65537), Malformed::Type),
    ] {
        assert_eq!(rsa(n, e), Err(why));
    }
}

#[test]
fn algorithms_have_the_numbers_of_the_registry() {
    let ids: Vec<i64> = Algorithm::ALL.map(Algorithm::id).into();
    assert_eq!(ids, [-7, -8, -35, -257]);
    assert_eq!(Algorithm::ALL.map(|algorithm| algorithm.to_string()), ["ES256", "EdDSA", "ES384", "RS256"]);
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_id(algorithm.id()), Some(algorithm));
    }
    for id in [0, 7, -9, -47, -258, i64::MIN, i64::MAX] {
        assert_eq!(Algorithm::from_id(id), None);
    }
}
