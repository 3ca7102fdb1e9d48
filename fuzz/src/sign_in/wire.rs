//! What went over the sockets, put together again (CTAP 2.1 §11.2.4). Not by the product's code, and more lenient than that: whatever the
//! module could take for a message is one here.

use std::collections::BTreeMap;

use virtual_key::Report;

/// `CTAPHID_KEEPALIVE`
pub const KEEPALIVE: u8 = 0x3b;
/// The bit of a message's first report.
const FIRST: u8 = 0x80;

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// The module.
    Host,
    /// A device.
    Device,
}

/// A report of the exchange with one of the devices.
#[derive(Clone, Copy, Debug)]
pub struct Exchanged {
    /// Which device.
    pub device: usize,
    /// Who sent it.
    pub sender: Sender,
    /// The report.
    pub report: Report,
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which device.
    pub device: usize,
    /// Who sent it.
    pub sender: Sender,
    /// The CTAPHID command.
    pub command: u8,
    /// What it says.
    pub payload: Vec<u8>,
}

/// The messages in the order in which their last reports were sent.
pub fn messages(exchanged: &[Exchanged]) -> Vec<Message> {
    let mut begun: BTreeMap<(usize, Sender, [u8; 4]), (Message, usize)> = BTreeMap::new();
    let mut whole = Vec::new();
    for Exchanged { device, sender, report } in exchanged {
        let [c0, c1, c2, c3, tag, high, low, ..] = *report;
        let place = (*device, *sender, [c0, c1, c2, c3]);
        if tag & FIRST != 0 {
            let command = tag ^ FIRST;
            if command == KEEPALIVE {
                continue;
            }
            let payload = report.get(7..).unwrap_or_default().to_vec();
            let message = Message { device: *device, sender: *sender, command, payload };
            begun.insert(place, (message, u16::from_be_bytes([high, low]).into()));
        } else if let Some((message, _)) = begun.get_mut(&place) {
            message.payload.extend_from_slice(report.get(5..).unwrap_or_default());
        }
        if begun.get(&place).is_some_and(|(message, len)| message.payload.len() >= *len)
            && let Some((mut message, len)) = begun.remove(&place)
        {
            message.payload.truncate(len);
            whole.push(message);
        }
    }
    whole
}
