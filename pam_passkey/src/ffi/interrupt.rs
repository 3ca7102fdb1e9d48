//! Ctrl-C, and the other signals that end a program, as a file descriptor: a key that still blinks is told to stop first.

use std::io;
use std::iter;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

/// While it lives, `SIGINT`, `SIGTERM` and `SIGHUP` do not interrupt this thread but make [`fd`](Self::fd) readable; dropping it
/// gives the thread its signal mask back. The host's handlers are never touched.
///
/// - A `SIGINT` that was [taken](Self::take) is used up: it ended the ceremony, as the person wanted, and does not reach
///   the host as well. One that came too late to be taken reaches the host when the guard is dropped.
/// - `SIGTERM` is how polkit's agents call a sign-in off, `SIGHUP` comes when the terminal is closed. Both are meant for the host
///   and reach it when the guard is dropped; a host that ignores them is not interrupted by them.
/// - In a host with several threads the kernel may give a signal to another one, as without the guard.
#[derive(Debug)]
pub(crate) struct InterruptGuard {
    fd: OwnedFd,
    ctrl_c: SignalSet,
    blocked: SignalSet,
    before: SignalSet,
    /// The mask is this thread's.
    _thread: PhantomData<*const ()>,
}

impl InterruptGuard {
    /// Blocks these signals for this thread.
    ///
    /// # Errors
    /// When the process has no file descriptors left; nothing is changed then.
    pub(crate) fn new() -> io::Result<Self> {
        let blocked = SignalSet::ending();
        // SAFETY: `blocked` is an initialised set; -1 asks for a new descriptor.
        let fd = unsafe { libc::signalfd(-1, blocked.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: signalfd just made the descriptor, and it has no other owner.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let before = blocked.change_mask(libc::SIG_BLOCK)?;
        Ok(Self { fd, ctrl_c: SignalSet::of(&[libc::SIGINT]), blocked, before, _thread: PhantomData })
    }

    /// Readable once the person has pressed Ctrl-C, or the host is to end.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Uses up a Ctrl-C that has come; whether there was one.
    pub(crate) fn take(&self) -> bool {
        // Not by the descriptor, which would use up the host's signals too.
        let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: set and time are valid, and nothing is wanted of the signal but its number.
        unsafe {
            libc::sigtimedwait(self.ctrl_c.as_ptr(), ptr::null_mut(), &raw const at_once) == libc::SIGINT
        }
    }

    /// Whether a Ctrl-C has come that is not used up yet.
    fn is_pressed(&self) -> bool {
        let mut poll =
            libc::pollfd { fd: std::os::fd::AsRawFd::as_raw_fd(&self.fd), events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor, which is open; no time to wait.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
    }

    /// As [`lifted`](Self::lifted), for work that does not wait for the person: what a host starts to show a message must not
    /// inherit the mask. Only where a Ctrl-C has come already it stays blocked, since it is ours.
    pub(crate) fn lifted_unless_pressed<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.is_pressed() { work() } else { self.lifted(work) }
    }

    /// Runs `work` with the host's own signal mask: a prompt belongs to the host, which may end it on Ctrl-C in its
    /// own way.
    pub(crate) fn lifted<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Blocks again even when `work` panics.
        struct Again(SignalSet);
        impl Drop for Again {
            fn drop(&mut self) {
                let _ = self.0.change_mask(libc::SIG_BLOCK);
            }
        }
        let again = Again(self.blocked);
        let _ = self.before.change_mask(libc::SIG_SETMASK);
        let result = work();
        drop(again);
        result
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        let _ = self.before.change_mask(libc::SIG_SETMASK);
    }
}

#[derive(Clone, Copy)]
struct SignalSet(libc::sigset_t);

impl SignalSet {
    /// Those that end this program: a host that ignores Ctrl-C, as login does, leaves it to the modules.
    fn ending() -> Self {
        let of_the_host = [libc::SIGTERM, libc::SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
        Self::of(&iter::once(libc::SIGINT).chain(of_the_host).collect::<Vec<_>>())
    }

    fn of(signals: &[libc::c_int]) -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the whole set, sigaddset changes an initialised one; neither can fail with
        // a valid signal number.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), *signal);
            }
            Self(set.assume_init())
        }
    }

    fn as_ptr(&self) -> *const libc::sigset_t {
        ptr::from_ref(&self.0)
    }

    /// Changes this thread's mask by this set; gives the mask before.
    fn change_mask(&self, how: libc::c_int) -> io::Result<Self> {
        let mut before = MaybeUninit::uninit();
        // SAFETY: both sets are valid, and `before` is filled when the call succeeds.
        let error = unsafe { libc::pthread_sigmask(how, self.as_ptr(), before.as_mut_ptr()) };
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        // SAFETY: the call succeeded.
        Ok(Self(unsafe { before.assume_init() }))
    }
}

impl std::fmt::Debug for SignalSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignalSet(..)")
    }
}

/// A signal that is blocked waits even where it would be ignored.
fn is_ignored(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is changed; `action` is filled when the call succeeds.
    unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(test)]
#[path = "interrupt_tests.rs"]
mod tests;
