//! One connection: its socket, its channels, its session and its deadlines.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use ctap::hid::{HidError, REPORT_LEN, Report};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::account::{self, Named};
use crate::authenticator::Peer;
use crate::channel::{Channels, Device, Event, Request};
use crate::party::Party;
use crate::room::Place;
use crate::settings::Settings;
use crate::worker::{ConnectionId, Done, Job, Progress, Reply};

/// The connection is over.
#[derive(Debug)]
pub(crate) struct Closed;

/// Where the session of a connection is.
enum Session<S> {
    /// Here, or not made yet.
    Here(Option<S>),
    /// With the authenticator, which works on a request in it.
    Away {
        progress: Arc<Progress>,
        /// Whether the peer has forgotten the request.
        forgotten: bool,
        /// Made meanwhile, after the peer has forgotten the request before.
        next: Option<Next>,
    },
}

/// A request that waits for the session to come back.
struct Next {
    request: Request,
    cancelled: bool,
}

pub(crate) struct Connection<S> {
    id: ConnectionId,
    socket: OwnedFd,
    /// The user id of the process at the other end.
    uid: u32,
    /// Once the first report has come.
    peer: Option<Peer>,
    channels: Channels,
    session: Session<S>,
    since: Instant,
    /// When the peer last sent something, or got an answer.
    active: Instant,
    /// Since when the peer has not read.
    unread_since: Option<Instant>,
}

impl<S> Connection<S> {
    pub(crate) fn new(id: ConnectionId, socket: OwnedFd, uid: u32, device: Device, now: Instant) -> Self {
        Self {
            id,
            socket,
            uid,
            peer: None,
            channels: Channels::new(device),
            session: Session::Here(None),
            since: now,
            active: now,
            unread_since: None,
        }
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.id
    }

    pub(crate) fn party(&self) -> Party {
        self.peer.map_or_else(|| Party::silent(self.uid), Party::from)
    }

    /// What it takes of the room for connections.
    pub(crate) fn place(&self) -> Place {
        let idle_since = matches!(self.session, Session::Here(_)).then_some(self.active);
        Place { id: self.id, party: self.party(), idle_since }
    }

    /// How far the request in work is, if there is one.
    pub(crate) fn progress(&self) -> Option<&Arc<Progress>> {
        match &self.session {
            Session::Here(_) => None,
            Session::Away { progress, .. } => Some(progress),
        }
    }

    /// What to poll for. Nothing is read from a peer that does not read.
    pub(crate) fn interest(&self) -> PollFlags {
        if self.channels.outgoing().is_some() { PollFlags::OUT } else { PollFlags::IN }
    }

    /// Whose an unnamed connection will be, by the first report, which is left to be read.
    pub(crate) fn named(&self) -> Option<Party> {
        if self.party() != Party::Unnamed {
            return None;
        }
        let report = self.receive(RecvFlags::PEEK).ok()??;
        let (peer, _) = self.identify(&report).ok()?;
        Some(peer.into())
    }

    /// Who is at the other end, and whether the first report says so and nothing else.
    fn identify(&self, first: &Report) -> Result<(Peer, bool), Closed> {
        let (account, is_name) = match account::named(first, self.uid) {
            Named::Own(account) => (account, false),
            Named::As(account) => (account, true),
            Named::Refused => return Err(Closed),
        };
        Ok((Peer { account, is_root: self.uid == 0, since: self.since }, is_name))
    }

    /// Reads a report; returns the job that it completes, if any.
    pub(crate) fn readable(&mut self, now: Instant) -> Result<Option<Job<S>>, Closed> {
        // One report a round, so that all connections get theirs.
        let Some(report) = self.receive(RecvFlags::empty())? else { return Ok(None) };
        self.active = now;
        if self.peer.is_none() {
            let (peer, is_name) = self.identify(&report)?;
            self.peer = Some(peer);
            if is_name {
                return Ok(None);
            }
        } else if account::is_naming(&report) {
            return Err(Closed);
        }
        let event = self.channels.handle_report(&report, now);
        let job = event.and_then(|event| self.handle(event));
        self.writable(now)?;
        Ok(job)
    }

    fn receive(&self, flags: RecvFlags) -> Result<Option<Report>, Closed> {
        let mut buffer = [0; REPORT_LEN + 1];
        match rustix::net::recv(&self.socket, &mut buffer, flags | RecvFlags::DONTWAIT) {
            // Nothing is the end, or an empty packet, which is no report either.
            Ok((_, REPORT_LEN)) => Ok(buffer.first_chunk().copied()),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Ok(_) | Err(_) => Err(Closed),
        }
    }

