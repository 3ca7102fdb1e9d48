//! What came back.

use std::fmt;

use ctap::Secret;
use zeroize::Zeroizing;

use super::request::{PASSKEY, PASSWORD};

/// The longest reply that is looked at, in bytes: a PIN has 63 at most, a password what PAM takes (`PAM_MAX_RESP_SIZE`), each of which may be
/// written with six.
pub const MAX_REPLY_LEN: usize = 8 * 1024;
/// How deep objects and lists may lie within each other. The protocol needs three.
const MAX_DEPTH: u8 = 16;

/// What the person typed.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// At the passkey: the PIN, or nothing where they only pressed Enter.
    Pin(Secret),
    /// At the password.
    Password(Secret),
}

/// Why a reply is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// Longer than [`MAX_REPLY_LEN`].
    TooLong,
    /// Not JSON, or nested too deep, or the same name twice.
    Malformed,
    /// Its status is another one than "Ok", or lacks.
    NotOk,
    /// It answers neither or both.
    NotOneAnswer,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "it is too long",
            Self::Malformed => "it is not the JSON that it should be",
            Self::NotOk => "its status is not \"Ok\"",
            Self::NotOneAnswer => "it does not answer for one of passkey and password",
        })
    }
}

/// Reads a reply.
///
/// # Errors
/// When it is not one that says what was typed.
pub fn parse(json: &[u8]) -> Result<Reply, ReplyError> {
    if json.len() > MAX_REPLY_LEN {
        return Err(ReplyError::TooLong);
    }
    if std::str::from_utf8(json).is_err() {
        return Err(ReplyError::Malformed);
    }
    let mut reader = Reader { rest: json, depth: 0 };
    let mut found = Found::default();
    let mut selection = Once(false);
    let read = reader.object(|name, reader| {
        if name == b"authSelection" {
            selection.first()?;
            found.selection(reader)
        } else {
            reader.skip()
        }
    });
    reader.skip_space();
    if read.is_none() || !reader.rest.is_empty() {
        return Err(ReplyError::Malformed);
    }
    let Found { is_ok, pin, password, .. } = found;
    match (is_ok, pin, password) {
        (false, ..) => Err(ReplyError::NotOk),
        (true, Some(pin), None) => Ok(Reply::Pin(pin)),
        (true, None, Some(password)) => Ok(Reply::Password(password)),
        (true, None, None) | (true, Some(_), Some(_)) => Err(ReplyError::NotOneAnswer),
    }
}

/// A name that may stand once.
#[derive(Default)]
struct Once(bool);

impl Once {
    fn first(&mut self) -> Option<()> {
        (!std::mem::replace(&mut self.0, true)).then_some(())
    }
}

/// What of a reply counts.
#[derive(Default)]
struct Found {
    is_ok: bool,
    pin: Option<Secret>,
    password: Option<Secret>,
    status_seen: Once,
    passkey_seen: Once,
    password_seen: Once,
}

impl Found {
    fn selection(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        reader.object(|name, reader| {
            if name == b"status" {
                self.status_seen.first()?;
                self.is_ok = reader.string()?.as_bytes() == b"Ok";
                Some(())
            } else if name == PASSKEY.as_bytes() {
                self.passkey_seen.first()?;
                self.pin = Some(typed(reader, b"pin")?);
                Some(())
            } else if name == PASSWORD.as_bytes() {
                self.password_seen.first()?;
                self.password = Some(typed(reader, b"password")?);
                Some(())
            } else {
                reader.skip()
            }
        })
    }
}

/// The text under `name` in an object.
fn typed(reader: &mut Reader<'_>, wanted: &[u8]) -> Option<Secret> {
    let mut typed = None;
    reader.object(|name, reader| {
        if name != wanted {
            return reader.skip();
        }
        typed.is_none().then_some(())?;
        typed = Some(reader.string()?);
        Some(())
    })?;
    typed
}

/// Reads UTF-8 text of JSON (RFC 8259) from front to back; `None` where it is not what it should be.
struct Reader<'a> {
    rest: &'a [u8],
    depth: u8,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Takes `byte` if it is next, behind white space.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    /// An object; `member` takes the value of each name.
    fn object(&mut self, mut member: impl FnMut(&[u8], &mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        self.nested(b'}', &mut |reader| {
            reader.skip_space();
            let name = reader.string()?;
            reader.expect(b':')?;
            member(name.as_bytes(), reader)
        })
    }

    /// What stands before `end`, separated by commas.
    fn nested(&mut self, end: u8, item: &mut dyn FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.depth = self.depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
        if !self.take(end) {
            loop {
                item(self)?;
                if self.take(end) {
                    break;
                }
                self.expect(b',')?;
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Some(())
    }

    /// Any value.
    fn skip(&mut self) -> Option<()> {
        self.skip_space();
        match self.rest.first()? {
            b'"' => self.string().map(|_| ()),
            b'{' => self.object(|_, reader| reader.skip()),
            b'[' => {
                self.next()?;
                self.nested(b']', &mut Self::skip)
            }
            _ => {
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                let len = self.rest.iter().position(|byte| !is_part(byte)).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at_checked(len)?;
                self.rest = rest;
                let is_number = word.first().is_some_and(|first| first.is_ascii_digit() || *first == b'-');
                (is_number || matches!(word, b"true" | b"false" | b"null")).then_some(())
            }
        }
    }

    /// A string, whatever it means.
    fn string(&mut self) -> Option<Secret> {
        self.expect(b'"')?;
        // As much room as it can need: growing would leave a part of a secret behind.
        let end = self.end_of_string()?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(end));
        loop {
            match self.next()? {
                b'"' => return Some(Secret::new(std::mem::take(&mut *bytes))),
                b'\\' => bytes.extend(self.escaped()?.encode_utf8(&mut [0; 4]).bytes()),
                0..=0x1f => return None,
                byte => bytes.push(byte),
            }
        }
    }

    /// How many bytes there are before the quote that ends a string.
    fn end_of_string(&self) -> Option<usize> {
        let mut is_escaped = false;
        self.rest.iter().position(|byte| {
            let ends = *byte == b'"' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            ends
        })
    }

    /// What stands after a backslash.
    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let Some(high) = first.checked_sub(0xD800).filter(|high| *high < 0x400) else {
                    return char::from_u32(first);
                };
                self.rest = self.rest.strip_prefix(b"\\u")?;
                let low = self.unit()?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                return char::from_u32(0x1_0000_u32.checked_add(high << 10 | low)?);
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit << 4 | char::from(self.next()?).to_digit(16)?;
        }
        Some(unit)
    }
}
