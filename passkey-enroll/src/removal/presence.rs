//! Which passkeys are at the machine, and for how long one has been away: without devices, clocks or input and output.
//!
//! Times are those of the monotonic clock, which stands still while the machine sleeps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use passkey_core::credential::CredentialId;

/// How long the kernel may take to find the devices again after a resume.
pub(super) const RESUME: Duration = Duration::from_secs(5);

/// One plugged-in device, from plugging in to unplugging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    /// Its folder in sysfs, which no other plugging in has.
    pub(super) sysfs: PathBuf,
    /// Its device node.
    pub(super) node: PathBuf,
    /// How it looks from outside.
    pub(super) looks: Looks,
}

/// How a device looks from outside. Any device can look like any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Looks {
    /// The folder in sysfs of the interface that it is plugged into.
    pub(super) port: PathBuf,
    pub(super) vendor_id: u16,
    pub(super) product_id: u16,
    pub(super) name: String,
}

/// Which passkeys a device holds, as far as it has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holds {
    /// It has signed for them.
    pub(super) proved: Vec<CredentialId>,
    /// It is of the model that made them, and they do not answer without a touch.
    pub(super) claimed: Vec<CredentialId>,
}

/// Whose absence matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Each passkey by itself.
    Each,
    /// All of them together: one is as good as another.
    Any,
}

/// What has been away for longer than the grace period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// This passkey, under [`Scope::Each`].
    Passkey(CredentialId),
    /// Every passkey, under [`Scope::Any`].
    All,
}

/// What is known of a passkey, or of all of them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not seen yet.
    Unseen,
    Present,
    /// It has signed in and was not found since. It counts as gone at this time, unless a device is plugged in that has not shown what it
    /// holds: that may be the one, which its user cannot open.
    Missing(Duration),
    /// Away; it counts as gone at this time.
    Away(Duration),
    Gone,
}

impl State {
    /// When it counts as gone. `counts_missing`: every plugged-in device has shown what it holds.
    fn due(self, counts_missing: bool) -> Option<Duration> {
        match self {
            Self::Away(due) => Some(due),
            Self::Missing(due) => counts_missing.then_some(due),
            Self::Unseen | Self::Present | Self::Gone => None,
        }
    }
}

/// A passkey that has been seen.
#[derive(Clone, Debug)]
struct Passkey {
    id: CredentialId,
    /// The devices that have signed for it.
    proved_by: Vec<PathBuf>,
    /// The device that is taken for its holder by its looks, and whether it is plugged in.
    claimed_by: Option<(Looks, Option<PathBuf>)>,
    state: State,
}

impl Passkey {
    fn is_present(&self) -> bool {
        !self.proved_by.is_empty() || matches!(self.claimed_by, Some((_, Some(_))))
    }

    /// A device that cannot prove what it holds claims to be the one.
    fn claim(&mut self, device: &Device) {
        let is_taken = match &self.claimed_by {
            None => false,
            // The screen is locked: another device may be the holder from now on.
            Some((_, None)) if self.state == State::Gone => false,
            Some((looks, None)) => *looks != device.looks,
            // One beside it could stay when this one goes.
            Some((_, Some(_))) => true,
        };
        if !is_taken {
            self.claimed_by = Some((device.looks.clone(), Some(device.sysfs.clone())));
        }
    }

    fn unplug(&mut self, sysfs: &Path) {
        self.proved_by.retain(|holder| holder != sysfs);
        if let Some((_, holder)) = &mut self.claimed_by
            && holder.as_deref() == Some(sysfs)
        {
            *holder = None;
        }
    }
}

/// The plugged-in devices and the passkeys that they hold.
#[derive(Debug)]
pub(super) struct Presence {
    scope: Scope,
    grace: Duration,
    devices: Vec<(Device, Option<Holds>)>,
    passkeys: Vec<Passkey>,
    /// That of all together.
    all: State,
    /// Until then devices may not have been found again after a resume.
    resuming_until: Duration,
    /// Whether a device was plugged in, when this was last looked at, that had not shown what it holds.
    has_unknown: bool,
}

impl Presence {
    pub(super) fn new(scope: Scope, grace: Duration) -> Self {
        Self {
            scope,
            grace,
            devices: Vec::new(),
            passkeys: Vec::new(),
            all: State::Unseen,
            resuming_until: Duration::ZERO,
            has_unknown: false,
        }
    }

    /// These devices, and no others, are plugged in.
    pub(super) fn plugged(&mut self, listed: Vec<Device>, now: Duration) {
        let is_listed = |known: &Device| listed.iter().any(|device| device.sysfs == known.sysfs);
        for (gone, _) in self.devices.iter().filter(|(known, _)| !is_listed(known)) {
            self.passkeys.iter_mut().for_each(|passkey| passkey.unplug(&gone.sysfs));
        }
        self.devices.retain(|(known, _)| is_listed(known));
        for device in listed {
            if !self.devices.iter().any(|(known, _)| known.sysfs == device.sysfs) {
                self.devices.push((device, None));
            }
        }
        self.settle(now);
    }

