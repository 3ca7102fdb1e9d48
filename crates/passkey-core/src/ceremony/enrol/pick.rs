//! Picking the key: the only one that is plugged in, or the one that the person touches.

use super::super::choice::{self, Choice};
use super::super::key_map::KeyMap;
use super::super::kind::{Kind, Message, U2F_POLL};
use super::{Ceremony, EnrolError, Event, Info, KeyId, Loss, Notice, Person, World};
use ctap::info;
use std::time::Duration;

/// How long keys that do not answer keep the others from being offered.
const SETTLE: Duration = Duration::from_secs(1);
/// Before a key that nobody touched in its own time is asked again.
const REPEAT_DELAY: Duration = Duration::from_millis(250);

impl<W: World, P: Person> Ceremony<'_, W, P> {
    /// The key to use: the only one, or the one that the person touches.
    pub(super) fn pick(&mut self) -> Result<(KeyId, Kind), EnrolError> {
        let mut settled_at = self.fleet.now().saturating_add(SETTLE);
        loop {
            self.fleet.look();
            let identified: Vec<KeyId> =
                self.keys.iter().filter(|(_, kind)| kind.is_some()).map(|(key, _)| key).collect();
            let undecided = self.fleet.opening() > 0 || identified.len() < self.keys.len();
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
                Event::Busy(_) => self.tell(Notice::KeyBusy),
                Event::UserPresenceNeeded(_) => {}
                Event::Lost(key, loss) => {
                    self.keys.remove(key);
                    if loss != Loss::Unplugged {
                        self.failure = Some(EnrolError::KeyUnusable(loss));
                    }
                }
                Event::Interrupted => return Err(EnrolError::Interrupted),
                Event::Elapsed if self.fleet.now() >= self.deadline => {
                    return Err(self.failure.take().unwrap_or(EnrolError::NoKey));
                }
                Event::Elapsed => {
                    settled_at = self.fleet.now().saturating_add(SETTLE);
                    if identified.is_empty() && !undecided {
                        self.tell(Notice::InsertKey);
                    }
                }
            }
        }
    }

    fn nothing_to_pick(&mut self, undecided: bool) -> Result<(), EnrolError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if !undecided {
            self.tell(Notice::InsertKey);
        }
        Ok(())
    }

    fn identify(&mut self, key: KeyId) {
        let wanted = self
            .fleet
            .plugged(key)
            .is_some_and(|plugged| self.enrolment.device.is_none_or(|device| plugged.path == device));
        if !wanted {
            return self.fleet.release(key);
        }
        if self.fleet.speaks_ctap2(key) {
            self.keys.insert(key, None);
            self.send(key, Message::ctap2(info::request()), false);
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

    fn take(&mut self, key: KeyId) -> Result<(KeyId, Kind), EnrolError> {
        let kind = self.keys.remove(key).flatten().ok_or(EnrolError::Unplugged)?;
        for other in self.keys.keys().collect::<Vec<_>>() {
            self.fleet.release(other);
        }
        Ok((key, kind))
    }

    /// Lets all of `keys` blink until one is touched.
    fn choose(&mut self, keys: &[KeyId]) -> Result<KeyId, EnrolError> {
        self.tell(Notice::TouchToChoose);
        for key in keys {
            self.ask_for_choice(*key);
        }
        // When each is asked again.
        let mut again: KeyMap<Duration> = KeyMap::new();
        loop {
            let until = again.values().copied().fold(self.deadline, Duration::min);
            match self.fleet.next(until) {
                Event::Reply(key, payload) => {
                    let Some(Some(kind)) = self.keys.get(key) else { continue };
                    let delay = if kind.info().is_some() { REPEAT_DELAY } else { U2F_POLL };
                    match choice::reply_of(kind, &payload)? {
                        Choice::Touched => return Ok(key),
                        Choice::Again => {
                            again.insert(key, self.fleet.now().saturating_add(delay));
                        }
                        Choice::Declined => return Err(EnrolError::Declined),
                        Choice::Failed(error) => return Err(error.into()),
                    }
                }
                Event::Lost(key, _) => {
                    self.keys.remove(key);
                    again.remove(key);
                    if self.keys.is_empty() {
                        return Err(EnrolError::Unplugged);
                    }
                }
                Event::Interrupted => return Err(EnrolError::Interrupted),
                Event::Elapsed if self.fleet.now() >= self.deadline => return Err(EnrolError::NoTouch),
                Event::Elapsed => {
                    let now = self.fleet.now();
                    let due: Vec<KeyId> =
                        again.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key).collect();
                    for key in due {
                        again.remove(key);
                        self.ask_for_choice(key);
                    }
                }
                Event::Opened(_) | Event::UserPresenceNeeded(_) | Event::Busy(_) => {}
            }
        }
    }

    fn ask_for_choice(&mut self, key: KeyId) {
        if let Some(Some(kind)) = self.keys.get(key) {
            let message = choice::message(kind);
            self.send(key, message, true);
        }
    }
}
