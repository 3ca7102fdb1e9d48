//! A connection to the system bus on which nothing is waited for without a deadline, or past the moment it is cancelled.

use std::fmt;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use authenticator_service::{Wait as _, Waiting};
use dbus::channel::Channel;
use dbus::{Message, MessageType};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{PidfdFlags, PidfdGetfdFlags};

const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
/// The longest part of another program's words that goes into the log, in characters.
const MAX_WORDS: usize = 120;

/// Why the bus, or a program on it, did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusError {
    /// There is no bus, or it has hung up.
    Unreachable(String),
    /// There was no answer in time.
    TimedOut,
    /// The answer is no longer wanted.
    Cancelled,
    /// An answer that is none.
    Nonsense,
    /// The program refuses, or is not there: the error's name, and its words.
    Refused {
        /// As `net.reactivated.Fprint.Error.NoSuchDevice`.
        name: String,
        /// For the log.
        message: String,
    },
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the system bus cannot be reached: {why}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Cancelled => f.write_str("no longer wanted"),
            Self::Nonsense => f.write_str("an answer that cannot be understood"),
            Self::Refused { name, message } => write!(f, "{message} ({name})"),
        }
    }
}

impl std::error::Error for BusError {}

/// Text of another program, for one line of a log.
fn words(text: &str) -> String {
    text.chars().take(MAX_WORDS).flat_map(char::escape_debug).collect()
}

/// A connection of its own, which ends with this value: what a program has claimed for it is then given back.
pub(super) struct Bus<'w> {
    channel: Channel,
    /// Readable when there is something to read.
    socket: OwnedFd,
    waiting: &'w Waiting<'w>,
}

