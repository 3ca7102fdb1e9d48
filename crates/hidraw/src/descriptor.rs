//! A strict reader of HID report descriptors (Device Class Definition for HID 1.11, §6.2.2) for the one question
//! that matters here: does this interface have the FIDO collection (CTAP 2.1 §11.2.8.2), and how long are its
//! reports?
//!
//! The descriptor comes from the device and is hostile until read to its last byte.

use std::fmt;

/// Usage page of security keys (HID Usage Tables: FIDO Alliance).
pub const FIDO_USAGE_PAGE: u16 = 0xF1D0;
/// Usage of the CTAPHID collection on [`FIDO_USAGE_PAGE`].
pub const FIDO_USAGE_CTAPHID: u16 = 0x01;
/// Linux keeps no longer report descriptors (`HID_MAX_DESCRIPTOR_SIZE`).
pub const MAX_DESCRIPTOR_LEN: usize = 4096;

/// Depth of `Push` and of nested collections that is accepted; real keys use 0 and 1.
const MAX_DEPTH: usize = 16;
/// Longest report accepted, in bytes: the largest packet of a USB interrupt endpoint.
const MAX_REPORT_LEN: u32 = 1024;

/// Length of a key's reports in bytes, without report number: 64 and 64 for every key seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReportLen {
    /// From the key to us.
    pub input: usize,
    /// From us to the key.
    pub output: usize,
}

/// Why a report descriptor cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptorError {
    /// Longer than [`MAX_DESCRIPTOR_LEN`].
    TooLong,
    /// An item ends after the descriptor does.
    Truncated,
    /// A main or global item whose tag no version of the specification defines.
    UnknownItem(u8),
    /// `End Collection`, or `Pop`, without its beginning; or a beginning without its end.
    Unbalanced,
    /// Collections or `Push` nested deeper than any real device.
    TooDeep,
    /// The FIDO collection's reports are empty, not a whole number of bytes, or longer than a USB packet.
    BadReportLen,
    /// The interface numbers its reports; CTAPHID has one unnumbered report each way.
    Numbered,
    /// More than one FIDO collection on one interface.
    Ambiguous,
}

impl fmt::Display for DescriptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("report descriptor is too long"),
            Self::Truncated => f.write_str("report descriptor is cut off inside an item"),
            Self::UnknownItem(prefix) => write!(f, "report descriptor has an unknown item {prefix:#04x}"),
            Self::Unbalanced => f.write_str("report descriptor has an unbalanced collection or push"),
            Self::TooDeep => f.write_str("report descriptor is nested too deeply"),
            Self::BadReportLen => f.write_str("reports of the FIDO collection have an impossible length"),
            Self::Numbered => f.write_str("the FIDO interface numbers its reports"),
            Self::Ambiguous => f.write_str("more than one FIDO collection on one interface"),
        }
    }
}

impl std::error::Error for DescriptorError {}

/// Reads a whole report descriptor: the report lengths of its FIDO collection, or `None` if it has none.
///
/// # Errors
/// [`DescriptorError`] for anything malformed, even after a FIDO collection that looks right.
pub fn fido_report_len(descriptor: &[u8]) -> Result<Option<ReportLen>, DescriptorError> {
    if descriptor.len() > MAX_DESCRIPTOR_LEN {
        return Err(DescriptorError::TooLong);
    }
    let mut reader = Reader::default();
    let mut rest = descriptor;
    while let Some(item) = Item::take(&mut rest)? {
        reader.item(item)?;
    }
    reader.finish()
}

/// One item; long items carry nothing that any device class defines and are only skipped.
#[derive(Clone, Copy)]
enum Item {
    Main { prefix: u8, tag: u8, value: u32 },
    Global { prefix: u8, tag: u8, value: u32 },
    Local { tag: u8, value: u32, len: usize },
    Long,
}

impl Item {
    const LONG_PREFIX: u8 = 0xFE;

    fn take(rest: &mut &[u8]) -> Result<Option<Self>, DescriptorError> {
        let Some((&prefix, after)) = rest.split_first() else { return Ok(None) };
        if prefix == Self::LONG_PREFIX {
            let [len, _tag, after @ ..] = after else { return Err(DescriptorError::Truncated) };
            let (_, after) = after.split_at_checked(usize::from(*len)).ok_or(DescriptorError::Truncated)?;
            *rest = after;
            return Ok(Some(Self::Long));
        }
        let len = match prefix & 0b11 {
            3 => 4,
            short => usize::from(short),
        };
        let (data, after) = after.split_at_checked(len).ok_or(DescriptorError::Truncated)?;
        *rest = after;
        let value = data.iter().rev().fold(0_u32, |value, &byte| (value << 8) | u32::from(byte));
        let tag = prefix >> 4;
        Ok(Some(match (prefix >> 2) & 0b11 {
            0 => Self::Main { prefix, tag, value },
            1 => Self::Global { prefix, tag, value },
            2 => Self::Local { tag, value, len },
            _ => return Err(DescriptorError::UnknownItem(prefix)),
        }))
    }
}

