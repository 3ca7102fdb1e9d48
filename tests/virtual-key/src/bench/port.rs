//! A USB port, the wire, and whatever key is at its end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::PortError;
use super::session::Session;
use crate::counts::Tally;
use crate::hand::Hand;
use crate::key::{Shared, Wake};
use crate::{Behaviour, Counts, KeyConfig, Report, Touch};

/// Reports that Linux keeps of a hidraw device until they are read.
const KERNEL_QUEUE: usize = 63;

type Wire = Box<dyn FnMut(Duration, Report) -> Vec<(Duration, Report)> + Send>;

pub(super) struct Port {
    pub(super) name: String,
    pub(super) latency: Duration,
    /// Reports until the key is pulled out.
    pub(super) fuse: Option<usize>,
    /// Writes until one fails.
    pub(super) stall: Option<usize>,
    pub(super) wire: Option<Wire>,
    occupant: Occupant,
    plugged: bool,
    pluggings: u32,
    open: bool,
    to_key: Lane,
    /// Reports of scripted keys and tampered wires that are still to be sent.
    unsent: Vec<(Duration, Report)>,
    to_host: Lane,
}

enum Occupant {
    OpenSk { body: Arc<Shared>, session: Option<Session> },
    Scripted { behaviour: Box<dyn Behaviour>, tally: Tally, hand: Hand, wanted_since: Option<Duration> },
}

/// Reports on their way in one direction, one after the other.
#[derive(Default)]
struct Lane {
    reports: VecDeque<(Duration, Report)>,
    free_at: Duration,
}

impl Lane {
    fn push(&mut self, now: Duration, latency: Duration, report: Report) {
        self.free_at = self.free_at.max(now) + latency;
        self.reports.push_back((self.free_at, report));
    }

    fn arrival(&self) -> Option<Duration> {
        self.reports.front().map(|(arrival, _)| *arrival)
    }

    fn pop(&mut self, now: Duration) -> Option<Report> {
        if self.arrival()? > now {
            return None;
        }
        self.reports.pop_front().map(|(_, report)| report)
    }

    /// Loses what has come while nothing was read and there was no room for it. What a key sends in one go is read as it comes.
    fn overflow(&mut self, now: Duration) {
        let has_come = self.reports.iter().take_while(|(arrival, _)| *arrival <= now).count();
        let in_one_go =
            self.reports.iter().take_while(|(arrival, _)| Some(*arrival) == self.arrival()).count();
        let kept = KERNEL_QUEUE.max(in_one_go);
        if has_come > kept {
            self.reports.drain(kept..has_come);
        }
    }

    fn clear(&mut self) {
        self.reports.clear();
    }
}

impl Port {
    pub(super) fn opensk(config: KeyConfig) -> Self {
        let (name, latency) = (config.name.clone(), config.latency);
        Self::new(name, latency, Occupant::OpenSk { body: Arc::new(Shared::new(config)), session: None })
    }

    pub(super) fn scripted(name: &str, behaviour: Box<dyn Behaviour>) -> Self {
        let (tally, hand) = (Tally::default(), Hand::default());
        let occupant = Occupant::Scripted { behaviour, tally, hand, wanted_since: None };
        Self::new(name.to_owned(), Duration::ZERO, occupant)
    }

    fn new(name: String, latency: Duration, occupant: Occupant) -> Self {
        Self {
            name,
            latency,
            fuse: None,
            stall: None,
            wire: None,
            occupant,
            plugged: false,
            pluggings: 0,
            open: false,
            to_key: Lane::default(),
            unsent: Vec::new(),
            to_host: Lane::default(),
        }
    }

    // Plugging

