//! Picking a key: the only one that is plugged in, or the one that the person touches.

use super::choice::{self, Choice};
use super::event::{Event, Loss};
use super::fleet::Fleet;
use super::key_map::KeyMap;
use super::kind::{Kind, Message, U2F_POLL};
use super::person::{Dialogue, Notice, Person};
use super::settle;
use super::world::{KeyId, PluggedKey, World};
use ctap::client_pin;
use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::u2f::{self, StatusWord};
use ctap::{Info, ReplyError, Status, info};
use std::path::Path;
use std::time::Duration;

/// Before a key that nobody touched in its own time is asked again.
const REPEAT_DELAY: Duration = Duration::from_millis(250);

/// Why no key was picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickError {
    /// No key was plugged in in time.
    NoKey,
    /// The one that was plugged in could not be talked to.
    KeyUnusable(Loss),
    /// It was unplugged in the middle.
    Unplugged,
    /// Nobody touched one of the keys in time.
    NoTouch,
    /// The person refused on the key itself.
    Declined,
    /// The person gave up.
    Interrupted,
    /// The key is too old: it speaks U2F only.
    Ctap1Only,
    /// The key refused with a status that leaves no way on.
    Refused(Status),
    /// The U2F key refused with a status word that leaves no way on.
    RefusedU2f(StatusWord),
    /// The key's reply is no valid CTAP2 or U2F.
    Malformed,
}

