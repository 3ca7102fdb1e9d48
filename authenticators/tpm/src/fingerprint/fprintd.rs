//! fprintd, as `net.reactivated.Fprint.Manager` and `net.reactivated.Fprint.Device` describe it.

use std::fmt;
use std::time::{Duration, Instant};

use authenticator_service::{Wait as _, Waiting};
use dbus::{Message, MessageType, Path};
use nix::errno::Errno;
use nix::unistd::{Uid, User};

use super::bus::{Bus, BusError, is_gone};

const NAME: &str = "net.reactivated.Fprint";
const MANAGER: &str = "net.reactivated.Fprint.Manager";
const MANAGER_PATH: &str = "/net/reactivated/Fprint/Manager";
const DEVICE: &str = "net.reactivated.Fprint.Device";
const ALREADY_IN_USE: &str = "net.reactivated.Fprint.Error.AlreadyInUse";
const NO_ENROLLED_PRINTS: &str = "net.reactivated.Fprint.Error.NoEnrolledPrints";
const NO_SUCH_DEVICE: &str = "net.reactivated.Fprint.Error.NoSuchDevice";

/// How often a reader that another program has is tried for.
const CLAIM_RETRY: Duration = Duration::from_millis(100);
/// How long one try takes at most.
const TRY: Duration = Duration::from_secs(30);
/// How long fprintd may take to stop.
const STOP: Duration = Duration::from_secs(1);

/// Where fprintd is found.
#[derive(Clone, Debug)]
pub struct Fprintd {
    /// The address of the system bus (D-Bus Specification, "Server Addresses").
    pub bus: String,
    /// How long it may take.
    pub limits: Limits,
}

/// How long fprintd, and a person, may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To say whether there are prints: a sign-in by PIN waits for it.
    pub ask: Duration,
    /// To begin, and how long a reader is waited for that another program still has.
    pub begin: Duration,
    /// To put a finger on the reader, again after each one that was not read well. The PIN is asked for next: the reader may be out of
    /// reach, under the lid of a laptop.
    pub finger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ask: Duration::from_secs(2), begin: Duration::from_secs(3), finger: Duration::from_secs(10) }
    }
}

/// What fprintd says of a finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the account's.
    Match,
    /// It is not.
    NoMatch,
    /// There was none in time.
    NoFinger,
    /// The result is no longer needed.
    Cancelled,
}

/// Why fprintd cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FprintdError {
    /// No account has the user id, as far as the user database says.
    NoAccount(Option<Errno>),
    /// The bus, or fprintd on it.
    Bus(BusError),
    /// The reader has stopped, with this result.
    Reader(String),
}

impl From<BusError> for FprintdError {
    fn from(error: BusError) -> Self {
        Self::Bus(error)
    }
}

impl fmt::Display for FprintdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fingerprint reader cannot be used: ")?;
        match self {
            Self::NoAccount(None) => f.write_str("no account has this user id"),
            Self::NoAccount(Some(errno)) => write!(f, "the user database does not answer: {errno}"),
            Self::Bus(error) => error.fmt(f),
            Self::Reader(result) => write!(f, "fprintd says {result}"),
        }
    }
}

impl std::error::Error for FprintdError {}

impl Fprintd {
    /// Whether the account has prints on a reader that is there.
    ///
    /// # Errors
    /// When fprintd cannot be asked. That there is no reader is no error.
    pub fn has_prints(&self, account: u32, waiting: &Waiting<'_>) -> Result<bool, FprintdError> {
        let until = after(Instant::now(), self.limits.ask);
        let user = name_of(account)?;
        let asked = || {
            let mut device = Device::open(&self.bus, waiting, until)?;
            let reply = device.call(until, "ListEnrolledFingers", |call| call.append1(user.as_str()))?;
            let fingers: Vec<&str> = reply.read1().map_err(|_| BusError::Nonsense)?;
            Ok(!fingers.is_empty())
        };
        match asked() {
            Ok(has_prints) => Ok(has_prints),
            Err(BusError::Refused { name, .. }) if name == NO_ENROLLED_PRINTS || name == NO_SUCH_DEVICE => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for a finger of the account's.
    ///
    /// # Errors
    /// When fprintd cannot be asked, or the reader used.
    pub fn verify(&self, account: u32, waiting: &Waiting<'_>) -> Result<Verdict, FprintdError> {
        let user = name_of(account)?;
        let verdict = Device::open(&self.bus, waiting, after(Instant::now(), self.limits.begin))
            .map_err(FprintdError::from);
        let verdict = verdict.and_then(|mut device| {
            device.claim(&user, self.limits.begin)?;
            let verdict = device.verify(self.limits);
            device.waiting.needs_user(false);
            device.stop();
            verdict
        });
        match verdict {
            Err(FprintdError::Bus(BusError::Cancelled)) => Ok(Verdict::Cancelled),
            verdict => verdict,
        }
    }
}

/// The name that the user database gives an account.
fn name_of(account: u32) -> Result<String, FprintdError> {
    match User::from_uid(Uid::from_raw(account)) {
        Ok(Some(user)) => Ok(user.name),
        Ok(None) => Err(FprintdError::NoAccount(None)),
        Err(errno) => Err(FprintdError::NoAccount(Some(errno))),
    }
}

fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or(now)
}

/// The reader that fprintd takes for the first one.
struct Device<'w> {
    bus: Bus<'w>,
    waiting: &'w Waiting<'w>,
    /// fprintd's own name on the bus. Any program may send a signal like fprintd's, but not in that name.
    fprintd: String,
    path: Path<'static>,
}

