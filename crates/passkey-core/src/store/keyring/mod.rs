//! The login password, wrapped for passkeys: what opens the keyring after a sign-in without it.
//!
//! - [`WrappedPassword`]: one wrapping, under the secret that a key makes with one passkey ([`ctap::hmac_secret`]), and how it is made and
//!   undone.
//! - [`Keyring`]: a user's wrappings, as their file holds them. The file is root's alone: a locker that runs as the user opens none.

mod file;
mod wrapped;

use std::{path::PathBuf, time::Duration};

pub use file::Keyring;
pub use wrapped::{MAX_PASSWORD_LEN, NotUnwrapped, PasswordMark, WrapError, WrappedPassword};

use super::{Account, Store, StoreError, account_file, create_above, private_place, replace::Place};
use crate::safe_file::SafeFileError;

/// The longest file, in bytes: a thousand wrappings.
const MAX_FILE_LEN: u64 = 1024 * 1024;
/// How long a writer waits for another.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Wrapped passwords.
impl Store {
    /// The user's wrapped passwords; none where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, trusted or understood. It is root's alone: see [`StoreError::is_held_back`].
    pub fn load_keyring(&self, account: &Account) -> Result<Keyring, StoreError> {
        let place = self.keyring_place(account)?;
        match place.read() {
            Ok(text) => parse(&place, &text),
            Err(StoreError::File(SafeFileError::NotFound { .. })) => Ok(Keyring::default()),
            Err(error) => Err(error),
        }
    }

    /// Changes the user's wrapped passwords while no other writer can. What is left empty leaves no file.
    ///
    /// # Errors
    /// Whatever keeps the file from being read or written.
    pub fn update_keyring<T>(
        &self,
        account: &Account,
        change: impl FnOnce(&mut Keyring) -> T,
    ) -> Result<T, StoreError> {
        let place = self.keyring_place(account)?;
        create_above(&self.keyring_dir, place.owner)?;
        let locked = place.lock(LOCK_PATIENCE)?;
        let before = match locked.read()? {
            Some(text) => parse(&place, &text)?,
            None => Keyring::default(),
        };
        let mut keyring = before.clone();
        let result = change(&mut keyring);
        if keyring.is_empty() {
            locked.remove()?;
        } else if keyring != before {
            locked.replace(&keyring.encode())?;
        }
        Ok(result)
    }

    /// Takes all wrapped passwords away from the user, whatever state their file is in.
    ///
    /// # Errors
    /// Whatever keeps the file from being removed.
    pub fn remove_keyring(&self, account: &Account) -> Result<(), StoreError> {
        self.keyring_place(account)?.lock(LOCK_PATIENCE)?.remove()
    }

    /// Where the user's wrapped passwords are.
    ///
    /// # Errors
    /// When the account has no place there.
    pub fn keyring_path(&self, account: &Account) -> Result<PathBuf, StoreError> {
        account_file(&self.keyring_dir, account)
    }

    fn keyring_place(&self, account: &Account) -> Result<Place, StoreError> {
        private_place(&self.keyring_dir, account, MAX_FILE_LEN)
    }
}

fn parse(place: &Place, text: &str) -> Result<Keyring, StoreError> {
    Keyring::parse(text).map_err(|error| StoreError::malformed(&place.path, error))
}
