#![allow(clippy::arithmetic_side_effects, reason = "lengths of a few bytes")]

use super::{Request, Response};
use crate::cbor::Malformed;
use crate::cose::PublicKey;
use crate::u2f::{ReplyError, StatusWord, vectors::*};

fn malformed(data: &[u8]) -> Malformed {
    match Response::parse(&ok(data)) {
        Err(ReplyError::Malformed(malformed)) => malformed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_request_is_an_extended_apdu() {
    let request = Request { challenge: &hash(REGISTER_CHALLENGE), application: &hash(REGISTER_APPLICATION) };
    let expected = ["00010000000040", REGISTER_CHALLENGE, REGISTER_APPLICATION, "0000"].concat();
    assert_eq!(request.encode(), hex(&expected));
}

#[test]
fn the_example_reply_is_taken_apart() {
    let response = Response::parse(&ok(&register_data())).unwrap();
    let point = hex(POINT);
    let (x, y) = (point[1..33].try_into().unwrap(), point[33..].try_into().unwrap());
    assert_eq!(response.public_key, PublicKey::Es256 { x, y });
    assert_eq!(response.key_handle, hex(KEY_HANDLE));
    assert_eq!(response.certificate, hex(CERTIFICATE));
    assert_eq!(response.signature, hex(REGISTER_SIGNATURE));
}

#[test]
fn the_example_signature_is_over_the_signed_message() {
    let response = Response::parse(&ok(&register_data())).unwrap();
    let message = response.signed_message(&hash(REGISTER_CHALLENGE), &hash(REGISTER_APPLICATION));
    let expected = ["00", REGISTER_APPLICATION, REGISTER_CHALLENGE, KEY_HANDLE, POINT].concat();
    assert_eq!(message, hex(&expected));
    assert!(verifies(ATTESTATION_POINT, &message, &response.signature));
}

#[test]
fn it_becomes_authenticator_data() {
    let response = Response::parse(&ok(&register_data())).unwrap();
    let data = response.authenticator_data(&hash(REGISTER_APPLICATION));
    let (x, y) = (&POINT[2..66], &POINT[66..]);
    let expected = [
        REGISTER_APPLICATION,
        "41",
        "00000000",
        "00000000000000000000000000000000",
        "0040",
        KEY_HANDLE,
        "a5010203262001215820",
        x,
        "225820",
        y,
    ];
    assert_eq!(data, hex(&expected.concat()));
}

#[test]
fn a_refusal_keeps_its_status_word() {
    for status in [0x6985, 0x6a80, 0x6700, 0x6d00, 0x6e00, 0x1234, 0x9001] {
        let reply = [&register_data()[..], &u16::to_be_bytes(status)].concat();
        assert_eq!(Response::parse(&reply), Err(ReplyError::Status(StatusWord(status))));
    }
}

#[test]
fn every_truncation_is_noticed() {
    let data = register_data();
    for len in 0..data.len() {
        assert_eq!(malformed(&data[..len]), Malformed::Truncated, "{len}");
    }
    assert_eq!(Response::parse(&[]), Err(ReplyError::Malformed(Malformed::Truncated)));
    assert_eq!(Response::parse(&[0x90]), Err(ReplyError::Malformed(Malformed::Truncated)));
}

#[test]
fn damage_is_noticed() {
    let with = |at: usize, byte: u8| {
        let mut data = register_data();
        data[at] = byte;
        malformed(&data)
    };
    let certificate_at = 67 + 64;
    let signature_at = certificate_at + hex(CERTIFICATE).len();
    assert_eq!(with(0, 0x04), Malformed::Invalid, "reserved byte");
    assert_eq!(with(1, 0x02), Malformed::Invalid, "compressed point");
    assert_eq!(with(1, 0x07), Malformed::Invalid, "hybrid point");
    assert_eq!(with(2, 0xb2), Malformed::Invalid, "point off the curve");
    assert_eq!(with(certificate_at, 0x31), Malformed::Type, "certificate is no SEQUENCE");
    assert_eq!(with(certificate_at + 1, 0x80), Malformed::Invalid, "indefinite length");
    assert_eq!(with(certificate_at + 1, 0x83), Malformed::Invalid, "length of three bytes");
    assert_eq!(with(certificate_at + 2, 0x00), Malformed::Invalid, "length not in its shortest form");
    assert_eq!(with(certificate_at + 2, 0x7f), Malformed::Truncated, "certificate beyond the end");
    assert_eq!(with(signature_at, 0x02), Malformed::Type, "signature is no SEQUENCE");
    assert_eq!(with(signature_at + 1, 0x44), Malformed::TrailingBytes, "byte after the signature");
    assert_eq!(malformed(&[register_data(), vec![0]].concat()), Malformed::TrailingBytes);
}

#[test]
fn a_credential_has_an_id() {
    let data = hex(&["05", POINT, "00", CERTIFICATE, REGISTER_SIGNATURE].concat());
    assert_eq!(malformed(&data), Malformed::Missing);
    let longest =
        [&hex("05")[..], &hex(POINT), &[255], &[7; 255], &hex(CERTIFICATE), &hex(REGISTER_SIGNATURE)];
    assert_eq!(Response::parse(&ok(&longest.concat())).unwrap().key_handle, [7; 255]);
}
