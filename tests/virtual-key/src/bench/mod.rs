//! Several keys in one process under one fake clock.

mod port;
mod session;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use self::port::Port;
use crate::{
    Behaviour, Corruption, Counts, Impostor, ImpostorConfig, KeyConfig, Memory, Record, Report, Sabotage,
    Touch,
};

/// One key at a bench, plugged in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub usize);

/// Why a report could not be exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortError {
    /// The key is not plugged in, or was unplugged since it was opened.
    Unplugged,
    /// The key has not been opened.
    NotOpen,
    /// The report was not taken, as when a device stalls (`EPIPE`); the next one may be.
    Stalled,
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unplugged => "the key is not plugged in",
            Self::NotOpen => "the key has not been opened",
            Self::Stalled => "the key has not taken the report",
        })
    }
}

impl std::error::Error for PortError {}

/// A bench with keys, and the clock above it.
///
/// Time stands still except inside [`Bench::wait`] and [`Bench::advance`]; computing takes no time. Keys run on threads of
/// their own, because OpenSK blocks while it waits for a touch, but one at a time and in a fixed order: the same calls
/// give the same bytes at the same times in every run.
#[derive(Default)]
pub struct Bench {
    now: Duration,
    ports: Vec<Port>,
    /// Plugging in (true) and out to come; the number keeps equal times in order.
    plans: BTreeMap<(Duration, usize), (KeyId, bool)>,
    planned: usize,
    plug_changes: usize,
    told_plug_changes: usize,
}

impl Bench {
    /// An empty bench at time zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Put an OpenSK key on the bench and plug it in at once.
    pub fn add(&mut self, config: KeyConfig) -> KeyId {
        self.port(Port::opensk(config))
    }

    /// The same with what another key of the same configuration remembers.
    pub fn add_remembering(&mut self, config: KeyConfig, memory: &Memory) -> KeyId {
        let port = Port::opensk(config);
        port.opensk_body().lock().recall(memory);
        self.port(port)
    }

    /// Put a scripted key on the bench and plug it in at once.
    pub fn add_behaviour(&mut self, name: &str, behaviour: impl Behaviour + 'static) -> KeyId {
        self.port(Port::scripted(name, Box::new(behaviour)))
    }

    /// Put a device on the bench that was never enrolled and lies, and plug it in at once. What it is asked, it records.
    pub fn add_impostor(&mut self, config: ImpostorConfig) -> (KeyId, Record) {
        let name = config.name.clone();
        let impostor = Impostor::new(config);
        let record = impostor.record();
        (self.add_behaviour(&name, impostor), record)
    }

    fn port(&mut self, port: Port) -> KeyId {
        self.ports.push(port);
        let key = KeyId(self.ports.len() - 1);
        self.plug(key);
        key
    }

    // Time

    /// Time since the bench was made.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Let the keys run until a report can be read from an open key or a key was plugged in or out since the last time
    /// this returned true; at the latest until `until`. Returns whether there is such news.
    pub fn wait(&mut self, until: Duration) -> bool {
        self.run(until, true)
    }

    /// Let the keys run for `time`, whatever there may be to read.
    pub fn advance(&mut self, time: Duration) {
        self.run(self.now + time, false);
    }

    fn run(&mut self, until: Duration, stop_at_news: bool) -> bool {
        loop {
            while self.step() {}
            if stop_at_news && self.news() {
                self.told_plug_changes = self.plug_changes;
                return true;
            }
            match self.next_event() {
                Some(next) if next <= until => self.now = self.now.max(next),
                _ => {
                    self.now = self.now.max(until);
                    return false;
                }
            }
        }
    }

    /// Do one thing that is due now.
    fn step(&mut self) -> bool {
        if let Some(plan) = self.plans.first_entry()
            && plan.key().0 <= self.now
        {
            let (key, plugged) = plan.remove();
            if plugged {
                self.plug(key);
            } else {
                self.unplug(key);
            }
            return true;
        }
        let now = self.now;
        let stepped = self.ports.iter_mut().any(|port| port.step(now));
        if let Some(key) = (0..self.ports.len()).map(KeyId).find(|key| self.ports[key.0].pulled_out()) {
            self.unplug(key);
        }
        stepped
    }

