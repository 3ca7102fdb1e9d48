//! What extensions carry, in requests and in authenticator data alike (CTAP 2.1 §12).

/// The `credProtect` extension's levels (CTAP 2.1 §12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredProtect {
    /// Nothing is required.
    UserVerificationOptional,
    /// Shows itself without user verification only to those who know its id.
    UserVerificationOptionalWithCredentialIdList,
    /// Never shows itself without user verification.
    UserVerificationRequired,
}

impl CredProtect {
    /// The number on the wire.
    pub fn level(self) -> u8 {
        match self {
            Self::UserVerificationOptional => 1,
            Self::UserVerificationOptionalWithCredentialIdList => 2,
            Self::UserVerificationRequired => 3,
        }
    }

    /// The reverse of [`CredProtect::level`].
    pub fn from_level(level: u8) -> Option<Self> {
        match level {
            1 => Some(Self::UserVerificationOptional),
            2 => Some(Self::UserVerificationOptionalWithCredentialIdList),
            3 => Some(Self::UserVerificationRequired),
            _ => None,
        }
    }
}
