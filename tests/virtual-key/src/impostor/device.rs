//! The device itself: channels, transactions, waiting.

use std::time::Duration;

use sk_cbor::Value;

use super::assembly::{Assembly, Heard};
use super::record::{Record, Requested};
use super::{Answer, ImpostorConfig, Keepalive, reply};
use crate::message::{
    CANCEL, CBOR, ERR_CHANNEL_BUSY, ERR_INVALID_CHANNEL, ERR_INVALID_CMD, ERR_INVALID_LEN, INIT, KEEPALIVE,
    KEEPALIVE_PERIOD, MSG, Message, PING, PROCESSING, UP_NEEDED, WINK,
};
use crate::{Asked, Behaviour, Report, Touch};

const BROADCAST: [u8; 4] = [0xff; 4];

/// Capability flags (CTAP 2.1 §11.2.9.1.3).
const CAPABILITY_WINK: u8 = 0x01;
const CAPABILITY_CBOR: u8 = 0x04;
const CAPABILITY_NMSG: u8 = 0x08;

const INVALID_COMMAND: u8 = 0x01;
const KEEPALIVE_CANCEL: u8 = 0x2d;
/// Status words (FIDO U2F Raw Message Formats §3.3).
const CONDITIONS_NOT_SATISFIED: u16 = 0x6985;
const INS_NOT_SUPPORTED: u16 = 0x6d00;
const U2F_VERSION: u8 = 0x03;

/// How long it remembers that a U2F request wanted a touch, and that there was one.
const U2F_MEMORY: Duration = Duration::from_secs(10);

/// A device that was never enrolled and lies. It speaks clean CTAPHID and answers as its [`ImpostorConfig`] says.
pub struct Impostor {
    config: ImpostorConfig,
    record: Record,
    /// Channels 1 to this one have been given out.
    channels: u32,
    assembly: Assembly,
    pending: Option<Pending>,
    u2f: U2fTouch,
    signatures: u32,
}

/// A request whose answer is to come.
struct Pending {
    request: Message,
    keepalive: Keepalive,
    keepalive_at: Duration,
    /// None: when it is touched.
    answer_at: Option<Duration>,
    answer: Answer,
}

/// U2F does not wait for the person; the host asks again and again.
#[derive(Clone, Copy)]
enum U2fTouch {
    NotAsked,
    WantedUntil(Duration),
    TouchedUntil(Duration),
}

type Reports = Vec<(Duration, Report)>;

impl Impostor {
    /// Not yet plugged in.
    pub fn new(config: ImpostorConfig) -> Self {
        Self {
            config,
            record: Record::default(),
            channels: 0,
            assembly: Assembly::default(),
            pending: None,
            u2f: U2fTouch::NotAsked,
            signatures: 0,
        }
    }

    /// A handle on what it is asked.
    pub fn record(&self) -> Record {
        self.record.clone()
    }

    /// A report on a channel, other than one of the transaction under way.
    fn hear(&mut self, now: Duration, report: &Report) -> Vec<Message> {
        let channel = [report[0], report[1], report[2], report[3]];
        let command = (report[4] & 0x80 != 0).then_some(report[4] & 0x7f);
        let error =
            |code| if command == Some(CANCEL) { Vec::new() } else { vec![reply::error(channel, code)] };
        let known = if channel == BROADCAST {
            command == Some(INIT)
        } else {
            (1..=self.channels).contains(&u32::from_be_bytes(channel))
        };
        match (known, command) {
            (false, Some(_)) => return error(ERR_INVALID_CHANNEL),
            (false, None) => return Vec::new(),
            (true, _) => {}
        }
        if let Some(pending) = &self.pending {
            match command {
                Some(_) if pending.request.channel != channel => return error(ERR_CHANNEL_BUSY),
                // INIT on the channel in use drops the request and its reply (CTAP 2.1 §11.2.9.1.3).
                Some(INIT) => self.pending = None,
                Some(CANCEL) => {}
                // Anything else is none of the host's business before it has its reply.
                Some(_) | None => return Vec::new(),
            }
        }
        match self.assembly.report(report, now + self.config.message_timeout) {
            Heard::Nothing => Vec::new(),
            Heard::Error(code) => error(code),
            Heard::Message(message) => self.request(now, message),
        }
    }

