use super::{Malformed, NAMES, ReplyError, Status, of};
use std::collections::BTreeSet;

#[test]
fn every_byte_survives_the_round_trip() {
    for byte in 0..=u8::MAX {
        let expected = if byte == 0 { Ok(&[0xa0][..]) } else { Err(ReplyError::Status(Status(byte))) };
        assert_eq!(of(&[byte, 0xa0]), expected);
        assert_eq!(Status(byte).0, byte);
        assert!(Status(byte).to_string().contains(&format!("0x{byte:02x}")), "{}", Status(byte));
    }
}

#[test]
fn names_and_codes_are_unique() {
    let codes: BTreeSet<u8> = NAMES.iter().map(|(status, _)| status.0).collect();
    let names: BTreeSet<&str> = NAMES.iter().map(|(_, name)| *name).collect();
    assert_eq!(codes.len(), NAMES.len());
    assert_eq!(names.len(), NAMES.len());
    for byte in 0..=u8::MAX {
        assert_eq!(Status(byte).name().is_some(), codes.contains(&byte), "0x{byte:02x}");
    }
}

#[test]
fn printing_shows_name_and_number() {
    assert_eq!(Status::PIN_AUTH_BLOCKED.to_string(), "CTAP2_ERR_PIN_AUTH_BLOCKED (0x34)");
    assert_eq!(format!("{:?}", Status(0x99)), "status 0x99");
    assert_eq!(
        ReplyError::Status(Status::NO_CREDENTIALS).to_string(),
        "the security key answered CTAP2_ERR_NO_CREDENTIALS (0x2e)"
    );
}

#[test]
fn a_reply_is_parted_after_its_first_byte() {
    assert_eq!(of(&[]), Err(ReplyError::Malformed(Malformed::Truncated)));
    assert_eq!(of(&[0x00]), Ok(&[][..]));
    assert_eq!(of(&[0x00, 0xa1, 0x01]), Ok(&[0xa1, 0x01][..]));
    // What follows a refusal means nothing.
    assert_eq!(of(&[0x2e, 0xa1, 0x01]), Err(ReplyError::Status(Status::NO_CREDENTIALS)));
}
