//! Writes that cannot hold the caller up: a short-lived process makes them.
//!
//! hidraw's `write(2)` waits in the kernel, uninterruptibly and whatever `O_NONBLOCK` says, until the device has
//! acknowledged the report or 5 s (`USB_CTRL_SET_TIMEOUT`) are over. A device whose firmware hangs on the bus would
//! hold up every other one in the caller's `poll(2)` loop, so the wait has to happen elsewhere:
//!
//! - In a helper thread? The thread is the host's: `setuid(2)` and its kin wait for every thread (glibc broadcasts a
//!   signal), a host that unloads its module meanwhile pulls the code from under it, and a host that was
//!   single-threaded no longer is.
//! - In `io_uring`? It is switched off by `kernel.io_uring_disabled` or seccomp where it matters (containers, hardened
//!   distributions), and a ring that is torn down waits for its workers.
//! - In a process of its own, then. It costs two forks, and it holds a copy of the host's memory for as long as the
//!   write takes, which is why it makes itself undumpable. Where a process cannot be had (seccomp, `RLIMIT_NPROC`,
//!   `pids.max`, strict overcommit, a kernel before 5.9), there is an error, and the caller can still write directly.
//!
//! The host must not notice. The raw system call runs no `pthread_atfork` handler. The first child has exit signal 0,
//! so it neither raises SIGCHLD nor answers a plain `wait(2)` in the host, and is reaped here at once; the grandchild
//! belongs to init, or to the nearest subreaper. The first child shares the descriptor table, so that its end closes,
//! and thereby flushes, nothing. Every signal is blocked before the clone and stays so in the children: none of the
//! host's handlers ever runs there.
//!
//! Between clone and `_exit` the children only make raw system calls. Other threads may have held any lock at the time
//! of the clone, the allocator's included; and libc's `write` is a point of cancellation, where `syscall` is none.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_uint};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;

use rustix::io::{Errno, ioctl_fionbio};

use crate::transfer::TransferError;

/// The kernel's `sizeof(sigset_t)`, which `rt_sigprocmask(2)` wants to hear.
const SIGSET_LEN: usize = if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 16 } else { 8 };

/// Room for it.
type SigSet = [u64; 2];

/// Reports on their way to a device, in a process of their own.
///
/// Its descriptor becomes readable with each report that the device has taken, and when the process has ended.
/// Dropping it does not call the report back that is being written; those behind it are not sent any more.
#[derive(Debug)]
pub struct DetachedWrite {
    progress: OwnedFd,
    /// Reports whose fate is not known yet.
    left: usize,
}

impl DetachedWrite {
    /// How it ended; `None` as long as it goes on. Never waits.
    ///
    /// # Errors
    /// As [`Device::write`](crate::Device::write); `UnexpectedEof` if the process was killed, so that it is not known
    /// whether the device has the report.
    pub fn outcome(&mut self) -> Option<Result<(), TransferError>> {
        let mut errors = [0_u8; 64];
        while self.left > 0 {
            match rustix::io::read(&self.progress, &mut errors) {
                Ok(0) => {
                    return Some(Err(TransferError::Failed(io::ErrorKind::UnexpectedEof.into())));
                }
                Ok(len) => {
                    for error in errors.iter().take(len) {
                        if *error != 0 {
                            let errno = Errno::from_raw_os_error(i32::from(*error));
                            return Some(Err(TransferError::from_write(errno)));
                        }
                        self.left = self.left.saturating_sub(1);
                    }
                }
                Err(Errno::AGAIN) => return None,
                Err(Errno::INTR) => {}
                Err(errno) => return Some(Err(TransferError::Failed(errno.into()))),
            }
        }
        Some(Ok(()))
    }
}

impl AsFd for DetachedWrite {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.progress.as_fd()
    }
}

/// Writes `reports`, each of `len` bytes, to `fd`, one `write(2)` each and in their order, up to the first that fails.
///
/// # Errors
/// When no process can be had: nothing has been written then, unless a signal killed the first child.
pub(crate) fn write(fd: BorrowedFd<'_>, reports: &[u8], len: usize) -> io::Result<DetachedWrite> {
    let (progress, told) = io::pipe()?;
    ioctl_fionbio(&progress, true)?;
    let left = reports.chunks_exact(len).len();
    let work = || {
        for report in reports.chunks_exact(len) {
            let error = raw_write(fd, report);
            // A pipe without a reader: the caller has lost interest.
            if raw_write(told.as_fd(), &[error]) != 0 || error != 0 {
                break;
            }
        }
    };
    // SAFETY: `work` makes raw system calls on descriptors that are kept, and reads memory that was there before. It
    // owns nothing, and cannot panic: only a `len` of 0 would, and would have above.
    unsafe { spawn([fd, told.as_fd()], work) }?;
    Ok(DetachedWrite { progress: progress.into(), left })
}

