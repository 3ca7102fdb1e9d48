//! A live key with this test in the place of the kernel: a pair of sockets instead of `/dev/uhid`, and real time.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use virtual_key::live::{LiveKey, uhid};
use virtual_key::{Asked, Impostor, ImpostorConfig, KeyConfig, Report, Requested, Timeline, Touch};

const MS: Duration = Duration::from_millis(1);
const SELECTION: [u8; 8] = [0, 0, 0, 1, 0x90, 0, 1, 0x0b];
const CANCEL: [u8; 7] = [0, 0, 0, 1, 0x91, 0, 0];

struct Kernel(UnixDatagram);

impl Kernel {
    fn event(&self, kind: u32) {
        self.raw(kind, &[]);
    }

    fn raw(&self, kind: u32, fields: &[(usize, &[u8])]) {
        let mut bytes = vec![0; uhid::EVENT_LEN];
        bytes[..4].copy_from_slice(&kind.to_ne_bytes());
        for (offset, field) in fields {
            bytes[*offset..*offset + field.len()].copy_from_slice(field);
        }
        self.0.send(&bytes).unwrap();
    }

    /// What a program writes to hidraw: report number 0 and the report.
    fn output(&self, start: &[u8]) {
        self.raw(6, &[(5, start), (4100, &65_u16.to_ne_bytes()), (4102, &[1])]);
    }

    /// The same to a device without an interrupt OUT endpoint.
    fn set_report(&self, id: u32, start: &[u8]) {
        let len = 65_u16.to_ne_bytes();
        self.raw(13, &[(4, &id.to_ne_bytes()), (9, &[1]), (10, &len), (13, start)]);
    }

    fn request(&self) -> Vec<u8> {
        let mut bytes = [0; uhid::EVENT_LEN];
        let len = self.0.recv(&mut bytes).unwrap();
        bytes[..len].to_vec()
    }

    fn input(&self) -> Report {
        let request = self.request();
        assert_eq!((&request[..4], &request[4..6]), (&12_u32.to_ne_bytes()[..], &64_u16.to_ne_bytes()[..]));
        request[6..].try_into().unwrap()
    }

    /// The next report that is no keep-alive, and how many keep-alives came before.
    fn reply(&self) -> (usize, Report) {
        let mut keepalives = 0;
        loop {
            let report = self.input();
            if report[4] != 0xbb {
                return (keepalives, report);
            }
            assert_eq!(report[7], 2, "user presence needed");
            keepalives += 1;
        }
    }