impl<'w> Bus<'w> {
    pub(super) fn connect(address: &str, waiting: &'w Waiting<'w>, until: Instant) -> Result<Self, BusError> {
        let unreachable =
            |error: dbus::Error| BusError::Unreachable(words(error.message().unwrap_or_default()));
        takes_connections(address)?;
        let mut channel = Channel::open_private(address).map_err(unreachable)?;
        channel.set_watch_enabled(true);
        // A number becomes a descriptor by way of the kernel, which knows whether it is one.
        let lost = |errno: Errno| BusError::Unreachable(errno.to_string());
        let process = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty());
        let process = process.map_err(lost)?;
        let socket = rustix::process::pidfd_getfd(&process, channel.watch().fd, PidfdGetfdFlags::empty())
            .map_err(lost)?;
        let mut bus = Self { channel, socket, waiting };
        bus.call(until, (BUS, BUS_PATH, BUS, "Hello"), |call| call)?;
        Ok(bus)
    }

    /// Calls a method, and waits for its reply. Signals that come meanwhile are passed over.
    pub(super) fn call(
        &mut self,
        until: Instant,
        method: (&str, &str, &str, &str),
        with: impl FnOnce(Message) -> Message,
    ) -> Result<Message, BusError> {
        let serial = self.send(method, with)?;
        loop {
            let mut message = self.next(until)?.ok_or(BusError::TimedOut)?;
            if message.get_reply_serial() != Some(serial) {
                continue;
            }
            return match message.as_result() {
                Ok(_) => Ok(message),
                Err(error) => Err(BusError::Refused {
                    name: words(error.name().unwrap_or_default()),
                    message: words(error.message().unwrap_or_default()),
                }),
            };
        }
    }

    /// Has the bus bring the signals of a program's interface, and tell when the program has gone ([`is_gone`]).
    pub(super) fn subscribe(
        &mut self,
        until: Instant,
        sender: &str,
        interface: &str,
    ) -> Result<(), BusError> {
        for rule in [
            format!("type='signal',sender='{sender}',interface='{interface}'"),
            format!("type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{sender}'"),
        ] {
            self.call(until, (BUS, BUS_PATH, BUS, "AddMatch"), |call| call.append1(rule))?;
        }
        Ok(())
    }

    /// Calls a method without waiting for what comes of it.
    pub(super) fn send(
        &mut self,
        (destination, path, interface, member): (&str, &str, &str, &str),
        with: impl FnOnce(Message) -> Message,
    ) -> Result<u32, BusError> {
        let call = Message::new_method_call(destination, path, interface, member);
        let call = call.map_err(|_| BusError::Nonsense)?;
        self.channel.send(with(call)).map_err(|()| BusError::Unreachable("no memory".to_owned()))
    }

    /// The next message; `None` when none has come in time.
    pub(super) fn next(&mut self, until: Instant) -> Result<Option<Message>, BusError> {
        loop {
            if self.waiting.is_cancelled() {
                return Err(BusError::Cancelled);
            }
            match self.round(until)? {
                Round::Message(message) => return Ok(Some(message)),
                Round::OutOfTime => return Ok(None),
                Round::Again => {}
            }
        }
    }

    /// Waits for messages that have been sent to be taken, and for their replies, although the answer may no longer be wanted.
    pub(super) fn settle(&mut self, serial: u32, limit: Duration) {
        let Some(until) = Instant::now().checked_add(limit) else { return };
        loop {
            match self.round(until) {
                Ok(Round::Message(message)) if message.get_reply_serial() == Some(serial) => return,
                Ok(Round::Message(_) | Round::Again) => {}
                Ok(Round::OutOfTime) | Err(_) => return,
            }
        }
    }

    fn round(&mut self, until: Instant) -> Result<Round, BusError> {
        if let Some(message) = self.channel.pop_message() {
            return Ok(Round::Message(message));
        }
        let gone = |()| BusError::Unreachable("it has hung up".to_owned());
        self.channel.read_write(Some(Duration::ZERO)).map_err(gone)?;
        if let Some(message) = self.channel.pop_message() {
            return Ok(Round::Message(message));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Round::OutOfTime);
        }
        let wanted = if self.channel.watch().write { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        // Once it is cancelled, what is left to do is done without being told again.
        let cancelled = if self.waiting.is_cancelled() { PollFlags::empty() } else { PollFlags::IN };
        let mut fds = [
            PollFd::from_borrowed_fd(self.socket.as_fd(), wanted),
            PollFd::from_borrowed_fd(self.waiting.as_fd(), cancelled),
        ];
        // Rounded up, or the last millisecond would be a busy one.
        let left = left.saturating_add(Duration::from_millis(1));
        let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match rustix::event::poll(&mut fds, Some(&left)) {
            Ok(_) | Err(Errno::INTR) => Ok(Round::Again),
            Err(errno) => Err(BusError::Unreachable(errno.to_string())),
        }
    }
}

/// Whether the bus takes connections at all: libdbus would wait without end for one that has as many as it can keep waiting.
fn takes_connections(address: &str) -> Result<(), BusError> {
    let path = address.strip_prefix("unix:path=").and_then(|rest| rest.split([',', ';']).next());
    let Some(path) = path else { return Ok(()) };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
    let connected = socket.and_then(|socket| rustix::net::connect(socket, &SocketAddrUnix::new(path)?));
    match connected {
        Err(Errno::AGAIN) => Err(BusError::TimedOut),
        Ok(()) => Ok(()),
        Err(errno) => Err(BusError::Unreachable(errno.to_string())),
    }
}

/// Whether the bus says that this program has gone.
pub(super) fn is_gone(message: &Message, program: &str) -> bool {
    message.msg_type() == MessageType::Signal
        && message.sender().is_some_and(|sender| &*sender == BUS)
        && message.member().is_some_and(|member| &*member == "NameOwnerChanged")
        && message.read3::<&str, &str, &str>().is_ok_and(|(name, _, new)| name == program && new.is_empty())
}

enum Round {
    Message(Message),
    Again,
    OutOfTime,
}
