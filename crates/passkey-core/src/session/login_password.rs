//! The login password that a passkey has wrapped, after a sign-in with that passkey.

use ctap::Secret;
use ctap::hmac_secret::Outputs;

use crate::{
    account::{Account, UserDatabase},
    ceremony::KeySecret,
    store::keyring::{Keyring, NotUnwrapped, PasswordMark},
    verify::Verified,
};

/// What a sign-in has for the modules that open the keyring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginPassword {
    /// None, and none is expected: the service does not unlock keyrings, or the account has no wrapped password.
    None,
    /// The password, to be handed on as `PAM_AUTHTOK`.
    Unwrapped(Secret),
    /// Nothing, although the account has wrapped its password.
    Shut(Shut),
}

/// Why a wrapped password cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// It is wrapped for other passkeys than the one that signed in.
    OtherPasskey,
    /// Likewise, and the key of this one makes no secrets.
    Unable,
    /// The account has another password now.
    Stale,
    /// The key made no secret, or its user was not verified.
    Withheld,
    /// What is wrapped cannot be read.
    Unreadable,
    /// What is wrapped was wrapped under another secret, for another account, or is damaged.
    NotUnwrapped,
}

impl LoginPassword {
    /// The password that `keyring`, which cannot be read where there is none, has for the passkey that was `verified`.
    pub(super) fn of(
        keyring: Option<&Keyring>,
        account: &Account,
        verified: &Verified,
        secret: &KeySecret,
        users: &dyn UserDatabase,
    ) -> Self {
        let Some(keyring) = keyring else { return Self::Shut(Shut::Unreadable) };
        if keyring.is_empty() {
            return Self::None;
        }
        let credential = verified.credential();
        let Some(wrapped) = keyring.get(&credential.id) else {
            return Self::Shut(if credential.hmac_secret { Shut::OtherPasskey } else { Shut::Unable });
        };
        if wrapped.is_stale(mark(users, account)) {
            return Self::Shut(Shut::Stale);
        }
        match secret {
            KeySecret::Made(Outputs { first, .. }) if verified.user_verified() => {
                match wrapped.unwrap(account, credential, first) {
                    Ok(password) => Self::Unwrapped(password),
                    Err(NotUnwrapped) => Self::Shut(Shut::NotUnwrapped),
                }
            }
            KeySecret::Made(_) | KeySecret::Withheld => Self::Shut(Shut::Withheld),
            // The service does not require user verification: that is its choice, and not reported.
            KeySecret::NotAsked => Self::None,
        }
    }
}

/// The mark of the password that the account has now, where the shadow database tells.
pub fn mark(users: &dyn UserDatabase, account: &Account) -> Option<PasswordMark> {
    let field = users.password_field(account).ok().flatten()?;
    PasswordMark::of_field(field.as_bytes())
}

#[cfg(test)]
#[path = "login_password_tests.rs"]
mod tests;
