//! One logical channel on one key.

use std::collections::VecDeque;

use super::error::{FramingError, HidError, RequestError};
use super::packet::{self, Command, Packet, code};
use super::reassembly::Reassembly;
use super::report::{Cid, FIRST_LEN, Report};

/// Length of a reply to `CTAPHID_INIT`. More may follow in later versions and means nothing to us.
const INIT_REPLY_LEN: usize = 17;

/// One logical channel: bytes in, bytes out.
///
/// There is at most one transaction at a time: `CTAPHID_INIT` ([`init`](Self::init)) or a [`request`](Self::request). It ends with
/// [`Event::Opened`], [`Event::Response`] or [`Event::Error`], or with a [`FramingError`], after which the key's state is unknown
/// and only `init` brings the two back in line.
#[derive(Debug, Default)]
pub struct Channel {
    open: Option<(Cid, Capabilities)>,
    outgoing: VecDeque<Report>,
    transaction: Transaction,
}

#[derive(Debug, Default)]
enum Transaction {
    #[default]
    None,
    Init {
        nonce: [u8; 8],
    },
    Request {
        command: Command,
        /// Its last reports in `outgoing` are those of `CTAPHID_CANCEL`.
        cancelled: bool,
        reply: Option<Reassembly>,
    },
}

/// What a report meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The channel is open: requests can be made.
    Opened,
    /// The key is at work on the request.
    Keepalive(Keepalive),
    /// The reply to the request is complete.
    Response {
        /// What was asked.
        command: Command,
        /// The reply as it came; nothing of it is checked.
        payload: Vec<u8>,
    },
    /// The key refuses the request, or `CTAPHID_INIT`.
    Error(HidError),
}

/// What a key is waiting for (CTAP 2.1 §11.2.9.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    /// For itself.
    Processing,
    /// For the person to touch it.
    UserPresenceNeeded,
    /// A status that the specification does not name.
    Other(u8),
}

impl From<u8> for Keepalive {
    fn from(status: u8) -> Self {
        match status {
            1 => Self::Processing,
            2 => Self::UserPresenceNeeded,
            other => Self::Other(other),
        }
    }
}

/// What a key says of itself in its reply to `CTAPHID_INIT` (CTAP 2.1 §11.2.9.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    flags: u8,
    protocol_version: u8,
    device_version: [u8; 3],
}

impl Capabilities {
    /// Whether it speaks CTAP2 ([`Command::Cbor`]).
    pub fn cbor(self) -> bool {
        self.flags & 0x04 != 0
    }

    /// Whether it speaks U2F ([`Command::Msg`]): the absence of the flag `CAPABILITY_NMSG`.
    pub fn msg(self) -> bool {
        self.flags & 0x08 == 0
    }

    /// Whether it can make itself known ([`Command::Wink`]).
    pub fn wink(self) -> bool {
        self.flags & 0x01 != 0
    }

    /// The version of CTAPHID that it speaks: 2.
    pub fn protocol_version(self) -> u8 {
        self.protocol_version
    }

    /// The maker's version number of the key: major, minor, build.
    pub fn device_version(self) -> [u8; 3] {
        self.device_version
    }
}

impl Channel {
    /// A channel that is not open yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Queues `CTAPHID_INIT`: asks for a channel, or, where there is one, for a fresh start on it. What was in flight or queued
    /// is forgotten; the key forgets it too. `nonce` must be random: it tells our reply from those to other programs.
    pub fn init(&mut self, nonce: [u8; 8]) {
        let cid = self.cid().unwrap_or(Cid::BROADCAST);
        self.outgoing = packet::fragment(cid, code::INIT, &nonce).unwrap_or_default().into();
        self.transaction = Transaction::Init { nonce };
    }

    /// The channel's number, once it is open.
    pub fn cid(&self) -> Option<Cid> {
        self.open.map(|(cid, _)| cid)
    }

    /// What the key can do, once the channel is open.
    pub fn capabilities(&self) -> Option<Capabilities> {
        self.open.map(|(_, capabilities)| capabilities)
    }

    /// Queues a request.
    ///
    /// # Errors
    /// When the channel is not open, a transaction is in flight or the payload is longer than
    /// [`MAX_MESSAGE_LEN`](super::MAX_MESSAGE_LEN). Nothing is queued then.
    pub fn request(&mut self, command: Command, payload: &[u8]) -> Result<(), RequestError> {
        if self.is_busy() {
            return Err(RequestError::Busy);
        }
        let cid = self.cid().ok_or(RequestError::NotOpen)?;
        let reports =
            packet::fragment(cid, command.code(), payload).ok_or(RequestError::TooLong(payload.len()))?;
        self.outgoing = reports.into();
        self.transaction = Transaction::Request { command, cancelled: false, reply: None };
        Ok(())
    }

    /// Queues `CTAPHID_CANCEL` for the request in flight, behind what is still to be sent of it. The reply comes all the same:
    /// with [`Status::KEEPALIVE_CANCEL`](crate::Status::KEEPALIVE_CANCEL), or whatever the key had made up its mind to.
    ///
    /// Only a CTAP2 request can be cancelled (CTAP 2.1 §11.2.9.1.5); the others end by themselves at once.
    pub fn cancel(&mut self) {
        let Some((cid, _)) = self.open else { return };
        if let Transaction::Request { command: Command::Cbor, cancelled: cancelled @ false, .. } =
            &mut self.transaction
        {
            *cancelled = true;
            self.outgoing.extend(packet::fragment(cid, code::CANCEL, &[]).unwrap_or_default());
        }
    }

