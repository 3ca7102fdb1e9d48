//! CTAPHID messages as runs of reports (CTAP 2.1 §11.2.4).

use std::time::Duration;

use crate::{REPORT_LEN, Report};

pub(crate) const PING: u8 = 0x01;
pub(crate) const MSG: u8 = 0x03;
pub(crate) const INIT: u8 = 0x06;
pub(crate) const WINK: u8 = 0x08;
pub(crate) const CBOR: u8 = 0x10;
pub(crate) const CANCEL: u8 = 0x11;
pub(crate) const KEEPALIVE: u8 = 0x3b;
pub(crate) const ERROR: u8 = 0x3f;
/// What there is to show, of those for vendors.
pub(crate) const SHOW: u8 = 0x41;
/// Error codes (CTAP 2.1 §11.2.9.1.6).
pub(crate) const ERR_INVALID_CMD: u8 = 0x01;
pub(crate) const ERR_INVALID_LEN: u8 = 0x03;
pub(crate) const ERR_INVALID_SEQ: u8 = 0x04;
pub(crate) const ERR_MSG_TIMEOUT: u8 = 0x05;
pub(crate) const ERR_CHANNEL_BUSY: u8 = 0x06;
pub(crate) const ERR_INVALID_CHANNEL: u8 = 0x0b;
pub(crate) const ERR_OTHER: u8 = 0x7f;

/// Statuses of a keep-alive, and how often a key that works or waits sends one (CTAP 2.1 §11.2.9.1.7).
pub(crate) const PROCESSING: u8 = 1;
pub(crate) const UP_NEEDED: u8 = 2;
pub(crate) const KEEPALIVE_PERIOD: Duration = Duration::from_millis(100);

/// The longest payload: one report and 128 more.
pub(crate) const MAX_PAYLOAD: usize = 57 + 128 * 59;

/// One whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) channel: [u8; 4],
    pub(crate) command: u8,
    pub(crate) payload: Vec<u8>,
}

impl Message {
    /// Put the reports of one well-formed message together; None if they are none.
    pub(crate) fn join(reports: &[Report]) -> Option<Self> {
        let (first, rest) = reports.split_first()?;
        if first[4] & 0x80 == 0 {
            return None;
        }
        let len = usize::from(u16::from_be_bytes([first[5], first[6]]));
        let mut payload = first[7..].to_vec();
        for report in rest {
            payload.extend_from_slice(&report[5..]);
        }
        if payload.len() < len {
            return None;
        }
        payload.truncate(len);
        Some(Self { channel: [first[0], first[1], first[2], first[3]], command: first[4] & 0x7f, payload })
    }

    /// Cut the message into reports.
    pub(crate) fn split(&self) -> Vec<Report> {
        let head = |tag: &[u8]| {
            let mut report = [0; REPORT_LEN];
            report[..4].copy_from_slice(&self.channel);
            report[4..4 + tag.len()].copy_from_slice(tag);
            report
        };
        let len = u16::try_from(self.payload.len()).expect("a message fits its length field").to_be_bytes();
        let (start, mut rest) = self.payload.split_at(self.payload.len().min(57));
        let mut first = head(&[self.command | 0x80, len[0], len[1]]);
        first[7..7 + start.len()].copy_from_slice(start);
        let mut reports = vec![first];
        for sequence in 0..0x80 {
            if rest.is_empty() {
                break;
            }
            let (piece, more) = rest.split_at(rest.len().min(59));
            let mut report = head(&[sequence]);
            report[5..5 + piece.len()].copy_from_slice(piece);
            reports.push(report);
            rest = more;
        }
        reports
    }
}
