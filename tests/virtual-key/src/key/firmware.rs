//! The loop around OpenSK from plugging in to unplugging.

use std::sync::Arc;
use std::time::Duration;

use opensk::{Ctap, Transport};

use super::env::{Ended, KeyEnv};
use super::profile::Lie;
use super::transmit::Mouth;
use super::{Port, Shared, Wake, crypto, profile};
use crate::message::{Message, SHOW};
use crate::{Form, Misbehaviour, Report};

/// How long OpenSK remembers that a U2F request wanted a touch.
const U2F_MEMORY: Duration = Duration::from_secs(10);

/// `CTAP2_ERR_KEEPALIVE_CANCEL`.
const KEEPALIVE_CANCEL: u8 = 0x2d;

/// Be a key until the power goes.
pub(crate) fn run<P: Port>(shared: &Arc<Shared>, port: P) {
    let mut ctap = Ctap::new(KeyEnv::new(port, Arc::clone(shared)));
    let hears_from = ctap.env().port.now() + shared.lock().config.quirks.mute_for;
    let mut transmit = Mouth::default();
    let mut u2f_until = None;
    while !ctap.env().unplugged {
        let deadline = [u2f_until, transmit.speaks_at()].into_iter().flatten().min();
        match ctap.env().port.wait(deadline) {
            Wake::Unplugged => break,
            Wake::Report(_) if ctap.env().port.now() < hears_from => continue,
            Wake::Report(report) => answer(&mut ctap, &mut transmit, report),
            // Granting does nothing unless a U2F request has asked: the touch is lost.
            Wake::Touch(_) => ctap.u2f_grant_user_presence(),
            Wake::Deadline => transmit.speak(ctap.env()),
        }
        // U2F does not wait for the person; the host asks again and again.
        let now = ctap.env().port.now();
        u2f_until = ctap.u2f_needs_user_presence().then(|| now + U2F_MEMORY);
        shared.want_touch(u2f_until.map(|_| now));
    }
    shared.lock().power_off();
    shared.want_touch(None);
}

fn answer<P: Port>(ctap: &mut Ctap<KeyEnv<P>>, transmit: &mut Mouth, report: Report) {
    let mut next = Some(report);
    while let Some(report) = next.take() {
        let env = ctap.env();
        (env.request, env.asked, env.ended) = (None, None, None);
        let request = transmit.hear(&report);
        if let Some(message) = request.as_deref().and_then(Message::join)
            && message.command == SHOW
            && env.shared.lock().config.form == Form::Hybrid
        {
            return transmit.say(env, &Message { payload: profile::shown(), ..message }.split());
        }
        let asked = request.as_deref().and_then(Mouth::asked);
        // A CTAP2 request is computed on, and looked at, when OpenSK shows it.
        if asked.is_some() {
            env.compute(asked);
        }
        let mut body = env.shared.lock();
        env.misbehaviour = asked.and_then(|asked| body.misbehaviour(Some(asked)));
        env.corruption = match env.misbehaviour {
            Some(Misbehaviour::Corrupt(corruption)) => Some(corruption),
            _ => body.corruption,
        };
        let jammed = body.jammed().filter(|_| request.is_some());
        let ignores_up_false = body.config.quirks.ignores_up_false;
        drop(body);
        // For U2F; a CTAP2 request decides anew.
        crypto::bend(env.corruption);
        let packets = if ignores_up_false { env.without_silence(request) } else { vec![report] };
        let mut reply = Vec::new();
        for packet in packets {
            reply = ctap.process_hid_packet(&packet, Transport::MainHid).collect();
        }
        crypto::bend(None);
        let env = ctap.env();
        env.sign();
        match env.ended.take() {
            None => {}
            Some(Ended::Cancelled) => profile::set_status(&mut reply, KEEPALIVE_CANCEL),
            Some(Ended::TimedOut(status)) => profile::set_status(&mut reply, status),
            Some(Ended::Resynchronised(init)) => {
                reply.clear();
                next = Some(init);
            }
        }
        let command = env.request.map(|(_, command)| command);
        let lie = env.corruption.map(|corruption| Lie { corruption, allow_list: &env.allow_list });
        let reply = profile::dress(&env.shared.lock(), lie, command, env.asked, reply);
        env.misbehaviour = env.misbehaviour.or(jammed);
        transmit.say(env, &reply);
    }
}
