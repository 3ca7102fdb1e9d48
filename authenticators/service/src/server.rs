//! The loop that serves all connections, beside the authenticator at work.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::authenticator::Authenticator;
use crate::channel::Device;
use crate::connection::{Closed, Connection};
use crate::error::ServeError;
use crate::listener::Listener;
use crate::log::log;
use crate::party::Party;
use crate::room::{self, Admission, Place};
use crate::settings::Settings;
use crate::worker::{self, ConnectionId, Done, Inbox, Job, Progress, Since, Waker, Work};

/// How long no connection is accepted when there is no descriptor left for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// How many connections are accepted before those that are open get their turn. Fewer than may be unnamed, so that none of root's has
/// to give way before its name is read.
const ACCEPTED_AT_ONCE: usize = 8;

/// Serves connections until there have been none for a while ([`Settings::idle_exit`]). The authenticator works on the calling
/// thread.
///
/// # Errors
/// When connections cannot be waited for, or the authenticator hangs. It should then be restarted.
///
/// # Panics
/// When the authenticator does.
pub fn serve<A: Authenticator>(
    listener: &Listener,
    authenticator: &mut A,
    settings: &Settings,
) -> Result<(), ServeError> {
    let eventfd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
    let wake = Arc::new(eventfd.map_err(|errno| ServeError::Poll(errno.into()))?);
    let (sender, receiver) = mpsc::channel();
    let inbox = Inbox { receiver, sender: sender.clone() };
    let (done_sender, done_receiver) = mpsc::channel();
    let waker = Waker(Arc::clone(&wake));
    let busy = Since::default();
    let busy = &busy;
    let device = Device { version: A::VERSION, shows: A::SHOWS };
    thread::scope(|scope| {
        let serving = scope.spawn(move || {
            let mut server = Server {
                listener,
                settings,
                device,
                wake,
                busy,
                work: sender,
                done: done_receiver,
                connections: Vec::new(),
                departed: Vec::new(),
                next_id: 0,
                idle_since: Instant::now(),
                paused_until: None,
            };
            let ended = server.run();
            if let Err(error @ ServeError::Stuck) = &ended {
                // The other thread cannot be ended alone.
                log(error);
                std::process::exit(1);
            }
            ended
        });
        worker::work(authenticator, scope, &inbox, done_sender, waker, busy);
        serving.join().unwrap_or(Err(ServeError::Worker))
    })
}

struct Server<'a, S, T> {
    listener: &'a Listener,
    settings: &'a Settings,
    device: Device,
    wake: Arc<OwnedFd>,
    busy: &'a Since,
    work: Sender<Work<S, T>>,
    done: Receiver<Done<S>>,
    connections: Vec<Connection<S>>,
    departed: Vec<Departed>,
    next_id: ConnectionId,
    idle_since: Instant,
    /// No connection is accepted before.
    paused_until: Option<Instant>,
}

/// A connection that is over, while its last request is still worked on or waited for. It counts as one until then, so that there are
/// never more requests than connections are let in.
struct Departed {
    id: ConnectionId,
    party: Party,
    progress: Arc<Progress>,
}

impl<S, T> Drop for Server<'_, S, T> {
    fn drop(&mut self) {
        // The worker is gone if it cannot be told.
        let _ = self.work.send(Work::End);
    }
}

