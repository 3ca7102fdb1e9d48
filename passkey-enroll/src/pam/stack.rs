//! What comes of a stack of modules, given their answers (pam.conf(5)).

use super::line::{Action, Rule};

/// A step of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A module is called.
    Module(Rule),
    /// A stack of its own.
    Substack(Vec<Step>),
}

/// A module's answer, as far as it is told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// `PAM_SUCCESS`
    Success,
    /// `PAM_IGNORE`
    Ignore,
    /// `PAM_AUTHINFO_UNAVAIL`
    Unavailable,
    /// `PAM_AUTH_ERR`
    Failure,
}

impl Answer {
    /// Its name in a control.
    fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Ignore => "ignore",
            Self::Unavailable => "authinfo_unavail",
            Self::Failure => "auth_err",
        }
    }
}

/// What a stack has come to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Impression {
    Undecided,
    Good,
    Bad,
}

/// Whether somebody comes in when each module gives the answer that `answer` foretells.
pub(crate) fn opens(stack: &[Step], answer: &impl Fn(&Rule) -> Answer) -> bool {
    run(stack, answer) == Impression::Good
}

fn run(stack: &[Step], answer: &impl Fn(&Rule) -> Answer) -> Impression {
    let mut impression = Impression::Undecided;
    let mut steps = stack.iter();
    while let Some(step) = steps.next() {
        let action = match step {
            Step::Module(rule) => rule.control.action(answer(rule).name()),
            Step::Substack(inner) => match run(inner, answer) {
                Impression::Undecided => Action::Ignore,
                Impression::Good => Action::Ok,
                Impression::Bad => Action::Bad,
            },
        };
        match action {
            Action::Reset => impression = Impression::Undecided,
            Action::Ok if impression == Impression::Undecided => impression = Impression::Good,
            Action::Ignore | Action::Ok => {}
            Action::Bad => impression = Impression::Bad,
            Action::Die => return Impression::Bad,
            Action::Done if impression == Impression::Bad => return Impression::Bad,
            Action::Done => return Impression::Good,
            Action::Jump(lines) => {
                // Past the end is the end.
                let _ = steps.nth(lines.saturating_sub(1));
            }
        }
    }
    impression
}

#[cfg(test)]
#[path = "stack_tests.rs"]
mod tests;
