//! The authenticator at work: one request after the other, beside the loop that serves connections.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Scope;
use std::time::Instant;

use ctap::Status;
use ctap::hid::Keepalive;

use crate::authenticator::{Answer, Authenticator, Later, Peer, Wait};
use crate::channel::Request;
use crate::party::Party;
use crate::queue::Queue;
use crate::shown::Shown;
use crate::waiting::{self, Ended};

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

/// What the worker is given.
pub(crate) enum Work<S, T> {
    /// A new request.
    Job(Job<S>),
    /// A request that has been put off, and how the wait has ended.
    Waited(Job<S>, Ended<T>),
    /// There are no further requests.
    End,
}

impl<S, T> Work<S, T> {
    /// Whose turn it is done in. `None`: at once.
    fn party(&self) -> Option<Party> {
        match self {
            Self::Job(job) | Self::Waited(job, _) => Some(job.peer.into()),
            Self::End => None,
        }
    }
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
    /// Readable once it is cancelled. Made for the first wait.
    signal: OnceLock<Arc<OwnedFd>>,
    waits: Since,
}

impl Progress {
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(signal) = self.signal.get() {
            wake(signal);
        }
    }

    /// Begins a wait; gives what becomes readable once it is cancelled.
    pub(crate) fn begin_wait(&self) -> io::Result<Arc<OwnedFd>> {
        self.waits.set(Some(Instant::now()));
        let signal = if let Some(signal) = self.signal.get() {
            Arc::clone(signal)
        } else {
            let new = Arc::new(waiting::signal()?);
            Arc::clone(self.signal.get_or_init(|| new))
        };
        // Cancelling looks for the signal after the mark, and this for the mark after the signal.
        if self.cancelled.load(Ordering::SeqCst) {
            wake(&signal);
        }
        Ok(signal)
    }

    pub(crate) fn end_wait(&self) {
        self.waits.set(None);
        self.needs_user(false);
    }

    /// Since when a wait has been going on.
    pub(crate) fn waits_since(&self) -> Option<Instant> {
        self.waits.get()
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
        self.cancelled.load(Ordering::SeqCst)
    }

    fn needs_user(&self, needed: bool) {
        self.needs_user.store(needed, Ordering::Relaxed);
    }
}

/// Since when something has been going on: a wait, or the authenticator's work on one request.
#[derive(Debug, Default)]
pub(crate) struct Since(Mutex<Option<Instant>>);

impl Since {
    pub(crate) fn get(&self) -> Option<Instant> {
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
        wake(&self.0);
    }
}

fn wake(eventfd: &OwnedFd) {
    // It fails only when the counter is full, and then it is readable.
    let _ = rustix::io::write(eventfd.as_fd(), &1_u64.to_ne_bytes());
}

/// The ends of what leads to the worker, of which it gives one to each wait.
pub(crate) struct Inbox<S, T> {
    pub(crate) receiver: Receiver<Work<S, T>>,
    pub(crate) sender: Sender<Work<S, T>>,
}

impl<S, T> Inbox<S, T> {
    /// Waits for something to do; gives what is next of all that has come. `None`: there are no further requests.
    fn next(&self, queue: &mut Queue<Work<S, T>>) -> Option<Work<S, T>> {
        if queue.is_empty() {
            let work = self.receiver.recv().ok()?;
            queue.push(work.party()?, work);
        }
        while let Ok(work) = self.receiver.try_recv() {
            queue.push(work.party()?, work);
        }
        queue.pop()
    }
}

/// Does one job after the other until it is told to end. Waits have threads of their own in `scope`.
pub(crate) fn work<'scope, A: Authenticator>(
    authenticator: &mut A,
    scope: &'scope Scope<'scope, '_>,
    inbox: &Inbox<A::Session, A::Outcome>,
    done: Sender<Done<A::Session>>,
    waker: Waker,
    busy: &Since,
) where
    A::Session: 'scope,
    A::Outcome: 'scope,
{
    /// Drops the sender before it wakes, so that the loop sees that it is gone.
    struct Guard<S>(Option<Sender<Done<S>>>, Waker);
    impl<S> Drop for Guard<S> {
        fn drop(&mut self) {
            self.0 = None;
            self.1.wake();
        }
    }
    let guard = Guard(Some(done), waker);
    let mut queue = Queue::new();
    while let Some(work) = inbox.next(&mut queue) {
        busy.set(Some(Instant::now()));
        let mut next = Some(work);
        while let Some(work) = next.take() {
            let finished = match work {
                Work::Job(job) => job.run(authenticator),
                Work::Waited(job, Ended::With(outcome)) => job.resume(authenticator, Some(outcome)),
                Work::Waited(job, Ended::NotBegun) => job.resume(authenticator, None),
                Work::Waited(_, Ended::Panicked(panic)) => panic::resume_unwind(panic),
                Work::End => return,
            };
            match finished {
                Finished::Done(done) => {
                    if guard.0.as_ref().is_none_or(|sender| sender.send(done).is_err()) {
                        return;
                    }
                }
                Finished::Later(job, later) => next = waiting::begin(scope, job, later, inbox.sender.clone()),
            }
        }
        busy.set(None);
        guard.1.wake();
    }
}

/// How far a job has come.
enum Finished<S, T> {
    Done(Done<S>),
    Later(Job<S>, Later<T>),
}

impl<S: Send> Job<S> {
    fn run<A: Authenticator<Session = S>>(mut self, authenticator: &mut A) -> Finished<S, A::Outcome> {
        let mut session = self.session.take().unwrap_or_else(|| authenticator.connect(self.peer));
        let progress = &*self.progress;
        let answer = match &self.request {
            Request::Cbor(_) if progress.is_cancelled() => vec![Status::KEEPALIVE_CANCEL.0].into(),
            Request::Cbor(request) => authenticator.cbor(&mut session, request, progress),
            Request::Show => {
                let reply = Reply::Show(authenticator.show(&mut session, progress));
                return Finished::Done(Done { connection: self.connection, session, reply });
            }
        };
        self.finish(session, answer)
    }

    fn resume<A: Authenticator<Session = S>>(
        mut self,
        authenticator: &mut A,
        outcome: Option<A::Outcome>,
    ) -> Finished<S, A::Outcome> {
        let mut session = self.session.take().unwrap_or_else(|| authenticator.connect(self.peer));
        let answer = authenticator.resume(&mut session, outcome, &*self.progress);
        self.finish(session, answer)
    }

    fn finish<T>(self, session: S, answer: Answer<T>) -> Finished<S, T> {
        match answer {
            Answer::Now(reply) => {
                Finished::Done(Done { connection: self.connection, session, reply: Reply::Cbor(reply) })
            }
            Answer::Later(later) => Finished::Later(Self { session: Some(session), ..self }, later),
        }
    }
}
