//! The devices: keys and impostors at one bench, each behind a socket, in real time.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen,
    recv, send, socket_with,
};
use virtual_key::{
    Answer, Asked, Bench, Claim, ImpostorConfig, KeyConfig, KeyId, REPORT_LEN, Report, Sabotage,
};

use super::fixture::{Fixture, PIN};
use super::machine::{ModuleThread, SOCKETS};
use super::scenario::{Device, How, Kind, Patience, ReportEdit, Scenario, TouchTime};
use super::wire::{Exchanged, KEEPALIVE, Sender};

/// How a person touches: not faster than the module believes.
const PERSON: Duration = Duration::from_millis(60);
/// How often time passes at the bench.
const TICK: Duration = Duration::from_millis(4);
/// When Ctrl-C is pressed at the latest, whatever the devices still do.
const LATEST: Duration = Duration::from_secs(3);
/// How long after one Ctrl-C comes the next.
const AGAIN: Duration = Duration::from_millis(100);
/// The report that names the account of a connection (`docs/protocol.md`).
const ACCOUNT: [u8; 7] = [0xff, 0xff, 0xff, 0xff, 0xc2, 0, 4];

/// All devices of a sign-in.
pub struct Devices {
    bench: Bench,
    seats: Vec<Seat>,
    exchanged: Vec<Exchanged>,
}

/// One device, behind its socket.
struct Seat {
    key: KeyId,
    path: PathBuf,
    listener: OwnedFd,
    client: Option<OwnedFd>,
    edits: Vec<ReportEdit>,
    /// How many reports it has sent.
    sent: usize,
    /// One that waits for the next.
    late: Option<Vec<u8>>,
}

/// What the devices have seen.
#[derive(Debug)]
pub struct Seen {
    /// Every report.
    pub exchanged: Vec<Exchanged>,
    /// When Ctrl-C was pressed first.
    pub interrupted: Option<Instant>,
    /// What the module has put into the log.
    pub log: Vec<String>,
}

impl Devices {
    /// Plugs them in.
    ///
    /// # Panics
    /// Where a socket cannot be made.
    pub fn new(scenario: &Scenario, fixture: &Fixture) -> Self {
        let mut bench = Bench::new();
        let mut seats = Vec::new();
        for (number, device) in scenario.devices.iter().enumerate() {
            let name = format!("device-{number}");
            let Some(key) = seated(&mut bench, &name, device, fixture) else { continue };
            match device.touch {
                TouchTime::Soon => bench.auto_touch(key, PERSON),
                TouchTime::AtOnce => bench.auto_touch(key, Duration::ZERO),
                TouchTime::Never => {}
            }
            let path = Path::new(SOCKETS).join(name + ".sock");
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let listener =
                socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).expect("a socket");
            bind(&listener, &SocketAddrUnix::new(&path).expect("it is short")).expect("the folder is ours");
            listen(&listener, 4).expect("it is bound");
            let edits = device.edits.clone();
            seats.push(Seat { key, path, listener, client: None, edits, sent: 0, late: None });
        }
        Self { bench, seats, exchanged: Vec::new() }
    }

    /// Plays them until `is_over`, and the person who gives up.
    pub fn serve(
        mut self,
        patience: Patience,
        module: ModuleThread,
        log: &OwnedFd,
        is_over: &AtomicBool,
    ) -> Seen {
        let start = Instant::now();
        let mut seen = Seen { exchanged: Vec::new(), interrupted: None, log: Vec::new() };
        let mut last = start;
        let mut last_interrupt = None;
        while !is_over.load(Ordering::SeqCst) {
            self.wait(log);
            drain(log, &mut seen.log);
            let has_happened = self.hear() | self.speak(start.elapsed());
            if has_happened || !module.is_waiting() {
                last = Instant::now();
            }
            let Patience::Milliseconds(patience) = patience else { continue };
            let is_due = last_interrupt.is_none_or(|before: Instant| before.elapsed() > AGAIN);
            let is_enough = last.elapsed() > Duration::from_millis(patience) || start.elapsed() > LATEST;
            if is_enough && is_due {
                module.interrupt();
                last_interrupt = Some(Instant::now());
                seen.interrupted = seen.interrupted.or(last_interrupt);
            }
        }
        drain(log, &mut seen.log);
        seen.exchanged = std::mem::take(&mut self.exchanged);
        seen
    }

    /// Until a socket has something, for a moment at most.
    fn wait(&self, log: &OwnedFd) {
        let fds = self.seats.iter().flat_map(|seat| seat.client.iter().chain([&seat.listener]));
        let mut fds: Vec<PollFd<'_>> = fds.chain([log]).map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        // An error is a signal: time passes all the same.
        let _ = poll(&mut fds, Timespec::try_from(TICK).ok().as_ref());
    }

    /// Takes what the module has sent; whether there was anything.
    fn hear(&mut self) -> bool {
        let mut has_heard = false;
        for (device, seat) in self.seats.iter_mut().enumerate() {
            if let Ok(client) = accept_with(&seat.listener, SocketFlags::CLOEXEC) {
                has_heard = true;
                self.bench.close(seat.key);
                // One that has pulled itself out hears nothing.
                seat.client = self.bench.open(seat.key).is_ok().then_some(client);
            }
            while let Some(client) = &seat.client {
                let mut report: Report = [0; REPORT_LEN];
                match recv(client, &mut report, RecvFlags::DONTWAIT) {
                    Ok((REPORT_LEN, _)) if report.starts_with(&ACCOUNT) => {}
                    Ok((REPORT_LEN, _)) => {
                        has_heard = true;
                        self.exchanged.push(Exchanged { device, sender: Sender::Host, report });
                        let _ = self.bench.write(seat.key, &report);
                    }
                    Err(rustix::io::Errno::AGAIN) => break,
                    Ok(_) | Err(_) => {
                        seat.client = None;
                        self.bench.close(seat.key);
                    }
                }
            }
        }
        has_heard
    }

    /// Lets time pass, and sends what the devices say; whether that was more than that they are alive.
    fn speak(&mut self, now: Duration) -> bool {
        self.bench.advance(now.saturating_sub(self.bench.now()));
        let mut has_spoken = false;
        for (device, seat) in self.seats.iter_mut().enumerate() {
            if self.bench.plugging(seat.key).is_none() {
                // Whether it is there still: a key that is out is listed no more.
                let _ = fs::remove_file(&seat.path);
                seat.client = None;
            }
            while let Ok(Some(report)) = self.bench.read(seat.key) {
                let is_alive = report.get(4).is_some_and(|tag| tag & 0x7f == KEEPALIVE);
                has_spoken |= !is_alive;
                for packet in seat.changed(report) {
                    if let Ok(report) = packet.as_slice().try_into() {
                        self.exchanged.push(Exchanged { device, sender: Sender::Device, report });
                    }
                    if let Some(client) = &seat.client {
                        // A module that does not read misses it.
                        let _ = send(client, &packet, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
                    }
                }
            }
        }
        has_spoken
    }
}

