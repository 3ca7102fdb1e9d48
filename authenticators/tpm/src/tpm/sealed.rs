//! A secret that the TPM releases only for the right authorization value; it counts the wrong ones.

use ctap::Secret;
use tss_esapi::attributes::ObjectAttributesBuilder;
use tss_esapi::structures::{KeyedHashScheme, SensitiveData};

use super::blob::Blob;
use super::context::{AuthValue, Tpm};
use super::error::TpmError;

impl Tpm {
    /// Seals a secret. `noDA` is clear: wrong authorization values count.
    ///
    /// # Errors
    /// When the TPM cannot be used.
    pub fn seal(&mut self, secret: &Secret, auth: &AuthValue) -> Result<Blob, TpmError> {
        self.seal_with(secret, auth, false)
    }

    /// Seals a secret for a random authorization value, which cannot be guessed: wrong ones do not count (`noDA`), and it can be had while
    /// the TPM is locked.
    ///
    /// # Errors
    /// When the TPM cannot be used.
    pub fn seal_for_random(&mut self, secret: &Secret, auth: &AuthValue) -> Result<Blob, TpmError> {
        self.seal_with(secret, auth, true)
    }

    fn seal_with(&mut self, secret: &Secret, auth: &AuthValue, no_da: bool) -> Result<Blob, TpmError> {
        let attributes = ObjectAttributesBuilder::new()
            .with_fixed_tpm(true)
            .with_fixed_parent(true)
            .with_user_with_auth(true)
            .with_no_da(no_da)
            .build()?;
        let data = SensitiveData::try_from(secret.as_bytes())?;
        self.create_keyed_hash(attributes, KeyedHashScheme::Null, auth, Some(data))
    }

    /// Gives the secret out.
    ///
    /// # Errors
    /// [`TpmError::WrongAuth`], which has then been counted; [`TpmError::Lockout`]; or what else stands in the way.
    pub fn unseal(&mut self, blob: &Blob, auth: &AuthValue) -> Result<Secret, TpmError> {
        let parts = blob.parts()?;
        self.in_session(|open| {
            open.with_loaded(parts, auth, |context, object| {
                let data = context.unseal(object.into())?;
                Ok(Secret::new(data.value().to_vec()))
            })
        })
    }
}
