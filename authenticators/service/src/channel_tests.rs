use ctap::hid::REPORT_LEN;

use super::*;

const DEVICE: Device = Device { version: [1, 2, 3], shows: false };
const CONTINUATION: Duration = Duration::from_secs(3);

struct Bench {
    channels: Channels,
    now: Instant,
}

impl Bench {
    fn new(device: Device) -> Self {
        Self { channels: Channels::new(device), now: Instant::now() }
    }

    /// With channel 1 open.
    fn open() -> Self {
        let mut bench = Self::new(DEVICE);
        assert_eq!(bench.message(Cid::BROADCAST, code::INIT, &[7; 8]), None);
        bench.replies();
        bench
    }

    fn report(&mut self, report: &Report) -> Option<Event> {
        self.channels.handle_report(report, self.now)
    }

    /// What the last report of the message leads to; the others lead to nothing.
    fn message(&mut self, cid: Cid, command: u8, message: &[u8]) -> Option<Event> {
        let reports = packet::fragment(cid, command, message).unwrap();
        let (last, before) = reports.split_last().unwrap();
        for report in before {
            assert_eq!(self.report(report), None);
        }
        self.report(last)
    }

    fn replies(&mut self) -> Vec<Report> {
        let mut replies = Vec::new();
        while let Some(report) = self.channels.outgoing() {
            replies.push(*report);
            self.channels.sent();
        }
        replies
    }

    fn assert_error(&mut self, cid: Cid, error: HidError) {
        assert_eq!(self.replies(), packet::fragment(cid, code::ERROR, &[error.0]).unwrap());
    }

    fn tick_after(&mut self, passed: Duration) {
        self.now = self.now.checked_add(passed).unwrap();
        self.channels.tick(self.now, CONTINUATION, Keepalive::Processing);
    }
}

const ONE: Cid = Cid([0, 0, 0, 1]);
const TWO: Cid = Cid([0, 0, 0, 2]);

fn cbor(message: &[u8]) -> Event {
    Event::Request(Request::Cbor(message.to_vec()))
}

#[test]
fn init_opens_channels_and_says_what_there_is() {
    let mut bench = Bench::new(Device { shows: true, ..DEVICE });
    for number in 1..=2 {
        bench.message(Cid::BROADCAST, code::INIT, &[9; 8]);
        let expected = [&[9; 8][..], &[0, 0, 0, number, 2, 1, 2, 3, 0x4c]].concat();
        assert_eq!(bench.replies(), packet::fragment(Cid::BROADCAST, code::INIT, &expected).unwrap());
    }
    let mut bench = Bench::new(DEVICE);
    bench.message(Cid::BROADCAST, code::INIT, &[9; 8]);
    assert_eq!(bench.replies()[0][23], 0x0c);
}

#[test]
fn channels_are_bounded() {
    let mut bench = Bench::open();
    for _ in 1..MAX_CHANNELS {
        bench.message(Cid::BROADCAST, code::INIT, &[9; 8]);
    }
    bench.replies();
    bench.message(Cid::BROADCAST, code::INIT, &[9; 8]);
    bench.assert_error(Cid::BROADCAST, HidError::CHANNEL_BUSY);
}

#[test]
fn a_request_comes_whole_and_its_reply_goes_whole() {
    for len in [1, 57, 58, 116, 117, 7609] {
        let mut bench = Bench::open();
        let message: Vec<u8> = (0..=255).cycle().take(len).collect();
        assert_eq!(bench.message(ONE, code::CBOR, &message), Some(cbor(&message)), "{len}");
        bench.channels.respond(&message);
        assert_eq!(bench.replies(), packet::fragment(ONE, code::CBOR, &message).unwrap(), "{len}");
        assert_eq!(bench.channels.next_tick(CONTINUATION), None);
    }
}

#[test]
fn a_ping_is_an_echo() {
    let mut bench = Bench::open();
    assert_eq!(bench.message(ONE, code::PING, &[5; 100]), None);
    assert_eq!(bench.replies(), packet::fragment(ONE, code::PING, &[5; 100]).unwrap());
}