impl From<u2f::ReplyError> for PickError {
    fn from(error: u2f::ReplyError) -> Self {
        match error {
            u2f::ReplyError::Status(status) => Self::RefusedU2f(status),
            u2f::ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

impl From<ReplyError> for PickError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(status) => Self::Refused(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

/// The key that the person means, and what it says of itself.
#[derive(Clone, Debug)]
pub struct PickedKey {
    /// What can be seen from outside.
    pub key: PluggedKey,
    /// Its answer to authenticatorGetInfo.
    pub info: Info,
    /// Wrong PINs it will still take, where it has a PIN and tells.
    pub pin_retries: Option<u8>,
    /// Whether it takes no PIN before it has been unplugged and plugged in again.
    pub pin_locked: bool,
}

/// Lets the person pick a key, or takes the one at `device`. Nothing on it is changed, and it is closed again afterwards. Waits for a
/// key to be plugged in, and for the touch, at most `timeout`.
///
/// # Errors
/// [`PickError`].
pub fn pick(
    world: &mut impl World,
    person: &mut impl Person,
    device: Option<&Path>,
    timeout: Duration,
) -> Result<PickedKey, PickError> {
    let mut fleet = Fleet::new(world);
    let mut dialogue = Dialogue::new(person);
    let deadline = fleet.now().saturating_add(timeout);
    let (key, kind) = Picking::new(&mut fleet, &mut dialogue, device, deadline).run()?;
    let Kind::Ctap2(info) = kind else { return Err(PickError::Ctap1Only) };
    let plugged = fleet.plugged(key).cloned().ok_or(PickError::Unplugged)?;
    let mut picked = PickedKey { key: plugged, info: *info, pin_retries: None, pin_locked: false };
    if picked.info.options.client_pin == Some(true) {
        let protocol = picked.info.pin_uv_auth_protocols.first().copied().unwrap_or(PinUvAuthProtocol::One);
        let payload = client_pin::Request::PinRetries { protocol }.encode();
        // A key that does not tell is used without.
        if let Ok(told) = client_pin::Response::parse(&exchange(&mut fleet, key, payload, deadline)?) {
            picked.pin_retries = told.pin_retries;
            picked.pin_locked = told.power_cycle_state == Some(true);
        }
    }
    Ok(picked)
}

/// The reply of `key` to one request that needs no person.
fn exchange<W: World>(
    fleet: &mut Fleet<'_, W>,
    key: KeyId,
    payload: Vec<u8>,
    deadline: Duration,
) -> Result<Vec<u8>, PickError> {
    fleet.send(key, Message::ctap2(payload), None);
    loop {
        match fleet.next(deadline) {
            Event::Reply(from, payload) if from == key => return Ok(payload),
            Event::Lost(from, Loss::Unplugged) if from == key => return Err(PickError::Unplugged),
            Event::Lost(from, loss) if from == key => return Err(PickError::KeyUnusable(loss)),
            Event::Interrupted => return Err(PickError::Interrupted),
            Event::Elapsed => return Err(PickError::KeyUnusable(Loss::Silent)),
            // Keys that are plugged in now come too late.
            Event::Opened(other) => fleet.release(other),
            Event::Reply(..) | Event::UserPresenceNeeded(_) | Event::Busy(_) | Event::Lost(..) => {}
        }
    }
}

/// Picking under way.
pub(super) struct Picking<'p, 'w, 'd, W: World, P: Person> {
    fleet: &'p mut Fleet<'w, W>,
    dialogue: &'p mut Dialogue<'d, P>,
    /// Only this device node.
    device: Option<&'p Path>,
    deadline: Duration,
    /// Keys that could be used.
    keys: KeyMap<Option<Kind>>,
    failure: Option<PickError>,
}

impl<'p, 'w, 'd, W: World, P: Person> Picking<'p, 'w, 'd, W, P> {
    pub(super) fn new(
        fleet: &'p mut Fleet<'w, W>,
        dialogue: &'p mut Dialogue<'d, P>,
        device: Option<&'p Path>,
        deadline: Duration,
    ) -> Self {
        Self { fleet, dialogue, device, deadline, keys: KeyMap::new(), failure: None }
    }

    /// The key to use: the only one, or the one that the person touches. The others are released.
    pub(super) fn run(mut self) -> Result<(KeyId, Kind), PickError> {
        let mut ready_at = self.fleet.now();
        loop {
            self.fleet.look();
            let identified: Vec<KeyId> =
                self.keys.iter().filter(|(_, kind)| kind.is_some()).map(|(key, _)| key).collect();
            let undecided = self.fleet.opening() > 0 || identified.len() < self.keys.len();
            let unidentified = self.keys.iter().filter(|(_, kind)| kind.is_none()).map(|(key, _)| key);
            let settled_at = settle::settled_at(self.fleet, ready_at, unidentified);
            if !undecided || self.fleet.now() >= settled_at {
                match identified.as_slice() {
                    [] => self.nothing_to_pick(undecided)?,
                    [only] => return self.take(*only),
                    several => {
                        let chosen = self.choose(several)?;
                        return self.take(chosen);
                    }
                }
            }
            let until = if undecided { settled_at.max(self.fleet.now()) } else { self.deadline };
            match self.fleet.next(until.min(self.deadline)) {
                Event::Opened(key) => self.identify(key),
                Event::Reply(key, payload) => self.on_info(key, &payload),
                Event::Busy(_) => self.dialogue.tell(Notice::KeyBusy),
                Event::Lost(key, loss) => {
                    self.keys.remove(key);
                    if loss != Loss::Unplugged {
                        self.failure = Some(PickError::KeyUnusable(loss));
                    }
                }
                Event::Interrupted => return Err(PickError::Interrupted),
                Event::Elapsed if self.fleet.now() >= self.deadline => {
                    let stalled = self.fleet.stalled().map(|(_, loss)| PickError::KeyUnusable(loss));
                    return Err(self.failure.take().or(stalled).unwrap_or(PickError::NoKey));
                }
                Event::Elapsed if identified.is_empty() => ready_at = self.fleet.now(),
                // Of what has elapsed: the others have had their time.
                Event::Elapsed | Event::UserPresenceNeeded(_) => {}
            }
        }
    }

    fn nothing_to_pick(&mut self, undecided: bool) -> Result<(), PickError> {
        if undecided {
            return Ok(());
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.dialogue.tell(Notice::InsertKey);
        Ok(())
    }

    fn identify(&mut self, key: KeyId) {
        let wanted = self
            .fleet
            .plugged(key)
            .is_some_and(|plugged| self.device.is_none_or(|device| plugged.path == device));
        if !wanted {
            return self.fleet.release(key);
        }
        if self.fleet.speaks_ctap2(key) {
            self.keys.insert(key, None);
            self.fleet.send(key, Message::ctap2(info::request()), None);
        } else if self.fleet.speaks_u2f(key) {
            self.keys.insert(key, Some(Kind::U2f));
        } else {
            self.fleet.release(key);
        }
    }

    fn on_info(&mut self, key: KeyId, payload: &[u8]) {
        match (Info::parse(payload), self.keys.get_mut(key)) {
            (Ok(info), Some(slot)) => *slot = Some(Kind::Ctap2(Box::new(info))),
            (Ok(_), None) => {}
            (Err(error), _) => {
                self.keys.remove(key);
                self.failure = Some(error.into());
                self.fleet.release(key);
            }
        }
    }

    fn take(&mut self, key: KeyId) -> Result<(KeyId, Kind), PickError> {
        let kind = self.keys.remove(key).flatten().ok_or(PickError::Unplugged)?;
        for other in self.keys.keys() {
            self.fleet.release(other);
        }
        Ok((key, kind))
    }

    /// Lets all of `keys` blink until one is touched.
    fn choose(&mut self, keys: &[KeyId]) -> Result<KeyId, PickError> {
        self.dialogue.tell(Notice::TouchToChoose);
        for key in keys {
            self.ask_for_choice(*key);
        }
        // When each is asked again.
        let mut again: KeyMap<Duration> = KeyMap::new();
        loop {
            let until = again.values().copied().fold(self.deadline, Duration::min);
            match self.fleet.next(until) {
                Event::Reply(key, payload) => {
                    let Some(Some(kind)) = self.keys.get(key) else {
                        // A slow one that has only now said what it is.
                        self.on_info(key, &payload);
                        self.ask_for_choice(key);
                        continue;
                    };
                    let delay = if kind.info().is_some() { REPEAT_DELAY } else { U2F_POLL };
                    let failed = match choice::reply_of(kind, &payload) {
                        Ok(Choice::Touched) => return Ok(key),
                        Ok(Choice::Again) => {
                            again.insert(key, self.fleet.now().saturating_add(delay));
                            continue;
                        }
                        Ok(Choice::Declined) => PickError::Declined,
                        Ok(Choice::Failed(error)) => error.into(),
                        Err(error) => error.into(),
                    };
                    self.fleet.release(key);
                    again.remove(key);
                    self.do_without(key, failed)?;
                }
                Event::Lost(key, loss) => {
                    again.remove(key);
                    let unplugged = loss == Loss::Unplugged;
                    let failed = if unplugged { PickError::Unplugged } else { PickError::KeyUnusable(loss) };
                    self.do_without(key, failed)?;
                }
                Event::Interrupted => return Err(PickError::Interrupted),
                Event::Elapsed if self.fleet.now() >= self.deadline => {
                    let all_busy = self.keys.keys().all(|key| self.fleet.stall(key) == Some(Loss::Busy));
                    return Err(if all_busy {
                        PickError::KeyUnusable(Loss::Busy)
                    } else {
                        PickError::NoTouch
                    });
                }
                Event::Elapsed => {
                    let now = self.fleet.now();
                    let due: Vec<KeyId> =
                        again.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key).collect();
                    for key in due {
                        again.remove(key);
                        self.ask_for_choice(key);
                    }
                }
                Event::Opened(key) => {
                    self.identify(key);
                    self.ask_for_choice(key);
                }
                Event::UserPresenceNeeded(_) | Event::Busy(_) => {}
            }
        }
    }

    /// One key less to choose from, and an error when it was the last.
    fn do_without(&mut self, key: KeyId, failed: PickError) -> Result<(), PickError> {
        self.keys.remove(key);
        if self.keys.is_empty() { Err(failed) } else { Ok(()) }
    }

    /// Makes a key blink, unless what it is is still to be known.
    fn ask_for_choice(&mut self, key: KeyId) {
        if let Some(Some(kind)) = self.keys.get(key) {
            let message = choice::message(kind);
            self.fleet.send(key, message, Some(self.deadline));
        }
    }
}
