//! Located passkeys of which only the public key is known, or which show themselves to their user only: what other programs
//! wrote down may leave the rest to the key.
//!
//! All keys are asked silently first. What has not been found then may hide until its user is verified; for that there must be
//! one key only, or the person must have said which. Whatever a key answers counts only if it signed under the public key.

use super::keys::{Event, KeyError, KeyId, Message, NoRandomness, Platform, PluggedKey};
use super::prompter::{Notice, Prompter};
use super::standing::{Chosen, Trusted};
use super::steps::assertion::{Token, UserPresence};
use super::steps::pin_uv_token::{TokenError, TokenRequest};
use super::steps::single_key::{KeyFailure, NoToken, SingleKey};
use super::steps::uv_method::{self, Method};
use crate::client_data::{CHALLENGE_LEN, ClientData};
use crate::config::UserVerification;
use crate::credential::{CredentialId, UserHandle};
use crate::verify;
use ctap::client_pin::Permissions;
use ctap::cose::PublicKey;
use ctap::{Info, ReplyError, Status, get_assertion, info};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How long keys that do not answer are waited for before anything is asked of those that do.
const SETTLE: Duration = Duration::from_secs(2);
/// The most assertions taken for one RP ID: keys hold some hundred passkeys at most.
const MAX_ASSERTIONS: usize = 256;

/// What is looked for, and how.
#[derive(Clone, Copy, Debug)]
pub struct LocateRequest<'a> {
    /// The passkeys.
    pub sought: &'a [SoughtPasskey<'a>],
    /// Only on the key at this device node.
    pub device: Option<&'a Path>,
    /// Wrong PINs allowed, at least one.
    pub pin_attempts: u8,
    /// The whole ceremony ends after this time, not counting the time that the person takes to type a PIN.
    pub timeout: Duration,
}

/// A passkey that is looked for.
#[derive(Clone, Copy, Debug)]
pub struct SoughtPasskey<'a> {
    /// The RP ID it was made for.
    pub rp_id: &'a str,
    /// What it signs under.
    pub public_key: &'a PublicKey,
    /// Its id; `None` for one that the key must find by itself.
    pub id: Option<&'a CredentialId>,
}

/// A passkey that was found.
#[derive(Clone, Debug)]
pub struct LocatedPasskey {
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
pub struct Located {
    /// The passkeys that were found.
    pub found: Vec<LocatedPasskey>,
    /// Why not the others, where there are any.
    pub trouble: Option<LocateError>,
}

/// Why a passkey was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocateError {
    /// No key that could be asked, or none that was named, is plugged in; or the one that was asked gave no reply that could be used.
    Key(KeyFailure),
    /// The keys that are plugged in do not hold it.
    NotHeld,
    /// It may be on one of several keys that show it to their user only.
    SeveralKeys,
    /// The key did not verify its user.
    Pin(TokenError),
    /// The kernel gave no randomness.
    NoRandomness,
}

impl From<KeyFailure> for LocateError {
    fn from(failure: KeyFailure) -> Self {
        Self::Key(failure)
    }
}

impl From<NoToken> for LocateError {
    fn from(error: NoToken) -> Self {
        match error {
            NoToken::Key(failure) => Self::Key(failure),
            NoToken::Pin(TokenError::Interrupted) => Self::Key(KeyFailure::Interrupted),
            NoToken::Pin(error) => Self::Pin(error),
            NoToken::NoProtocol => Self::Key(KeyFailure::Refused(Status::UNSUPPORTED_OPTION)),
        }
    }
}

impl From<ReplyError> for LocateError {
    fn from(error: ReplyError) -> Self {
        Self::Key(match error {
            ReplyError::Status(Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL) => return Self::NotHeld,
            ReplyError::Status(Status::USER_ACTION_TIMEOUT | Status::ACTION_TIMEOUT) => KeyFailure::NoTouch,
            ReplyError::Status(Status::OPERATION_DENIED) => KeyFailure::Declined,
            other => other.into(),
        })
    }
}

impl From<NoRandomness> for LocateError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// Looks for passkeys on the keys that are plugged in.
pub fn locate(
    platform: &mut impl Platform,
    person: &mut impl Prompter,
    search: &LocateRequest<'_>,
) -> Located {
    let single = SingleKey::new(platform, person, search.timeout);
    let mut ceremony = Ceremony { single, search, found: Vec::new() };
    let trouble = ceremony.run().err();
    Located { found: ceremony.found, trouble }
}