    fn request(&mut self, now: Duration, request: Message) -> Vec<Message> {
        let asked = asked(&request);
        self.record.request(now, asked.map_or_else(|| requested(&request), Requested::Asked));
        if request.command == CANCEL {
            return self.cancel();
        }
        let claims = |flag: u8| self.config.capabilities & flag != 0;
        let supported = match request.command {
            CBOR => claims(CAPABILITY_CBOR),
            MSG => !claims(CAPABILITY_NMSG),
            WINK => claims(CAPABILITY_WINK),
            INIT | PING => true,
            _ => false,
        };
        if !supported {
            return vec![reply::error(request.channel, ERR_INVALID_CMD)];
        }
        let configured = match request.command {
            PING | WINK => None,
            _ => self.config.answer_to(asked).cloned(),
        };
        match (configured, request.command) {
            (Some(answer), _) => self.answer(now, request, answer),
            (None, PING) => vec![request],
            (None, WINK) => vec![Message { payload: Vec::new(), ..request }],
            (None, INIT) => vec![self.init(&request)],
            (None, CBOR) if asked == Some(Asked::Info) => vec![reply::info(&self.config.info, &request)],
            (None, MSG) if request.payload.get(1) == Some(&U2F_VERSION) => {
                self.answer(now, request, Answer::Success(b"U2F_V2".to_vec()))
            }
            (None, MSG) if asked.is_none() => {
                self.answer(now, request, Answer::StatusWord(INS_NOT_SUPPORTED))
            }
            (None, _) => {
                let answer = asked.and_then(Answer::unconfigured).unwrap_or(Answer::Status(INVALID_COMMAND));
                self.answer(now, request, answer)
            }
        }
    }

    /// The reply to INIT: nonce, channel, CTAPHID version 2, device version 1.0.0, capabilities (CTAP 2.1 §11.2.9.1.3).
    fn init(&mut self, request: &Message) -> Message {
        if request.payload.len() != 8 {
            return reply::error(request.channel, ERR_INVALID_LEN);
        }
        let channel = if request.channel == BROADCAST {
            self.channels += 1;
            self.channels.to_be_bytes()
        } else {
            request.channel
        };
        let payload = [&request.payload[..], &channel, &[2, 1, 0, 0, self.config.capabilities]].concat();
        Message { payload, ..request.clone() }
    }

    fn cancel(&mut self) -> Vec<Message> {
        let waits = |pending: &mut Pending| pending.keepalive == Keepalive::UpNeeded;
        let cancelled = self.pending.take_if(waits);
        cancelled
            .map(|pending| Message { payload: vec![KEEPALIVE_CANCEL], ..pending.request })
            .into_iter()
            .collect()
    }

    /// Answers, or begins to wait.
    fn answer(&mut self, now: Duration, request: Message, answer: Answer) -> Vec<Message> {
        let (keepalive, answer_at, then) = match answer {
            Answer::OnTouch(then) if request.command == MSG => return self.answer_u2f(now, request, *then),
            Answer::OnTouch(then) => (Keepalive::UpNeeded, None, *then),
            Answer::After { time, keepalive, then } => (keepalive, Some(now + time), *then),
            answer => {
                if matches!(answer, Answer::SignsNonsense | Answer::SignsNonsenseUnnamed) {
                    self.signatures += 1;
                }
                return reply::reply(&answer, &request, self.signatures).into_iter().collect();
            }
        };
        let keepalive_at = now + KEEPALIVE_PERIOD;
        self.pending = Some(Pending { request, keepalive, keepalive_at, answer_at, answer: then });
        Vec::new()
    }

    fn answer_u2f(&mut self, now: Duration, request: Message, then: Answer) -> Vec<Message> {
        if matches!(self.u2f, U2fTouch::TouchedUntil(end) if now < end) {
            self.u2f = U2fTouch::NotAsked;
            return self.answer(now, request, then);
        }
        self.u2f = U2fTouch::WantedUntil(now + U2F_MEMORY);
        self.answer(now, request, Answer::StatusWord(CONDITIONS_NOT_SATISFIED))
    }

