//! Replies in GDM's exchange of JSON. What is read was written in no fewer bytes, and text that is written as JSON is read as it was.
#![no_main]

use ctap::Secret;
use libfuzzer_sys::fuzz_target;
use passkey_core::gdm::{MAX_REPLY_LEN, Reply, extension_number, parse, quoted};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Reply::Pin(typed) | Reply::Password(typed)) = parse(bytes) {
        assert!(typed.len() < bytes.len());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = extension_number(text);
    let json =
        format!("{{\"authSelection\":{{\"status\":\"Ok\",\"password\":{{\"password\":{}}}}}}}", quoted(text));
    if json.len() <= MAX_REPLY_LEN {
        assert_eq!(parse(json.as_bytes()), Ok(Reply::Password(Secret::new(bytes.to_vec()))));
    }
});
