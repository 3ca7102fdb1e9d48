//! What is offered.

use std::fmt::Write as _;

/// The names of the two ways in request and reply.
pub(super) const PASSKEY: &str = "passkey";
pub(super) const PASSWORD: &str = "password";

/// A passkey, and a password in its place, with the words for the person.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Whether a key is plugged in that holds a passkey of the user.
    pub key_connected: bool,
    /// Whether its PIN is asked for. gnome-shell 51 shows a field in any case.
    pub pin_request: bool,
    /// How many wrong PINs the key still takes, where known.
    pub pin_attempts: Option<u8>,
    /// What a passkey is called in a list of ways.
    pub passkey_name: &'a str,
    /// What a password is called there.
    pub password_name: &'a str,
    /// What stands where no key is connected.
    pub init_instruction: &'a str,
    /// What stands at the field for the PIN.
    pub pin_prompt: &'a str,
    /// What stands once the PIN was typed.
    pub touch_instruction: &'a str,
}

impl Request<'_> {
    /// As JSON.
    pub fn to_json(&self) -> String {
        let mut json = String::from(r#"{"authSelection":{"mechanisms":{"passkey":{"role":"passkey""#);
        for (name, text) in [
            ("name", self.passkey_name),
            ("initInstruction", self.init_instruction),
            ("pinPrompt", self.pin_prompt),
            ("touchInstruction", self.touch_instruction),
            ("cryptoChallenge", ""),
        ] {
            member(&mut json, name, text);
        }
        for (name, value) in [
            ("keyConnected", self.key_connected),
            ("pinRequest", self.pin_request),
            // A Kerberos server is not asked here.
            ("kerberos", false),
        ] {
            json.extend([",\"", name, if value { "\":true" } else { "\":false" }]);
        }
        if let Some(attempts) = self.pin_attempts {
            json.extend([",\"pinAttempts\":", &attempts.to_string()]);
        }
        json.push_str(r#"},"password":{"role":"password""#);
        member(&mut json, "name", self.password_name);
        member(&mut json, "prompt", self.password_name);
        json.push_str(r#"}},"priority":["passkey","password"]}}"#);
        json
    }
}

fn member(json: &mut String, name: &str, text: &str) {
    json.extend([",\"", name, "\":", &quoted(text)]);
}

/// `text` as a string of JSON (RFC 8259, section 7).
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            // Writing to a string cannot fail.
            '\0'..='\x1f' => drop(write!(quoted, "\\u{:04x}", u32::from(char))),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
