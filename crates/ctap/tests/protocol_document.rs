//! The example in docs/protocol.md is what this crate sends and what a passkey signs.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a test"
)]

use ctap::authenticator_data::Flags;
use ctap::cose::PublicKey;
use ctap::hid::{Channel, Command, Event, Report};
use ctap::{get_assertion, info};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const DOCUMENT: &str = include_str!("../../../docs/protocol.md");
const CLIENT_DATA: &str = r#"{"type":"webauthn.get","challenge":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","origin":"host.example","crossOrigin":false}"#;
const CREDENTIAL_ID: [u8; 16] = *b"\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae\xaf";
const PUBLIC_KEY: &str = "a501020326200121582024ab29dc1f6e082dd2415de6edbd55b331a743b2704d4496abc8bb03aa0e1de5\
                          22582043253f664308922bc2321dd36d8fa07d53c721b9619a37c1175b5a390124abb8";
const SILENT: &str = "3046022100b4166952dfd41ab6407233f727c54782168f254893b3150611e497c099e26067\
                      022100ed7cbc59d719c08e4ca02c46e90b2d0c2452eb843c4dae7cb4bf748e90d4567f";
const TOUCHED: &str = "304502201d880d2d28cb3f2fe186983ed39246fdc060d219fbeb1072b8535d99e5cb4953\
                       022100a3d235f7595e4e36156fd3eb97786100c2d3d98a73b02c7bf00dc82e8a92034d";

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    })
}

fn bytes(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Whether the bytes stand in the document, whatever the spaces between them.
#[track_caller]
fn assert_documented(digits: &str) {
    let document: String = DOCUMENT.split_whitespace().collect();
    assert!(document.contains(digits), "docs/protocol.md lacks {digits}");
}

fn client_data_hash() -> [u8; 32] {
    Sha256::digest(CLIENT_DATA).into()
}

fn get_assertion(up: bool) -> Vec<u8> {
    get_assertion::Request {
        rp_id: "host.example",
        client_data_hash: &client_data_hash(),
        allow_list: &[&CREDENTIAL_ID],
        hmac_secret: None,
        up,
        uv: false,
        pin_uv_auth: None,
    }
    .encode()
}

/// A report without the zeros that fill it.
fn trimmed(report: &Report) -> String {
    digits(report).trim_end_matches("00").to_owned()
}

#[test]
fn the_client_data_and_its_hash() {
    assert!(DOCUMENT.contains(CLIENT_DATA));
    assert_documented(&digits(&client_data_hash()));
}

#[test]
fn the_reports() {
    let mut channel = Channel::new();
    channel.init([1, 2, 3, 4, 5, 6, 7, 8]);
    assert_documented(&trimmed(&channel.next_report().unwrap()));
    let reply = "ffffffff8600110102030405060708123456780205040305";
    assert_documented(reply);
    let mut report = [0; 64];
    report[..reply.len() / 2].copy_from_slice(&bytes(reply));
    assert_eq!(channel.handle_report(&report), Ok(Some(Event::Opened)));
    let capabilities = channel.capabilities().unwrap();
    assert!(capabilities.cbor() && capabilities.wink());
    assert_eq!((capabilities.protocol_version(), capabilities.device_version()), (2, [5, 4, 3]));

    channel.request(Command::Cbor, &info::request()).unwrap();
    assert_documented(&trimmed(&channel.next_report().unwrap()));
    report[..9].copy_from_slice(&bytes("123456789000010100"));
    assert!(matches!(channel.handle_report(&report), Ok(Some(Event::Response { .. }))));

    channel.request(Command::Cbor, &get_assertion(false)).unwrap();
    let sent: String = std::iter::from_fn(|| channel.next_report()).map(|report| trimmed(&report)).collect();
    assert_documented(&sent);
}

#[test]
fn the_request_that_counts() {
    let request = get_assertion(true);
    assert_eq!(request[..2], [0x02, 0xa3]);
    assert_documented(&format!("length`{:04x}`", request.len()));
    // Nothing but `options` is missing.
    let silent = get_assertion(false);
    assert_eq!(silent[2..silent.len() - 6], request[2..]);
}

#[test]
fn the_signatures() {
    let PublicKey::Es256 { x, y } = PublicKey::parse(&bytes(PUBLIC_KEY)).unwrap() else {
        panic!("the document's passkey is one of ES256")
    };
    let key = VerifyingKey::from_sec1_bytes(&[&[4][..], &x, &y].concat()).unwrap();
    for (flags, signature) in [(Flags(0), SILENT), (Flags::UP, TOUCHED)] {
        let data = [&Sha256::digest("host.example")[..], &[flags.0, 0, 0, 0, 7]].concat();
        assert_documented(&digits(&data));
        assert_documented(signature);
        let message = [&data[..], &client_data_hash()].concat();
        key.verify(&message, &Signature::from_der(&bytes(signature)).unwrap()).unwrap();
    }
}

#[test]
fn the_credential_file_has_the_same_passkey() {
    // base64url of the public key and of the id, a few bytes of each.
    assert!(DOCUMENT.contains(r#"id = "oKGio6SlpqeoqaqrrK2urw""#));
    assert!(
        DOCUMENT
            .contains(r#"public_key = "pQECAyYgASFYICSrKdwfbggt0kFd5u29VbMxp0OycE1ElqvIuwOqDh3lIlggQyU_"#)
    );
}
