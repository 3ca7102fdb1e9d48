//! Finding passkeys of which only the public key is known, or which show themselves to their user only: what other programs
//! wrote down may leave the rest to the key.
//!
//! All keys are asked silently first. What has not been found then may hide until its user is verified; for that there must be
//! one key only, or the person must have said which. Whatever a key answers counts only if it signed under the public key.

use super::assertion::Manner;
use super::event::{Event, Loss};
use super::fleet::Fleet;
use super::kind::Message;
use super::person::{Dialogue, Notice, Person};
use super::token::{Next, PinRules, TokenError, TokenFlow};
use super::user_verification::{self, Method};
use super::world::{KeyId, NoRandomness, PluggedKey, World};
use crate::client_data::{CHALLENGE_LEN, ClientData};
use crate::config::UserVerification;
use crate::credential::{CredentialId, UserHandle};
use crate::verify;
use ctap::client_pin::Permissions;
use ctap::cose::PublicKey;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken};
use ctap::{Info, ReplyError, Status, get_assertion, info};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How long keys that do not answer are waited for before anything is asked of those that do.
const SETTLE: Duration = Duration::from_secs(2);
/// How long a key may take to end what it does before a PIN is asked for.
const QUIET: Duration = Duration::from_millis(250);
/// Before a sensor that nobody came to in the key's own time is asked for again.
const REPEAT_DELAY: Duration = Duration::from_millis(250);
/// The most assertions taken for one RP ID: keys hold some hundred passkeys at most.
const MAX_ASSERTIONS: usize = 256;

/// What is looked for, and how.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The passkeys.
    pub sought: &'a [Sought<'a>],
    /// Only on the key at this device node.
    pub device: Option<&'a Path>,
    /// Wrong PINs allowed, at least one.
    pub pin_attempts: u8,
    /// The whole ceremony ends after this time, not counting the time that the person takes to type a PIN.
    pub timeout: Duration,
}

/// A passkey that is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The RP ID it was made for.
    pub rp_id: &'a str,
    /// What it signs under.
    pub public_key: &'a PublicKey,
    /// Its id; `None` for one that the key must find by itself.
    pub id: Option<&'a CredentialId>,
}

/// A passkey that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which of those that were looked for.
    pub index: usize,
    /// Its id.
    pub id: CredentialId,
    /// Whose it is in the eyes of the key, where the key said so.
    pub user_handle: Option<UserHandle>,
    /// The key that holds it.
    pub key: PluggedKey,
    /// What that key says of itself.
    pub info: Info,
}

/// What came of it.
#[derive(Debug)]
pub struct Finding {
    /// The passkeys that were found.
    pub found: Vec<Found>,
    /// Why not the others, where there are any.
    pub trouble: Option<FindError>,
}

/// Why a passkey was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindError {
    /// No key is plugged in, or not the one that was named.
    NoKey,
    /// The keys that are plugged in do not hold it.
    NotHeld,
    /// It may be on one of several keys that show it to their user only.
    SeveralKeys,
    /// The only key could not be talked to.
    KeyUnusable(Loss),
    /// The key was unplugged in the middle.
    Unplugged,
    /// Nobody touched the key in time.
    NoTouch,
    /// The person refused on the key itself.
    Declined,
    /// The person gave up.
    Interrupted,
    /// The key did not verify its user.
    Pin(TokenError),
    /// The key refused with a status that leaves no way on.
    Refused(Status),
    /// The key's reply is no valid CTAP2.
    Malformed,
    /// The kernel gave no randomness.
    NoRandomness,
}

impl From<ReplyError> for FindError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL) => Self::NotHeld,
            ReplyError::Status(Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT) => Self::NoTouch,
            ReplyError::Status(Status::OPERATION_DENIED) => Self::Declined,
            ReplyError::Status(status) => Self::Refused(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

impl From<NoRandomness> for FindError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// Looks for passkeys on the keys that are plugged in.
pub fn find(world: &mut impl World, person: &mut impl Person, search: &Search<'_>) -> Finding {
    let mut ceremony = Ceremony::new(world, person, search);
    let trouble = ceremony.run().err();
    Finding { found: ceremony.found, trouble }
}

/// One question to a key.
struct Asked<'a> {
    rp_id: &'a str,
    id: Option<&'a CredentialId>,
    client_data: ClientData,
}

