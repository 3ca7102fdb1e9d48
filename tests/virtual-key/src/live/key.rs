//! One key on `/dev/uhid`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::impostor;
use super::port::{Happening, LivePort};
use super::service::listen_at;
use super::uhid::{self, EVENT_LEN, Event};
use crate::hand::Hand;
use crate::key::{self, Body, Shared};
use crate::{Corruption, Counts, Impostor, KeyConfig, Memory, Record, Report, Sabotage, Timeline, Touch};

/// How long the kernel may take to bring a device up or down; emulated machines are slow.
const PATIENCE: Duration = Duration::from_secs(20);

/// A key that the kernel takes for a real one, whenever it is plugged in.
pub struct LiveKey {
    epoch: Instant,
    /// What `CLOCK_MONOTONIC` showed then.
    epoch_since_boot: Duration,
    device: Arc<File>,
    unique: String,
    shared: Arc<Shared>,
    power: Arc<Power>,
    /// What the impostor was asked, if it is one.
    record: Option<Record>,
    /// Where it stands if not on `/dev/uhid`.
    socket: Option<PathBuf>,
}

/// What runs in a key.
#[derive(Clone)]
enum Firmware {
    OpenSk,
    Impostor(Arc<Mutex<Impostor>>),
}

/// The key's own thread while it has power.
#[derive(Default)]
struct Power(Mutex<Option<Running>>);

struct Running {
    inbox: Sender<Happening>,
    thread: JoinHandle<()>,
}

impl Power {
    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().expect("nobody panics with the power switch in hand")
    }
}

impl LiveKey {
    /// A key, not yet plugged in, on a freshly opened `/dev/uhid`.
    pub fn new(config: KeyConfig) -> io::Result<Self> {
        Ok(Self::on(File::options().read(true).write(true).open("/dev/uhid")?, config))
    }

    /// A key, not yet plugged in, behind a socket at this path, as a service is.
    pub fn behind(socket: &Path, config: KeyConfig) -> io::Result<Self> {
        let key = Self::on(listen_at(socket)?, config);
        Ok(Self { socket: Some(socket.to_owned()), ..key })
    }

    /// A key on anything that speaks the protocol of `/dev/uhid`.
    pub fn on(device: File, config: KeyConfig) -> Self {
        Self::with(device, config, Firmware::OpenSk, None)
    }

    /// An impostor, not yet plugged in, on a freshly opened `/dev/uhid`. Of `device`, name, product and numbers count.
    pub fn impostor(device: KeyConfig, impostor: Impostor) -> io::Result<Self> {
        Ok(Self::impostor_on(File::options().read(true).write(true).open("/dev/uhid")?, device, impostor))
    }

    /// An impostor on anything that speaks the protocol of `/dev/uhid`.
    pub fn impostor_on(file: File, device: KeyConfig, impostor: Impostor) -> Self {
        let record = impostor.record();
        Self::with(file, device, Firmware::Impostor(Arc::new(Mutex::new(impostor))), Some(record))
    }

    fn with(device: File, config: KeyConfig, firmware: Firmware, record: Option<Record>) -> Self {
        let unique = format!("{}-{}", config.name, std::process::id());
        let key = Self {
            epoch: Instant::now(),
            epoch_since_boot: since_boot(),
            device: Arc::new(device),
            unique,
            shared: Arc::new(Shared::new(config)),
            power: Arc::default(),
            record,
            socket: None,
        };
        let reader = Reader {
            epoch: key.epoch,
            device: Arc::clone(&key.device),
            shared: Arc::clone(&key.shared),
            power: Arc::clone(&key.power),
            firmware,
        };
        // It ends with the process: nothing short of an event ends a read of /dev/uhid.
        thread::spawn(move || reader.run());
        key
    }

    // Plugging

    /// Plug the key in, and wait until it can be used. Returns whether it was out.
    pub fn plug(&self) -> io::Result<bool> {
        if self.is_plugged() {
            return Ok(false);
        }
        let event = uhid::create(&self.shared.lock().config, &self.unique);
        (&*self.device).write_all(&event)?;
        self.until(|| self.is_plugged(), "the kernel does not start the device")?;
        Ok(true)
    }

    /// Unplug the key, and wait until it is out. Returns whether it was in.
    pub fn unplug(&self) -> io::Result<bool> {
        if !self.is_plugged() {
            return Ok(false);
        }
        (&*self.device).write_all(&uhid::destroy())?;
        self.until(|| !self.is_plugged(), "the kernel does not stop the device")?;
        Ok(true)
    }