    pub(super) fn plug(&mut self, now: Duration) -> bool {
        if self.plugged {
            return false;
        }
        self.plugged = true;
        self.pluggings += 1;
        // Touches planned for the time without power are over.
        self.with_hand(|hand| hand.spend(now, None));
        match &mut self.occupant {
            Occupant::OpenSk { body, session } => *session = Some(Session::start(now, Arc::clone(body))),
            Occupant::Scripted { behaviour, .. } => {
                let reports = behaviour.on_plug(now);
                self.delay(now, reports);
            }
        }
        true
    }

    pub(super) fn unplug(&mut self, now: Duration) -> bool {
        if !self.plugged {
            return false;
        }
        self.close();
        self.plugged = false;
        (self.fuse, self.stall) = (None, None);
        self.to_key.clear();
        self.unsent.clear();
        match &mut self.occupant {
            Occupant::OpenSk { session, .. } => *session = None,
            Occupant::Scripted { behaviour, tally, wanted_since, .. } => {
                behaviour.on_unplug(now);
                tally.power_off();
                *wanted_since = None;
            }
        }
        true
    }

    pub(super) fn plugging(&self) -> Option<u32> {
        self.plugged.then_some(self.pluggings)
    }

    // The host's side

    pub(super) fn open(&mut self) -> Result<(), PortError> {
        if !self.plugged {
            return Err(PortError::Unplugged);
        }
        if !self.open {
            self.open = true;
            self.with_tally(|tally| tally.counts.opens += 1);
        }
        Ok(())
    }

    pub(super) fn close(&mut self) {
        if self.open {
            self.open = false;
            self.to_host.clear();
            self.with_tally(|tally| tally.counts.closes += 1);
        }
    }

    fn usable(&self) -> Result<(), PortError> {
        match (self.plugged, self.open) {
            (false, _) => Err(PortError::Unplugged),
            (true, false) => Err(PortError::NotOpen),
            (true, true) => Ok(()),
        }
    }

    pub(super) fn write(&mut self, now: Duration, report: &Report) -> Result<(), PortError> {
        self.usable()?;
        self.stall = self.stall.map(|writes| writes.saturating_sub(1));
        if self.stall == Some(0) {
            self.stall = None;
            return Err(PortError::Stalled);
        }
        self.with_tally(|tally| tally.report_in(report));
        self.to_key.push(now, self.latency, *report);
        Ok(())
    }

    pub(super) fn read(&mut self, now: Duration) -> Result<Option<Report>, PortError> {
        self.usable()?;
        self.to_host.overflow(now);
        Ok(self.to_host.pop(now))
    }

    pub(super) fn readable(&self, now: Duration) -> bool {
        self.to_host.arrival().is_some_and(|arrival| arrival <= now)
    }

    // The key's side