struct Ceremony<'a, W: World, P: Person> {
    fleet: Fleet<'a, W>,
    dialogue: Dialogue<'a, P>,
    search: &'a Search<'a>,
    deadline: Duration,
    found: Vec<Found>,
}

impl<'a, W: World, P: Person> Ceremony<'a, W, P> {
    fn new(world: &'a mut W, person: &'a mut P, search: &'a Search<'a>) -> Self {
        let fleet = Fleet::new(world);
        let deadline = fleet.now().saturating_add(search.timeout);
        Self { fleet, dialogue: Dialogue::new(person), search, deadline, found: Vec::new() }
    }

    fn run(&mut self) -> Result<(), FindError> {
        let keys = self.identify()?;
        let mut trouble = FindError::NotHeld;
        for (key, info) in &keys {
            match self.ask_silently(*key, info) {
                Ok(()) => {}
                Err(error @ (FindError::Interrupted | FindError::NoRandomness)) => return Err(error),
                // It costs nothing but itself.
                Err(error) => trouble = error,
            }
        }
        if self.missing().next().is_none() {
            return Ok(());
        }
        let hiding: Vec<(KeyId, Info, Method)> = keys
            .into_iter()
            .filter(|(key, _)| self.fleet.plugged(*key).is_some())
            .filter_map(|(key, info)| {
                let method = user_verification::choose(UserVerification::Required, &info, false).ok()?;
                Some((key, info, method))
            })
            .collect();
        match hiding.as_slice() {
            [] => return Err(trouble),
            [(key, info, method)] => self.ask_its_user(*key, info, *method)?,
            _ => return Err(FindError::SeveralKeys),
        }
        if self.missing().next().is_none() { Ok(()) } else { Err(FindError::NotHeld) }
    }

    /// What has not been found yet.
    fn missing(&self) -> impl Iterator<Item = (usize, &'a Sought<'a>)> + use<'a, '_, W, P> {
        let sought = self.search.sought.iter().enumerate();
        sought.filter(|(index, _)| !self.found.iter().any(|found| found.index == *index))
    }

    /// The keys that can be asked.
    fn identify(&mut self) -> Result<Vec<(KeyId, Info)>, FindError> {
        let until = self.fleet.now().saturating_add(SETTLE).min(self.deadline);
        let mut keys: BTreeMap<KeyId, Option<Info>> = BTreeMap::new();
        let mut failure = FindError::NoKey;
        self.fleet.look();
        while self.fleet.opening() > 0 || keys.values().any(Option::is_none) {
            match self.fleet.next(until) {
                Event::Opened(key) if !self.is_wanted(key) => self.fleet.release(key),
                // One that speaks U2F only holds nothing that could be found by itself.
                Event::Opened(key) if !self.fleet.speaks_ctap2(key) => {
                    failure = FindError::NotHeld;
                    self.fleet.release(key);
                }
                Event::Opened(key) => {
                    keys.insert(key, None);
                    self.fleet.send(key, Message::ctap2(info::request()), None);
                }
                Event::Reply(key, payload) => {
                    if let Ok(info) = Info::parse(&payload) {
                        keys.insert(key, Some(info));
                    } else {
                        failure = FindError::Malformed;
                        keys.remove(&key);
                        self.fleet.release(key);
                    }
                }
                Event::Lost(key, loss) => {
                    keys.remove(&key);
                    if loss != Loss::Unplugged && self.is_wanted(key) {
                        failure = FindError::KeyUnusable(loss);
                    }
                }
                Event::Busy(_) => self.dialogue.tell(Notice::KeyBusy),
                Event::Interrupted => return Err(FindError::Interrupted),
                Event::Elapsed => break,
                Event::UserPresenceNeeded(_) => {}
            }
        }
        let keys: Vec<(KeyId, Info)> =
            keys.into_iter().filter_map(|(key, info)| info.map(|info| (key, info))).collect();
        if keys.is_empty() { Err(failure) } else { Ok(keys) }
    }

