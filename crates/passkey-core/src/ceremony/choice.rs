//! Making a key blink so that the person can touch the one they mean.

use ctap::{Info, ReplyError, Status, get_assertion, selection};

/// The request: authenticatorSelection (CTAP 2.1 §6.9), or, for older keys, one with an empty PIN parameter, which waits for a
/// touch and then fails (CTAP 2.1 §6.2.2 step 1).
pub(super) fn request(info: &Info) -> Vec<u8> {
    if info.fido_2_1() {
        return selection::request();
    }
    let protocol = info.pin_uv_auth_protocols.first().copied();
    get_assertion::Request {
        // Nothing is signed: any name will do.
        rp_id: ".choice",
        client_data_hash: &[0; 32],
        allow_list: &[],
        up: true,
        uv: false,
        pin_uv_auth: protocol.map(|protocol| (protocol, Vec::new())),
    }
    .encode()
}

/// What the reply means.
pub(super) enum Choice {
    /// The person touched this key.
    Touched,
    /// Nobody touched it in the key's own time: ask again.
    Again,
    /// The person refused on the key.
    Declined,
    /// The key cannot do it.
    Failed(ReplyError),
}

/// Reads the reply to [`request`].
pub(super) fn reply(payload: &[u8]) -> Choice {
    match ctap::status::of(payload) {
        // The three are CTAP 2.0's answers to an empty PIN parameter, once touched.
        Ok(_)
        | Err(ReplyError::Status(Status::PIN_INVALID | Status::PIN_NOT_SET | Status::PIN_AUTH_INVALID)) => {
            Choice::Touched
        }
        Err(ReplyError::Status(Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT)) => Choice::Again,
        Err(ReplyError::Status(Status::OPERATION_DENIED)) => Choice::Declined,
        Err(error) => Choice::Failed(error),
    }
}
