//! Keys that misbehave from a certain request on: what goes over the wire, report by report.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used
)]

mod host;

use std::time::Duration;

use host::{CANCEL, CBOR, Host, bytes, get_assertion, make_credential};
use sk_cbor::Value;
use virtual_key::{Asked, Bench, Corruption, KeyConfig, KeyId, Misbehaviour, Report, Sabotage};

const SECOND: Duration = Duration::from_secs(1);
const GET_INFO: u8 = 0x04;

fn sabotaged(asked: Option<Asked>, nth: usize, how: Misbehaviour) -> (Bench, KeyId, Host) {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let host = Host::open(&mut bench, key);
    bench.sabotage(key, Some(Sabotage { asked, nth, how }));
    (bench, key, host)
}

/// Everything that comes within `time`, each report with the moment at which it came.
fn listen(bench: &mut Bench, key: KeyId, time: Duration) -> Vec<(Duration, Report)> {
    let (start, mut reports) = (bench.now(), Vec::new());
    let until = start + time;
    loop {
        while let Ok(Some(report)) = bench.read(key) {
            reports.push((bench.now() - start, report));
        }
        if bench.now() >= until || bench.plugging(key).is_none() {
            return reports;
        }
        bench.wait(until);
    }
}

/// What a key says within ten seconds after it was asked for its information.
fn info(how: Misbehaviour) -> (Vec<Report>, Vec<(Duration, Report)>) {
    let (mut bench, key, mut host) = sabotaged(None, 2, how);
    host.send(&mut bench, CBOR, &[GET_INFO]);
    let honest = listen(&mut bench, key, SECOND).into_iter().map(|(_, report)| report).collect();
    host.send(&mut bench, CBOR, &[GET_INFO]);
    (honest, listen(&mut bench, key, 10 * SECOND))
}

fn length(report: &Report) -> usize {
    usize::from(u16::from_be_bytes([report[5], report[6]]))
}

#[test]
fn each_misbehaviour_is_what_it_says() {
    for (name, how) in Misbehaviour::NAMED {
        let (honest, heard) = info(how);
        let (times, reports): (Vec<Duration>, Vec<Report>) = heard.into_iter().unzip();
        let first = reports.first().copied().unwrap_or([0; 64]);
        let whole = |payload: &[u8]| host::reports([0, 0, 0, 1], CBOR, payload);
        let is = match how {
            Misbehaviour::Mute | Misbehaviour::Unplug => reports.is_empty(),
            Misbehaviour::Keepalives => reports.len() == 100 && first[..8] == [0, 0, 0, 1, 0xbb, 0, 1, 1],
            Misbehaviour::KeepalivesForTouch => {
                reports.len() == 100 && first[..8] == [0, 0, 0, 1, 0xbb, 0, 1, 2]
            }
            Misbehaviour::Flood => reports.len() == 10_000 && first[..8] == [0, 0, 0, 1, 0xbb, 0, 1, 1],
            Misbehaviour::Drip => times == [4 * SECOND, 8 * SECOND] && length(&first) == 7609,
            Misbehaviour::ForeignChannel => {
                reports.len() == honest.len() && first[..4] != [0, 0, 0, 1] && first[4..] == honest[0][4..]
            }
            Misbehaviour::WrongSequence => reports.len() == 129 && reports[1][4] == 1 && reports[2][4] == 0,
            Misbehaviour::Headless => reports.len() == 128 && first[4] == 0,
            Misbehaviour::Oversized => length(&first) == 0xffff,
            Misbehaviour::Padded => reports.len() == 129 && length(&first) == 7609,
            Misbehaviour::Truncated => reports.len() == 1 && length(&first) == 7609,
            Misbehaviour::CutShort => length(&first) == length(&honest[0]) / 2,
            Misbehaviour::Empty => reports == whole(&[]),
            Misbehaviour::Bare => reports == whole(&[0]),
            Misbehaviour::Garbage => reports == whole(&[&[0][..], &[0xff; 300]].concat()),
            Misbehaviour::Nested => reports == whole(&[&[0][..], &[0x81; 6000]].concat()),
            Misbehaviour::Countless => reports == whole(&[&[0, 0xbb][..], &[0xff; 8]].concat()),
            Misbehaviour::OtherCommand => first[4] == 0x81 && first[5..] == honest[0][5..],
            Misbehaviour::Busy => first[4..8] == [0xbf, 0, 1, 0x06],
            Misbehaviour::InvalidChannel => first[4..8] == [0xbf, 0, 1, 0x0b],
            Misbehaviour::OtherError => first[4..8] == [0xbf, 0, 1, 0x7f],
            Misbehaviour::Refusal(status) => reports == whole(&[status]),
            Misbehaviour::Twice => reports == [&honest[..], &honest].concat(),
            // The request before was the same.
            Misbehaviour::Stale => reports == honest,
            Misbehaviour::Corrupt(_) => panic!("it has a name of its own"),
            Misbehaviour::HidError(_) | Misbehaviour::UntilReplugged(_) => panic!("it has a number"),
        };
        assert!(is, "{name}: {times:?} {reports:02x?}");
        assert_eq!(name.parse(), Ok(how));
        assert_eq!(how.name(), name);
    }
}

