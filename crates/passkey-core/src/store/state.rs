//! What changes with every sign-in: counters, last use, failures, and which services were signed in to.

use jiff::Timestamp;

use super::document::{
    self, CREDENTIAL, EntryError, Fields, FormatError, Seen, SkippedEntry, write_line, write_text,
};
use crate::{credential::CredentialId, time, toml_text::quoted};

/// The key of the sign-ins in the head of the file.
const SIGN_INS: &str = "sign_ins";
/// The most services whose last sign-in is kept; the longest ago goes first.
const MAX_SIGN_INS: usize = 16;
/// The longest name of a service that is kept, in bytes.
const MAX_SERVICE_LEN: usize = 128;

/// The state of one user's passkeys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// One of each; they are too few for a search to take time.
    credentials: Vec<(CredentialId, CredentialState)>,
    skipped: Vec<SkippedEntry>,
    /// One of each service, the longest ago first.
    sign_ins: Vec<ServiceSignIn>,
}

/// The last sign-in to a service with one of the user's passkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSignIn {
    /// The PAM service.
    pub service: String,
    /// The process that called the module.
    pub pid: u32,
    /// When it was recorded, as precisely as the clock goes.
    pub time: Timestamp,
}

/// The state of one passkey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialState {
    /// The highest signature counter seen; `None` where none was ever seen.
    pub sign_count: Option<u32>,
    /// The last sign-in.
    pub last_used: Option<Timestamp>,
    /// Failures since then.
    pub failures: u32,
    /// The last of them.
    pub last_failure: Option<Timestamp>,
}

impl State {
    /// What is known of a passkey.
    pub fn credential(&self, id: &CredentialId) -> Option<&CredentialState> {
        self.credentials.iter().find(|(known, _)| known == id).map(|(_, state)| state)
    }

    /// The counter to compare with (WebAuthn Level 3, section 7.2, step 22).
    pub fn sign_count(&self, id: &CredentialId) -> Option<u32> {
        self.credential(id).and_then(|state| state.sign_count)
    }

    /// Whether the counter of a passkey may be among the entries that were not understood, so that it is not known whether one
    /// is stored.
    pub(super) fn may_have_lost(&self, id: &CredentialId) -> bool {
        let id_of = |entry: &SkippedEntry| entry.id.as_deref().and_then(CredentialId::from_base64url);
        self.credential(id).is_none()
            && self.skipped.iter().any(|entry| id_of(entry).is_none_or(|known| known == *id))
    }

    /// Entries that were not understood. They are written back as they stood.
    pub fn skipped(&self) -> &[SkippedEntry] {
        &self.skipped
    }

    /// Records where the counter of a new passkey begins.
    pub fn record_enrolment(&mut self, id: &CredentialId, sign_count: u32) {
        self.change(id, |state| {
            *state = CredentialState { sign_count: Some(sign_count), ..CredentialState::default() };
        });
    }

    /// Records a sign-in. The highest counter stays, so that a copy keeps being noticed.
    pub fn record_success(&mut self, id: &CredentialId, sign_count: u32, now: Timestamp) {
        self.change(id, |state| {
            state.sign_count = Some(state.sign_count.map_or(sign_count, |known| known.max(sign_count)));
            state.last_used = Some(now);
            state.failures = 0;
        });
    }

    /// The last sign-in to a service, in whichever passkey's name.
    pub fn sign_in(&self, service: &str) -> Option<&ServiceSignIn> {
        self.sign_ins.iter().find(|known| known.service == service)
    }

    /// The last sign-in to each service, the longest ago first.
    pub fn sign_ins(&self) -> &[ServiceSignIn] {
        &self.sign_ins
    }

    /// Records to which service a sign-in was, in place of the one before.
    pub fn record_service(&mut self, sign_in: ServiceSignIn) {
        if sign_in.service.is_empty() || sign_in.service.len() > MAX_SERVICE_LEN {
            return;
        }
        self.sign_ins.retain(|known| known.service != sign_in.service);
        if self.sign_ins.len() >= MAX_SIGN_INS {
            self.sign_ins.remove(0);
        }
        self.sign_ins.push(sign_in);
    }

    /// Records a failure: a wrong signature, a wrong PIN and the like.
    pub fn record_failure(&mut self, id: &CredentialId, now: Timestamp) {
        self.change(id, |state| {
            state.failures = state.failures.saturating_add(1);
            state.last_failure = Some(now);
        });
    }

    /// Forgets a passkey that was removed.
    pub fn forget(&mut self, id: &CredentialId) {
        self.credentials.retain(|(known, _)| known != id);
    }

    fn change(&mut self, id: &CredentialId, change: impl FnOnce(&mut CredentialState)) {
        if let Some((_, state)) = self.credentials.iter_mut().find(|(known, _)| known == id) {
            change(state);
        } else {
            let mut state = CredentialState::default();
            change(&mut state);
            self.credentials.push((id.clone(), state));
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When the file as a whole is not understood.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let mut ids = Seen::default();
        let (sign_ins, entries, skipped) = document::read(
            text,
            CREDENTIAL,
            |fields| {
                let sign_ins = fields.optional(|fields| fields.texts(SIGN_INS))?.unwrap_or_default();
                // A damaged one proves nothing, and costs nothing.
                Ok(sign_ins.into_iter().filter_map(read_sign_in).collect())
            },
            read_entry,
            |(id, _)| if ids.insert(id.as_bytes()) { Ok(()) } else { Err(EntryError::SameId) },
        )?;
        Ok(Self { credentials: entries, skipped, sign_ins })
    }

    /// The text of the file.
    pub fn encode(&self) -> String {
        let count = self.credentials.len().saturating_add(self.skipped.len());
        let mut text = document::write_head("Kept by pam_passkey with every sign-in.", count);
        if !self.sign_ins.is_empty() {
            text.extend([SIGN_INS, " = [\n"]);
            for ServiceSignIn { service, pid, time } in &self.sign_ins {
                let line = quoted(&format!("{} {pid} {service}", time::format(*time)));
                text.extend(["    ", &line, ",\n"]);
            }
            text.push_str("]\n");
        }
        for (id, state) in &self.credentials {
            document::write_header(&mut text, CREDENTIAL);
            write_text(&mut text, "id", &id.to_base64url());
            if let Some(count) = state.sign_count {
                write_line(&mut text, "sign_count", &count.to_string());
            }
            if let Some(time) = state.last_used {
                write_text(&mut text, "last_used", &time::format(time));
            }
            if let Some(time) = state.last_failure {
                write_text(&mut text, "last_failure", &time::format(time));
            }
            write_line(&mut text, "failures", &state.failures.to_string());
        }
        document::write_skipped(&mut text, &self.skipped);
        text
    }
}

fn read_entry(fields: &mut Fields<'_>) -> Result<(CredentialId, CredentialState), EntryError> {
    let id = fields.parsed("id", CredentialId::from_base64url)?;
    let state = CredentialState {
        sign_count: fields.optional(|fields| fields.number("sign_count"))?,
        last_used: fields.optional(|fields| fields.parsed("last_used", time::parse))?,
        failures: fields.number("failures")?,
        last_failure: fields.optional(|fields| fields.parsed("last_failure", time::parse))?,
    };
    Ok((id, state))
}

/// `TIME PID SERVICE`
fn read_sign_in(text: &str) -> Option<ServiceSignIn> {
    let (time, rest) = text.split_once(' ')?;
    let (pid, service) = rest.split_once(' ')?;
    Some(ServiceSignIn { service: service.to_owned(), pid: pid.parse().ok()?, time: time::parse(time)? })
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
