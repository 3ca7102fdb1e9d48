//! What of a key outlives a power cycle, and what others see of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use opensk::api::key_store::CredentialSource;
use opensk::api::persist::{AttestationId, keys};
use sha2::{Digest, Sha256};
use sk_cbor::{Value, writer};

use super::sha256;
use crate::attestation;
use crate::counts::Tally;
use crate::hand::Hand;
use crate::{Asked, Attestation, Corruption, Fingerprints, KeyConfig, Misbehaviour, Sabotage, Timeline};

/// The failed attempts after which a PIN is blocked.
pub(crate) const MAX_PIN_RETRIES: u8 = 8;

/// Template number of the fingerprint that a key comes with.
const FIRST_FINGER: [u8; 1] = [1];

/// A body shared between the key's own thread and those who look at it.
pub(crate) struct Shared {
    body: Mutex<Body>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn new(config: KeyConfig) -> Self {
        Self { body: Mutex::new(Body::new(config)), changed: Condvar::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Body> {
        self.body.lock().expect("a key's thread has panicked")
    }

    /// Say that the key wants a touch, or no longer does.
    pub(crate) fn want_touch(&self, since: Option<Duration>) {
        let mut body = self.lock();
        if body.wanted_since.is_some() != since.is_some() {
            body.wanted_since = since;
            body.timeline.blinks.extend(since);
            self.changed.notify_all();
        }
    }

    /// Wait in real time until the key wants a touch. Returns whether it does.
    pub(crate) fn wait_wanted(&self, timeout: Duration) -> bool {
        let wait = self.changed.wait_timeout_while(self.lock(), timeout, |body| body.wanted_since.is_none());
        wait.expect("a key's thread has panicked").0.wanted_since.is_some()
    }
}

/// What a key remembers without power, for another one of the same configuration.
#[derive(Clone)]
pub struct Memory {
    flash: BTreeMap<usize, Vec<u8>>,
    sources: BTreeMap<Vec<u8>, CredentialSource>,
    blocks: u64,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("credentials", &self.sources.len()).finish_non_exhaustive()
    }
}

/// Memory, counts and plans of one key.
pub(crate) struct Body {
    pub(crate) config: KeyConfig,
    /// OpenSK's persistent entries.
    pub(crate) flash: BTreeMap<usize, Vec<u8>>,
    /// What its credential ids stand for.
    pub(crate) sources: BTreeMap<Vec<u8>, CredentialSource>,
    pub(crate) random: Random,
    pub(crate) tally: Tally,
    pub(crate) timeline: Timeline,
    pub(crate) hand: Hand,
    /// Since when the key has been asking for a touch, if it is.
    pub(crate) wanted_since: Option<Duration>,
    pub(crate) corruption: Option<Corruption>,
    /// It hears nothing and says nothing any more.
    pub(crate) mute: bool,
    /// It answers every CTAP2 request but getInfo with a CTAPHID error that no specification knows.
    pub(crate) garbled: bool,
    sabotage: Option<(Sabotage, usize)>,
    /// The CTAPHID error with which everything is answered until the power has gone and come again.
    jammed: Option<u8>,
}

impl Body {
    fn new(config: KeyConfig) -> Self {
        let random = Random { seed: config.seed, blocks: 0 };
        let mut body = Self {
            config,
            flash: BTreeMap::new(),
            sources: BTreeMap::new(),
            random,
            tally: Tally::default(),
            timeline: Timeline::default(),
            hand: Hand::default(),
            wanted_since: None,
            corruption: None,
            mute: false,
            garbled: false,
            sabotage: None,
            jammed: None,
        };
        body.reset();
        if let Some(pin) = &body.config.pin {
            let mut entry = vec![u8::try_from(pin.chars().count()).expect("a PIN is short")];
            entry.extend_from_slice(&Sha256::digest(pin.as_bytes())[..16]);
            body.flash.insert(keys::PIN_PROPERTIES, entry);
        }
        if body.config.fingerprints == Fingerprints::Enrolled {
            let mut entry = Vec::new();
            let template = vec![(Value::unsigned(1), Value::byte_string(FIRST_FINGER.to_vec()))];
            writer::write(Value::map(template), &mut entry).expect("a flat map");
            body.flash.insert(keys::FRIENDLY_NAMES.start, entry);
        }
        body
    }

