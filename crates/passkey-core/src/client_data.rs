//! Client data: what a signature is over besides the authenticator's own data (WebAuthn Level 3, section 5.8.1).
//!
//! It is genuine WebAuthn client data with the RP ID as the origin, so that any WebAuthn library can check a
//! recorded assertion.

use std::fmt::Write as _;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use sha2::{Digest as _, Sha256};

/// Length of a challenge in bytes.
pub const CHALLENGE_LEN: usize = 32;

/// One ceremony's client data and its hash. Fresh for every ceremony: its challenge is what makes an assertion new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientData {
    json: String,
    hash: [u8; 32],
}

impl ClientData {
    /// For signing in (`webauthn.get`), over 32 random bytes that were never used before.
    pub fn sign_in(rp_id: &str, challenge: &[u8; CHALLENGE_LEN]) -> Self {
        Self::new("webauthn.get", rp_id, challenge)
    }

    /// For enrolling (`webauthn.create`), over 32 random bytes that were never used before.
    pub fn enrolment(rp_id: &str, challenge: &[u8; CHALLENGE_LEN]) -> Self {
        Self::new("webauthn.create", rp_id, challenge)
    }

    fn new(ceremony: &str, rp_id: &str, challenge: &[u8; CHALLENGE_LEN]) -> Self {
        let challenge = Base64UrlUnpadded::encode_string(challenge);
        let mut json = format!(r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"#);
        push_json_string(&mut json, rp_id);
        json.push_str(r#","crossOrigin":false}"#);
        let hash = Sha256::digest(json.as_bytes()).into();
        Self { json, hash }
    }

    /// The JSON text, byte for byte what was hashed.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// SHA-256 of the JSON text: the `clientDataHash` of the authenticator's commands.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

/// Appends `text` as WebAuthn's limited serialisation writes strings (WebAuthn Level 3, section 5.8.1.1,
/// `CCDToString`).
fn push_json_string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str(r#"\""#),
            '\\' => json.push_str(r"\\"),
            '\0'..='\u{1f}' => {
                // Writing to a String cannot fail.
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
#[path = "client_data_tests.rs"]
mod tests;
