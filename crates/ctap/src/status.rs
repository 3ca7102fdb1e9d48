//! CTAP status codes: the first byte of every `CTAPHID_CBOR` reply (CTAP 2.1 §8.2).

use std::fmt;

use crate::cbor::Malformed;

/// A status code. Every byte is one; those without a name in the specification keep their number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u8);

/// Declares the codes, and the table from which they get their names when printed.
macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $spec_name:literal;)*) => {
        impl Status {
            $($(#[$doc])* pub const $name: Self = Self($code);)*
        }

        const NAMES: &[(Status, &str)] = &[$((Status::$name, $spec_name)),*];
    };
}

statuses! {
    /// Done.
    OK = 0x00, "CTAP2_OK";
    /// No command of this authenticator.
    INVALID_COMMAND = 0x01, "CTAP1_ERR_INVALID_COMMAND";
    /// A parameter of the command is invalid.
    INVALID_PARAMETER = 0x02, "CTAP1_ERR_INVALID_PARAMETER";
    /// The message or an item of it has an invalid length.
    INVALID_LENGTH = 0x03, "CTAP1_ERR_INVALID_LENGTH";
    /// The sequence of the message's packets is wrong.
    INVALID_SEQ = 0x04, "CTAP1_ERR_INVALID_SEQ";
    /// The message timed out.
    TIMEOUT = 0x05, "CTAP1_ERR_TIMEOUT";
    /// The authenticator is busy with another client.
    CHANNEL_BUSY = 0x06, "CTAP1_ERR_CHANNEL_BUSY";
    /// The command requires a channel lock.
    LOCK_REQUIRED = 0x0a, "CTAP1_ERR_LOCK_REQUIRED";
    /// The command is not allowed on this channel.
    INVALID_CHANNEL = 0x0b, "CTAP1_ERR_INVALID_CHANNEL";
    /// A CBOR item has an unexpected type.
    CBOR_UNEXPECTED_TYPE = 0x11, "CTAP2_ERR_CBOR_UNEXPECTED_TYPE";
    /// The request is no valid CBOR.
    INVALID_CBOR = 0x12, "CTAP2_ERR_INVALID_CBOR";
    /// A required parameter is missing.
    MISSING_PARAMETER = 0x14, "CTAP2_ERR_MISSING_PARAMETER";
    /// More items than the authenticator takes.
    LIMIT_EXCEEDED = 0x15, "CTAP2_ERR_LIMIT_EXCEEDED";
    /// CTAP 2.0's code for an extension that is not supported.
    UNSUPPORTED_EXTENSION = 0x16, "CTAP2_ERR_UNSUPPORTED_EXTENSION";
    /// No room for another fingerprint.
    FP_DATABASE_FULL = 0x17, "CTAP2_ERR_FP_DATABASE_FULL";
    /// No room for the large blobs.
    LARGE_BLOB_STORAGE_FULL = 0x18, "CTAP2_ERR_LARGE_BLOB_STORAGE_FULL";
    /// A passkey of the exclude list is on this authenticator.
    CREDENTIAL_EXCLUDED = 0x19, "CTAP2_ERR_CREDENTIAL_EXCLUDED";
    /// CTAP 2.0's code for an operation that is under way.
    PROCESSING = 0x21, "CTAP2_ERR_PROCESSING";
    /// No credential of this authenticator.
    INVALID_CREDENTIAL = 0x22, "CTAP2_ERR_INVALID_CREDENTIAL";
    /// The authenticator waits for the person.
    USER_ACTION_PENDING = 0x23, "CTAP2_ERR_USER_ACTION_PENDING";
    /// An operation is already pending.
    OPERATION_PENDING = 0x24, "CTAP2_ERR_OPERATION_PENDING";
    /// No operation is pending.
    NO_OPERATIONS = 0x25, "CTAP2_ERR_NO_OPERATIONS";
    /// None of the algorithms offered.
    UNSUPPORTED_ALGORITHM = 0x26, "CTAP2_ERR_UNSUPPORTED_ALGORITHM";
    /// The person declined, or the authenticator did for them.
    OPERATION_DENIED = 0x27, "CTAP2_ERR_OPERATION_DENIED";
    /// No room for another passkey.
    KEY_STORE_FULL = 0x28, "CTAP2_ERR_KEY_STORE_FULL";
    /// CTAP 2.0's code for being busy.
    NOT_BUSY = 0x29, "CTAP2_ERR_NOT_BUSY";
    /// CTAP 2.0's code for having nothing to cancel.
    NO_OPERATION_PENDING = 0x2a, "CTAP2_ERR_NO_OPERATION_PENDING";
    /// An option is not supported.
    UNSUPPORTED_OPTION = 0x2b, "CTAP2_ERR_UNSUPPORTED_OPTION";
    /// An option is not valid here.
    INVALID_OPTION = 0x2c, "CTAP2_ERR_INVALID_OPTION";
    /// Cancelled by `CTAPHID_CANCEL`.
    KEEPALIVE_CANCEL = 0x2d, "CTAP2_ERR_KEEPALIVE_CANCEL";
    /// None of the credentials asked for, or none for the RP ID.
    NO_CREDENTIALS = 0x2e, "CTAP2_ERR_NO_CREDENTIALS";
    /// The authenticator was not touched in time.
    USER_ACTION_TIMEOUT = 0x2f, "CTAP2_ERR_USER_ACTION_TIMEOUT";
    /// The command does not continue what went before, or is not allowed now.
    NOT_ALLOWED = 0x30, "CTAP2_ERR_NOT_ALLOWED";
    /// Wrong PIN.
    PIN_INVALID = 0x31, "CTAP2_ERR_PIN_INVALID";
    /// Too many wrong PINs: no PIN is taken until the authenticator is reset.
    PIN_BLOCKED = 0x32, "CTAP2_ERR_PIN_BLOCKED";
    /// `pinUvAuthParam` does not verify.
    PIN_AUTH_INVALID = 0x33, "CTAP2_ERR_PIN_AUTH_INVALID";
    /// Too many wrong PINs in a row: unplug the authenticator before the next.
    PIN_AUTH_BLOCKED = 0x34, "CTAP2_ERR_PIN_AUTH_BLOCKED";
    /// No PIN has been set.
    PIN_NOT_SET = 0x35, "CTAP2_ERR_PIN_NOT_SET";
    /// A `pinUvAuthToken` is required (CTAP 2.0: `CTAP2_ERR_PIN_REQUIRED`).
    PUAT_REQUIRED = 0x36, "CTAP2_ERR_PUAT_REQUIRED";
    /// The new PIN is too weak, or the present one must be changed.
    PIN_POLICY_VIOLATION = 0x37, "CTAP2_ERR_PIN_POLICY_VIOLATION";
    /// CTAP 2.0's code for a token that has expired; reserved since.
    PIN_TOKEN_EXPIRED = 0x38, "CTAP2_ERR_PIN_TOKEN_EXPIRED";
    /// The request is larger than the authenticator can hold.
    REQUEST_TOO_LARGE = 0x39, "CTAP2_ERR_REQUEST_TOO_LARGE";
    /// The person did not act in time.
    ACTION_TIMEOUT = 0x3a, "CTAP2_ERR_ACTION_TIMEOUT";
    /// A touch is required.
    UP_REQUIRED = 0x3b, "CTAP2_ERR_UP_REQUIRED";
    /// The built-in user verification is locked.
    UV_BLOCKED = 0x3c, "CTAP2_ERR_UV_BLOCKED";
    /// A checksum over data does not match.
    INTEGRITY_FAILURE = 0x3d, "CTAP2_ERR_INTEGRITY_FAILURE";
    /// No subcommand of this authenticator.
    INVALID_SUBCOMMAND = 0x3e, "CTAP2_ERR_INVALID_SUBCOMMAND";
    /// The built-in user verification did not recognise the person.
    UV_INVALID = 0x3f, "CTAP2_ERR_UV_INVALID";
    /// The token lacks the permission.
    UNAUTHORIZED_PERMISSION = 0x40, "CTAP2_ERR_UNAUTHORIZED_PERMISSION";
    /// Anything else.
    OTHER = 0x7f, "CTAP1_ERR_OTHER";
    /// The last code of the specification.
    SPEC_LAST = 0xdf, "CTAP2_ERR_SPEC_LAST";
    /// The first code of an extension.
    EXTENSION_FIRST = 0xe0, "CTAP2_ERR_EXTENSION_FIRST";
    /// The last code of an extension.
    EXTENSION_LAST = 0xef, "CTAP2_ERR_EXTENSION_LAST";
    /// The first code of a vendor.
    VENDOR_FIRST = 0xf0, "CTAP2_ERR_VENDOR_FIRST";
    /// The last code of a vendor.
    VENDOR_LAST = 0xff, "CTAP2_ERR_VENDOR_LAST";
}

impl Status {
    /// The specification's name for the code, if it has one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(status, _)| *status == self).map(|(_, name)| *name)
    }
}

/// `CTAP2_ERR_NO_CREDENTIALS (0x2e)`, or `status 0x99` for a code without a name.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:02x})", self.0),
            None => write!(f, "status 0x{:02x}", self.0),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a reply to a `CTAPHID_CBOR` request carries no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// The authenticator refused, and says why. Never [`Status::OK`].
    Status(Status),
    /// The reply is not what the specification says it should be.
    Malformed(Malformed),
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the security key answered {status}"),
            Self::Malformed(malformed) => write!(f, "the security key's reply is malformed: {malformed}"),
        }
    }
}

impl std::error::Error for ReplyError {}

impl From<Malformed> for ReplyError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Parts a `CTAPHID_CBOR` reply into its status and what follows: the CBOR of a reply whose status is [`Status::OK`].
///
/// # Errors
/// The status, where it is another; [`Malformed::Truncated`] for a reply without one.
pub fn of(payload: &[u8]) -> Result<&[u8], ReplyError> {
    match payload.split_first() {
        Some((&status, cbor)) if Status(status) == Status::OK => Ok(cbor),
        Some((&status, _)) => Err(ReplyError::Status(Status(status))),
        None => Err(ReplyError::Malformed(Malformed::Truncated)),
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
