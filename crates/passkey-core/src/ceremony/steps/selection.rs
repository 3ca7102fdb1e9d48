//! Making a key blink so that the person can touch the one they mean.

use super::super::keys::{Message, Protocol};
use ctap::{Info, ReplyError, Status, get_assertion, selection, u2f};
use sha2::{Digest as _, Sha256};

/// Whom the requests name where nothing is signed or kept: any name will do.
const NOBODY: &str = ".choice";

/// The request to a key of this protocol. A U2F key makes a credential that nobody keeps.
pub(crate) fn message(protocol: &Protocol) -> Message {
    match protocol {
        Protocol::Ctap2(info) => Message::ctap2(request(info)),
        Protocol::U2f => {
            let nobody = Sha256::digest(NOBODY).into();
            Message::u2f(u2f::register::Request { challenge: &nobody, application: &nobody }.encode())
        }
    }
}

/// The request to a CTAP2 key: authenticatorSelection (CTAP 2.1 §6.9), or, for older keys, one with an empty PIN parameter, which waits for a
/// touch and then fails (CTAP 2.1 §6.2.2 step 1).
pub(crate) fn request(info: &Info) -> Vec<u8> {
    if info.fido_2_1() {
        return selection::request();
    }
    let protocol = info.pin_uv_auth_protocols.first().copied();
    get_assertion::Request {
        rp_id: NOBODY,
        client_data_hash: &[0; 32],
        allow_list: &[],
        up: true,
        uv: false,
        pin_uv_auth: protocol.map(|protocol| (protocol, Vec::new())),
    }
    .encode()
}

/// What the reply means.
pub(crate) enum SelectionReply {
    /// The person touched this key.
    Touched,
    /// Nobody touched it in the key's own time: ask again.
    Again,
    /// The person refused on the key.
    Declined,
    /// The key cannot do it.
    Failed(ReplyError),
}

/// Reads the reply to [`message`].
pub(crate) fn reply_of(protocol: &Protocol, payload: &[u8]) -> Result<SelectionReply, u2f::ReplyError> {
    match protocol {
        Protocol::Ctap2(_) => Ok(reply(payload)),
        Protocol::U2f => match u2f::register::Response::parse(payload) {
            Ok(_) => Ok(SelectionReply::Touched),
            Err(u2f::ReplyError::Status(u2f::StatusWord::CONDITIONS_NOT_SATISFIED)) => {
                Ok(SelectionReply::Again)
            }
            Err(error) => Err(error),
        },
    }
}

/// Reads the reply to [`request`].
pub(crate) fn reply(payload: &[u8]) -> SelectionReply {
    match ctap::status::of(payload) {
        // The three are CTAP 2.0's answers to an empty PIN parameter, once touched.
        Ok(_)
        | Err(ReplyError::Status(Status::PIN_INVALID | Status::PIN_NOT_SET | Status::PIN_AUTH_INVALID)) => {
            SelectionReply::Touched
        }
        Err(ReplyError::Status(Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT)) => {
            SelectionReply::Again
        }
        Err(ReplyError::Status(Status::OPERATION_DENIED)) => SelectionReply::Declined,
        Err(error) => SelectionReply::Failed(error),
    }
}
