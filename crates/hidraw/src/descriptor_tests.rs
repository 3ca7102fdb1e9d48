use super::*;

/// The descriptor of the CTAP specification (CTAP 2.1 §11.2.8.2), as most keys carry it.
const SPECIFICATION: &[u8] = &[
    0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95,
    0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xC0,
];
/// A boot keyboard (HID 1.11, appendix E.6).
const KEYBOARD: &[u8] = &[
    0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01, 0x75,
    0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01, 0x95, 0x05, 0x75, 0x01, 0x05, 0x08,
    0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x01, 0x95, 0x06, 0x75, 0x08, 0x15,
    0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xC0,
];
const LEN_64: ReportLen = ReportLen { input: 64, output: 64 };

fn fido_with(tail: &[u8]) -> Vec<u8> {
    [&SPECIFICATION[..7], tail].concat()
}

#[test]
fn security_keys_are_found_with_their_report_lengths() {
    assert_eq!(fido_report_len(SPECIFICATION), Ok(Some(LEN_64)));
    // Count before size, globals shared by both reports, as some firmware writes it.
    let shared = fido_with(&[
        0x15, 0x00, 0x26, 0xFF, 0x00, 0x95, 0x40, 0x75, 0x08, 0x09, 0x20, 0x81, 0x02, 0x09, 0x21, 0x91, 0x02,
        0xC0,
    ]);
    assert_eq!(fido_report_len(&shared), Ok(Some(LEN_64)));
    // The page inside a four-byte usage.
    let extended = [&[0x05, 0x01, 0x0B, 0x01, 0x00, 0xD0, 0xF1, 0xA1, 0x01], &SPECIFICATION[7..]].concat();
    assert_eq!(fido_report_len(&extended), Ok(Some(LEN_64)));
    // A page of four bytes, an end of collection with data, lengths that differ.
    let uneven = [
        0x07, 0xD0, 0xF1, 0, 0, 0x09, 0x01, 0xA1, 0x01, 0x75, 0x08, 0x95, 0x08, 0x81, 2, 0x95, 0x10, 0x91, 2,
        0xC1, 0,
    ];
    assert_eq!(fido_report_len(&uneven), Ok(Some(ReportLen { input: 8, output: 16 })));
}

#[test]
fn a_key_beside_a_keyboard_counts_only_its_own_reports() {
    for both in [[KEYBOARD, SPECIFICATION].concat(), [SPECIFICATION, KEYBOARD].concat()] {
        assert_eq!(fido_report_len(&both), Ok(Some(LEN_64)));
    }
}

#[test]
fn other_devices_are_not_keys() {
    for (what, descriptor) in [
        ("a keyboard", KEYBOARD.to_vec()),
        ("nothing", vec![]),
        (
            "the right page, another usage",
            [&[0x06, 0xD0, 0xF1, 0x09, 0x02, 0xA1, 0x01], &SPECIFICATION[7..]].concat(),
        ),
        (
            "another page, the right usage",
            [&[0x06, 0xD1, 0xF1, 0x09, 0x01, 0xA1, 0x01], &SPECIFICATION[7..]].concat(),
        ),
        (
            "a physical collection",
            [&[0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x00], &SPECIFICATION[7..]].concat(),
        ),
        ("no usage at all", [&[0x06, 0xD0, 0xF1, 0xA1, 0x01], &SPECIFICATION[7..]].concat()),
        (
            "a usage used up by an earlier item",
            [&[0x06, 0xD0, 0xF1, 0x09, 0x01, 0x81, 0x02, 0xA1, 0x01], &SPECIFICATION[7..]].concat(),
        ),
        (
            "FIDO inside another collection",
            [&[0x05, 0x01, 0x09, 0x06, 0xA1, 0x01], SPECIFICATION, &[0xC0]].concat(),
        ),
    ] {
        assert_eq!(fido_report_len(&descriptor), Ok(None), "{what}");
    }
}

