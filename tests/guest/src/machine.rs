//! A machine from its start to its end.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Mutex, Once};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::disk::Disk;
use crate::hardware::Hardware;
use crate::link::Link;
use crate::monitor::Monitor;
use crate::protocol::Answer;
use crate::qemu::{Qemu, said};
use crate::slot::Slot;
use crate::state::State;

/// How long the kernel and the agent may take to come up, a service manager before it included.
const BOOT: Duration = Duration::from_secs(600);

/// A running machine; dropping it pulls the plug.
pub(crate) struct Machine {
    qemu: Mutex<Qemu>,
    disks: Mutex<Vec<Disk>>,
    folder: TempDir,
    slot: Slot,
}

impl Machine {
    /// Starts a machine whose second disk is `seed.tar` in `folder`, of which so many blocks hold something, and waits until its agent
    /// listens: from the state that another machine of its kind has saved, else by switching it on, and then it saves its own.
    pub(crate) fn start(
        hardware: Hardware,
        folder: TempDir,
        seed_blocks: u64,
        slot: Slot,
    ) -> Result<(Self, Link), String> {
        let start = Start { hardware: &hardware, folder: folder.path(), seed_blocks };
        let state = State::of(&hardware);
        let (qemu, link) = match state.saved() {
            None => start.switch_on(&state)?,
            Some(saved) => start.restore(saved).or_else(|reason| {
                static SAID: Once = Once::new();
                SAID.call_once(|| {
                    eprintln!("guest: switched on, since it cannot go on from a saved state: {reason}");
                });
                state.forget();
                start.switch_on(&state)
            })?,
        };
        let disks = Mutex::new(hardware.disks);
        Ok((Self { qemu: Mutex::new(qemu), disks, folder, slot }, link))
    }

    /// What the kernel and QEMU have said.
    pub(crate) fn console(&self) -> String {
        said(self.folder.path())
    }

    /// Has QEMU itself do something.
    pub(crate) fn monitor<T>(&self, action: impl FnOnce(&mut Monitor) -> T) -> T {
        action(&mut self.qemu.lock().unwrap().monitor)
    }

    /// Pulls the plug; the machine's disks remain.
    pub(crate) fn cut_power(&self) -> Vec<Disk> {
        let mut qemu = self.qemu.lock().unwrap();
        if let Some(usage) = qemu.usage() {
            usage.record(self.slot.since);
        }
        qemu.kill();
        std::mem::take(&mut self.disks.lock().unwrap())
    }

    /// What `cut_power` would leave of a disk at this moment.
    pub(crate) fn copy_of_disk(&self, name: &str) -> Result<Disk, String> {
        let disks = self.disks.lock().unwrap();
        let disk = disks.iter().find(|disk| disk.name() == name).ok_or(format!("no disk '{name}'"))?;
        self.qemu.lock().unwrap().monitor.paused(|| disk.copy())?
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Ok(qemu) = self.qemu.get_mut()
            && let Some(usage) = qemu.usage()
        {
            usage.record(self.slot.since);
        }
    }
}

/// What it takes to start a machine.
struct Start<'a> {
    hardware: &'a Hardware,
    folder: &'a Path,
    seed_blocks: u64,
}

impl Start<'_> {
    fn switch_on(&self, state: &State) -> Result<(Qemu, Link), String> {
        let (mut qemu, stream) = Qemu::start(self.hardware, self.folder, None)?;
        self.question(&stream)?;
        state.save(&mut qemu.monitor)?;
        self.answer(&stream, "new")?;
        Ok((qemu, self.greeting(stream)?))
    }

    fn restore(&self, saved: &Path) -> Result<(Qemu, Link), String> {
        let (qemu, stream) = Qemu::start(self.hardware, self.folder, Some(saved))?;
        // It has asked in its former life.
        self.answer(&stream, "restored")?;
        Ok((qemu, self.greeting(stream)?))
    }

    /// Waits until `image/init` asks how to go on.
    fn question(&self, stream: &UnixStream) -> Result<(), String> {
        stream.set_read_timeout(Some(BOOT)).map_err(|error| error.to_string())?;
        match BufReader::new(stream).read_line(&mut String::new()) {
            Ok(1..) => stream.set_read_timeout(None).map_err(|error| error.to_string()),
            Ok(0) => Err(self.trouble("it has ended")),
            Err(error) => Err(self.trouble(&format!("not up within {BOOT:?}: {error}"))),
        }
    }

    /// Tells it the time, how much there is on the second disk, and whether there are new random numbers to wait for.
    fn answer(&self, mut stream: &UnixStream, word: &str) -> Result<(), String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let line = format!("{now} {} {word}\n", self.seed_blocks);
        stream.write_all(line.as_bytes()).map_err(|error| self.trouble(&error.to_string()))
    }

    /// Waits for the agent.
    fn greeting(&self, stream: UnixStream) -> Result<Link, String> {
        let (link, ready) = Link::new(stream)?;
        match ready.recv_timeout(BOOT) {
            Ok(Answer::Ready) => Ok(link),
            Ok(answer) => Err(self.trouble(&format!("unexpected greeting {answer:?}"))),
            Err(RecvTimeoutError::Timeout) => Err(self.trouble(&format!("not up within {BOOT:?}"))),
            Err(RecvTimeoutError::Disconnected) => Err(self.trouble("it has ended")),
        }
    }

    fn trouble(&self, what: &str) -> String {
        format!("{what}\n{}", said(self.folder))
    }
}
