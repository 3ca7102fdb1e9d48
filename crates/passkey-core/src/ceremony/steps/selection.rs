//! Making a key blink so that the person can touch the one they mean.

use super::super::keys::{Message, Protocol};
use super::timing::{FASTEST_TOUCH, OWN_TIMEOUT};
use ctap::{Info, ReplyError, Status, get_assertion, selection, u2f};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// The RP ID of requests for which nothing is signed or kept: any name will do.
const NO_RP: &str = ".choice";

/// The person has touched one key to say that they mean it. Made here only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touched(());

/// The request to a key of this protocol. A U2F key makes a credential that is discarded.
pub(crate) fn message(protocol: &Protocol) -> Message {
    match protocol {
        Protocol::Ctap2(info) => Message::ctap2(request(info)),
        Protocol::U2f => {
            let nobody = Sha256::digest(NO_RP).into();
            Message::u2f(u2f::register::Request { challenge: &nobody, application: &nobody }.encode())
        }
    }
}

/// The request to a CTAP2 key: authenticatorSelection (CTAP 2.1 §6.9), or, for older keys, one with an empty PIN parameter, which waits for a
/// touch and then fails (CTAP 2.1 §6.2.2 step 1).
fn request(info: &Info) -> Vec<u8> {
    if info.fido_2_1() {
        return selection::request();
    }
    let protocol = info.pin_uv_auth_protocols.first().copied();
    get_assertion::Request {
        rp_id: NO_RP,
        client_data_hash: &[0; 32],
        allow_list: &[],
        hmac_secret: None,
        up: true,
        uv: false,
        pin_uv_auth: protocol.map(|protocol| (protocol, Vec::new())),
    }
    .encode()
}

/// What the reply means.
pub(crate) enum SelectionReply {
    /// The person touched this key.
    Touched(Touched),
    /// It says so, sooner than any person could.
    TooSoon,
    /// It was not touched in the key's own time: ask again.
    Again,
    /// The person refused on the key.
    Declined,
    /// The key cannot do it.
    Failed(ReplyError),
}

/// Reads the reply to [`message`], which the key took so long to give.
pub(crate) fn reply_of(
    protocol: &Protocol,
    payload: &[u8],
    took: Duration,
) -> Result<SelectionReply, u2f::ReplyError> {
    match protocol {
        Protocol::Ctap2(info) => Ok(reply(info, payload, took)),
        Protocol::U2f => match u2f::register::Response::parse(payload) {
            // It answers at once, also when it was touched long before.
            Ok(_) => Ok(SelectionReply::Touched(Touched(()))),
            Err(u2f::ReplyError::Status(u2f::StatusWord::CONDITIONS_NOT_SATISFIED)) => {
                Ok(SelectionReply::Again)
            }
            Err(error) => Err(error),
        },
    }
}

fn reply(info: &Info, payload: &[u8], took: Duration) -> SelectionReply {
    let reply = ctap::status::of(payload);
    let is_touched = match reply {
        Ok(_) => true,
        // The three are the answers to an empty PIN parameter, once touched.
        Err(ReplyError::Status(Status::PIN_INVALID | Status::PIN_NOT_SET | Status::PIN_AUTH_INVALID)) => {
            !info.fido_2_1()
        }
        Err(_) => false,
    };
    match reply {
        _ if is_touched && took < FASTEST_TOUCH => SelectionReply::TooSoon,
        _ if is_touched => SelectionReply::Touched(Touched(())),
        Ok(_) => SelectionReply::Again,
        Err(ReplyError::Status(Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT)) => {
            SelectionReply::Again
        }
        Err(ReplyError::Status(Status::OPERATION_DENIED)) if took >= OWN_TIMEOUT => SelectionReply::Again,
        Err(ReplyError::Status(Status::OPERATION_DENIED)) => SelectionReply::Declined,
        Err(error) => SelectionReply::Failed(error),
    }
}
