#![allow(clippy::arithmetic_side_effects, reason = "lengths of a few bytes")]

use super::{Control, Request, Response, is_own};
use crate::cbor::Malformed;
use crate::u2f::{MAX_KEY_HANDLE_LEN, ReplyError, StatusWord, vectors::*, version};

fn request(control: Control, key_handle: &[u8]) -> Option<Vec<u8>> {
    let (challenge, application) = (&hash(SIGN_CHALLENGE), &hash(SIGN_APPLICATION));
    Request { control, challenge, application, key_handle }.encode()
}

#[test]
fn the_request_is_an_extended_apdu() {
    for (control, p1) in [(Control::CheckOnly, "07"), (Control::EnforceUserPresence, "03")] {
        let parts = ["0002", p1, "00000081", SIGN_CHALLENGE, SIGN_APPLICATION, "40", KEY_HANDLE, "0000"];
        assert_eq!(request(control, &hex(KEY_HANDLE)), Some(hex(&parts.concat())));
    }
}

#[test]
fn key_handles_that_u2f_cannot_name_are_not_sent() {
    assert_eq!(request(Control::CheckOnly, &[]), None);
    assert_eq!(request(Control::CheckOnly, &[7; MAX_KEY_HANDLE_LEN + 1]), None);
    let longest = request(Control::CheckOnly, &[7; MAX_KEY_HANDLE_LEN]).unwrap();
    assert_eq!(longest[..7], [0, 2, 7, 0, 0, 0x01, 0x40]);
    assert_eq!(longest.len(), 7 + 0x140 + 2);
    assert_eq!(longest[71..73], [255, 7]);
}

#[test]
fn the_example_signature_is_over_what_ctap2_would_sign() {
    let response = Response::parse(&ok(&hex(SIGN_DATA))).unwrap();
    assert_eq!(response, Response { user_present: true, counter: 1, signature: hex(SIGN_SIGNATURE) });
    let data = response.authenticator_data(&hash(SIGN_APPLICATION));
    assert_eq!(data, hex(&[SIGN_APPLICATION, "0100000001"].concat()));
    assert!(verifies(SIGN_POINT, &[&data[..], &hash(SIGN_CHALLENGE)].concat(), &response.signature));
    // Not if the key had not seen a touch.
    let absent =
        Response { user_present: false, ..response.clone() }.authenticator_data(&hash(SIGN_APPLICATION));
    assert!(!verifies(SIGN_POINT, &[&absent[..], &hash(SIGN_CHALLENGE)].concat(), &response.signature));
}

#[test]
fn a_u2f_key_claims_no_more_than_presence() {
    for presence in 0..=u8::MAX {
        let mut data = hex(SIGN_DATA);
        data[0] = presence;
        let user_present = Response::parse(&ok(&data)).map(|response| response.user_present);
        let expected = match presence {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ReplyError::Malformed(Malformed::Invalid)),
        };
        assert_eq!(user_present, expected, "{presence:#04x}");
    }
}

#[test]
fn damage_is_noticed() {
    let data = hex(SIGN_DATA);
    for len in 0..data.len() {
        assert_eq!(
            Response::parse(&ok(&data[..len])),
            Err(ReplyError::Malformed(Malformed::Truncated)),
            "{len}"
        );
    }
    let longer = [data, vec![0]].concat();
    assert_eq!(Response::parse(&ok(&longer)), Err(ReplyError::Malformed(Malformed::TrailingBytes)));
}

#[test]
fn check_only_tells_whose_the_key_handle_is() {
    let malformed = |malformed| Err(ReplyError::Malformed(malformed));
    for (reply, expected) in [
        ("6985", Ok(true)),
        ("6a80", Ok(false)),
        ("6700", Ok(false)),
        ("6d00", Err(ReplyError::Status(StatusWord::INS_NOT_SUPPORTED))),
        ("9000", malformed(Malformed::Invalid)),
        ("90", malformed(Malformed::Truncated)),
        ("", malformed(Malformed::Truncated)),
    ] {
        assert_eq!(is_own(&hex(reply)), expected, "{reply}");
    }
    // A signature without a touch is not what was asked for, even a good one.
    assert_eq!(is_own(&ok(&hex(SIGN_DATA))), malformed(Malformed::Invalid));
}

#[test]
fn there_is_one_version() {
    assert_eq!(version::request(), hex("00030000000000"));
    assert_eq!(version::parse(&ok(b"U2F_V2")), Ok(()));
    assert_eq!(version::parse(&ok(b"U2F_V3")), Err(ReplyError::Malformed(Malformed::Invalid)));
    assert_eq!(version::parse(&hex("6d00")), Err(ReplyError::Status(StatusWord::INS_NOT_SUPPORTED)));
}

#[test]
fn every_status_word_survives() {
    for word in 0..=u16::MAX {
        let expected = match word {
            0x9000 => ReplyError::Malformed(Malformed::Invalid),
            _ => ReplyError::Status(StatusWord(word)),
        };
        assert_eq!(version::parse(&word.to_be_bytes()), Err(expected));
        assert!(StatusWord(word).to_string().contains(&format!("0x{word:04x}")));
    }
}