#[test]
fn channels_that_are_not_open_are_refused() {
    let mut bench = Bench::open();
    for cid in [TWO, Cid([0; 4]), Cid::BROADCAST, Cid([0xff, 0xff, 0xff, 0xfe])] {
        assert_eq!(bench.message(cid, code::CBOR, &[4]), None);
        bench.assert_error(cid, HidError::INVALID_CHANNEL);
    }
    assert_eq!(bench.message(TWO, code::INIT, &[0; 8]), None);
    bench.assert_error(TWO, HidError::INVALID_CHANNEL);
}

#[test]
fn commands_and_lengths_are_checked() {
    let mut bench = Bench::open();
    for command in [code::MSG, code::WINK, 0x04, 0x40, code::SHOW, 0x42, code::KEEPALIVE, code::ERROR, 0x7f] {
        assert_eq!(bench.message(ONE, command, &[]), None);
        bench.assert_error(ONE, HidError::INVALID_COMMAND);
    }
    assert_eq!(bench.message(ONE, code::CBOR, &[]), None);
    bench.assert_error(ONE, HidError::INVALID_LENGTH);
    for nonce in [&[][..], &[0; 7], &[0; 9]] {
        assert_eq!(bench.message(Cid::BROADCAST, code::INIT, nonce), None);
        bench.assert_error(Cid::BROADCAST, HidError::INVALID_LENGTH);
    }
    let mut report = packet::fragment(ONE, code::CBOR, &[4]).unwrap()[0];
    report[5..7].copy_from_slice(&7610_u16.to_be_bytes());
    assert_eq!(bench.report(&report), None);
    bench.assert_error(ONE, HidError::INVALID_LENGTH);
}

#[test]
fn the_vendor_command_is_there_where_something_is_shown() {
    let mut bench = Bench::new(Device { shows: true, ..DEVICE });
    bench.message(Cid::BROADCAST, code::INIT, &[0; 8]);
    bench.replies();
    assert_eq!(bench.message(ONE, code::SHOW, &[1]), None);
    bench.assert_error(ONE, HidError::INVALID_LENGTH);
    assert_eq!(bench.message(ONE, code::SHOW, &[]), Some(Event::Request(Request::Show)));
    bench.channels.respond(b"map");
    assert_eq!(bench.replies(), packet::fragment(ONE, code::SHOW, b"map").unwrap());
    assert_eq!(bench.message(ONE, code::SHOW, &[]), Some(Event::Request(Request::Show)));
    bench.channels.refuse(HidError::OTHER);
    bench.assert_error(ONE, HidError::OTHER);
}

#[test]
fn a_message_out_of_sequence_is_given_up() {
    let reports = packet::fragment(ONE, code::CBOR, &[4; 200]).unwrap();
    for wrong in [&reports[2], &reports[0]] {
        let mut bench = Bench::open();
        assert_eq!(bench.report(&reports[0]), None);
        assert_eq!(bench.report(wrong), None);
        bench.assert_error(ONE, HidError::INVALID_SEQ);
        // The rest of the message is ignored.
        assert_eq!(bench.report(&reports[1]), None);
        assert_eq!(bench.replies(), Vec::<Report>::new());
        assert_eq!(bench.message(ONE, code::CBOR, &[4]), Some(cbor(&[4])));
    }
}

