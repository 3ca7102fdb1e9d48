//! Every plugged-in key at once: opening, hot-plug, one CTAPHID channel and at most one transaction per key, its advisory
//! lock and its timeout.
//!
//! A ceremony sees only [`Event`]s. A key that is silent, busy, garbled or gone costs nothing but itself: [`KeyPool::next`] never
//! waits for one key while another has something to say, and never beyond the time it was given.

use super::super::steps::timing::IDLE_TIMEOUT;
use super::connection::Connection;
use super::event::{Event, KeyError};
use super::key_map::KeyMap;
use super::platform::{Attachment, KeyId, ListError, Platform, PluggedKey, Wake};
use super::protocol::Message;
use super::trace::{Happened, Sent};
use super::transaction::Timeout;
use std::collections::VecDeque;
use std::time::Duration;

/// When to look for keys again where they could not be listed.
const RELIST: Duration = Duration::from_millis(500);

/// All keys of one ceremony. Dropping it cancels what is under way and closes every key.
pub(crate) struct KeyPool<'w, W: Platform> {
    platform: &'w mut W,
    connections: KeyMap<Connection>,
    events: VecDeque<Event>,
    rescan: bool,
    interrupted: bool,
    /// Why the keys could not be listed when they were last looked for.
    blind: Option<ListError>,
    /// When to look again after that.
    rescan_at: Option<Duration>,
    /// How often in a row that has failed.
    failed_looks: u8,
}

impl<'w, W: Platform> KeyPool<'w, W> {
    pub(crate) fn new(platform: &'w mut W) -> Self {
        Self {
            platform,
            connections: KeyMap::new(),
            events: VecDeque::new(),
            rescan: true,
            interrupted: false,
            blind: None,
            rescan_at: None,
            failed_looks: 0,
        }
    }

    pub(crate) fn platform(&mut self) -> &mut W {
        self.platform
    }

    pub(crate) fn now(&self) -> Duration {
        self.platform.now()
    }

    /// The key, while it is plugged in.
    pub(crate) fn plugged(&self, key: KeyId) -> Option<&PluggedKey> {
        self.connections.get(key).map(Connection::plugged)
    }

    /// How many keys are plugged in, as far as is known, whatever their state. Services are not plugged in.
    pub(crate) fn count(&self) -> usize {
        let there = self.connections.values().filter(|link| !link.is_unplugged());
        there.filter(|link| link.plugged().attachment == Attachment::Plugged).count()
    }

    /// How many there are that could be meant, services included.
    pub(crate) fn count_all(&self) -> usize {
        self.connections.values().filter(|link| !link.is_unplugged()).count()
    }

    /// How the key belongs to this machine. One that is gone was plugged in.
    pub(crate) fn attachment(&self, key: KeyId) -> Attachment {
        self.plugged(key).map_or(Attachment::Plugged, |plugged| plugged.attachment)
    }

    /// Whether the key speaks CTAP2 (the capability of `CTAPHID_INIT`'s reply, CTAP 2.1 §11.2.9.1.3).
    pub(crate) fn speaks_ctap2(&self, key: KeyId) -> bool {
        self.connections.get(key).is_some_and(Connection::speaks_ctap2)
    }

    /// How many keys are still to answer `CTAPHID_INIT`, as far as [`next`](Self::next) has told.
    pub(crate) fn opening(&self) -> usize {
        let opening = self.connections.values().filter(|link| link.is_opening()).count();
        let untold = |event: &&Event| matches!(event, Event::Opened(_) | Event::Lost(..));
        opening.saturating_add(self.events.iter().filter(untold).count())
    }

    /// When the key was last heard, or asked what it has not answered yet; `None` when it is not at work for us.
    pub(crate) fn heard_at(&self, key: KeyId) -> Option<Duration> {
        self.connections.get(key).and_then(Connection::heard_at)
    }

    /// Whether another program has been holding one of the keys for so long that the person was told.
    pub(crate) fn is_any_busy(&self) -> bool {
        self.connections.values().any(Connection::is_busy)
    }