    fn is_wanted(&self, key: KeyId) -> bool {
        self.fleet
            .plugged(key)
            .is_some_and(|plugged| self.search.device.is_none_or(|device| plugged.path == device))
    }

    /// Waits until the key's sensor is to be asked for again.
    fn pause(&mut self, key: KeyId) -> Result<(), FindError> {
        let until = self.fleet.now().saturating_add(REPEAT_DELAY).min(self.deadline);
        loop {
            match self.fleet.next(until) {
                Event::Elapsed if self.fleet.now() >= self.deadline => return Err(FindError::NoTouch),
                Event::Elapsed => return Ok(()),
                Event::Lost(from, Loss::Unplugged) if from == key => return Err(FindError::Unplugged),
                Event::Lost(from, loss) if from == key => return Err(FindError::KeyUnusable(loss)),
                Event::Interrupted => return Err(FindError::Interrupted),
                Event::Opened(other) => self.fleet.release(other),
                Event::Reply(..) | Event::UserPresenceNeeded(_) | Event::Busy(_) | Event::Lost(..) => {}
            }
        }
    }

    /// The reply of one key. `cue` is told as soon as it waits for a touch.
    fn exchange(&mut self, key: KeyId, payload: Vec<u8>, cue: Option<&Notice>) -> Result<Vec<u8>, FindError> {
        self.fleet.send(key, Message::ctap2(payload), cue.map(|_| self.deadline));
        loop {
            match self.fleet.next(self.deadline) {
                Event::Reply(from, payload) if from == key => return Ok(payload),
                Event::UserPresenceNeeded(from) if from == key => {
                    if let Some(cue) = cue {
                        self.dialogue.tell(cue.clone());
                    }
                }
                Event::Busy(from) if from == key => self.dialogue.tell(Notice::KeyBusy),
                Event::Lost(from, Loss::Unplugged) if from == key => return Err(FindError::Unplugged),
                Event::Lost(from, loss) if from == key => return Err(FindError::KeyUnusable(loss)),
                Event::Interrupted => return Err(FindError::Interrupted),
                Event::Elapsed => return Err(FindError::NoTouch),
                // Keys that are plugged in now come too late.
                Event::Opened(other) => self.fleet.release(other),
                Event::Reply(..) | Event::UserPresenceNeeded(_) | Event::Busy(_) | Event::Lost(..) => {}
            }
        }
    }

    /// What the missing ones are asked for by: an RP ID, and the id where it is known. Each once.
    fn questions(&self) -> Vec<(&'a str, Option<&'a CredentialId>)> {
        let mut questions = Vec::new();
        for (_, sought) in self.missing() {
            let question = (sought.rp_id, sought.id);
            if !questions.contains(&question) {
                questions.push(question);
            }
        }
        questions
    }