/// One question to a key.
struct Asked<'a> {
    rp_id: &'a str,
    id: Option<&'a CredentialId>,
    client_data: ClientData,
}

struct Ceremony<'a, W: Platform, P: Prompter> {
    single: SingleKey<'a, W, P>,
    search: &'a LocateRequest<'a>,
    found: Vec<LocatedPasskey>,
}

impl<'a, W: Platform, P: Prompter> Ceremony<'a, W, P> {
    fn run(&mut self) -> Result<(), LocateError> {
        let keys = self.identify()?;
        let mut trouble = LocateError::NotHeld;
        for (key, info) in &keys {
            match self.ask_silently(*key, info) {
                Ok(()) => {}
                Err(error @ (LocateError::Key(KeyFailure::Interrupted) | LocateError::NoRandomness)) => {
                    return Err(error);
                }
                // It costs nothing but itself.
                Err(error) => trouble = error,
            }
        }
        if self.missing().next().is_none() {
            return Ok(());
        }
        // A device that the caller names is meant; so is the only one.
        let chosen = Chosen::only(if self.search.device.is_some() { 1 } else { keys.len() });
        let hiding: Vec<(KeyId, Info, Method)> = keys
            .into_iter()
            .filter(|(key, _)| self.single.pool.plugged(*key).is_some())
            .filter_map(|(key, info)| {
                let method = uv_method::choose(UserVerification::Required, &info, false).ok()?;
                Some((key, info, method))
            })
            .collect();
        match (hiding.as_slice(), chosen) {
            ([], _) => return Err(trouble),
            ([(key, info, method)], Some(chosen)) => {
                self.ask_its_user(*key, info, *method, &Trusted::Chosen(chosen))?;
            }
            _ => return Err(LocateError::SeveralKeys),
        }
        if self.missing().next().is_none() { Ok(()) } else { Err(LocateError::NotHeld) }
    }

    /// What has not been found yet.
    fn missing(&self) -> impl Iterator<Item = (usize, &'a SoughtPasskey<'a>)> + use<'a, '_, W, P> {
        let sought = self.search.sought.iter().enumerate();
        sought.filter(|(index, _)| !self.found.iter().any(|found| found.index == *index))
    }

    /// The keys that can be asked.
    fn identify(&mut self) -> Result<Vec<(KeyId, Info)>, LocateError> {
        let until = self.single.pool.now().saturating_add(SETTLE).min(self.single.deadline);
        let mut keys: BTreeMap<KeyId, Option<Info>> = BTreeMap::new();
        let mut failure = LocateError::Key(KeyFailure::NoKey);
        self.single.pool.look();
        while self.single.pool.opening() > 0 || keys.values().any(Option::is_none) {
            match self.single.pool.next(until) {
                Event::Opened(key) if !self.is_wanted(key) => self.single.pool.release(key),
                // One that speaks U2F only holds nothing that could be found by itself.
                Event::Opened(key) if !self.single.pool.speaks_ctap2(key) => {
                    failure = LocateError::NotHeld;
                    self.single.pool.release(key);
                }
                Event::Opened(key) => {
                    keys.insert(key, None);
                    self.single.pool.send(key, Message::ctap2(info::request()), None);
                }
                Event::Refused(key, error) => {
                    failure = LocateError::Key(KeyFailure::Unusable(KeyError::Refused(error)));
                    keys.remove(&key);
                    self.single.pool.release(key);
                }
                Event::Reply(key, payload, _) => {
                    if let Ok(info) = Info::parse(&payload) {
                        keys.insert(key, Some(info));
                    } else {
                        failure = LocateError::Key(KeyFailure::Malformed);
                        keys.remove(&key);
                        self.single.pool.release(key);
                    }
                }
                Event::Lost(key, _, loss) => {
                    keys.remove(&key);
                    if loss != KeyError::Unplugged && self.is_wanted(key) {
                        failure = LocateError::Key(KeyFailure::Unusable(loss));
                    }
                }
                Event::Busy(_) => self.single.dialogue.tell(Notice::KeyBusy),
                Event::Interrupted => return Err(KeyFailure::Interrupted.into()),
                Event::Elapsed => break,
                Event::UserPresenceNeeded(_) | Event::Stuck(_) => {}
            }
        }
        let keys: Vec<(KeyId, Info)> =
            keys.into_iter().filter_map(|(key, info)| info.map(|info| (key, info))).collect();
        if keys.is_empty() { Err(failure) } else { Ok(keys) }
    }

