//! What the help says of the command as a whole.

use std::fmt::Write as _;

use crate::report::Exit;

/// Commands to begin with, and what each does.
pub const EXAMPLES: [(&str, &str); 7] = [
    ("sudo passkey-enroll add", "enrol the security key that is plugged in"),
    ("passkey-enroll list", "show your passkeys"),
    ("passkey-enroll verify --service sudo", "rehearse signing in to sudo"),
    ("sudo passkey-enroll pam enable sudo", "have sudo ask for a passkey"),
    ("sudo passkey-enroll doctor", "look for everything that can stop a sign-in"),
    ("passkey-enroll key pin set", "give a security key a PIN"),
    ("sudo passkey-enroll remove \"Old key\"", "take a passkey away"),
];

/// What stands below the help of the command as a whole.
pub(crate) fn after_help() -> String {
    let mut text = "Examples:\n".to_owned();
    for (command, meaning) in EXAMPLES {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {command:<38}  {meaning}");
    }
    text.push_str("\nExit status:\n");
    let (left, right) = Exit::ALL.split_at(Exit::ALL.len().div_ceil(2));
    for (one, other) in left.iter().zip(right) {
        let _ = writeln!(
            text,
            "  {:2}  {:<27}  {:2}  {}",
            one.code(),
            one.meaning(),
            other.code(),
            other.meaning()
        );
    }
    text.truncate(text.trim_end().len());
    text
}