    fn next_event(&self) -> Option<Duration> {
        let plan = self.plans.keys().next().map(|(time, _)| *time);
        self.ports.iter().filter_map(|port| port.next_event(self.now)).chain(plan).min()
    }

    fn news(&self) -> bool {
        self.plug_changes != self.told_plug_changes || self.ports.iter().any(|port| port.readable(self.now))
    }

    // The host's side

    /// Open a key: from now on its reports are kept for reading.
    pub fn open(&mut self, key: KeyId) -> Result<(), PortError> {
        self.ports[key.0].open()
    }

    /// Close a key; reports not yet read are lost.
    pub fn close(&mut self, key: KeyId) {
        self.ports[key.0].close();
    }

    /// Send a report to an open key. The key sees it once time passes.
    pub fn write(&mut self, key: KeyId, report: &Report) -> Result<(), PortError> {
        self.ports[key.0].write(self.now, report)?;
        self.burn(key);
        Ok(())
    }

    /// Take the next report from an open key; None if there is none yet.
    pub fn read(&mut self, key: KeyId) -> Result<Option<Report>, PortError> {
        let report = self.ports[key.0].read(self.now)?;
        if report.is_some() {
            self.burn(key);
        }
        Ok(report)
    }

    /// Whether [`Bench::read`] would return a report now.
    pub fn readable(&self, key: KeyId) -> bool {
        self.ports[key.0].readable(self.now)
    }

    // Plugging

    /// Plug a key in now. Nothing happens if it is.
    pub fn plug(&mut self, key: KeyId) {
        let now = self.now;
        if self.ports[key.0].plug(now) {
            self.plug_changes += 1;
        }
    }

    /// Unplug a key now. Nothing happens if it is not plugged in. What it stores, it keeps.
    pub fn unplug(&mut self, key: KeyId) {
        let now = self.now;
        if self.ports[key.0].unplug(now) {
            self.plug_changes += 1;
        }
    }

    /// Plug a key in at a time to come.
    pub fn plug_at(&mut self, key: KeyId, time: Duration) {
        self.plan(key, time, true);
    }

    /// Unplug a key at a time to come.
    pub fn unplug_at(&mut self, key: KeyId, time: Duration) {
        self.plan(key, time, false);
    }

    fn plan(&mut self, key: KeyId, time: Duration, plugged: bool) {
        self.planned += 1;
        self.plans.insert((time, self.planned), (key, plugged));
    }

    /// Unplug a key as soon as the host has written to it and read from it `reports` more reports in total.
    pub fn unplug_after(&mut self, key: KeyId, reports: usize) {
        self.ports[key.0].fuse = Some(reports);
        if reports == 0 {
            self.unplug(key);
        }
    }

    /// Let the `nth` next write to a key, counted from 1, fail once with [`PortError::Stalled`]; its report is lost.
    pub fn fail_write(&mut self, key: KeyId, nth: usize) {
        self.ports[key.0].stall = Some(nth);
    }

    fn burn(&mut self, key: KeyId) {
        let fuse = &mut self.ports[key.0].fuse;
        *fuse = fuse.map(|reports| reports - 1);
        if *fuse == Some(0) {
            self.unplug(key);
        }
    }

    /// The keys that are plugged in, in the order in which they were added.
    pub fn plugged(&self) -> Vec<KeyId> {
        (0..self.ports.len()).map(KeyId).filter(|key| self.plugging(*key).is_some()).collect()
    }

    /// How many times a key has been plugged in before this time; None if it is not plugged in now. A host that opened
    /// it at another number has lost it.
    pub fn plugging(&self, key: KeyId) -> Option<u32> {
        self.ports[key.0].plugging()
    }

    /// How often any key was plugged in or out so far.
    pub fn plug_changes(&self) -> usize {
        self.plug_changes
    }

