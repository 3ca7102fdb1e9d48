//! Selecting a key: the only one that is plugged in, or the one that the person touches.

use super::keys::{Event, KeyError, KeyId, KeyMap, Message, Platform, PluggedKey, Protocol};
use super::prompter::{Notice, Prompter};
use super::standing::Chosen;
use super::steps::grace_period;
use super::steps::selection::{self, SelectionReply, Touched};
use super::steps::single_key::{KeyFailure, SingleKey};
use super::steps::timing::{REPEAT_DELAY, U2F_POLL};
use ctap::hid::HidError;
use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::{Info, client_pin, info};
use std::path::Path;
use std::time::Duration;

/// The key that the person means, and what it says of itself.
#[derive(Clone, Debug)]
pub struct SelectedKey {
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
pub fn select(
    platform: &mut impl Platform,
    person: &mut impl Prompter,
    device: Option<&Path>,
    timeout: Duration,
) -> Result<Option<SelectedKey>, KeyFailure> {
    let mut single = SingleKey::new(platform, person, timeout);
    let Selection { key, protocol, .. } = Selecting::new(&mut single, device).run()?;
    let Protocol::Ctap2(info) = protocol else { return Ok(None) };
    let plugged = single.pool.plugged(key).cloned().ok_or(KeyFailure::Unplugged)?;
    let mut picked = SelectedKey { key: plugged, info: *info, pin_retries: None, pin_locked: false };
    if picked.info.options.client_pin == Some(true) {
        let protocol = picked.info.pin_uv_auth_protocols.first().copied().unwrap_or(PinUvAuthProtocol::One);
        let request = Message::ctap2(client_pin::Request::PinRetries { protocol }.encode());
        // A key that does not tell is used without.
        if let Ok(told) = client_pin::Response::parse(&single.exchange(key, request, None)?.payload) {
            picked.pin_retries = told.pin_retries;
            picked.pin_locked = told.power_cycle_state == Some(true);
        }
    }
    Ok(Some(picked))
}

/// The key that is meant.
pub(super) struct Selection {
    pub(super) key: KeyId,
    pub(super) protocol: Protocol,
    pub(super) chosen: Chosen,
}

/// Selecting under way.
pub(super) struct Selecting<'p, 'a, W: Platform, P: Prompter> {
    single: &'p mut SingleKey<'a, W, P>,
    /// Only this device node.
    device: Option<&'p Path>,
    /// Keys that could be used.
    keys: KeyMap<Option<Protocol>>,
    failure: Option<KeyFailure>,
}

impl<'p, 'a, W: Platform, P: Prompter> Selecting<'p, 'a, W, P> {
    pub(super) fn new(single: &'p mut SingleKey<'a, W, P>, device: Option<&'p Path>) -> Self {
        Self { single, device, keys: KeyMap::new(), failure: None }
    }

