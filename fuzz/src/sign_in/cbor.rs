//! As much of CBOR (RFC 8949) as tells what a message is about. Not by the product's code, and more lenient than the canonical form of
//! CTAP: a reply that the module takes although it is in another order must not go unseen.

/// How deep items are read.
const MAX_DEPTH: u8 = 8;

/// An item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A number from 0 on.
    Unsigned(u64),
    /// A byte string.
    Bytes(&'a [u8]),
    /// Anything else.
    Other,
}

impl<'a> Item<'a> {
    /// The byte string, if it is one.
    pub fn bytes(self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

/// The first member by this number of a map.
pub fn member(map: &[u8], key: u64) -> Option<Item<'_>> {
    let (5, count, mut rest) = head(map)? else { return None };
    for _ in 0..count {
        let (name, after_name) = item(rest, MAX_DEPTH)?;
        let (value, after_value) = item(after_name, MAX_DEPTH)?;
        if name == Item::Unsigned(key) {
            return Some(value);
        }
        rest = after_value;
    }
    None
}

/// One item, and what stands behind it.
fn item(bytes: &[u8], depth: u8) -> Option<(Item<'_>, &[u8])> {
    let (major, argument, mut rest) = head(bytes)?;
    let items = match major {
        0 => return Some((Item::Unsigned(argument), rest)),
        2 | 3 => {
            let (text, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            return Some((if major == 2 { Item::Bytes(text) } else { Item::Other }, rest));
        }
        4 => argument,
        5 => argument.checked_mul(2)?,
        6 => 1,
        _ => 0,
    };
    let depth = depth.checked_sub(1)?;
    for _ in 0..items {
        (_, rest) = item(rest, depth)?;
    }
    Some((Item::Other, rest))
}

/// The major type of an item and its argument.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (major, short) = (first >> 5, first & 0x1f);
    let len = match short {
        0..=23 => return Some((major, short.into(), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (argument, rest) = rest.split_at_checked(len)?;
    let argument = argument.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    Some((major, argument, rest))
}
