//! Packets: what stands where in a report (CTAP 2.1 §11.2.4).

use super::error::FramingError;
use super::report::{Cid, FIRST_LEN, MAX_MESSAGE_LEN, NEXT_LEN, REPORT_LEN, Report};

/// The bit that tells a command byte from a sequence number.
const INITIALIZATION: u8 = 0x80;

/// The command bytes, without [`INITIALIZATION`] (CTAP 2.1 §11.2.9).
pub mod code {
    /// An echo.
    pub const PING: u8 = 0x01;
    /// A U2F message.
    pub const MSG: u8 = 0x03;
    /// Opens a channel, or brings it back in line.
    pub const INIT: u8 = 0x06;
    /// A sign for the person.
    pub const WINK: u8 = 0x08;
    /// A CTAP2 message.
    pub const CBOR: u8 = 0x10;
    /// Gives up the CTAP2 request in flight.
    pub const CANCEL: u8 = 0x11;
    /// The key is at work.
    pub const KEEPALIVE: u8 = 0x3b;
    /// The key refuses.
    pub const ERROR: u8 = 0x3f;
    /// What there is to show, of those for vendors.
    pub const SHOW: u8 = 0x41;
}

/// What a caller can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// An echo of the payload (§11.2.9.1.4).
    Ping,
    /// A U2F message (§11.2.9.1.1).
    Msg,
    /// A sign for the person which key this is (§11.2.9.2.1).
    Wink,
    /// A CTAP2 message (§11.2.9.1.2).
    Cbor,
    /// What there is to show to the person, of a service ([`crate::show`]).
    Show,
}

impl Command {
    /// Its command byte, without the top bit.
    pub fn code(self) -> u8 {
        match self {
            Self::Ping => code::PING,
            Self::Msg => code::MSG,
            Self::Wink => code::WINK,
            Self::Cbor => code::CBOR,
            Self::Show => code::SHOW,
        }
    }
}

/// A packet as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The beginning of a message, or all of it. `data` is the whole room for it, padding included.
    Initialization {
        /// The command byte, without the top bit.
        command: u8,
        /// The length of the whole message, as it is claimed.
        message_len: usize,
        /// The room for its first part.
        data: &'a [u8],
    },
    /// A further part.
    Continuation {
        /// The sequence number.
        seq: u8,
        /// The room for the part.
        data: &'a [u8],
    },
}

/// Parts a report into its channel and its packet.
///
/// # Errors
/// A report of another length.
pub fn parse(report: &[u8]) -> Result<(Cid, Packet<'_>), FramingError> {
    let error = FramingError::ReportLength(report.len());
    if report.len() != REPORT_LEN {
        return Err(error);
    }
    let (cid, rest) = report.split_first_chunk::<4>().ok_or(error)?;
    let (&kind, data) = rest.split_first().ok_or(error)?;
    let packet = if kind & INITIALIZATION == 0 {
        Packet::Continuation { seq: kind, data }
    } else {
        let (len, data) = data.split_first_chunk::<2>().ok_or(error)?;
        Packet::Initialization {
            command: kind & !INITIALIZATION,
            message_len: usize::from(u16::from_be_bytes(*len)),
            data,
        }
    };
    Ok((Cid(*cid), packet))
}

/// Cuts a message into reports. `None` for one that is longer than [`MAX_MESSAGE_LEN`].
pub fn fragment(cid: Cid, command: u8, message: &[u8]) -> Option<Vec<Report>> {
    if message.len() > MAX_MESSAGE_LEN {
        return None;
    }
    let [len_high, len_low] = u16::try_from(message.len()).ok()?.to_be_bytes();
    let (first, rest) = message.split_at(message.len().min(FIRST_LEN));
    let mut reports = vec![assemble(cid, &[command | INITIALIZATION, len_high, len_low], first)];
    reports.extend((0_u8..).zip(rest.chunks(NEXT_LEN)).map(|(seq, data)| assemble(cid, &[seq], data)));
    Some(reports)
}

/// Channel id, head and data in a row; zeros after them.
fn assemble(cid: Cid, head: &[u8], data: &[u8]) -> Report {
    let mut report = [0; REPORT_LEN];
    for (place, byte) in report.iter_mut().zip(cid.0.iter().chain(head).chain(data)) {
        *place = *byte;
    }
    report
}
