//! How a key hears requests and answers them: honestly and at once, or as a sabotage says.

use std::time::Duration;

use super::Port;
use super::env::KeyEnv;
use crate::message::{CANCEL, CBOR, INIT, MSG, Message};
use crate::sabotage::{ReportStream, no_reply};
use crate::{Asked, Misbehaviour, Report};

#[derive(Default)]
pub(super) struct Mouth {
    /// The request so far.
    heard: Vec<Report>,
    /// The next report and when it is due, and those after it.
    babble: Option<(Duration, Report, ReportStream)>,
    /// The last reply to a request that was not INIT.
    last: Option<Vec<u8>>,
}

impl Mouth {
    /// Takes a report of a request. Once the request is complete: its reports.
    pub(super) fn hear(&mut self, report: &Report) -> Option<Vec<Report>> {
        if report[4] & 0x80 != 0 {
            self.heard.clear();
            // A key that has lost its mind does not come to it by being asked to stop.
            if report[4] != 0x80 | CANCEL {
                self.babble = None;
            }
        }
        self.heard.push(*report);
        Message::join(&self.heard)?;
        Some(std::mem::take(&mut self.heard))
    }

    /// What a complete request asks, unless it is a CTAP2 request: OpenSK shows those by itself.
    pub(super) fn asked(request: &[Report]) -> Option<Asked> {
        let request = Message::join(request)?;
        match request.command {
            INIT => Some(Asked::Init),
            MSG => Asked::of_u2f(&request.payload),
            _ => None,
        }
    }

    /// Answers with `reply`, or as the sabotage says. No reports: the request is not complete yet.
    pub(super) fn say<P: Port>(&mut self, env: &mut KeyEnv<P>, reply: &[Report]) {
        let Some(message) = Message::join(reply) else { return };
        match env.misbehaviour.take() {
            None => reply.iter().for_each(|report| env.transmit(report)),
            Some(Misbehaviour::Unplug) => return env.port.pull_out(),
            Some(how) => {
                let honest = if how.refuses_to_work() && message.command == CBOR {
                    no_reply(message.channel)
                } else {
                    message.clone()
                };
                let babble = how.instead_of(&honest, self.last.as_deref());
                self.plan(env.port.now(), babble);
                self.speak(env);
            }
        }
        if message.command != INIT {
            self.last = Some(message.payload);
        }
    }

    /// When there is something to say without having been asked.
    pub(super) fn speaks_at(&self) -> Option<Duration> {
        self.babble.as_ref().map(|(at, ..)| *at)
    }

    /// Says what is due.
    pub(super) fn speak<P: Port>(&mut self, env: &mut KeyEnv<P>) {
        let now = env.port.now();
        while let Some((at, report, babble)) = self.babble.take() {
            if at > now {
                self.babble = Some((at, report, babble));
                return;
            }
            env.transmit(&report);
            self.plan(at, babble);
        }
    }

    fn plan(&mut self, now: Duration, mut babble: ReportStream) {
        self.babble = babble.next().map(|(delay, report)| (now + delay, report, babble));
    }
}