impl<'w> Device<'w> {
    fn open(bus: &str, waiting: &'w Waiting<'w>, until: Instant) -> Result<Self, BusError> {
        let mut bus = Bus::connect(bus, waiting, until)?;
        // The bus starts fprintd for it, and only fprintd can answer.
        let reply = bus.call(until, (NAME, MANAGER_PATH, MANAGER, "GetDefaultDevice"), |call| call)?;
        let path: Path<'_> = reply.read1().map_err(|_| BusError::Nonsense)?;
        let fprintd = reply.sender().ok_or(BusError::Nonsense)?.to_string();
        Ok(Self { bus, waiting, fprintd, path: path.into_static() })
    }

    fn call(
        &mut self,
        until: Instant,
        member: &str,
        with: impl FnOnce(Message) -> Message,
    ) -> Result<Message, BusError> {
        self.bus.call(until, (&self.fprintd, &self.path, DEVICE, member), with)
    }

    /// Claims the reader for the account. Another program may be about to let it go.
    fn claim(&mut self, user: &str, begin: Duration) -> Result<(), BusError> {
        let until = after(Instant::now(), begin);
        loop {
            match self.call(until, "Claim", |call| call.append1(user)) {
                Err(BusError::Refused { name, message }) if name == ALREADY_IN_USE => {
                    let again = after(Instant::now(), CLAIM_RETRY);
                    if again >= until {
                        return Err(BusError::Refused { name, message });
                    }
                    while self.bus.next(again)?.is_some() {}
                }
                other => return other.map(drop),
            }
        }
    }

    fn verify(&mut self, Limits { begin, finger, .. }: Limits) -> Result<Verdict, FprintdError> {
        let begin = after(Instant::now(), begin);
        let fprintd = self.fprintd.clone();
        self.bus.subscribe(begin, &fprintd, DEVICE)?;
        let serial =
            self.bus.send((&fprintd, &self.path, DEVICE, "VerifyStart"), |call| call.append1("any"))?;
        let mut has_begun = false;
        let end = after(Instant::now(), TRY);
        let mut until = begin;
        // The first results may come before the reply.
        while let Some(mut message) = self.bus.next(until.min(end))? {
            if message.get_reply_serial() == Some(serial) {
                if let Err(error) = message.as_result() {
                    let (name, words) =
                        (error.name().unwrap_or_default(), error.message().unwrap_or_default());
                    let reader = format!("{} ({})", words.escape_debug(), name.escape_debug());
                    return Err(FprintdError::Reader(reader));
                }
                has_begun = true;
                self.waiting.needs_user(true);
                until = after(Instant::now(), finger);
                continue;
            }
            if is_gone(&message, &fprintd) {
                return Err(FprintdError::Reader("good-bye".to_owned()));
            }
            let Some((result, is_done)) = self.status(&message) else { continue };
            match (result.as_str(), is_done) {
                ("verify-match", true) => return Ok(Verdict::Match),
                ("verify-no-match", true) => return Ok(Verdict::NoMatch),
                // It was not read well: fprintd goes on by itself.
                (_, false) => until = after(Instant::now(), finger),
                (other, true) => return Err(FprintdError::Reader(other.escape_debug().take(60).collect())),
            }
        }
        if has_begun { Ok(Verdict::NoFinger) } else { Err(BusError::TimedOut.into()) }
    }

    /// What a message says of a finger, if it is fprintd that says it of this reader.
    fn status(&self, message: &Message) -> Option<(String, bool)> {
        let is_it = message.msg_type() == MessageType::Signal
            && message.sender().is_some_and(|sender| *sender == *self.fprintd)
            && message.path().is_some_and(|path| path == self.path)
            && message.interface().is_some_and(|interface| &*interface == DEVICE)
            && message.member().is_some_and(|member| &*member == "VerifyStatus");
        if is_it { message.read2().ok() } else { None }
    }

    /// Gives the reader back, so that it is free before the request is answered.
    fn stop(mut self) {
        for member in ["VerifyStop", "Release"] {
            let sent = self.bus.send((&self.fprintd, &self.path, DEVICE, member), |call| call);
            if let Ok(serial) = sent {
                self.bus.settle(serial, STOP);
            }
        }
    }
}