/// Closes `fd` for good in a process of its own, so that the last `close(2)`, which can wait too, is not the caller's.
///
/// # Errors
/// When no process can be had: `fd` was closed here then.
pub(crate) fn close(fd: OwnedFd) -> io::Result<()> {
    let (until, closed) = io::pipe()?;
    let work = || raw_read_to_end(until.as_fd());
    // SAFETY: `work` makes raw system calls on a descriptor that is kept. It owns nothing and cannot panic.
    unsafe { spawn([fd.as_fd(), until.as_fd()], work) }?;
    drop(fd);
    // The other process goes on, and ends, once this end is closed too.
    drop(closed);
    Ok(())
}

/// Runs `work` in a process of its own, which keeps two descriptors and ends after it.
///
/// # Safety
/// `work` runs in a copy of this process that has this thread only, while locks may be held by threads that are not
/// there. It may make raw system calls on the two descriptors and read memory. It must not panic, allocate, take a
/// lock, or drop anything that does.
unsafe fn spawn(keep: [BorrowedFd<'_>; 2], work: impl FnOnce()) -> io::Result<()> {
    let gaps = gaps(keep.map(|fd| fd.as_raw_fd().unsigned_abs()));
    // Asked here, since the grandchild can no longer say so: a range that no table reaches closes nothing.
    // SAFETY: no pointers are passed, and the range (first behind last) is refused before anything is closed.
    let refused =
        unsafe { libc::syscall(libc::SYS_close_range, c_long::from(1), c_long::from(0), c_long::from(0)) };
    if refused == 0 || last_errno() != libc::EINVAL {
        return Err(io::ErrorKind::Unsupported.into());
    }

    let mask = change_signal_mask(&[u64::MAX; 2])?;
    // SAFETY: the child shares the descriptor table and closes nothing; its memory and stack are copies of its own. It
    // never returns from this block.
    let cloned = unsafe { clone(libc::CLONE_FILES) };
    if matches!(cloned, Ok(0)) {
        // SAFETY: as above, without a shared table.
        match unsafe { clone(0) } {
            Ok(0) => in_grandchild(gaps, work),
            Ok(_) => exit(0),
            Err(errno) => exit(errno),
        }
    }
    // Cannot fail: the same call has succeeded before.
    let _ = change_signal_mask(&mask);
    reap(cloned.map_err(io::Error::from_raw_os_error)?)
}

fn in_grandchild(gaps: [(c_uint, c_uint); 3], work: impl FnOnce()) -> ! {
    // SAFETY: the name is a static string; the others take no pointers. The descriptor table is this process's own.
    unsafe {
        // Courtesy to administrators: `ps` shows the host's command line, but this name. It may fail.
        libc::syscall(libc::SYS_prctl, c_long::from(libc::PR_SET_NAME), c"hidraw-write".as_ptr());
        // No core dump, no ptrace: the memory is the host's, with its secrets.
        libc::syscall(libc::SYS_prctl, c_long::from(libc::PR_SET_DUMPABLE), c_long::from(0));
        for (first, last) in gaps {
            if first <= last && libc::syscall(libc::SYS_close_range, first, last, c_long::from(0)) != 0 {
                // The host's descriptors must not be held, so nothing is begun.
                exit(last_errno());
            }
        }
    }
    work();
    exit(0)
}

/// Waits for the first child, which ends by itself at once.
fn reap(child: libc::pid_t) -> io::Result<()> {
    let mut status: c_int = 0;
    loop {
        // SAFETY: `status` is written to while it is borrowed; no resource usage is asked for.
        let reaped = unsafe {
            let no_usage = ptr::null_mut::<libc::rusage>();
            libc::syscall(
                libc::SYS_wait4,
                c_long::from(child),
                &raw mut status,
                c_long::from(libc::__WCLONE),
                no_usage,
            )
        };
        match if reaped < 0 { last_errno() } else { 0 } {
            0 if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 => return Ok(()),
            0 if libc::WIFEXITED(status) => {
                return Err(io::Error::from_raw_os_error(libc::WEXITSTATUS(status)));
            }
            0 => return Err(io::Error::other("the process for the write was killed")),
            libc::EINTR => {}
            // Another thread of the host waits for everything (`__WALL`) and was faster: the child has ended.
            libc::ECHILD => return Ok(()),
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

/// What lies below, between and above two descriptors; a gap may be empty, with its first behind its last.
fn gaps([one, other]: [c_uint; 2]) -> [(c_uint, c_uint); 3] {
    let (low, high) = (one.min(other), one.max(other));
    // Before 0 there is nothing: an empty gap.
    let below = low.checked_sub(1).map_or((1, 0), |last| (0, last));
    [below, (low.saturating_add(1), high.saturating_sub(1)), (high.saturating_add(1), c_uint::MAX)]
}

/// `fork(2)` with other flags and exit signal 0: the child goes on behind the call, with 0.
///
/// Nearly everywhere the first two arguments of the system call are flags and stack, and zeros behind them say nothing.
/// s390x has the two the other way round. sparc tells the child apart in a register that `syscall(3)` does not look at.
/// `clone3(2)` would be the same everywhere, but container runtimes refuse it as they cannot look into its arguments.
///
/// # Safety
/// The child has this thread only. It must not touch what other threads may have locked, and must end by [`exit`].
unsafe fn clone(flags: c_int) -> Result<libc::pid_t, c_int> {
    if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
        return Err(libc::ENOSYS);
    }
    let (flags, no_stack, zero) = (c_long::from(flags), 0 as c_long, 0 as c_long);
    let (first, second) = if cfg!(target_arch = "s390x") { (no_stack, flags) } else { (flags, no_stack) };
    // SAFETY: without CLONE_VM the child runs on a copy of this stack, so none is given. The caller sees to the rest.
    let pid = unsafe { libc::syscall(libc::SYS_clone, first, second, zero, zero, zero) };
    libc::pid_t::try_from(pid).ok().filter(|pid| *pid >= 0).ok_or_else(last_errno)
}

/// Sets the thread's signal mask, libc's own signals included, and returns the one before.
fn change_signal_mask(new: &SigSet) -> io::Result<SigSet> {
    let mut old = [0; 2];
    // SAFETY: both sets have room for SIGSET_LEN bytes, and are borrowed for the time of the call.
    let failed = unsafe {
        let how = c_long::from(libc::SIG_SETMASK);
        libc::syscall(libc::SYS_rt_sigprocmask, how, ptr::from_ref(new), &raw mut old, SIGSET_LEN)
    };
    if failed == 0 { Ok(old) } else { Err(io::Error::last_os_error()) }
}

/// Writes it all at once; the `errno`, 0 for success. Every one that Linux returns fits into a byte.
fn raw_write(fd: BorrowedFd<'_>, bytes: &[u8]) -> u8 {
    // SAFETY: the pointer is good for the length, and reading is all that is done with it.
    let written =
        unsafe { libc::syscall(libc::SYS_write, c_long::from(fd.as_raw_fd()), bytes.as_ptr(), bytes.len()) };
    let errno = match usize::try_from(written) {
        Ok(len) if len == bytes.len() => 0,
        Ok(_) => libc::EIO,
        Err(_) => last_errno(),
    };
    u8::try_from(errno).unwrap_or(u8::MAX)
}

/// Waits until the far end is closed.
fn raw_read_to_end(fd: BorrowedFd<'_>) {
    let mut byte = 0_u8;
    // SAFETY: there is room for the one byte that is read.
    while unsafe { libc::syscall(libc::SYS_read, c_long::from(fd.as_raw_fd()), &raw mut byte, 1_usize) } > 0 {
    }
}

/// Neither flushes nor runs what the host has registered with `atexit(3)`.
fn exit(status: c_int) -> ! {
    loop {
        // SAFETY: it does not return, and takes no pointer.
        unsafe { libc::syscall(libc::SYS_exit_group, c_long::from(status)) };
    }
}

/// `errno` of this thread; safe in the children, which have their own copy of it.
fn last_errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

#[cfg(test)]
#[path = "detached_tests.rs"]
pub(crate) mod tests;
