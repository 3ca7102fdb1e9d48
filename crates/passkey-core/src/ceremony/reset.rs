//! Resetting a key: it forgets every passkey, its PIN and its fingerprints.
//!
//! A key does so only within 10 seconds of getting power and after a touch (CTAP 2.1 §6.6), so that no program can do it behind the
//! person's back: the person unplugs it, plugs it in again, and touches it. A service of this machine can be neither unplugged nor touched;
//! it asks for nothing more than that the connection is new.

use super::keys::KeyPool;
use super::keys::Message;
use super::keys::{Attachment, KeyId, Platform, PluggedKey};
use super::keys::{Event, KeyError};
use ctap::{Info, ReplyError, Status, info, reset as message};
use std::collections::BTreeSet;
use std::time::Duration;

/// A key gives up waiting for its touch by itself, as a rule after 30 seconds; this is for those that do not.
const TOUCH_PATIENCE: Duration = Duration::from_secs(60);
/// How often to look whether a key is gone that cannot be listened to.
const LOOK: Duration = Duration::from_millis(500);

/// Which key to reset.
#[derive(Clone, Copy, Debug)]
pub struct Reset<'a> {
    /// The key, as it is plugged in now.
    pub key: &'a PluggedKey,
    /// What it said of itself.
    pub info: &'a Info,
    /// How long the person may take to unplug it, and again to plug it in.
    pub timeout: Duration,
}

/// What the person should know or do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetStep {
    /// Unplug the key.
    Unplug,
    /// Plug it in again.
    PlugIn,
    /// Another key was plugged in; the ceremony waits for the right one.
    AnotherKey,
    /// Touch it.
    Touch,
    /// Another program is using it; the ceremony waits for that one, while the time runs out.
    Busy,
}

/// Why the key was not reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetError {
    /// The key was not unplugged in time.
    NotUnplugged,
    /// It was not plugged in again in time.
    NotPluggedIn,
    /// It was plugged in again, and could not be talked to.
    KeyUnusable(KeyError),
    /// More than 10 seconds had passed since it was plugged in.
    TooLate,
    /// It was not touched in time.
    NoTouch,
    /// The person refused on the key itself.
    Declined,
    /// It was unplugged before it was touched.
    Unplugged,
    /// The person gave up.
    Interrupted,
    /// The key refused with a status that leaves no way on.
    Refused(Status),
    /// The key's reply is no valid CTAP2.
    Malformed,
}

impl From<ReplyError> for ResetError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(Status::NOT_ALLOWED) => Self::TooLate,
            ReplyError::Status(Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT) => Self::NoTouch,
            ReplyError::Status(Status::OPERATION_DENIED) => Self::Declined,
            ReplyError::Status(status) => Self::Refused(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

/// Resets a key, once the person has unplugged it and plugged it in again. `tell` must not wait for them.
///
/// # Errors
/// [`ResetError`]. Nothing was forgotten then, as far as the key has said.
pub fn reset(
    platform: &mut impl Platform,
    tell: &mut impl FnMut(ResetStep),
    request: &Reset<'_>,
) -> Result<(), ResetError> {
    let mut ceremony = Ceremony { pool: KeyPool::new(platform), tell, request };
    let key = match request.key.attachment {
        Attachment::Plugged => {
            let others = ceremony.await_unplugging()?;
            ceremony.await_plugging(&others)?
        }
        Attachment::Service => ceremony.await_connection()?,
    };
    ceremony.send_reset(key)
}

struct Ceremony<'a, W: Platform, F: FnMut(ResetStep)> {
    pool: KeyPool<'a, W>,
    tell: &'a mut F,
    request: &'a Reset<'a>,
}

