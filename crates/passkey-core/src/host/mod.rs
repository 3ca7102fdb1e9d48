//! The programs that ask people to sign in, and what each of them makes of a conversation: one table.
//!
//! A row chooses words, waits and the code of a failure. It never makes a success, so that a program that calls itself something else gains
//! nothing.

mod table;

use std::fmt;
use std::time::Duration;

pub use table::{OTHER, TABLE};

/// What a program is to the desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It opens sessions; some unlock them too.
    Greeter,
    /// It unlocks the screen.
    Locker,
    /// Neither, or not known.
    Other,
}

/// What of a conversation a person gets to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Messages and prompts.
    Everything,
    /// Messages; the field for an answer has no label.
    Messages,
    /// Neither.
    Nothing,
}

/// How much of a prompt fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptLength {
    /// All of it.
    Any,
    /// Some 25 characters; the rest is cut off.
    Short,
}

/// How long a line of a message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineLength {
    /// The program breaks lines itself.
    Any,
    /// A line that does not fit on the screen is too much for the program.
    Short,
}

/// What a prompt after the first one gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// What the person types then.
    Fresh,
    /// What the person typed before it all began, again and again.
    Echoed,
    /// The first prompt gets what the person typed before it all began; a second one ends the sign-in.
    Once,
}

/// A PAM code for a sign-in that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCode {
    /// `PAM_AUTHINFO_UNAVAIL`
    AuthinfoUnavail,
    /// `PAM_CRED_INSUFFICIENT`
    CredInsufficient,
    /// `PAM_MAXTRIES`
    MaxTries,
}

/// How the last words of a sign-in that failed outlive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWords {
    /// Information and errors alike.
    Either,
    /// As information: the program puts its own words in place of an error.
    Info,
    /// As an error: the program's own error drops information.
    Error,
}

/// How long messages may take to read when a sign-in has failed, before the program asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingTime {
    /// As long as they take.
    Any,
    /// gnome-shell shows each message for as long as it takes to read, its own at the end too. If that is more than ten seconds from the end
    /// of the sign-in on, it never asks again (`authServices.js`, `userVerifier.js`).
    TenSeconds,
}

/// A form of conversation beyond PAM's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// None.
    None,
    /// GDM's exchange of JSON, where the process offers it.
    GdmJson,
}

/// Whether a key may be waited for, as far as the configuration leaves that open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// As long as the mode has it.
    Yes,
    /// Not at all: the person would look at a dead screen.
    No,
}

/// What becomes of the request to touch the key, once it was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// It stays until the program takes its window away.
    Stays,
    /// An empty message takes it down.
    TakenDown,
}

/// Whether a picture of half blocks, sent line by line, comes out as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// It does.
    Shown,
    /// It does not, or has not been seen to.
    NotShown,
}

/// A row of the table.
#[derive(PartialEq, Eq)]
pub struct Host {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its PAM services.
    services: &'static [&'static str],
    /// The programs that run them; any, where there is none.
    programs: &'static [&'static str],
    /// What it is to the desktop.
    pub role: Role,
    /// What people get to read.
    pub shows: Shows,
    /// How much of a prompt they get to read.
    pub prompts: PromptLength,
    /// How long a line of a message may be.
    pub lines: LineLength,
    /// What further prompts get.
    pub answers: Answers,
    /// The code where the design has `PAM_AUTHINFO_UNAVAIL`.
    pub unavailable: FailureCode,
    /// The code where the design has `PAM_MAXTRIES`.
    pub max_tries: FailureCode,
    /// Whether a key may be waited for.
    pub waits: Waits,
    /// How the last words are said.
    pub last_words: LastWords,
    /// How long they may take to read.
    pub reading_time: ReadingTime,
    /// What becomes of the request to touch the key.
    pub cue: Cue,
    /// Whether a code to scan can be shown.
    pub pictures: Pictures,
    /// A further form of conversation.
    pub extension: Extension,
}

