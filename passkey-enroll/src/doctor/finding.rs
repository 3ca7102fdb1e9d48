//! Findings.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::pam::parse;
use crate::report::Exit;

/// How bad it is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// It stops someone from signing in, or lets in more people than intended.
    Warning,
    /// It stops everyone.
    Error,
}

/// What it is about, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Area {
    /// Security keys, and access to them.
    Keys,
    /// The passkeys of the user.
    Passkeys,
    /// `passkey.toml`
    Configuration,
    /// The files of the passkeys.
    Store,
    /// Services and their PAM files.
    Services,
    /// The rest of the system.
    System,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) area: Area,
    /// An identifier for scripts.
    pub(crate) code: &'static str,
    /// What was found. Text of foreign origin in it is not escaped yet.
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
}

/// Where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// Counted from 1.
    pub(crate) line: Option<usize>,
}

impl Finding {
    fn new(severity: Severity, area: Area, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity, area, code, message: message.into(), place: None, remedy: None }
    }

    pub(super) fn ok(area: Area, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Ok, area, code, message)
    }

    pub(super) fn note(area: Area, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, area, code, message)
    }

    pub(super) fn warning(area: Area, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, area, code, message)
    }

    pub(super) fn error(area: Area, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, area, code, message)
    }

    /// Found in this file.
    pub(super) fn at(self, path: &Path) -> Self {
        Self { place: Some(Place { path: path.to_owned(), line: None }), ..self }
    }

    /// Found in this line of a file.
    pub(super) fn at_line(self, path: &Path, line: Option<usize>) -> Self {
        Self { place: Some(Place { path: path.to_owned(), line }), ..self }
    }

    /// Found in this line of a service file.
    pub(super) fn in_line(self, place: &parse::Place) -> Self {
        self.at_line(&place.path, Some(place.line))
    }

    /// With what to do about it.
    pub(super) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

/// How bad the worst finding is.
pub(crate) fn worst(findings: &[Finding]) -> Severity {
    findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
}

/// How the command ends.
pub(crate) fn exit(findings: &[Finding]) -> Exit {
    let broken = |finding: &Finding| {
        finding.severity == Severity::Error && matches!(finding.area, Area::Store | Area::Configuration)
    };
    match worst(findings) {
        Severity::Ok | Severity::Note => Exit::Done,
        Severity::Error if findings.iter().any(broken) => Exit::Broken,
        Severity::Warning | Severity::Error => Exit::Failed,
    }
}

/// The first few of `names`, and how many more there are.
pub(super) fn listed(names: &[&str]) -> String {
    /// As many as can be read at a glance.
    const MOST: usize = 5;
    let first = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_follows_the_worst() {
        let finding = |severity, area| Finding::new(severity, area, "x", "x");
        for (findings, expected) in [
            (&[][..], Exit::Done),
            (&[finding(Severity::Ok, Area::Keys), finding(Severity::Note, Area::Store)], Exit::Done),
            (&[finding(Severity::Warning, Area::Store)], Exit::Failed),
            (
                &[finding(Severity::Error, Area::Services), finding(Severity::Warning, Area::Store)],
                Exit::Failed,
            ),
            (&[finding(Severity::Error, Area::Store), finding(Severity::Ok, Area::Keys)], Exit::Broken),
            (&[finding(Severity::Error, Area::Configuration)], Exit::Broken),
        ] {
            assert_eq!(exit(findings), expected, "{findings:?}");
        }
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&["a", "b"]), "a, b");
        assert_eq!(listed(&["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
    }
}
