//! Exact counts of what went over the wire.

use std::collections::BTreeMap;

use crate::Report;

/// What a key has seen since it was made, or since the counts were last set to zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that reached the key in full and await a reply: every message but CANCEL, whichever channel it came on.
    pub transactions: u64,
    /// `CTAPHID_INIT` requests.
    pub inits: u64,
    /// `CTAPHID_CBOR` requests.
    pub cbor: u64,
    /// `CTAPHID_MSG` requests (U2F).
    pub msg: u64,
    /// `CTAPHID_PING` requests.
    pub ping: u64,
    /// `CTAPHID_WINK` requests.
    pub wink: u64,
    /// Requests with any other command.
    pub other: u64,
    /// `CTAPHID_CANCEL` messages; they have no reply and are no transactions.
    pub cancels: u64,
    /// `CTAPHID_CBOR` requests by their CTAP2 command byte.
    pub commands: BTreeMap<u8, u64>,
    /// Reports from the host.
    pub reports_in: u64,
    /// Reports to the host, keep-alives included.
    pub reports_out: u64,
    /// Keep-alive reports to the host.
    pub keepalives: u64,
    /// How often the device was opened (the first of several openers at a time counts, as the kernel tells only of that).
    pub opens: u64,
    /// How often the device was closed, being unplugged while open included.
    pub closes: u64,
}

/// Counts, and the half-received message on each channel that they depend on.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    partial: BTreeMap<[u8; 4], Partial>,
}

#[derive(Debug)]
struct Partial {
    command: u8,
    ctap_command: Option<u8>,
    missing: usize,
}

impl Tally {
    pub(crate) fn report_in(&mut self, report: &Report) {
        self.counts.reports_in += 1;
        let channel = [report[0], report[1], report[2], report[3]];
        let partial = if report[4] & 0x80 == 0 {
            let Some(mut partial) = self.partial.remove(&channel) else { return };
            partial.missing = partial.missing.saturating_sub(59);
            partial
        } else {
            let len = usize::from(u16::from_be_bytes([report[5], report[6]]));
            let ctap_command = (len > 0).then_some(report[7]);
            Partial { command: report[4] & 0x7f, ctap_command, missing: len.saturating_sub(57) }
        };
        if partial.missing == 0 {
            self.request(&partial);
        } else {
            self.partial.insert(channel, partial);
        }
    }

    pub(crate) fn report_out(&mut self, report: &Report) {
        self.counts.reports_out += 1;
        if report[4] == 0x80 | 0x3b {
            self.counts.keepalives += 1;
        }
    }

    /// The key lost power: no message is half received any more.
    pub(crate) fn power_off(&mut self) {
        self.partial.clear();
    }

    fn request(&mut self, message: &Partial) {
        let counts = &mut self.counts;
        if message.command == 0x11 {
            counts.cancels += 1;
            return;
        }
        counts.transactions += 1;
        match message.command {
            0x01 => counts.ping += 1,
            0x03 => counts.msg += 1,
            0x06 => counts.inits += 1,
            0x08 => counts.wink += 1,
            0x10 => {
                counts.cbor += 1;
                if let Some(command) = message.ctap_command {
                    *counts.commands.entry(command).or_default() += 1;
                }
            }
            _ => counts.other += 1,
        }
    }
}
