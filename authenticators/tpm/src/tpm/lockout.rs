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
            let [permanent] = open.properties([PropertyTag::Permanent])?;
            let [counter, max_tries, interval] = open.properties([
                PropertyTag::LockoutCounter,
                PropertyTag::MaxAuthFail,
                PropertyTag::LockoutInterval,
            ])?;
            let interval = Duration::from_secs(interval.into());
            Ok(Lockout { counter, max_tries, interval, is_locked: permanent & IN_LOCKOUT != 0 })
        })
    }
}

impl Open {
    /// Properties with numbers in a row.
    fn properties<const N: usize>(&mut self, tags: [PropertyTag; N]) -> Result<[u32; N], TpmError> {
        let wrong = || tss_esapi::Error::WrapperError(tss_esapi::WrapperErrorKind::WrongValueFromTpm);
        let first = tags.first().copied().ok_or_else(wrong)?;
        let count = u32::try_from(N).map_err(|_| wrong())?;
        let (data, _) = self.context.get_capability(CapabilityType::TpmProperties, first.into(), count)?;
        let CapabilityData::TpmProperties(found) = data else { return Err(wrong().into()) };
        let mut values = [0; N];
        for (value, tag) in values.iter_mut().zip(tags) {
            *value = found.find(tag).ok_or_else(wrong)?.value();
        }
        Ok(values)
    }
}
