//! What services ask for, and how that changes: shapes in JSON, and how a person reads them.

use std::fmt::Write as _;

use serde::Serialize;
use similar::TextDiff;

use passkey_core::escape::Escaped;

use super::diagnosis::{Finding, finding_text};
use crate::doctor;
use crate::pam::change::Way;
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{Factors, Line, Part, ServiceAccess, Verdict};
use crate::report::Human;
use crate::report::paint::Paint;
use crate::report::table::Table;

/// In place of a tab.
const TAB: &str = "    ";

/// `pam status`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) services: Vec<ServiceStatus>,
}

/// A service.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServiceStatus {
    pub(crate) service: String,
    pub(crate) asks: Asks,
    /// Each way in for a person with passkeys: what has to be proved.
    pub(crate) ways: Vec<Vec<&'static str>>,
    /// The lines that let some people in with less.
    pub(crate) exempt: Vec<ExemptLine>,
    /// The stack, where it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lines: Vec<PartLine>,
    /// What gets people in who have no passkey; empty where they stay outside.
    pub(crate) without_passkey: Vec<&'static str>,
    /// Modules that are not known, on which the verdict depends.
    pub(crate) unknown_modules: Vec<ModuleLine>,
    /// Where the call of the module stands; without one, the service's file.
    pub(crate) path: Option<String>,
    /// The call's line, counted from 1.
    pub(crate) line: Option<usize>,
    /// Who had it ask; null where it does not.
    pub(crate) by: Option<By>,
}

/// A line of a service file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ModuleLine {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) module: String,
}

impl From<&Line> for ModuleLine {
    fn from(line: &Line) -> Self {
        Self {
            path: line.place.path.display().to_string(),
            line: line.place.line,
            module: line.rule.module_name().to_owned(),
        }
    }
}

/// A line's part in who gets in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PartLine {
    #[serde(flatten)]
    pub(crate) line: ModuleLine,
    pub(crate) control: String,
    pub(crate) arguments: Vec<String>,
    /// What the module looks at.
    pub(crate) looks_at: String,
    /// What follows where it is content; null where it never is.
    pub(crate) yes: Option<String>,
    /// What follows where it is not; null where it always is.
    pub(crate) no: Option<String>,
    pub(crate) remarks: Vec<String>,
}

impl From<&Part> for PartLine {
    fn from(part: &Part) -> Self {
        Self {
            line: ModuleLine::from(&part.line),
            control: part.line.rule.control.to_string(),
            arguments: part.line.rule.arguments.clone(),
            looks_at: part.looks_at.clone(),
            yes: part.yes.clone(),
            no: part.no.clone(),
            remarks: part.remarks.clone(),
        }
    }
}

impl PartLine {
    fn human(&self, paint: Paint) -> String {
        let rule = [self.control.clone(), self.line.module.clone()];
        let rule: Vec<String> = rule.into_iter().chain(self.arguments.iter().cloned()).collect();
        let place = Escaped::text(&format!("{}:{}", self.line.path, self.line.line)).to_string();
        let mut text = format!("{}  {}\n", paint.faint(&place), Escaped::text(&rule.join(" ")));
        let mut says = vec![self.looks_at.clone()];
        match (&self.yes, &self.no) {
            (Some(yes), Some(no)) => says.extend([format!("if yes, {yes}"), format!("if not, {no}")]),
            (Some(only), None) | (None, Some(only)) => says.push(only.clone()),
            (None, None) => {}
        }
        text.extend(["    ", &says.join("; "), "\n"]);
        for remark in &self.remarks {
            text.extend(["    ", &paint.warning(&Escaped::text(remark).to_string()), "\n"]);
        }
        text
    }
}

/// A line that exempts people.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ExemptLine {
    #[serde(flatten)]
    pub(crate) line: ModuleLine,
    /// What they have to prove all the same.
    pub(crate) with: Vec<&'static str>,
}

/// What lets a person in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "for")]
pub(crate) enum Asks {
    /// The password, as before passkeys.
    Password,
    /// Both.
    PasswordAndPasskey,
    /// One of them.
    PasskeyOrPassword,
    /// Nothing else will do.
    Passkey,
    /// The password will do, whether the passkey is used or not.
    PasskeyIfThere,
    /// Other proofs have a say.
    Other {
        /// What is enough, for people.
        enough: String,
    },
    /// Anyone gets in.
    Anyone {
        /// Why.
        reason: String,
    },
    /// Everyone is refused.
    Nothing {
        /// Why.
        reason: String,
    },
}