#[test]
fn long_items_and_pushed_globals_are_understood() {
    let long = [&[0xFE, 0x03, 0x77, 0x06, 0xD0, 0xF1], SPECIFICATION, &[0xFE, 0x00, 0x01]].concat();
    assert_eq!(fido_report_len(&long), Ok(Some(LEN_64)));
    // Pushed: 8 × 64; changed to 1 × 1; popped before the report.
    let pushed = fido_with(&[
        0x75, 0x08, 0x95, 0x40, 0xA4, 0x75, 0x01, 0x95, 0x01, 0xB4, 0x81, 0x02, 0x91, 0x02, 0xC0,
    ]);
    assert_eq!(fido_report_len(&pushed), Ok(Some(LEN_64)));
}

#[test]
fn every_truncation_of_a_key_is_refused_or_is_no_key() {
    for len in 0..SPECIFICATION.len() {
        let result = fido_report_len(&SPECIFICATION[..len]);
        if len < 7 {
            assert!(!matches!(result, Ok(Some(_))), "{len}: {result:?}");
        } else {
            assert!(
                matches!(result, Err(DescriptorError::Truncated | DescriptorError::Unbalanced)),
                "{len}: {result:?}"
            );
        }
    }
}

#[test]
fn malformed_descriptors_are_refused_with_the_reason() {
    use DescriptorError as E;
    let bits = |size: u8, count: u8| fido_with(&[0x75, size, 0x95, count, 0x81, 0x02, 0x91, 0x02, 0xC0]);
    let nested = [vec![0xA0; 17], vec![0xC0; 17]].concat();
    let cases: [(&str, Vec<u8>, DescriptorError); 16] = [
        ("too long", vec![0xC0; MAX_DESCRIPTOR_LEN + 1], E::TooLong),
        ("short item cut off", vec![0x27, 0xFF, 0xFF, 0xFF], E::Truncated),
        ("long item cut off in its head", vec![0xFE, 0x00], E::Truncated),
        ("long item cut off in its data", vec![0xFE, 0x02, 0x00, 0x01], E::Truncated),
        ("reserved type", vec![0x0C], E::UnknownItem(0x0C)),
        ("reserved main tag", vec![0xD0], E::UnknownItem(0xD0)),
        ("reserved global tag", vec![0xC4], E::UnknownItem(0xC4)),
        ("end without beginning", vec![0xC0], E::Unbalanced),
        ("pop without push", vec![0xB4], E::Unbalanced),
        ("too many pushes", vec![0xA4; 17], E::TooDeep),
        ("too many collections", nested, E::TooDeep),
        ("no reports", fido_with(&[0xC0]), E::BadReportLen),
        ("half a byte", bits(4, 1), E::BadReportLen),
        (
            "longer than a packet",
            fido_with(&[0x75, 0x08, 0x96, 0x01, 0x04, 0x81, 2, 0x91, 2, 0xC0]),
            E::BadReportLen,
        ),
        ("report number", [&[0x85, 0x01], SPECIFICATION].concat(), E::Numbered),
        ("two keys in one", [SPECIFICATION, SPECIFICATION].concat(), E::Ambiguous),
    ];
    for (what, descriptor, error) in cases {
        assert_eq!(fido_report_len(&descriptor), Err(error), "{what}");
        assert!(!error.to_string().is_empty());
    }
    // Sizes whose product overflows.
    let huge = fido_with(&[0x77, 0xFF, 0xFF, 0xFF, 0xFF, 0x97, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 0x02, 0xC0]);
    assert_eq!(fido_report_len(&huge), Err(E::BadReportLen));
}

#[test]
fn garbage_never_panics_and_is_never_a_key() {
    // xorshift: the same garbage in every run.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..round % 64 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.push(state.to_le_bytes()[0]);
        }
        assert!(!matches!(fido_report_len(&bytes), Ok(Some(_))), "{bytes:02x?}");
    }
}
