//! A key for HMAC-SHA-256 that is made in the TPM and stays there.

use ctap::Secret;
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::structures::{KeyedHashScheme, MaxBuffer};

use super::blob::Blob;
use super::context::{AuthValue, Tpm, made_here};
use super::error::TpmError;

impl Tpm {
    /// Makes a key. Its authorization value is random, so `noDA` is set.
    ///
    /// # Errors
    /// When the TPM cannot be used.
    pub fn create_hmac_key(&mut self, auth: &AuthValue) -> Result<Blob, TpmError> {
        let attributes = made_here().with_sign_encrypt(true).build()?;
        self.create_keyed_hash(attributes, KeyedHashScheme::HMAC_SHA_256, auth, None)
    }

    /// The MACs of messages, 32 bytes each.
    ///
    /// # Errors
    /// When the key is not this TPM's, the authorization value not the key's, or the TPM cannot be used.
    pub fn hmac(
        &mut self,
        key: &Blob,
        auth: &AuthValue,
        messages: &[Vec<u8>],
    ) -> Result<Vec<Secret>, TpmError> {
        let parts = key.parts()?;
        self.in_session(|open| {
            open.with_loaded(parts, auth, |context, object| {
                let mut mac = |message: &Vec<u8>| {
                    let buffer = MaxBuffer::try_from(message.as_slice())?;
                    let digest = context.hmac(object.into(), buffer, HashingAlgorithm::Sha256)?;
                    Ok(Secret::new(digest.value().to_vec()))
                };
                messages.iter().map(&mut mac).collect()
            })
        })
    }
}
