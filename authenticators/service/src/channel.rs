//! The authenticator's side of CTAPHID (CTAP 2.1 §11.2), without I/O: reports in, requests out, and back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ctap::hid::packet::{self, Packet, code};
use ctap::hid::{Cid, HidError, Keepalive, Reassembly, Report};

/// The version of CTAPHID (CTAP 2.1 §11.2.9.1.3).
const PROTOCOL_VERSION: u8 = 2;
const CAPABILITY_CBOR: u8 = 0x04;
const CAPABILITY_NMSG: u8 = 0x08;
/// Vendor's: there may be something to show.
const CAPABILITY_SHOW: u8 = 0x40;
/// How often a peer hears that its request is worked on (CTAP 2.1 §11.2.9.1.7).
const KEEPALIVE: Duration = Duration::from_millis(100);
/// Channels of one connection; one is enough.
const MAX_CHANNELS: u32 = 16;

/// What the reply to `CTAPHID_INIT` says of the device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    pub(crate) version: [u8; 3],
    pub(crate) shows: bool,
}

/// A request that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A CTAP2 message.
    Cbor(Vec<u8>),
    /// The vendor command.
    Show,
}

/// An event for the caller, beside queued replies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// To be answered by [`Channels::respond`] or [`Channels::refuse`].
    Request(Request),
    /// The request in work is not wanted any more; it is still answered.
    Cancel,
    /// The request in work is forgotten: it must not be answered.
    Forget,
}

#[derive(Debug, Default)]
enum Transaction {
    #[default]
    None,
    Receiving {
        cid: Cid,
        command: u8,
        message: Reassembly,
        since: Instant,
    },
    Working {
        cid: Cid,
        command: u8,
        next_keepalive: Instant,
    },
}

impl Transaction {
    fn cid(&self) -> Option<Cid> {
        match self {
            Self::None => None,
            Self::Receiving { cid, .. } | Self::Working { cid, .. } => Some(*cid),
        }
    }
}

/// The channels of one connection. At most one of them has a transaction.
#[derive(Debug)]
pub(crate) struct Channels {
    device: Device,
    /// Channels 1 to this are open.
    open: u32,
    transaction: Transaction,
    outgoing: VecDeque<Report>,
}

impl Channels {
    pub(crate) fn new(device: Device) -> Self {
        Self { device, open: 0, transaction: Transaction::None, outgoing: VecDeque::new() }
    }

    /// Takes a report. What it queues is at most one short reply.
    pub(crate) fn handle_report(&mut self, report: &Report, now: Instant) -> Option<Event> {
        let (cid, packet) = packet::parse(report).ok()?;
        match packet {
            Packet::Initialization { command: code::INIT, message_len, data } => {
                self.handle_init(cid, message_len, data)
            }
            Packet::Initialization { command: code::CANCEL, .. } => self.handle_cancel(cid),
            Packet::Initialization { command, message_len, data } => {
                self.begin(cid, command, message_len, data, now)
            }
            Packet::Continuation { seq, data } => self.continue_message(cid, seq, data, now),
        }
    }

    /// On the broadcast channel: opens a channel. On an open channel: aborts its transaction.
    fn handle_init(&mut self, cid: Cid, message_len: usize, data: &[u8]) -> Option<Event> {
        let Some(nonce) = data.first_chunk::<8>().filter(|_| message_len == 8) else {
            self.error(cid, HidError::INVALID_LENGTH);
            return None;
        };
        let mut event = None;
        let opened = if cid == Cid::BROADCAST {
            if self.open >= MAX_CHANNELS {
                self.error(cid, HidError::CHANNEL_BUSY);
                return None;
            }
            self.open = self.open.saturating_add(1);
            Cid(self.open.to_be_bytes())
        } else if self.is_open(cid) {
            if self.transaction.cid() == Some(cid) {
                event = matches!(self.transaction, Transaction::Working { .. }).then_some(Event::Forget);
                self.transaction = Transaction::None;
            }
            cid
        } else {
            self.error(cid, HidError::INVALID_CHANNEL);
            return None;
        };
        let show = if self.device.shows { CAPABILITY_SHOW } else { 0 };
        let mut reply = nonce.to_vec();
        reply.extend(opened.0);
        reply.push(PROTOCOL_VERSION);
        reply.extend(self.device.version);
        reply.push(CAPABILITY_CBOR | CAPABILITY_NMSG | show);
        self.send(cid, code::INIT, &reply);
        event
    }

    /// There is no reply to it (CTAP 2.1 §11.2.9.1.5).
    fn handle_cancel(&self, cid: Cid) -> Option<Event> {
        match self.transaction {
            Transaction::Working { cid: working, .. } if working == cid => Some(Event::Cancel),
            Transaction::Working { .. } | Transaction::Receiving { .. } | Transaction::None => None,
        }
    }

    fn begin(
        &mut self,
        cid: Cid,
        command: u8,
        message_len: usize,
        data: &[u8],
        now: Instant,
    ) -> Option<Event> {
        if let Some(error) = self.refusal(cid, command, message_len) {
            self.error(cid, error);
            return None;
        }
        if let Ok(message) = Reassembly::begin(command, message_len, data) {
            self.advance(cid, command, message, now)
        } else {
            self.error(cid, HidError::INVALID_LENGTH);
            None
        }
    }

