//! A key that is honest up to a certain request and then is not: every request of the ceremonies × everything a key can do
//! wrong, alone on the bench and beside an honest key.
//!
//! The tables of what comes of it stand in `docs/hostile-keys.md`, and the tests hold them to that.

mod bench;
mod enrol;
mod impostor;
mod sign_in;
mod table;

use std::time::Duration;
use virtual_key::{Asked, Corruption, Misbehaviour};

/// Everything that a key can do wrong. Where no secret is asked for, it can do nothing wrong in it: `secret.rs` has those.
fn misbehaviours() -> Vec<Misbehaviour> {
    let corruptions = Corruption::NAMED
        .into_iter()
        .filter(|(_, corruption)| !corruption.is_of_secret())
        .map(|(_, corruption)| Misbehaviour::Corrupt(corruption));
    Misbehaviour::NAMED.map(|(_, how)| how).into_iter().chain(corruptions).collect()
}

/// How much later than without the hostile key an honest one may sign in or be enrolled, where the person is let choose between keys
/// once each has said what it is and holds: one that says that it is at work on that is waited for.
fn grace(asked: Asked, how: Misbehaviour) -> Duration {
    match (asked, how) {
        (
            Asked::Info | Asked::SilentAssertion,
            Misbehaviour::Keepalives | Misbehaviour::KeepalivesForTouch | Misbehaviour::Flood,
        ) => bench::CHOICE_GRACE,
        _ => bench::GRACE,
    }
}

/// Why a key cannot do this at that request; the numbers are those of the notes below the tables.
fn impossible(asked: Asked, user_verified: bool, how: Misbehaviour) -> Option<&'static str> {
    match (how, asked) {
        (Misbehaviour::Stale, Asked::Init | Asked::Info | Asked::U2fRegister) => Some("–¹"),
        (Misbehaviour::Corrupt(Corruption::Signature), Asked::MakeCredential)
        | (Misbehaviour::Corrupt(Corruption::CredentialId), Asked::U2fSign) => Some("–²"),
        (Misbehaviour::Corrupt(Corruption::UserVerified), Asked::Assertion | Asked::MakeCredential)
            if !user_verified =>
        {
            Some("–³")
        }
        (Misbehaviour::Corrupt(Corruption::UserVerified), Asked::SilentAssertion | Asked::U2fSign) => {
            Some("–³")
        }
        (
            Misbehaviour::Corrupt(_),
            Asked::SilentAssertion
            | Asked::Assertion
            | Asked::NextAssertion
            | Asked::MakeCredential
            | Asked::U2fSign,
        ) => None,
        (Misbehaviour::Corrupt(_), _) => Some("–²"),
        _ => None,
    }
}
