use super::*;
use crate::vectors::{hex, vector};

/// `flags` and what follows the counter.
fn data(flags: u8, rest: &str) -> Vec<u8> {
    [vec![0x5a; 32], vec![flags], hex("00000009"), hex(rest)].concat()
}

#[test]
fn an_assertion_has_flags_and_a_counter() {
    let raw = vector("reply.get_assertion.auth_data");
    let data = AuthenticatorData::parse(&raw).unwrap();
    assert_eq!(data.raw, raw);
    assert_eq!(data.rp_id_hash.as_slice(), &raw[..32]);
    assert_eq!(data.flags, Flags::UP | Flags::UV);
    assert_eq!(data.sign_count, 0x0102_0304);
    assert_eq!((&data.attested_credential, &data.extensions), (&None, &None));
    assert_eq!(data.cred_protect(), None);
}

#[test]
fn a_new_credential_comes_with_its_key_and_extensions() {
    let raw = vector("reply.make_credential.packed.auth_data");
    let data = AuthenticatorData::parse(&raw).unwrap();
    assert_eq!(data.raw, raw);
    assert_eq!(data.flags, Flags::UP | Flags::UV | Flags::AT | Flags::ED);
    assert_eq!(data.sign_count, 7);
    assert_eq!(data.cred_protect(), Some(CredProtect::UserVerificationRequired));
    let credential = data.attested_credential.unwrap();
    assert_eq!(credential.aaguid.to_string(), "f8a011f3-8c0a-4d15-8006-17111f9edc7d");
    assert_eq!(credential.credential_id.len(), 32);
    assert_eq!(credential.public_key_cose, vector("cose.es256"));
    assert_eq!(data.extensions, Some(hex("a2 6b6372656450726f74656374 03 6b686d61632d736563726574 f5")));
}

#[test]
fn every_cut_is_noticed() {
    for name in ["reply.get_assertion.auth_data", "reply.make_credential.packed.auth_data"] {
        let raw = vector(name);
        for length in 0..raw.len() {
            assert!(AuthenticatorData::parse(&raw[..length]).is_err(), "{name} cut to {length}");
        }
        for extra in [0x00, 0xa0, 0xff] {
            let longer = [raw.as_slice(), &[extra]].concat();
            assert_eq!(AuthenticatorData::parse(&longer), Err(Malformed::TrailingBytes), "{name}");
        }
    }
}

#[test]
fn flags_and_data_must_agree() {
    let aaguid = "00112233445566778899aabbccddeeff";
    let parse = |flags, rest: &str| AuthenticatorData::parse(&data(flags, rest)).map(|data| data.flags.0);
    assert_eq!(parse(0x01, ""), Ok(0x01));
    // Reserved bits are kept.
    assert_eq!(parse(0x23, ""), Ok(0x23));
    assert_eq!(parse(0x41, &format!("{aaguid} 0001 aa a0")), Ok(0x41));
    assert_eq!(parse(0xc1, &format!("{aaguid} 0001 aa a0 a0")), Ok(0xc1));
    assert_eq!(parse(0x81, "a0"), Ok(0x81));
    for (flags, rest, why) in [
        (0x41, String::new(), Malformed::Truncated),
        (0x81, String::new(), Malformed::Truncated),
        (0x01, "a0".to_owned(), Malformed::TrailingBytes),
        (0x81, "a0 a0".to_owned(), Malformed::TrailingBytes),
        (0x41, format!("{aaguid} 0001 aa a0 a0"), Malformed::TrailingBytes),
        (0xc1, format!("{aaguid} 0001 aa a0"), Malformed::Truncated),
        // No map where a map must be.
        (0x81, "80".to_owned(), Malformed::Type),
        (0x81, "f6".to_owned(), Malformed::Type),
        (0x81, "bf ff".to_owned(), Malformed::Type),
        (0x41, format!("{aaguid} 0001 aa 40"), Malformed::Type),
        (0x81, "a2 6161 00 6161 00".to_owned(), Malformed::Duplicate),
        // A credential id without bytes, with more than there may be, and with more than there are.
        (0x41, format!("{aaguid} 0000 a0"), Malformed::Invalid),
        (0x41, format!("{aaguid} 0400 {} a0", "aa".repeat(1024)), Malformed::TooLong),
        (0x41, format!("{aaguid} ffff aa a0"), Malformed::TooLong),
        (0x41, format!("{aaguid} 03ff aa a0"), Malformed::Truncated),
    ] {
        assert_eq!(parse(flags, &rest), Err(why), "{flags:02x} {rest}");
    }
    assert_eq!(parse(0x41, &format!("{aaguid} 03ff {} a0", "aa".repeat(1023))), Ok(0x41));
}

#[test]
fn protection_levels_are_those_there_are() {
    for (level, expected) in [
        ("01", Some(CredProtect::UserVerificationOptional)),
        ("02", Some(CredProtect::UserVerificationOptionalWithCredentialIdList)),
        ("03", Some(CredProtect::UserVerificationRequired)),
        ("00", None),
        ("04", None),
        ("20", None),
        ("190100", None),
        ("6133", None),
    ] {
        let raw = data(0x81, &format!("a1 6b6372656450726f74656374 {level}"));
        assert_eq!(AuthenticatorData::parse(&raw).unwrap().cred_protect(), expected, "{level}");
    }
}

#[test]
fn flags_name_themselves() {
    assert_eq!(format!("{:?}", Flags(0xdd)), "Flags(0xdd UP UV BE BS AT ED)");
    assert_eq!(format!("{:?}", Flags(0x22)), "Flags(0x22)");
    assert!(Flags(0x05).contains(Flags::UP | Flags::UV));
    assert!(!Flags(0x04).contains(Flags::UP | Flags::UV));
    assert!(Flags(0x00).contains(Flags(0x00)));
}

#[test]
fn aaguids_are_written_and_read_as_uuids() {
    let aaguid = Aaguid(hex("f8a011f38c0a4d15800617111f9edc7d").try_into().unwrap());
    assert_eq!(aaguid.to_string(), "f8a011f3-8c0a-4d15-8006-17111f9edc7d");
    assert_eq!("f8a011f3-8c0a-4d15-8006-17111f9edc7d".parse(), Ok(aaguid));
    assert_eq!("F8A011F3-8C0A-4D15-8006-17111F9EDC7D".parse(), Ok(aaguid));
    assert_eq!("00000000-0000-0000-0000-000000000000".parse(), Ok(Aaguid::ZERO));
    for bad in [
        "",
        "f8a011f38c0a4d15800617111f9edc7d",
        "f8a011f3-8c0a-4d15-8006-17111f9edc7",
        "f8a011f3-8c0a-4d15-8006-17111f9edc7dd",
        "f8a011f3-8c0a-4d15-800617-111f9edc7d",
        "g8a011f3-8c0a-4d15-8006-17111f9edc7d",
        "f8a011f3-8c0a-4d15-8006-17111f9edcü",
        "{f8a011f3-8c0a-4d15-8006-17111f9edc7d}",
        " f8a011f3-8c0a-4d15-8006-17111f9edc7d",
        "+8a011f3-8c0a-4d15-8006-17111f9edc7d",
    ] {
        assert_eq!(bad.parse::<Aaguid>(), Err(NotAnAaguid), "{bad:?}");
    }
}