    fn ask_silently(&mut self, key: KeyId, info: &Info) -> Result<(), FindError> {
        for (rp_id, id) in self.questions() {
            match self.ask(key, info, rp_id, id, Manner::Silent) {
                // Keys have several ways to say that they show nothing without a touch or their user.
                Ok(()) | Err(FindError::NotHeld | FindError::Refused(_) | FindError::Declined) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Has the key verify its user, and asks for all that is still missing. A token is good for one RP ID and one touch
    /// (CTAP 2.1 §6.5.2.1).
    fn ask_its_user(&mut self, key: KeyId, info: &Info, method: Method) -> Result<(), FindError> {
        for (rp_id, id) in self.questions() {
            let token = self.token(key, info, method, rp_id)?;
            let manner =
                Manner::Touch { uv: method == Method::BuiltIn { token: false }, token: token.as_ref() };
            match self.ask(key, info, rp_id, id, manner) {
                Ok(()) | Err(FindError::NotHeld) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Asks one question and takes in all that the key answers.
    fn ask(
        &mut self,
        key: KeyId,
        info: &Info,
        rp_id: &'a str,
        id: Option<&'a CredentialId>,
        manner: Manner<'_>,
    ) -> Result<(), FindError> {
        let mut challenge = [0; CHALLENGE_LEN];
        self.fleet.world().random(&mut challenge)?;
        let asked = Asked { rp_id, id, client_data: ClientData::sign_in(rp_id, &challenge) };
        let allow_list: Vec<&[u8]> = id.into_iter().map(CredentialId::as_bytes).collect();
        let client_data_hash = asked.client_data.hash();
        let (up, uv, token, cue) = match manner {
            Manner::Silent => (false, false, None, None),
            Manner::Touch { uv: true, token } => (true, true, token, Some(&Notice::UseFingerprint)),
            Manner::Touch { uv: false, token } => (true, false, token, Some(&Notice::TouchKey)),
        };
        let pin_uv_auth = token.map(|(protocol, token)| (*protocol, token.authenticate(client_data_hash)));
        let request =
            get_assertion::Request { rp_id, client_data_hash, allow_list: &allow_list, up, uv, pin_uv_auth };
        let reply = self.exchange(key, request.encode(), cue)?;
        let first = get_assertion::Response::parse(&reply)?;
        let count = first.number_of_credentials.unwrap_or(1).min(MAX_ASSERTIONS);
        self.take(key, info, &asked, first);
        for _ in 1..count {
            let reply = self.exchange(key, get_assertion::next(), None)?;
            self.take(key, info, &asked, get_assertion::Response::parse(&reply)?);
        }
        Ok(())
    }

    /// Notes the missing passkey that signed, if one did.
    fn take(&mut self, key: KeyId, info: &Info, asked: &Asked<'_>, mut reply: get_assertion::Response) {
        // A key that was asked for one only need not say which.
        if let (None, Some(id)) = (&reply.credential_id, asked.id) {
            reply.credential_id = Some(id.as_bytes().to_vec());
        }
        let found = self.missing().find_map(|(index, sought)| {
            if (sought.rp_id, sought.id) != (asked.rp_id, asked.id) {
                return None;
            }
            let id = verify::identify(sought.public_key, asked.rp_id, &asked.client_data, &reply).ok()?;
            sought.id.is_none_or(|sought| *sought == id).then_some((index, id))
        });
        let Some(((index, id), plugged)) = found.zip(self.fleet.plugged(key).cloned()) else { return };
        let user_handle = reply.user.and_then(|user| UserHandle::new(user.id));
        self.found.push(Found { index, id, user_handle, key: plugged, info: info.clone() });
    }

    /// A token for one RP ID; `None` where the key verifies its user by itself.
    fn token(
        &mut self,
        key: KeyId,
        info: &Info,
        method: Method,
        rp_id: &str,
    ) -> Result<Option<(PinUvAuthProtocol, PinUvAuthToken)>, FindError> {
        let by_sensor = match method {
            Method::None | Method::BuiltIn { token: false } => return Ok(None),
            Method::BuiltIn { token: true } => true,
            Method::Pin => false,
        };
        let name = self.fleet.plugged(key).map_or_else(String::new, |plugged| plugged.name.clone());
        let rules = PinRules { attempts: self.search.pin_attempts, forbidden: None };
        let (mut flow, mut next) = TokenFlow::start(&name, info, Permissions::GA, rp_id, by_sensor, rules)
            .ok_or(FindError::Refused(Status::UNSUPPORTED_OPTION))?;
        loop {
            next = match next {
                Next::Send { payload, touch } => {
                    let reply = self.exchange(key, payload, touch.then_some(&Notice::UseFingerprint))?;
                    flow.on_reply(&reply, self.fleet.world(), self.dialogue.person)
                }
                Next::Later => {
                    self.pause(key)?;
                    flow.resume(self.dialogue.person)
                }
                Next::Ask => {
                    self.fleet.settle(QUIET);
                    if self.fleet.is_interrupted() {
                        return Err(FindError::Interrupted);
                    }
                    let asked_at = self.fleet.now();
                    let next = flow.ask(self.fleet.world(), self.dialogue.person);
                    let taken = self.fleet.now().saturating_sub(asked_at);
                    self.deadline = self.deadline.saturating_add(taken);
                    self.dialogue.move_on();
                    next
                }
                Next::Done(token) => return Ok(Some((flow.protocol(), token))),
                Next::Failed(TokenError::Interrupted) => return Err(FindError::Interrupted),
                Next::Failed(error) => return Err(FindError::Pin(error)),
            };
        }
    }
}