    /// Whether a request, or `CTAPHID_INIT`, is in flight.
    pub fn is_busy(&self) -> bool {
        !matches!(self.transaction, Transaction::None)
    }

    /// The next report to write; `None` when nothing is queued.
    pub fn next_report(&mut self) -> Option<Report> {
        self.outgoing.pop_front()
    }

    /// Takes back what [`next_report`](Self::next_report) yielded last and could not be written: it comes first again.
    pub fn unsent(&mut self, report: Report) {
        self.outgoing.push_front(report);
    }

    /// Takes a report that was read. `None` for one that is of no interest: a part of a reply that is not complete yet, what is
    /// meant for other channels, replies of old after `CTAPHID_INIT`.
    ///
    /// # Errors
    /// When the key does not keep to the protocol. The transaction is over then.
    pub fn handle_report(&mut self, report: &[u8]) -> Result<Option<Event>, FramingError> {
        let outcome = self.dispatch(report);
        if let Ok(Some(Event::Opened | Event::Response { .. } | Event::Error(_))) | Err(_) = outcome {
            self.transaction = Transaction::None;
            self.outgoing.clear();
        }
        outcome
    }

    fn dispatch(&mut self, report: &[u8]) -> Result<Option<Event>, FramingError> {
        let (cid, packet) = packet::parse(report)?;
        match self.transaction {
            Transaction::Init { nonce } if cid == self.cid().unwrap_or(Cid::BROADCAST) => {
                self.handle_init_reply(nonce, packet)
            }
            Transaction::Request { .. } if Some(cid) == self.cid() => self.handle_reply(packet),
            Transaction::None if Some(cid) == self.cid() => Err(match packet {
                Packet::Initialization { command, .. } => FramingError::UnexpectedCommand(command),
                Packet::Continuation { seq, .. } => FramingError::UnexpectedContinuation { seq },
            }),
            _ => Ok(None),
        }
    }

    fn handle_init_reply(
        &mut self,
        nonce: [u8; 8],
        packet: Packet<'_>,
    ) -> Result<Option<Event>, FramingError> {
        match packet {
            Packet::Initialization { command: code::INIT, message_len, data } => {
                let Some(data) = data.strip_prefix(&nonce) else { return Ok(None) };
                if !(INIT_REPLY_LEN..=FIRST_LEN).contains(&message_len) {
                    return Err(FramingError::MessageLength { command: code::INIT, len: message_len });
                }
                let &[c0, c1, c2, c3, protocol_version, major, minor, build, flags, ..] = data else {
                    return Ok(None);
                };
                let cid = Cid([c0, c1, c2, c3]);
                if !cid.is_allocatable() || self.cid().is_some_and(|ours| ours != cid) {
                    return Err(FramingError::InvalidChannel(cid));
                }
                let device_version = [major, minor, build];
                self.open = Some((cid, Capabilities { flags, protocol_version, device_version }));
                Ok(Some(Event::Opened))
            }
            Packet::Initialization { command: code::ERROR, message_len, data } => {
                only_byte(code::ERROR, message_len, data).map(|error| Some(Event::Error(HidError(error))))
            }
            // On our own channel: what is left of the transaction that was given up. On the broadcast channel: not ours.
            Packet::Initialization { .. } | Packet::Continuation { .. } => Ok(None),
        }
    }

    fn handle_reply(&mut self, packet: Packet<'_>) -> Result<Option<Event>, FramingError> {
        let request_is_out = self.request_is_out();
        let Transaction::Request { command: asked, reply, .. } = &mut self.transaction else {
            return Ok(None);
        };
        let reassembly = match (packet, reply.take()) {
            (Packet::Initialization { command: code::ERROR, message_len, data }, _) => {
                let error = only_byte(code::ERROR, message_len, data)?;
                return Ok(Some(Event::Error(HidError(error))));
            }
            (Packet::Initialization { command: code::KEEPALIVE, message_len, data }, None)
                if request_is_out =>
            {
                let status = only_byte(code::KEEPALIVE, message_len, data)?;
                return Ok(Some(Event::Keepalive(status.into())));
            }
            (Packet::Initialization { command, message_len, data }, None)
                if request_is_out && command == asked.code() =>
            {
                Reassembly::begin(command, message_len, data)?
            }
            (Packet::Initialization { command, .. }, _) => {
                return Err(FramingError::UnexpectedCommand(command));
            }
            (Packet::Continuation { seq, data }, Some(mut reassembly)) => {
                reassembly.push(seq, data)?;
                reassembly
            }
            (Packet::Continuation { seq, .. }, None) => {
                return Err(FramingError::UnexpectedContinuation { seq });
            }
        };
        if reassembly.is_complete() {
            return Ok(Some(Event::Response { command: *asked, payload: reassembly.into_message() }));
        }
        *reply = Some(reassembly);
        Ok(None)
    }

    /// Whether the whole request has been handed out: only then can there be a reply to it.
    fn request_is_out(&self) -> bool {
        let cancel = usize::from(matches!(self.transaction, Transaction::Request { cancelled: true, .. }));
        self.outgoing.len() <= cancel
    }
}

/// The one byte of a message that always has one.
fn only_byte(command: u8, message_len: usize, data: &[u8]) -> Result<u8, FramingError> {
    match (message_len, data) {
        (1, &[byte, ..]) => Ok(byte),
        _ => Err(FramingError::MessageLength { command, len: message_len }),
    }
}

#[cfg(test)]
#[path = "channel_tests.rs"]
mod tests;