impl<S: Send, T: Send> Server<'_, S, T> {
    fn run(&mut self) -> Result<(), ServeError> {
        loop {
            let ready = self.wait()?;
            let now = Instant::now();
            self.take_done(now)?;
            self.serve_ready(&ready, now)?;
            self.tick(now)?;
            if self.paused_until.is_none() {
                self.accept(now);
            }
            if self.connections.is_empty() && self.departed.is_empty() && self.busy.get().is_none() {
                if now.saturating_duration_since(self.idle_since) >= self.settings.idle_exit {
                    return Ok(());
                }
            } else {
                self.idle_since = now;
            }
        }
    }

    /// Waits for an event; returns the readiness of each connection.
    fn wait(&mut self) -> Result<Vec<(ConnectionId, PollFlags)>, ServeError> {
        let now = Instant::now();
        if self.paused_until.is_some_and(|until| until <= now) {
            self.paused_until = None;
        }
        let timeout = self.timeout(now);
        let listening = if self.paused_until.is_some() { PollFlags::empty() } else { PollFlags::IN };
        let mut fds = vec![
            PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.listener.as_fd(), listening),
        ];
        fds.extend(
            self.connections
                .iter()
                .map(|connection| PollFd::from_borrowed_fd(connection.as_fd(), connection.interest())),
        );
        match rustix::event::poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(ServeError::Poll(errno.into())),
        }
        // Only drained: the finished jobs are in the channel.
        let _ = rustix::io::read(&*self.wake, &mut [0; 8]);
        let ready = fds.iter().skip(2).map(PollFd::revents);
        Ok(self.connections.iter().map(Connection::id).zip(ready).collect())
    }

    fn timeout(&self, now: Instant) -> Timespec {
        let idle = self.connections.is_empty().then(|| self.idle_since.checked_add(self.settings.idle_exit));
        let ticks = self.connections.iter().map(|connection| connection.next_tick(self.settings));
        let due = ticks.chain([idle.flatten(), self.paused_until]).flatten().min();
        let left = due.map_or(self.settings.request, |due| due.saturating_duration_since(now));
        let left = left.min(self.settings.request);
        // Rounded up, or the last millisecond would be a busy one.
        let left = left.saturating_add(Duration::from_millis(1));
        Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 })
    }

    fn take_done(&mut self, now: Instant) -> Result<(), ServeError> {
        loop {
            match self.done.try_recv() {
                Ok(done) => {
                    let id = done.connection;
                    self.departed.retain(|departed| departed.id != id);
                    self.with(id, |connection| connection.done(done, now))?;
                }
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(ServeError::Worker),
            }
        }
    }

    fn serve_ready(&mut self, ready: &[(ConnectionId, PollFlags)], now: Instant) -> Result<(), ServeError> {
        for (id, flags) in ready {
            if flags.intersects(PollFlags::OUT) {
                self.with(*id, |connection| connection.writable(now).map(|()| None))?;
            }
            if flags.intersects(PollFlags::IN) {
                self.read(*id, now)?;
            } else if flags.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
                self.with(*id, |_| Err(Closed))?;
            }
        }
        Ok(())
    }

    fn read(&mut self, id: ConnectionId, now: Instant) -> Result<(), ServeError> {
        let mut connections = self.connections.iter();
        let named = connections.find(|connection| connection.id() == id).and_then(Connection::named);
        // Root is let in twice: to name an account, and then for it.
        let is_in = named.is_none_or(|party| self.make_room(party));
        self.with(id, |connection| if is_in { connection.readable(now) } else { Err(Closed) })
    }

    fn tick(&mut self, now: Instant) -> Result<(), ServeError> {
        let ids: Vec<ConnectionId> = self.connections.iter().map(Connection::id).collect();
        let settings = self.settings;
        for id in ids {
            self.with(id, |connection| connection.tick(settings, now).map(|()| None))?;
        }
        let waits = self.connections.iter().filter_map(Connection::progress);
        let waits = waits.chain(self.departed.iter().map(|departed| &departed.progress));
        let mut since = waits.filter_map(|progress| progress.waits_since()).chain(self.busy.get());
        let stuck = |since| now.saturating_duration_since(since) >= self.settings.request;
        if since.any(stuck) { Err(ServeError::Stuck) } else { Ok(()) }
    }

    /// Has a connection do something; hands over the job that comes of it, or ends the connection.
    fn with(
        &mut self,
        id: ConnectionId,
        act: impl FnOnce(&mut Connection<S>) -> Result<Option<Job<S>>, Closed>,
    ) -> Result<(), ServeError> {
        let Some(connection) = self.connections.iter_mut().find(|connection| connection.id() == id) else {
            return Ok(());
        };
        match act(connection) {
            Ok(None) => Ok(()),
            Ok(Some(job)) => self.work.send(Work::Job(job)).map_err(|_| ServeError::Worker),
            Err(Closed) => {
                let party = connection.party();
                let departed = connection.progress().map(Arc::clone);
                self.departed.extend(departed.map(|progress| Departed { id, party, progress }));
                self.connections.retain(|connection| connection.id() != id);
                Ok(())
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTED_AT_ONCE {
            match self.listener.accept() {
                Ok(Some((socket, uid))) => {
                    if self.make_room(Party::silent(uid)) {
                        let id = self.next_id;
                        self.next_id = self.next_id.wrapping_add(1);
                        self.connections.push(Connection::new(id, socket, uid, self.device, now));
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    log(format_args!("cannot accept a connection: {error}"));
                    self.paused_until = now.checked_add(ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    /// Whether one more is let in. If another has to give way, it is closed.
    fn make_room(&mut self, party: Party) -> bool {
        let departed =
            |departed: &Departed| Place { id: departed.id, party: departed.party, idle_since: None };
        let places = self.connections.iter().map(Connection::place).chain(self.departed.iter().map(departed));
        match room::admit(party, &places.collect::<Vec<Place>>(), self.settings) {
            Admission::Free => true,
            Admission::InPlaceOf(id) => {
                self.connections.retain(|connection| connection.id() != id);
                true
            }
            Admission::Refused => false,
        }
    }
}