    /// Why no message may begin. One that has begun on the same channel is given up.
    fn refusal(&mut self, cid: Cid, command: u8, message_len: usize) -> Option<HidError> {
        if !self.is_open(cid) {
            return Some(HidError::INVALID_CHANNEL);
        }
        match self.transaction {
            Transaction::Receiving { cid: receiving, .. } if receiving == cid => {
                self.transaction = Transaction::None;
                return Some(HidError::INVALID_SEQ);
            }
            Transaction::Receiving { .. } | Transaction::Working { .. } => {
                return Some(HidError::CHANNEL_BUSY);
            }
            Transaction::None => {}
        }
        match command {
            code::PING => None,
            code::CBOR => (message_len == 0).then_some(HidError::INVALID_LENGTH),
            code::SHOW if self.device.shows => (message_len != 0).then_some(HidError::INVALID_LENGTH),
            _ => Some(HidError::INVALID_COMMAND),
        }
    }

    fn continue_message(&mut self, cid: Cid, seq: u8, data: &[u8], now: Instant) -> Option<Event> {
        // One that continues nothing is ignored (CTAP 2.1 §11.2.4).
        if self.transaction.cid() != Some(cid) {
            return None;
        }
        match std::mem::take(&mut self.transaction) {
            Transaction::Receiving { command, mut message, .. } => {
                if message.push(seq, data).is_ok() {
                    return self.advance(cid, command, message, now);
                }
                self.error(cid, HidError::INVALID_SEQ);
                None
            }
            other @ (Transaction::Working { .. } | Transaction::None) => {
                self.transaction = other;
                None
            }
        }
    }

    fn advance(&mut self, cid: Cid, command: u8, message: Reassembly, now: Instant) -> Option<Event> {
        if !message.is_complete() {
            self.transaction = Transaction::Receiving { cid, command, message, since: now };
            return None;
        }
        let message = message.into_message();
        if command == code::PING {
            self.send(cid, code::PING, &message);
            return None;
        }
        self.transaction = Transaction::Working { cid, command, next_keepalive: after(now, KEEPALIVE) };
        Some(Event::Request(if command == code::SHOW { Request::Show } else { Request::Cbor(message) }))
    }

    /// Answers the request in work.
    pub(crate) fn respond(&mut self, message: &[u8]) {
        if let Transaction::Working { cid, command, .. } = std::mem::take(&mut self.transaction) {
            self.send(cid, command, message);
        }
    }

    /// Answers the request in work by an error.
    pub(crate) fn refuse(&mut self, error: HidError) {
        if let Transaction::Working { cid, .. } = std::mem::take(&mut self.transaction) {
            self.error(cid, error);
        }
    }

    /// When [`Channels::tick`] has something to do.
    pub(crate) fn next_tick(&self, continuation: Duration) -> Option<Instant> {
        match self.transaction {
            Transaction::None => None,
            Transaction::Receiving { since, .. } => since.checked_add(continuation),
            Transaction::Working { next_keepalive, .. } => Some(next_keepalive),
        }
    }

    /// Sends a keepalive, or times a message out, when it is due.
    pub(crate) fn tick(&mut self, now: Instant, continuation: Duration, status: Keepalive) {
        if self.next_tick(continuation).is_none_or(|due| now < due) {
            return;
        }
        match &mut self.transaction {
            Transaction::None => {}
            Transaction::Receiving { cid, .. } => {
                let cid = *cid;
                self.transaction = Transaction::None;
                self.error(cid, HidError::MSG_TIMEOUT);
            }
            Transaction::Working { cid, next_keepalive, .. } => {
                let cid = *cid;
                *next_keepalive = after(now, KEEPALIVE);
                // A peer that does not read them does not need more of them.
                if self.outgoing.is_empty() {
                    let status = match status {
                        Keepalive::Processing => 1,
                        Keepalive::UserPresenceNeeded => 2,
                        Keepalive::Other(other) => other,
                    };
                    self.send(cid, code::KEEPALIVE, &[status]);
                }
            }
        }
    }

    /// The next report to send, which stays until [`Channels::sent`].
    pub(crate) fn outgoing(&self) -> Option<&Report> {
        self.outgoing.front()
    }

    pub(crate) fn sent(&mut self) {
        self.outgoing.pop_front();
    }

    fn is_open(&self, cid: Cid) -> bool {
        (1..=self.open).contains(&u32::from_be_bytes(cid.0))
    }

    fn error(&mut self, cid: Cid, error: HidError) {
        self.send(cid, code::ERROR, &[error.0]);
    }

    /// Replies of an authenticator are bounded by what CTAPHID carries; a longer one is its defect, and becomes an error.
    fn send(&mut self, cid: Cid, command: u8, message: &[u8]) {
        let reports = packet::fragment(cid, command, message)
            .or_else(|| packet::fragment(cid, code::ERROR, &[HidError::OTHER.0]));
        self.outgoing.extend(reports.unwrap_or_default());
    }
}

fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or(now)
}

#[cfg(test)]
#[path = "channel_tests.rs"]
mod tests;
