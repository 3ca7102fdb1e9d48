//! Ctrl-C as a file descriptor.

use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

/// While it lives, `SIGINT` does not interrupt this thread but makes [`fd`](Self::fd) readable; dropping it gives the
/// thread its signal mask back. The host's handlers are never touched.
///
/// - A `SIGINT` that was [taken](Self::take) is used up: it ended the ceremony, as the person wanted, and does not reach
///   the host as well. One that came too late to be taken reaches the host when the guard is dropped.
/// - In a host with several threads the kernel may give a `SIGINT` to another one, as without the guard.
#[derive(Debug)]
pub(crate) struct InterruptGuard {
    fd: OwnedFd,
    before: SignalSet,
    /// The mask is this thread's.
    _thread: PhantomData<*const ()>,
}

impl InterruptGuard {
    /// Blocks `SIGINT` for this thread.
    ///
    /// # Errors
    /// When the process has no file descriptors left; nothing is changed then.
    pub(crate) fn new() -> io::Result<Self> {
        let sigint = SignalSet::sigint();
        // SAFETY: `sigint` is an initialised set; -1 asks for a new descriptor.
        let fd = unsafe { libc::signalfd(-1, sigint.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: signalfd just made the descriptor, and nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let before = sigint.change_mask(libc::SIG_BLOCK)?;
        Ok(Self { fd, before, _thread: PhantomData })
    }

    /// Readable once the person has pressed Ctrl-C.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Uses up a Ctrl-C that has come; whether there was one.
    pub(crate) fn take(&self) -> bool {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let len = size_of_val(&info);
        // SAFETY: `info` is valid for writing `len` bytes. The descriptor does not block.
        let read =
            unsafe { libc::read(std::os::fd::AsRawFd::as_raw_fd(&self.fd), info.as_mut_ptr().cast(), len) };
        usize::try_from(read).is_ok_and(|read| read == len)
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
        struct Again;
        impl Drop for Again {
            fn drop(&mut self) {
                let _ = SignalSet::sigint().change_mask(libc::SIG_BLOCK);
            }
        }
        let again = Again;
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
    fn sigint() -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the whole set, sigaddset changes an initialised one; neither can fail with
        // a valid signal number.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), libc::SIGINT);
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

#[cfg(test)]
#[path = "interrupt_tests.rs"]
mod tests;
