//! A key's replies: every parser, on the same bytes. What is read of a public key is written back the same.
#![no_main]

use ctap::cose::PublicKey;
use ctap::show::{Drawing, Shown};
use ctap::{AuthenticatorData, Info, client_pin, get_assertion, make_credential, u2f};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Info::parse(data);
    let _ = get_assertion::Response::parse(data);
    let _ = make_credential::Response::parse(data);
    let _ = client_pin::Response::parse(data);
    if let Ok(Shown { drawing: Some(drawing), .. }) = Shown::parse(data) {
        assert!(drawing.as_str().chars().all(|cell| " ▀▄█\n".contains(cell)));
        assert_eq!(Drawing::new(drawing.as_str()), Some(drawing));
    }
    let _ = AuthenticatorData::parse(data);
    let _ = u2f::register::Response::parse(data);
    let _ = u2f::authenticate::Response::parse(data);
    if let Ok(key) = PublicKey::parse(data) {
        assert_eq!(PublicKey::parse(&key.encode()).as_ref(), Ok(&key));
    }
});
