//! Keys that are honest up to a certain request of the host's.

use std::iter;
use std::str::FromStr;
use std::time::Duration;

use sk_cbor::{Value, reader};

use crate::message::{
    CBOR, ERR_CHANNEL_BUSY, ERR_INVALID_CHANNEL, ERR_OTHER, ERROR, KEEPALIVE, KEEPALIVE_PERIOD, MAX_PAYLOAD,
    MSG, Message, PING, PROCESSING, UP_NEEDED,
};
use crate::{Corruption, Report};

/// Statuses (CTAP 2.1 §8.2), and one that no specification names.
const OPERATION_DENIED: u8 = 0x27;
const NO_CREDENTIALS: u8 = 0x2e;
const USER_ACTION_TIMEOUT: u8 = 0x2f;
const PIN_INVALID: u8 = 0x31;
const UV_INVALID: u8 = 0x3f;
const UNKNOWN_STATUS: u8 = 0xfe;

/// The shortest time between two reports of a full-speed device on USB.
const USB_FRAME: Duration = Duration::from_millis(1);
/// Long enough to be called silence, and short enough not to be.
const DRIP: Duration = Duration::from_secs(4);

/// What a host asks of a key: by these a ceremony's steps are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// `CTAPHID_INIT`.
    Init,
    /// authenticatorGetInfo.
    Info,
    /// authenticatorGetAssertion without a touch (`up` = false).
    SilentAssertion,
    /// authenticatorGetAssertion with a touch.
    Assertion,
    /// authenticatorSelection, or the request with an empty PIN parameter that stands for it on older keys.
    Selection,
    /// getPINRetries.
    PinRetries,
    /// getKeyAgreement.
    KeyAgreement,
    /// getPinToken, or the same with permissions.
    PinToken,
    /// getPinUvAuthTokenUsingUvWithPermissions.
    UvToken,
    /// getUVRetries.
    UvRetries,
    /// authenticatorMakeCredential.
    MakeCredential,
    /// authenticatorGetNextAssertion.
    NextAssertion,
    /// `U2F_AUTHENTICATE` that asks whether the key handle is the key's own, or for the proof of that without a touch.
    U2fCheck,
    /// `U2F_AUTHENTICATE` that asks for a signature.
    U2fSign,
    /// `U2F_REGISTER`.
    U2fRegister,
}

impl Asked {
    /// Every kind with its name on a command line.
    pub const NAMED: [(&'static str, Self); 15] = [
        ("init", Self::Init),
        ("info", Self::Info),
        ("silent-assertion", Self::SilentAssertion),
        ("assertion", Self::Assertion),
        ("selection", Self::Selection),
        ("pin-retries", Self::PinRetries),
        ("key-agreement", Self::KeyAgreement),
        ("pin-token", Self::PinToken),
        ("uv-token", Self::UvToken),
        ("uv-retries", Self::UvRetries),
        ("make-credential", Self::MakeCredential),
        ("next-assertion", Self::NextAssertion),
        ("u2f-check", Self::U2fCheck),
        ("u2f-sign", Self::U2fSign),
        ("u2f-register", Self::U2fRegister),
    ];

    /// The name on a command line.
    ///
    /// # Panics
    /// Never: every one has a name.
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, asked)| *asked == self).expect("all have one").0
    }

    /// What a CTAP2 message asks; None if it is none of these.
    pub(crate) fn of(request: &[u8]) -> Option<Self> {
        let (&command, parameters) = request.split_first()?;
        let map = match parameters {
            [] => Vec::new(),
            parameters => reader::read(parameters).ok()?.extract_map()?,
        };
        let field = |key: u64| {
            let key = Value::unsigned(key);
            map.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
        };
        let is_empty = |key| field(key).and_then(Value::extract_byte_string).is_some_and(|b| b.is_empty());
        Some(match command {
            0x01 if is_empty(0x08) => Self::Selection,
            0x01 => Self::MakeCredential,
            0x02 if is_empty(0x06) => Self::Selection,
            0x02 if is_silent(field(0x05)) => Self::SilentAssertion,
            0x02 => Self::Assertion,
            0x04 => Self::Info,
            0x06 => match field(0x02)?.extract_unsigned()? {
                0x01 => Self::PinRetries,
                0x02 => Self::KeyAgreement,
                0x05 | 0x09 => Self::PinToken,
                0x06 => Self::UvToken,
                0x07 => Self::UvRetries,
                _ => return None,
            },
            0x08 => Self::NextAssertion,
            0x0b => Self::Selection,
            _ => return None,
        })
    }

    /// What a U2F message asks; None if it is none of these.
    pub(crate) fn of_u2f(request: &[u8]) -> Option<Self> {
        match request {
            [0, 0x01, ..] => Some(Self::U2fRegister),
            [0, 0x02, 0x07 | 0x08, ..] => Some(Self::U2fCheck),
            [0, 0x02, ..] => Some(Self::U2fSign),
            _ => None,
        }
    }
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::NAMED.iter().find(|(name, _)| *name == text);
        known.map(|(_, asked)| *asked).ok_or_else(|| {
            let names: Vec<&str> = Self::NAMED.iter().map(|(name, _)| *name).collect();
            format!("no such request: {text} ({})", names.join(", "))
        })
    }
}