/// The global items that matter here; `Push` and `Pop` save and restore them.
#[derive(Clone, Copy, Default)]
struct Globals {
    usage_page: u16,
    report_size: u32,
    report_count: u32,
}

#[derive(Default)]
struct Reader {
    globals: Globals,
    pushed: Vec<Globals>,
    /// First usage since the last main item, as page and usage.
    usage: Option<(u16, u16)>,
    depth: usize,
    inside_fido: bool,
    fido_seen: bool,
    numbered: bool,
    input_bits: u32,
    output_bits: u32,
}

impl Reader {
    fn item(&mut self, item: Item) -> Result<(), DescriptorError> {
        match item {
            Item::Main { prefix, tag, value } => self.main(prefix, tag, value),
            Item::Global { prefix, tag, value } => self.global(prefix, tag, value),
            Item::Local { tag, value, len } => {
                self.local(tag, value, len);
                Ok(())
            }
            Item::Long => Ok(()),
        }
    }

    fn main(&mut self, prefix: u8, tag: u8, value: u32) -> Result<(), DescriptorError> {
        match tag {
            0x8 if self.inside_fido => self.input_bits = self.grown(self.input_bits)?,
            0x9 if self.inside_fido => self.output_bits = self.grown(self.output_bits)?,
            // Input, Output and Feature of others.
            0x8 | 0x9 | 0xB => {}
            0xA => self.begin_collection(value)?,
            0xC => {
                self.depth = self.depth.checked_sub(1).ok_or(DescriptorError::Unbalanced)?;
                self.inside_fido &= self.depth > 0;
            }
            _ => return Err(DescriptorError::UnknownItem(prefix)),
        }
        self.usage = None;
        Ok(())
    }

    fn begin_collection(&mut self, kind: u32) -> Result<(), DescriptorError> {
        const APPLICATION: u32 = 0x01;
        if self.depth >= MAX_DEPTH {
            return Err(DescriptorError::TooDeep);
        }
        let is_fido = self.usage == Some((FIDO_USAGE_PAGE, FIDO_USAGE_CTAPHID));
        if self.depth == 0 && kind == APPLICATION && is_fido {
            if self.fido_seen {
                return Err(DescriptorError::Ambiguous);
            }
            self.fido_seen = true;
            self.inside_fido = true;
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    /// `bits` and the field that the current globals describe.
    fn grown(&self, bits: u32) -> Result<u32, DescriptorError> {
        self.globals
            .report_size
            .checked_mul(self.globals.report_count)
            .and_then(|field| bits.checked_add(field))
            .ok_or(DescriptorError::BadReportLen)
    }

    fn global(&mut self, prefix: u8, tag: u8, value: u32) -> Result<(), DescriptorError> {
        match tag {
            0x0 => {
                self.globals.usage_page =
                    u16::try_from(value).map_err(|_| DescriptorError::UnknownItem(prefix))?;
            }
            // Logical and physical bounds, unit and its exponent.
            0x1..=0x6 => {}
            0x7 => self.globals.report_size = value,
            0x8 => self.numbered = true,
            0x9 => self.globals.report_count = value,
            0xA if self.pushed.len() >= MAX_DEPTH => return Err(DescriptorError::TooDeep),
            0xA => self.pushed.push(self.globals),
            0xB => self.globals = self.pushed.pop().ok_or(DescriptorError::Unbalanced)?,
            _ => return Err(DescriptorError::UnknownItem(prefix)),
        }
        Ok(())
    }

    fn local(&mut self, tag: u8, value: u32, len: usize) {
        const USAGE: u8 = 0x0;
        if tag == USAGE && self.usage.is_none() {
            let [low0, low1, high0, high1] = value.to_le_bytes();
            let usage = u16::from_le_bytes([low0, low1]);
            // A four-byte usage brings its own page (§6.2.2.8).
            let page = if len == 4 { u16::from_le_bytes([high0, high1]) } else { self.globals.usage_page };
            self.usage = Some((page, usage));
        }
    }

    fn finish(self) -> Result<Option<ReportLen>, DescriptorError> {
        if self.depth != 0 {
            return Err(DescriptorError::Unbalanced);
        }
        if !self.fido_seen {
            return Ok(None);
        }
        if self.numbered {
            return Err(DescriptorError::Numbered);
        }
        Ok(Some(ReportLen { input: whole_bytes(self.input_bits)?, output: whole_bytes(self.output_bits)? }))
    }
}

fn whole_bytes(bits: u32) -> Result<usize, DescriptorError> {
    let bytes = bits / 8;
    if !bits.is_multiple_of(8) || bytes == 0 || bytes > MAX_REPORT_LEN {
        return Err(DescriptorError::BadReportLen);
    }
    usize::try_from(bytes).map_err(|_| DescriptorError::BadReportLen)
}

#[cfg(test)]
#[path = "descriptor_tests.rs"]
mod tests;
