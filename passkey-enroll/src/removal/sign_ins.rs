//! Which passkey has signed a session in, as far as the record of sign-ins tells.
//!
//! A record has the service and the time; that a passkey was used at that time has its own. Both are written together, so that they are
//! at most a second apart until the passkey is used again. What was found once is kept for as long as the record is the same.

use jiff::{SignedDuration, Timestamp};
use passkey_core::credential::CredentialId;
use passkey_core::store::State;

/// The time of use is to the second, that of the record is not.
const TOGETHER: SignedDuration = SignedDuration::from_secs(1);
/// How long after the passkey the session may begin: other modules may ask for more before.
const BEFORE_SESSION: SignedDuration = SignedDuration::from_mins(2);

/// The last sign-in to a service.
#[derive(Clone, Debug)]
struct SignIn {
    service: String,
    time: Timestamp,
    /// The passkey; several where it can no longer be told which of them it was.
    passkeys: Vec<CredentialId>,
}

/// The last sign-in to each service.
#[derive(Clone, Debug, Default)]
pub(crate) struct SignIns {
    known: Vec<SignIn>,
}

impl SignIns {
    /// Takes in what is on record now of these passkeys. Those of sign-ins that were not known before.
    pub(crate) fn observe(&mut self, state: &State, passkeys: &[CredentialId]) -> Vec<CredentialId> {
        let mut new = Vec::new();
        let last_use = |id: &CredentialId| state.credential(id).and_then(|known| known.last_used);
        let mut known = Vec::new();
        for record in state.sign_ins() {
            let same = |sign_in: &&SignIn| sign_in.service == record.service && sign_in.time == record.time;
            if let Some(same) = self.known.iter().find(same) {
                known.push(same.clone());
                continue;
            }
            let used = |then: &dyn Fn(SignedDuration) -> bool| -> Vec<CredentialId> {
                let is_it = |id: &&CredentialId| {
                    last_use(id).is_some_and(|last_use| then(last_use.duration_since(record.time)))
                };
                passkeys.iter().filter(is_it).cloned().collect()
            };
            let then = used(&|after| after.abs() <= TOGETHER);
            // It has been used since.
            let since = || used(&|after| after >= -TOGETHER);
            let passkeys = if then.is_empty() { since() } else { then };
            new.extend(passkeys.iter().cloned());
            known.push(SignIn { service: record.service.clone(), time: record.time, passkeys });
        }
        self.known = known;
        new
    }

    /// The passkeys that may have signed in or unlocked a session that began at `start` by this service. None where it was not a
    /// passkey. A start that is not known excludes none.
    pub(crate) fn of_session(&self, service: &str, start: Option<Timestamp>) -> &[CredentialId] {
        let belongs = |sign_in: &&SignIn| {
            sign_in.service == service
                && start.is_none_or(|start| sign_in.time.duration_since(start) >= -BEFORE_SESSION)
        };
        self.known.iter().find(belongs).map_or(&[], |sign_in| &sign_in.passkeys)
    }

    /// The passkeys that have signed in within `time` before `now`.
    pub(crate) fn recent(&self, now: Timestamp, time: SignedDuration) -> impl Iterator<Item = &CredentialId> {
        let is_recent = move |sign_in: &&SignIn| {
            let ago = now.duration_since(sign_in.time);
            ago >= SignedDuration::ZERO && ago <= time
        };
        self.known.iter().filter(is_recent).flat_map(|sign_in| &sign_in.passkeys)
    }
}

#[cfg(test)]
#[path = "sign_ins_tests.rs"]
mod tests;
