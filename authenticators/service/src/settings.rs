//! Limits and deadlines.

use std::time::Duration;

/// How much peers may ask of a service, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long it stays without a connection.
    pub idle_exit: Duration,
    /// How long a connection may stay without a first report.
    pub first_report: Duration,
    /// How long a connection may say nothing, as while a person types.
    pub silence: Duration,
    /// How long the next part of a message may take (CTAP 2.1 §11.2.5.2).
    pub continuation: Duration,
    /// How long a peer may leave a report unread.
    pub unread: Duration,
    /// How long the authenticator may work on one request, or one wait may last. What takes longer hangs, and the process ends, to be
    /// restarted.
    pub request: Duration,
    /// Connections of one user, and of root for one account.
    pub connections_for_account: usize,
    /// Connections of all users other than root.
    pub connections_of_users: usize,
    /// Connections of root, which signs people in, for all accounts.
    pub connections_of_root: usize,
    /// Connections of root that have not named an account yet.
    pub connections_unnamed: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle_exit: Duration::from_secs(60),
            first_report: Duration::from_secs(10),
            silence: Duration::from_secs(600),
            continuation: Duration::from_secs(3),
            unread: Duration::from_secs(5),
            request: Duration::from_secs(120),
            connections_for_account: 8,
            connections_of_users: 24,
            connections_of_root: 64,
            connections_unnamed: 16,
        }
    }
}
