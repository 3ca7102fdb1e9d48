//! What can be asked of a running `virtual-key`: the same definition is its command line and its protocol.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use super::impostor::AddImpostor;
use super::quirks::QuirkOptions;
use crate::{
    Asked, Attestation, Corruption, Fingerprints, Form, KeyConfig, PinProtocols, Profile, Refusal, Sabotage,
};

/// One command to the keys.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant)] // there is one at a time
pub enum Command {
    /// Make a key and plug it in.
    Add(Add),
    /// Make a device that was never enrolled and lies, and plug it in.
    AddImpostor(AddImpostor),
    /// Tell what an impostor was asked, when it blinked and when it was touched, in milliseconds since it was made.
    Requests {
        /// The impostor.
        name: String,
        /// Forget it all afterwards.
        #[arg(long)]
        reset: bool,
    },
    /// Touch a key now; lost unless the key waits for it.
    Touch {
        /// The key.
        name: String,
        /// First wait at most this long for the key to wait for a touch.
        #[arg(long, value_name = "MS", default_value_t = 0)]
        within: u64,
        /// Touch the fingerprint sensor with a finger that it does not know.
        #[arg(long)]
        stranger: bool,
    },
    /// Touch a key so long after it next asks for it, once.
    TouchAfter {
        /// The key.
        name: String,
        /// Milliseconds.
        ms: u64,
    },
    /// Touch a key so long after each time it asks for it.
    AutoTouch {
        /// The key.
        name: String,
        /// Whether to.
        state: Switch,
        /// Milliseconds.
        #[arg(default_value_t = 0)]
        ms: u64,
    },
    /// Forget every planned touch of a key.
    Never {
        /// The key.
        name: String,
    },
    /// Plug a key in.
    Plug {
        /// The key.
        name: String,
    },
    /// Unplug a key; it keeps what it stores.
    Unplug {
        /// The key.
        name: String,
    },
    /// Let each report to and from a key take so long.
    Latency {
        /// The key.
        name: String,
        /// Microseconds.
        us: u64,
    },
    /// Tell whether a key waits for a touch.
    Blinking {
        /// The key.
        name: String,
    },
    /// Wait until a key waits for a touch; fails if it does not.
    WaitBlinking {
        /// The key.
        name: String,
        /// How long at most.
        #[arg(long, value_name = "MS", default_value_t = 30_000)]
        timeout: u64,
    },
    /// Tell what has gone over the wire.
    Counts {
        /// The key.
        name: String,
        /// Set the counts to zero afterwards.
        #[arg(long)]
        reset: bool,
    },
    /// Tell when a key was first asked, blinked, was touched and last answered, in nanoseconds of `CLOCK_MONOTONIC`.
    Timeline {
        /// The key; no impostor.
        name: String,
        /// Forget it all afterwards.
        #[arg(long)]
        reset: bool,
    },
    /// Tell how many PIN attempts are left.
    Retries {
        /// The key.
        name: String,
    },
    /// Let a key misbehave in its assertions: signature, rp-hash, flags, uv, counter, or none.
    Corrupt {
        /// The key.
        name: String,
        /// In what way.
        #[arg(value_parser = |text: &str| corruption(text).map(|_| text.to_owned()))]
        what: String,
    },
    /// Let a key hear nothing and say nothing, or hear again.
    Mute {
        /// The key.
        name: String,
        /// Whether to.
        state: Switch,
    },
    /// Let a key answer nonsense, or sense again.
    Garble {
        /// The key.
        name: String,
        /// Whether to.
        state: Switch,
    },
    /// Let a key misbehave in its replies: mute, keepalives, foreign-channel, refusal-0x33, until-replugged-0x06 and so on, or none.
    Misbehave {
        /// The key.
        name: String,
        /// In what way.
        #[arg(value_parser = |text: &str| sabotage(text, None, 1).map(|_| text.to_owned()))]
        how: String,
        /// In the replies to these requests: init, info, silent-assertion, assertion and so on; to every request but INIT without.
        #[arg(long, value_name = "REQUEST", value_parser = |text: &str| text.parse::<Asked>().map(|_| text.to_owned()))]
        at: Option<String>,
        /// From the n-th such request on.
        #[arg(long, value_name = "N", default_value_t = 1)]
        nth: usize,
    },
    /// Reset a key to its factory state.
    Forget {
        /// The key.
        name: String,
    },
    /// List all keys.
    List,
    /// Unplug all keys and end.
    Quit,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// What a new key is like.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // switches of a command line
pub struct Add {
    /// The key's name in all other commands.
    pub name: String,
    /// Set this PIN.
    #[arg(long)]
    pub pin: Option<String>,
    /// The shortest PIN that can be set, in characters.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub min_pin: u8,
    /// `maxCredentialCountInList`; 0: not stated.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub list_max: usize,
    /// How many discoverable credentials there is room for.
    #[arg(long, value_name = "N", default_value_t = 150)]
    pub room: usize,
    /// `maxMsgSize`. The kernel keeps 31 reports for a device that is slow to read and drops the rest without a word:
    /// messages of up to 1827 bytes always arrive, longer ones only if the machine is fast enough.
    #[arg(long, value_name = "BYTES", default_value_t = 1200)]
    pub message_max: usize,
    /// With a fingerprint sensor, and one fingerprint enrolled.
    #[arg(long)]
    pub fingerprint: bool,
    /// With a fingerprint sensor, and no fingerprint enrolled.
    #[arg(long, conflicts_with = "fingerprint")]
    pub blank_sensor: bool,
    /// Ask for user verification always.
    #[arg(long)]
    pub always_uv: bool,
    /// In the hands of its person; built into a computer, where its PIN is all it asks for; or in a phone, behind a service with a code to
    /// scan.
    #[arg(long, value_parser = ["roaming", "platform", "hybrid"], default_value = "roaming")]
    pub form: String,
    /// PIN/UV auth protocols: 1, 2 or both.
    #[arg(long, value_parser = ["1", "2", "both"], default_value = "both")]
    pub protocols: String,
    /// The newest specification that the key knows: 2.1, 2.0 or u2f. One of the last two claims to know CBOR, and refuses every request
    /// of CTAP2 with status 0x01, or with error 0x01 of CTAPHID.
    #[arg(long, value_parser = ["2.1", "2.0", "u2f", "u2f-cbor-status", "u2f-cbor-error"], default_value = "2.1")]
    pub ctap: String,
    /// Attest credentials with a certificate; see `virtual-key attestation-root`.
    #[arg(long)]
    pub attestation: bool,
    /// Attest credentials with a certificate of this very key, with its name as the serial number, if asked for that.
    #[arg(long, conflicts_with = "attestation")]
    pub enterprise: bool,
    /// Model identifier: 32 hexadecimal digits, hyphens allowed.
    #[arg(long, value_parser = |text: &str| aaguid(text).map(|_| text.to_owned()))]
    pub aaguid: Option<String>,
    /// USB vendor number, hexadecimal.
    #[arg(long, value_name = "HEX", default_value = "1209", value_parser = hex)]
    pub vendor: u16,
    /// USB product number, hexadecimal.
    #[arg(long, value_name = "HEX", default_value = "0001", value_parser = hex)]
    pub product: u16,
    /// The device name that the host sees.
    #[arg(long, value_name = "TEXT")]
    pub model: Option<String>,
    /// Time that each report takes, in microseconds.
    #[arg(long, value_name = "US", default_value_t = 0)]
    pub latency: u64,
    /// How long to wait for the rest of a message, in milliseconds. A real key may give up after 100; an emulated
    /// machine under load is not that fast.
    #[arg(long, value_name = "MS", default_value_t = 3000)]
    pub message_timeout: u64,
    /// Where the key differs from most.
    #[command(flatten)]
    #[serde(flatten)]
    pub quirks: QuirkOptions,
    /// Seed of the key's randomness; fresh randomness without.
    #[arg(long)]
    pub seed: Option<String>,
    /// Stand behind a socket at this path, as a service does, and not on /dev/uhid.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Do not plug the key in yet.
    #[arg(long)]
    pub unplugged: bool,
}

impl Add {
    /// The key that is asked for.
    pub fn config(&self) -> Result<KeyConfig, String> {
        if !(1024..=7609).contains(&self.message_max) {
            return Err("maxMsgSize is 1024 to 7609".to_owned());
        }
        let mut config = KeyConfig::new(&self.name);
        config.pin.clone_from(&self.pin);
        config.min_pin_length = self.min_pin;
        config.max_credential_count_in_list = Some(self.list_max).filter(|max| *max > 0);
        config.room = self.room;
        config.max_msg_size = self.message_max;
        config.fingerprints = match (self.fingerprint, self.blank_sensor) {
            (true, _) => Fingerprints::Enrolled,
            (false, true) => Fingerprints::NoneEnrolled,
            (false, false) => Fingerprints::NoSensor,
        };
        config.always_uv = self.always_uv;
        config.form = match self.form.as_str() {
            "platform" => Form::Platform,
            "hybrid" => Form::Hybrid,
            _ => Form::Roaming,
        };
        config.protocols = match self.protocols.as_str() {
            "1" => PinProtocols::One,
            "2" => PinProtocols::Two,
            _ => PinProtocols::Both,
        };
        config.profile = match self.ctap.as_str() {
            "2.0" => Profile::Ctap20,
            "u2f" => Profile::U2f,
            "u2f-cbor-status" => Profile::U2fClaimingCbor(Refusal::Status(0x01)),
            "u2f-cbor-error" => Profile::U2fClaimingCbor(Refusal::HidError(0x01)),
            _ => Profile::Ctap21,
        };
        config.attestation = match (self.attestation, self.enterprise) {
            (_, true) => Attestation::Enterprise,
            (true, false) => Attestation::Model,
            (false, false) => Attestation::Itself,
        };
        if let Some(text) = &self.aaguid {
            config.aaguid = aaguid(text)?;
        }
        (config.vendor_id, config.product_id) = (self.vendor, self.product);
        if let Some(model) = &self.model {
            config.product.clone_from(model);
        }
        config.latency = Duration::from_micros(self.latency);
        config.message_timeout = Duration::from_millis(self.message_timeout);
        config.quirks = self.quirks.quirks()?;
        match &self.seed {
            Some(seed) => config.seed = crate::key::sha256(&[b"seed", seed.as_bytes()]),
            None => getrandom::fill(&mut config.seed).map_err(|error| error.to_string())?,
        }
        Ok(config)
    }
}

/// Read a corruption; "none" is none.
pub(super) fn corruption(text: &str) -> Result<Option<Corruption>, String> {
    if text == "none" { Ok(None) } else { text.parse().map(Some) }
}

/// Read a misbehaviour; "none" is none.
pub(super) fn sabotage(how: &str, at: Option<&str>, nth: usize) -> Result<Option<Sabotage>, String> {
    if how == "none" {
        return Ok(None);
    }
    Ok(Some(Sabotage { asked: at.map(str::parse).transpose()?, nth, how: how.parse()? }))
}

pub(super) fn hex(text: &str) -> Result<u16, String> {
    u16::from_str_radix(text.trim_start_matches("0x"), 16).map_err(|error| error.to_string())
}

/// Reads the identifier of a model: 32 hexadecimal digits, hyphens allowed.
///
/// # Errors
/// A sentence.
pub fn aaguid(text: &str) -> Result<[u8; 16], String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 {
        return Err("an AAGUID has 32 hexadecimal digits".to_owned());
    }
    let number = u128::from_str_radix(&digits, 16).map_err(|error| error.to_string())?;
    Ok(number.to_be_bytes())
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
