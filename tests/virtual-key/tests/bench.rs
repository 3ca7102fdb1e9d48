//! The bench against a minimal host written down byte by byte: no code of the host under test takes part.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

mod host;

use std::time::Duration;

use host::{Host, UP_NEEDED, get_assertion, make_credential, text};
use virtual_key::{Behaviour, Bench, KeyConfig, PortError, Report};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn init_answers_the_nonce_with_a_channel() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    bench.open(key).unwrap();
    let mut request = [0; 64];
    request[..15].copy_from_slice(&[255, 255, 255, 255, 0x86, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    bench.write(key, &request).unwrap();
    assert_eq!(bench.read(key), Ok(None), "nothing happens before time passes");
    assert!(bench.wait(Duration::ZERO));
    let reply = bench.read(key).unwrap().unwrap();
    // nonce, channel 1, protocol 2, version 1.0.0, WINK and CBOR
    let expected = [255, 255, 255, 255, 0x86, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 2, 1, 0, 0, 0x05];
    assert_eq!(reply[..24], expected);
    assert_eq!(bench.read(key), Ok(None));
    assert_eq!(bench.now(), Duration::ZERO);
}

#[test]
fn info_is_that_of_the_configuration() {
    let mut bench = Bench::new();
    let config = KeyConfig { aaguid: [3; 16], max_msg_size: 1200, ..KeyConfig::new("blue") };
    let key = bench.add(config);
    let mut host = Host::open(&mut bench, key);
    let (status, info) = host.call(&mut bench, 0x04, &[]);
    assert_eq!(status, 0);
    assert_eq!(info.bytes(0x03), [3; 16]);
    assert_eq!(info.field(0x05).unwrap().extract_unsigned(), Some(1200));
    assert_eq!(info.field(0x07).unwrap().extract_unsigned(), Some(8));
    assert_eq!(
        (info.option("clientPin"), info.option("uv"), info.option("rk")),
        (Some(false), None, Some(true))
    );
}

#[test]
fn a_touch_counts_only_while_the_key_waits_for_one() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    assert!(!bench.touch(key), "nothing asked for a touch");
    host.ask(&mut bench, 0x01, &make_credential(false));
    assert!(!bench.blinking(key), "the request is still on the wire");
    bench.advance(SECOND);
    assert!(bench.blinking(key));
    assert_eq!(host.receive(&mut bench, Duration::ZERO), None, "the early touch was not remembered");
    assert_eq!(host.keepalives, [UP_NEEDED; 10]);
    assert!(bench.touch(key));
    let (status, credential) = host.reply(&mut bench);
    assert_eq!((status, bench.now(), bench.blinking(key)), (0, SECOND, false));
    assert_eq!(credential.field(0x01), Some(text("packed")));
    assert!(!bench.touch(key));
}

#[test]
fn planned_touches_come_on_time_or_are_lost() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    bench.touch_at(key, SECOND);
    bench.touch_at(key, 7 * SECOND);
    bench.advance(2 * SECOND);
    assert_eq!(host.make_credential(&mut bench, false).0, 0);
    assert_eq!(bench.now(), 7 * SECOND, "the touch at 1 s found nobody waiting, that at 7 s did");

    bench.touch_after(key, Duration::from_millis(1500));
    assert_eq!(host.make_credential(&mut bench, false).0, 0);
    assert_eq!(bench.now(), Duration::from_millis(8500));
    assert_eq!(
        host.make_credential(&mut bench, false).0,
        0x2f,
        "touch-after is for one request: user action timeout"
    );
    assert_eq!(bench.now(), Duration::from_millis(38_500));

    bench.auto_touch(key, SECOND);
    assert_eq!(host.make_credential(&mut bench, false).0, 0);
    assert_eq!(host.make_credential(&mut bench, false).0, 0);
    assert_eq!(bench.now(), Duration::from_millis(40_500));
    bench.never(key);
    assert_eq!(host.make_credential(&mut bench, false).0, 0x2f);
}

