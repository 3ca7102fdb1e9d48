//! Requests, parsed: every member has its type and is within bounds. Nothing is authorized yet.

mod client_pin;
mod credential_management;
mod fields;
mod get_assertion;
mod make_credential;

pub use client_pin::ClientPin;
pub use credential_management::CredentialManagement;
pub use fields::{Options, PinUvAuth};
pub use get_assertion::{GetAssertion, HmacSecretInput};
pub use make_credential::MakeCredential;

use ctap::Status;
use ctap::cbor::{Malformed, Reader};

/// The longest list of credentials in a request.
pub const MAX_CREDENTIALS_IN_LIST: usize = 24;

/// A request (CTAP 2.1 §6).
#[derive(Clone, Debug)]
pub enum Request {
    /// authenticatorMakeCredential.
    MakeCredential(Box<MakeCredential>),
    /// authenticatorGetAssertion.
    GetAssertion(Box<GetAssertion>),
    /// authenticatorGetInfo.
    GetInfo,
    /// authenticatorClientPIN.
    ClientPin(Box<ClientPin>),
    /// authenticatorReset.
    Reset,
    /// authenticatorGetNextAssertion.
    GetNextAssertion,
    /// authenticatorCredentialManagement.
    CredentialManagement(Box<CredentialManagement>),
    /// authenticatorSelection.
    Selection,
}

impl Request {
    /// Parses the payload of `CTAPHID_CBOR`.
    ///
    /// # Errors
    /// The status to answer with.
    pub fn parse(payload: &[u8]) -> Result<Self, Status> {
        let (command, parameters) = payload.split_first().ok_or(Status::INVALID_LENGTH)?;
        match command {
            0x01 => read(parameters, MakeCredential::read).map(|r| Self::MakeCredential(Box::new(r))),
            0x02 => read(parameters, GetAssertion::read).map(|r| Self::GetAssertion(Box::new(r))),
            0x04 => without(parameters, Self::GetInfo),
            0x06 => read(parameters, ClientPin::read).map(|r| Self::ClientPin(Box::new(r))),
            0x07 => without(parameters, Self::Reset),
            0x08 => without(parameters, Self::GetNextAssertion),
            0x0a => {
                read(parameters, CredentialManagement::read).map(|r| Self::CredentialManagement(Box::new(r)))
            }
            0x0b => without(parameters, Self::Selection),
            _ => Err(Status::INVALID_COMMAND),
        }
    }
}

fn read<T>(
    parameters: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<T, Status> {
    Reader::whole(parameters, read).map_err(|malformed| match malformed {
        Malformed::Type => Status::CBOR_UNEXPECTED_TYPE,
        Malformed::Missing => Status::MISSING_PARAMETER,
        Malformed::TooLong => Status::LIMIT_EXCEEDED,
        Malformed::Truncated
        | Malformed::Depth
        | Malformed::Duplicate
        | Malformed::TrailingBytes
        | Malformed::Invalid => Status::INVALID_CBOR,
    })
}

/// A command that has no parameters. Some clients send an empty map, or none.
fn without(parameters: &[u8], request: Request) -> Result<Request, Status> {
    if matches!(parameters, [] | [0xa0]) { Ok(request) } else { Err(Status::INVALID_LENGTH) }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
