//! systemd-logind's sessions, and locking them, by its own command.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::util::process;

/// How long logind may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const MAX_LEN: usize = 256 * 1024;
/// What is asked about a session: an option each, since loginctl takes no list as systemctl does.
const PROPERTIES: [&str; 10] = [
    "--property=Id",
    "--property=Class",
    "--property=Leader",
    "--property=User",
    "--property=Remote",
    "--property=Seat",
    "--property=Service",
    "--property=State",
    "--property=Timestamp",
    "--property=LockedHint",
];

/// A session that a service has opened for a person, and that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The PAM service.
    pub(crate) service: String,
    /// Whose it is.
    pub(crate) uid: u32,
    /// The process that has opened it, and closes it when it ends.
    pub(crate) leader: u32,
    /// When it began, where that is understood.
    pub(crate) start: Option<Timestamp>,
}

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
    Ok(at_seats(&loginctl(&words)?))
}

/// The sessions of all people, wherever they sit. No user database is asked.
///
/// # Errors
/// Why logind gives no answer.
pub(crate) fn opened() -> Result<Vec<Opened>, String> {
    let list = loginctl(&["--no-legend", "list-sessions"])?;
    let ids: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let words: Vec<&str> = ["show-session"].into_iter().chain(PROPERTIES).chain(ids).collect();
    Ok(of_people(&loginctl(&words)?))
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

/// What loginctl says of a session: a property a line.
#[derive(Clone, Copy)]
struct Properties<'t>(&'t str);

impl<'t> Properties<'t> {
    fn value(self, name: &str) -> &'t str {
        let mut lines = self.0.lines().filter_map(|line| line.split_once('='));
        lines.find(|(property, _)| *property == name).map_or("", |(_, value)| value)
    }

    /// Whether it is a person's and is not about to end.
    fn stands(self) -> bool {
        self.value("Class").starts_with("user") && self.value("State") != "closing"
    }
}

/// An empty line is between two sessions.
fn blocks(text: &str) -> impl Iterator<Item = Properties<'_>> {
    text.split("\n\n").map(Properties).filter(|session| session.stands())
}

fn at_seats(text: &str) -> Vec<Session> {
    let sessions = blocks(text).filter(|session| {
        let is_at_seat = !session.value("Seat").is_empty() && session.value("Remote") != "yes";
        is_at_seat && !session.value("Id").is_empty()
    });
    let sessions = sessions.map(|session| Session {
        id: session.value("Id").to_owned(),
        service: session.value("Service").to_owned(),
        start: timestamp(session.value("Timestamp")),
        is_locked: session.value("LockedHint") == "yes",
    });
    sessions.collect()
}

fn of_people(text: &str) -> Vec<Opened> {
    let sessions = blocks(text).filter_map(|session| {
        Some(Opened {
            service: session.value("Service").to_owned(),
            uid: session.value("User").parse().ok()?,
            leader: session.value("Leader").parse().ok()?,
            start: timestamp(session.value("Timestamp")),
        })
    });
    sessions.collect()
}

/// `Mon 2026-11-30 00:25:01 UTC`, as under `TZ=UTC`.
fn timestamp(text: &str) -> Option<Timestamp> {
    let mut words = text.split(' ').skip(1);
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let moment: DateTime = format!("{date}T{time}").parse().ok()?;
    (zone == "UTC").then(|| moment.to_zoned(TimeZone::UTC).ok())?.map(|zoned| zoned.timestamp())
}

fn loginctl(words: &[&str]) -> Result<String, String> {
    let mut command = process::system_command("loginctl");
    command.args(["--no-pager", "--no-ask-password"]).args(words);
    match process::run(&mut command, PATIENCE, MAX_LEN) {
        Ok(ended) if ended.status.success() => Ok(String::from_utf8_lossy(&ended.stdout).into_owned()),
        Ok(ended) => Err(ended.status.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
#[path = "logind_tests.rs"]
mod tests;
