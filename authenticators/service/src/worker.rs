//! The authenticator at work: one request after the other, beside the loop that serves connections.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ctap::Status;
use ctap::hid::Keepalive;

use crate::authenticator::{Authenticator, Peer, Wait};
use crate::channel::Request;
use crate::shown::Shown;

/// The number of a connection.
pub(crate) type ConnectionId = u64;

/// A request, with the session that it is made in.
pub(crate) struct Job<S> {
    pub(crate) connection: ConnectionId,
    pub(crate) peer: Peer,
    /// `None` for the first request of a connection.
    pub(crate) session: Option<S>,
    pub(crate) request: Request,
    pub(crate) progress: Arc<Progress>,
}

/// A job that is done.
pub(crate) struct Done<S> {
    pub(crate) connection: ConnectionId,
    pub(crate) session: S,
    pub(crate) reply: Reply,
}

pub(crate) enum Reply {
    Cbor(Vec<u8>),
    Show(Option<Shown>),
}

/// What the two sides tell each other meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    cancelled: AtomicBool,
    needs_user: AtomicBool,
}

impl Progress {
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn keepalive(&self) -> Keepalive {
        if self.needs_user.load(Ordering::Relaxed) {
            Keepalive::UserPresenceNeeded
        } else {
            Keepalive::Processing
        }
    }
}

impl Wait for Progress {
    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn needs_user(&self, needed: bool) {
        self.needs_user.store(needed, Ordering::Relaxed);
    }
}

/// Since when the authenticator has been working on one request.
#[derive(Debug, Default)]
pub(crate) struct Busy(Mutex<Option<Instant>>);

impl Busy {
    pub(crate) fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// Wakes the loop, also when the authenticator panics.
pub(crate) struct Waker(pub(crate) Arc<OwnedFd>);

impl Waker {
    fn wake(&self) {
        // It fails only when the counter is full, and then the loop is awake.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

/// Does one job after the other until there are no more to come.
pub(crate) fn work<A: Authenticator>(
    authenticator: &mut A,
    jobs: &Receiver<Job<A::Session>>,
    done: Sender<Done<A::Session>>,
    waker: Waker,
    busy: &Busy,
) {
    /// Drops the sender before it wakes, so that the loop sees that it is gone.
    struct Guard<S>(Option<Sender<Done<S>>>, Waker);
    impl<S> Drop for Guard<S> {
        fn drop(&mut self) {
            self.0 = None;
            self.1.wake();
        }
    }
    let guard = Guard(Some(done), waker);
    while let Ok(job) = jobs.recv() {
        busy.set(Some(Instant::now()));
        let sent = guard.0.as_ref().is_some_and(|done| done.send(job.run(authenticator)).is_ok());
        busy.set(None);
        if !sent {
            return;
        }
        guard.1.wake();
    }
}

impl<S: Send> Job<S> {
    fn run<A: Authenticator<Session = S>>(self, authenticator: &mut A) -> Done<S> {
        let progress = &*self.progress;
        let mut session = self.session.unwrap_or_else(|| authenticator.connect(self.peer));
        let reply = match self.request {
            Request::Cbor(_) if progress.is_cancelled() => Reply::Cbor(vec![Status::KEEPALIVE_CANCEL.0]),
            Request::Cbor(request) => Reply::Cbor(authenticator.cbor(&mut session, &request, progress)),
            Request::Show => Reply::Show(authenticator.show(&mut session, progress)),
        };
        Done { connection: self.connection, session, reply }
    }
}
