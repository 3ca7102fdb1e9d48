//! Waits beside the authenticator: one thread for each, and never more of them than connections are let in.

use std::any::Any;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::Sender;
use std::thread::{Builder, Scope};

use rustix::event::EventfdFlags;

use crate::authenticator::{Later, Wait};
use crate::log::log;
use crate::worker::{Job, Progress, Work};

/// A wait that has begun, as the thread that waits sees it. Its descriptor becomes readable once the wait is cancelled.
#[derive(Debug)]
pub struct Waiting<'a> {
    progress: &'a Progress,
    cancelled: BorrowedFd<'a>,
}

impl Wait for Waiting<'_> {
    fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }

    fn needs_user(&self, needed: bool) {
        self.progress.needs_user(needed);
    }
}

impl AsFd for Waiting<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.cancelled
    }
}

/// How a wait has ended.
pub(crate) enum Ended<T> {
    /// With an outcome.
    With(T),
    /// It could not begin.
    NotBegun,
    /// With a panic.
    Panicked(Box<dyn Any + Send>),
}

/// Begins a wait. How it ends goes to the worker, and the job with it.
pub(crate) fn begin<'scope, S: Send + 'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    job: Job<S>,
    later: Later<T>,
    work: Sender<Work<S, T>>,
) -> Option<Work<S, T>> {
    let cancelled = match job.progress.begin_wait() {
        Ok(cancelled) => cancelled,
        Err(error) => return Some(not_begun(job, &error)),
    };
    // Whether there is a thread is known only when the job is already given to it.
    let (give, take) = std::sync::mpsc::sync_channel::<Job<S>>(1);
    let waits = move || {
        let Ok(job) = take.recv() else { return };
        let progress = &*job.progress;
        let waiting = Waiting { progress, cancelled: cancelled.as_fd() };
        let ended = panic::catch_unwind(AssertUnwindSafe(|| later(&waiting)));
        progress.end_wait();
        // It is not taken when the service is ending.
        let _ = work.send(Work::Waited(job, ended.map_or_else(Ended::Panicked, Ended::With)));
    };
    match Builder::new().spawn_scoped(scope, waits) {
        Ok(_) => {
            // The thread takes it: it has nothing to do before.
            let _ = give.send(job);
            None
        }
        Err(error) => Some(not_begun(job, &error)),
    }
}

fn not_begun<S, T>(job: Job<S>, error: &io::Error) -> Work<S, T> {
    log(format_args!("no thread to wait in: {error}"));
    job.progress.end_wait();
    Work::Waited(job, Ended::NotBegun)
}

/// A descriptor that becomes readable.
pub(crate) fn signal() -> io::Result<OwnedFd> {
    Ok(rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
}
