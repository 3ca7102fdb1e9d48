//! A reader that keeps to the canonical form and to bounds.

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use super::Malformed;

/// CTAP2 messages nest at most four levels (CTAP 2.1 §8); attestation statements and vendors' additions get some more.
const MAX_DEPTH: usize = 8;
/// More members than any map of the specification has.
const MAX_ENTRIES: usize = 64;

/// The key of a map's member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'b> {
    /// An integer.
    Int(i64),
    /// A text.
    Text(&'b str),
    /// Of a type that no map of the specification uses.
    Other,
}

/// Reads one value after the other from the front of a byte string.
#[derive(Debug)]
pub struct Reader<'b>(Decoder<'b>);

impl<'b> Reader<'b> {
    /// Begins at the front of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(Decoder::new(bytes))
    }

    /// Reads `bytes` as one value with nothing after it.
    pub fn whole<T>(
        bytes: &'b [u8],
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let mut reader = Self::new(bytes);
        let value = read(&mut reader)?;
        if reader.rest().is_empty() { Ok(value) } else { Err(Malformed::TrailingBytes) }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'b [u8] {
        self.0.input().get(self.0.position()..).unwrap_or_default()
    }

    /// A boolean.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        Ok(self.0.bool()?)
    }

    /// An integer that fits.
    pub fn int(&mut self) -> Result<i64, Malformed> {
        self.integer().and_then(|n| n.try_into().map_err(|_| Malformed::Invalid))
    }

    /// An integer that is not negative and fits `T`.
    pub fn unsigned<T: TryFrom<i128>>(&mut self) -> Result<T, Malformed> {
        self.integer().and_then(|n| n.try_into().map_err(|_| Malformed::Invalid))
    }

    /// A byte string.
    pub fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        let start = self.0.position();
        let bytes = self.0.bytes()?;
        self.check_head(start, bytes.len(), bytes.len())?;
        Ok(bytes)
    }

    /// A byte string of at most `max` bytes.
    pub fn bytes_up_to(&mut self, max: usize) -> Result<&'b [u8], Malformed> {
        let bytes = self.bytes()?;
        if bytes.len() <= max { Ok(bytes) } else { Err(Malformed::TooLong) }
    }

    /// A byte string of exactly `N` bytes.
    pub fn array_of_bytes<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.bytes()?.try_into().map_err(|_| Malformed::Invalid)
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'b str, Malformed> {
        std::str::from_utf8(self.text_bytes()?).map_err(|_| Malformed::Invalid)
    }

    /// The bytes of a text, which need not be UTF-8: some keys cut text after so many bytes (WebAuthn Level 3 §6.4.1).
    pub fn text_bytes(&mut self) -> Result<&'b [u8], Malformed> {
        if self.0.datatype()? != Type::String {
            return Err(Malformed::Type);
        }
        let start = self.0.position();
        let (first, rest) = self.rest().split_first().ok_or(Malformed::Truncated)?;
        let (width, short) = match first & 0x1f {
            short @ 0..=0x17 => (0, usize::from(short)),
            0x18 => (1, 0),
            0x19 => (2, 0),
            // Longer than any message.
            _ => return Err(Malformed::TooLong),
        };
        let (long, rest) = rest.split_at_checked(width).ok_or(Malformed::Truncated)?;
        let length = long.iter().fold(short, |length, byte| length << 8 | usize::from(*byte));
        let text = rest.get(..length).ok_or(Malformed::Truncated)?;
        self.advance(width.saturating_add(length).saturating_add(1))?;
        self.check_head(start, length, length)?;
        Ok(text)
    }

    /// Text of at most `max` bytes.
    pub fn text_up_to(&mut self, max: usize) -> Result<&'b str, Malformed> {
        let text = self.text()?;
        if text.len() <= max { Ok(text) } else { Err(Malformed::TooLong) }
    }

    /// Calls `element` for each element of an array of at most `max`; it must read exactly one value.
    pub fn array(
        &mut self,
        max: usize,
        mut element: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.each_element(max, &mut element)
    }

    /// What [`Reader::array`] is for all kinds of arrays: the same code, there once.
    fn each_element(
        &mut self,
        max: usize,
        element: &mut dyn FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let start = self.0.position();
        let count = self.0.array()?;
        for _ in 0..self.count(start, count, max)? {
            element(self)?;
        }
        Ok(())
    }

    /// Calls `member` for each member of a map; it must read exactly one value.
    pub fn map(
        &mut self,
        mut member: impl FnMut(Key<'b>, &mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.each_member(&mut member)
    }

    /// What [`Reader::map`] is for all kinds of maps: the same code, there once.
    fn each_member(
        &mut self,
        member: &mut dyn FnMut(Key<'b>, &mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let start = self.0.position();
        let count = self.0.map()?;
        let mut seen: Vec<&[u8]> = Vec::new();
        for _ in 0..self.count(start, count, MAX_ENTRIES)? {
            let raw = self.raw()?;
            add_key(&mut seen, raw)?;
            member(key(raw)?, self)?;
        }
        Ok(())
    }

    /// Passes over one well-formed value of whatever kind.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        self.skip_within(MAX_DEPTH)
    }

    /// The bytes of one well-formed value of whatever kind.
    pub fn raw(&mut self) -> Result<&'b [u8], Malformed> {
        self.raw_within(MAX_DEPTH)
    }

    fn raw_within(&mut self, depth: usize) -> Result<&'b [u8], Malformed> {
        let before = self.rest();
        self.skip_within(depth)?;
        let length = before.len().saturating_sub(self.rest().len());
        Ok(before.get(..length).unwrap_or_default())
    }

    /// Reads one value as `read` has it; `None` for a well-formed one that is something else.
    pub fn fitting<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        Ok(Self::whole(self.raw()?, read).ok())
    }

    /// Whether a map comes next.
    pub fn at_map(&self) -> bool {
        matches!(self.0.datatype(), Ok(Type::Map))
    }

    /// Whether a text comes next.
    pub fn at_text(&self) -> bool {
        matches!(self.0.datatype(), Ok(Type::String))
    }

    /// Whether a byte string comes next.
    pub fn at_bytes(&self) -> bool {
        matches!(self.0.datatype(), Ok(Type::Bytes))
    }

    fn integer(&mut self) -> Result<i128, Malformed> {
        let start = self.0.position();
        let n = i128::from(self.0.int()?);
        let argument = u64::try_from(if n < 0 { !n } else { n }).map_err(|_| Malformed::Invalid)?;
        self.check_head(start, argument, 0)?;
        Ok(n)
    }

    /// Judges the count in the head of an array or map that began at `start`.
    fn count(&self, start: usize, count: Option<u64>, max: usize) -> Result<usize, Malformed> {
        let count = count.ok_or(Malformed::Invalid)?;
        self.check_head(start, count, 0)?;
        usize::try_from(count).ok().filter(|count| *count <= max).ok_or(Malformed::TooLong)
    }

    /// Refuses a head at `start` that was written in more bytes than `argument` needs, given that `content` bytes followed it.
    fn check_head(&self, start: usize, argument: impl TryInto<u64>, content: usize) -> Result<(), Malformed> {
        let shortest = match argument.try_into() {
            Ok(0..=0x17) => 1,
            Ok(0x18..=0xff) => 2,
            Ok(0x100..=0xffff) => 3,
            Ok(0x1_0000..=0xffff_ffff) => 5,
            Ok(_) | Err(_) => 9,
        };
        let length = self.0.position().saturating_sub(start).saturating_sub(content);
        if length == shortest { Ok(()) } else { Err(Malformed::Invalid) }
    }

    /// `depth` more levels may be entered. Each round of the loops consumes input, so that they end with it at the latest.
    fn skip_within(&mut self, depth: usize) -> Result<(), Malformed> {
        let start = self.0.position();
        match self.0.datatype()? {
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int => self.integer().map(drop),
            Type::Bytes => self.bytes().map(drop),
            Type::String => self.text_bytes().map(drop),
            Type::Bool => self.bool().map(drop),
            Type::Null => Ok(self.0.null()?),
            Type::Undefined => Ok(self.0.undefined()?),
            Type::F16 => self.advance(3),
            Type::F32 => self.advance(5),
            Type::F64 => self.advance(9),
            Type::Array => {
                let depth = depth.checked_sub(1).ok_or(Malformed::Depth)?;
                let count = self.0.array()?;
                for _ in 0..self.count(start, count, usize::MAX)? {
                    self.skip_within(depth)?;
                }
                Ok(())
            }
            Type::Map => {
                let depth = depth.checked_sub(1).ok_or(Malformed::Depth)?;
                let count = self.0.map()?;
                let mut seen: Vec<&[u8]> = Vec::new();
                for _ in 0..self.count(start, count, usize::MAX)? {
                    add_key(&mut seen, self.raw_within(depth)?)?;
                    self.skip_within(depth)?;
                }
                Ok(())
            }
            _ => Err(Malformed::Invalid),
        }
    }

    fn advance(&mut self, length: usize) -> Result<(), Malformed> {
        if self.rest().len() < length {
            return Err(Malformed::Truncated);
        }
        self.0.set_position(self.0.position().saturating_add(length));
        Ok(())
    }
}

fn key(raw: &[u8]) -> Result<Key<'_>, Malformed> {
    let mut reader = Reader::new(raw);
    Ok(match reader.0.datatype()? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            reader.int().map_or(Key::Other, Key::Int)
        }
        Type::String => reader.text().map_or(Key::Other, Key::Text),
        _ => Key::Other,
    })
}

/// Adds the next key of a map to those before it. The canonical form gives equal keys equal bytes.
fn add_key<'b>(seen: &mut Vec<&'b [u8]>, key: &'b [u8]) -> Result<(), Malformed> {
    if seen.contains(&key) {
        return Err(Malformed::Duplicate);
    }
    seen.push(key);
    Ok(())
}

impl From<Error> for Malformed {
    fn from(error: Error) -> Self {
        if error.is_end_of_input() {
            Self::Truncated
        } else if error.is_type_mismatch() {
            Self::Type
        } else {
            Self::Invalid
        }
    }
}