/// For which gnome-shell shows each character of a message.
const SHOWN_PER_CHARACTER: Duration = Duration::from_millis(48);
/// What may be left to read when a sign-in ends: GDM's own message takes up to four seconds, and is left six.
const LEFT_TO_READ: Duration = Duration::from_secs(4);
/// No sign-in ends later than this because of its last words.
const LONGEST_STAY: Duration = Duration::from_secs(10);

/// Characters of a short line, which fits on any screen.
const SHORT_LINE: usize = 60;

/// The length at which the kernel cuts a program's name (`TASK_COMM_LEN` of `linux/sched.h`, without the NUL).
const PROGRAM_LEN: usize = 15;

impl Host {
    /// Who asks for `service`, as the process that does calls itself (`/proc/self/comm`), where that is known. What contradicts itself is
    /// the unknown host: a rehearsal in a terminal runs the service files of greeters.
    pub fn of(service: &str, program: Option<&str>) -> &'static Self {
        let runs = |host: &&Self| match program {
            Some(program) => host.programs.is_empty() || host.is_run_by(program),
            None => true,
        };
        let mut by_service = TABLE.iter().filter(|host| host.serves(service)).peekable();
        if by_service.peek().is_some() {
            return by_service.find(runs).unwrap_or(&OTHER);
        }
        let by_program = program.and_then(|program| TABLE.iter().find(|host| host.is_run_by(program)));
        by_program.unwrap_or(&OTHER)
    }

    /// A message, in lines that the program can show.
    pub fn in_lines(&self, message: String) -> String {
        match self.lines {
            LineLength::Any => message,
            LineLength::Short => broken(&message),
        }
    }

    /// How long a failed sign-in stays after its last message, so that the program can ask again.
    pub fn stay(&self, last_words: &str) -> Duration {
        match self.reading_time {
            ReadingTime::Any => Duration::ZERO,
            ReadingTime::TenSeconds => {
                let characters = u32::try_from(last_words.chars().count()).unwrap_or(u32::MAX);
                let shown = SHOWN_PER_CHARACTER.saturating_mul(characters);
                shown.saturating_sub(LEFT_TO_READ).min(LONGEST_STAY)
            }
        }
    }

    /// The row of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().chain([&OTHER]).find(|host| host.name == name)
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().chain([&OTHER]).map(|host| host.name)
    }

    /// How many PINs may be typed in one sign-in: where all prompts get one answer, it counts once.
    pub fn pin_attempts(&self, allowed: u8) -> u8 {
        match self.answers {
            Answers::Fresh => allowed,
            Answers::Echoed | Answers::Once => allowed.min(1),
        }
    }

    fn serves(&self, service: &str) -> bool {
        self.services.iter().any(|own| own.eq_ignore_ascii_case(service))
    }

    fn is_run_by(&self, program: &str) -> bool {
        self.programs.iter().any(|own| is_program(own, program))
    }
}

/// Whether a process of this name (`/proc/PID/comm`) runs the program.
pub fn is_program(program: &str, comm: &str) -> bool {
    // Nix starts `.NAME-wrapped` in place of NAME.
    let (name, wrapped) = match comm.strip_prefix('.') {
        Some(name) => (name, "-wrapped"),
        None => (comm, ""),
    };
    let room = if wrapped.is_empty() { PROGRAM_LEN } else { PROGRAM_LEN.saturating_sub(1) };
    match name.strip_prefix(program) {
        Some(rest) => {
            if name.len() < room {
                rest == wrapped
            } else {
                wrapped.starts_with(rest)
            }
        }
        None => name.len() == room && program.starts_with(name),
    }
}

/// With a line break in the place of each space behind which the next word would not fit.
fn broken(message: &str) -> String {
    let mut lines = String::with_capacity(message.len());
    let mut length = 0_usize;
    for word in message.split(' ') {
        let word_length = word.chars().count();
        if !lines.is_empty() {
            let fits = length.saturating_add(word_length) < SHORT_LINE;
            lines.push(if fits { ' ' } else { '\n' });
            length = if fits { length.saturating_add(1) } else { 0 };
        }
        lines.push_str(word);
        length = length.saturating_add(word_length);
    }
    lines
}

/// Its name is enough for a log.
impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
