//! CTAP 2.1, the authenticator's side.

pub mod request;

mod client_pin;
mod credential_management;
mod extensions;
mod get_assertion;
mod info;
mod make_credential;
mod pin_try;
mod reply;
mod reset;
mod token;
mod uv_token;

pub use info::AAGUID;
pub use token::Token;

pub(crate) use credential_management::Enumeration;
pub(crate) use get_assertion::NextAssertions;
pub(crate) use uv_token::PutOff;
