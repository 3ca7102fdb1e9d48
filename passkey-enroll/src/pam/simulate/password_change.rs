//! Whether a stack by which passwords are changed can call the module, so that a wrapped password does not go stale unseen.
//!
//! The module is to hear of a password that was changed, and of no other; and it must have no say. In a stack where its line can be reached
//! before the change, or with the change refused, or before any module has decided, it does not belong.

use std::collections::BTreeSet;
use std::fmt;

use super::dispatch::{Possible, Program, TooComplex};
use super::factors::Factors;
use super::modules::{Kind, MODULE, ModuleBehaviour, distinct};
use crate::pam::parse::{Call, Control, Facility, Place, ReturnValue, ServiceFiles, Stack};

/// Agrees to everything, and to nothing.
const PERMIT: &str = "pam_permit.so";
const DENY: &str = "pam_deny.so";
/// It changes the password or fails: it has an opinion of every user.
const UNIX: &str = "pam_unix.so";

/// Why a line of the module is wrong where it stands among those that change passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misplaced {
    /// No password is changed by the time that it is reached, or none may be.
    BeforeChange(Place),
    /// It could decide: its control is not `optional`, or no module has decided before it.
    Decides(Place),
    /// It is never reached once a password was changed.
    NotReached(Place),
    /// The stack has more states than can be looked at.
    TooComplex(Place),
}

impl Misplaced {
    /// Where the line stands.
    pub(crate) fn place(&self) -> &Place {
        match self {
            Self::BeforeChange(place)
            | Self::Decides(place)
            | Self::NotReached(place)
            | Self::TooComplex(place) => place,
        }
    }
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeChange(_) => "it can be reached although no password was changed",
            Self::Decides(_) => "it could decide whether a password is changed",
            Self::NotReached(_) => "it is not reached when a password was changed",
            Self::TooComplex(_) => "the lines are too complex to tell when it is reached",
        })
    }
}

/// Whether a service calls the module when passwords are changed.
pub(crate) fn hears_of_changes(files: &ServiceFiles, service: &str) -> bool {
    let stack = files.stack(service, Facility::Password);
    stack.is_ok_and(|stack| !stack.is_other && calls_module(&stack))
}

fn calls_module(stack: &Stack) -> bool {
    stack.rules().iter().any(|rule| rule.module_name() == MODULE)
}

/// What is wrong with the calls of the module when passwords are changed, in order.
pub(crate) fn misplaced(stack: &Stack) -> Vec<Misplaced> {
    let program = Program::new(stack, |_| false);
    let calls = program.calls().iter().enumerate();
    let ours = calls.filter(|(_, call)| call.rule.module_name() == MODULE);
    ours.filter_map(|(number, call)| fault(&program, number, call)).collect()
}

/// Whether changing a password comes to the same ends in both stacks, with a password changed and without.
pub(crate) fn ends_alike(one: &Stack, other: &Stack) -> bool {
    let ends = |stack| -> Result<BTreeSet<_>, TooComplex> {
        let ends = Program::new(stack, |_| false).ends(&|_, call| answers(call))?;
        Ok(ends.into_iter().map(|end| (end.factors, end.status.name())).collect())
    };
    ends(one).is_ok_and(|ends_of_one| ends(other) == Ok(ends_of_one))
}

fn fault(program: &Program<'_>, number: usize, call: &Call) -> Option<Misplaced> {
    let place = || call.place.clone();
    let states = match program.states_before(number, &|_, call| answers(call)) {
        Ok(states) => states,
        Err(TooComplex) => return Some(Misplaced::TooComplex(place())),
    };
    if states.is_empty() {
        return Some(Misplaced::NotReached(place()));
    }
    if states.iter().any(|state| !state.factors.contains(Factors::PASSWORD)) {
        return Some(Misplaced::BeforeChange(place()));
    }
    // If a module has decided, success does not change that, and by these controls a failure does not count.
    let is_optional = matches!(call.rule.control, Control::Optional);
    let is_heard = !is_optional || states.iter().any(|state| !state.is_decided);
    is_heard.then(|| Misplaced::Decides(place()))
}

/// What a module may answer when a password is changed. A password module that is content has changed it.
fn answers(call: &Call) -> Vec<Possible> {
    let rule = &call.rule;
    match ModuleBehaviour::of(rule).kind {
        // What it promises, and what libpam says where it is not installed.
        Kind::Passkey => {
            [ReturnValue::Success, ReturnValue::Ignore, ReturnValue::ModuleUnknown].map(Possible::from).into()
        }
        Kind::Factor(Factors::PASSWORD) => {
            let has_none = |answer| matches!(answer, ReturnValue::Ignore | ReturnValue::NewAuthtokReqd);
            let may_be = |answer: &ReturnValue| rule.module_name() != UNIX || !has_none(*answer);
            let proves =
                |answer| if answer == ReturnValue::Success { Factors::PASSWORD } else { Factors::NONE };
            distinct(rule, ReturnValue::ALL)
                .into_iter()
                .filter(may_be)
                .map(|answer| Possible { answer, proves: proves(answer) })
                .collect()
        }
        // What the table says of others is about signing in.
        Kind::Factor(_) | Kind::Check | Kind::Neutral | Kind::Denies | Kind::Unknown => {
            match rule.module_name() {
                PERMIT => vec![ReturnValue::Success.into()],
                DENY => vec![ReturnValue::AuthtokErr.into()],
                _ => distinct(rule, ReturnValue::ALL).into_iter().map(Possible::from).collect(),
            }
        }
    }
}

#[cfg(test)]
#[path = "password_change_tests.rs"]
mod tests;
