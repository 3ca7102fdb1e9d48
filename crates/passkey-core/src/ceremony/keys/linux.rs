//! The [`Platform`] of this machine: `hidraw` devices and services, the kernel's clock and randomness, and `poll(2)`.

use super::hidraw_key::{HidrawKey, Writer};
use super::key_map::KeyMap;
use super::platform::{
    Attachment, KeyId, ListError, NoRandomness, OpenError, Platform, PluggedKey, TransferError, Wake,
};
use super::service;
use ctap::hid::{REPORT_LEN, Report};
use ctaphid_socket::{Connection, Folder, ServiceInfo};
use hidraw::{Device, Hotplug, KeyInfo};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often to look for keys where the kernel cannot tell of them.
const RESCAN: Duration = Duration::from_millis(500);

/// This machine's keys.
pub struct LinuxPlatform<'i> {
    start: Instant,
    /// Nothing, where the user has used up their inotify instances.
    hotplug: Option<Hotplug>,
    interrupt: Option<BorrowedFd<'i>>,
    seen: KeyMap<Seen>,
    open: KeyMap<Open>,
    /// Keys that are of no use any more and still hang.
    abandoned: Vec<HidrawKey>,
    next_id: u64,
    trace: Option<Trace<'i>>,
    /// The device node, or the socket, of the only key that counts.
    only: Option<PathBuf>,
    /// Where services listen, and for which account they are asked.
    services: Option<(Folder, u32)>,
}

/// What was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Device(KeyInfo),
    Service(ServiceInfo),
}

/// What was opened.
#[derive(Debug)]
enum Open {
    Device(HidrawKey),
    Service(Connection),
}

impl Seen {
    fn path(&self) -> &Path {
        match self {
            Self::Device(info) => &info.path,
            Self::Service(info) => &info.path,
        }
    }

    fn plugged(&self, id: KeyId) -> PluggedKey {
        match self {
            Self::Device(info) => PluggedKey {
                id,
                name: info.name.clone(),
                path: info.path.clone(),
                vendor_id: info.vendor_id,
                product_id: info.product_id,
                attachment: Attachment::Plugged,
            },
            Self::Service(info) => PluggedKey {
                id,
                name: info.name.clone(),
                path: info.path.clone(),
                vendor_id: 0,
                product_id: 0,
                attachment: Attachment::Service,
            },
        }
    }
}

impl Open {
    fn device(&self) -> Option<&HidrawKey> {
        match self {
            Self::Device(key) => Some(key),
            Self::Service(_) => None,
        }
    }

    fn is_hanging(&mut self) -> bool {
        match self {
            Self::Device(key) => key.is_hanging(),
            Self::Service(_) => false,
        }
    }

    /// What tells when the report that another process writes has been taken.
    fn under_way(&self) -> Option<BorrowedFd<'_>> {
        self.device().and_then(HidrawKey::under_way)
    }

    /// Closes it; a device in another process where the kernel would have this one wait.
    fn close(self, waits: bool) {
        if let Self::Device(key) = self {
            key.close(waits);
        }
    }
}

impl AsFd for Open {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Device(key) => key.device().as_fd(),
            Self::Service(connection) => connection.as_fd(),
        }
    }
}

