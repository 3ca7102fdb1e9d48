//! authenticatorConfig (CTAP 2.1 §6.11): the settings of a key.

use crate::cbor::{Item, Malformed, command, entry};
use crate::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken};
use crate::status::{self, ReplyError};

const COMMAND: u8 = 0x0d;
/// What the authenticated message begins with (CTAP 2.1 §6.11, step 5).
const PADDING: [u8; 32] = [0xff; 32];

/// One subcommand with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// toggleAlwaysUv: on where it is off, and off where it is on.
    ToggleAlwaysUv,
    /// setMinPINLength. What is absent stays as it is.
    SetMinPinLength {
        /// The shortest PIN, in code points; no lower than it is.
        length: Option<u8>,
        /// Whether the present PIN must be changed before it is used again.
        force_change: bool,
    },
}

impl Request {
    /// The request as the payload of `CTAPHID_CBOR`. `token`: for [`Permissions::ACFG`](crate::client_pin::Permissions::ACFG), got
    /// under `protocol`.
    pub fn encode(self, protocol: PinUvAuthProtocol, token: &PinUvAuthToken) -> Vec<u8> {
        let (subcommand, parameters) = match self {
            Self::ToggleAlwaysUv => (0x02, None),
            Self::SetMinPinLength { length, force_change } => {
                let parameters = Item::map([
                    entry(0x01, length.map(|length| Item::from(i64::from(length)))),
                    entry(0x03, force_change.then(|| Item::from(true))),
                ]);
                (0x03, Some(parameters))
            }
        };
        let bytes = parameters.clone().map(Item::into_bytes).unwrap_or_default();
        let message = [&PADDING, [COMMAND, subcommand].as_slice(), &bytes].concat();
        command(
            COMMAND,
            [
                entry(0x01, Item::from(i64::from(subcommand))),
                entry(0x02, parameters),
                entry(0x03, Item::from(i64::from(protocol.number()))),
                entry(0x04, Item::from(token.authenticate(&message).as_slice())),
            ],
        )
    }
}

/// Judges the payload of the `CTAPHID_CBOR` reply: `Ok` once the setting is changed.
///
/// # Errors
/// The authenticator's refusal, or that it says more than there is to say.
pub fn parse(payload: &[u8]) -> Result<(), ReplyError> {
    if status::of(payload)?.is_empty() { Ok(()) } else { Err(Malformed::TrailingBytes.into()) }
}

#[cfg(test)]
#[path = "authenticator_config_tests.rs"]
mod tests;