fn is_silent(options: Option<Value>) -> bool {
    let up = Value::text_string("up".to_owned());
    options
        .and_then(Value::extract_map)
        .is_some_and(|options| options.contains(&(up, Value::bool_value(false))))
}

/// From the `nth` request of a kind on, counted from 1 since it was set, the key answers this kind wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sabotage {
    /// The kind; None: every request but INIT.
    pub asked: Option<Asked>,
    /// The first request of the kind that is answered wrongly.
    pub nth: usize,
    /// In what way.
    pub how: Misbehaviour,
}

/// What a key does instead of answering honestly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// It says nothing, and does not hear CANCEL.
    Mute,
    /// It says for ever that it is at work, as often as an honest key.
    Keepalives,
    /// It says for ever that it waits for a touch.
    KeepalivesForTouch,
    /// It says that it is at work as often as the wire allows.
    Flood,
    /// The honest reply made as long as the wire carries, one report every few seconds.
    Drip,
    /// The honest reply on another channel.
    ForeignChannel,
    /// The honest reply, made longer, with two of its reports exchanged.
    WrongSequence,
    /// The honest reply, made longer, without its first report.
    Headless,
    /// The honest reply under a length that no message can have.
    Oversized,
    /// The honest reply with zeros behind it up to the longest message that there can be.
    Padded,
    /// The first report of a longer reply, and no more.
    Truncated,
    /// Half of the honest reply, as a message of its own.
    CutShort,
    /// A message without content.
    Empty,
    /// Success, and nothing besides.
    Bare,
    /// Success and bytes that are no CBOR.
    Garbage,
    /// Success and CBOR nested six thousand levels deep.
    Nested,
    /// Success and a map that claims to have 2⁶⁴−1 members.
    Countless,
    /// The honest reply as one to another command of CTAPHID.
    OtherCommand,
    /// `ERR_CHANNEL_BUSY`.
    Busy,
    /// `ERR_INVALID_CHANNEL`.
    InvalidChannel,
    /// `ERR_OTHER`.
    OtherError,
    /// Any other error of CTAPHID.
    HidError(u8),
    /// This error of CTAPHID, and from then on in reply to everything, INIT and PING included, until the key is unplugged; plugged in
    /// again it is honest.
    UntilReplugged(u8),
    /// This status, at once. To a U2F request the status word that says the same, if there is one.
    Refusal(u8),
    /// The honest reply twice.
    Twice,
    /// The reply to the request before this one, INIT aside; nothing if there was none.
    Stale,
    /// An honest reply but for one thing, and properly signed.
    Corrupt(Corruption),
    /// It is pulled out.
    Unplug,
}

