//! One account.

use zeroize::Zeroizing;

use super::tries::{FingerTries, Tries};
use crate::tpm::Blob;

/// The state of an account. The default is that of a new account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Wrong PINs that it still has.
    pub tries: Tries,
    /// Wrong fingers that it still has.
    pub finger_tries: FingerTries,
    /// Its PIN, once it has one.
    pub pin: Option<PinRecord>,
    /// Its discoverable credentials, in the order in which they were made.
    pub credentials: Vec<Discoverable>,
}

/// A PIN and the secrets behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct PinRecord {
    /// The name of the storage key that everything here is under.
    pub storage_key: Vec<u8>,
    /// Makes the PIN's authorization value this account's, and this PIN's.
    pub salt: [u8; 32],
    /// The account's secret, sealed under the PIN.
    pub sealed: Blob,
    /// The key for `hmac-secret`, for the account's secret.
    pub hmac_key: Blob,
    /// The key under which the account's credential ids are its own.
    pub mac_key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for PinRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinRecord(..)")
    }
}

/// The account's secret once more, for a finger: this and the TPM together yield the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerSeal {
    /// The salt of the PIN that was right when it was made. A changed PIN makes it void.
    pub salt: [u8; 32],
    /// What the TPM gives the secret out for.
    pub auth: Zeroizing<[u8; 32]>,
    /// The account's secret.
    pub sealed: Blob,
}

impl std::fmt::Debug for FingerSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FingerSeal(..)")
    }
}

/// A discoverable credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discoverable {
    /// Its id, which has its key in it.
    pub id: Vec<u8>,
    /// The RP ID that it is for.
    pub rp_id: String,
    /// Whose it is.
    pub user: User,
}

/// A user, as the client names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user handle, 1 to 64 bytes.
    pub id: Vec<u8>,
    /// The account's name.
    pub name: Option<String>,
    /// The person's name.
    pub display_name: Option<String>,
}