    fn is_wanted(&self, key: KeyId) -> bool {
        self.single
            .pool
            .plugged(key)
            .is_some_and(|plugged| self.search.device.is_none_or(|device| plugged.path == device))
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

    fn ask_silently(&mut self, key: KeyId, info: &Info) -> Result<(), LocateError> {
        for (rp_id, id) in self.questions() {
            match self.ask(key, info, rp_id, id, UserPresence::Silent) {
                // Keys have several ways to say that they show nothing without a touch or their user.
                Ok(())
                | Err(
                    LocateError::NotHeld | LocateError::Key(KeyFailure::Refused(_) | KeyFailure::Declined),
                ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Has the key verify its user, and asks for all that is still missing. A token is good for one RP ID and one touch
    /// (CTAP 2.1 §6.5.2.1).
    fn ask_its_user(
        &mut self,
        key: KeyId,
        info: &Info,
        method: Method,
        trusted: &Trusted<'_>,
    ) -> Result<(), LocateError> {
        for (rp_id, id) in self.questions() {
            let token = self.token(key, info, method, trusted, rp_id)?;
            let presence = match method {
                Method::BuiltIn { token: false } => UserPresence::Sensor(trusted),
                Method::None | Method::BuiltIn { token: true } | Method::Pin => {
                    UserPresence::Touch(token.as_ref())
                }
            };
            match self.ask(key, info, rp_id, id, presence) {
                Ok(()) | Err(LocateError::NotHeld) => {}
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
        presence: UserPresence<'_>,
    ) -> Result<(), LocateError> {
        let mut challenge = [0; CHALLENGE_LEN];
        self.single.pool.platform().random(&mut challenge)?;
        let asked = Asked { rp_id, id, client_data: ClientData::sign_in(rp_id, &challenge) };
        let allow_list: Vec<&[u8]> = id.into_iter().map(CredentialId::as_bytes).collect();
        let client_data_hash = asked.client_data.hash();
        let cue = match presence {
            UserPresence::Silent => None,
            UserPresence::Sensor(_) => Some(&Notice::UseFingerprint),
            UserPresence::Touch(_) => Some(&Notice::TouchKey),
        };
        let (up, uv) = presence.options();
        let pin_uv_auth = presence.pin_uv_auth(client_data_hash);
        let request = get_assertion::Request {
            rp_id,
            client_data_hash,
            allow_list: &allow_list,
            hmac_secret: None,
            up,
            uv,
            pin_uv_auth,
        };
        let reply = self.single.exchange(key, Message::ctap2(request.encode()), cue)?;
        let first = get_assertion::Response::parse(&reply.payload)?;
        let count = first.number_of_credentials.unwrap_or(1).min(MAX_ASSERTIONS);
        self.take(key, info, &asked, first);
        for _ in 1..count {
            let reply = self.single.exchange(key, Message::ctap2(get_assertion::next()), None)?;
            self.take(key, info, &asked, get_assertion::Response::parse(&reply.payload)?);
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
        let Some(((index, id), plugged)) = found.zip(self.single.pool.plugged(key).cloned()) else {
            return;
        };
        let user_handle = reply.user.and_then(|user| UserHandle::new(user.id));
        self.found.push(LocatedPasskey { index, id, user_handle, key: plugged, info: info.clone() });
    }

    /// A token for one RP ID; `None` where the key verifies its user by itself.
    fn token(
        &mut self,
        key: KeyId,
        info: &Info,
        method: Method,
        trusted: &Trusted<'_>,
        rp_id: &str,
    ) -> Result<Option<Token>, LocateError> {
        let by_sensor = match method {
            Method::None | Method::BuiltIn { token: false } => return Ok(None),
            Method::BuiltIn { token: true } => true,
            Method::Pin => false,
        };
        let request = TokenRequest { permissions: Permissions::GA, rp_id, by_sensor };
        Ok(Some(self.single.token(key, info, trusted, request, self.search.pin_attempts)?))
    }
}