#[test]
fn one_channel_at_a_time() {
    let mut bench = Bench::open();
    bench.message(Cid::BROADCAST, code::INIT, &[0; 8]);
    bench.replies();
    let reports = packet::fragment(ONE, code::CBOR, &[4; 100]).unwrap();
    assert_eq!(bench.report(&reports[0]), None);
    assert_eq!(bench.message(TWO, code::PING, &[]), None);
    bench.assert_error(TWO, HidError::CHANNEL_BUSY);
    assert_eq!(bench.report(&reports[1]), Some(cbor(&[4; 100])));
    for cid in [ONE, TWO] {
        assert_eq!(bench.message(cid, code::CBOR, &[4]), None);
        bench.assert_error(cid, HidError::CHANNEL_BUSY);
    }
    // Another channel's cancel, or continuation, is not ours.
    assert_eq!(bench.message(TWO, code::CANCEL, &[]), None);
    assert_eq!(bench.report(&packet::fragment(TWO, code::CBOR, &[4; 100]).unwrap()[1]), None);
    assert_eq!(bench.message(ONE, code::CANCEL, &[]), Some(Event::Cancel));
    assert_eq!(bench.replies(), Vec::<Report>::new());
}

#[test]
fn init_on_a_channel_brings_it_back_in_line() {
    let mut bench = Bench::open();
    bench.report(&packet::fragment(ONE, code::CBOR, &[4; 100]).unwrap()[0]);
    assert_eq!(bench.message(ONE, code::INIT, &[3; 8]), None);
    assert_eq!(bench.replies()[0][..19], [&[0, 0, 0, 1, 0x86, 0, 17][..], &[3; 8], &[0, 0, 0, 1]].concat());
    assert_eq!(bench.message(ONE, code::CBOR, &[4]), Some(cbor(&[4])));
    assert_eq!(bench.message(ONE, code::INIT, &[3; 8]), Some(Event::Forget));
    bench.replies();
    bench.channels.respond(&[0]);
    assert_eq!(bench.replies(), Vec::<Report>::new());
}

#[test]
fn a_message_that_is_not_continued_times_out() {
    let mut bench = Bench::open();
    let reports = packet::fragment(ONE, code::CBOR, &[4; 200]).unwrap();
    bench.report(&reports[0]);
    bench.tick_after(Duration::from_secs(2));
    bench.report(&reports[1]);
    bench.tick_after(Duration::from_secs(2));
    assert_eq!(bench.replies(), Vec::<Report>::new());
    bench.tick_after(Duration::from_secs(1));
    bench.assert_error(ONE, HidError::MSG_TIMEOUT);
}

#[test]
fn keepalives_come_at_their_pace_and_never_pile_up() {
    let mut bench = Bench::open();
    bench.message(ONE, code::CBOR, &[4]);
    bench.tick_after(KEEPALIVE / 2);
    assert_eq!(bench.replies(), Vec::<Report>::new());
    bench.tick_after(KEEPALIVE / 2);
    bench.tick_after(KEEPALIVE / 2);
    assert_eq!(bench.replies(), packet::fragment(ONE, code::KEEPALIVE, &[1]).unwrap());
    for _ in 0..5 {
        bench.tick_after(KEEPALIVE);
    }
    assert_eq!(bench.replies().len(), 1);
}

#[test]
fn a_reply_that_is_too_long_is_an_error() {
    let mut bench = Bench::open();
    bench.message(ONE, code::CBOR, &[4]);
    bench.channels.respond(&[0; 7610]);
    bench.assert_error(ONE, HidError::OTHER);
}

/// A generator that needs no crate (xorshift).
fn noise(seed: &mut u64) -> u8 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    seed.to_le_bytes()[3]
}

#[test]
fn noise_is_survived_and_queues_little() {
    let mut bench = Bench::open();
    let mut seed = 0x5eed;
    for round in 0..100_000 {
        let mut report = [0; REPORT_LEN];
        for byte in &mut report {
            *byte = noise(&mut seed);
        }
        // Half of them where they may count for something.
        if round % 2 == 0 {
            report[..4].copy_from_slice(&ONE.0);
            report[5] = 0;
            report[4] = [0x86, 0x90, 0x81, 0x91, 0xbf, 0, 1, 2][usize::from(report[4] % 8)];
        }
        if bench.report(&report).is_some() && round % 3 == 0 {
            bench.channels.respond(&[0]);
        }
        assert!(bench.replies().len() <= 130);
        bench.tick_after(Duration::from_millis(1));
    }
}
