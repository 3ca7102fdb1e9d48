//! What `vectors/generate.py` printed, for tests.

const VECTORS: &str = include_str!("../vectors/vectors.txt");

/// The value of that name.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    named(name).find(|(found, _)| *found == name).map_or_else(|| panic!("no {name}"), |(_, value)| value)
}

/// Every value whose name begins with `prefix`.
pub(crate) fn named(prefix: &str) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    VECTORS
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .filter(move |(name, _)| name.starts_with(prefix))
        .map(|(name, value)| (name, hex(value)))
}

/// Bytes in hexadecimal, spaces ignored.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16).unwrap()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    assert!(rest.is_empty(), "odd number of digits: {text}");
    pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).unwrap()).collect()
}

/// The reverse of [`hex`].
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A source of randomness that yields these bytes, then panics.
pub(crate) fn scripted(bytes: Vec<u8>) -> impl FnMut(&mut [u8]) {
    let mut bytes = bytes.into_iter();
    move |fill| fill.iter_mut().for_each(|byte| *byte = bytes.next().expect("more randomness than foreseen"))
}
