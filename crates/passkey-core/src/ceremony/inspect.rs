//! The plugged-in keys, inspected without asking a person for anything.

use super::keys::{
    Attachment, Event, KeyError, KeyMap, KeyPool, Message, Platform, PluggedKey, Protocol, fits_u2f,
};
use super::steps::allow_list;
use super::steps::assertion::{AssertionRequest, UserPresence};
use crate::credential::{Credential, CredentialId};
use ctap::client_pin;
use ctap::hid::HidError;
use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::u2f::authenticate::{self, Control};
use ctap::{Info, ReplyError, Status, get_assertion, info};
use std::time::Duration;

/// One plugged-in key.
#[derive(Debug)]
pub struct InspectedKey {
    /// What can be seen from outside.
    pub key: PluggedKey,
    /// What it says of itself; why not, if it does not. `None` for a key that speaks U2F only.
    pub info: Result<Option<Info>, InspectError>,
    /// Wrong PINs it will still take.
    pub pin_retries: Option<u8>,
    /// Whether it takes no PIN before it has been unplugged and plugged in again.
    pub pin_locked: bool,
    /// Wrong fingerprints it will still take.
    pub uv_retries: Option<u8>,
    /// Which of the passkeys asked for it holds.
    pub holds: Vec<CredentialId>,
    /// Why a service has not told of all of them, where it has not: it may hold others.
    pub untold: Option<InspectError>,
}

/// Why a key has not said what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectError {
    /// It could not be talked to, or has not come to an end in time.
    Lost(KeyError),
    /// It refused with this status.
    Refused(Status),
    /// What it said is no valid CTAP2.
    Malformed,
}

impl From<ReplyError> for InspectError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Status(status) => Self::Refused(status),
            ReplyError::Malformed(_) => Self::Malformed,
        }
    }
}

/// Asks every plugged-in key what it is and which of `credentials` it holds; keys that have not told all by `timeout` are
/// reported with what is known. In the order in which they were found.
pub fn inspect<'a>(
    platform: &mut impl Platform,
    credentials: &[&'a Credential],
    timeout: Duration,
) -> Vec<InspectedKey> {
    let mut pool = KeyPool::new(platform);
    let deadline = pool.now().saturating_add(timeout);
    let mut topics: KeyMap<Vec<Topic<'a>>> = KeyMap::new();
    let mut report: KeyMap<InspectedKey> = KeyMap::new();
    pool.look();
    while pool.opening() > 0 || !topics.is_empty() {
        match pool.next(deadline) {
            Event::Opened(key) => {
                let Some(plugged) = pool.plugged(key).cloned() else { continue };
                let (info, open) = if pool.speaks_ctap2(key) {
                    // Until it has said it.
                    (Err(InspectError::Lost(KeyError::Silent)), vec![Topic::Info])
                } else {
                    (Ok(None), u2f_topics(&plugged.attachment.may_hold(credentials)))
                };
                report.insert(key, InspectedKey::new(plugged, info));
                topics.insert(key, open);
            }
            Event::Reply(key, payload, _) => {
                if let (Some(asked), Some(inspected)) = (topics.get_mut(key), report.get_mut(key)) {
                    inspected.on_reply(asked, &payload, pool.speaks_u2f(key), credentials);
                }
            }
            Event::Refused(key, error) => {
                if let (Some(asked), Some(inspected)) = (topics.get_mut(key), report.get_mut(key)) {
                    inspected.on_refused(asked, error, pool.speaks_u2f(key), credentials);
                }
            }
            Event::Lost(key, _, loss) => {
                topics.remove(key);
                if let Some(plugged) = pool.plugged(key).cloned() {
                    report.insert(key, InspectedKey::new(plugged, Err(InspectError::Lost(loss))));
                } else {
                    report.remove(key);
                }
                continue;
            }
            Event::Elapsed | Event::Interrupted => break,
            Event::UserPresenceNeeded(_) | Event::Busy(_) | Event::Stuck(_) => continue,
        }
        ask_next(&mut pool, &mut topics);
    }
    for key in topics.keys() {
        if let Some(inspected) = report.get_mut(key).filter(|one| one.key.attachment == Attachment::Service) {
            inspected.untold = Some(InspectError::Lost(KeyError::Silent));
        }
    }
    let mut inspected: Vec<InspectedKey> = report.into_values().collect();
    inspected.sort_unstable_by_key(|inspected| inspected.key.id);
    inspected
}

