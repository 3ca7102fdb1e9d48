//! A key for HMAC-SHA-256 that is made in the TPM and stays there.

use ctap::Secret;
use tss_esapi::attributes::ObjectAttributesBuilder;
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::structures::{KeyedHashScheme, MaxBuffer, PublicBuilder, PublicKeyedHashParameters};

use super::blob::Blob;
use super::context::{AuthValue, Tpm};
use super::error::TpmError;

impl Tpm {
    /// Makes a key. Its authorization value is random, so `noDA` is set.
    ///
    /// # Errors
    /// When the TPM cannot be used.
    pub fn create_hmac_key(&mut self, auth: &AuthValue) -> Result<Blob, TpmError> {
        let attributes = ObjectAttributesBuilder::new()
            .with_fixed_tpm(true)
            .with_fixed_parent(true)
            .with_sensitive_data_origin(true)
            .with_user_with_auth(true)
            .with_no_da(true)
            .with_sign_encrypt(true)
            .build()?;
        let public = PublicBuilder::new()
            .with_public_algorithm(PublicAlgorithm::KeyedHash)
            .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
            .with_object_attributes(attributes)
            .with_keyed_hash_parameters(PublicKeyedHashParameters::new(KeyedHashScheme::HMAC_SHA_256))
            .with_keyed_hash_unique_identifier(tss_esapi::structures::Digest::default())
            .build()?;
        let auth = auth.to_auth()?;
        self.in_session(|open| {
            let created = open.context.create(open.primary, public, Some(auth), None, None, None)?;
            Blob::new(&created.out_private, &created.out_public)
        })
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
