//! What a service asks of one facility, the files that it includes in their place.

use std::fmt;
use std::path::{Path, PathBuf};

use super::control::Control;
use super::dialect::Reader;
use super::file::{Content, ServiceFile};
use super::folders::{ReadError, ServiceFiles};
use super::rule::{Facility, Flaw, Include, IncludeKind, Rule};

/// How deep substacks may stand in each other, and from Linux-PAM 1.6 on files may include each other.
const MAX_DEPTH: usize = 16;
/// How deep files may include each other to an older libpam before it is taken for a circle, which crashes it.
const MAX_OLD_DEPTH: usize = 64;
/// The most steps of one stack: files that include each other over and over grow fast.
const MAX_STEPS: usize = 4096;
/// The service whose lines hold for those that have none.
const OTHER: &str = "other";

/// What a service asks of one facility.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// What happens, in this order.
    pub steps: Vec<Step>,
    /// Whether it is that of `other`, since the service has nothing to say.
    pub is_other: bool,
}

impl Stack {
    /// Every call in it, in order.
    pub fn calls(&self) -> Vec<&Call> {
        let mut calls = Vec::new();
        flatten(&self.steps, &mut calls);
        calls
    }

    /// What every call in it asks for, in order.
    pub fn rules(&self) -> Vec<&Rule> {
        self.calls().into_iter().map(|call| &call.rule).collect()
    }
}

fn flatten<'s>(steps: &'s [Step], calls: &mut Vec<&'s Call>) {
    for step in steps {
        match step {
            Step::Call(call) => calls.push(call),
            Step::Substack(inner) => flatten(inner, calls),
            Step::MustFail(_) => {}
        }
    }
}

/// A step of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A module is called.
    Call(Call),
    /// A stack of its own.
    Substack(Vec<Step>),
    /// What libpam puts in the place of a line that it does not understand.
    MustFail(MustFail),
}

/// A module's call and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where.
    pub place: Place,
    /// What.
    pub rule: Rule,
}

/// A module that is none: it answers `perm_denied`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MustFail {
    /// Where.
    pub place: Place,
    /// What follows; `None`: the stack fails.
    pub control: Option<Control>,
    /// Why.
    pub flaw: Flaw,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// Why libpam gives a service nothing at all: it cannot even begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StackError {
    /// Neither the service nor `other` has a file.
    NoFile(ReadError),
    /// A line ends everything.
    Line {
        /// Which.
        place: Place,
        /// Why.
        flaw: Flaw,
    },
    /// There are more steps than any service has.
    TooLong(PathBuf),
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile(error) => error.fmt(f),
            Self::Line { place, flaw } => write!(f, "{place}: {flaw}"),
            Self::TooLong(path) => write!(f, "{}: more than {MAX_STEPS} steps", path.display()),
        }
    }
}

impl std::error::Error for StackError {}

impl ServiceFiles {
    /// What `service` asks of `facility`. Services that have no file, or no line for it, have those of `other`.
    ///
    /// # Errors
    /// When libpam gives the service nothing.
    pub fn stack(&self, service: &str, facility: Facility) -> Result<Stack, StackError> {
        let own = match self.read(service) {
            Ok(file) => self.expanded(&file, facility)?,
            Err(error) if error.is_missing() => match self.read(OTHER) {
                Ok(_) => Vec::new(),
                Err(_) => return Err(StackError::NoFile(error)),
            },
            Err(error) => return Err(StackError::NoFile(error)),
        };
        // It is read in any case, and what is wrong there is wrong everywhere.
        let other = match self.read(OTHER) {
            Ok(file) => self.expanded(&file, facility)?,
            Err(_) => Vec::new(),
        };
        Ok(if own.is_empty() {
            Stack { steps: other, is_other: true }
        } else {
            Stack { steps: own, is_other: false }
        })
    }

    fn expanded(
        &self,
        (path, file): &(PathBuf, ServiceFile),
        facility: Facility,
    ) -> Result<Vec<Step>, StackError> {
        let mut expansion = Expansion { files: self, facility, room: MAX_STEPS };
        let mut steps = Vec::new();
        expansion.file(path, file, None, Depth::default(), &mut steps)?;
        Ok(steps)
    }
}

/// How deep a file stands in others.
#[derive(Clone, Copy, Debug, Default)]
struct Depth {
    files: usize,
    substacks: usize,
}

/// Files being put in the place where they are included.
struct Expansion<'f> {
    files: &'f ServiceFiles,
    facility: Facility,
    /// How many further steps there may be.
    room: usize,
}