    /// Forget everything but the model: no PIN, no credentials, no fingerprints.
    pub(crate) fn reset(&mut self) {
        self.flash.clear();
        self.sources.clear();
        let KeyConfig { aaguid, name, attestation, .. } = &self.config;
        let (id, (private_key, certificate)) = match attestation {
            Attestation::Itself | Attestation::Model => {
                (AttestationId::Batch, attestation::of_model(*aaguid))
            }
            Attestation::Enterprise => {
                self.flash.insert(keys::ENTERPRISE_ATTESTATION, Vec::new());
                (AttestationId::Enterprise, attestation::of_key(*aaguid, name.as_bytes()))
            }
        };
        self.flash.extend([
            (keys::AAGUID, aaguid.to_vec()),
            (keys::ATTESTATION_PRIVATE_KEY, private_key),
            (keys::ATTESTATION_CERTIFICATE, certificate),
            (keys::ATTESTATION_ID, vec![id as u8]),
        ]);
    }

    pub(crate) fn memory(&self) -> Memory {
        let Self { flash, sources, random, .. } = self;
        Memory { flash: flash.clone(), sources: sources.clone(), blocks: random.blocks }
    }

    pub(crate) fn recall(&mut self, memory: &Memory) {
        let Memory { flash, sources, blocks } = memory.clone();
        (self.flash, self.sources, self.random.blocks) = (flash, sources, blocks);
    }

    /// Misbehave from now on, or (None) no longer. Requests are counted anew.
    pub(crate) fn sabotage(&mut self, sabotage: Option<Sabotage>) {
        self.sabotage = sabotage.map(|sabotage| (sabotage, 0));
    }

    /// A request has come; how to misbehave, if the time has come for that. None: of a kind that nobody needed to name.
    pub(crate) fn misbehaviour(&mut self, asked: Option<Asked>) -> Option<Misbehaviour> {
        if self.jammed.is_some() {
            return self.jammed();
        }
        let (sabotage, seen) = self.sabotage.as_mut()?;
        let meant = match sabotage.asked {
            Some(kind) => asked == Some(kind),
            None => asked != Some(Asked::Init),
        };
        *seen += usize::from(meant);
        let how = (meant && *seen >= sabotage.nth).then_some(sabotage.how)?;
        if let Misbehaviour::UntilReplugged(code) = how {
            self.jammed = Some(code);
        }
        Some(how)
    }

    /// What a key that is jammed does in place of answering anything whatever.
    pub(crate) fn jammed(&self) -> Option<Misbehaviour> {
        self.jammed.map(Misbehaviour::HidError)
    }

    /// The power is gone, and with it what does not outlive it.
    pub(crate) fn power_off(&mut self) {
        self.tally.power_off();
        if self.jammed.take().is_some() {
            self.sabotage = None;
        }
    }

    /// PIN attempts left.
    pub(crate) fn pin_retries(&self) -> u8 {
        let fails = self.flash.get(&keys::PIN_RETRIES).and_then(|entry| entry.first().copied()).unwrap_or(0);
        MAX_PIN_RETRIES.saturating_sub(fails)
    }

    pub(crate) fn has_pin(&self) -> bool {
        self.flash.contains_key(&keys::PIN_PROPERTIES)
    }

    /// Discoverable credentials held.
    pub(crate) fn discoverable_credentials(&self) -> usize {
        self.flash.range(keys::CREDENTIALS).count()
    }
}

/// Randomness that is the same in every run: SHA-256 over seed and block number. It goes on over power cycles.
pub(crate) struct Random {
    seed: [u8; 32],
    blocks: u64,
}

impl Random {
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.blocks += 1;
            let block = sha256(&[&self.seed, &self.blocks.to_be_bytes()]);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
