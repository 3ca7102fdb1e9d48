//! The watcher: one loop over hot-plug, the answers of devices, the passkeys on file, grace periods and signals. It sleeps until one of
//! them has something to say.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use hidraw::{Hotplug, KeyInfo};
use jiff::SignedDuration;
use passkey_core::time;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};

use super::error::RemovalError;
use super::notify::Notify;
use super::presence::{Device, Gone, Looks, Presence, Scope};
use super::probe::{Outcome, Probe};
use super::records::Records;
use super::settings::Settings;
use crate::logind::{self, Session};
use crate::report::{note, warning};
use crate::terminal::signals::Interrupt;

/// The most devices that are asked at a time.
const MAX_PROBES: usize = 8;
/// How often a device that shows nothing is asked by itself. Whenever a device comes or goes, it is asked once more.
const MAX_TRIES: u32 = 8;
/// The longest pause between two of these questions.
const MAX_PAUSE: Duration = Duration::from_secs(64);
/// How soon what did not work is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How long a locker may take to say that the session is locked.
const LOCKING: Duration = Duration::from_secs(5);
/// How long ago a sign-in may be whose key was pulled out before the watcher ran.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(60);
/// How long the first answers of the devices may take, on a machine that is busy with a sign-in.
const STARTING: Duration = Duration::from_secs(10);
/// How often to look for keys while a device is being asked: one that hangs has the kernel put off telling that another has gone, for up to
/// 5 s. In sysfs its attributes go before that.
const LOOK: Duration = Duration::from_millis(250);
/// The clocks differ by more only after a sleep.
const SLEPT: Duration = Duration::from_millis(500);

/// Watches until a signal ends it.
///
/// # Errors
/// When it cannot begin, or cannot go on.
pub(crate) fn watch(
    settings: Settings,
    config: Option<&Path>,
    interrupt: &Interrupt,
) -> Result<(), RemovalError> {
    let failed = |error: &dyn std::fmt::Display| RemovalError::Hotplug(error.to_string());
    let hotplug = Hotplug::new().map_err(|error| failed(&error))?;
    let mut watcher = Watcher::new(settings, config);
    watcher.notify.ready();
    watcher.begin();
    loop {
        if watcher.clock.has_slept() {
            watcher.presence.resumed(monotonic());
        }
        watcher.step();
        let Woken { interrupted, plugging } = watcher.wait(interrupt.fd(), hotplug.as_fd());
        if interrupted {
            watcher.end();
            return Ok(());
        }
        if plugging && hotplug.drain().map_err(|error| failed(&error))? {
            watcher.is_list_old = true;
            watcher.ask_soon();
        }
    }
}

/// What a wait has ended with.
struct Woken {
    interrupted: bool,
    plugging: bool,
}

struct Watcher<'a> {
    config: Option<&'a Path>,
    clock: Clock,
    notify: Notify,
    records: Records,
    presence: Presence,
    is_list_old: bool,
    relist_at: Option<Duration>,
    probes: Vec<Probe>,
    /// Devices that have shown nothing when they were asked: how often, and when to ask again.
    silent: BTreeMap<PathBuf, (u32, Option<Duration>)>,
    /// Processes that were killed, and may be in the kernel still.
    ended: Vec<Child>,
    /// What is gone and could not be acted on, and when to try again.
    unlocked: Vec<(Gone, Duration)>,
    /// Sessions that were asked to lock, and when they should have.
    locking: Vec<(String, Duration)>,
}

impl<'a> Watcher<'a> {
    fn new(settings: Settings, config: Option<&'a Path>) -> Self {
        let scope = if settings.any_key { Scope::Any } else { Scope::Each };
        Self {
            config,
            clock: Clock::new(),
            notify: Notify::from_env(),
            records: Records::new(config),
            presence: Presence::new(scope, settings.grace()),
            is_list_old: true,
            relist_at: None,
            probes: Vec::new(),
            silent: BTreeMap::new(),
            ended: Vec::new(),
            unlocked: Vec::new(),
            locking: Vec::new(),
        }
    }

    /// What has signed in just now has to be there.
    fn begin(&mut self) {
        self.records.read();
        // Most of them are long past.
        self.records.take_signed_in();
        for id in self.records.recent(time::now_precisely(), JUST_NOW) {
            self.presence.signed_in(&id, monotonic().saturating_add(STARTING));
        }
    }

    /// Everything that is to be done now.
    fn step(&mut self) {
        let now = monotonic();
        if std::mem::take(&mut self.is_list_old)
            || self.is_asking()
            || self.relist_at.is_some_and(|at| at <= now)
        {
            self.list(now);
        }
        if self.records.has_changed() {
            self.read_records();
        }
        self.ask(now);
        for gone in self.presence.expire(now) {
            self.unlocked.push((gone, now));
        }
        self.lock(now);
        self.confirm(now);
        self.ended.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        let status = self.status();
        self.notify.status(status);
    }