#[test]
fn cancel_ends_the_wait_at_once() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    host.ask(&mut bench, 0x01, &make_credential(false));
    bench.advance(3 * SECOND);
    host.send(&mut bench, host::CANCEL, &[]);
    assert_eq!(host.reply(&mut bench).0, 0x2d);
    assert_eq!((bench.now(), bench.blinking(key)), (3 * SECOND, false));
    assert_eq!(bench.counts(key).cancels, 1);

    // A cancel with nothing to cancel has no effect and no reply.
    host.send(&mut bench, host::CANCEL, &[]);
    assert_eq!(host.receive(&mut bench, SECOND), None);
}

#[test]
fn init_on_the_channel_in_use_drops_the_request() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    host.ask(&mut bench, 0x01, &make_credential(false));
    bench.advance(SECOND);
    host.send(&mut bench, 0x06, &[4; 8]);
    let (command, payload) = host.receive(&mut bench, SECOND).unwrap();
    assert_eq!((command, &payload[..12]), (0x06, &[4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0, 1][..]));
    assert!(!bench.blinking(key));
    assert_eq!(host.receive(&mut bench, 60 * SECOND), None);
}

#[test]
fn another_channel_finds_a_waiting_key_busy() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    let mut other = Host::open(&mut bench, key);
    host.ask(&mut bench, 0x01, &make_credential(false));
    bench.advance(SECOND);
    while bench.read(key).unwrap().is_some() {}
    other.send(&mut bench, host::CBOR, &[0x04]);
    assert_eq!(other.receive(&mut bench, SECOND), Some((host::ERROR, vec![6])));
    other.send(&mut bench, host::CANCEL, &[]);
    assert_eq!(other.receive(&mut bench, SECOND), None);
    assert!(bench.blinking(key), "a foreign cancel ends nothing");
    bench.touch(key);
    assert_eq!(host.reply(&mut bench).0, 0);
}

#[test]
fn counts_are_exact() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    assert_eq!(bench.counts(key).opens, 1);
    bench.reset_counts(key);
    host.call(&mut bench, 0x04, &[]);
    host.ask(&mut bench, 0x02, &get_assertion(&[&[1; 241], &[2; 241]], true));
    assert_eq!(host.reply(&mut bench).0, 0x2e);
    host.ask(&mut bench, 0x0b, &[]);
    bench.advance(Duration::from_millis(250));
    host.send(&mut bench, host::CANCEL, &[]);
    assert_eq!(host.reply(&mut bench).0, 0x2d);
    bench.close(key);
    let counts = bench.counts(key);
    assert_eq!((counts.transactions, counts.cbor, counts.inits, counts.cancels), (3, 3, 0, 1));
    assert_eq!(counts.commands.into_iter().collect::<Vec<_>>(), [(0x02, 1), (0x04, 1), (0x0b, 1)]);
    // getInfo 1, getAssertion 574 bytes: 57 + 9 × 59, selection 1, cancel 1
    assert_eq!(counts.reports_in, 1 + 10 + 1 + 1);
    // keep-alives at 100 ms and 200 ms, three replies, of which getInfo has several reports
    assert_eq!(counts.keepalives, 2);
    assert_eq!((counts.opens, counts.closes), (0, 1));
}