/// Reports to come, each so long after the one before.
pub(crate) type ReportStream = Box<dyn Iterator<Item = (Duration, Report)> + Send>;

/// What stands before `-0xNN`, and what that makes.
type Numbered = (&'static str, fn(u8) -> Misbehaviour);

impl Misbehaviour {
    /// The kinds that have a name of their own on a command line: neither [`Misbehaviour::Corrupt`] nor one with any number.
    pub const NAMED: [(&'static str, Self); 30] = [
        ("mute", Self::Mute),
        ("keepalives", Self::Keepalives),
        ("keepalives-for-touch", Self::KeepalivesForTouch),
        ("flood", Self::Flood),
        ("drip", Self::Drip),
        ("foreign-channel", Self::ForeignChannel),
        ("wrong-sequence", Self::WrongSequence),
        ("headless", Self::Headless),
        ("oversized", Self::Oversized),
        ("padded", Self::Padded),
        ("truncated", Self::Truncated),
        ("cut-short", Self::CutShort),
        ("empty", Self::Empty),
        ("bare", Self::Bare),
        ("garbage", Self::Garbage),
        ("nested", Self::Nested),
        ("countless", Self::Countless),
        ("other-command", Self::OtherCommand),
        ("busy", Self::Busy),
        ("invalid-channel", Self::InvalidChannel),
        ("other-error", Self::OtherError),
        ("refusal", Self::Refusal(UNKNOWN_STATUS)),
        ("denied", Self::Refusal(OPERATION_DENIED)),
        ("no-credentials", Self::Refusal(NO_CREDENTIALS)),
        ("timed-out", Self::Refusal(USER_ACTION_TIMEOUT)),
        ("pin-invalid", Self::Refusal(PIN_INVALID)),
        ("uv-invalid", Self::Refusal(UV_INVALID)),
        ("twice", Self::Twice),
        ("stale", Self::Stale),
        ("unplug", Self::Unplug),
    ];

    /// The kinds that take any number, with what stands before `-0xNN` on a command line.
    const NUMBERED: [Numbered; 3] = [
        ("refusal", Self::Refusal),
        ("hid-error", Self::HidError),
        ("until-replugged", Self::UntilReplugged),
    ];

    /// The name on a command line; that of a corruption is the corruption's, and one with a number is named without it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Corrupt(corruption) => corruption.name(),
            Self::HidError(_) => "hid-error",
            Self::UntilReplugged(_) => "until-replugged",
            _ => Self::NAMED.iter().find(|(_, how)| *how == self).map_or("another refusal", |(name, _)| name),
        }
    }

    /// Whether the key does not even begin to work on the request.
    pub(crate) fn refuses_to_work(self) -> bool {
        matches!(
            self,
            Self::Mute
                | Self::Keepalives
                | Self::KeepalivesForTouch
                | Self::Flood
                | Self::Busy
                | Self::InvalidChannel
                | Self::OtherError
                | Self::HidError(_)
                | Self::UntilReplugged(_)
                | Self::Refusal(_)
                | Self::Unplug
        )
    }

    /// What goes over the wire in place of `reply`; `before` is the reply to the request before this one.
    pub(crate) fn instead_of(self, reply: &Message, before: Option<&[u8]>) -> ReportStream {
        let send = |message: &Message| at_once(message.split());
        let with = |payload: Vec<u8>| send(&Message { payload, ..reply.clone() });
        // U2F has its status at the end.
        let u2f = reply.command == MSG;
        let success = |content: &[u8]| {
            with(if u2f { [content, &[0x90, 0x00]].concat() } else { [&[0], content].concat() })
        };
        let error = |code: u8| send(&Message { command: ERROR, payload: vec![code], ..reply.clone() });
        let mut long = reply.clone();
        long.payload.resize(MAX_PAYLOAD, 0);
        match self {
            Self::Mute | Self::Unplug => at_once(vec![]),
            Self::Keepalives => for_ever(KEEPALIVE_PERIOD, keepalive(reply, PROCESSING)),
            Self::KeepalivesForTouch => for_ever(KEEPALIVE_PERIOD, keepalive(reply, UP_NEEDED)),
            Self::Flood => for_ever(USB_FRAME, keepalive(reply, PROCESSING)),
            Self::Drip => Box::new(long.split().into_iter().map(|report| (DRIP, report))),
            Self::ForeignChannel => {
                send(&Message { channel: reply.channel.map(|byte| byte ^ 0x5a), ..reply.clone() })
            }
            Self::WrongSequence => {
                let mut reports = long.split();
                reports.swap(1, 2);
                at_once(reports)
            }
            Self::Headless => at_once(long.split().split_off(1)),
            Self::Oversized => {
                let mut reports = reply.split();
                reports[0][5..7].copy_from_slice(&[0xff, 0xff]);
                at_once(reports)
            }
            Self::Padded => send(&long),
            Self::Truncated => at_once(long.split()[..1].to_vec()),
            Self::CutShort => with(reply.payload[..reply.payload.len() / 2].to_vec()),
            Self::Empty => with(vec![]),
            Self::Bare => success(&[]),
            Self::Garbage => success(&[0xff; 300]),
            Self::Nested => success(&[0x81; 6000]),
            Self::Countless => success(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            Self::OtherCommand => send(&Message { command: PING, ..reply.clone() }),
            Self::Busy => error(ERR_CHANNEL_BUSY),
            Self::InvalidChannel => error(ERR_INVALID_CHANNEL),
            Self::OtherError => error(ERR_OTHER),
            Self::HidError(code) | Self::UntilReplugged(code) => error(code),
            Self::Refusal(status) if u2f => with(status_word(status).to_vec()),
            Self::Refusal(status) => with(vec![status]),
            Self::Twice => at_once([reply.split(), reply.split()].concat()),
            Self::Stale => before.map_or_else(|| at_once(vec![]), |before| with(before.to_vec())),
            Self::Corrupt(_) => send(reply),
        }
    }
}

impl FromStr for Misbehaviour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, how)) = Self::NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*how);
        }
        let numbered = Self::NUMBERED.iter().find_map(|(prefix, with)| {
            let digits = text.strip_prefix(prefix)?.strip_prefix("-0x")?;
            (digits.len() == 2).then(|| hexadecimal(digits)?.try_into().ok().map(with)).flatten()
        });
        if let Some(how) = numbered {
            return Ok(how);
        }
        text.parse().map(Self::Corrupt).map_err(|_| {
            let names: Vec<&str> = Self::NAMED.iter().map(|(name, _)| *name).collect();
            let numbered: Vec<String> =
                Self::NUMBERED.iter().map(|(prefix, _)| format!("{prefix}-0xNN")).collect();
            format!(
                "no such misbehaviour: {text} ({}, {}, or a corruption)",
                names.join(", "),
                numbered.join(", ")
            )
        })
    }
}

/// Reads a number without sign or prefix.
pub(crate) fn hexadecimal(digits: &str) -> Option<u16> {
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    all.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

/// FIDO U2F Raw Message Formats §3.3.
pub(crate) fn status_word(status: u8) -> [u8; 2] {
    match status {
        NO_CREDENTIALS => [0x6a, 0x80],
        USER_ACTION_TIMEOUT => [0x69, 0x85],
        other => [other, 0x00],
    }
}

fn keepalive(reply: &Message, status: u8) -> Report {
    Message { channel: reply.channel, command: KEEPALIVE, payload: vec![status] }.split()[0]
}

fn at_once(reports: Vec<Report>) -> ReportStream {
    Box::new(reports.into_iter().map(|report| (Duration::ZERO, report)))
}

fn for_ever(period: Duration, report: Report) -> ReportStream {
    Box::new(iter::repeat((period, report)))
}

/// A message that is no reply to anything, for a request that the key does not even begin to work on.
pub(crate) fn no_reply(channel: [u8; 4]) -> Message {
    Message { channel, command: CBOR, payload: vec![] }
}
