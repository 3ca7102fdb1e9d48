#![allow(clippy::arithmetic_side_effects, reason = "lengths of a few bytes")]

use super::{Capabilities, Channel, Event, Keepalive};
use crate::hid::{Cid, Command, FramingError, HidError, MAX_MESSAGE_LEN, Report, RequestError};

const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const OTHER_NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 9];
const OURS: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
const THEIRS: [u8; 4] = [0x12, 0x34, 0x56, 0x79];
const BROADCAST: [u8; 4] = [0xff; 4];

const PING: u8 = 0x81;
const MSG: u8 = 0x83;
const INIT: u8 = 0x86;
const CBOR: u8 = 0x90;
const CANCEL: u8 = 0x91;
const KEEPALIVE: u8 = 0xbb;
const ERROR: u8 = 0xbf;

/// A report by hand: channel, then whatever bytes, then zeros.
fn report(cid: [u8; 4], rest: &[u8]) -> Report {
    let mut report = [0; 64];
    report[..4].copy_from_slice(&cid);
    report[4..4 + rest.len()].copy_from_slice(rest);
    report
}

fn init_reply(on: [u8; 4], nonce: [u8; 8], cid: [u8; 4], flags: u8) -> Report {
    let mut rest = vec![INIT, 0, 17];
    rest.extend(nonce);
    rest.extend(cid);
    rest.extend([2, 5, 4, 3, flags]);
    report(on, &rest)
}

fn drain(channel: &mut Channel) -> Vec<Report> {
    std::iter::from_fn(|| channel.next_report()).collect()
}

/// A channel that is open as [`OURS`] and idle.
fn open() -> Channel {
    let mut channel = Channel::new();
    channel.init(NONCE);
    drain(&mut channel);
    assert_eq!(channel.handle_report(&init_reply(BROADCAST, NONCE, OURS, 0x05)), Ok(Some(Event::Opened)));
    channel
}

/// The same with a request whose reports have all been written.
fn waiting(command: Command) -> Channel {
    let mut channel = open();
    channel.request(command, &[4]).unwrap();
    drain(&mut channel);
    channel
}

