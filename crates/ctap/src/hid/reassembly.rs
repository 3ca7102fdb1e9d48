//! A message on its way in.

use super::error::FramingError;
use super::report::MAX_MESSAGE_LEN;

/// The parts of a message that have come so far.
#[derive(Debug)]
pub struct Reassembly {
    message_len: usize,
    message: Vec<u8>,
    next_seq: u8,
}

impl Reassembly {
    /// Begins with the data of an initialization packet.
    ///
    /// # Errors
    /// A length that no message has.
    pub fn begin(command: u8, message_len: usize, data: &[u8]) -> Result<Self, FramingError> {
        if message_len > MAX_MESSAGE_LEN {
            return Err(FramingError::MessageLength { command, len: message_len });
        }
        let mut reassembly = Self { message_len, message: Vec::with_capacity(message_len), next_seq: 0 };
        reassembly.take(data);
        Ok(reassembly)
    }

    /// Adds the data of the next continuation packet.
    ///
    /// # Errors
    /// A packet that is not the next one.
    pub fn push(&mut self, seq: u8, data: &[u8]) -> Result<(), FramingError> {
        if seq != self.next_seq {
            return Err(FramingError::Sequence { expected: self.next_seq, received: seq });
        }
        // The length's limit keeps the numbers below 128.
        self.next_seq = self.next_seq.wrapping_add(1);
        self.take(data);
        Ok(())
    }

    /// Whether all of it is there.
    pub fn is_complete(&self) -> bool {
        self.message.len() == self.message_len
    }

    /// What has come.
    pub fn into_message(self) -> Vec<u8> {
        self.message
    }

    /// Takes what belongs to the message and leaves the padding.
    fn take(&mut self, data: &[u8]) {
        let missing = self.message_len.saturating_sub(self.message.len());
        self.message.extend(data.iter().take(missing));
    }
}
