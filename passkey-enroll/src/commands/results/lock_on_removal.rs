//! Results of `lock-on-removal …`: their shapes in JSON, and how a person reads them.

use serde::Serialize;

use crate::report::Human;
use crate::report::paint::Paint;
use crate::report::table::Facts;

/// `lock-on-removal on` and `off`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Switched {
    /// Null: for every user.
    pub(crate) user: Option<String>,
    pub(crate) on: bool,
    pub(crate) grace_seconds: Option<u16>,
    pub(crate) any_key: Option<bool>,
}

/// `lock-on-removal status`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) user: String,
    pub(crate) on: On,
    pub(crate) running: bool,
    pub(crate) grace_seconds: u16,
    pub(crate) any_key: bool,
    /// What the watcher says; null where it does not run.
    pub(crate) watcher: Option<String>,
    /// The user's sessions at this machine.
    pub(crate) sessions: Vec<WatchedSession>,
    /// Programs of the user that lock a session when logind asks for it.
    pub(crate) lockers: Vec<String>,
}

/// For whom it is on.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct On {
    pub(crate) user: bool,
    pub(crate) machine: bool,
}

/// A session that can be locked.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WatchedSession {
    pub(crate) id: String,
    pub(crate) service: String,
    /// The passkeys that keep it open; empty where a password alone has signed in to it.
    pub(crate) passkeys: Vec<String>,
}

impl Human for Switched {
    fn human(&self, paint: Paint) -> String {
        let whose = match &self.user {
            None => "Every user's session".to_owned(),
            Some(user) => format!("The session of {user}"),
        };
        let becomes = match (self.on, self.grace_seconds) {
            (false, _) => "is no longer locked when a security key is pulled out".to_owned(),
            (true, None | Some(0)) => "is locked as soon as the security key is pulled out".to_owned(),
            (true, Some(1)) => "is locked 1 second after the security key was pulled out".to_owned(),
            (true, Some(seconds)) => {
                format!("is locked {seconds} seconds after the security key was pulled out")
            }
        };
        format!("{} {} {becomes}.\n", paint.success("✓"), passkey_core::escape::Escaped::text(&whose))
    }
}

impl Human for Status {
    fn human(&self, paint: Paint) -> String {
        let mut facts = Facts::default();
        let on = match (self.on.user, self.on.machine) {
            (true, _) => "on",
            (false, true) => "on, for every user of this machine",
            (false, false) => "off",
        };
        facts.add("Lock on removal", on);
        facts.add("Watcher", if self.running { "running" } else { "not running" });
        facts.add("Grace period", format!("{} s", self.grace_seconds));
        facts.add(
            "Watched",
            if self.any_key { "any enrolled security key" } else { "the key that signed in" },
        );
        if let Some(watcher) = &self.watcher {
            facts.add("Passkeys", watcher);
        }
        for WatchedSession { id, service, passkeys } in &self.sessions {
            let by = if passkeys.is_empty() { "no passkey".to_owned() } else { passkeys.join(", ") };
            facts.add("Session", format!("{id} ({service}): {by}"));
        }
        let lockers = if self.lockers.is_empty() {
            "none is known to listen".to_owned()
        } else {
            self.lockers.join(", ")
        };
        facts.add("Screen locker", lockers);
        facts.text("", paint)
    }
}
