use super::*;

#[test]
fn lengths_of_ids_and_handles_are_bounded() {
    assert!(CredentialId::new(Vec::new()).is_none());
    assert!(CredentialId::new(vec![7; 1]).is_some());
    assert!(CredentialId::new(vec![7; 1023]).is_some());
    assert!(CredentialId::new(vec![7; 1024]).is_none());
    assert!(UserHandle::new(Vec::new()).is_none());
    assert!(UserHandle::new(vec![7; 64]).is_some());
    assert!(UserHandle::new(vec![7; 65]).is_none());
}

#[test]
fn text_forms_are_base64url_without_padding_and_nothing_else() {
    let id = CredentialId::new(vec![0xfb, 0xff, 0xbf, 0x01]).unwrap();
    assert_eq!(id.to_base64url(), "-_-_AQ");
    assert_eq!(CredentialId::from_base64url("-_-_AQ"), Some(id));
    for bad in ["", "-_-_AQ==", "+/+/AQ", "-_-_A", "-_-_AQ\n", " -_-_AQ"] {
        assert_eq!(CredentialId::from_base64url(bad), None, "{bad:?}");
        assert_eq!(UserHandle::from_base64url(bad), None, "{bad:?}");
    }
}

#[test]
fn the_short_form_tells_ids_with_the_same_beginning_apart() {
    let [one, two] = [1, 2].map(|last| {
        let mut bytes = vec![0; 64];
        bytes[63] = last;
        CredentialId::new(bytes).unwrap().to_string()
    });
    assert_ne!(one, two);
    assert_eq!(one.len(), 10);
    assert_eq!(CredentialId::new(vec![0xff]).unwrap().to_string(), "_w");
}

#[test]
fn random_handles_differ() {
    let one = UserHandle::random().unwrap();
    assert_eq!(one.as_bytes().len(), 32);
    assert_ne!(one, UserHandle::random().unwrap());
}

#[test]
fn names() {
    for good in [
        "YubiKey",
        "blauer Schlüssel",
        "鍵",
        "a",
        &"x".repeat(64),
        &"ü".repeat(64),
        "tab-less 'quotes' \"too\"",
    ] {
        assert_eq!(check_name(good), Ok(()), "{good:?}");
    }
    for (bad, why) in [
        ("", NameError::Empty),
        (" x", NameError::OuterSpace),
        ("x ", NameError::OuterSpace),
        (" ", NameError::OuterSpace),
        ("a\nb", NameError::Unprintable),
        ("a\u{1b}[31m", NameError::Unprintable),
        ("a\0", NameError::Unprintable),
        ("a\u{202e}b", NameError::Unprintable),
        (&"x".repeat(65), NameError::TooLong),
    ] {
        assert_eq!(check_name(bad), Err(why), "{bad:?}");
    }
}

#[test]
fn rp_ids() {
    for good in ["host", "host.example.org", "pam://host", "ssh:", "ssh:work", &"x".repeat(255)] {
        assert!(is_rp_id(good), "{good:?}");
    }
    for bad in ["", "a b", "a\n", "a\"b", "a\\b", "hö", "\u{7f}", &"x".repeat(256)] {
        assert!(!is_rp_id(bad), "{bad:?}");
    }
}

#[test]
fn option_words_round_trip() {
    for bits in 0..8 {
        let options =
            ImportedOptions { presence: bits & 1 != 0, verification: bits & 2 != 0, pin: bits & 4 != 0 };
        assert_eq!(ImportedOptions::from_words(options.words()), Some(options));
    }
    assert_eq!(ImportedOptions::from_words(["presence", "iris"]), None);
}

#[test]
fn capability_words_round_trip() {
    for capability in [UvCapability::None, UvCapability::Pin, UvCapability::Fingerprint] {
        assert_eq!(UvCapability::from_word(capability.as_str()), Some(capability));
    }
    assert_eq!(UvCapability::from_word("Pin"), None);
}
