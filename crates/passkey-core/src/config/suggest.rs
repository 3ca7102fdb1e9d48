//! Keys that are not known, and the known ones that were probably meant.

use super::SettingError;

/// How many edits apart two keys may be for the one to be taken as a slip of the other.
const MAX_EDITS: usize = 2;
/// Keys longer than this are not compared: no known key is.
const MAX_COMPARED_LEN: usize = 64;

/// The error for a key that is none of `known`.
pub(super) fn unknown(key: &str, known: &'static [&'static str]) -> SettingError {
    SettingError::unknown_key(key, nearest(key, known), known)
}

/// The known key that `key` is a slip of.
fn nearest(key: &str, known: &'static [&'static str]) -> Option<&'static str> {
    if key.len() > MAX_COMPARED_LEN {
        return None;
    }
    // An argument's dash for the file's underscore is the commonest slip.
    let key = key.to_ascii_lowercase().replace('-', "_");
    known
        .iter()
        .map(|candidate| (edits(&key, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= MAX_EDITS && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many insertions, removals and replacements lead from one word to the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut().unwrap_or(&mut 0), i.saturating_add(1));
        let mut left = i.saturating_add(1);
        for (b, cell) in to.iter().zip(row.iter_mut().skip(1)) {
            let replaced = if a == *b { diagonal } else { diagonal.saturating_add(1) };
            diagonal = *cell;
            left = replaced.min(left.saturating_add(1)).min(cell.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, distance) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("timeot", "timeout", 1),
            ("tiemout", "timeout", 2),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(edits(a, b), distance, "{a} {b}");
        }
    }

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        const KNOWN: &[&str] = &["timeout", "wait_for_key", "mode", "debug"];
        for (slip, meant) in [
            ("timeot", Some("timeout")),
            ("Timeout", Some("timeout")),
            ("wait-for-key", Some("wait_for_key")),
            ("mod", Some("mode")),
            ("password", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(slip, KNOWN), meant, "{slip}");
        }
        assert_eq!(nearest(&"timeout".repeat(100), KNOWN), None);
    }
}
