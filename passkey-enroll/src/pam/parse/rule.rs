//! What a logical line asks for.

use std::fmt;

use super::control::Control;
use super::dialect::{Dialect, Includes};
use super::words::words;

/// What a service can ask of PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facility {
    /// Is the person who they say they are?
    Auth,
    /// May they come in?
    Account,
    /// What is done before and after.
    Session,
    /// Changing the password.
    Password,
}

impl Facility {
    /// The first word of a line, in whatever case.
    fn from_word(word: &str) -> Option<Self> {
        [
            ("auth", Self::Auth),
            ("account", Self::Account),
            ("session", Self::Session),
            ("password", Self::Password),
        ]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, facility)| facility)
    }
}

/// A module is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// For what.
    pub facility: Facility,
    /// Whether a `-` stands before the facility: the log says nothing where the module is not there.
    pub quiet: bool,
    /// What follows from its answer.
    pub control: Control,
    /// The module, as a file name in the folder of modules or as a path.
    pub module: String,
    /// What stands behind it.
    pub arguments: Vec<String>,
}

impl Rule {
    /// The module's file name, without the folder.
    pub fn module_name(&self) -> &str {
        self.module.rsplit('/').next().unwrap_or(&self.module)
    }
}

/// Another file's lines stand here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// Which of them: those of this facility, or all.
    pub facility: Option<Facility>,
    /// Whether the line names no facility that there is: in an included file it is for the one that is asked for there.
    pub is_misnamed: bool,
    /// How they stand here.
    pub kind: IncludeKind,
    /// The file: a name in the folders of service files, or a path.
    pub target: String,
}

/// How a file is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncludeKind {
    /// Debian's `@include`: as if they had been written here.
    AtInclude,
    /// `include`: as if they had been written here, but a file that cannot be read is a module that fails.
    Include,
    /// `substack`: as a stack of their own, so that nothing in it can end or jump past what stands here.
    Substack,
}

/// Why libpam does not take a line as one would think.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// No facility has this name: a module that fails in its place.
    UnknownFacility(String),
    /// Nothing behind the facility: a module that fails.
    NoControl,
    /// Nothing behind the control: a module that fails.
    NoModule,
    /// Nothing behind `include`: a module that fails, or the end of everything.
    NoTarget,
    /// Nothing behind `include` or `@include`, where that crashes libpam (Debian 12 and 13) or what follows is chance.
    NoTargetCrash,
    /// The last line of the file goes on in a next one that is not there: libpam refuses the file.
    Unfinished,
    /// The module's name is none: libpam refuses the file.
    NoModuleName,
    /// A zero byte: what becomes of the rest of the line depends on the version.
    Zero,
    /// The line is longer than this libpam reads, and what it would make of the rest is chance.
    TooLong,
    /// An included file that cannot be read.
    Unreadable(String),
    /// A file that `@include` cannot read within an included one: libpam goes on with a control that it has not set.
    UnreadableByChance(String),
    /// Files that include each other: the include fails.
    TooDeep,
    /// Files that include each other, where that crashes libpam.
    Circle,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFacility(word) => {
                write!(f, "“{word}” is none of auth, account, session and password: it always fails")
            }
            Self::NoControl => f.write_str("no control such as “required”: it always fails"),
            Self::NoModule => f.write_str("no module: it always fails"),
            Self::NoTarget | Self::NoTargetCrash => f.write_str("no file to include"),
            Self::NoModuleName => f.write_str("no name of a module: libpam refuses the file"),
            Self::Zero => f.write_str("a zero byte in the line: nothing that follows it is certain"),
            Self::TooLong => f.write_str("the line is longer than libpam reads before version 1.6"),
            Self::Unfinished => f.write_str("the file ends in the middle of a line: libpam refuses it"),
            Self::Unreadable(reason) | Self::UnreadableByChance(reason) => write!(f, "{reason}"),
            Self::TooDeep | Self::Circle => f.write_str("the files include each other without end"),
        }
    }
}

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    Rule(Rule),
    Include(Include),
    /// For the facility, or for whichever is asked for; with the control, where there was one.
    Flawed(Option<Facility>, Option<Control>, Flaw),
}

