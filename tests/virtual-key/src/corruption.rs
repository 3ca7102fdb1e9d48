//! Keys that are honest up to the moment they answer.

use std::str::FromStr;

/// What a key does wrong in its replies to getAssertion, getNextAssertion and U2F authentication, and, where a
/// [`Sabotage`](crate::Sabotage) says so, to makeCredential. Everything but [`Corruption::Signature`] is wrong *and properly signed*, so
/// that only the check of that very field can find it.
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
    /// The credential id, which no signature covers, is another one of the allow list; where there is none, one that nobody made.
    CredentialId,
}

impl Corruption {
    /// Every one with its name on a command line.
    pub const NAMED: [(&'static str, Self); 6] = [
        ("signature", Self::Signature),
        ("rp-hash", Self::RpHash),
        ("flags", Self::Flags),
        ("uv", Self::UserVerified),
        ("counter", Self::Counter),
        ("credential-id", Self::CredentialId),
    ];

    /// The name on a command line.
    ///
    /// # Panics
    /// Never: every one has a name.
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, corruption)| *corruption == self).expect("all have one").0
    }

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
            Self::CredentialId => {
                // Only that of a new credential stands here, behind model and length.
                if authenticator_data[32] & 0x40 != 0 {
                    authenticator_data[55] ^= 0x01;
                }
            }
        }
    }
}

impl FromStr for Corruption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::NAMED.iter().find(|(name, _)| *name == text);
        known.map(|(_, corruption)| *corruption).ok_or_else(|| {
            let names: Vec<&str> = Self::NAMED.iter().map(|(name, _)| *name).collect();
            format!("no such corruption: {text} ({})", names.join(", "))
        })
    }
}