/// What a key is still to be asked. The last of a key's list is the next to be asked, or in flight once it has been sent.
enum Topic<'a> {
    Info,
    PinRetries(PinUvAuthProtocol),
    UvRetries(PinUvAuthProtocol),
    Holds(Vec<&'a Credential>),
    HoldsU2f(&'a Credential),
    InFlight(Box<Topic<'a>>, Option<AssertionRequest<'a>>),
}

/// Sends every idle key its next question.
fn ask_next<W: Platform>(pool: &mut KeyPool<'_, W>, topics: &mut KeyMap<Vec<Topic<'_>>>) {
    for (key, open) in topics.iter_mut() {
        if matches!(open.last(), Some(Topic::InFlight(..))) {
            continue;
        }
        // Topics about which there is nothing to ask are passed over.
        while let Some(topic) = open.pop() {
            let Some((message, question)) = request(&topic, pool.platform()) else { continue };
            open.push(Topic::InFlight(Box::new(topic), question));
            pool.send(key, message, None);
            break;
        }
    }
    topics.retain(|open| !open.is_empty());
}

/// What is sent to ask about a topic, and what an assertion in the reply is held against.
fn request<'a>(
    topic: &Topic<'a>,
    platform: &mut impl Platform,
) -> Option<(Message, Option<AssertionRequest<'a>>)> {
    Some(match topic {
        Topic::Info => (Message::ctap2(info::request()), None),
        Topic::PinRetries(protocol) => {
            let request = client_pin::Request::PinRetries { protocol: *protocol };
            (Message::ctap2(request.encode()), None)
        }
        Topic::UvRetries(protocol) => {
            let request = client_pin::Request::UvRetries { protocol: *protocol };
            (Message::ctap2(request.encode()), None)
        }
        Topic::Holds(asked) => {
            let (question, message) =
                AssertionRequest::new(asked.clone(), UserPresence::Silent, platform).ok()??;
            (message, Some(question))
        }
        Topic::HoldsU2f(asked) => {
            let (_, message) = AssertionRequest::u2f(asked, Control::CheckOnly, platform).ok()??;
            (message, None)
        }
        Topic::InFlight(..) => return None,
    })
}

/// A U2F key tells nothing of itself, only which passkeys are its own.
fn u2f_topics<'a>(credentials: &[&'a Credential]) -> Vec<Topic<'a>> {
    credentials.iter().filter(|credential| fits_u2f(credential)).map(|one| Topic::HoldsU2f(one)).collect()
}

impl InspectedKey {
    fn new(key: PluggedKey, info: Result<Option<Info>, InspectError>) -> Self {
        Self {
            key,
            info,
            pin_retries: None,
            pin_locked: false,
            uv_retries: None,
            holds: Vec::new(),
            untold: None,
        }
    }

    /// `CTAPHID_ERROR`: it does not tell that.
    fn on_refused<'a>(
        &mut self,
        open: &mut Vec<Topic<'a>>,
        error: HidError,
        speaks_u2f: bool,
        credentials: &[&'a Credential],
    ) {
        let Some(Topic::InFlight(topic, _)) = open.pop() else { return };
        if !matches!(*topic, Topic::Info) {
            return;
        }
        let protocol = Protocol::by_refusal(error, speaks_u2f);
        self.identified(
            open,
            protocol.map_err(|error| InspectError::Lost(KeyError::Refused(error))),
            credentials,
        );
    }

    /// It is known what the key speaks, or why not: what it is to be asked follows.
    fn identified<'a>(
        &mut self,
        open: &mut Vec<Topic<'a>>,
        protocol: Result<Protocol, InspectError>,
        credentials: &[&'a Credential],
    ) {
        self.info = match protocol {
            Ok(Protocol::U2f) => {
                open.extend(u2f_topics(&self.key.attachment.may_hold(credentials)));
                Ok(None)
            }
            Ok(Protocol::Ctap2(info)) => {
                let lists = allow_list::to_find(credentials, self.key.attachment, &info);
                open.extend(lists.into_iter().map(|batch| Topic::Holds(batch.0)));
                let protocol = info.pin_uv_auth_protocols.first().copied().unwrap_or(PinUvAuthProtocol::One);
                if info.options.uv == Some(true) {
                    open.push(Topic::UvRetries(protocol));
                }
                if info.options.client_pin == Some(true) {
                    open.push(Topic::PinRetries(protocol));
                }
                Ok(Some(*info))
            }
            Err(error) => Err(error),
        };
    }

    fn on_reply<'a>(
        &mut self,
        open: &mut Vec<Topic<'a>>,
        payload: &[u8],
        speaks_u2f: bool,
        credentials: &[&'a Credential],
    ) {
        let Some(Topic::InFlight(topic, question)) = open.pop() else { return };
        match *topic {
            Topic::Info => {
                let protocol = Protocol::by_info(payload, speaks_u2f).map_err(InspectError::from);
                self.identified(open, protocol, credentials);
            }
            Topic::PinRetries(_) => {
                if let Ok(told) = client_pin::Response::parse(payload) {
                    self.pin_retries = told.pin_retries;
                    self.pin_locked = told.power_cycle_state == Some(true);
                }
            }
            Topic::UvRetries(_) => {
                self.uv_retries = client_pin::Response::parse(payload).ok().and_then(|r| r.uv_retries);
            }
            Topic::Holds(mut asked) => {
                let Some(question) = question else { return };
                let response = match get_assertion::Response::parse(payload) {
                    Ok(response) => response,
                    // A service is believed what a device would have to show.
                    Err(ReplyError::Status(Status::PUAT_REQUIRED))
                        if self.key.attachment == Attachment::Service =>
                    {
                        if let [only] = asked.as_slice() {
                            self.holds.push(only.id.clone());
                        }
                        return;
                    }
                    Err(error) => {
                        let is_no = error == ReplyError::Status(Status::NO_CREDENTIALS);
                        if self.key.attachment == Attachment::Service && !is_no {
                            self.untold = Some(error.into());
                        }
                        return;
                    }
                };
                let Ok(facts) = question.verify(&response) else { return };
                let found = facts.credential().id.clone();
                // The key may hold another one of the same list.
                asked.retain(|credential| credential.id != found);
                if !asked.is_empty() {
                    open.push(Topic::Holds(asked));
                }
                self.holds.push(found);
            }
            Topic::HoldsU2f(asked) => {
                if let Ok(true) = authenticate::is_own(payload) {
                    self.holds.push(asked.id.clone());
                }
            }
            Topic::InFlight(..) => {}
        }
    }
}
