//! What differs from run to run, and what stands for it.

use ctap::Secret;
use passkey_core::store::recovery::{Code, Reading};

/// The fewest characters of a base64url text that is random: a user handle has 22.
const MIN_ID_LEN: usize = 22;
/// The fewest characters of its end that are taken for it.
const MIN_END_LEN: usize = 6;

/// Replaces dates with their time of day by the pattern that they are written in, of the same length.
pub fn dates(text: &str) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for pattern in ["YYYY-MM-DDThh:mm:ss", "YYYY-MM-DD hh:mm"] {
        let pattern: Vec<char> = pattern.chars().collect();
        let fits = |window: &[char]| {
            window
                .iter()
                .zip(&pattern)
                .all(|(c, p)| if *p == 'T' || !p.is_ascii_alphabetic() { c == p } else { c.is_ascii_digit() })
        };
        let places: Vec<usize> =
            text.windows(pattern.len()).enumerate().filter(|(_, w)| fits(w)).map(|(at, _)| at).collect();
        for at in places {
            text.splice(at..at + pattern.len(), pattern.iter().copied());
        }
    }
    text.into_iter().collect()
}

/// Replaces the number after `"name": ` by `[number]`.
pub fn json_numbers(text: &str, name: &str) -> String {
    let mark = format!("\"{name}\": ");
    let mut parts = text.split(mark.as_str());
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = if rest.len() == part.len() { "" } else { "[number]" };
        replaced.extend([mark.as_str(), number, rest]);
    }
    replaced
}

/// Random ids that have been shown.
#[derive(Debug, Default)]
pub struct Ids(Vec<String>);

impl Ids {
    /// Replaces random texts in base64url, and the ends of such as were seen before, by `[id]`.
    pub fn redact(&mut self, text: &str) -> String {
        let mut redacted = String::new();
        let mut word = String::new();
        for c in text.chars().map(Some).chain([None]) {
            match c {
                Some(c) if c.is_ascii_alphanumeric() || c == '-' || c == '_' => word.push(c),
                other => {
                    redacted.push_str(if self.is_id(&word) { "[id]" } else { &word });
                    word.clear();
                    redacted.extend(other);
                }
            }
        }
        redacted
    }

    fn is_id(&mut self, word: &str) -> bool {
        if word.len() >= MIN_END_LEN && self.0.iter().any(|id| id.ends_with(word)) {
            return true;
        }
        let has = |kind: fn(&char) -> bool| word.chars().any(|c| kind(&c));
        let is_random = word.len() >= MIN_ID_LEN
            && has(char::is_ascii_digit)
            && has(char::is_ascii_uppercase)
            && has(char::is_ascii_lowercase);
        if is_random {
            self.0.push(word.to_owned());
        }
        is_random
    }
}

/// Recovery codes as they are shown, in groups.
pub fn codes(text: &str) -> String {
    let mut redacted = String::new();
    for word in text.split_inclusive([' ', '\n', '"']) {
        let bare = word.trim_end_matches([' ', '\n', '\r', '"']);
        let is_code = bare.len() == 24 && matches!(Code::read(&Secret::new(bare.into())), Reading::Code(_));
        redacted.push_str(&if is_code { word.replace(bare, "[code]") } else { word.to_owned() });
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_replaced_and_nothing_else() {
        assert_eq!(
            dates("on 2026-11-23 02:03, \"2026-11-23T02:03:04Z\""),
            "on YYYY-MM-DD hh:mm, \"YYYY-MM-DDThh:mm:ssZ\""
        );
        assert_eq!(dates("2026-11-23"), "2026-11-23");
        let count = "\"sign_count\": ";
        assert_eq!(
            json_numbers(&format!("{{ {count}12, {count}null }}"), "sign_count"),
            format!("{{ {count}[number], {count}null }}")
        );
        let mut ids = Ids::default();
        let id = "Abcdefghijklmnopqrstuv1x";
        assert_eq!(
            ids.redact(&format!("\"{id}\" passkey-enroll-and-so-on stuv1x")),
            "\"[id]\" passkey-enroll-and-so-on [id]"
        );
        assert_eq!(Ids::default().redact("stuv1x"), "stuv1x");
    }
}
