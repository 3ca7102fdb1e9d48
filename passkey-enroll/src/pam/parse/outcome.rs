//! What comes of a stack when each module gives a certain answer.

use super::control::{Action, Control, ReturnValue};
use super::stack::{Call, MustFail, Stack, Step};

/// What libpam answers where nobody else does.
const MUST_FAIL: ReturnValue = ReturnValue::PermDenied;

/// What a stack has come to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Impression {
    Undecided,
    Positive,
    Negative,
}

/// What a stack has come to so far, and what the application would be told.
#[derive(Clone, Copy, Debug)]
struct State {
    impression: Impression,
    status: ReturnValue,
}

impl Stack {
    /// What the application is told when the modules answer as `answer` says; it is asked about those that are reached, in their
    /// order.
    pub fn outcome(&self, answer: &mut dyn FnMut(&Call) -> ReturnValue) -> ReturnValue {
        if self.steps.is_empty() {
            return MUST_FAIL;
        }
        let mut state = State { impression: Impression::Undecided, status: MUST_FAIL };
        state.run(&self.steps, answer);
        match state {
            State {
                status: ReturnValue::Success,
                impression: Impression::Undecided | Impression::Negative,
            } => MUST_FAIL,
            State { status, .. } => status,
        }
    }
}

impl State {
    fn run(&mut self, steps: &[Step], answer: &mut dyn FnMut(&Call) -> ReturnValue) {
        let before = *self;
        let mut steps = steps.iter();
        while let Some(step) = steps.next() {
            let (answer, action) = match step {
                Step::Substack(inner) => {
                    self.run(inner, answer);
                    continue;
                }
                Step::Call(call) => {
                    let answer = answer(call);
                    (answer, call.rule.control.action(answer))
                }
                Step::MustFail(MustFail { control, .. }) => (
                    MUST_FAIL,
                    control.as_ref().map_or(Action::Bad, |control| Control::action(control, MUST_FAIL)),
                ),
            };
            match action {
                Action::Ignore => {}
                Action::Reset => *self = before,
                Action::Ok => self.agree(answer),
                Action::Done => {
                    self.agree(answer);
                    if self.impression == Impression::Positive {
                        return;
                    }
                }
                Action::Bad => self.refuse(answer),
                Action::Die => {
                    self.refuse(answer);
                    return;
                }
                Action::Jump(modules) => {
                    let last = usize::try_from(modules).unwrap_or(usize::MAX).saturating_sub(1);
                    if steps.nth(last).is_none() {
                        // A jump past the end.
                        *self = Self { impression: Impression::Negative, status: MUST_FAIL };
                    }
                }
            }
        }
    }

    fn agree(&mut self, answer: ReturnValue) {
        let open = match self.impression {
            Impression::Undecided => true,
            Impression::Positive => self.status == ReturnValue::Success,
            Impression::Negative => false,
        };
        if open {
            *self = Self { impression: Impression::Positive, status: answer };
        }
    }

    fn refuse(&mut self, answer: ReturnValue) {
        if self.impression != Impression::Negative {
            let status = if answer == ReturnValue::Ignore { MUST_FAIL } else { answer };
            *self = Self { impression: Impression::Negative, status };
        }
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
