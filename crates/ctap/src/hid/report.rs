//! Reports, their sizes, and the channels that they belong to (CTAP 2.1 §11.2.4).

use std::fmt;

/// Length of a report in bytes, both ways. The report number that hidraw wants in front of a report is not part of it.
pub const REPORT_LEN: usize = 64;

/// One report.
pub type Report = [u8; REPORT_LEN];

/// The longest message in bytes: one initialization packet and 128 continuation packets.
pub const MAX_MESSAGE_LEN: usize = FIRST_LEN + 128 * NEXT_LEN;

/// Bytes of a message in an initialization packet: what channel id, command and length leave.
pub const FIRST_LEN: usize = REPORT_LEN - 7;
/// Bytes of a message in a continuation packet: what channel id and sequence number leave.
pub(super) const NEXT_LEN: usize = REPORT_LEN - 5;

/// The number of a logical channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cid(pub [u8; 4]);

impl Cid {
    /// Where channels are asked for.
    pub const BROADCAST: Self = Self([0xff; 4]);

    /// Whether it can be a channel of its own: neither the broadcast channel nor the reserved 0.
    pub(super) fn is_allocatable(self) -> bool {
        self != Self::BROADCAST && self.0 != [0; 4]
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cid({:08x})", u32::from_be_bytes(self.0))
    }
}
