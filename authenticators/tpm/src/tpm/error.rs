//! Errors of the TPM.

use std::fmt;

use tss_esapi::Error;
use tss_esapi::constants::Tss2ResponseCodeKind as Kind;

/// Why the TPM did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TpmError {
    /// The authorization value of an object that counts wrong ones is wrong. The TPM has counted it.
    WrongAuth,
    /// The TPM has counted too many wrong authorization values and takes none at present.
    Lockout,
    /// The object is not this TPM's: made by another one, or before it was cleared.
    Foreign,
    /// The TPM is in failure mode.
    Failure(Error),
    /// It cannot be reached, or does not answer as a TPM should.
    Unavailable(Error),
}

impl From<Error> for TpmError {
    fn from(error: Error) -> Self {
        let Error::Tss2Error(code) = error else { return Self::Unavailable(error) };
        match code.kind() {
            Some(Kind::AuthFail) => Self::WrongAuth,
            Some(Kind::Lockout) => Self::Lockout,
            Some(Kind::Integrity) => Self::Foreign,
            Some(Kind::Failure) => Self::Failure(error),
            _ => Self::Unavailable(error),
        }
    }
}

impl fmt::Display for TpmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongAuth => f.write_str("the TPM refuses the authorization"),
            Self::Lockout => f.write_str(
                "the TPM is locked after too many wrong PINs and recovers by itself \
                 (`tpm2_getcap properties-variable` shows TPM2_PT_LOCKOUT_INTERVAL)",
            ),
            Self::Foreign => f.write_str("it is not this TPM's"),
            Self::Failure(error) => {
                write!(f, "the TPM is in failure mode; switch the computer off and on again ({error})")
            }
            Self::Unavailable(error) => write!(
                f,
                "the TPM cannot be used: {}; is it switched on in the firmware's settings, \
                 and may this user open /dev/tpmrm0?",
                Said(error)
            ),
        }
    }
}

impl std::error::Error for TpmError {}

/// Displays a library error, including those without a text.
struct Said<'a>(&'a Error);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::Tss2Error(code) if code.kind().is_none() => f.write_str("it does not answer"),
            error => error.fmt(f),
        }
    }
}