/// A message cut by the specification's rules, written independently of the code under test.
fn cut(cid: [u8; 4], command: u8, message: &[u8]) -> Vec<Report> {
    let len = u16::try_from(message.len()).unwrap().to_be_bytes();
    let mut first = vec![command, len[0], len[1]];
    first.extend(&message[..message.len().min(57)]);
    let mut reports = vec![report(cid, &first)];
    let mut at = 57;
    let mut seq = 0;
    while at < message.len() {
        let mut next = vec![seq];
        next.extend(&message[at..message.len().min(at + 59)]);
        reports.push(report(cid, &next));
        at += 59;
        seq += 1;
    }
    reports
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

/// The edges of one, two, three and the most packets.
const LENGTHS: [usize; 13] = [0, 1, 56, 57, 58, 115, 116, 117, 174, 175, 1024, 7608, MAX_MESSAGE_LEN];

#[test]
fn init_asks_on_the_broadcast_channel() {
    let mut channel = Channel::new();
    assert!(!channel.is_busy());
    assert_eq!((channel.cid(), channel.capabilities()), (None, None));
    channel.init(NONCE);
    assert!(channel.is_busy());
    assert_eq!(drain(&mut channel), [report(BROADCAST, &[INIT, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8])]);
}

#[test]
fn init_reply_opens_the_channel() {
    let channel = open();
    assert!(!channel.is_busy());
    assert_eq!(channel.cid(), Some(Cid(OURS)));
    let capabilities = channel.capabilities().unwrap();
    assert_eq!(capabilities.device_version(), [5, 4, 3]);
    assert_eq!(capabilities.protocol_version(), 2);
    assert!(capabilities.cbor() && capabilities.msg() && capabilities.wink());
}

#[test]
fn capabilities_are_read_bit_by_bit() {
    for (flags, cbor, msg, wink) in [
        (0x00, false, true, false),
        (0x01, false, true, true),
        (0x04, true, true, false),
        (0x08, false, false, false),
        (0x0c, true, false, false),
        (0xf2, false, true, false),
    ] {
        let capabilities = Capabilities { flags, protocol_version: 2, device_version: [0; 3] };
        assert_eq!(
            (capabilities.cbor(), capabilities.msg(), capabilities.wink()),
            (cbor, msg, wink),
            "{flags:#x}"
        );
    }
}

#[test]
fn only_the_reply_with_our_nonce_counts() {
    let mut channel = Channel::new();
    channel.init(NONCE);
    drain(&mut channel);
    let ignored = [
        init_reply(BROADCAST, OTHER_NONCE, THEIRS, 0x04),
        // Not on the channel where we asked.
        init_reply(THEIRS, NONCE, THEIRS, 0x04),
        // Another program's traffic.
        report(THEIRS, &[CBOR, 0, 1, 0]),
        report(THEIRS, &[0]),
        report(BROADCAST, &[KEEPALIVE, 0, 1, 1]),
        report(BROADCAST, &[0, 1, 2, 3]),
        // Too short to hold a nonce that is ours.
        report(BROADCAST, &[INIT, 0, 0]),
    ];
    for report in ignored {
        assert_eq!(channel.handle_report(&report), Ok(None), "{report:02x?}");
        assert!(channel.is_busy());
        assert_eq!(channel.cid(), None);
    }
    assert_eq!(channel.handle_report(&init_reply(BROADCAST, NONCE, OURS, 0x04)), Ok(Some(Event::Opened)));
    assert_eq!(channel.cid(), Some(Cid(OURS)));
    // Somebody else's reply does not take the channel away again.
    assert_eq!(channel.handle_report(&init_reply(BROADCAST, OTHER_NONCE, THEIRS, 0)), Ok(None));
    assert_eq!(channel.handle_report(&init_reply(BROADCAST, NONCE, THEIRS, 0)), Ok(None));
    assert_eq!(channel.cid(), Some(Cid(OURS)));
}

#[test]
fn impossible_init_replies_are_errors() {
    let with_len = |len: u8| {
        let mut reply = init_reply(BROADCAST, NONCE, OURS, 0x04);
        reply[6] = len;
        reply
    };
    let bad_len = |len| FramingError::MessageLength { command: 0x06, len };
    for (reply, error) in [
        (init_reply(BROADCAST, NONCE, BROADCAST, 0x04), FramingError::InvalidChannel(Cid(BROADCAST))),
        (init_reply(BROADCAST, NONCE, [0; 4], 0x04), FramingError::InvalidChannel(Cid([0; 4]))),
        (with_len(16), bad_len(16)),
        (with_len(58), bad_len(58)),
    ] {
        let mut channel = Channel::new();
        channel.init(NONCE);
        assert_eq!(channel.handle_report(&reply), Err(error));
        assert!(!channel.is_busy());
        assert_eq!(channel.cid(), None);
    }
    // Later versions may say more.
    let mut channel = Channel::new();
    channel.init(NONCE);
    assert_eq!(channel.handle_report(&with_len(57)), Ok(Some(Event::Opened)));
}

#[test]
fn a_refused_init_is_an_error_event() {
    let mut channel = Channel::new();
    channel.init(NONCE);
    let busy = report(BROADCAST, &[ERROR, 0, 1, 0x06]);
    assert_eq!(channel.handle_report(&busy), Ok(Some(Event::Error(HidError::CHANNEL_BUSY))));
    assert!(!channel.is_busy());
    assert_eq!(channel.next_report(), None);
    // Nobody asked: meant for another program.
    assert_eq!(channel.handle_report(&busy), Ok(None));
}

#[test]
fn init_on_an_open_channel_starts_afresh() {
    let mut channel = waiting(Command::Cbor);
    let start = cut(OURS, CBOR, &pattern(200));
    assert_eq!(channel.handle_report(&start[0]), Ok(None));
    channel.cancel();
    channel.init(OTHER_NONCE);
    let mut expected = vec![INIT, 0, 8];
    expected.extend(OTHER_NONCE);
    assert_eq!(drain(&mut channel), [report(OURS, &expected)]);
    // What is left of the old transaction.
    for old in [start[1], report(OURS, &[KEEPALIVE, 0, 1, 2]), start[0]] {
        assert_eq!(channel.handle_report(&old), Ok(None));
    }
    // An answer to somebody else's question, which happens to have our nonce.
    assert_eq!(channel.handle_report(&init_reply(BROADCAST, OTHER_NONCE, OURS, 0x04)), Ok(None));
    assert_eq!(channel.handle_report(&init_reply(OURS, OTHER_NONCE, OURS, 0x04)), Ok(Some(Event::Opened)));
    assert_eq!(channel.request(Command::Cbor, &[4]), Ok(()));
}

#[test]
fn a_fresh_start_does_not_move_the_channel() {
    let mut channel = open();
    channel.init(OTHER_NONCE);
    assert_eq!(
        channel.handle_report(&init_reply(OURS, OTHER_NONCE, THEIRS, 0x04)),
        Err(FramingError::InvalidChannel(Cid(THEIRS)))
    );
    assert_eq!(channel.cid(), Some(Cid(OURS)));
}

#[test]
fn a_key_that_forgot_the_channel_says_so() {
    let mut channel = open();
    channel.init(OTHER_NONCE);
    let error = report(OURS, &[ERROR, 0, 1, 0x0b]);
    assert_eq!(channel.handle_report(&error), Ok(Some(Event::Error(HidError::INVALID_CHANNEL))));
}

#[test]
fn requests_of_every_length_are_cut_as_specified() {
    for len in LENGTHS {
        for (command, code) in
            [(Command::Cbor, CBOR), (Command::Msg, MSG), (Command::Ping, PING), (Command::Wink, 0x88)]
        {
            let mut channel = open();
            let message = pattern(len);
            channel.request(command, &message).unwrap();
            assert!(channel.is_busy());
            assert_eq!(drain(&mut channel), cut(OURS, code, &message), "{len} bytes");
        }
    }
}

#[test]
fn requests_are_refused_when_they_cannot_be_sent() {
    assert_eq!(Channel::new().request(Command::Cbor, &[4]), Err(RequestError::NotOpen));
    let mut channel = open();
    let long = pattern(MAX_MESSAGE_LEN + 1);
    assert_eq!(channel.request(Command::Cbor, &long), Err(RequestError::TooLong(7610)));
    assert!(!channel.is_busy());
    assert_eq!(channel.next_report(), None);
    channel.request(Command::Cbor, &[4]).unwrap();
    assert_eq!(channel.request(Command::Cbor, &[4]), Err(RequestError::Busy));
    assert_eq!(drain(&mut channel).len(), 1);
    channel.init(NONCE);
    assert_eq!(channel.request(Command::Cbor, &[4]), Err(RequestError::Busy));
}

#[test]
fn replies_of_every_length_are_put_together() {
    for len in LENGTHS {
        for (command, code) in [(Command::Cbor, CBOR), (Command::Msg, MSG)] {
            let mut channel = waiting(command);
            let message = pattern(len);
            let mut reports = cut(OURS, code, &message);
            // Padding means nothing.
            let used = match len {
                0..=57 => 7 + len,
                _ => 5 + (len - 57 - 1) % 59 + 1,
            };
            reports.last_mut().unwrap()[used..].fill(0xee);
            let last = reports.pop().unwrap();
            for report in reports {
                assert_eq!(channel.handle_report(&report), Ok(None));
                // Other channels' traffic in between changes nothing.
                assert_eq!(channel.handle_report(&cut(THEIRS, CBOR, &pattern(70))[1]), Ok(None));
            }
            assert_eq!(channel.handle_report(&last), Ok(Some(Event::Response { command, payload: message })));
            assert!(!channel.is_busy());
        }
    }
}

#[test]
fn keepalives_are_told_and_change_nothing() {
    let mut channel = waiting(Command::Cbor);
    for (status, keepalive) in
        [(1, Keepalive::Processing), (2, Keepalive::UserPresenceNeeded), (0x77, Keepalive::Other(0x77))]
    {
        let report = report(OURS, &[KEEPALIVE, 0, 1, status]);
        assert_eq!(channel.handle_report(&report), Ok(Some(Event::Keepalive(keepalive))));
        assert!(channel.is_busy());
    }
    assert_eq!(
        channel.handle_report(&report(OURS, &[CBOR, 0, 1, 0x2f])),
        Ok(Some(Event::Response { command: Command::Cbor, payload: vec![0x2f] }))
    );
}

#[test]
fn every_error_number_reaches_the_caller() {
    for number in 0..=u8::MAX {
        let mut channel = waiting(Command::Cbor);
        let error = report(OURS, &[ERROR, 0, 1, number]);
        assert_eq!(channel.handle_report(&error), Ok(Some(Event::Error(HidError(number)))));
        assert!(!channel.is_busy());
        assert!(HidError(number).to_string().contains(&format!("0x{number:02x}")));
    }
}

#[test]
fn an_error_may_interrupt_what_is_under_way() {
    let error = report(OURS, &[ERROR, 0, 1, 0x04]);
    // The reply.
    let mut channel = waiting(Command::Cbor);
    assert_eq!(channel.handle_report(&cut(OURS, CBOR, &pattern(100))[0]), Ok(None));
    assert_eq!(channel.handle_report(&error), Ok(Some(Event::Error(HidError::INVALID_SEQ))));
    // The request: the rest of it is not sent any more.
    let mut channel = open();
    channel.request(Command::Cbor, &pattern(300)).unwrap();
    channel.next_report().unwrap();
    assert_eq!(channel.handle_report(&error), Ok(Some(Event::Error(HidError::INVALID_SEQ))));
    assert_eq!(channel.next_report(), None);
    assert!(!channel.is_busy());
}

#[test]
fn cancel_follows_the_request_and_the_reply_still_comes() {
    let mut channel = open();
    channel.request(Command::Cbor, &pattern(100)).unwrap();
    let first = channel.next_report().unwrap();
    channel.cancel();
    channel.cancel();
    let mut expected = cut(OURS, CBOR, &pattern(100));
    assert_eq!(first, expected.remove(0));
    expected.push(report(OURS, &[CANCEL, 0, 0]));
    assert_eq!(drain(&mut channel), expected);
    assert!(channel.is_busy());
    let keepalive = report(OURS, &[KEEPALIVE, 0, 1, 2]);
    assert!(matches!(channel.handle_report(&keepalive), Ok(Some(Event::Keepalive(_)))));
    assert_eq!(
        channel.handle_report(&report(OURS, &[CBOR, 0, 1, 0x2d])),
        Ok(Some(Event::Response { command: Command::Cbor, payload: vec![0x2d] }))
    );
    // The next request starts with a clean slate.
    channel.request(Command::Cbor, &[4]).unwrap();
    channel.cancel();
    assert_eq!(drain(&mut channel).len(), 2);
}

#[test]
fn a_reply_overtakes_a_cancel_that_is_not_sent_yet() {
    let mut channel = waiting(Command::Cbor);
    channel.cancel();
    let reply = channel.handle_report(&report(OURS, &[CBOR, 0, 1, 0]));
    assert_eq!(reply, Ok(Some(Event::Response { command: Command::Cbor, payload: vec![0] })));
    // It would hit the next request.
    assert_eq!(channel.next_report(), None);
}

#[test]
fn there_is_nothing_to_cancel() {
    let mut unopened = Channel::new();
    unopened.init(NONCE);
    drain(&mut unopened);
    let mut resyncing = open();
    resyncing.init(NONCE);
    drain(&mut resyncing);
    for mut channel in
        [Channel::new(), unopened, open(), resyncing, waiting(Command::Msg), waiting(Command::Ping)]
    {
        channel.cancel();
        assert_eq!(channel.next_report(), None, "{channel:?}");
    }
}

#[test]
fn a_report_that_could_not_be_written_comes_first_again() {
    let mut channel = open();
    channel.request(Command::Cbor, &pattern(200)).unwrap();
    let expected = cut(OURS, CBOR, &pattern(200));
    assert_eq!(channel.next_report(), Some(expected[0]));
    let second = channel.next_report().unwrap();
    channel.unsent(second);
    assert_eq!(drain(&mut channel), expected[1..]);
}

/// What a key can do wrong, and what it is called.
#[test]
fn strictness() {
    type Case = (&'static str, fn() -> Channel, Vec<Report>, FramingError);
    let long = cut(OURS, CBOR, &pattern(200));
    let idle: fn() -> Channel = open;
    let asked: fn() -> Channel = || waiting(Command::Cbor);
    let unsent: fn() -> Channel = || {
        let mut channel = open();
        channel.request(Command::Cbor, &pattern(100)).unwrap();
        channel.next_report();
        channel
    };
    let cases: Vec<Case> = vec![
        ("reply to nothing", idle, vec![long[0]], FramingError::UnexpectedCommand(0x10)),
        ("part of nothing", idle, vec![long[1]], FramingError::UnexpectedContinuation { seq: 0 }),
        (
            "error to nothing",
            idle,
            vec![report(OURS, &[ERROR, 0, 1, 6])],
            FramingError::UnexpectedCommand(0x3f),
        ),
        ("other command", asked, vec![report(OURS, &[MSG, 0, 1, 0])], FramingError::UnexpectedCommand(0x03)),
        (
            "INIT unasked",
            asked,
            vec![init_reply(OURS, NONCE, OURS, 4)],
            FramingError::UnexpectedCommand(0x06),
        ),
        (
            "our CANCEL back",
            asked,
            vec![report(OURS, &[CANCEL, 0, 0])],
            FramingError::UnexpectedCommand(0x11),
        ),
        ("no beginning", asked, vec![long[1]], FramingError::UnexpectedContinuation { seq: 0 }),
        ("left out", asked, vec![long[0], long[2]], FramingError::Sequence { expected: 0, received: 1 }),
        (
            "twice",
            asked,
            vec![long[0], long[1], long[1]],
            FramingError::Sequence { expected: 1, received: 0 },
        ),
        ("begun again", asked, vec![long[0], long[0]], FramingError::UnexpectedCommand(0x10)),
        (
            "keepalive within a reply",
            asked,
            vec![long[0], report(OURS, &[KEEPALIVE, 0, 1, 1])],
            FramingError::UnexpectedCommand(0x3b),
        ),
        (
            "too long",
            asked,
            vec![report(OURS, &[CBOR, 0x1d, 0xba])],
            FramingError::MessageLength { command: 0x10, len: 7610 },
        ),
        (
            "far too long",
            asked,
            vec![report(OURS, &[CBOR, 0xff, 0xff])],
            FramingError::MessageLength { command: 0x10, len: 65535 },
        ),
        (
            "keepalive without status",
            asked,
            vec![report(OURS, &[KEEPALIVE, 0, 0])],
            FramingError::MessageLength { command: 0x3b, len: 0 },
        ),
        (
            "keepalive with two",
            asked,
            vec![report(OURS, &[KEEPALIVE, 0, 2, 1, 1])],
            FramingError::MessageLength { command: 0x3b, len: 2 },
        ),
        (
            "error without number",
            asked,
            vec![report(OURS, &[ERROR, 0, 0])],
            FramingError::MessageLength { command: 0x3f, len: 0 },
        ),
        ("reply before the question", unsent, vec![long[0]], FramingError::UnexpectedCommand(0x10)),
        (
            "keepalive before the question",
            unsent,
            vec![report(OURS, &[KEEPALIVE, 0, 1, 1])],
            FramingError::UnexpectedCommand(0x3b),
        ),
    ];
    for (name, channel, mut reports, error) in cases {
        let mut channel = channel();
        let last = reports.pop().unwrap();
        for report in reports {
            assert_eq!(channel.handle_report(&report), Ok(None), "{name}");
        }
        assert_eq!(channel.handle_report(&last), Err(error), "{name}");
        assert!(!channel.is_busy(), "{name}");
        assert_eq!(channel.next_report(), None, "{name}");
        assert_eq!(channel.cid(), Some(Cid(OURS)), "{name}");
    }
}

#[test]
fn reports_of_another_length_are_errors() {
    for len in [0, 1, 4, 5, 7, 63, 65, 1024] {
        assert_eq!(open().handle_report(&vec![0xff; len]), Err(FramingError::ReportLength(len)));
    }
}
