//! Picking a key: the only one that is plugged in, or the one that the person touches.

use super::choice::{self, Choice};
use super::event::{Event, Loss};
use super::key_map::KeyMap;
use super::kind::{Kind, Message, U2F_POLL};
use super::person::{Notice, Person};
use super::settle;
use super::sitting::{KeyFailure, Sitting};
use super::world::{KeyId, PluggedKey, World};
use ctap::client_pin;
use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::{Info, info};
use std::path::Path;
use std::time::Duration;

/// Before a key that nobody touched in its own time is asked again.
const REPEAT_DELAY: Duration = Duration::from_millis(250);

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

/// Lets the person pick a key, or takes the one at `device`; `None` for one that speaks U2F only, on which there is nothing to care
/// for. Nothing on it is changed, and it is closed again afterwards. Waits for a key to be plugged in, and for the touch, at most
/// `timeout`.
///
/// # Errors
/// [`KeyFailure`].
pub fn pick(
    world: &mut impl World,
    person: &mut impl Person,
    device: Option<&Path>,
    timeout: Duration,
) -> Result<Option<PickedKey>, KeyFailure> {
    let mut sitting = Sitting::new(world, person, timeout);
    let (key, kind) = Picking::new(&mut sitting, device).run()?;
    let Kind::Ctap2(info) = kind else { return Ok(None) };
    let plugged = sitting.fleet.plugged(key).cloned().ok_or(KeyFailure::Unplugged)?;
    let mut picked = PickedKey { key: plugged, info: *info, pin_retries: None, pin_locked: false };
    if picked.info.options.client_pin == Some(true) {
        let protocol = picked.info.pin_uv_auth_protocols.first().copied().unwrap_or(PinUvAuthProtocol::One);
        let request = Message::ctap2(client_pin::Request::PinRetries { protocol }.encode());
        // A key that does not tell is used without.
        if let Ok(told) = client_pin::Response::parse(&sitting.exchange(key, request, None)?) {
            picked.pin_retries = told.pin_retries;
            picked.pin_locked = told.power_cycle_state == Some(true);
        }
    }
    Ok(Some(picked))
}

/// Picking under way.
pub(super) struct Picking<'p, 'a, W: World, P: Person> {
    sitting: &'p mut Sitting<'a, W, P>,
    /// Only this device node.
    device: Option<&'p Path>,
    /// Keys that could be used.
    keys: KeyMap<Option<Kind>>,
    failure: Option<KeyFailure>,
}

impl<'p, 'a, W: World, P: Person> Picking<'p, 'a, W, P> {
    pub(super) fn new(sitting: &'p mut Sitting<'a, W, P>, device: Option<&'p Path>) -> Self {
        Self { sitting, device, keys: KeyMap::new(), failure: None }
    }

    /// The key to use: the only one, or the one that the person touches. The others are released.
    pub(super) fn run(mut self) -> Result<(KeyId, Kind), KeyFailure> {
        let mut ready_at = self.sitting.fleet.now();
        loop {
            self.sitting.fleet.look();
            let identified: Vec<KeyId> =
                self.keys.iter().filter(|(_, kind)| kind.is_some()).map(|(key, _)| key).collect();
            let undecided = self.sitting.fleet.opening() > 0 || identified.len() < self.keys.len();
            let unidentified = self.keys.iter().filter(|(_, kind)| kind.is_none()).map(|(key, _)| key);
            let settled_at = settle::settled_at(&self.sitting.fleet, ready_at, unidentified);
            if !undecided || self.sitting.fleet.now() >= settled_at {
                match identified.as_slice() {
                    [] => self.nothing_to_pick(undecided)?,
                    [only] => return self.take(*only),
                    several => {
                        let chosen = self.choose(several)?;
                        return self.take(chosen);
                    }
                }
            }
            let until =
                if undecided { settled_at.max(self.sitting.fleet.now()) } else { self.sitting.deadline };
            match self.sitting.fleet.next(until.min(self.sitting.deadline)) {
                Event::Opened(key) => self.identify(key),
                Event::Reply(key, payload) => self.on_info(key, &payload),
                Event::Busy(_) => self.sitting.dialogue.tell(Notice::KeyBusy),
                Event::Lost(key, loss) => {
                    self.keys.remove(key);
                    if loss != Loss::Unplugged {
                        self.failure = Some(KeyFailure::Unusable(loss));
                    }
                }
                Event::Interrupted => return Err(KeyFailure::Interrupted),
                Event::Elapsed if self.sitting.fleet.now() >= self.sitting.deadline => {
                    let stalled = self.sitting.fleet.stalled().map(|(_, loss)| KeyFailure::Unusable(loss));
                    return Err(self.failure.take().or(stalled).unwrap_or(KeyFailure::NoKey));
                }
                Event::Elapsed if identified.is_empty() => ready_at = self.sitting.fleet.now(),
                // Of what has elapsed: the others have had their time.
                Event::Elapsed | Event::UserPresenceNeeded(_) => {}
            }
        }
    }