    // The person's side

    /// Whether a key is waiting to be touched.
    pub fn blinking(&self, key: KeyId) -> bool {
        self.ports[key.0].blinking()
    }

    /// Touch a key now. Returns whether it was waiting for a touch; if not, the touch is lost.
    pub fn touch(&mut self, key: KeyId) -> bool {
        self.touch_with(key, Touch::Owner)
    }

    /// Touch a key now with this finger.
    pub fn touch_with(&mut self, key: KeyId, touch: Touch) -> bool {
        while self.step() {}
        let now = self.now;
        self.ports[key.0].touch(now, touch)
    }

    /// Touch a key at a time to come; lost if it is not waiting then.
    pub fn touch_at(&mut self, key: KeyId, time: Duration) {
        self.ports[key.0].with_hand(|hand| {
            hand.planned.insert(time);
        });
    }

    /// Touch a key this long after it next asks for it, once.
    pub fn touch_after(&mut self, key: KeyId, delay: Duration) {
        self.ports[key.0].with_hand(|hand| hand.next = Some(delay));
    }

    /// Touch a key this long after each time it asks for it.
    pub fn auto_touch(&mut self, key: KeyId, delay: Duration) {
        self.ports[key.0].with_hand(|hand| hand.auto = Some(delay));
    }

    /// Forget every touch planned for a key.
    pub fn never(&mut self, key: KeyId) {
        self.ports[key.0].with_hand(crate::hand::Hand::withdraw);
    }

    // The key itself

    /// Let each report to and from a key take this long from now on.
    pub fn set_latency(&mut self, key: KeyId, latency: Duration) {
        self.ports[key.0].latency = latency;
    }

    /// Let a key misbehave in its assertions, or (None) no longer.
    pub fn corrupt(&mut self, key: KeyId, corruption: Option<Corruption>) {
        self.ports[key.0].opensk_body().lock().corruption = corruption;
    }

    /// Let a key misbehave from a certain request on, or (None) no longer.
    pub fn sabotage(&mut self, key: KeyId, sabotage: Option<Sabotage>) {
        self.ports[key.0].opensk_body().lock().sabotage(sabotage);
    }

    /// Put something between a key and the host: every report that the key sends becomes any number of reports, each
    /// with a further delay. The key itself stays honest.
    pub fn tamper(
        &mut self,
        key: KeyId,
        wire: impl FnMut(Duration, Report) -> Vec<(Duration, Report)> + Send + 'static,
    ) {
        self.ports[key.0].wire = Some(Box::new(wire));
    }

    /// Reset a key to its factory state: no credentials, no PIN, no fingerprints. A plugged-in key is plugged out and in.
    pub fn forget(&mut self, key: KeyId) {
        let plugged = self.plugging(key).is_some();
        self.unplug(key);
        self.ports[key.0].opensk_body().lock().reset();
        if plugged {
            self.plug(key);
        }
    }

    /// The key's name.
    pub fn name(&self, key: KeyId) -> &str {
        &self.ports[key.0].name
    }

    /// What has gone over the wire.
    pub fn counts(&self, key: KeyId) -> Counts {
        self.ports[key.0].counts()
    }

    /// Set the counts to zero.
    pub fn reset_counts(&mut self, key: KeyId) {
        self.ports[key.0].with_tally(|tally| tally.counts = Counts::default());
    }

    /// PIN attempts left, read from the key's memory.
    pub fn pin_retries(&self, key: KeyId) -> u8 {
        self.ports[key.0].opensk_body().lock().pin_retries()
    }

    /// Discoverable credentials that the key holds, read from its memory.
    pub fn discoverable_credentials(&self, key: KeyId) -> usize {
        self.ports[key.0].opensk_body().lock().discoverable_credentials()
    }
}

impl fmt::Debug for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.ports.iter().map(|port| port.name.as_str()).collect();
        f.debug_struct("Bench").field("now", &self.now).field("keys", &names).finish_non_exhaustive()
    }
}
