//! What the doctor found: its shape in JSON, and how a person reads it.

use passkey_core::escape::Escaped;
use serde::Serialize;

use crate::doctor::{self, Area, Severity};
use crate::report::Human;
use crate::report::paint::Paint;

/// `doctor`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Diagnosis {
    /// Whose passkeys were looked at more closely.
    pub(crate) user: String,
    /// How bad the worst finding is.
    pub(crate) worst: Severity,
    pub(crate) findings: Vec<Finding>,
}

/// Something that was found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) area: Area,
    /// A word for scripts.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Where it was found; null where that is no file.
    pub(crate) path: Option<String>,
    /// Counted from 1.
    pub(crate) line: Option<usize>,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
}

impl Diagnosis {
    pub(crate) fn new(user: &str, findings: &[doctor::Finding]) -> Self {
        Self {
            user: user.to_owned(),
            worst: doctor::worst(findings),
            findings: findings.iter().map(Finding::from).collect(),
        }
    }
}

impl From<&doctor::Finding> for Finding {
    fn from(finding: &doctor::Finding) -> Self {
        let doctor::Finding { severity, area, code, message, place, remedy } = finding.clone();
        Self {
            severity,
            area,
            code,
            message,
            path: place.as_ref().map(|place| place.path.display().to_string()),
            line: place.and_then(|place| place.line),
            remedy,
        }
    }
}

impl Human for Diagnosis {
    fn human(&self, paint: Paint) -> String {
        let mut text = String::new();
        let mut area = None;
        for finding in &self.findings {
            if area != Some(finding.area) {
                let gap = if area.is_some() { "\n" } else { "" };
                text.extend([gap, &paint.heading(title(finding.area)), "\n"]);
                area = Some(finding.area);
            }
            text.push_str(&finding_text(finding, paint));
        }
        text.extend(["\n", &self.summary(paint), "\n"]);
        text
    }
}

impl Diagnosis {
    fn summary(&self, paint: Paint) -> String {
        let count = |severity, one: &str, several: &str| match self
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
        {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {several}")),
        };
        let counted: Vec<String> = [
            count(Severity::Error, "error", "errors"),
            count(Severity::Warning, "warning", "warnings"),
            count(Severity::Note, "note", "notes"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let counted = if counted.is_empty() { "nothing to remark".to_owned() } else { counted.join(", ") };
        match self.worst {
            Severity::Ok | Severity::Note => paint.success(&format!("All is well: {counted}.")),
            Severity::Warning => paint.warning(&format!("{counted}.")),
            Severity::Error => paint.error(&format!("{counted}.")),
        }
    }
}

fn title(area: Area) -> &'static str {
    match area {
        Area::Keys => "Security keys",
        Area::Passkeys => "Passkeys",
        Area::Configuration => "Configuration",
        Area::Store => "Files",
        Area::Services => "Services",
        Area::System => "System",
    }
}

pub(super) fn finding_text(finding: &Finding, paint: Paint) -> String {
    let mark = match finding.severity {
        Severity::Ok => paint.success("ok      "),
        Severity::Note => paint.hint("note    "),
        Severity::Warning => paint.warning("warning "),
        Severity::Error => paint.error("error   "),
    };
    let mut text = format!("  {mark} {}\n", Escaped::text(&finding.message));
    if let Some(path) = &finding.path {
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        text.extend([INDENT, &paint.faint("in "), &Escaped::text(path).to_string(), &line, "\n"]);
    }
    if let Some(remedy) = &finding.remedy {
        text.extend([INDENT, &paint.hint("do "), &Escaped::text(remedy).to_string(), "\n"]);
    }
    text
}

/// Below the message.
const INDENT: &str = "           ";
