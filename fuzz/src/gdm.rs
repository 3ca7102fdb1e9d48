//! Replies in GDM's exchange of JSON. What is read was written in no fewer bytes, and text that is written as JSON is read as it was.

use ctap::Secret;
use passkey_core::gdm::{MAX_REPLY_LEN, Reply, extension_number, parse, quoted};

/// Whether it is a reply.
pub fn run(data: &[u8]) -> bool {
    let reply = parse(data);
    if let Ok(Reply::Pin(typed) | Reply::Password(typed)) = &reply {
        assert!(typed.len() < data.len());
    }
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let _ = extension_number(text);
    let json =
        format!("{{\"authSelection\":{{\"status\":\"Ok\",\"password\":{{\"password\":{}}}}}}}", quoted(text));
    if json.len() <= MAX_REPLY_LEN {
        assert_eq!(parse(json.as_bytes()), Ok(Reply::Password(Secret::new(data.to_vec()))));
    }
    reply.is_ok()
}