    fn init(&self) {
        self.output(&[255, 255, 255, 255, 0x86, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
        let reply = self.input();
        assert_eq!(reply[..19], [255, 255, 255, 255, 0x86, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1]);
    }
}

/// A key that is plugged in and has channel 1.
fn plugged() -> (Kernel, Arc<LiveKey>) {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let kernel = Kernel(ours);
    let key = Arc::new(LiveKey::on(File::from(OwnedFd::from(theirs)), KeyConfig::new("blue")));
    plug(&kernel, &key);
    kernel.event(4);
    kernel.init();
    (kernel, key)
}

#[test]
fn an_impostor_is_hosted_too() {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let kernel = Kernel(ours);
    let impostor = Impostor::new(ImpostorConfig { capabilities: 0x05, ..ImpostorConfig::new("red") });
    let device = KeyConfig::new("red");
    let key = Arc::new(LiveKey::impostor_on(File::from(OwnedFd::from(theirs)), device, impostor));
    let record = key.record().unwrap();
    plug(&kernel, &key);
    kernel.event(4);
    kernel.init();
    assert!(!key.touch(Touch::Owner));
    kernel.output(&SELECTION);
    assert!(key.wait_blinking(Duration::from_secs(10)));
    assert_eq!(kernel.input()[..8], [0, 0, 0, 1, 0xbb, 0, 1, 2]);
    assert!(key.touch(Touch::Owner));
    assert_eq!(kernel.reply().1[..8], [0, 0, 0, 1, 0x90, 0, 1, 0]);
    assert!(!key.blinking());
    key.auto_touch(Some(Duration::ZERO));
    kernel.output(&SELECTION);
    assert_eq!(kernel.reply().1[..8], [0, 0, 0, 1, 0x90, 0, 1, 0]);
    key.never();

    kernel.output(&SELECTION);
    assert!(key.wait_blinking(Duration::from_secs(10)));
    let unplugging = thread::spawn({
        let key = Arc::clone(&key);
        move || key.unplug().unwrap()
    });
    while kernel.request()[..4] != 1_u32.to_ne_bytes() {}
    kernel.event(5);
    kernel.event(3);
    assert!(unplugging.join().unwrap());
    assert!(!key.blinking());
    let asked: Vec<Requested> = record.requests().into_iter().map(|request| request.what).collect();
    let selection = Requested::Asked(Asked::Selection);
    assert_eq!(asked, [Requested::Asked(Asked::Init), selection, selection, selection]);
    assert_eq!((record.touches().len(), record.blinks().len()), (2, 3));
    assert!(record.blinks().iter().all(|blink| blink.until.is_some_and(|until| until >= blink.from)));

    plug(&kernel, &key);
    kernel.event(4);
    kernel.output(&SELECTION);
    assert_eq!(kernel.input()[..8], [0, 0, 0, 1, 0xbf, 0, 1, 0x0b], "the channel is forgotten");
    assert_eq!(key.counts().transactions, 5);
}

fn plug(kernel: &Kernel, key: &Arc<LiveKey>) {
    let plugging = thread::spawn({
        let key = Arc::clone(key);
        move || key.plug().unwrap()
    });
    assert_eq!(kernel.request()[..4], 11_u32.to_ne_bytes());
    kernel.event(2);
    assert!(plugging.join().unwrap());
}

#[test]
fn a_touch_is_taken_only_while_the_key_waits() {
    let (kernel, key) = plugged();
    assert!(!key.touch(Touch::Owner));
    kernel.output(&SELECTION);
    assert!(key.wait_blinking(Duration::from_secs(10)));
    assert_eq!(kernel.input()[..8], [0, 0, 0, 1, 0xbb, 0, 1, 2], "the early touch was not remembered");
    assert!(key.touch(Touch::Owner));
    assert_eq!(kernel.reply().1[..8], [0, 0, 0, 1, 0x90, 0, 1, 0]);
    assert!(!key.blinking());
    assert!(!key.touch(Touch::Owner));
    assert!(!key.wait_blinking(20 * MS));
}

#[test]
fn a_mute_key_holds_up_what_is_written_by_set_report() {
    let (kernel, key) = plugged();
    let ping = [0, 0, 0, 1, 0x81, 0, 1, 0x5a];
    kernel.set_report(7, &ping);
    // The key's thread answers the report while its listener answers the kernel.
    let mut seen = [kernel.request(), kernel.request()];
    seen.sort();
    let [input, reply] = seen;
    assert_eq!((&input[..4], &input[6..14]), (&12_u32.to_ne_bytes()[..], &ping[..]));
    assert_eq!(reply, [&14_u32.to_ne_bytes()[..], &7_u32.to_ne_bytes(), &[0, 0]].concat());

    key.mute(true);
    kernel.set_report(8, &ping);
    kernel.raw(9, &[(4, &9_u32.to_ne_bytes())]);
    assert_eq!(kernel.request()[..8], [10_u32.to_ne_bytes(), 9_u32.to_ne_bytes()].concat(), "nothing before");
}

#[test]
fn a_planned_touch_comes_when_planned() {
    let (kernel, key) = plugged();
    key.touch_after(250 * MS);
    let start = Instant::now();
    kernel.output(&SELECTION);
    let (keepalives, reply) = kernel.reply();
    assert_eq!(reply[..8], [0, 0, 0, 1, 0x90, 0, 1, 0]);
    assert!(start.elapsed() >= 250 * MS && keepalives >= 1);

    // Plans may change while the key waits.
    kernel.output(&SELECTION);
    assert!(key.wait_blinking(Duration::from_secs(10)));
    key.auto_touch(Some(Duration::ZERO));
    assert_eq!(kernel.reply().1[..8], [0, 0, 0, 1, 0x90, 0, 1, 0]);
    kernel.output(&SELECTION);
    assert_eq!(kernel.reply().1[..8], [0, 0, 0, 1, 0x90, 0, 1, 0]);
    key.never();
    kernel.output(&SELECTION);
    assert_eq!(kernel.input()[4..8], [0xbb, 0, 1, 2]);
    kernel.output(&CANCEL);
    assert_eq!(kernel.reply().1[..8], [0, 0, 0, 1, 0x90, 0, 1, 0x2d]);
}

/// Its thread tells by the clock that every other process can read too.
#[test]
fn a_timeline_tells_when_a_key_blinked_was_touched_and_answered() {
    let (kernel, key) = plugged();
    let since_boot = || Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap();
    let plugged_in = key.take_timeline();
    assert!(plugged_in.first_report_in < plugged_in.last_report_out, "INIT: {plugged_in:?}");
    assert_eq!(key.timeline(), Timeline::default());
    let start = since_boot();
    key.touch_after(20 * MS);
    kernel.output(&SELECTION);
    kernel.reply();
    let end = since_boot();
    let Timeline { first_report_in, blinks, touches, last_report_out } = key.timeline();
    let (asked, answered) = (first_report_in.unwrap(), last_report_out.unwrap());
    assert_eq!((blinks.len(), touches.len()), (1, 1));
    // The two clocks were read one after the other when the key was made.
    assert!(start < asked + MS && asked <= blinks[0], "{start:?} {asked:?} {blinks:?}");
    assert!(
        blinks[0] + 20 * MS <= touches[0] && touches[0] <= answered,
        "{blinks:?} {touches:?} {answered:?}"
    );
    assert!(answered < end + MS, "{answered:?} {end:?}");
}

#[test]
fn cancel_does_not_wait_for_the_next_keepalive() {
    let (kernel, key) = plugged();
    let at_once = || {
        kernel.output(&SELECTION);
        assert_eq!(kernel.input()[4..8], [0xbb, 0, 1, 2]);
        let start = Instant::now();
        kernel.output(&CANCEL);
        assert_eq!(kernel.reply().1, padded(&[0, 0, 0, 1, 0x90, 0, 1, 0x2d]));
        assert!(!key.blinking());
        start.elapsed() < 50 * MS
    };
    // A machine under load may stop us in between, but not every time.
    assert!((0..20).any(|_| at_once()));
}

#[test]
fn counts_are_exact() {
    let (kernel, key) = plugged();
    kernel.output(&[0, 0, 0, 1, 0x81, 0, 60, 1]);
    kernel.output(&[0, 0, 0, 1, 0, 1, 2, 3]);
    kernel.input();
    kernel.input();
    kernel.event(5);
    kernel.raw(9, &[(4, &77_u32.to_ne_bytes())]);
    assert_eq!(kernel.request(), uhid::get_report_reply(77));
    let counts = key.take_counts();
    assert_eq!((counts.transactions, counts.inits, counts.ping), (2, 1, 1));
    assert_eq!((counts.reports_in, counts.reports_out, counts.opens, counts.closes), (3, 3, 1, 1));
    assert_eq!(key.counts(), virtual_key::Counts::default());
}

#[test]
fn unplugging_ends_a_wait_and_a_channel() {
    let (kernel, key) = plugged();
    kernel.output(&SELECTION);
    assert!(key.wait_blinking(Duration::from_secs(10)));
    let unplugging = thread::spawn({
        let key = Arc::clone(&key);
        move || key.unplug().unwrap()
    });
    while kernel.request()[..4] != 1_u32.to_ne_bytes() {}
    kernel.event(5);
    kernel.event(3);
    assert!(unplugging.join().unwrap());
    assert!(!key.is_plugged() && !key.blinking() && !key.touch(Touch::Owner));

    plug(&kernel, &key);
    kernel.event(4);
    kernel.output(&SELECTION);
    assert_eq!(kernel.input()[..8], [0, 0, 0, 1, 0xbf, 0, 1, 0x0b], "the channel is forgotten");
    kernel.init();
}

fn padded(start: &[u8]) -> Report {
    let mut report = [0; 64];
    report[..start.len()].copy_from_slice(start);
    report
}
