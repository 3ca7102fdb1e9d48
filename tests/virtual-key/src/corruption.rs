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
    /// One bit of the output of `hmac-secret` is flipped.
    HmacSecret,
    /// The output of `hmac-secret` is shorter than it can be.
    HmacSecretLength,
    /// The output of `hmac-secret` is a text.
    HmacSecretType,
    /// There is no output of `hmac-secret`, but one of another extension.
    HmacSecretMissing,
}

impl Corruption {
    /// Every one with its name on a command line.
    pub const NAMED: [(&'static str, Self); 10] = [
        ("signature", Self::Signature),
        ("rp-hash", Self::RpHash),
        ("flags", Self::Flags),
        ("uv", Self::UserVerified),
        ("counter", Self::Counter),
        ("credential-id", Self::CredentialId),
        ("hmac-secret", Self::HmacSecret),
        ("hmac-secret-length", Self::HmacSecretLength),
        ("hmac-secret-type", Self::HmacSecretType),
        ("hmac-secret-missing", Self::HmacSecretMissing),
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
            Self::HmacSecret | Self::HmacSecretLength | Self::HmacSecretType | Self::HmacSecretMissing => {
                self.apply_to_secret(authenticator_data);
            }
            Self::CredentialId => {
                // Only that of a new credential stands here, behind model and length.
                if authenticator_data[32] & 0x40 != 0 {
                    authenticator_data[55] ^= 0x01;
                }
            }
        }
    }
}

/// The name of the extension as CBOR.
const HMAC_SECRET: &[u8] = b"\x6bhmac-secret";

impl Corruption {
    /// Whether it changes nothing where no secret is asked for.
    pub fn is_of_secret(self) -> bool {
        match self {
            Self::HmacSecret | Self::HmacSecretLength | Self::HmacSecretType | Self::HmacSecretMissing => {
                true
            }
            Self::Signature
            | Self::RpHash
            | Self::Flags
            | Self::UserVerified
            | Self::Counter
            | Self::CredentialId => false,
        }
    }

    /// In place: the map of extensions is the last part, or the hash of the client data follows it.
    fn apply_to_secret(self, authenticator_data: &mut [u8]) {
        let place = authenticator_data.windows(HMAC_SECRET.len()).position(|window| window == HMAC_SECRET);
        let Some(name) = place else { return };
        let head = name + HMAC_SECRET.len();
        // A byte string of 24 to 255 bytes, or true in the place of it, in a new credential.
        let Some([0x58, length]) = authenticator_data.get(head..head + 2) else { return };
        let end = head + 2 + usize::from(*length);
        let output = &mut authenticator_data[head..end];
        match self {
            Self::HmacSecret => output[2 + 16] ^= 0x01,
            Self::HmacSecretType => {
                output[0] = 0x78;
                output[2..].fill(b'x');
            }
            Self::HmacSecretLength => {
                // Sixteen bytes, and what is left over for an extension "x".
                let rest = output.len() - 19;
                output[0] = 0x50;
                output[17..19].copy_from_slice(b"\x61x");
                match u8::try_from(rest - 1) {
                    Ok(length @ 0..24) => output[19] = 0x40 | length,
                    Ok(_) | Err(_) => {
                        output[19..21].copy_from_slice(&[0x58, u8::try_from(rest - 2).unwrap_or(0)]);
                    }
                }
                authenticator_data[name - 1] = 0xa2;
            }
            _ => authenticator_data[head - 1] ^= 0x01,
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
