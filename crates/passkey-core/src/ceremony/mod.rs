//! The ceremonies: signing in and enrolling, over all plugged-in keys at once.
//!
//! One loop, no threads, no call that blocks but the wait for "anything happened, or it is time" — and the person's typing:
//!
//! - [`World`] is what a ceremony needs of the outside: time, randomness, keys. [`System`] is the real one.
//! - [`Person`] is who is told things and asked for a PIN.
//! - `fleet` keeps a `link` to every plugged-in key: opening, hot-plug, channel, lock, patience.
//! - `kind` is what a key speaks, CTAP2 or U2F alone.
//! - `pick` finds the key that the person means; [`pick()`] does only that.
//! - `settle` is how long slow keys keep the person from being asked.
//! - `sitting` is what the ceremonies have in common that deal with one key at a time.
//! - `token` gets a pinUvAuthToken, `choice` lets the person touch the key they mean, `allow_list` cuts lists,
//!   `assertion` asks and verifies.
//! - [`sign_in`](sign_in()), [`enrol`](enrol()), [`survey`](survey()) and [`reset`](reset()) are the ceremonies themselves.
//! - [`find`](find()) asks keys for passkeys of which only the public key is known.

mod allow_list;
mod assertion;
mod choice;
mod directory;
mod enrol;
mod event;
mod find;
mod fleet;
mod key_map;
mod kind;
mod link;
mod person;
mod pick;
mod reset;
mod settle;
mod sign_in;
mod sitting;
mod survey;
mod system;
mod token;
mod trace;
mod user_verification;
mod world;

pub use directory::{Directory, Holder};
pub use enrol::{Attestation, EnrolError, Enrolled, Enrolment, enrol};
pub use event::Loss;
pub use find::{FindError, Finding, Found, Search, Sought, find};
pub use person::{AccountAnswer, Lock, Notice, Person, PinAnswer, PinPrompt, PinReason, account_index};
pub use pick::{PickedKey, pick};
pub use reset::{Reset, ResetError, ResetStep, reset};
pub use sign_in::{Attempt, Passkey, SignIn, SignInError, Wanted, sign_in};
pub use sitting::KeyFailure;
pub use survey::{SurveyError, SurveyedKey, survey};
pub use system::System;
pub use token::TokenError;
pub use user_verification::Impossible;
pub use world::{Gone, KeyId, NoRandomness, OpenError, PluggedKey, Wake, World};