impl Asks {
    /// What a service asks for.
    pub(crate) fn of(access: &ServiceAccess, verdict: &Verdict) -> Self {
        if verdict.is_shut() {
            let refusal = access.passkeys.iter().find_map(|call| call.asked.as_ref().err());
            let reason =
                refusal.map_or_else(|| "its lines contradict each other".to_owned(), ToString::to_string);
            return Self::Nothing { reason };
        }
        let open = verdict.open_door().or(verdict.open_to_unenrolled.as_ref());
        if let Some(line) = open.and_then(|way| way.lines.last()) {
            return Self::Anyone { reason: line.to_string() };
        }
        let factors: Vec<Factors> = verdict.ways.iter().map(|way| way.factors).collect();
        let both = Factors::PASSWORD.with(Factors::PASSKEY);
        match factors.as_slice() {
            [only] if *only == Factors::PASSWORD && access.asks() => Self::PasskeyIfThere,
            [only] if *only == Factors::PASSWORD => Self::Password,
            [only] if *only == Factors::PASSKEY => Self::Passkey,
            [only] if *only == both => Self::PasswordAndPasskey,
            [one, other] if one.with(*other) == both && factors.len() == 2 => Self::PasskeyOrPassword,
            several => {
                let enough: Vec<String> = several.iter().map(ToString::to_string).collect();
                Self::Other { enough: enough.join(", or ") }
            }
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Password => "password".to_owned(),
            Self::PasswordAndPasskey => "password and passkey".to_owned(),
            Self::PasskeyOrPassword => "passkey, or password".to_owned(),
            Self::Passkey => "passkey".to_owned(),
            Self::PasskeyIfThere => "password; the passkey is not needed".to_owned(),
            Self::Other { enough } => enough.clone(),
            Self::Anyone { reason } => format!("nothing: anyone gets in, by {reason}"),
            Self::Nothing { reason } => format!("lets nobody in: {reason}"),
        }
    }
}

/// Who had a service ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// This command, for good.
    PasskeyEnroll,
    /// This command, until it is confirmed.
    OnTrial,
    /// Others: by hand, or a profile of the distribution.
    Hand,
}

impl Human for Status {
    fn human(&self, paint: Paint) -> String {
        let mut table = Table::new(&["SERVICE", "ASKS FOR", "SWITCHED ON BY", "IN"]);
        for service in &self.services {
            let by = match service.by {
                None => "",
                Some(By::PasskeyEnroll) => "passkey-enroll",
                Some(By::OnTrial) => "passkey-enroll, on trial",
                Some(By::Hand) => "hand or distribution",
            };
            let place = match (&service.path, service.line) {
                (Some(path), Some(line)) => format!("{path}:{line}"),
                (Some(path), None) => path.clone(),
                (None, _) => "no file: what `other` says".to_owned(),
            };
            let mut asks = service.asks.words();
            for ExemptLine { line, with } in &service.exempt {
                let with = if with.is_empty() { "nothing".to_owned() } else { with.join(" and ") };
                // Writing to a String cannot fail.
                let _ = write!(asks, "; {with}, where {} ({}:{}) says so", line.module, line.path, line.line);
            }
            if !service.without_passkey.is_empty() && service.asks == Asks::PasswordAndPasskey {
                let with = service.without_passkey.join(" and ");
                let _ = write!(asks, "; {with} for people who have no passkey");
            }
            let cells = [service.service.clone(), asks, by.to_owned(), place];
            if service.asks == Asks::Password { table.faint_row(&cells) } else { table.row(&cells) }
        }
        let mut text = table.text(paint);
        for line in self.services.iter().flat_map(|service| &service.lines) {
            text.push('\n');
            text.push_str(&line.human(paint));
        }
        text
    }
}

/// A change as it would be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Draft {
    /// In the unified form, file by file.
    pub(crate) diff: String,
    /// What would come of it that is not good.
    pub(crate) risks: Vec<Finding>,
}