#[test]
fn one_that_is_pulled_out_is_gone() {
    let (mut bench, key, mut host) = sabotaged(Some(Asked::Info), 1, Misbehaviour::Unplug);
    let changes = bench.plug_changes();
    host.send(&mut bench, CBOR, &[GET_INFO]);
    bench.advance(SECOND);
    assert_eq!((bench.plugging(key), bench.plug_changes()), (None, changes + 1));
    bench.sabotage(key, None);
    bench.plug(key);
    let mut host = Host::open(&mut bench, key);
    assert_eq!(host.call(&mut bench, GET_INFO, &[]).0, 0);
}

#[test]
fn it_plays_mad_until_it_is_asked_something_else() {
    let (mut bench, key, mut host) = sabotaged(Some(Asked::Info), 1, Misbehaviour::Keepalives);
    host.send(&mut bench, CBOR, &[GET_INFO]);
    assert_eq!(listen(&mut bench, key, SECOND).len(), 10);
    host.send(&mut bench, CANCEL, &[]);
    assert_eq!(listen(&mut bench, key, SECOND).len(), 10, "it does not hear CANCEL");
    host.send(&mut bench, 0x01, &[1, 2, 3]);
    assert_eq!(host.receive(&mut bench, SECOND), Some((0x01, vec![1, 2, 3])));
    assert_eq!(listen(&mut bench, key, SECOND), []);
}