    fn handle(&mut self, event: Event) -> Option<Job<S>> {
        match (event, &mut self.session) {
            (Event::Request(request), Session::Here(_)) => self.job(request),
            (Event::Request(request), Session::Away { next, .. }) => {
                *next = Some(Next { request, cancelled: false });
                None
            }
            (Event::Cancel, Session::Away { progress, forgotten: false, .. }) => {
                progress.cancel();
                None
            }
            (Event::Cancel, Session::Away { next, .. }) => {
                if let Some(next) = next {
                    next.cancelled = true;
                }
                None
            }
            (Event::Forget, Session::Away { progress, forgotten, next, .. }) => {
                progress.cancel();
                *forgotten = true;
                *next = None;
                None
            }
            (Event::Cancel | Event::Forget, Session::Here(_)) => None,
        }
    }

    fn job(&mut self, request: Request) -> Option<Job<S>> {
        let peer = self.peer?;
        let progress = Arc::new(Progress::default());
        let away = Session::Away { progress: Arc::clone(&progress), forgotten: false, next: None };
        match std::mem::replace(&mut self.session, away) {
            Session::Here(session) => Some(Job { connection: self.id, peer, session, request, progress }),
            // One job at a time is made by the callers.
            away @ Session::Away { .. } => {
                self.session = away;
                None
            }
        }
    }

    /// Takes the session back, answers, and gives the job that has waited for it.
    pub(crate) fn done(&mut self, done: Done<S>, now: Instant) -> Result<Option<Job<S>>, Closed> {
        let before = std::mem::replace(&mut self.session, Session::Here(Some(done.session)));
        self.active = now;
        let Session::Away { forgotten, next, .. } = before else { return Ok(None) };
        if forgotten {
            let Some(Next { request, cancelled }) = next else { return Ok(None) };
            let job = self.job(request);
            if let (Some(job), true) = (&job, cancelled) {
                job.progress.cancel();
            }
            return Ok(job);
        }
        match done.reply {
            Reply::Cbor(reply) => self.channels.respond(&reply),
            Reply::Show(Some(shown)) => self.channels.respond(&shown.into_bytes()),
            Reply::Show(None) => self.channels.refuse(HidError::OTHER),
        }
        self.writable(now)?;
        Ok(None)
    }

    /// Sends as much as the peer takes.
    pub(crate) fn writable(&mut self, now: Instant) -> Result<(), Closed> {
        while let Some(report) = self.channels.outgoing() {
            match rustix::net::send(&self.socket, report, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(_) => {
                    self.channels.sent();
                    self.unread_since = None;
                }
                Err(Errno::AGAIN | Errno::INTR) => {
                    self.unread_since.get_or_insert(now);
                    return Ok(());
                }
                Err(_) => return Err(Closed),
            }
        }
        Ok(())
    }

    /// When [`Connection::tick`] has something to do.
    pub(crate) fn next_tick(&self, settings: &Settings) -> Option<Instant> {
        let working = matches!(self.session, Session::Away { .. });
        let silence = if self.peer.is_none() {
            self.since.checked_add(settings.first_report)
        } else if working {
            None
        } else {
            self.active.checked_add(settings.silence)
        };
        let unread = self.unread_since.and_then(|since| since.checked_add(settings.unread));
        let channels = self.channels.next_tick(settings.continuation);
        [silence, unread, channels].into_iter().flatten().min()
    }

    /// Handles timeouts and keepalives.
    pub(crate) fn tick(&mut self, settings: &Settings, now: Instant) -> Result<(), Closed> {
        let over = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
        if self.unread_since.is_some_and(|since| over(since, settings.unread)) {
            return Err(Closed);
        }
        let status = match &self.session {
            Session::Away { progress, .. } => progress.keepalive(),
            Session::Here(_) if self.peer.is_none() => {
                return if over(self.since, settings.first_report) { Err(Closed) } else { Ok(()) };
            }
            Session::Here(_) if over(self.active, settings.silence) => return Err(Closed),
            Session::Here(_) => ctap::hid::Keepalive::Processing,
        };
        self.channels.tick(now, settings.continuation, status);
        self.writable(now)
    }
}

impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        if let Session::Away { progress, .. } = &self.session {
            progress.cancel();
        }
    }
}

impl<S> AsFd for Connection<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