    /// Where there are other passkeys than before, every device is asked for them.
    fn read_records(&mut self) {
        let is_other = self.records.read();
        for id in self.records.take_signed_in() {
            // It may be at a device that this user cannot open before the session is theirs.
            self.presence.signed_in(&id, monotonic().saturating_add(STARTING));
        }
        if is_other {
            self.presence.ask_again();
            self.silent.clear();
            self.ended.extend(self.probes.drain(..).map(Probe::end));
        }
    }

    /// Brings what is known in line with what is plugged in.
    fn list(&mut self, now: Duration) {
        self.relist_at = None;
        let Ok(listing) = hidraw::list() else {
            // Nothing is gone for that.
            self.relist_at = Some(now.saturating_add(RETRY));
            return;
        };
        let mut devices: Vec<Device> = listing.keys.into_iter().map(device).collect();
        if !listing.skipped.is_empty() {
            self.relist_at = Some(now.saturating_add(RETRY));
            let is_skipped = |known: &&Device| listing.skipped.iter().any(|one| one.path == known.node);
            let kept: Vec<Device> = self.presence.devices().filter(is_skipped).cloned().collect();
            devices.extend(kept);
        }
        self.silent.retain(|sysfs, _| devices.iter().any(|device| device.sysfs == *sysfs));
        self.presence.plugged(devices, now);
    }

    /// Whether a device is being asked, or a process that has asked one is still in the kernel.
    fn is_asking(&self) -> bool {
        !self.probes.is_empty() || !self.ended.is_empty()
    }

    /// udev may have granted access to a device that has shown nothing, or another program may be done with it.
    fn ask_soon(&mut self) {
        let now = monotonic();
        let is_asked = |sysfs: &Path| self.probes.iter().any(|probe| probe.sysfs() == sysfs);
        for (sysfs, (_, again)) in &mut self.silent {
            if !is_asked(sysfs) {
                *again = Some(now);
            }
        }
    }

    /// Has the devices asked that have not shown what they hold.
    fn ask(&mut self, now: Duration) {
        let is_due = |device: &&Device| {
            let due = self.silent.get(&device.sysfs).is_none_or(|(_, at)| at.is_some_and(|at| at <= now));
            due && !self.probes.iter().any(|probe| probe.sysfs() == device.sysfs)
        };
        let room = MAX_PROBES.saturating_sub(self.probes.len());
        let due: Vec<Device> = self.presence.unasked().filter(is_due).take(room).cloned().collect();
        for device in due {
            match Probe::start(&device, self.config) {
                Ok(probe) => {
                    self.probes.push(probe);
                    self.silent.entry(device.sysfs).and_modify(|(_, again)| *again = None);
                }
                Err(_) => self.ask_later(device.sysfs, now),
            }
        }
    }

    fn ask_later(&mut self, sysfs: PathBuf, now: Duration) {
        let (tries, again) = self.silent.entry(sysfs).or_insert((0, None));
        let pause = RETRY.saturating_mul(2_u32.saturating_pow(*tries)).min(MAX_PAUSE);
        *tries = tries.saturating_add(1);
        *again = (*tries < MAX_TRIES).then(|| now.saturating_add(pause));
    }

    /// Takes in what a device has shown. `readable`: whether each of the probes has something to say.
    fn hear(&mut self, readable: &[bool]) {
        let now = monotonic();
        let mut going = Vec::new();
        let probes = std::mem::take(&mut self.probes);
        for (mut probe, readable) in probes.into_iter().zip(readable) {
            match probe.advance(*readable) {
                Outcome::Pending => {
                    going.push(probe);
                    continue;
                }
                Outcome::Told(holds) => {
                    self.silent.remove(probe.sysfs());
                    self.presence.told(probe.sysfs(), holds, now);
                }
                Outcome::Unknown => self.ask_later(probe.sysfs().to_owned(), now),
            }
            self.ended.push(probe.end());
        }
        self.probes = going;
    }

