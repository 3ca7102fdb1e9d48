//! The TPM's protection against dictionary attacks.

use std::time::Duration;

use tss_esapi::constants::{CapabilityType, PropertyTag};
use tss_esapi::structures::CapabilityData;

use super::context::{Open, Tpm};
use super::error::TpmError;

/// `inLockout` in `TPMA_PERMANENT`.
const IN_LOCKOUT: u32 = 1 << 9;

/// How it stands with wrong authorization values (TPM 2.0 Part 1 §19.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lockout {
    /// Wrong ones that count at present.
    pub counter: u32,
    /// How many lock the TPM.
    pub max_tries: u32,
    /// How long it takes until one less counts.
    pub interval: Duration,
    /// Whether the TPM is locked.
    pub is_locked: bool,
}

impl Lockout {
    /// Wrong ones that the TPM still takes.
    pub fn left(&self) -> u32 {
        if self.is_locked { 0 } else { self.max_tries.saturating_sub(self.counter) }
    }
}

impl Tpm {
    /// How it stands with wrong authorization values.
    ///
    /// # Errors
    /// When the TPM cannot be used.
    pub fn lockout(&mut self) -> Result<Lockout, TpmError> {
        self.attempt(|open| {
            let permanent = open.property(PropertyTag::Permanent)?;
            Ok(Lockout {
                counter: open.property(PropertyTag::LockoutCounter)?,
                max_tries: open.property(PropertyTag::MaxAuthFail)?,
                interval: Duration::from_secs(open.property(PropertyTag::LockoutInterval)?.into()),
                is_locked: permanent & IN_LOCKOUT != 0,
            })
        })
    }
}

impl Open {
    fn property(&mut self, tag: PropertyTag) -> Result<u32, TpmError> {
        let (data, _) = self.context.get_capability(CapabilityType::TpmProperties, tag.into(), 1)?;
        let wrong = || tss_esapi::Error::WrapperError(tss_esapi::WrapperErrorKind::WrongValueFromTpm).into();
        let CapabilityData::TpmProperties(properties) = data else { return Err(wrong()) };
        properties.find(tag).map(tss_esapi::structures::TaggedProperty::value).ok_or_else(wrong)
    }
}
