//! Wrapping the login password for a passkey, with its key in hand.

use std::fmt;

use ctap::Secret;
use ctap::hmac_secret::{Outputs, Salt, Salts};

use super::{Session, include_services, mark};
use crate::{
    account::Account,
    ceremony::{self, KeySecret, Passkey, Platform, Prompter, SignIn, SignInError, Wanted},
    config::{Policy, UserVerification},
    credential::Credential,
    random::NoRandomness,
    store::{
        CredentialFile, StoreError,
        keyring::{Keyring, PasswordMark, WrapError, WrappedPassword},
    },
    time,
    verify::Verified,
};

/// Why a password was not wrapped.
#[derive(Debug)]
pub enum NotWrapped {
    /// None of the passkeys in question can.
    NoPasskey,
    /// The ceremony came to nothing.
    SignIn(SignInError),
    /// The key of this passkey made no secret, or did not verify its user.
    Withheld(Box<Credential>),
    /// What was wrapped for this passkey cannot be unwrapped.
    NotUnwrapped(Box<Credential>),
    /// It is no password, or there is no randomness.
    Wrap(WrapError),
    /// The wrapped passwords cannot be read or changed.
    Store(StoreError),
}

impl From<StoreError> for NotWrapped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NoRandomness> for NotWrapped {
    fn from(error: NoRandomness) -> Self {
        Self::Wrap(WrapError::Random(error))
    }
}

impl From<WrapError> for NotWrapped {
    fn from(error: WrapError) -> Self {
        Self::Wrap(error)
    }
}

impl fmt::Display for NotWrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPasskey => f.write_str("none of the passkeys can open the keyring"),
            Self::SignIn(error) => write!(f, "no passkey signed: {error:?}"),
            Self::Withheld(_) => f.write_str("the security key made no secret, or did not verify its user"),
            Self::NotUnwrapped(_) => f.write_str("what is wrapped for this passkey cannot be unwrapped"),
            Self::Wrap(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotWrapped {}

/// A passkey has signed, its user verified, and its key has made these of those.
struct Made {
    verified: Verified,
    salts: Salts,
    outputs: Outputs,
}

impl Session<'_> {
    /// Wraps the account's `password` for one of the passkeys of `file` that are `meant` and can: the one whose key the person uses. The
    /// password has to be right. Gives the passkey.
    ///
    /// # Errors
    /// [`NotWrapped`]. What was wrapped before stands then.
    pub fn wrap(
        &self,
        account: &Account,
        file: &CredentialFile,
        meant: impl Fn(&Credential) -> bool,
        password: &Known<'_>,
        platform: &mut impl Platform,
        prompter: &mut impl Prompter,
    ) -> Result<Credential, NotWrapped> {
        let mut salted = Vec::new();
        for credential in able(file).filter(|credential| meant(credential)) {
            salted.push((credential, Salts { first: WrappedPassword::new_salt()?, second: None }));
        }
        let Made { verified, salts, outputs } =
            self.make(account, &salted, password.forbidden_pin, platform, prompter)?;
        let Known { password, marked, .. } = password;
        let wrapped = wrap(account, &verified, salts.first, &outputs.first, password, *marked)?;
        self.store.update_keyring(account, |keyring| keyring.put(wrapped))?;
        Ok(verified.credential().clone())
    }

    /// Wraps the stored password again under another salt, in case the secret of the old one was seen. Gives the
    /// passkey.
    ///
    /// # Errors
    /// [`NotWrapped`]. What was wrapped before stands then.
    pub fn rotate(
        &self,
        account: &Account,
        file: &CredentialFile,
        meant: impl Fn(&Credential) -> bool,
        platform: &mut impl Platform,
        prompter: &mut impl Prompter,
    ) -> Result<Credential, NotWrapped> {
        let keyring: Keyring = self.store.load_keyring(account)?;
        let now = mark(self.users, account);
        let mut salted = Vec::new();
        for credential in able(file).filter(|credential| meant(credential)) {
            if let Some(wrapped) = keyring.get(&credential.id).filter(|wrapped| !wrapped.is_stale(now)) {
                let second = Some(WrappedPassword::new_salt()?);
                salted.push((credential, Salts { first: wrapped.salt(), second }));
            }
        }
        let Made { verified, salts, outputs } = self.make(account, &salted, None, platform, prompter)?;
        let credential = verified.credential();
        let (Some(salt), Some(secret), Some(wrapped)) =
            (salts.second, &outputs.second, keyring.get(&credential.id))
        else {
            return Err(NotWrapped::Withheld(Box::new(credential.clone())));
        };
        let password = wrapped
            .unwrap(account, credential, &outputs.first)
            .map_err(|_| NotWrapped::NotUnwrapped(Box::new(credential.clone())))?;
        let rewrapped = wrap(account, &verified, salt, secret, &password, wrapped.mark())?;
        // What has been found out of the password meanwhile stays found out.
        self.store.update_keyring(account, |keyring| keyring.put_again(rewrapped))?;
        Ok(credential.clone())
    }

    /// Has a key make secrets of the salts of its passkey. `forbidden_pin` is never sent to it as its PIN.
    fn make(
        &self,
        account: &Account,
        salted: &[(&Credential, Salts)],
        forbidden_pin: Option<&Secret>,
        platform: &mut impl Platform,
        prompter: &mut impl Prompter,
    ) -> Result<Made, NotWrapped> {
        if salted.is_empty() {
            return Err(NotWrapped::NoPasskey);
        }
        include_services(platform, account, salted.iter().map(|(credential, _)| *credential));
        let policy = Policy { verification: UserVerification::Required, ..self.policy.clone() };
        let passkeys: Vec<Passkey<'_>> = salted
            .iter()
            .map(|(credential, salts)| Passkey { credential, sign_count: None, salts: Some(*salts) })
            .collect();
        let wanted = Wanted::Passkeys(&passkeys);
        let request = SignIn { wanted, policy: &policy, forbidden_pin, takes_recovery_code: false };
        let attempt = ceremony::sign_in(platform, prompter, &request);
        let verified = attempt.result.map_err(NotWrapped::SignIn)?;
        let salts = salted.iter().find(|(credential, _)| *credential == verified.credential());
        match (attempt.secret, salts) {
            (KeySecret::Made(outputs), Some((_, salts))) if verified.user_verified() => {
                Ok(Made { verified, salts: *salts, outputs })
            }
            (KeySecret::Made(_) | KeySecret::NotAsked | KeySecret::Withheld, _) => {
                Err(NotWrapped::Withheld(Box::new(verified.credential().clone())))
            }
        }
    }
}

/// A password that is right, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The password.
    pub password: &'a Secret,
    /// The mark that the account's password had before this one was found to be right.
    pub marked: Option<PasswordMark>,
    /// The text that is never sent to a key as its PIN, since a person may mistake one for the other.
    pub forbidden_pin: Option<&'a Secret>,
}

fn wrap(
    account: &Account,
    verified: &Verified,
    salt: Salt,
    secret: &Secret,
    password: &Secret,
    marked: Option<PasswordMark>,
) -> Result<WrappedPassword, WrapError> {
    WrappedPassword::wrap(account, verified.credential(), salt, secret, password, marked, time::now())
}

/// The passkeys whose keys make secrets.
fn able(file: &CredentialFile) -> impl Iterator<Item = &Credential> {
    file.enabled().filter(|credential| credential.hmac_secret)
}