/// Takes the steps of a ceremony, one line each.
type Trace<'t> = &'t dyn Fn(fmt::Arguments<'_>);

impl<'i> LinuxPlatform<'i> {
    /// The keys of this machine. The ceremony ends as interrupted when `interrupt` becomes readable.
    pub fn new(interrupt: Option<BorrowedFd<'i>>) -> Self {
        Self {
            start: Instant::now(),
            hotplug: Hotplug::new().ok(),
            interrupt,
            seen: KeyMap::new(),
            open: KeyMap::new(),
            abandoned: Vec::new(),
            next_id: 0,
            trace: None,
            only: None,
            services: None,
        }
    }

    /// The same, with every step of the ceremony told to `trace`.
    #[must_use]
    pub fn traced(mut self, trace: Trace<'i>) -> Self {
        self.trace = Some(trace);
        self
    }

    /// The same, with the key at this device node, or the service at this socket, alone: no other one is ever opened.
    #[must_use]
    pub fn only(mut self, path: PathBuf) -> Self {
        self.only = Some(path);
        self
    }

    /// The same with services that listen in `folder`, for the account of this user id.
    #[must_use]
    pub fn with_services(mut self, folder: Folder, account: u32) -> Self {
        self.look_in(folder, account);
        self
    }

    fn look_in(&mut self, folder: Folder, account: u32) {
        if let Some(hotplug) = &self.hotplug {
            // Where the folder is not there yet, or cannot be watched, a service that comes later is found at the next look.
            let _ = hotplug.also_watch(folder.path());
        }
        self.services = Some((folder, account));
    }

    /// The folder in sysfs of a key that was plugged in when it was last looked: no other plugging of any key has the same one. `None`
    /// for a service.
    pub fn sysfs(&self, key: KeyId) -> Option<&Path> {
        match self.seen.get(key)? {
            Seen::Device(info) => Some(info.sysfs.as_path()),
            Seen::Service(_) => None,
        }
    }

    /// The services that listen, as far as they are included.
    fn listed_services(&mut self) -> Result<Vec<ServiceInfo>, ctaphid_socket::ListError> {
        let Some((folder, _)) = &self.services else { return Ok(Vec::new()) };
        let listed = folder.list();
        if let Err(error) = &listed {
            let path = folder.path().to_owned();
            self.trace(format_args!("{} cannot be looked at: {error}", path.display()));
        }
        listed
    }
}

impl LinuxPlatform<'_> {
    /// Whether the kernel waits for one of the keys to take a report. It opens and closes none until then.
    fn is_any_hanging(&mut self) -> bool {
        self.abandoned.retain_mut(HidrawKey::is_hanging);
        let mut hanging = !self.abandoned.is_empty();
        for open in self.open.values_mut() {
            hanging |= open.is_hanging();
        }
        hanging
    }
}

/// The host does not wait for a key that hangs.
impl Drop for LinuxPlatform<'_> {
    fn drop(&mut self) {
        let waits = self.is_any_hanging();
        let open = std::mem::replace(&mut self.open, KeyMap::new());
        for key in std::mem::take(&mut self.abandoned) {
            key.close(waits);
        }
        for open in open.into_values() {
            open.close(waits);
        }
    }
}

impl fmt::Debug for LinuxPlatform<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinuxPlatform")
            .field("seen", &self.seen)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

