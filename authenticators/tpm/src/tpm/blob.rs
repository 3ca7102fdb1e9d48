//! Objects outside of the TPM, encrypted by it.

use tss_esapi::structures::{Private, Public};
use tss_esapi::traits::{Marshall as _, UnMarshall as _};

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