    fn until(&self, done: impl Fn() -> bool, problem: &str) -> io::Result<()> {
        let deadline = self.epoch.elapsed() + PATIENCE;
        while !done() {
            if self.epoch.elapsed() > deadline {
                return Err(io::Error::new(io::ErrorKind::TimedOut, problem));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Whether the key has power.
    pub fn is_plugged(&self) -> bool {
        self.power.lock().is_some()
    }

    /// Where the key stands if not on `/dev/uhid`.
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// The key's hidraw device as sysfs has it; None if it is not plugged in, or not up within `patience`.
    pub fn hidraw(&self, patience: Duration) -> Option<PathBuf> {
        let deadline = self.epoch.elapsed() + patience;
        loop {
            if let Some(path) = find_hidraw(&self.unique) {
                return Some(path);
            }
            if !self.is_plugged() || self.epoch.elapsed() >= deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    // The person's side

    /// Whether the key is waiting for a touch.
    pub fn blinking(&self) -> bool {
        self.shared.lock().wanted_since.is_some()
    }

    /// Wait until the key waits for a touch. Returns whether it does.
    pub fn wait_blinking(&self, timeout: Duration) -> bool {
        self.shared.wait_wanted(timeout)
    }

    /// Touch the key now. Returns whether it was waiting for a touch; if not, the touch is lost.
    pub fn touch(&self, touch: Touch) -> bool {
        let (taken, answer) = channel();
        // Until the key's thread has looked, nobody else may take the power away.
        let sent = match &*self.power.lock() {
            Some(running) => {
                running.inbox.send(Happening::Touch { at: self.epoch.elapsed(), touch, taken }).is_ok()
            }
            None => false,
        };
        sent && answer.recv().unwrap_or(false)
    }

    /// Touch the key this long after it next asks for it, once.
    pub fn touch_after(&self, delay: Duration) {
        self.plan(|hand| hand.next = Some(delay));
    }

    /// Touch the key this long after each time it asks for it, or (None) no longer.
    pub fn auto_touch(&self, delay: Option<Duration>) {
        self.plan(|hand| hand.auto = delay);
    }

    /// Forget every planned touch.
    pub fn never(&self) {
        self.plan(Hand::withdraw);
    }

    fn plan(&self, change: impl FnOnce(&mut Hand)) {
        change(&mut self.shared.lock().hand);
        if let Some(running) = &*self.power.lock() {
            // A key that has just lost power reads the plans when it next has some.
            let _ = running.inbox.send(Happening::Plans);
        }
    }

    // The key itself

    /// Let each report take this long from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.lock().config.latency = latency;
    }

    /// Let the key misbehave in its assertions, or (None) no longer.
    pub fn corrupt(&self, corruption: Option<Corruption>) {
        self.shared.lock().corruption = corruption;
    }

    /// Let the key hear nothing and say nothing, or hear again. A write by `SET_REPORT` then waits for the kernel's time-out.
    pub fn mute(&self, mute: bool) {
        self.shared.lock().mute = mute;
    }

    /// Let the key answer nonsense, or sense again.
    pub fn garble(&self, garbled: bool) {
        self.shared.lock().garbled = garbled;
    }

    /// Let the key misbehave from a certain request on, or (None) no longer.
    pub fn sabotage(&self, sabotage: Option<Sabotage>) {
        self.shared.lock().sabotage(sabotage);
    }

    /// Reset the key to its factory state; a plugged-in key is plugged out and in.
    pub fn forget(&self) -> io::Result<()> {
        let plugged = self.unplug()?;
        self.shared.lock().reset();
        if plugged {
            self.plug()?;
        }
        Ok(())
    }

    /// What has gone over the wire.
    pub fn counts(&self) -> Counts {
        self.shared.lock().tally.counts.clone()
    }

    /// What has gone over the wire; the counts start again at zero.
    pub fn take_counts(&self) -> Counts {
        std::mem::take(&mut self.shared.lock().tally.counts)
    }

    /// When it was asked, blinked, was touched and answered, on `CLOCK_MONOTONIC`.
    pub fn timeline(&self) -> Timeline {
        self.shared.lock().timeline.clone().since(self.epoch_since_boot)
    }

    /// The same; from now on the key remembers nothing of that.
    pub fn take_timeline(&self) -> Timeline {
        std::mem::take(&mut self.shared.lock().timeline).since(self.epoch_since_boot)
    }

    /// What it was asked, if it is an impostor: times are since it was made.
    pub fn record(&self) -> Option<Record> {
        self.record.clone()
    }

    /// What the key remembers without power.
    pub fn memory(&self) -> Memory {
        self.shared.lock().memory()
    }

    /// PIN attempts left.
    pub fn pin_retries(&self) -> u8 {
        self.shared.lock().pin_retries()
    }

    /// Whether a PIN is set.
    pub fn has_pin(&self) -> bool {
        self.shared.lock().has_pin()
    }

    /// Discoverable credentials that the key holds.
    pub fn discoverable_credentials(&self) -> usize {
        self.shared.lock().discoverable_credentials()
    }
}

/// The thread that listens to the kernel.
struct Reader {
    epoch: Instant,
    device: Arc<File>,
    shared: Arc<Shared>,
    power: Arc<Power>,
    firmware: Firmware,
}

impl Reader {
    fn run(self) {
        let mut event = [0; EVENT_LEN];
        // The kernel drops output reports when more than a few dozen are unread, so nothing slow may happen here.
        while let Ok(len) = (&*self.device).read(&mut event) {
            if len == 0 {
                break;
            }
            match Event::parse(&event[..len]) {
                Some(Event::Start) => self.power_on(),
                Some(Event::Stop) => self.power_off(),
                Some(Event::Open) => self.change(|body| body.tally.counts.opens += 1),
                Some(Event::Close) => self.change(|body| body.tally.counts.closes += 1),
                Some(Event::Output(report)) => self.report(report),
                Some(Event::GetReport { id }) => self.reply(&uhid::get_report_reply(id)),
                Some(Event::SetReport { id, report }) => {
                    let taken = report.is_some();
                    if let Some(report) = report {
                        self.report(report);
                    }
                    // A mute key hangs on the bus, and holds its writer up.
                    if !self.shared.lock().mute {
                        self.reply(&uhid::set_report_reply(id, taken));
                    }
                }
                Some(Event::Other(_)) | None => {}
            }
        }
        self.power_off();
    }

    fn report(&self, report: Report) {
        let now = self.epoch.elapsed();
        self.change(|body| {
            body.tally.report_in(&report);
            body.timeline.first_report_in.get_or_insert(now);
        });
        let mute = self.shared.lock().mute;
        if let Some(running) = &*self.power.lock()
            && !mute
        {
            // A key that has panicked shows when it is unplugged.
            let _ = running.inbox.send(Happening::Report(report));
        }
    }

    fn power_on(&self) {
        let (sender, inbox) = channel();
        let (shared, device) = (Arc::clone(&self.shared), Arc::clone(&self.device));
        let port = LivePort { epoch: self.epoch, inbox, shared, device };
        let (shared, firmware) = (Arc::clone(&self.shared), self.firmware.clone());
        let thread = thread::spawn(move || match firmware {
            Firmware::OpenSk => key::run(&shared, port),
            Firmware::Impostor(impostor) => impostor::run(&shared, port, &impostor),
        });
        *self.power.lock() = Some(Running { inbox: sender, thread });
    }

    fn power_off(&self) {
        let mut power = self.power.lock();
        if let Some(Running { inbox, thread }) = power.take() {
            // It may be gone already.
            let _ = inbox.send(Happening::Unplugged);
            thread.join().expect("a key has panicked");
        }
    }

    fn change(&self, change: impl FnOnce(&mut Body)) {
        change(&mut self.shared.lock());
    }

    fn reply(&self, event: &[u8]) {
        // The device may be gone by now, and the request with it.
        let _ = (&*self.device).write_all(event);
    }
}

/// `CLOCK_MONOTONIC`.
fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.try_into().expect("it begins with zero")
}

fn find_hidraw(unique: &str) -> Option<PathBuf> {
    let wanted = format!("HID_UNIQ={unique}");
    fs::read_dir("/sys/class/hidraw").ok()?.flatten().find_map(|entry| {
        let facts = fs::read_to_string(entry.path().join("device/uevent")).ok()?;
        let path = PathBuf::from("/dev").join(entry.file_name());
        (facts.lines().any(|line| line == wanted) && path.exists()).then_some(path)
    })
}