impl Platform for LinuxPlatform<'_> {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        crate::random::fill(bytes).map_err(|_| NoRandomness)
    }

    fn include_services(&mut self, account: u32) {
        if self.services.is_none() {
            self.look_in(Folder::default(), account);
        }
    }

    fn plugged(&mut self) -> Result<Vec<PluggedKey>, ListError> {
        // Keys do without services.
        let services = self.listed_services();
        let mut out_of_descriptors = matches!(services, Err(ctaphid_socket::ListError::NoDescriptors));
        let services = services.unwrap_or_default();
        let listing = match hidraw::list() {
            Ok(listing) => listing,
            Err(hidraw::ListError::NoDescriptors) => return Err(ListError::NoDescriptors),
            // And services do without keys.
            Err(hidraw::ListError::NoSysfs) if !services.is_empty() => hidraw::Listing::default(),
            Err(hidraw::ListError::NoSysfs | hidraw::ListError::Io(_)) => return Err(ListError::Failed),
        };
        for hidraw::Skipped { path, error } in &listing.skipped {
            self.trace(format_args!("{} cannot be looked at: {error}", path.display()));
            out_of_descriptors |= matches!(error, hidraw::ListError::NoDescriptors);
        }
        if out_of_descriptors && listing.keys.is_empty() && services.is_empty() {
            return Err(ListError::NoDescriptors);
        }
        // Keys that speak in other than 64-byte reports would need another framing; no maker builds them for USB.
        let listed: Vec<Seen> = listing
            .keys
            .into_iter()
            .filter(|info| info.report_len.input == REPORT_LEN && info.report_len.output == REPORT_LEN)
            .map(Seen::Device)
            .chain(services.into_iter().map(Seen::Service))
            .filter(|seen| self.only.as_ref().is_none_or(|only| seen.path() == only))
            .collect();
        // What cannot be looked at now is not unplugged for that.
        let is_skipped = |known: &Seen| listing.skipped.iter().any(|skipped| skipped.path == known.path());
        self.seen.retain(|known| listed.contains(known) || is_skipped(known));
        for info in listed {
            if !self.seen.values().any(|known| *known == info) {
                self.seen.insert(KeyId(self.next_id), info);
                self.next_id = self.next_id.wrapping_add(1);
            }
        }
        Ok(self.seen.iter().map(|(id, seen)| seen.plugged(id)).collect())
    }

    fn open(&mut self, key: KeyId) -> Result<(), OpenError> {
        let info = match self.seen.get(key).ok_or(OpenError::Gone)? {
            Seen::Service(info) => {
                let account = self.services.as_ref().map(|(_, account)| *account).ok_or(OpenError::Gone)?;
                self.open.insert(key, Open::Service(service::open(info, account)?));
                return Ok(());
            }
            Seen::Device(info) => info.clone(),
        };
        if self.is_any_hanging() {
            return Err(OpenError::Later);
        }
        let device = Device::open(&info).map_err(|error| match error {
            hidraw::OpenError::Gone => OpenError::Gone,
            hidraw::OpenError::Denied => OpenError::Denied,
            hidraw::OpenError::Hidden => OpenError::Hidden,
            hidraw::OpenError::NoDescriptors => OpenError::NoDescriptors,
            hidraw::OpenError::Busy
            | hidraw::OpenError::NotADevice
            | hidraw::OpenError::NoMemory
            | hidraw::OpenError::Io(_) => OpenError::Failed,
        })?;
        self.open.insert(key, Open::Device(HidrawKey::new(device)));
        Ok(())
    }

    fn close(&mut self, key: KeyId) {
        let Some(mut closed) = self.open.remove(key) else { return };
        let hangs = closed.is_hanging();
        match closed {
            Open::Device(closed) if hangs => {
                // It says when the kernel opens others again. Nothing is to keep other programs from it meanwhile.
                let _ = closed.device().unlock();
                self.abandoned.push(closed);
            }
            closed => {
                let waits = self.is_any_hanging();
                closed.close(waits);
            }
        }
    }

    fn try_lock(&mut self, key: KeyId) -> bool {
        match self.open.get(key) {
            // A device that cannot be locked at all is used without: the lock is a courtesy among programs.
            Some(Open::Device(key)) => key.device().try_lock().unwrap_or(true),
            // It tells its connections apart itself.
            Some(Open::Service(_)) => true,
            None => false,
        }
    }

    fn unlock(&mut self, key: KeyId) {
        if let Some(open) = self.open.get(key).and_then(Open::device) {
            // What cannot be unlocked is closed at the latest when the ceremony ends.
            let _ = open.device().unlock();
        }
    }

    fn read(&mut self, key: KeyId) -> Result<Option<Report>, TransferError> {
        match self.open.get_mut(key).ok_or(TransferError::Gone)? {
            Open::Device(key) => key.read(),
            Open::Service(connection) => service::read(connection),
        }
    }

    fn write(&mut self, key: KeyId, report: &Report) -> Result<bool, TransferError> {
        let devices = self.seen.values().filter(|seen| matches!(seen, Seen::Device(_))).count();
        let writer = if devices > 1 { Writer::Detached } else { Writer::Here };
        match self.open.get_mut(key).ok_or(TransferError::Gone)? {
            Open::Device(key) => key.write(report, writer),
            Open::Service(connection) => service::write(connection, report),
        }
    }

    fn trace(&mut self, step: fmt::Arguments<'_>) {
        if let Some(trace) = self.trace {
            trace(step);
        }
    }

    fn wait(&mut self, until: Duration, readers: &[KeyId], writers: &[KeyId]) -> Wake {
        let mut left = until.saturating_sub(self.now());
        if self.hotplug.is_none() {
            left = left.min(RESCAN);
        }
        let mut fds: Vec<PollFd<'_>> = Vec::new();
        // The first two are told apart by their place.
        fds.extend(self.interrupt.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        fds.extend(self.hotplug.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        for (key, open) in self.open.iter() {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, readers.contains(&key));
            // The kernel would take another report, and wait.
            flags.set(PollFlags::OUT, writers.contains(&key) && open.under_way().is_none());
            if !flags.is_empty() {
                fds.push(PollFd::from_borrowed_fd(open.as_fd(), flags));
            }
            fds.extend(open.under_way().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        }
        let timeout = Timespec::try_from(left).ok();
        // An error is a signal to the host (EINTR) or lack of memory: the caller looks again, and the time is bounded.
        let _ = poll(&mut fds, timeout.as_ref());
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let interrupted = self.interrupt.is_some() && ready.next().unwrap_or(false);
        let plugging = match &self.hotplug {
            Some(hotplug) => ready.next().unwrap_or(false) && hotplug.drain().unwrap_or(true),
            None => true,
        };
        Wake { plugging, interrupted }
    }
}