#[test]
fn a_key_keeps_what_it_stores_while_unplugged() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    bench.auto_touch(key, Duration::ZERO);
    let (_, credential) = host.make_credential(&mut bench, true);
    let (id, ..) = host::attested_credential(&credential.bytes(0x02));
    assert_eq!((bench.plugging(key), bench.discoverable_credentials(key)), (Some(1), 1));

    bench.unplug(key);
    assert!(bench.wait(bench.now()), "unplugging is news");
    assert!(!bench.wait(bench.now()), "once");
    assert_eq!(bench.read(key), Err(PortError::Unplugged));
    assert_eq!(bench.write(key, &[0; 64]), Err(PortError::Unplugged));
    assert_eq!((bench.open(key), bench.plugged()), (Err(PortError::Unplugged), vec![]));

    bench.plug_at(key, bench.now() + SECOND);
    assert!(bench.wait(bench.now() + 5 * SECOND));
    assert_eq!((bench.now(), bench.plugging(key)), (SECOND, Some(2)));
    assert_eq!(bench.read(key), Err(PortError::NotOpen));
    let mut host = Host::open(&mut bench, key);
    assert_eq!(host.call(&mut bench, 0x02, &get_assertion(&[&id], true)).0, 0);
    assert_eq!(host.call(&mut bench, 0x02, &get_assertion(&[], true)).0, 0);
    assert_eq!((bench.counts(key).opens, bench.counts(key).closes), (2, 1));

    bench.forget(key);
    let mut host = Host::open(&mut bench, key);
    assert_eq!(host.call(&mut bench, 0x02, &get_assertion(&[&id], true)).0, 0x2e);
}

#[test]
fn a_key_unplugged_while_it_waits_is_gone_at_once() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    host.ask(&mut bench, 0x01, &make_credential(false));
    bench.unplug_at(key, 2 * SECOND);
    bench.advance(10 * SECOND);
    assert_eq!((bench.read(key), bench.blinking(key)), (Err(PortError::Unplugged), false));
}

#[test]
fn a_fuse_unplugs_after_so_many_reports() {
    for reports in 0..6 {
        let mut bench = Bench::new();
        let key = bench.add(KeyConfig::new("blue"));
        bench.open(key).unwrap();
        bench.unplug_after(key, reports);
        let mut passed = 0;
        while bench.plugging(key).is_some() {
            for report in host::reports([0xff; 4], 0x06, &[1; 8]) {
                passed += usize::from(bench.write(key, &report).is_ok());
            }
            bench.wait(bench.now() + SECOND);
            passed += usize::from(matches!(bench.read(key), Ok(Some(_))));
        }
        assert_eq!(passed, reports);
    }
}

#[test]
fn two_keys_share_the_clock_and_nothing_else() {
    let mut bench = Bench::new();
    let blue = bench.add(KeyConfig::new("blue"));
    let red = bench.add(KeyConfig::new("red"));
    assert_eq!(bench.plugged(), [blue, red]);
    let mut on_blue = Host::open(&mut bench, blue);
    let mut on_red = Host::open(&mut bench, red);
    bench.auto_touch(blue, Duration::ZERO);
    bench.auto_touch(red, Duration::ZERO);
    let (_, credential) = on_blue.make_credential(&mut bench, false);
    let (id, ..) = host::attested_credential(&credential.bytes(0x02));
    assert_eq!(on_red.call(&mut bench, 0x02, &get_assertion(&[&id], true)).0, 0x2e);
    bench.never(blue);
    bench.never(red);

    // Both wait at the same time; only the touched one answers.
    on_blue.ask(&mut bench, 0x0b, &[]);
    on_red.ask(&mut bench, 0x0b, &[]);
    bench.advance(SECOND);
    assert!(bench.blinking(blue) && bench.blinking(red));
    bench.touch(red);
    assert_eq!(on_red.reply(&mut bench).0, 0);
    assert!(bench.blinking(blue));
    on_blue.send(&mut bench, host::CANCEL, &[]);
    assert_eq!(on_blue.reply(&mut bench).0, 0x2d);
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let run = || {
        let mut bench = Bench::new();
        let key = bench.add(KeyConfig::new("blue"));
        let mut host = Host::open(&mut bench, key);
        bench.auto_touch(key, SECOND);
        let (_, credential) = host.make_credential(&mut bench, true);
        (credential.bytes(0x02), bench.now())
    };
    assert_eq!(run(), run());
}

#[test]
fn latency_is_per_report_and_one_after_the_other() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig { latency: Duration::from_millis(8), ..KeyConfig::new("blue") });
    let mut host = Host::open(&mut bench, key);
    assert_eq!(bench.now(), Duration::from_millis(16));
    host.send(&mut bench, 0x01, &[1; 57 + 59 + 59]);
    assert!(host.receive(&mut bench, SECOND).is_some());
    assert_eq!(bench.now(), Duration::from_millis(16 + 24 + 24));
}

