//! The state of one connection.

use authenticator_service::Peer;
use ctap::pin_uv_auth::AgreementKey;

use crate::ctap2::{Enumeration, NextAssertions, PutOff, Token};

/// A connection's secrets and pending sequences.
#[derive(Debug)]
pub struct Session {
    /// Who is at the other end.
    pub(crate) peer: Peer,
    /// Whether the account had prints when authenticatorGetInfo asked for them.
    pub(crate) has_prints: bool,
    /// The request that is answered when a wait has ended.
    pub(crate) put_off: Option<PutOff>,
    /// The key for key agreement, until a PIN was wrong.
    pub(crate) agreement: Option<AgreementKey>,
    /// Wrong PINs in a row.
    pub(crate) wrong_pins: u8,
    /// The token given out last.
    pub(crate) token: Option<Token>,
    /// For authenticatorGetNextAssertion.
    pub(crate) next_assertions: Option<NextAssertions>,
    /// For the subcommands of authenticatorCredentialManagement that go on.
    pub(crate) enumeration: Option<Enumeration>,
}

impl Session {
    /// A new one.
    pub(crate) fn new(peer: Peer) -> Self {
        Self {
            peer,
            has_prints: false,
            put_off: None,
            agreement: None,
            wrong_pins: 0,
            token: None,
            next_assertions: None,
            enumeration: None,
        }
    }
}
