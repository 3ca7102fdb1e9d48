use super::*;

fn event(kind: u32, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; EVENT_LEN];
    bytes[..4].copy_from_slice(&kind.to_ne_bytes());
    for (offset, field) in fields {
        bytes[*offset..*offset + field.len()].copy_from_slice(field);
    }
    bytes
}

/// The offsets are those that a C compiler gives for `linux/uhid.h` of Linux 6.1.
#[test]
fn layouts_are_those_of_the_kernel() {
    assert_eq!(EVENT_LEN, 4380);
    let config = KeyConfig { vendor_id: 0x1050, product_id: 0x0407, ..KeyConfig::new("blue") };
    let create = create(&config, "blue-1");
    assert_eq!(create.len(), 280 + 34);
    assert_eq!(create[..4], 11_u32.to_ne_bytes());
    assert_eq!(&create[4..22], b"Virtual key blue\0\0");
    assert_eq!(&create[132..149], b"virtual-key/blue\0");
    assert_eq!(&create[196..203], b"blue-1\0");
    assert_eq!(create[260..262], 34_u16.to_ne_bytes());
    assert_eq!(create[262..264], 3_u16.to_ne_bytes());
    assert_eq!(create[264..268], 0x1050_u32.to_ne_bytes());
    assert_eq!(create[268..272], 0x0407_u32.to_ne_bytes());
    assert_eq!(create[280..], REPORT_DESCRIPTOR);

    let input = input(&[0xab; 64]);
    assert_eq!(input.len(), 6 + 64);
    assert_eq!((&input[..4], &input[4..6]), (&12_u32.to_ne_bytes()[..], &64_u16.to_ne_bytes()[..]));
    assert_eq!(get_report_reply(7)[4..10], [&7_u32.to_ne_bytes()[..], &5_u16.to_ne_bytes()].concat());
    assert_eq!(set_report_reply(7, false)[4..10], [&7_u32.to_ne_bytes()[..], &5_u16.to_ne_bytes()].concat());
    assert_eq!(set_report_reply(7, true)[4..10], [&7_u32.to_ne_bytes()[..], &[0; 2]].concat());
    assert_eq!(destroy(), 1_u32.to_ne_bytes());
}

#[test]
fn output_reports_come_with_and_without_their_number() {
    let report = [0x5a; 64];
    let numbered = event(6, &[(4, &[0]), (5, &report), (4100, &65_u16.to_ne_bytes()), (4102, &[1])]);
    let bare = event(6, &[(4, &report), (4100, &64_u16.to_ne_bytes()), (4102, &[1])]);
    assert_eq!(Event::parse(&numbered), Some(Event::Output(report)));
    assert_eq!(Event::parse(&bare), Some(Event::Output(report)));
    for (number, size) in [(1, 65_u16), (0, 63), (0, 0), (0, 4096)] {
        let other = event(6, &[(4, &[number]), (4100, &size.to_ne_bytes())]);
        assert_eq!(Event::parse(&other), Some(Event::Other(6)), "number {number}, size {size}");
    }
}

#[test]
fn what_one_side_writes_the_other_reads() {
    for event in [Event::Start, Event::Stop, Event::Open, Event::Close, Event::Output([0x5a; 64])] {
        assert_eq!(Event::parse(&change(&event)), Some(event));
    }
    let create = create(&KeyConfig::new("blue"), "blue-1");
    assert_eq!(FromKey::parse(&create), Some(FromKey::Create));
    assert_eq!(FromKey::parse(&destroy()), Some(FromKey::Destroy));
    assert_eq!(FromKey::parse(&input(&[7; 64])), Some(FromKey::Input([7; 64])));
    assert_eq!(FromKey::parse(&set_report_reply(1, true)), None);
}

#[test]
fn other_events_are_told_apart() {
    let kinds =
        [(2, Event::Start), (3, Event::Stop), (4, Event::Open), (5, Event::Close), (99, Event::Other(99))];
    for (kind, expected) in kinds {
        assert_eq!(Event::parse(&event(kind, &[])), Some(expected));
    }
    assert_eq!(Event::parse(&event(9, &[(4, &7_u32.to_ne_bytes())])), Some(Event::GetReport { id: 7 }));
    let id = (4, &8_u32.to_ne_bytes()[..]);
    let feature = Event::SetReport { id: 8, report: None };
    assert_eq!(Event::parse(&event(13, &[id])), Some(feature.clone()));
    let (size, data) = ((10, &65_u16.to_ne_bytes()[..]), (13, &[0x5a; 64][..]));
    assert_eq!(Event::parse(&event(13, &[id, size, data])), Some(feature));
    let output = Event::SetReport { id: 8, report: Some([0x5a; 64]) };
    assert_eq!(Event::parse(&event(13, &[id, (9, &[1]), size, data])), Some(output));
    assert_eq!(Event::parse(&[2, 0, 0]), None);
    assert_eq!(Event::parse(&6_u32.to_ne_bytes()), None);
}
