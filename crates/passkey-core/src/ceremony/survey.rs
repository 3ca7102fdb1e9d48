//! What is plugged in, without asking anything of a person.

use super::allow_list;
use super::fleet::{Event, Fleet, Loss};
use super::world::{KeyId, PluggedKey, World};
use crate::client_data::{CHALLENGE_LEN, ClientData};
use crate::credential::{Credential, CredentialId};
use crate::verify::{Expected, verify_assertion};
use ctap::client_pin;
use ctap::hid::Command;
use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::{Info, get_assertion, info};
use std::collections::BTreeMap;
use std::time::Duration;

/// A key that does not answer for this long is reported as silent.
const PATIENCE: Duration = Duration::from_secs(3);

/// One plugged-in key.
#[derive(Debug)]
pub struct SurveyedKey {
    /// What can be seen from outside.
    pub key: PluggedKey,
    /// What it says of itself; why not, if it does not. `None` for a key that speaks U2F only.
    pub info: Result<Option<Info>, Loss>,
    /// Wrong PINs it will still take.
    pub pin_retries: Option<u8>,
    /// Wrong fingerprints it will still take.
    pub uv_retries: Option<u8>,
    /// Which of the passkeys asked for it holds.
    pub holds: Vec<CredentialId>,
}

/// Asks every plugged-in key what it is and which of `credentials` it holds; keys that have not told all by `timeout` are
/// reported with what is known. In the order in which they were found.
pub fn survey(world: &mut impl World, credentials: &[&Credential], timeout: Duration) -> Vec<SurveyedKey> {
    let mut fleet = Fleet::new(world);
    let deadline = fleet.now().saturating_add(timeout);
    let mut questions: BTreeMap<KeyId, Vec<Question>> = BTreeMap::new();
    let mut report: BTreeMap<KeyId, SurveyedKey> = BTreeMap::new();
    fleet.look();
    while fleet.opening() > 0 || !questions.is_empty() {
        match fleet.next(deadline) {
            Event::Opened(key) => {
                let Some(plugged) = fleet.plugged(key).cloned() else { continue };
                report.insert(key, SurveyedKey::new(plugged, Ok(None)));
                if fleet.speaks_ctap2(key) {
                    questions.insert(key, vec![Question::Info]);
                }
            }
            Event::Reply(key, payload) => {
                if let (Some(asked), Some(surveyed)) = (questions.get_mut(&key), report.get_mut(&key)) {
                    surveyed.on_reply(asked, &payload, credentials);
                }
            }
            Event::Lost(key, loss) => {
                questions.remove(&key);
                if let Some(plugged) = fleet.plugged(key).cloned() {
                    report.insert(key, SurveyedKey::new(plugged, Err(loss)));
                } else {
                    report.remove(&key);
                }
                continue;
            }
            Event::Elapsed | Event::Interrupted => break,
            Event::UserPresenceNeeded(_) | Event::Busy(_) => continue,
        }
        ask_next(&mut fleet, &mut questions, credentials);
    }
    report.into_values().collect()
}

/// The last of a key's list is the next to be asked, or in flight once it has been sent.
enum Question {
    Info,
    PinRetries(PinUvAuthProtocol),
    UvRetries(PinUvAuthProtocol),
    Holds(Vec<usize>),
    InFlight(Box<Question>, Option<ClientData>),
}

/// Sends every idle key its next question.
fn ask_next<W: World>(
    fleet: &mut Fleet<'_, W>,
    questions: &mut BTreeMap<KeyId, Vec<Question>>,
    credentials: &[&Credential],
) {
    questions.retain(|_, open| !open.is_empty());
    for (key, open) in questions {
        if matches!(open.last(), Some(Question::InFlight(..))) {
            continue;
        }
        let Some(question) = open.pop() else { continue };
        let (payload, client_data) = match &question {
            Question::Info => (info::request(), None),
            Question::PinRetries(protocol) => {
                (client_pin::Request::PinRetries { protocol: *protocol }.encode(), None)
            }
            Question::UvRetries(protocol) => {
                (client_pin::Request::UvRetries { protocol: *protocol }.encode(), None)
            }
            Question::Holds(indexes) => {
                let mut challenge = [0; CHALLENGE_LEN];
                let asked = pick(credentials, indexes);
                let (Some(first), Ok(())) = (asked.first(), fleet.world().random(&mut challenge)) else {
                    continue;
                };
                let client_data = ClientData::sign_in(&first.rp_id, &challenge);
                let allow_list: Vec<&[u8]> =
                    asked.iter().map(|credential| credential.id.as_bytes()).collect();
                let request = get_assertion::Request {
                    rp_id: &first.rp_id,
                    client_data_hash: client_data.hash(),
                    allow_list: &allow_list,
                    up: false,
                    uv: false,
                    pin_uv_auth: None,
                };
                (request.encode(), Some(client_data))
            }
            Question::InFlight(..) => continue,
        };
        open.push(Question::InFlight(Box::new(question), client_data));
        fleet.send(*key, Command::Cbor, payload, PATIENCE);
    }
}

fn pick<'a>(credentials: &[&'a Credential], indexes: &[usize]) -> Vec<&'a Credential> {
    indexes.iter().filter_map(|index| credentials.get(*index).copied()).collect()
}

impl SurveyedKey {
    fn new(key: PluggedKey, info: Result<Option<Info>, Loss>) -> Self {
        Self { key, info, pin_retries: None, uv_retries: None, holds: Vec::new() }
    }

    fn on_reply(&mut self, open: &mut Vec<Question>, payload: &[u8], credentials: &[&Credential]) {
        let Some(Question::InFlight(question, client_data)) = open.pop() else { return };
        match *question {
            Question::Info => {
                let Ok(info) = Info::parse(payload) else { return };
                // One at a time: a key holds a user's passkey once, but an administrator may have imported others.
                open.extend(
                    allow_list::cut(credentials, &info).into_iter().map(|piece| Question::Holds(piece.0)),
                );
                let protocol = info.pin_uv_auth_protocols.first().copied().unwrap_or(PinUvAuthProtocol::One);
                if info.options.uv == Some(true) {
                    open.push(Question::UvRetries(protocol));
                }
                if info.options.client_pin == Some(true) {
                    open.push(Question::PinRetries(protocol));
                }
                self.info = Ok(Some(info));
            }
            Question::PinRetries(_) => {
                self.pin_retries = client_pin::Response::parse(payload).ok().and_then(|r| r.pin_retries);
            }
            Question::UvRetries(_) => {
                self.uv_retries = client_pin::Response::parse(payload).ok().and_then(|r| r.uv_retries);
            }
            Question::Holds(mut indexes) => {
                let asked = pick(credentials, &indexes);
                let (Some(first), Some(client_data)) = (asked.first(), client_data) else { return };
                let Ok(response) = get_assertion::Response::parse(payload) else { return };
                let expected =
                    Expected { credentials: &asked, rp_id: &first.rp_id, client_data: &client_data };
                let Ok(facts) = verify_assertion(&expected, &response) else { return };
                let found = facts.credential().id.clone();
                // The key may hold another one of the same list.
                indexes.retain(|index| credentials.get(*index).is_some_and(|c| c.id != found));
                if !indexes.is_empty() {
                    open.push(Question::Holds(indexes));
                }
                self.holds.push(found);
            }
            Question::InFlight(..) => {}
        }
    }
}
