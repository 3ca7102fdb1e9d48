//! The person's Ctrl-C, as a descriptor that becomes readable: every wait of this program watches it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::low_level::pipe;

/// From here on a file that would become longer than this process may write (`ulimit -f`) is an error of the write, and no longer
/// the end of the process in the middle of a change. Programs that it starts have their own way.
pub(crate) fn survive_file_size_limit() {
    // The flag says nothing of interest: the write fails. Where the handler cannot be installed, all is as it would be without.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// What a wait has ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// There is something to read, or the end of it.
    Input,
    /// The person has given up.
    GaveUp,
    /// The time is over.
    Elapsed,
}

/// Readable as soon as the person has given up, and from then on.
#[derive(Debug)]
pub(crate) struct Interrupt {
    raised: UnixStream,
    /// Whether the session has ended, or the process was told to end, other than by Ctrl-C.
    hang_up: Arc<AtomicBool>,
}

impl Interrupt {
    /// From here on Ctrl-C, a hang-up and a polite kill no longer end the process at once: the ceremony ends in order, the key
    /// stops blinking, the terminal gets its echo back.
    pub(crate) fn install() -> io::Result<Self> {
        let (raised, raise) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            pipe::register(signal, raise.try_clone()?)?;
        }
        let hang_up = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&hang_up))?;
        }
        Ok(Self { raised, hang_up })
    }

    /// One that is raised by hand, by writing to the stream or dropping it: tests in one process share its signals.
    #[cfg(test)]
    pub(crate) fn by_hand() -> (Self, UnixStream) {
        let (raised, raise) = UnixStream::pair().unwrap();
        (Self { raised, hang_up: Arc::default() }, raise)
    }

    /// The descriptor. It is never read from, so it stays readable.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.raised.as_fd()
    }

    /// Whether the person has given up.
    pub(crate) fn is_raised(&self) -> bool {
        let mut fds = [PollFd::new(&self.raised, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
    }

    /// Whether it was no Ctrl-C, but a hang-up or a polite kill, as at the end of a session.
    pub(crate) fn is_hang_up(&self) -> bool {
        self.hang_up.load(Ordering::Relaxed)
    }

    /// Waits until there is something to read from `input`, at most for `time`.
    pub(crate) fn wait_within(&self, input: BorrowedFd<'_>, time: Duration) -> io::Result<Waited> {
        let start = Instant::now();
        loop {
            let left = Timespec::try_from(time.saturating_sub(start.elapsed()))
                .unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
            let mut fds =
                [PollFd::new(&self.raised, PollFlags::IN), PollFd::from_borrowed_fd(input, PollFlags::IN)];
            match poll(&mut fds, Some(&left)) {
                Ok(0) => return Ok(Waited::Elapsed),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            let [raised, _] = fds.map(|fd| !fd.revents().is_empty());
            return Ok(if raised { Waited::GaveUp } else { Waited::Input });
        }
    }

    /// Waits until there is something to read from `input`; `false` when the person gives up first.
    pub(crate) fn wait_for(&self, input: BorrowedFd<'_>) -> io::Result<bool> {
        loop {
            let mut fds =
                [PollFd::new(&self.raised, PollFlags::IN), PollFd::from_borrowed_fd(input, PollFlags::IN)];
            match poll(&mut fds, None::<&Timespec>) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            let [raised, input] = fds.map(|fd| !fd.revents().is_empty());
            if raised {
                return Ok(false);
            }
            if input {
                return Ok(true);
            }
        }
    }
}
