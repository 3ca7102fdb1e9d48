//! Objects outside of the TPM, encrypted by it.

use tss_esapi::attributes::ObjectAttributes;
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::structures::{
    Digest, KeyedHashScheme, Private, Public, PublicBuilder, PublicKeyedHashParameters, SensitiveData,
};
use tss_esapi::traits::{Marshall as _, UnMarshall as _};

use super::context::{AuthValue, Tpm};
use super::error::TpmError;

/// An object of the TPM's that is kept outside of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// `TPM2B_PRIVATE` without its length: encrypted and authenticated by the storage key.
    pub private: Vec<u8>,
    /// `TPMT_PUBLIC`.
    pub public: Vec<u8>,
}

impl Blob {
    pub(super) fn new(private: &Private, public: &Public) -> Result<Self, TpmError> {
        Ok(Self { private: private.value().to_vec(), public: public.marshall()? })
    }

    pub(super) fn parts(&self) -> Result<(Private, Public), TpmError> {
        Ok((Private::try_from(self.private.as_slice())?, Public::unmarshall(&self.public)?))
    }
}

impl Tpm {
    /// Makes an object that holds `data`, or a key that the TPM draws.
    pub(super) fn create_keyed_hash(
        &mut self,
        attributes: ObjectAttributes,
        scheme: KeyedHashScheme,
        auth: &AuthValue,
        data: Option<SensitiveData>,
    ) -> Result<Blob, TpmError> {
        let public = PublicBuilder::new()
            .with_public_algorithm(PublicAlgorithm::KeyedHash)
            .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
            .with_object_attributes(attributes)
            .with_keyed_hash_parameters(PublicKeyedHashParameters::new(scheme))
            .with_keyed_hash_unique_identifier(Digest::default())
            .build()?;
        let auth = auth.to_auth()?;
        self.in_session(|open| {
            let created = open.context.create(open.primary, public, Some(auth), data, None, None)?;
            Blob::new(&created.out_private, &created.out_public)
        })
    }
}
