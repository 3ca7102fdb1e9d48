use super::*;

#[test]
fn the_name_comes_from_the_model() {
    for (device, name) in [
        ("Yubico YubiKey OTP+FIDO+CCID", "Yubico YubiKey"),
        ("Yubico Security Key by Yubico", "Yubico Security Key by Yubico"),
        ("Yubico Yubico YubiKey FIDO", "Yubico YubiKey"),
        ("SoloKeys Solo 2 Security Key", "SoloKeys Solo 2 Security Key"),
        ("FIDO", "FIDO"),
        ("", "Security key"),
        (" \t ", "Security key"),
        ("\u{1b}[31mKey\n\u{202e}", "[31mKey"),
        ("鍵", "鍵"),
    ] {
        assert_eq!(suggest(device, |_| true), name, "{device:?}");
    }
}

#[test]
fn a_taken_name_gets_the_next_free_number() {
    let taken = ["Key", "Key 2", "Key 4"];
    assert_eq!(suggest("Key", |name| !taken.contains(&name)), "Key 3");
    assert_eq!(suggest("Other", |name| !taken.contains(&name)), "Other");
}

#[test]
fn whatever_a_key_calls_itself_becomes_a_valid_name() {
    let long = "x ".repeat(5_000);
    let glued = "y".repeat(10_000);
    for device in [long.as_str(), glued.as_str(), "\0\0", "\u{200b}", "a\u{2028}b", "+", "OTP+FIDO CCID"] {
        let first = suggest(device, |_| true);
        assert_eq!(check_name(&first), Ok(()), "{device:?}");
        let second = suggest(device, |name| name != first);
        assert_eq!(check_name(&second), Ok(()), "{device:?}");
        assert_ne!(first, second);
    }
}
