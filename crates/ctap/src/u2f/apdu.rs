//! Request APDUs in extended length encoding (U2F Raw Message Formats §3.1.2, ISO 7816-4 §5.1).

/// Instruction bytes.
pub(super) mod ins {
    pub(in crate::u2f) const REGISTER: u8 = 0x01;
    pub(in crate::u2f) const AUTHENTICATE: u8 = 0x02;
    pub(in crate::u2f) const VERSION: u8 = 0x03;
}

/// Any length of reply.
const LE_ANY: [u8; 2] = [0, 0];

/// A request without data.
pub(super) fn plain(instruction: u8) -> Vec<u8> {
    let mut apdu = vec![0, instruction, 0, 0, 0];
    apdu.extend(LE_ANY);
    apdu
}

/// A request with data. `None` if there is more than its two bytes of length can tell.
pub(super) fn with_data(instruction: u8, p1: u8, data: &[u8]) -> Option<Vec<u8>> {
    let len = u16::try_from(data.len()).ok()?;
    let mut apdu = vec![0, instruction, p1, 0, 0];
    apdu.extend(len.to_be_bytes());
    apdu.extend(data);
    apdu.extend(LE_ANY);
    Some(apdu)
}
