//! What each line of a stack does, in words.

use super::dispatch::TooComplex;
use super::modules::{Kind, ModuleBehaviour};
use super::person::Person;
use super::ways::{Line, Verdict};
use super::{Factors, ServiceAccess, modules};
use crate::pam::parse::{Action, ReturnValue, Rule};

/// A line's part in who gets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The line.
    pub(crate) line: Line,
    /// What its module looks at.
    pub(crate) looks_at: String,
    /// What follows where it is content.
    pub(crate) yes: Option<String>,
    /// What follows where it is not.
    pub(crate) no: Option<String>,
    /// What else there is to say of it.
    pub(crate) remarks: Vec<String>,
}

impl ServiceAccess {
    /// Each line's part, in order.
    ///
    /// # Errors
    /// When the stack has more states than can be looked at.
    pub(crate) fn explain(&self, verdict: &Verdict) -> Result<Vec<Part>, TooComplex> {
        let program = self.program();
        let reached = program.reached(&|_, call| self.answers(call, Person::enrolled(Factors::ALL)))?;
        let parts = program.calls().iter().enumerate().map(|(number, call)| {
            let line = Line::of(call);
            let mut remarks = Vec::new();
            if !reached.contains(&number) {
                remarks.push("It is never reached.".to_owned());
            }
            for exemption in verdict.exempt.iter().filter(|exemption| exemption.line == line) {
                remarks.push(if exemption.factors.is_empty() {
                    "Those for whom it holds get in without any proof.".to_owned()
                } else {
                    format!("For those for whom it holds, the {} is enough.", exemption.factors)
                });
            }
            let refusal = self.passkeys.iter().find(|passkey| passkey.place == call.place);
            if let Some(Err(refusal)) = refusal.map(|passkey| &passkey.asked) {
                remarks.push(format!("The module refuses to work here: {refusal}."));
            }
            let (yes, no) = consequences(&call.rule);
            Part { looks_at: looks_at(&call.rule), yes, no, line, remarks }
        });
        Ok(parts.collect())
    }
}

fn looks_at(rule: &Rule) -> String {
    match ModuleBehaviour::of(rule).kind {
        Kind::Passkey => "asks for a passkey".to_owned(),
        Kind::Factor(factors) => format!("asks for the {factors}"),
        Kind::Check if modules::is_for_root(rule) => "checks whether the caller is root already".to_owned(),
        Kind::Check => "checks a condition".to_owned(),
        Kind::Neutral => "asks for nothing".to_owned(),
        Kind::Denies => "accepts nobody".to_owned(),
        Kind::Unknown => "is not known: it may give any answer".to_owned(),
    }
}

/// What follows from each side's first answer.
fn consequences(rule: &Rule) -> (Option<String>, Option<String>) {
    let ModuleBehaviour { kind, yes, no, .. } = ModuleBehaviour::of(rule);
    let follows =
        |answer: Option<&ReturnValue>| answer.map(|answer| words(rule.control.action(*answer), *answer));
    match kind {
        Kind::Unknown => (follows(Some(&ReturnValue::Success)), follows(Some(&ReturnValue::AuthErr))),
        Kind::Neutral => (follows(yes.first()), None),
        Kind::Denies => (None, follows(no.first())),
        Kind::Passkey | Kind::Factor(_) | Kind::Check => (follows(yes.first()), follows(no.first())),
    }
}

fn words(action: Action, answer: ReturnValue) -> String {
    match action {
        Action::Ignore => "has no say".to_owned(),
        Action::Ok if answer == ReturnValue::Success => "speaks for letting in".to_owned(),
        Action::Done if answer == ReturnValue::Success => {
            "lets in at once, unless a line before it failed".to_owned()
        }
        Action::Ok | Action::Done | Action::Bad => "refuses in the end".to_owned(),
        Action::Die => "refuses at once".to_owned(),
        Action::Reset => "forgets what the lines before it said".to_owned(),
        Action::Jump(1) => "skips the next line".to_owned(),
        Action::Jump(lines) => format!("skips the next {lines} lines"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_said_by_the_control() {
        use crate::pam::parse::{Content, Dialect, ServiceFile};
        for (line, expected) in [
            (
                "required pam_unix.so",
                ("asks for the password", Some("speaks for letting in"), Some("refuses in the end")),
            ),
            (
                "[success=2 default=ignore] pam_unix.so",
                ("asks for the password", Some("skips the next 2 lines"), Some("has no say")),
            ),
            (
                "sufficient pam_passkey.so",
                (
                    "asks for a passkey",
                    Some("lets in at once, unless a line before it failed"),
                    Some("has no say"),
                ),
            ),
            ("requisite pam_deny.so", ("accepts nobody", None, Some("refuses at once"))),
            ("requisite pam_nologin.so", ("checks a condition", Some("has no say"), Some("refuses at once"))),
            ("required pam_env.so", ("asks for nothing", Some("has no say"), None)),
        ] {
            let file = ServiceFile::parse(format!("auth {line}").as_bytes(), &Dialect::default());
            let Content::Rule(rule) = &file.lines()[0].content else { panic!("{line}") };
            let (yes, no) = consequences(rule);
            assert_eq!((looks_at(rule).as_str(), yes.as_deref(), no.as_deref()), expected, "{line}");
        }
    }
}