    /// When this port next has something to do or to show.
    pub(super) fn next_event(&self, now: Duration) -> Option<Duration> {
        if !self.plugged {
            return None;
        }
        // What can be read already is no event to come.
        let to_host = self.to_host.arrival().filter(|arrival| *arrival > now);
        [to_host, self.to_key.arrival(), self.next_unsent(), self.next_touch(), self.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Do the first of what is due.
    pub(super) fn step(&mut self, now: Duration) -> bool {
        let due = |time: Option<Duration>| time.is_some_and(|time| time <= now);
        if !self.plugged {
            false
        } else if due(self.next_unsent()) {
            let (_, report) = self.unsent.remove(0);
            self.put_on_wire(now, report);
            true
        } else if let Some(report) = self.to_key.pop(now) {
            self.wake(now, Wake::Report(report));
            true
        } else if due(self.next_touch()) {
            let wanted_since = self.wanted_since();
            self.with_hand(|hand| hand.spend(now, wanted_since));
            self.touch(now, Touch::Owner);
            true
        } else if due(self.deadline()) {
            self.wake(now, Wake::Deadline);
            true
        } else {
            false
        }
    }

    pub(super) fn touch(&mut self, now: Duration, touch: Touch) -> bool {
        let wanted = self.blinking();
        if self.plugged {
            self.wake(now, Wake::Touch(touch));
        }
        wanted
    }

    fn wake(&mut self, now: Duration, wake: Wake) {
        match &mut self.occupant {
            Occupant::OpenSk { session: Some(session), .. } => {
                for report in session.wake(now, wake) {
                    self.tampered(now, report);
                }
            }
            Occupant::Scripted { behaviour, wanted_since, .. } => {
                let reports = match wake {
                    Wake::Report(report) => behaviour.on_report(now, &report),
                    Wake::Touch(touch) => behaviour.on_touch(now, touch),
                    Wake::Deadline => behaviour.on_wake(now),
                    Wake::Unplugged => Vec::new(),
                };
                *wanted_since = behaviour.blinking().then(|| wanted_since.unwrap_or(now));
                self.delay(now, reports);
            }
            Occupant::OpenSk { session: None, .. } => {}
        }
    }

    fn tampered(&mut self, now: Duration, report: Report) {
        match &mut self.wire {
            None => self.put_on_wire(now, report),
            Some(wire) => {
                let reports = wire(now, report);
                self.delay(now, reports);
            }
        }
    }

    fn delay(&mut self, now: Duration, reports: Vec<(Duration, Report)>) {
        self.unsent.extend(reports.into_iter().map(|(delay, report)| (now + delay, report)));
        // Stable: what is due at the same time goes in the order in which it was handed over.
        self.unsent.sort_by_key(|(time, _)| *time);
    }

    fn put_on_wire(&mut self, now: Duration, report: Report) {
        self.with_tally(|tally| tally.report_out(&report));
        // Nobody keeps reports of a device that is not open.
        if self.open {
            self.to_host.push(now, self.latency, report);
        }
    }

    fn next_unsent(&self) -> Option<Duration> {
        self.unsent.first().map(|(time, _)| *time)
    }

    fn next_touch(&self) -> Option<Duration> {
        match &self.occupant {
            Occupant::OpenSk { body, .. } => {
                let body = body.lock();
                body.hand.due(body.wanted_since)
            }
            Occupant::Scripted { hand, wanted_since, .. } => hand.due(*wanted_since),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        match &self.occupant {
            Occupant::OpenSk { session, .. } => session.as_ref()?.deadline,
            Occupant::Scripted { behaviour, .. } => behaviour.wakes_at(),
        }
    }

    /// Whether the key has itself pulled out.
    pub(super) fn pulled_out(&self) -> bool {
        matches!(&self.occupant, Occupant::OpenSk { session: Some(session), .. } if session.pulled_out)
    }

    // Looking at it

    fn wanted_since(&self) -> Option<Duration> {
        match &self.occupant {
            Occupant::OpenSk { body, .. } => body.lock().wanted_since,
            Occupant::Scripted { wanted_since, .. } => *wanted_since,
        }
    }

    pub(super) fn blinking(&self) -> bool {
        self.wanted_since().is_some()
    }

    pub(super) fn counts(&self) -> Counts {
        match &self.occupant {
            Occupant::OpenSk { body, .. } => body.lock().tally.counts.clone(),
            Occupant::Scripted { tally, .. } => tally.counts.clone(),
        }
    }

    pub(super) fn with_tally(&mut self, change: impl FnOnce(&mut Tally)) {
        match &mut self.occupant {
            Occupant::OpenSk { body, .. } => change(&mut body.lock().tally),
            Occupant::Scripted { tally, .. } => change(tally),
        }
    }

    pub(super) fn with_hand(&mut self, change: impl FnOnce(&mut Hand)) {
        match &mut self.occupant {
            Occupant::OpenSk { body, .. } => change(&mut body.lock().hand),
            Occupant::Scripted { hand, .. } => change(hand),
        }
    }

    pub(super) fn opensk_body(&self) -> &Arc<Shared> {
        match &self.occupant {
            Occupant::OpenSk { body, .. } => body,
            Occupant::Scripted { .. } => panic!("{} is a scripted key: it has no memory", self.name),
        }
    }
}
