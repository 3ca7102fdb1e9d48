//! Messages from reports, by the rules of CTAPHID (CTAP 2.1 §11.2.4 and §11.2.5).

use std::time::Duration;

use crate::Report;
use crate::message::{
    CANCEL, ERR_CHANNEL_BUSY, ERR_INVALID_LEN, ERR_INVALID_SEQ, ERR_MSG_TIMEOUT, INIT, MAX_PAYLOAD, Message,
};

/// The message that is being received, if any: one at a time on all channels.
#[derive(Debug, Default)]
pub(super) struct Assembly(Option<Partial>);

#[derive(Debug)]
struct Partial {
    channel: [u8; 4],
    reports: Vec<Report>,
    missing: usize,
    deadline: Duration,
}

/// What has come of a report.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing yet.
    Nothing,
    /// A whole message.
    Message(Message),
    /// A mistake, to be answered with this code.
    Error(u8),
}

impl Assembly {
    /// Takes a report; the rest of its message is waited for until `deadline`.
    pub(super) fn report(&mut self, report: &Report, deadline: Duration) -> Heard {
        let channel = [report[0], report[1], report[2], report[3]];
        if report[4] & 0x80 == 0 {
            return self.rest(channel, report);
        }
        let command = report[4] & 0x7f;
        match &self.0 {
            Some(partial) if partial.channel != channel => {
                return if command == CANCEL { Heard::Nothing } else { Heard::Error(ERR_CHANNEL_BUSY) };
            }
            // INIT makes a fresh start, as does CANCEL.
            Some(_) => {
                self.0 = None;
                if command != INIT && command != CANCEL {
                    return Heard::Error(ERR_INVALID_SEQ);
                }
            }
            None => {}
        }
        let len = usize::from(u16::from_be_bytes([report[5], report[6]]));
        if len > MAX_PAYLOAD {
            return Heard::Error(ERR_INVALID_LEN);
        }
        self.0 = Some(Partial { channel, reports: vec![*report], missing: len.saturating_sub(57), deadline });
        self.whole()
    }

    fn rest(&mut self, channel: [u8; 4], report: &Report) -> Heard {
        // A report that continues nothing is ignored.
        let Some(partial) = self.0.as_mut().filter(|partial| partial.channel == channel) else {
            return Heard::Nothing;
        };
        if usize::from(report[4]) != partial.reports.len() - 1 {
            self.0 = None;
            return Heard::Error(ERR_INVALID_SEQ);
        }
        partial.missing = partial.missing.saturating_sub(59);
        partial.reports.push(*report);
        self.whole()
    }

    fn whole(&mut self) -> Heard {
        match self.0.take_if(|partial| partial.missing == 0) {
            None => Heard::Nothing,
            Some(partial) => Heard::Message(Message::join(&partial.reports).expect("a whole message")),
        }
    }

    /// When the rest of a message is waited for no longer.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.0.as_ref().map(|partial| partial.deadline)
    }

    /// Gives up a message whose rest has not come: its channel, and the code to answer with.
    pub(super) fn give_up(&mut self, now: Duration) -> Option<([u8; 4], u8)> {
        let partial = self.0.take_if(|partial| partial.deadline <= now)?;
        Some((partial.channel, ERR_MSG_TIMEOUT))
    }
}