#[test]
fn a_scripted_key_sits_beside_honest_ones() {
    let mut bench = Bench::new();
    let honest = bench.add(KeyConfig::new("honest"));
    let endless = bench.add_behaviour("endless", |_now, report: &[u8; 64]| {
        let mut keepalive = [0; 64];
        keepalive[..4].copy_from_slice(&report[..4]);
        keepalive[4..8].copy_from_slice(&[0xbb, 0, 1, 1]);
        (1..=20).map(|turn| (turn * Duration::from_millis(100), keepalive)).collect::<Vec<_>>()
    });
    bench.open(endless).unwrap();
    bench.write(endless, &host::reports([1; 4], host::CBOR, &[4])[0]).unwrap();
    let mut on_honest = Host::open(&mut bench, honest);
    assert_eq!(on_honest.call(&mut bench, 0x04, &[]).0, 0);
    bench.advance(5 * SECOND);
    let mut keepalives = 0;
    while bench.read(endless).unwrap().is_some() {
        keepalives += 1;
    }
    assert_eq!((keepalives, bench.counts(endless).keepalives, bench.counts(endless).cbor), (20, 20, 1));
}

/// Says something every second from plugging in to unplugging.
struct Ticker {
    next: Option<Duration>,
    unplugged_at: std::sync::mpsc::Sender<Duration>,
}

impl Behaviour for Ticker {
    fn on_plug(&mut self, now: Duration) -> Vec<(Duration, Report)> {
        self.next = Some(now + SECOND);
        Vec::new()
    }

    fn on_report(&mut self, _now: Duration, _report: &Report) -> Vec<(Duration, Report)> {
        Vec::new()
    }

    fn on_unplug(&mut self, now: Duration) {
        self.next = None;
        self.unplugged_at.send(now).unwrap();
    }

    fn wakes_at(&self) -> Option<Duration> {
        self.next
    }

    fn on_wake(&mut self, now: Duration) -> Vec<(Duration, Report)> {
        self.next = Some(now + SECOND);
        vec![(Duration::ZERO, [7; 64])]
    }

    fn blinking(&self) -> bool {
        self.next.is_some_and(|next| next > 3 * SECOND)
    }
}

#[test]
fn a_scripted_key_acts_of_its_own_accord() {
    let mut bench = Bench::new();
    let (unplugged_at, unplugged) = std::sync::mpsc::channel();
    let key = bench.add_behaviour("ticker", Ticker { next: None, unplugged_at });
    bench.open(key).unwrap();
    for second in 1..=3 {
        assert_eq!(bench.blinking(key), second > 3);
        while bench.now() < second * SECOND {
            bench.wait(second * SECOND);
        }
        assert_eq!(bench.read(key), Ok(Some([7; 64])));
        assert_eq!(bench.read(key), Ok(None));
    }
    assert!(bench.blinking(key));
    bench.advance(SECOND / 2);
    bench.unplug(key);
    assert_eq!(unplugged.try_recv(), Ok(3 * SECOND + SECOND / 2));
    bench.advance(10 * SECOND);
    assert_eq!(bench.counts(key).reports_out, 3);
}

#[test]
fn a_wire_can_be_tampered_with() {
    let mut bench = Bench::new();
    let key = bench.add(KeyConfig::new("blue"));
    let mut host = Host::open(&mut bench, key);
    bench.tamper(key, |_now, report| vec![(SECOND, report), (SECOND, report)]);
    host.send(&mut bench, 0x01, &[1; 10]);
    assert_eq!(host.receive(&mut bench, 2 * SECOND), Some((0x01, vec![1; 10])));
    assert_eq!(host.receive(&mut bench, Duration::ZERO), Some((0x01, vec![1; 10])));
    assert_eq!(bench.now(), SECOND);
}
