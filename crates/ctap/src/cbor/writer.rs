//! Canonical items, put together from the inside out.

use std::convert::Infallible;

use minicbor::encode::{Encoder, Error};

/// One well-formed value in the canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item(Vec<u8>);

impl Item {
    /// A map of the members that are there, sorted by their keys.
    pub fn map(members: impl IntoIterator<Item = Option<(Item, Item)>>) -> Self {
        Self::sorted_map(&mut members.into_iter())
    }

    /// What [`Item::map`] is however many members there are: the same code, there once.
    fn sorted_map(members: &mut dyn Iterator<Item = Option<(Item, Item)>>) -> Self {
        let mut sorted = Vec::new();
        for member in members.flatten() {
            Self::insert(&mut sorted, member);
        }
        Self::canonical_map(sorted)
    }

    /// By major type, then the shorter one, then by bytes (CTAP 2.1 §8): in shortest form that is the order of the encoded keys.
    /// There are a handful of them, and the code of a sort is larger than all of this.
    fn insert(members: &mut Vec<(Item, Item)>, member: (Item, Item)) {
        let place = members.partition_point(|(key, _)| key.0 <= member.0.0);
        members.insert(place, member);
    }

    fn canonical_map(members: Vec<(Item, Item)>) -> Self {
        let head = encoded(|encoder| encoder.map(len(&members)).map(drop));
        Self(members.into_iter().fold(head.0, |mut all, (key, value)| {
            all.extend_from_slice(&key.0);
            all.extend_from_slice(&value.0);
            all
        }))
    }

    /// An array.
    pub fn array(elements: impl IntoIterator<Item = Item>) -> Self {
        let elements: Vec<Item> = elements.into_iter().collect();
        let head = encoded(|encoder| encoder.array(len(&elements)).map(drop));
        Self(elements.into_iter().fold(head.0, |mut all, element| {
            all.extend_from_slice(&element.0);
            all
        }))
    }

    /// The encoded item.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl From<i64> for Item {
    fn from(n: i64) -> Self {
        encoded(|encoder| encoder.i64(n).map(drop))
    }
}

impl From<bool> for Item {
    fn from(value: bool) -> Self {
        encoded(|encoder| encoder.bool(value).map(drop))
    }
}

impl From<&[u8]> for Item {
    fn from(bytes: &[u8]) -> Self {
        encoded(|encoder| encoder.bytes(bytes).map(drop))
    }
}

impl From<&str> for Item {
    fn from(text: &str) -> Self {
        encoded(|encoder| encoder.str(text).map(drop))
    }
}

/// A member for [`Item::map`]; `None` where `value` is, so that it is left out.
pub fn entry(key: impl Into<Item>, value: impl Into<Option<Item>>) -> Option<(Item, Item)> {
    value.into().map(|value| (key.into(), value))
}

/// A `CTAPHID_CBOR` request: the command's code and its parameters (CTAP 2.1 §8.1).
pub(crate) fn command(code: u8, parameters: impl IntoIterator<Item = Option<(Item, Item)>>) -> Vec<u8> {
    let mut request = vec![code];
    request.extend(Item::map(parameters).into_bytes());
    request
}

fn encoded(write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Result<(), Error<Infallible>>) -> Item {
    let mut encoder = Encoder::new(Vec::new());
    // Writing to a vector cannot fail.
    let _ = write(&mut encoder);
    Item(encoder.into_writer())
}

fn len<T>(items: &[T]) -> u64 {
    items.len().try_into().unwrap_or(u64::MAX)
}
