//! Names for passkeys that the person gave none.

use passkey_core::credential::{MAX_NAME_CHARS, check_name};

use passkey_core::escape::is_dangerous;

/// What this computer's passkey is called.
pub(crate) const THIS_COMPUTER: &str = "this computer";
/// What a key without a usable name is called.
const FALLBACK: &str = "Security key";
/// Words that makers put behind the name of a model, and that tell a person nothing.
const INTERFACES: [&str; 7] = ["OTP", "FIDO", "FIDO2", "U2F", "CCID", "CTAP2", "HID"];

/// A name for a passkey on the key that calls itself `key_name`, one that is still `free`.
pub(crate) fn suggest(key_name: &str, free: impl Fn(&str) -> bool) -> String {
    unique(&model(key_name), free)
}

/// `base`, or `base 2`, `base 3`, … where that is not `free`.
pub(crate) fn unique(base: &str, free: impl Fn(&str) -> bool) -> String {
    if free(base) {
        return base.to_owned();
    }
    let numbered = (2_u64..).map(|number| with_suffix(base, &format!(" {number}")));
    // There are more numbers than names in any file.
    numbered.into_iter().find(|name| free(name)).unwrap_or_default()
}

/// `base` and `suffix`, with `base` cut where the two together would be too long.
fn with_suffix(base: &str, suffix: &str) -> String {
    let room = MAX_NAME_CHARS.saturating_sub(suffix.chars().count());
    let base: String = base.chars().take(room).collect();
    format!("{}{suffix}", base.trim_end())
}

/// The model's name in what the device says of itself, such as `YubiKey` in `Yubico YubiKey OTP+FIDO+CCID`.
fn model(key_name: &str) -> String {
    let printable: String = key_name.chars().map(|c| if is_dangerous(c) { ' ' } else { c }).collect();
    let mut words: Vec<&str> = printable.split_whitespace().collect();
    // Many products repeat their maker's name.
    words.dedup();
    while words.len() > 1 && words.last().is_some_and(|word| is_interface(word)) {
        words.pop();
    }
    let name = with_suffix(&words.join(" "), "");
    if check_name(&name).is_ok() { name } else { FALLBACK.to_owned() }
}

fn is_interface(word: &str) -> bool {
    word.split('+').all(|part| INTERFACES.contains(&part))
}

#[cfg(test)]
#[path = "default_name_tests.rs"]
mod tests;