    /// Why keys could not be looked for, if that failed the last time.
    pub(crate) fn blind(&self) -> Option<ListError> {
        self.blind
    }

    /// When keys are looked for again, where that has failed once: nothing is known of them before.
    pub(crate) fn second_look_at(&self) -> Option<Duration> {
        self.rescan_at.filter(|_| self.failed_looks == 1)
    }

    /// Has a key that was lost, and is still plugged in, opened again at `until`, as if it had been plugged in then.
    pub(crate) fn retry_at(&mut self, key: KeyId, until: Duration) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.rest(until);
        }
    }

    /// Looks for keys now, so that [`count`](Self::count) tells how many there are before the first event.
    pub(crate) fn look(&mut self) {
        let due = self.rescan_at.is_some_and(|at| self.platform.now() >= at);
        if std::mem::take(&mut self.rescan) || due {
            self.rescan_at = None;
            self.match_plugged();
        }
    }

    /// Whether the key speaks U2F (the absence of `CAPABILITY_NMSG` in `CTAPHID_INIT`'s reply, CTAP 2.1 §11.2.9.1.3).
    pub(crate) fn speaks_u2f(&self, key: KeyId) -> bool {
        self.connections.get(key).is_some_and(Connection::speaks_u2f)
    }

    /// Sends a request; its reply comes as an [`Event::Reply`]. A key that gives no sign of life for a while is lost; one that
    /// waits for a person may be silent about it until `person_until`. A request that is still in flight is cancelled first, and its
    /// reply is not delivered.
    pub(crate) fn send(&mut self, key: KeyId, message: Message, person_until: Option<Duration>) {
        let now = self.platform.now();
        let timeout = person_until.map_or(IDLE_TIMEOUT, |until| until.saturating_sub(now).max(IDLE_TIMEOUT));
        self.send_within(key, message, Timeout::Idle(timeout));
    }

    /// As [`send`](Self::send), for a request to which no key can have a reason to put its reply off, whatever it says meanwhile.
    pub(crate) fn demand(&mut self, key: KeyId, message: Message) {
        self.send_within(key, message, Timeout::Total(IDLE_TIMEOUT));
    }

    fn send_within(&mut self, key: KeyId, message: Message, timeout: Timeout) {
        self.platform.trace(format_args!("{}", Sent(key, &message)));
        let now = self.platform.now();
        if let Some(link) = self.connections.get_mut(key) {
            link.send(message, timeout, now);
        }
    }

    /// Takes the request in flight back, on the key too; its reply is not delivered.
    pub(crate) fn cancel(&mut self, key: KeyId) {
        let now = self.platform.now();
        if let Some(link) = self.connections.get_mut(key) {
            link.cancel(now);
            link.flush(self.platform);
        }
    }

    /// Cancels what the key does and closes it for the rest of the ceremony: other programs can have it.
    pub(crate) fn release(&mut self, key: KeyId) {
        if let Some(link) = self.connections.get_mut(key) {
            link.release(self.platform);
        }
    }

    /// The next event, at the latest at `until` (in [`Platform::now`]'s time).
    pub(crate) fn next(&mut self, until: Duration) -> Event {
        let event = self.await_event(until);
        if !matches!(event, Event::Elapsed) {
            let u2f = event.key().is_some_and(|key| !self.speaks_ctap2(key));
            self.platform.trace(format_args!("{}", Happened { event: &event, u2f }));
        }
        event
    }

    fn await_event(&mut self, until: Duration) -> Event {
        loop {
            self.look();
            // What has happened comes first: a key that babbles is read on only when all of it has been looked at.
            if self.events.is_empty() {
                self.pump();
            }
            if std::mem::take(&mut self.interrupted) {
                return Event::Interrupted;
            }
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let now = self.platform.now();
            if now >= until {
                return Event::Elapsed;
            }
            let wake_at = self
                .connections
                .values()
                .filter_map(Connection::wake_at)
                .chain(self.rescan_at)
                .fold(until, Duration::min);
            let readers: Vec<KeyId> = self.ids(Connection::is_open);
            let writers: Vec<KeyId> = self.ids(Connection::wants_write);
            let Wake { plugging, interrupted } = self.platform.wait(wake_at, &readers, &writers);
            self.interrupted |= interrupted;
            self.rescan |= plugging;
        }
    }

    /// Lets what was cancelled come to its end, for at most `limit`, and then gives up every lock: the person is about to be asked
    /// something and may take their time. Events are kept for [`next`](Self::next).
    pub(crate) fn drain_cancelled(&mut self, limit: Duration) {
        let until = self.platform.now().saturating_add(limit);
        loop {
            self.pump();
            // A key that is mute, or slow, with what it was asked is not waited for: it has had its time.
            let ending = self.ids(Connection::is_ending);
            let now = self.platform.now();
            if ending.is_empty() || now >= until || self.interrupted {
                for key in self.ids(Connection::is_running) {
                    self.platform.unlock(key);
                }
                return;
            }
            let writers = self.ids(Connection::wants_write);
            let wake = self.platform.wait(until, &ending, &writers);
            self.rescan |= wake.plugging;
            self.interrupted |= wake.interrupted;
        }
    }

    /// Whether the person has given up and [`next`](Self::next) has not said so yet.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// What is the matter with the key, if it has not come to an end by now with what it was asked.
    pub(crate) fn stall(&self, key: KeyId) -> Option<KeyError> {
        self.connections.get(key).and_then(Connection::stall)
    }

    /// A key that has not come to an end by now, and what is the matter with it.
    pub(crate) fn stalled(&self) -> Option<(KeyId, KeyError)> {
        self.connections.iter().find_map(|(key, link)| link.stall().map(|loss| (key, loss)))
    }

    fn ids(&self, which: impl Fn(&Connection) -> bool) -> Vec<KeyId> {
        self.connections.iter().filter(|(_, link)| which(link)).map(|(id, _)| id).collect()
    }

    fn pump(&mut self) {
        // All are opened before anything is sent: a key that hangs on the bus keeps the kernel from opening others.
        for connection in self.connections.values_mut() {
            connection.open(self.platform, &mut self.events);
        }
        for connection in self.connections.values_mut() {
            connection.pump(self.platform, &mut self.events);
        }
    }

    /// Brings the connections in line with what is plugged in.
    fn match_plugged(&mut self) {
        let plugged = match self.platform.plugged() {
            Ok(plugged) => plugged,
            Err(error) => {
                // None is gone for that, and a later look may succeed.
                self.blind = Some(error);
                self.failed_looks = self.failed_looks.saturating_add(1);
                self.rescan_at = Some(self.platform.now().saturating_add(RELIST));
                return;
            }
        };
        self.blind = None;
        self.failed_looks = 0;
        let gone: Vec<KeyId> =
            self.connections.keys().filter(|id| !plugged.iter().any(|key| key.id == *id)).collect();
        for id in gone {
            self.platform.close(id);
            if let Some(link) = self.connections.remove(id).filter(|link| !link.is_lost()) {
                self.events.push_back(Event::Lost(id, link.plugged().attachment, KeyError::Unplugged));
            }
        }
        let now = self.platform.now();
        for key in plugged {
            if let Some(link) = self.connections.get_mut(key.id) {
                // udev may just have given us the permission to open it.
                link.try_open_again(now);
                continue;
            }
            let KeyId(number) = key.id;
            self.platform.trace(format_args!(
                "key {number} is {:?} ({:04x}:{:04x}) at {}",
                key.name,
                key.vendor_id,
                key.product_id,
                key.path.display()
            ));
            self.connections.insert(key.id, Connection::new(key, now));
        }
    }
}

impl<W: Platform> Drop for KeyPool<'_, W> {
    fn drop(&mut self) {
        for link in self.connections.values_mut() {
            link.release(self.platform);
        }
    }
}