    /// The key to use: the only one, or the one that the person touches. The others are released.
    pub(super) fn run(mut self) -> Result<Selection, KeyFailure> {
        let mut ready_at = self.single.pool.now();
        loop {
            self.single.pool.look();
            let identified: Vec<KeyId> =
                self.keys.iter().filter(|(_, protocol)| protocol.is_some()).map(|(key, _)| key).collect();
            let undecided = self.single.pool.opening() > 0 || identified.len() < self.keys.len();
            let unidentified =
                self.keys.iter().filter(|(_, protocol)| protocol.is_none()).map(|(key, _)| key);
            let settled_at = grace_period::settled_at(&self.single.pool, ready_at, unidentified);
            if !undecided || self.single.pool.now() >= settled_at {
                match identified.as_slice() {
                    [] => self.nothing_to_pick(undecided)?,
                    // A key that has not answered yet may be the one that is meant.
                    [only] if !undecided || self.device.is_some() => {
                        let chosen = Chosen::only(identified.len()).ok_or(KeyFailure::NoKey)?;
                        return self.take(*only, chosen);
                    }
                    any => {
                        let (key, touched) = self.choose(any)?;
                        return self.take(key, Chosen::touched(touched));
                    }
                }
            }
            let until = if undecided { settled_at.max(self.single.pool.now()) } else { self.single.deadline };
            match self.single.pool.next(until.min(self.single.deadline)) {
                Event::Opened(key) => self.identify(key),
                Event::Reply(key, payload, _) => self.on_info(key, &payload),
                Event::Refused(key, error) => self.on_refused(key, error),
                Event::Busy(_) => self.single.dialogue.tell(Notice::KeyBusy),
                Event::Stuck(_) => self.single.dialogue.tell(Notice::KeyUnusable(KeyError::Stuck)),
                Event::Lost(key, _, error) => {
                    self.keys.remove(key);
                    if error != KeyError::Unplugged {
                        self.failure = Some(KeyFailure::Unusable(error));
                    }
                }
                Event::Interrupted => return Err(KeyFailure::Interrupted),
                Event::Elapsed if self.single.pool.now() >= self.single.deadline => {
                    let stalled = self.single.pool.stalled().map(|(_, error)| KeyFailure::Unusable(error));
                    return Err(self.failure.take().or(stalled).unwrap_or(KeyFailure::NoKey));
                }
                Event::Elapsed if identified.is_empty() => ready_at = self.single.pool.now(),
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
        self.single.dialogue.tell(Notice::InsertKey);
        Ok(())
    }

    fn identify(&mut self, key: KeyId) {
        let wanted = self
            .single
            .pool
            .plugged(key)
            .is_some_and(|plugged| self.device.is_none_or(|device| plugged.path == device));
        if !wanted {
            return self.single.pool.release(key);
        }
        if self.single.pool.speaks_ctap2(key) {
            self.keys.insert(key, None);
            self.single.pool.send(key, Message::ctap2(info::request()), None);
        } else if self.single.pool.speaks_u2f(key) {
            self.keys.insert(key, Some(Protocol::U2f));
        } else {
            self.failure = Some(KeyFailure::Unusable(KeyError::NoProtocol));
            self.single.pool.release(key);
        }
    }

    /// `CTAPHID_ERROR` in reply to getInfo.
    fn on_refused(&mut self, key: KeyId, error: HidError) {
        match Protocol::by_refusal(error, self.single.pool.speaks_u2f(key)) {
            Ok(protocol) => {
                self.keys.insert(key, Some(protocol));
            }
            Err(error) => {
                self.keys.remove(key);
                self.failure = Some(KeyFailure::Unusable(KeyError::Refused(error)));
                self.single.pool.release(key);
            }
        }
    }

    fn on_info(&mut self, key: KeyId, payload: &[u8]) {
        match Protocol::by_info(payload, self.single.pool.speaks_u2f(key)) {
            Ok(protocol) => {
                if let Some(slot) = self.keys.get_mut(key) {
                    *slot = Some(protocol);
                }
            }
            Err(error) => {
                self.keys.remove(key);
                self.failure = Some(error.into());
                self.single.pool.release(key);
            }
        }
    }

    fn take(&mut self, key: KeyId, chosen: Chosen) -> Result<Selection, KeyFailure> {
        let protocol = self.keys.remove(key).flatten().ok_or(KeyFailure::Unplugged)?;
        for other in self.keys.keys() {
            self.single.pool.release(other);
        }
        Ok(Selection { key, protocol, chosen })
    }

    /// Lets all of `keys` blink until one is touched.
    fn choose(&mut self, keys: &[KeyId]) -> Result<(KeyId, Touched), KeyFailure> {
        self.single.dialogue.tell(Notice::TouchToChoose);
        for key in keys {
            self.ask_for_choice(*key);
        }
        // When each is asked again.
        let mut again: KeyMap<Duration> = KeyMap::new();
        loop {
            let until = again.values().copied().fold(self.single.deadline, Duration::min);
            match self.single.pool.next(until) {
                Event::Reply(key, payload, took) => {
                    let Some(Some(protocol)) = self.keys.get(key) else {
                        // A slow one that has only now said what it is.
                        self.on_info(key, &payload);
                        self.ask_for_choice(key);
                        continue;
                    };
                    let delay = if protocol.info().is_some() { REPEAT_DELAY } else { U2F_POLL };
                    let failed = match selection::reply_of(protocol, &payload, took) {
                        Ok(SelectionReply::Touched(touched)) => return Ok((key, touched)),
                        Ok(SelectionReply::Again | SelectionReply::TooSoon) => {
                            again.insert(key, self.single.pool.now().saturating_add(delay));
                            continue;
                        }
                        Ok(SelectionReply::Declined) => KeyFailure::Declined,
                        Ok(SelectionReply::Failed(error)) => error.into(),
                        Err(error) => error.into(),
                    };
                    self.single.pool.release(key);
                    again.remove(key);
                    self.do_without(key, failed)?;
                }
                Event::Refused(key, error) => {
                    again.remove(key);
                    self.on_refused(key, error);
                    self.ask_for_choice(key);
                    if self.keys.is_empty() {
                        return Err(KeyFailure::Unusable(KeyError::Refused(error)));
                    }
                }
                Event::Lost(key, _, error) => {
                    again.remove(key);
                    self.do_without(key, error.into())?;
                }
                Event::Interrupted => return Err(KeyFailure::Interrupted),
                Event::Elapsed if self.single.pool.now() >= self.single.deadline => {
                    let stall = |key| match self.single.pool.stall(key) {
                        Some(error @ (KeyError::Busy | KeyError::Stuck)) => Some(error),
                        Some(_) | None => None,
                    };
                    let stalls: Option<Vec<KeyError>> = self.keys.keys().map(stall).collect();
                    let all = stalls.and_then(|stalls| stalls.first().copied());
                    return Err(all.map_or(KeyFailure::NoTouch, KeyFailure::Unusable));
                }
                Event::Elapsed => {
                    let now = self.single.pool.now();
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
                Event::UserPresenceNeeded(_) | Event::Busy(_) | Event::Stuck(_) => {}
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
        if let Some(Some(protocol)) = self.keys.get(key) {
            let message = selection::message(protocol);
            self.single.pool.send(key, message, Some(self.single.deadline));
        }
    }
}