impl Draft {
    pub(crate) fn new(before: &ServiceFiles, after: &ServiceFiles, risks: &[doctor::Finding]) -> Self {
        let text = |files: &ServiceFiles, name: &str| {
            files.read(name).map(|(path, file)| {
                (path.display().to_string(), String::from_utf8_lossy(&file.to_bytes()).into_owned())
            })
        };
        let diffs = after.drafted().into_iter().map(|name| {
            let (old_path, old) =
                text(before, &name).unwrap_or_else(|_| ("/dev/null".to_owned(), String::new()));
            let (new_path, new) = text(after, &name).unwrap_or_default();
            TextDiff::from_lines(&old, &new)
                .unified_diff()
                .context_radius(3)
                .header(&old_path, &new_path)
                .to_string()
        });
        Self { diff: diffs.collect(), risks: risks.iter().map(Finding::from).collect() }
    }
}

impl Human for Draft {
    fn human(&self, paint: Paint) -> String {
        let mut text = String::new();
        for line in self.diff.lines() {
            // PAM files are full of tabs, which are no danger.
            let line_text = Escaped::line(&line.replace('\t', TAB)).to_string();
            let painted = match line.as_bytes() {
                [b'+', ..] => paint.success(&line_text),
                [b'-', ..] => paint.error(&line_text),
                [b'@', ..] => paint.faint(&line_text),
                _ => line_text,
            };
            text.extend([&painted, "\n"]);
        }
        if !self.risks.is_empty() {
            text.push('\n');
        }
        for risk in &self.risks {
            text.push_str(&finding_text(risk, paint));
        }
        text.push('\n');
        text
    }
}

/// `pam enable`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Enabled {
    pub(crate) service: String,
    pub(crate) way: Way,
    /// Whether it did not ask like this before.
    pub(crate) changed: bool,
    /// Whether all is as it was, since only a draft was asked for.
    pub(crate) dry_run: bool,
    /// Whether a person has signed in by the new lines before they were installed.
    pub(crate) rehearsed: bool,
    /// Null where nothing was to change.
    pub(crate) draft: Option<Draft>,
}

impl Enabled {
    pub(crate) fn unchanged(service: &str, way: Way) -> Self {
        let service = service.to_owned();
        Self { service, way, changed: false, dry_run: false, rehearsed: false, draft: None }
    }

    pub(crate) fn dry_run(service: &str, way: Way, draft: Draft) -> Self {
        Self { dry_run: true, draft: Some(draft), ..Self::unchanged(service, way) }
    }

    pub(crate) fn done(service: &str, way: Way, draft: Draft, rehearsed: bool) -> Self {
        Self { changed: true, rehearsed, draft: Some(draft), ..Self::unchanged(service, way) }
    }
}

impl Human for Enabled {
    fn human(&self, paint: Paint) -> String {
        let service = Escaped::text(&self.service);
        if self.dry_run {
            return "Nothing was changed.\n".to_owned();
        }
        let how = match self.way {
            Way::SecondFactor => "besides the password",
            Way::Passwordless => "in place of the password",
        };
        let since = if self.changed { "from now on" } else { "already" };
        paint.success(&format!("{service} asks for a passkey {how} {since}.")) + "\n"
    }
}

/// `pam confirm`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Confirmed {
    pub(crate) service: String,
    /// Null if it no longer asks.
    pub(crate) way: Option<Way>,
}

impl Human for Confirmed {
    fn human(&self, paint: Paint) -> String {
        let service = Escaped::text(&self.service);
        let kept = match self.way {
            Some(_) => format!("{service} keeps asking for passkeys."),
            None => format!("{service} asks for passkeys no more."),
        };
        paint.success(&kept) + "\n"
    }
}

/// `pam disable` and `pam undo`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DisabledServices {
    pub(crate) services: Vec<Disabled>,
}

/// A service that no longer asks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Disabled {
    pub(crate) service: String,
    /// Whether it did before.
    pub(crate) changed: bool,
    /// Whether its file is to the byte what it was before it was switched on.
    pub(crate) restored: bool,
}

impl Human for DisabledServices {
    fn human(&self, _: Paint) -> String {
        let lines = self.services.iter().map(|Disabled { service, changed, restored }| {
            let service = Escaped::text(service);
            match (changed, restored) {
                (false, _) => format!("{service} does not ask for passkeys.\n"),
                (true, true) => format!("{service} is as it was before: it does not ask for passkeys.\n"),
                (true, false) => {
                    format!("{service} does not ask for passkeys any more: those lines were taken out.\n")
                }
            }
        });
        lines.collect()
    }
}
