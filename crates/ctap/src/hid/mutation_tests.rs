//! Whatever a key sends, a channel neither panics nor loses its bearings.

#![allow(clippy::arithmetic_side_effects, reason = "indexes of a few bytes")]

use super::{Channel, Command, Event, MAX_MESSAGE_LEN, REPORT_LEN, Report};

const NONCE: [u8; 8] = *b"\x01\x02\x03\x04\x05\x06\x07\x08";
const CID: [u8; 4] = [1, 2, 3, 4];

/// Splitmix64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

fn report(cid: [u8; 4], rest: &[u8]) -> Report {
    let mut report = [0; REPORT_LEN];
    report[..4].copy_from_slice(&cid);
    report[4..4 + rest.len()].copy_from_slice(rest);
    report
}

fn init_reply(on: [u8; 4]) -> Report {
    let mut rest = vec![0x86, 0, 17];
    rest.extend(NONCE);
    rest.extend(CID);
    rest.extend([2, 1, 0, 0, 0x04]);
    report(on, &rest)
}

/// A whole exchange as a well-behaved key would have it: opening, keepalive, a reply of three packets.
fn exchange() -> Vec<Report> {
    let mut reports = vec![init_reply([0xff; 4]), report(CID, &[0xbb, 0, 1, 2])];
    let mut first = vec![0x90, 0, 150];
    first.extend([0x5a; 57]);
    reports.push(report(CID, &first));
    reports.push(report(CID, &[&[0][..], &[0x5b; 59]].concat()));
    reports.push(report(CID, &[&[1][..], &[0x5c; 34]].concat()));
    reports
}

/// What must hold after every report.
fn check(channel: &mut Channel, report: &[u8]) {
    let was_open = channel.cid();
    let was_busy = channel.is_busy();
    let outcome = channel.handle_report(report);
    match &outcome {
        Ok(Some(Event::Response { payload, .. })) => {
            assert!(was_busy && payload.len() <= MAX_MESSAGE_LEN);
            assert!(!channel.is_busy());
        }
        Ok(Some(Event::Opened)) => assert!(was_busy && channel.cid().is_some() && !channel.is_busy()),
        Ok(Some(Event::Error(_))) => assert!(was_busy && !channel.is_busy()),
        Ok(Some(Event::Keepalive(_))) => assert!(was_busy && channel.is_busy()),
        Ok(None) => assert_eq!(channel.is_busy(), was_busy),
        Err(_) => assert!(!channel.is_busy() && channel.next_report().is_none()),
    }
    if was_open.is_some() {
        assert_eq!(channel.cid(), was_open, "a channel that is open stays the same");
    }
    // After whatever happened, a fresh start works.
    if !channel.is_busy() {
        assert!(channel.cid().is_none() || channel.request(Command::Cbor, &[4]).is_ok());
        channel.init(NONCE);
        let on = channel.cid().map_or([0xff; 4], |cid| cid.0);
        while channel.next_report().is_some() {}
        if on == [0xff; 4] || on == CID {
            assert_eq!(channel.handle_report(&init_reply(on)), Ok(Some(Event::Opened)));
        }
    }
    if !channel.is_busy() && channel.cid().is_some() {
        channel.request(Command::Cbor, &[4]).unwrap();
        while channel.next_report().is_some() {}
    }
}

#[test]
fn the_exchange_itself_is_sound() {
    let mut channel = Channel::new();
    channel.init(NONCE);
    let mut responses = 0;
    for report in exchange() {
        let event = channel.handle_report(&report).unwrap();
        if event == Some(Event::Opened) {
            channel.request(Command::Cbor, &[4]).unwrap();
            while channel.next_report().is_some() {}
        }
        if let Some(Event::Response { payload, .. }) = event {
            assert_eq!(payload.len(), 150);
            responses += 1;
        }
    }
    assert_eq!(responses, 1);
}

#[test]
fn every_byte_of_an_exchange_replaced_by_every_other() {
    let reports = exchange();
    for (damaged, _) in reports.iter().enumerate() {
        // Beyond the head the bytes are payload, all treated alike.
        for at in 0..24 {
            for byte in 0..=u8::MAX {
                let mut channel = Channel::new();
                channel.init(NONCE);
                for (number, report) in reports.iter().enumerate() {
                    let mut report = *report;
                    if number == damaged {
                        report[at] = byte;
                    }
                    check(&mut channel, &report);
                }
            }
        }
    }
}

#[test]
fn reports_lost_doubled_and_swapped() {
    let reports = exchange();
    let mut random = Random(1);
    for _ in 0..20_000 {
        let mut channel = Channel::new();
        channel.init(NONCE);
        for _ in 0..random.below(12) {
            let report = random.pick(&reports);
            check(&mut channel, &report);
        }
    }
}

#[test]
fn random_reports() {
    let mut random = Random(2);
    let commands = [0x80, 0x81, 0x83, 0x84, 0x86, 0x88, 0x90, 0x91, 0xbb, 0xbf, 0xff, 0, 1, 2, 0x7f];
    let lengths =
        [[0, 0], [0, 1], [0, 2], [0, 17], [0, 57], [0, 58], [0x1d, 0xb9], [0x1d, 0xba], [0xff, 0xff]];
    let mut channel = Channel::new();
    channel.init(NONCE);
    for _ in 0..200_000 {
        let mut report: Report = std::array::from_fn(|_| random.byte());
        let cid = [CID, [0xff; 4], [0; 4], [1, 2, 3, 5]];
        report[..4].copy_from_slice(&random.pick(&cid));
        if random.below(4) > 0 {
            report[4] = random.pick(&commands);
            report[5..7].copy_from_slice(&random.pick(&lengths));
        }
        if random.below(4) == 0 {
            report[7..15].copy_from_slice(&NONCE);
        }
        let len = if random.below(50) == 0 { random.below(REPORT_LEN) } else { REPORT_LEN };
        check(&mut channel, &report[..len]);
        match random.below(40) {
            0 => channel.cancel(),
            1 => channel.init(NONCE),
            2 => channel = Channel::new(),
            _ => {}
        }
    }
}

/// A reply of the greatest length, and nothing more, is ever kept.
#[test]
fn an_endless_reply_ends() {
    let mut channel = Channel::new();
    channel.init(NONCE);
    channel.handle_report(&init_reply([0xff; 4])).unwrap();
    channel.request(Command::Cbor, &[4]).unwrap();
    while channel.next_report().is_some() {}
    assert_eq!(channel.handle_report(&report(CID, &[0x90, 0x1d, 0xb9])), Ok(None));
    for seq in 0..127 {
        assert_eq!(channel.handle_report(&report(CID, &[seq])), Ok(None));
    }
    let last = channel.handle_report(&report(CID, &[127]));
    assert!(matches!(last, Ok(Some(Event::Response { payload, .. })) if payload.len() == MAX_MESSAGE_LEN));
    assert!(channel.handle_report(&report(CID, &[0])).is_err());
}