    fn nothing_to_pick(&mut self, undecided: bool) -> Result<(), KeyFailure> {
        if undecided {
            return Ok(());
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.sitting.dialogue.tell(Notice::InsertKey);
        Ok(())
    }

    fn identify(&mut self, key: KeyId) {
        let wanted = self
            .sitting
            .fleet
            .plugged(key)
            .is_some_and(|plugged| self.device.is_none_or(|device| plugged.path == device));
        if !wanted {
            return self.sitting.fleet.release(key);
        }
        if self.sitting.fleet.speaks_ctap2(key) {
            self.keys.insert(key, None);
            self.sitting.fleet.send(key, Message::ctap2(info::request()), None);
        } else if self.sitting.fleet.speaks_u2f(key) {
            self.keys.insert(key, Some(Kind::U2f));
        } else {
            self.sitting.fleet.release(key);
        }
    }

    fn on_info(&mut self, key: KeyId, payload: &[u8]) {
        match (Info::parse(payload), self.keys.get_mut(key)) {
            (Ok(info), Some(slot)) => *slot = Some(Kind::Ctap2(Box::new(info))),
            (Ok(_), None) => {}
            (Err(error), _) => {
                self.keys.remove(key);
                self.failure = Some(error.into());
                self.sitting.fleet.release(key);
            }
        }
    }

    fn take(&mut self, key: KeyId) -> Result<(KeyId, Kind), KeyFailure> {
        let kind = self.keys.remove(key).flatten().ok_or(KeyFailure::Unplugged)?;
        for other in self.keys.keys() {
            self.sitting.fleet.release(other);
        }
        Ok((key, kind))
    }

    /// Lets all of `keys` blink until one is touched.
    fn choose(&mut self, keys: &[KeyId]) -> Result<KeyId, KeyFailure> {
        self.sitting.dialogue.tell(Notice::TouchToChoose);
        for key in keys {
            self.ask_for_choice(*key);
        }
        // When each is asked again.
        let mut again: KeyMap<Duration> = KeyMap::new();
        loop {
            let until = again.values().copied().fold(self.sitting.deadline, Duration::min);
            match self.sitting.fleet.next(until) {
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
                            again.insert(key, self.sitting.fleet.now().saturating_add(delay));
                            continue;
                        }
                        Ok(Choice::Declined) => KeyFailure::Declined,
                        Ok(Choice::Failed(error)) => error.into(),
                        Err(error) => error.into(),
                    };
                    self.sitting.fleet.release(key);
                    again.remove(key);
                    self.do_without(key, failed)?;
                }
                Event::Lost(key, loss) => {
                    again.remove(key);
                    self.do_without(key, loss.into())?;
                }
                Event::Interrupted => return Err(KeyFailure::Interrupted),
                Event::Elapsed if self.sitting.fleet.now() >= self.sitting.deadline => {
                    let all_busy =
                        self.keys.keys().all(|key| self.sitting.fleet.stall(key) == Some(Loss::Busy));
                    return Err(if all_busy {
                        KeyFailure::Unusable(Loss::Busy)
                    } else {
                        KeyFailure::NoTouch
                    });
                }
                Event::Elapsed => {
                    let now = self.sitting.fleet.now();
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
    fn do_without(&mut self, key: KeyId, failed: KeyFailure) -> Result<(), KeyFailure> {
        self.keys.remove(key);
        if self.keys.is_empty() { Err(failed) } else { Ok(()) }
    }

    /// Makes a key blink, unless what it is is still to be known.
    fn ask_for_choice(&mut self, key: KeyId) {
        if let Some(Some(kind)) = self.keys.get(key) {
            let message = choice::message(kind);
            self.sitting.fleet.send(key, message, Some(self.sitting.deadline));
        }
    }
}
