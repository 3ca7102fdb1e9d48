//! The ceremonies: signing in and enrolling, over all plugged-in keys at once.
//!
//! One loop, no threads, no call that blocks but the wait for "anything happened, or it is time" — and the person's typing:
//!
//! - [`Platform`] is what a ceremony needs of the outside: time, randomness, keys. [`LinuxPlatform`] is the real one.
//! - [`Prompter`] is who is told things and asked for a PIN.
//! - `pool` keeps a `link` to every plugged-in key: opening, hot-plug, channel, lock, timeout.
//! - `protocol` is what a key speaks, CTAP2 or U2F alone.
//! - `select` finds the key that the person means; [`select()`] does only that.
//! - `settle` is how long slow keys keep the person from being asked.
//! - `single` is what the ceremonies have in common that deal with one key at a time.
//! - `token` gets a pinUvAuthToken, `choice` lets the person touch the key they mean, `allow_list` cuts lists,
//!   `assertion` asks and verifies.
//! - [`sign_in`](sign_in()), [`enrol`](enrol()), [`inspect`](inspect()) and [`reset`](reset()) are the ceremonies themselves.
//! - [`locate`](locate()) asks keys for passkeys of which only the public key is known.

mod enrol;
mod inspect;
mod keys;
mod locate;
mod prompter;
mod reset;
mod select;
mod sign_in;
mod standing;
mod steps;
mod user_handle_lookup;

pub use enrol::{Attestation, EnrolError, Enrolled, Enrolment, enrol};
pub use inspect::{InspectError, InspectedKey, inspect};
pub use keys::{
    Attachment, KeyError, KeyId, LinuxPlatform, ListError, NoRandomness, OpenError, Platform, PluggedKey,
    TransferError, Wake,
};
pub use locate::{LocateError, LocateRequest, Located, LocatedPasskey, SoughtPasskey, locate};
pub use prompter::{
    AccountAnswer, Authenticator, Invitation, Invited, Lock, Notice, PinAnswer, PinPrompt, PinReason,
    Prompter, account_index,
};
pub use reset::{Reset, ResetError, ResetStep, reset};
pub use select::{SelectedKey, select};
pub use sign_in::{Attempt, KeySecret, Passkey, SignIn, SignInError, Wanted, sign_in};
pub use steps::pin_uv_token::TokenError;
pub use steps::single_key::KeyFailure;
pub use steps::uv_method::Impossible;
pub use user_handle_lookup::{EnrolledUser, UserHandleLookup};
