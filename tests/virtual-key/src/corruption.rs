//! Keys that are honest up to the moment they answer.

use std::str::FromStr;

/// What a key does wrong in its replies to getAssertion, getNextAssertion and U2F authentication. Everything but [`Corruption::Signature`]
/// is wrong *and properly signed*, so that only the check of that very field can find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// One bit of the signature is flipped.
    Signature,
    /// One bit of the RP ID hash is flipped.
    RpHash,
    /// The user-present and user-verified flags are missing.
    Flags,
    /// The user-verified flag is missing.
    UserVerified,
    /// The signature counter is 1, whatever it was before: a cloned key.
    Counter,
}

impl Corruption {
    /// Apply to authenticator data, which may be followed by anything (WebAuthn §6.1); U2F signs the same layout.
    pub(crate) fn apply(self, authenticator_data: &mut [u8]) {
        if authenticator_data.len() < 37 {
            return;
        }
        match self {
            Self::Signature => {}
            Self::RpHash => authenticator_data[0] ^= 0x01,
            Self::Flags => authenticator_data[32] &= !0x05,
            Self::UserVerified => authenticator_data[32] &= !0x04,
            Self::Counter => authenticator_data[33..37].copy_from_slice(&1_u32.to_be_bytes()),
        }
    }
}

impl FromStr for Corruption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "signature" => Ok(Self::Signature),
            "rp-hash" => Ok(Self::RpHash),
            "flags" => Ok(Self::Flags),
            "uv" => Ok(Self::UserVerified),
            "counter" => Ok(Self::Counter),
            _ => Err(format!("no such corruption: {text} (signature, rp-hash, flags, uv, counter)")),
        }
    }
}