    /// A device has shown what it holds. One that has been unplugged meanwhile has shown nothing.
    pub(super) fn told(&mut self, sysfs: &Path, holds: Holds, now: Duration) {
        let Some((device, known)) = self.devices.iter_mut().find(|(known, _)| known.sysfs == sysfs) else {
            return;
        };
        let device = device.clone();
        // Of passkeys that are no longer on file it is not asked again.
        for passkey in self.passkeys.iter_mut().filter(|passkey| !holds.proved.contains(&passkey.id)) {
            passkey.proved_by.retain(|holder| *holder != device.sysfs);
        }
        for id in &holds.proved {
            update(&mut self.passkeys, id, |passkey| {
                if !passkey.proved_by.contains(&device.sysfs) {
                    passkey.proved_by.push(device.sysfs.clone());
                }
            });
        }
        for id in &holds.claimed {
            update(&mut self.passkeys, id, |passkey| passkey.claim(&device));
        }
        *known = Some(holds);
        self.settle(now);
    }

    /// The passkeys on file have changed: every device is to be asked again. What was shown before holds until then.
    pub(super) fn ask_again(&mut self) {
        self.devices.iter_mut().for_each(|(_, holds)| *holds = None);
        self.has_unknown = !self.devices.is_empty();
    }

    /// The machine has slept: what is away may be found again only now.
    pub(super) fn resumed(&mut self, now: Duration) {
        self.resuming_until = now.saturating_add(RESUME.max(self.grace));
        let until = self.resuming_until;
        let states = self.passkeys.iter_mut().map(|passkey| &mut passkey.state).chain([&mut self.all]);
        for state in states {
            if let State::Away(due) | State::Missing(due) = state {
                *due = (*due).max(until);
            }
        }
    }

    /// A passkey has just signed in: it is away if it is found nowhere.
    pub(super) fn signed_in(&mut self, id: &CredentialId, now: Duration) {
        let due = self.due_from(now);
        let missing = |state: &mut State| match state {
            State::Unseen | State::Gone => *state = State::Missing(due),
            State::Present | State::Missing(_) | State::Away(_) => {}
        };
        update(&mut self.passkeys, id, |passkey| missing(&mut passkey.state));
        missing(&mut self.all);
    }

    /// The devices that have not shown what they hold.
    pub(super) fn unasked(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|(_, holds)| holds.is_none()).map(|(device, _)| device)
    }

    /// Every plugged-in device.
    pub(super) fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().map(|(device, _)| device)
    }

    /// Whether what was gone is there again.
    pub(super) fn is_back(&self, gone: &Gone) -> bool {
        match gone {
            Gone::Passkey(id) => self.is_present(id),
            Gone::All => self.passkeys.iter().any(Passkey::is_present),
        }
    }

    /// Whether a plugged-in device holds the passkey.
    pub(super) fn is_present(&self, id: &CredentialId) -> bool {
        self.passkeys.iter().any(|passkey| passkey.id == *id && passkey.is_present())
    }

    /// When the next grace period ends.
    pub(super) fn due(&self) -> Option<Duration> {
        let counts_missing = self.unasked().next().is_none();
        self.counted().filter_map(|state| state.due(counts_missing)).min()
    }

    /// What has been away for longer than the grace period by now, each told once.
    pub(super) fn expire(&mut self, now: Duration) -> Vec<Gone> {
        let counts_missing = self.unasked().next().is_none();
        let is_due = |state: &State| state.due(counts_missing).is_some_and(|due| due <= now);
        let mut gone = Vec::new();
        for passkey in &mut self.passkeys {
            if is_due(&passkey.state) {
                passkey.state = State::Gone;
                if self.scope == Scope::Each {
                    gone.push(Gone::Passkey(passkey.id.clone()));
                }
            }
        }
        if is_due(&self.all) {
            self.all = State::Gone;
            if self.scope == Scope::Any {
                gone.push(Gone::All);
            }
        }
        gone
    }

    /// The states that the scope goes by.
    fn counted(&self) -> impl Iterator<Item = State> {
        let each = self.passkeys.iter().map(|passkey| passkey.state);
        let all = std::iter::once(self.all);
        each.filter(|_| self.scope == Scope::Each).chain(all.filter(|_| self.scope == Scope::Any))
    }

    /// When what goes away now counts as gone.
    fn due_from(&self, now: Duration) -> Duration {
        let due = now.saturating_add(self.grace);
        if now < self.resuming_until { due.max(self.resuming_until) } else { due }
    }

    fn settle(&mut self, now: Duration) {
        let due = self.due_from(now);
        let before = self.has_unknown;
        self.has_unknown = self.devices.iter().any(|(_, holds)| holds.is_none());
        let is_held_back = before || self.has_unknown;
        let next = |state, is_present| match (state, is_present) {
            (_, true) => State::Present,
            (State::Present, false) => State::Away(due),
            // Its grace period begins when the last device that may be the one goes, or turns out to be another.
            (State::Missing(at), false) if is_held_back => State::Missing(at.max(due)),
            (State::Unseen | State::Missing(_) | State::Away(_) | State::Gone, false) => state,
        };
        for passkey in &mut self.passkeys {
            passkey.state = next(passkey.state, passkey.is_present());
        }
        self.all = next(self.all, self.passkeys.iter().any(Passkey::is_present));
    }
}

/// Does something to the passkey, which is added where it is new.
fn update(passkeys: &mut Vec<Passkey>, id: &CredentialId, change: impl FnOnce(&mut Passkey)) {
    if let Some(known) = passkeys.iter_mut().find(|passkey| passkey.id == *id) {
        change(known);
        return;
    }
    let mut new = Passkey { id: id.clone(), proved_by: Vec::new(), claimed_by: None, state: State::Unseen };
    change(&mut new);
    passkeys.push(new);
}

#[cfg(test)]
#[path = "presence_tests.rs"]
mod tests;