#[test]
fn kinds_of_requests_are_told_apart() {
    let parameters = |subcommand: u64| vec![(0x01, Value::unsigned(1)), (0x02, Value::unsigned(subcommand))];
    let empty_parameter = |mut parameters: Vec<(u64, Value)>, key: u64| {
        parameters.extend([(key, bytes(&[])), (key + 1, Value::unsigned(1))]);
        parameters
    };
    let requests = [
        (Asked::Info, GET_INFO, vec![]),
        (Asked::SilentAssertion, 0x02, get_assertion(&[&[1; 64]], false)),
        (Asked::Assertion, 0x02, get_assertion(&[&[1; 64]], true)),
        (Asked::Selection, 0x02, empty_parameter(get_assertion(&[], true), 0x06)),
        (Asked::Selection, 0x01, empty_parameter(make_credential(false), 0x08)),
        (Asked::Selection, 0x0b, vec![]),
        (Asked::PinRetries, 0x06, parameters(1)),
        (Asked::KeyAgreement, 0x06, parameters(2)),
        (Asked::PinToken, 0x06, parameters(5)),
        (Asked::PinToken, 0x06, parameters(9)),
        (Asked::UvToken, 0x06, parameters(6)),
        (Asked::UvRetries, 0x06, parameters(7)),
        (Asked::MakeCredential, 0x01, make_credential(false)),
        (Asked::NextAssertion, 0x08, vec![]),
    ];
    for (name, kind) in Asked::NAMED {
        assert_eq!(name.parse(), Ok(kind));
        for (asked, command, parameters) in &requests {
            let (mut bench, _, mut host) = sabotaged(Some(kind), 1, Misbehaviour::Refusal(0xfe));
            host.ask(&mut bench, *command, parameters);
            let reply = host.receive(&mut bench, SECOND).map(|(_, payload)| payload);
            assert_eq!(reply == Some(vec![0xfe]), *asked == kind, "{asked:?} when {kind:?}: {reply:02x?}");
        }
        for (asked, instruction, control) in [
            (Asked::U2fRegister, 1, 3),
            (Asked::U2fCheck, 2, 7),
            (Asked::U2fSign, 2, 3),
            (Asked::U2fCheck, 2, 8),
        ] {
            let (mut bench, _, mut host) = sabotaged(Some(kind), 1, Misbehaviour::Refusal(0xfe));
            let content = vec![1; if instruction == 1 { 64 } else { 65 + 64 }];
            let length = u8::try_from(content.len()).unwrap();
            let request = [&[0, instruction, control, 0, 0, 0, length][..], &content, &[0, 0]].concat();
            host.send(&mut bench, 0x03, &request);
            let reply = host.receive(&mut bench, SECOND).map(|(_, payload)| payload);
            assert_eq!(reply == Some(vec![0xfe, 0]), asked == kind, "{asked:?} when {kind:?}: {reply:02x?}");
        }
    }
}

#[test]
fn init_can_be_sabotaged_too() {
    let (mut bench, key, mut host) = sabotaged(Some(Asked::Init), 2, Misbehaviour::Mute);
    host.channel = [0xff; 4];
    host.send(&mut bench, 0x06, &[8; 8]);
    assert!(host.receive(&mut bench, SECOND).is_some(), "the first is answered");
    host.send(&mut bench, 0x06, &[8; 8]);
    assert_eq!(listen(&mut bench, key, SECOND), []);
}

#[test]
fn a_new_credential_can_be_lied_about() {
    let made = |how| {
        let (mut bench, key, mut host) = sabotaged(Some(Asked::MakeCredential), 1, how);
        bench.auto_touch(key, Duration::ZERO);
        let (status, made) = host.make_credential(&mut bench, false);
        assert_eq!(status, 0);
        made.bytes(0x02)
    };
    // Of two keys of one seed all that differs is the lie.
    let honest = made(Misbehaviour::Twice);
    for (corruption, place) in
        [(Corruption::RpHash, 0), (Corruption::Flags, 32), (Corruption::CredentialId, 55)]
    {
        let lie = made(Misbehaviour::Corrupt(corruption));
        let differences: Vec<usize> = (0..lie.len()).filter(|index| lie[*index] != honest[*index]).collect();
        assert_eq!(differences, [place], "{corruption:?}");
    }
}

#[test]
fn an_assertion_can_be_said_to_be_anothers() {
    let (mut bench, key, mut host) =
        sabotaged(Some(Asked::Assertion), 1, Misbehaviour::Corrupt(Corruption::CredentialId));
    bench.auto_touch(key, Duration::ZERO);
    let (_, made) = host.make_credential(&mut bench, false);
    let (own, ..) = host::attested_credential(&made.bytes(0x02));
    let mut named = |list: &[&[u8]]| {
        let (status, assertion) = host.call(&mut bench, 0x02, &get_assertion(list, true));
        assert_eq!(status, 0);
        let descriptor = assertion.field(0x01).unwrap().extract_map().unwrap();
        let id = descriptor.into_iter().find(|(name, _)| *name == host::text("id")).unwrap().1;
        id.extract_byte_string().unwrap()
    };
    assert_eq!(named(&[&[1; 64], &own]), [1; 64]);
    let mut nobodys = own.clone();
    nobodys[0] ^= 1;
    assert_eq!(named(&[&own]), nobodys);
}
