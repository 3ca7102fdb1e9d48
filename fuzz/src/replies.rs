//! A key's replies: every parser, on the same bytes. What is read of a public key is written back the same.

use ctap::cose::PublicKey;
use ctap::show::{Drawing, Shown};
use ctap::{AuthenticatorData, Info, client_pin, get_assertion, make_credential, u2f};

/// Whether it is a reply of some kind, or a part of one.
pub fn run(data: &[u8]) -> bool {
    let is_reply = [
        Info::parse(data).is_ok(),
        get_assertion::Response::parse(data).is_ok(),
        make_credential::Response::parse(data).is_ok(),
        client_pin::Response::parse(data).is_ok(),
        AuthenticatorData::parse(data).is_ok(),
        u2f::register::Response::parse(data).is_ok(),
        u2f::authenticate::Response::parse(data).is_ok(),
    ];
    let shown = Shown::parse(data);
    if let Ok(Shown { drawing: Some(drawing), .. }) = &shown {
        assert!(drawing.as_str().chars().all(|cell| " ▀▄█\n".contains(cell)));
        assert_eq!(Drawing::new(drawing.as_str()).as_ref(), Some(drawing));
    }
    let key = PublicKey::parse(data);
    if let Ok(key) = &key {
        assert_eq!(PublicKey::parse(&key.encode()).as_ref(), Ok(key));
    }
    is_reply.contains(&true) || shown.is_ok() || key.is_ok()
}