impl Flaw {
    /// Whether libpam refuses a file that has such a line, in the form in which nothing else is known of it.
    pub(super) fn ends_everything(&self) -> bool {
        match self {
            Self::NoTarget
            | Self::NoTargetCrash
            | Self::Unfinished
            | Self::NoModuleName
            | Self::Zero
            | Self::Circle
            | Self::UnreadableByChance(_)
            | Self::TooLong => true,
            Self::UnknownFacility(_)
            | Self::NoControl
            | Self::NoModule
            | Self::Unreadable(_)
            | Self::TooDeep => false,
        }
    }
}

impl Flaw {
    /// Whether it is chance what this libpam makes of the line: it reads what it has not set, takes a part of the line for another
    /// line, or crashes.
    pub fn is_chance(&self) -> bool {
        match self {
            Self::NoTargetCrash | Self::Zero | Self::TooLong | Self::UnreadableByChance(_) | Self::Circle => {
                true
            }
            Self::UnknownFacility(_)
            | Self::NoControl
            | Self::NoModule
            | Self::NoTarget
            | Self::Unfinished
            | Self::NoModuleName
            | Self::Unreadable(_)
            | Self::TooDeep => false,
        }
    }
}

/// Understands a logical line that has at least one word.
pub(super) fn parse(line: &str, dialect: &Dialect) -> Option<Parsed> {
    let mut words = words(line).into_iter();
    let first = words.next()?;
    let (quiet, word) = match first.strip_prefix('-') {
        Some(word) => (true, word),
        None => (false, first.as_str()),
    };
    if dialect.at_include && word.eq_ignore_ascii_case("@include") {
        return Some(match words.next() {
            Some(target) => Parsed::Include(Include {
                facility: None,
                is_misnamed: false,
                kind: IncludeKind::AtInclude,
                target,
            }),
            None => Parsed::Flawed(None, None, Flaw::NoTargetCrash),
        });
    }
    let facility = Facility::from_word(word);
    // libpam takes an include for one of `auth`, whatever its facility is called.
    let for_include = Some(facility.unwrap_or(Facility::Auth));
    let Some(control) = words.next() else {
        let flaw = facility.map_or_else(|| Flaw::UnknownFacility(word.to_owned()), |_| Flaw::NoControl);
        return Some(Parsed::Flawed(facility, None, flaw));
    };
    let kind = [("include", IncludeKind::Include), ("substack", IncludeKind::Substack)]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&control))
        .map(|(_, kind)| kind);
    let target = words.next();
    if let (Some(kind), Some(target)) = (kind, &target) {
        // libpam keeps a substack among the modules, by its name.
        if kind == IncludeKind::Substack && !is_module_name(target) {
            return Some(Parsed::Flawed(None, None, Flaw::NoModuleName));
        }
        return Some(Parsed::Include(Include {
            facility: for_include,
            is_misnamed: facility.is_none(),
            kind,
            target: target.clone(),
        }));
    }
    // Also where it would fail in any case: libpam keeps that by the module's name, too.
    if target.as_ref().is_some_and(|target| !is_module_name(target)) {
        return Some(Parsed::Flawed(None, None, Flaw::NoModuleName));
    }
    let (Some(facility), Some(target)) = (facility, target) else {
        let flaw = match (facility, kind) {
            (_, Some(_)) if dialect.includes == Includes::EtcOnly => {
                return Some(Parsed::Flawed(None, None, Flaw::NoTargetCrash));
            }
            // Without any facility it is as if `auth` stood there.
            (None, _) => Flaw::UnknownFacility(word.to_owned()),
            (Some(_), Some(_)) => Flaw::NoTarget,
            (Some(_), None) => Flaw::NoModule,
        };
        return Some(Parsed::Flawed(
            facility,
            kind.is_none().then(|| Control::parse(&control, dialect.reader)),
            flaw,
        ));
    };
    Some(Parsed::Rule(Rule {
        facility,
        quiet,
        control: Control::parse(&control, dialect.reader),
        module: target,
        arguments: words.collect(),
    }))
}

/// Whether libpam takes this for a module: without folder and ending something is left.
fn is_module_name(module: &str) -> bool {
    let name = module.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    !stem.is_empty() && stem != "?"
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