impl<W: Platform, F: FnMut(ResetStep)> Ceremony<'_, W, F> {
    /// Waits until the key is unplugged; the other keys, which were there before.
    fn await_unplugging(&mut self) -> Result<BTreeSet<KeyId>, ResetError> {
        let key = self.request.key.id;
        let deadline = self.deadline();
        self.pool.look();
        let plugged = self.pool.platform().plugged().unwrap_or_default();
        let others = plugged.into_iter().map(|plugged| plugged.id).filter(|id| *id != key).collect();
        if self.pool.plugged(key).is_some() {
            (self.tell)(ResetStep::Unplug);
        }
        while self.pool.plugged(key).is_some() {
            let until = self.pool.now().saturating_add(LOOK).min(deadline);
            match self.pool.next(until) {
                // The key itself stays open: that it is gone shows as a loss.
                Event::Opened(other) if other != key => self.pool.release(other),
                Event::Lost(lost, _, KeyError::Unplugged) if lost == key => break,
                Event::Interrupted => return Err(ResetError::Interrupted),
                Event::Elapsed if self.pool.now() >= deadline => return Err(ResetError::NotUnplugged),
                Event::Elapsed
                | Event::Opened(_)
                | Event::Reply(..)
                | Event::Refused(..)
                | Event::Stuck(_)
                | Event::UserPresenceNeeded(_)
                | Event::Busy(_)
                | Event::Lost(..) => {}
            }
        }
        Ok(others)
    }

    /// Waits until the key is plugged in again, and not one of `others`; its new id.
    fn await_plugging(&mut self, others: &BTreeSet<KeyId>) -> Result<KeyId, ResetError> {
        let deadline = self.deadline();
        let mut failure = None;
        (self.tell)(ResetStep::PlugIn);
        loop {
            match self.pool.next(deadline) {
                Event::Opened(key) if others.contains(&key) => self.pool.release(key),
                // A key that speaks U2F only is not the one that said what it is.
                Event::Opened(key) if !self.looks_the_same(key) || !self.pool.speaks_ctap2(key) => {
                    self.turn_away(key);
                }
                Event::Opened(key) => self.pool.send(key, Message::ctap2(info::request()), None),
                Event::Reply(key, payload, _) => match Info::parse(&payload) {
                    Ok(info) if self.is_the_same(&info) => return Ok(key),
                    Ok(_) | Err(_) => self.turn_away(key),
                },
                Event::Refused(key, _) => self.turn_away(key),
                Event::Busy(key) if !others.contains(&key) => (self.tell)(ResetStep::Busy),
                Event::Lost(key, _, loss) if !others.contains(&key) && loss != KeyError::Unplugged => {
                    failure = Some(ResetError::KeyUnusable(loss));
                }
                Event::Interrupted => return Err(ResetError::Interrupted),
                Event::Elapsed => return Err(failure.unwrap_or(ResetError::NotPluggedIn)),
                Event::Busy(_) | Event::Stuck(_) | Event::Lost(..) | Event::UserPresenceNeeded(_) => {}
            }
        }
    }

    /// Connects to the service again; its id.
    fn await_connection(&mut self) -> Result<KeyId, ResetError> {
        let key = self.request.key.id;
        let deadline = self.deadline();
        self.pool.look();
        loop {
            match self.pool.next(deadline) {
                Event::Opened(opened) if opened == key => return Ok(key),
                Event::Opened(other) => self.pool.release(other),
                Event::Lost(lost, _, KeyError::Unplugged) if lost == key => {
                    return Err(ResetError::Unplugged);
                }
                Event::Lost(lost, _, error) if lost == key => return Err(ResetError::KeyUnusable(error)),
                Event::Interrupted => return Err(ResetError::Interrupted),
                Event::Elapsed => return Err(ResetError::KeyUnusable(KeyError::Silent)),
                Event::Reply(..)
                | Event::Refused(..)
                | Event::Stuck(_)
                | Event::UserPresenceNeeded(_)
                | Event::Busy(_)
                | Event::Lost(..) => {}
            }
        }
    }

    fn send_reset(&mut self, key: KeyId) -> Result<(), ResetError> {
        let deadline = self.pool.now().saturating_add(TOUCH_PATIENCE);
        self.pool.send(key, Message::ctap2(message::request()), Some(deadline));
        if self.request.key.attachment == Attachment::Plugged {
            (self.tell)(ResetStep::Touch);
        }
        loop {
            match self.pool.next(deadline) {
                Event::Reply(from, payload, _) if from == key => return Ok(message::parse(&payload)?),
                Event::Refused(from, error) if from == key => {
                    return Err(ResetError::KeyUnusable(KeyError::Refused(error)));
                }
                Event::Busy(from) if from == key => (self.tell)(ResetStep::Busy),
                Event::Lost(from, _, KeyError::Unplugged) if from == key => {
                    return Err(ResetError::Unplugged);
                }
                Event::Lost(from, _, loss) if from == key => return Err(ResetError::KeyUnusable(loss)),
                Event::Opened(other) => self.pool.release(other),
                Event::Interrupted => return Err(ResetError::Interrupted),
                Event::Elapsed => return Err(ResetError::NoTouch),
                Event::Reply(..)
                | Event::Refused(..)
                | Event::UserPresenceNeeded(_)
                | Event::Busy(_)
                | Event::Stuck(_)
                | Event::Lost(..) => {}
            }
        }
    }

    /// From outside.
    fn looks_the_same(&self, key: KeyId) -> bool {
        let before = self.request.key;
        self.pool.plugged(key).is_some_and(|now| {
            (&now.name, now.vendor_id, now.product_id) == (&before.name, before.vendor_id, before.product_id)
        })
    }

    /// By what it says of itself, as far as that does not change with power: two keys of one model are told apart by their PIN and
    /// how full they are, or not at all.
    fn is_the_same(&self, now: &Info) -> bool {
        let facts = |info: &Info| {
            (
                info.aaguid,
                info.firmware_version,
                info.options.client_pin,
                info.remaining_discoverable_credentials,
            )
        };
        facts(now) == facts(self.request.info)
    }

    fn turn_away(&mut self, key: KeyId) {
        self.pool.release(key);
        (self.tell)(ResetStep::AnotherKey);
    }

    fn deadline(&self) -> Duration {
        self.pool.now().saturating_add(self.request.timeout)
    }
}