impl std::fmt::Debug for Devices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Devices").field("bench", &self.bench).finish_non_exhaustive()
    }
}

impl Seat {
    /// What becomes of a report on its way.
    fn changed(&mut self, report: Report) -> Vec<Vec<u8>> {
        let nth = self.sent;
        self.sent = nth.saturating_add(1);
        let mut packets = vec![report.to_vec()];
        for edit in self.edits.iter().filter(|edit| usize::from(edit.nth) == nth) {
            for packet in &mut packets {
                edit.how.apply(packet);
            }
            match edit.how {
                How::Lost => packets.clear(),
                How::Twice => packets.extend(packets.clone()),
                How::Late => self.late = packets.pop(),
                How::Overwritten(..) | How::Flipped(..) | How::Cut(_) => {}
            }
        }
        if !packets.is_empty() {
            packets.extend(self.late.take());
        }
        packets
    }
}

impl How {
    fn apply(&self, packet: &mut Vec<u8>) {
        match self {
            Self::Overwritten(start, bytes) => {
                let place = packet.iter_mut().skip(usize::from(*start));
                place.zip(bytes).for_each(|(old, new)| *old = *new);
            }
            Self::Flipped(at, bit) => {
                if let Some(byte) = packet.get_mut(usize::from(*at)) {
                    *byte ^= 1_u8.rotate_left(u32::from(*bit));
                }
            }
            Self::Cut(len) => packet.truncate(usize::from(*len)),
            Self::Lost | Self::Twice | Self::Late => {}
        }
    }
}

/// Puts a device on the bench.
fn seated(bench: &mut Bench, name: &str, device: &Device, fixture: &Fixture) -> Option<KeyId> {
    let mut enrolled = |number: u8| {
        let enrolled = fixture.key(number)?;
        Some(bench.add_remembering(enrolled.config.clone(), &enrolled.memory))
    };
    Some(match &device.kind {
        Kind::Honest(number) => enrolled(*number)?,
        Kind::Misbehaving(number, asked, how) => {
            let key = enrolled(*number)?;
            bench.sabotage(key, Some(Sabotage { asked: *asked, nth: 1, how: *how }));
            key
        }
        Kind::Corrupt(number, corruption) => {
            let key = enrolled(*number)?;
            bench.corrupt(key, Some(*corruption));
            key
        }
        Kind::Foreign => bench.add(KeyConfig::new(name).pin(PIN)),
        Kind::Impostor(preset) => bench.add_impostor(ImpostorConfig::preset(name, preset).ok()?).0,
        Kind::Claiming(claims) => {
            let mut config = ImpostorConfig::new(name);
            for (asked, bytes) in claims {
                match asked {
                    Some(Asked::Info) => config.info = Claim::Raw(bytes.clone()),
                    asked => config.answers.push((*asked, Answer::Success(bytes.clone()))),
                }
            }
            bench.add_impostor(config).0
        }
        Kind::Raw(script) => {
            let mut script = script.clone().into_iter();
            bench.add_behaviour(name, move |_: Duration, _: &Report| {
                let mut report = [0; REPORT_LEN];
                let next = script.next();
                report.iter_mut().zip(next.iter().flatten()).for_each(|(place, byte)| *place = *byte);
                next.map(|_| (Duration::ZERO, report)).into_iter().collect()
            })
        }
    })
}

/// Reads the log as far as it goes.
pub fn drain(log: &OwnedFd, lines: &mut Vec<String>) {
    let mut line = [0; 2048];
    while let Ok((len, _)) = recv(log, &mut line, RecvFlags::DONTWAIT) {
        lines.push(String::from_utf8_lossy(line.get(..len).unwrap_or_default()).into_owned());
    }
}
