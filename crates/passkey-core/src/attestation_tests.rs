use super::*;

#[test]
fn words_read_back() {
    for kind in ["none", "self", "basic", "enterprise"] {
        assert_eq!(AttestationKind::from_word(kind).map(AttestationKind::as_str), Some(kind));
    }
    assert_eq!(AttestationKind::from_word("Basic"), None);
    for certification in Certification::ALL {
        assert_eq!(Certification::from_word(certification.as_str()), Some(certification));
    }
    assert_eq!(Certification::from_word("NOT_FIDO_CERTIFIED"), None);
    assert!(Certification::ALL.is_sorted() && Certification::Functional < Certification::L3Plus);
}

#[test]
fn the_name_of_a_root_cannot_command_a_terminal() {
    for (name, kept) in [
        ("Maker Root 1", "Maker Root 1"),
        (" Maker ", "Maker"),
        ("\u{1b}[2J\nMaker\u{202e}", "?[2J?Maker?"),
        ("", "?"),
        (&"ü".repeat(65), &"ü".repeat(64)),
    ] {
        assert_eq!(TrustRoot::new(name, [7; 32]).name(), kept);
    }
}

#[test]
fn what_files_hold_of_a_root_reads_back() {
    let root = TrustRoot::new("Maker", [0xa5; 32]);
    assert_eq!(root.fingerprint(), "a5".repeat(32));
    assert_eq!(TrustRoot::from_file(root.name(), &root.fingerprint()), Some(root.clone()));
    for fingerprint in ["", "a5", &"A5".repeat(32), &"a5".repeat(33), &"g5".repeat(32), &"ü".repeat(32)] {
        assert_eq!(TrustRoot::from_file("Maker", fingerprint), None, "{fingerprint}");
    }
    assert_eq!(TrustRoot::from_file("Ma\nker", &root.fingerprint()), None);
    assert_eq!(TrustRoot::from_file("", &root.fingerprint()), None);
}

#[test]
fn serial_numbers_have_a_length() {
    let serial = SerialNumber::new(vec![0, 0xff]).unwrap();
    assert_eq!(serial.to_string(), "00ff");
    assert_eq!(SerialNumber::from_file("00ff"), Some(serial));
    assert_eq!(SerialNumber::new(vec![]), None);
    assert_eq!(SerialNumber::new(vec![0; 65]), None);
    assert_eq!(SerialNumber::from_file("0"), None);
}
