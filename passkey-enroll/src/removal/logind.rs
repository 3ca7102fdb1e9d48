//! The user's sessions at this machine's seats, and locking them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::unit::{system_command, trouble};
use crate::util::process::run;

/// How long logind may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const MAX_LEN: usize = 256 * 1024;
/// What is asked about a session: an option each, since loginctl takes no list as systemctl does.
const PROPERTIES: [&str; 8] = [
    "--property=Id",
    "--property=Class",
    "--property=Remote",
    "--property=Seat",
    "--property=Service",
    "--property=State",
    "--property=Timestamp",
    "--property=LockedHint",
];

/// A session of the user at a seat of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// The PAM service that it was signed in to.
    pub(crate) service: String,
    /// When it began, where that is understood.
    pub(crate) start: Option<Timestamp>,
    /// Whether its locker says that it is locked.
    pub(crate) is_locked: bool,
}

/// The sessions of the user at a seat. A text session is one as well: a compositor may have been started from it.
///
/// # Errors
/// Why logind gives no answer.
pub(crate) fn sessions(uid: u32) -> Result<Vec<Session>, String> {
    let ids = loginctl(&["show-user", &uid.to_string(), "--property=Sessions"])?;
    let ids: Vec<&str> = ids.trim().trim_start_matches("Sessions=").split_whitespace().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let words: Vec<&str> = ["show-session"].into_iter().chain(PROPERTIES).chain(ids).collect();
    Ok(parse(&loginctl(&words)?))
}

/// Asks the lockers of the sessions to lock them. A user may do so without being asked for anything.
///
/// # Errors
/// Why logind does not.
pub(crate) fn lock(sessions: &[Session]) -> Result<(), String> {
    let words: Vec<&str> =
        std::iter::once("lock-session").chain(sessions.iter().map(|session| session.id.as_str())).collect();
    loginctl(&words).map(drop)
}

/// What loginctl says of sessions: a property a line, an empty line between two sessions.
fn parse(text: &str) -> Vec<Session> {
    text.split("\n\n")
        .filter_map(|block| {
            let value = |name: &str| {
                let mut lines = block.lines().filter_map(|line| line.split_once('='));
                lines.find(|(property, _)| *property == name).map_or("", |(_, value)| value)
            };
            let is_at_seat = !value("Seat").is_empty() && value("Remote") != "yes";
            let is_users = value("Class").starts_with("user") && value("State") != "closing";
            (is_at_seat && is_users && !value("Id").is_empty()).then(|| Session {
                id: value("Id").to_owned(),
                service: value("Service").to_owned(),
                start: timestamp(value("Timestamp")),
                is_locked: value("LockedHint") == "yes",
            })
        })
        .collect()
}

/// `Mon 2026-11-30 00:25:01 UTC`, as under `TZ=UTC`.
fn timestamp(text: &str) -> Option<Timestamp> {
    let mut words = text.split(' ').skip(1);
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let moment: DateTime = format!("{date}T{time}").parse().ok()?;
    (zone == "UTC").then(|| moment.to_zoned(TimeZone::UTC).ok())?.map(|zoned| zoned.timestamp())
}

fn loginctl(words: &[&str]) -> Result<String, String> {
    let mut command = system_command("loginctl");
    command.args(["--no-pager", "--no-ask-password"]).args(words);
    match run(&mut command, PATIENCE, MAX_LEN) {
        Ok(ended) if ended.status.success() => Ok(String::from_utf8_lossy(&ended.stdout).into_owned()),
        Ok(ended) => Err(ended.status.to_string()),
        Err(error) => Err(trouble(&error)),
    }
}

#[cfg(test)]
#[path = "logind_tests.rs"]
mod tests;
