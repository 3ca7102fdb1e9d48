//! The sign-in that a greeter's change waits for.
//!
//! That a passkey was verified is the module's to say. It does not cover the lines after the module, and the sign-in is refused if those
//! fail: so what counts is the session that the very process has opened, as logind knows it.
//!
//! It is looked for again and again, and must not keep the change from being taken back in time: the user database, which may wait for another
//! machine, is asked before the change, and logind within a deadline.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use passkey_core::account::{Account, PasswdEntry, UserDatabase, with_same_uid};
use passkey_core::config::Config;
use passkey_core::store::Store;
use serde::{Deserialize, Serialize};

use super::entry::{Entry, EntryState, KeptBy};
use super::sign_ins;
use crate::logind::{self, Opened};
use crate::pam::parse::{Facility, ServiceFiles};

/// How long the session has to stand: one that a later line of its stack refuses is gone at once.
const STANDS: SignedDuration = SignedDuration::from_secs(3);
/// The modules by which logind, or elogind, learns of a session.
const SESSION_MODULES: [&str; 2] = ["pam_systemd.so", "pam_elogind.so"];
/// Where both keep their sessions.
const SESSIONS: &str = "/run/systemd/sessions";

/// An account whose sign-in is waited for: a line of the user database, without the fields that are not needed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwaitedAccount {
    name: String,
    uid: u32,
    gid: u32,
}

impl AwaitedAccount {
    /// The account, and those of the same user id, whose passkeys may count for it.
    pub(crate) fn all(account: &Account, users: &dyn UserDatabase) -> Vec<Self> {
        let others = with_same_uid(users, account).unwrap_or_default();
        let accounts = std::iter::once(account.clone()).chain(others);
        accounts
            .map(|account| Self { name: account.name.clone(), uid: account.uid, gid: account.gid })
            .collect()
    }

    fn account(&self) -> Account {
        let Self { name, uid, gid } = self.clone();
        Account::from_entry(PasswdEntry { name, uid, gid, home: "/".into() })
    }
}

/// Whether a session of this service becomes known: else there is nothing to see, and only a person can say that it has opened.
pub(crate) fn can_be_seen(files: &ServiceFiles, service: &str) -> bool {
    let tells = files
        .stack(service, Facility::Session)
        .is_ok_and(|stack| stack.rules().iter().any(|rule| SESSION_MODULES.contains(&rule.module_name())));
    tells && Path::new(SESSIONS).is_dir()
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Awaited {
    service: String,
    switched: Timestamp,
    accounts: Vec<Account>,
    stores: Vec<Store>,
    /// Processes that have verified a passkey of the account since. The record names only the last one, and an unlocked screen is a sign-in, too.
    hosts: Vec<u32>,
}

impl Awaited {
    /// Whether anything but a confirmation keeps the change.
    pub(super) fn is_awaited(entry: &Entry) -> bool {
        matches!(&entry.state, EntryState::OnTrial { kept_by: KeptBy::SignIn { .. }, .. })
    }

    /// `None` where nothing but a confirmation does.
    pub(super) fn of(entry: &Entry, files: &ServiceFiles, config: &Config) -> Option<Self> {
        let EntryState::OnTrial { kept_by: KeptBy::SignIn { user: _, accounts }, .. } = &entry.state else {
            return None;
        };
        Some(Self {
            service: entry.service.clone(),
            switched: entry.switched,
            accounts: accounts.iter().map(AwaitedAccount::account).collect(),
            // A greeter has to show that it works by itself, not by another service that goes by its file.
            stores: sign_ins::stores(files, &entry.service, config),
            hosts: Vec::new(),
        })
    }

    /// Whether it is for this change.
    pub(super) fn is_for(&self, entry: &Entry) -> bool {
        self.switched == entry.switched
    }

    /// Whether a session has come of it that stands.
    pub(super) fn has_come(&mut self) -> bool {
        self.look(|pid| Path::new("/proc").join(pid.to_string()).is_dir());
        // A source that cannot be asked has no answer.
        !self.hosts.is_empty()
            && logind::opened().is_ok_and(|sessions| self.is_opened(&sessions, Timestamp::now(), parent))
    }

    /// Takes in what is on record by now. A process that has ended has closed its session.
    fn look(&mut self, runs: impl Fn(u32) -> bool) {
        for store in &self.stores {
            for account in &self.accounts {
                // What cannot be read proves nothing.
                let Ok(state) = store.load_state(account) else { continue };
                let sign_in = state.sign_in(&self.service).filter(|sign_in| sign_in.time > self.switched);
                if let Some(pid) = sign_in.map(|sign_in| sign_in.pid)
                    && !self.hosts.contains(&pid)
                {
                    self.hosts.push(pid);
                }
            }
        }
        self.hosts.retain(|pid| runs(*pid));
    }

    /// `parent`: of a process. Some greeters open the session in a process of its own.
    fn is_opened(&self, sessions: &[Opened], now: Timestamp, parent: impl Fn(u32) -> Option<u32>) -> bool {
        sessions.iter().any(|session| {
            let is_host = |pid: u32| self.hosts.contains(&pid);
            let age = session.start.map(|start| now.duration_since(start));
            session.service == self.service
                && self.accounts.iter().any(|account| account.uid == session.uid)
                // A clock that was set back must not have it wait.
                && age.is_some_and(|age| age >= STANDS || age.is_negative())
                && (is_host(session.leader) || parent(session.leader).is_some_and(is_host))
        })
    }
}

/// The parent of a process.
fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

#[cfg(test)]
#[path = "awaited_tests.rs"]
mod tests;