    fn touched(&mut self, now: Duration) -> Vec<Message> {
        if !self.blinking() {
            return Vec::new();
        }
        self.record.touch(now);
        if let U2fTouch::WantedUntil(_) = self.u2f {
            self.u2f = U2fTouch::TouchedUntil(now + U2F_MEMORY);
        }
        // A wait of a set length pays no heed to the person.
        match self.pending.take_if(|pending| pending.answer_at.is_none()) {
            Some(pending) => self.answer(now, pending.request, pending.answer),
            None => Vec::new(),
        }
    }

    /// What is due.
    fn due(&mut self, now: Duration) -> Vec<Message> {
        let late = self.assembly.give_up(now);
        let mut messages: Vec<Message> =
            late.map(|(channel, code)| reply::error(channel, code)).into_iter().collect();
        if let U2fTouch::WantedUntil(end) | U2fTouch::TouchedUntil(end) = self.u2f
            && end <= now
        {
            self.u2f = U2fTouch::NotAsked;
        }
        if let Some(pending) = self.pending.take_if(|pending| pending.answer_at.is_some_and(|at| at <= now)) {
            messages.extend(self.answer(now, pending.request, pending.answer));
        }
        if let Some(pending) = &mut self.pending
            && pending.keepalive_at <= now
        {
            pending.keepalive_at += KEEPALIVE_PERIOD;
            let status = match pending.keepalive {
                Keepalive::Processing => PROCESSING,
                Keepalive::UpNeeded => UP_NEEDED,
            };
            let channel = pending.request.channel;
            messages.push(Message { channel, command: KEEPALIVE, payload: vec![status] });
        }
        messages
    }

    fn say(&self, now: Duration, messages: &[Message]) -> Reports {
        self.record.blinking(now, self.blinking());
        messages.iter().flat_map(Message::split).map(|report| (Duration::ZERO, report)).collect()
    }
}

impl Behaviour for Impostor {
    fn on_report(&mut self, now: Duration, report: &Report) -> Reports {
        let messages = self.hear(now, report);
        self.say(now, &messages)
    }

    fn on_touch(&mut self, now: Duration, _touch: Touch) -> Reports {
        let messages = self.touched(now);
        self.say(now, &messages)
    }

    fn on_unplug(&mut self, now: Duration) {
        self.channels = 0;
        self.assembly = Assembly::default();
        self.pending = None;
        self.u2f = U2fTouch::NotAsked;
        self.record.blinking(now, false);
    }

    fn wakes_at(&self) -> Option<Duration> {
        let u2f = match self.u2f {
            U2fTouch::NotAsked => None,
            U2fTouch::WantedUntil(end) | U2fTouch::TouchedUntil(end) => Some(end),
        };
        let pending = self.pending.as_ref();
        let keepalive_at = pending.map(|pending| pending.keepalive_at);
        let answer_at = pending.and_then(|pending| pending.answer_at);
        [u2f, keepalive_at, answer_at, self.assembly.deadline()].into_iter().flatten().min()
    }

    fn on_wake(&mut self, now: Duration) -> Reports {
        let messages = self.due(now);
        self.say(now, &messages)
    }

    fn blinking(&self) -> bool {
        let waits = self.pending.as_ref().is_some_and(|pending| pending.keepalive == Keepalive::UpNeeded);
        waits || matches!(self.u2f, U2fTouch::WantedUntil(_))
    }
}

fn asked(request: &Message) -> Option<Asked> {
    match request.command {
        INIT => Some(Asked::Init),
        CBOR => Asked::of(&request.payload),
        MSG => Asked::of_u2f(&request.payload),
        _ => None,
    }
}

/// What a request asks that has no name of its own.
fn requested(request: &Message) -> Requested {
    let byte = |index: usize| request.payload.get(index).copied().unwrap_or_default();
    match request.command {
        CBOR => {
            let subcommand = reply::field(&reply::parameters(&request.payload), 0x02);
            Requested::Cbor { command: byte(0), subcommand: subcommand.and_then(Value::extract_unsigned) }
        }
        MSG => Requested::U2f(byte(1)),
        command => Requested::Hid(command),
    }
}
