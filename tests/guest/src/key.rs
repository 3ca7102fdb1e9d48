//! Security keys in the guest, by way of `virtual-key ctl`.

use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::PATIENCE;
use crate::guest::{Guest, quote};

/// Where the process that is all the keys is told what to do.
pub(crate) const SOCKET: &str = "/run/virtual-keys";

/// What a key is like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyOptions {
    /// The PIN it has; none: not set.
    pub pin: Option<String>,
    /// Further words for `virtual-key ctl add`.
    pub more: Vec<String>,
}

impl KeyOptions {
    /// A key whose PIN is set.
    pub fn pin(pin: &str) -> Self {
        Self { pin: Some(pin.to_owned()), ..Self::default() }
    }
}

/// What a key has counted since it was made or last reset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Counts {
    /// CTAPHID requests with their replies.
    pub transactions: u64,
    /// 64-byte packets to the key.
    pub reports_in: u64,
    /// 64-byte packets from the key.
    pub reports_out: u64,
    /// How often a program has opened it.
    pub opens: u64,
    /// `CTAPHID_INIT` among the transactions.
    pub inits: u64,
    /// `CTAPHID_CANCEL` packets.
    pub cancels: u64,
}

/// One key of a guest.
pub struct Key<'a> {
    guest: &'a Guest,
    name: String,
}

impl<'a> Key<'a> {
    pub(crate) fn new(guest: &'a Guest, name: &str) -> Self {
        Self { guest, name: name.to_owned() }
    }

    #[track_caller]
    pub(crate) fn add(&self, options: &KeyOptions) {
        let mut words = vec!["add".to_owned(), self.name.clone()];
        if let Some(pin) = &options.pin {
            words.extend(["--pin".to_owned(), pin.clone()]);
        }
        words.extend(options.more.iter().cloned());
        self.control(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// One touch, now. It is lost if the key does not wait for one.
    #[track_caller]
    pub fn touch(&self) {
        self.control(&["touch", &self.name]);
    }

    /// One touch, so many milliseconds from now.
    #[track_caller]
    pub fn touch_after(&self, milliseconds: u64) {
        self.control(&["touch-after", &self.name, &milliseconds.to_string()]);
    }

    /// Pulls it out.
    #[track_caller]
    pub fn unplug(&self) {
        self.control(&["unplug", &self.name]);
    }

    /// Plugs it in again; it has kept its PIN and credentials.
    #[track_caller]
    pub fn plug(&self) {
        self.control(&["plug", &self.name]);
    }

    /// Whether it waits for a touch.
    #[track_caller]
    pub fn blinking(&self) -> bool {
        #[derive(Deserialize)]
        struct Answer {
            blinking: bool,
        }
        self.ask::<Answer>(&["blinking", &self.name]).blinking
    }

    /// Waits until it waits for a touch.
    ///
    /// # Panics
    /// When it does not within [`PATIENCE`].
    #[track_caller]
    pub fn wait_blinking(&self) {
        let start = Instant::now();
        while !self.blinking() {
            assert!(start.elapsed() < PATIENCE, "key '{}' does not blink", self.name);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What it has counted.
    #[track_caller]
    pub fn counts(&self) -> Counts {
        self.ask(&["counts", &self.name])
    }

    /// What it has counted; from now on it counts from zero.
    #[track_caller]
    pub fn reset_counts(&self) -> Counts {
        self.ask(&["counts", &self.name, "--reset"])
    }

    /// How many wrong PINs it still takes.
    #[track_caller]
    pub fn retries(&self) -> u8 {
        #[derive(Deserialize)]
        struct Answer {
            retries: u8,
        }
        self.ask::<Answer>(&["retries", &self.name]).retries
    }

    #[track_caller]
    fn ask<T: DeserializeOwned>(&self, words: &[&str]) -> T {
        let line = self.control(words);
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("virtual-key answers {line:?}: {error}"))
    }

    #[track_caller]
    fn control(&self, words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
        self.guest.root(&format!("virtual-key ctl --socket {SOCKET} {}", words.join(" "))).ok()
    }
}
