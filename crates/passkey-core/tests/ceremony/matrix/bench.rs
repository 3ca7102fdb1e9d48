//! A platform that is looked at while a ceremony goes on, and a person who acts at once.

use super::super::support::{BenchPlatform, Key, ms, seconds};
use ctap::Secret;
use ctap::hid::Report;
use passkey_core::ceremony::{
    AccountAnswer, KeyId, ListError, NoRandomness, Notice, OpenError, PinAnswer, PinPrompt, Platform,
    PluggedKey, Prompter, TransferError, Wake,
};
use std::time::Duration;
use virtual_key::Touch;

/// How long an honest person takes to touch a key that blinks.
pub(super) const REACTION: Duration = ms(100);
/// How long a hostile key pretends that it took a person: less than the honest one, and not too little to be believed.
pub(super) const EAGER: Duration = ms(70);
/// How much later than without a hostile key an honest one may sign in.
pub(super) const GRACE: Duration = ms(350);
/// How much later where the person is to choose between the two: a key that gets on with what it was asked is waited for.
pub(super) const CHOICE_GRACE: Duration = ms(1300);
/// The ceremony's time.
pub(super) const TIMEOUT: Duration = seconds(10);
/// Reports to two keys in a second, and wake-ups for which no report is the cause: a key that keeps the processor busier than that is a
/// nuisance.
const WAKES_PER_SECOND: u64 = 100;

/// The bench's platform, watched: no ceremony may spin, and none may outlast its deadline by more than a moment.
pub(super) struct Watched<'a> {
    platform: &'a mut BenchPlatform,
    start: Duration,
    /// So much more may go on.
    pairs_of_keys: u64,
    waits: u64,
    reads: u64,
    writes: u64,
    /// Fingers that the sensor of this key does not know come first; then it is touched by its owner.
    strangers: Option<(Key, u8)>,
}

impl<'a> Watched<'a> {
    pub(super) fn new(platform: &'a mut BenchPlatform, strangers: Option<(Key, u8)>) -> Self {
        let start = platform.now();
        Self { platform, start, pairs_of_keys: 1, waits: 0, reads: 0, writes: 0, strangers }
    }

    /// With so many keys.
    pub(super) fn with_keys(self, keys: usize) -> Self {
        Self { pairs_of_keys: u64::try_from(keys.div_ceil(2).max(1)).unwrap(), ..self }
    }

    fn taken(&self) -> Duration {
        self.platform.now() - self.start
    }

    /// How long it took. Nothing may be left open, locked or blinking.
    pub(super) fn finish(self) -> Duration {
        let taken = self.taken();
        assert!(self.platform.open.is_empty(), "every key is closed");
        assert!(self.platform.locks.is_empty(), "every lock is given back");
        let mut bench = self.platform.bench.borrow_mut();
        bench.advance(ms(300));
        // U2F knows no way of taking a request back: those keys stop by themselves.
        for key in bench.plugged() {
            assert!(!bench.blinking(key) || bench.counts(key).msg > 0, "no key is left blinking");
        }
        taken
    }

    fn check(&self) {
        // Keys are told to stop on the way out of a failed test too.
        if std::thread::panicking() {
            return;
        }
        let allowed = (self.taken().as_secs() + 1) * WAKES_PER_SECOND * self.pairs_of_keys;
        assert!(self.writes <= allowed, "{} reports written", self.writes);
        let allowed = allowed + 2 * self.reads + 2 * self.writes;
        assert!(self.waits <= allowed, "{} wake-ups and {} reports read", self.waits, self.reads);
        assert!(self.taken() <= TIMEOUT + ms(100), "past the deadline: {:?}", self.taken());
    }
}

impl Platform for Watched<'_> {
    fn now(&self) -> Duration {
        self.platform.now()
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.platform.random(bytes)
    }

    fn plugged(&mut self) -> Result<Vec<PluggedKey>, ListError> {
        self.platform.plugged()
    }

    fn open(&mut self, key: KeyId) -> Result<(), OpenError> {
        self.platform.open(key)
    }

    fn close(&mut self, key: KeyId) {
        self.platform.close(key);
    }

    fn try_lock(&mut self, key: KeyId) -> bool {
        self.platform.try_lock(key)
    }

    fn unlock(&mut self, key: KeyId) {
        self.platform.unlock(key);
    }

    fn read(&mut self, key: KeyId) -> Result<Option<Report>, TransferError> {
        let report = self.platform.read(key)?;
        self.reads += u64::from(report.is_some());
        Ok(report)
    }

    fn write(&mut self, key: KeyId, report: &Report) -> Result<bool, TransferError> {
        self.writes += 1;
        self.check();
        self.platform.write(key, report)
    }

    fn wait(&mut self, until: Duration, readers: &[KeyId], writers: &[KeyId]) -> Wake {
        self.waits += 1;
        self.check();
        let wake = self.platform.wait(until, readers, writers);
        let mut bench = self.platform.bench.borrow_mut();
        if let Some((key, left)) = &mut self.strangers
            && bench.blinking(*key)
        {
            let key = *key;
            match left {
                0 => {
                    bench.auto_touch(key, ms(1));
                    self.strangers = None;
                }
                left => {
                    *left -= 1;
                    bench.touch_with(key, Touch::Stranger);
                }
            }
        }
        wake
    }
}

/// Types the PIN of whichever key asks for it, without taking time.
#[derive(Default)]
pub(super) struct Typist {
    /// PINs by the key's name.
    pub(super) pins: Vec<(&'static str, &'static str)>,
    /// Wrong ones that come first.
    pub(super) slips: u8,
    pub(super) told: Vec<Notice>,
    /// The keys that asked, by name.
    pub(super) asked_by: Vec<String>,
}

impl Prompter for Typist {
    fn tell(&mut self, notice: &Notice) {
        self.told.push(notice.clone());
    }

    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        self.asked_by.push(prompt.key_name.to_owned());
        assert!(self.asked_by.len() < 8, "asked again and again");
        if self.slips > 0 {
            self.slips -= 1;
            return PinAnswer::Pin(Secret::new(b"9999".to_vec()));
        }
        let pin = self.pins.iter().find(|(name, _)| *name == prompt.key_name);
        pin.map_or(PinAnswer::Empty, |(_, pin)| PinAnswer::Pin(Secret::new(pin.as_bytes().to_vec())))
    }

    fn choose_account(&mut self, _accounts: &[String]) -> AccountAnswer {
        AccountAnswer::Chosen(0)
    }
}
