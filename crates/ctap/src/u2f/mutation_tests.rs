//! Whatever a key replies, the parsers neither panic nor take more than there is.

#![allow(clippy::arithmetic_side_effects, reason = "indexes of a few bytes")]

use super::vectors::{SIGN_DATA, hex, ok, register_data};
use super::{authenticate, register, version};

fn parse_all(payload: &[u8]) {
    if let Ok(response) = register::Response::parse(payload) {
        let parts = response.key_handle.len() + response.certificate.len() + response.signature.len();
        assert_eq!(1 + 65 + 1 + parts + 2, payload.len());
        assert_eq!(response.authenticator_data(&[0; 32]).len(), 55 + response.key_handle.len() + 77);
    }
    if let Ok(response) = authenticate::Response::parse(payload) {
        assert_eq!(5 + response.signature.len() + 2, payload.len());
        assert_eq!(response.authenticator_data(&[0; 32]).len(), 37);
    }
    let _ = authenticate::is_own(payload);
    let _ = version::parse(payload);
}

#[test]
fn every_byte_replaced_by_every_other() {
    for reply in [ok(&register_data()), ok(&hex(SIGN_DATA)), ok(b"U2F_V2")] {
        for at in 0..reply.len() {
            // A point is checked for being on its curve, which takes its time.
            let step = if (2..67).contains(&at) && reply.len() > 200 { 51 } else { 1 };
            for byte in (0..=u8::MAX).step_by(step) {
                let mut reply = reply.clone();
                reply[at] = byte;
                parse_all(&reply);
            }
        }
    }
}

#[test]
fn every_length() {
    for reply in [ok(&register_data()), ok(&hex(SIGN_DATA)), vec![0x30; 300], vec![0xff; 300]] {
        for len in 0..reply.len() {
            parse_all(&reply[..len]);
            parse_all(&ok(&reply[..len]));
        }
    }
}