impl Expansion<'_> {
    /// `wanted`: the only facility that the file is read for; `None` where it is read for all.
    fn file(
        &mut self,
        path: &Path,
        file: &ServiceFile,
        wanted: Option<Facility>,
        depth: Depth,
        steps: &mut Vec<Step>,
    ) -> Result<(), StackError> {
        for line in file.lines() {
            let place = || Place { path: path.to_owned(), line: line.number };
            match &line.content {
                Content::Flawed { facility: None, control: None, flaw } if flaw.ends_everything() => {
                    return Err(StackError::Line { place: place(), flaw: flaw.clone() });
                }
                Content::Flawed { facility, control, flaw } => {
                    // What is for nothing in particular is for signing in, the most delicate.
                    if facility.or(wanted).unwrap_or(Facility::Auth) != self.facility {
                        continue;
                    }
                    let (control, flaw) = (control.clone(), flaw.clone());
                    steps.push(Step::MustFail(MustFail { place: place(), control, flaw }));
                }
                Content::Rule(rule) if rule.facility == self.facility => {
                    steps.push(Step::Call(Call { place: place(), rule: rule.clone() }));
                }
                Content::Include(include) => {
                    let facility = wanted.filter(|_| include.is_misnamed).or(include.facility);
                    if facility.is_some_and(|facility| facility != self.facility) {
                        continue;
                    }
                    self.include(include, place(), wanted, depth, steps)?;
                }
                Content::Nothing | Content::Rule(_) => continue,
            }
            self.room = self.room.checked_sub(1).ok_or_else(|| StackError::TooLong(path.to_owned()))?;
        }
        Ok(())
    }

    fn include(
        &mut self,
        include: &Include,
        place: Place,
        wanted: Option<Facility>,
        depth: Depth,
        steps: &mut Vec<Step>,
    ) -> Result<(), StackError> {
        // What libpam does next can be told of most failures. Where it is chance, nothing is.
        let mut own = Vec::new();
        let result = self.included(
            include,
            &place,
            wanted.filter(|_| include.is_misnamed).or(include.facility).or(wanted),
            depth,
            &mut own,
        );
        let failure = match result {
            Ok(()) => None,
            Err(error @ StackError::TooLong(_)) => return Err(error),
            Err(StackError::Line { place, flaw }) if flaw.is_chance() || flaw == Flaw::NoModuleName => {
                return Err(StackError::Line { place, flaw });
            }
            Err(error) if include.kind == IncludeKind::AtInclude && wanted.is_some() => {
                let flaw = Flaw::UnreadableByChance(error.to_string());
                return Err(StackError::Line { place, flaw });
            }
            // Without a facility there is nothing that could fail in its place.
            Err(error) if include.kind == IncludeKind::AtInclude && wanted.is_none() => return Err(error),
            Err(StackError::NoFile(error)) => Some((place, Flaw::Unreadable(error.to_string()))),
            Err(StackError::Line { place, flaw }) => Some((place, flaw)),
        };
        match include.kind {
            IncludeKind::AtInclude | IncludeKind::Include => steps.append(&mut own),
            IncludeKind::Substack => steps.push(Step::Substack(own)),
        }
        steps.extend(failure.map(|(place, flaw)| Step::MustFail(MustFail { place, control: None, flaw })));
        Ok(())
    }

    fn included(
        &mut self,
        include: &Include,
        place: &Place,
        wanted: Option<Facility>,
        depth: Depth,
        steps: &mut Vec<Step>,
    ) -> Result<(), StackError> {
        let at = |flaw| StackError::Line { place: place.clone(), flaw };
        let depth = Depth {
            files: depth.files.saturating_add(1),
            substacks: depth.substacks.saturating_add((include.kind == IncludeKind::Substack).into()),
        };
        let is_old = self.files.dialect().reader == Reader::Old;
        if depth.substacks >= MAX_DEPTH || !is_old && depth.files >= MAX_DEPTH {
            return Err(at(Flaw::TooDeep));
        }
        if depth.files >= MAX_OLD_DEPTH {
            return Err(at(Flaw::Circle));
        }
        let (path, file) = self
            .files
            .read_included(&include.target)
            .map_err(|error| at(Flaw::Unreadable(error.to_string())))?;
        self.file(&path, &file, wanted, depth, steps)
    }
}

#[cfg(test)]
#[path = "stack_tests.rs"]
mod tests;