    /// Locks the sessions of what is gone. What does not work is tried again until the key is back.
    fn lock(&mut self, now: Duration) {
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.unlocked).into_iter().partition(|(_, at)| *at <= now);
        self.unlocked = later;
        due.retain(|(gone, _)| !self.presence.is_back(gone));
        let gone: Vec<Gone> = due.into_iter().map(|(gone, _)| gone).collect();
        if gone.is_empty() {
            return;
        }
        if let Err(reason) = self.lock_for(&gone) {
            warning(&format!("could not lock the session yet: logind: {reason}"));
            let again = monotonic().saturating_add(RETRY);
            self.unlocked.extend(gone.into_iter().map(|gone| (gone, again)));
        }
    }

    fn lock_for(&mut self, gone: &[Gone]) -> Result<(), String> {
        self.read_records();
        let sessions: Vec<Session> = logind::sessions(rustix::process::geteuid().as_raw())?
            .into_iter()
            .filter(|session| gone.iter().any(|gone| self.is_unattended(session, gone)))
            .collect();
        if sessions.is_empty() {
            return Ok(());
        }
        logind::lock(&sessions)?;
        let names: Vec<String> = gone
            .iter()
            .map(|gone| match gone {
                Gone::All => "the last security key with a passkey".to_owned(),
                Gone::Passkey(id) => format!("the security key with “{}”", self.records.name(id)),
            })
            .collect();
        let ids: Vec<String> = sessions.into_iter().map(|session| session.id).collect();
        note(&format!("Asked session {} to lock: {} was pulled out.", ids.join(", "), names.join(", ")));
        let due = monotonic().saturating_add(LOCKING);
        self.locking.extend(ids.into_iter().map(|id| (id, due)));
        Ok(())
    }

    /// Whether the session is one to lock when this is gone.
    fn is_unattended(&self, session: &Session, gone: &Gone) -> bool {
        self.records.is_unattended(session, gone, |id| self.presence.is_present(id))
    }

    /// Looks whether the sessions that were asked have locked.
    fn confirm(&mut self, now: Duration) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.locking).into_iter().partition(|(_, at)| *at <= now);
        self.locking = later;
        if due.is_empty() {
            return;
        }
        let sessions = logind::sessions(rustix::process::geteuid().as_raw()).unwrap_or_default();
        let open = sessions.iter().filter(|session| !session.is_locked);
        for session in open.filter(|session| due.iter().any(|(id, _)| *id == session.id)) {
            warning(&format!(
                "session {} does not say that it is locked: not every screen locker does, but see that one runs and listens to logind",
                session.id
            ));
        }
    }

    fn status(&self) -> String {
        let known: Vec<String> = self
            .records
            .passkeys()
            .map(|(id, name)| {
                let place = if self.presence.is_present(id) { "plugged in" } else { "not plugged in" };
                format!("“{name}” {place}")
            })
            .collect();
        if known.is_empty() { "No passkey to watch.".to_owned() } else { format!("{}.", known.join(", ")) }
    }

    /// Sleeps until there is something to do.
    fn wait(&mut self, interrupt: BorrowedFd<'_>, hotplug: BorrowedFd<'_>) -> Woken {
        let now = monotonic();
        let left = |at: Duration| at.saturating_sub(now);
        // If the limit is reached, wait for one of the probes that are running.
        let has_room = self.probes.len() < MAX_PROBES;
        let timeout = self
            .probes
            .iter()
            .map(Probe::left)
            .chain(self.presence.due().map(left))
            .chain(self.relist_at.map(left))
            .chain(self.silent.values().filter(|_| has_room).filter_map(|(_, at)| *at).map(left))
            .chain(self.unlocked.iter().map(|(_, at)| left(*at)))
            .chain(self.locking.iter().map(|(_, at)| left(*at)))
            .chain(self.is_asking().then_some(LOOK))
            .min()
            .and_then(|left| Timespec::try_from(left).ok());
        let mut fds = vec![
            PollFd::from_borrowed_fd(interrupt, PollFlags::IN),
            PollFd::from_borrowed_fd(hotplug, PollFlags::IN),
        ];
        fds.extend(self.records.fd().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        let others = fds.len();
        fds.extend(
            self.probes.iter().filter_map(Probe::fd).map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
        );
        // An error is a signal, or lack of memory: all is looked at again, and the time is bounded.
        let _ = poll(&mut fds, timeout.as_ref());
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let is_ready = |place: usize| ready.get(place).copied().unwrap_or(false);
        let woken = Woken { interrupted: is_ready(0), plugging: is_ready(1) };
        self.hear(ready.get(others..).unwrap_or_default());
        woken
    }

    /// Leaves nothing behind.
    fn end(self) {
        for probe in self.probes {
            // It may be in the kernel for a while: init waits for it.
            drop(probe.end());
        }
    }
}

fn device(info: KeyInfo) -> Device {
    // …/PORT/HID/hidraw/hidraw3
    let port = info.sysfs.ancestors().nth(3).map(Path::to_owned).unwrap_or_default();
    let KeyInfo { path, sysfs, name, vendor_id, product_id, report_len: _, device_number: _ } = info;
    Device { sysfs, node: path, looks: Looks { port, vendor_id, product_id, name } }
}

/// The monotonic clock, which stands still while the machine sleeps.
fn monotonic() -> Duration {
    read(ClockId::Monotonic)
}

/// Tells whether the machine has slept.
struct Clock {
    /// By how much the clock that does not stand still is ahead of the other.
    ahead: Duration,
}

impl Clock {
    fn new() -> Self {
        Self { ahead: ahead() }
    }

    /// Whether the machine has slept since this was last asked.
    fn has_slept(&mut self) -> bool {
        let before = std::mem::replace(&mut self.ahead, ahead());
        self.ahead > before.saturating_add(SLEPT)
    }
}

fn ahead() -> Duration {
    read(ClockId::Boottime).saturating_sub(read(ClockId::Monotonic))
}

fn read(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}
