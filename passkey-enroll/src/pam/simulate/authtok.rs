//! Modules that take the password from those before them (`PAM_AUTHTOK`) and unlock with it what the password locks: keyrings, encrypted
//! folders. A passkey in place of the password must not pass them by.

use std::collections::BTreeSet;

use passkey_core::config::Mode;

use super::dispatch::{Program, TooComplex};
use super::factors::Factors;
use super::modules::{Kind, ModuleBehaviour, takes_authtok};
use super::person::Person;
use super::ways::Line;
use super::{Asked, ServiceAccess};
use crate::pam::parse::{Call, Facility, ReturnValue, Rule, ServiceFiles};

/// A module that takes the password, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consumer {
    /// Where it is called.
    pub(crate) line: Line,
    /// Whether it is known to. One that is not known may do anything.
    pub(crate) is_known: bool,
}

/// The factor by which a person signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Password,
    Passkey,
}

/// The modules, by name, that unlock something for a session of this service. Services without lines for sessions, as lockers are, have none:
/// libpam would take those of `other`, were it asked.
pub(crate) fn session_consumers(files: &ServiceFiles, service: &str) -> BTreeSet<String> {
    let Some(stack) = files.stack(service, Facility::Session).ok().filter(|stack| !stack.is_other) else {
        return BTreeSet::new();
    };
    let consumers = stack.rules().into_iter().filter(|rule| takes_authtok(rule));
    consumers.map(|rule| rule.module_name().to_owned()).collect()
}

impl ServiceAccess {
    /// The modules that take the password of those who sign in with it at `other`, and are passed by here by those who sign in with a passkey.
    /// Of the modules that are known, only those count that a session of the service needs: sudo has a keyring in passing, by way of a common file.
    ///
    /// # Errors
    /// When a stack has more states than can be looked at.
    pub(crate) fn passed_by(&self, other: &Self, files: &ServiceFiles) -> Result<Vec<Consumer>, TooComplex> {
        let needed = session_consumers(files, &self.service);
        let reached = self.consumers(By::Passkey)?;
        let mut passed_by: Vec<Consumer> = Vec::new();
        for call in other.consumers(By::Password)? {
            let module = call.rule.module_name();
            let is_known = takes_authtok(&call.rule);
            let is_told = passed_by.iter().any(|told| told.line.rule.module_name() == module);
            // The same module may be called again where the passkey's line leads to.
            let is_reached = reached.iter().any(|reached| reached.rule.module_name() == module);
            if !is_reached && !is_told && (!is_known || needed.contains(module)) {
                passed_by.push(Consumer { line: Line::of(call), is_known });
            }
        }
        Ok(passed_by)
    }

    /// The modules that unlock something for a session, and are run after a sign-in with a passkey alone. Without any, a password has no module
    /// to be handed to.
    ///
    /// # Errors
    /// When the stack has more states than can be looked at.
    pub(crate) fn served_by_passkey(&self, files: &ServiceFiles) -> Result<Vec<Line>, TooComplex> {
        if !self.is_passwordless() {
            return Ok(Vec::new());
        }
        let needed = session_consumers(files, &self.service);
        let mut served: Vec<Line> = Vec::new();
        for call in self.consumers(By::Passkey)? {
            let module = call.rule.module_name();
            let is_told = served.iter().any(|told| told.rule.module_name() == module);
            if takes_authtok(&call.rule) && needed.contains(module) && !is_told {
                served.push(Line::of(call));
            }
        }
        Ok(served)
    }

    /// Whether a passkey stands for the password.
    fn is_passwordless(&self) -> bool {
        let is_passwordless = |asked: &Asked| asked.policy.mode == Mode::Passwordless;
        self.passkeys.iter().any(|call| call.asked.as_ref().is_ok_and(is_passwordless))
    }

    /// The calls that take the password, or may, and are reached once there is one to be had.
    fn consumers(&self, by: By) -> Result<Vec<&Call>, TooComplex> {
        let program = self.program();
        let (password, passkey) = (Factors::PASSWORD, Factors::PASSKEY);
        let (lacks, after) = match by {
            By::Password => (passkey, password),
            By::Passkey if self.is_passwordless() => (password, passkey),
            // As second factor: the password was typed.
            By::Passkey => (Factors::NONE, password),
        };
        let numbers = self.reached_by(&program, Factors::ALL.without(lacks), after)?;
        let calls = numbers.into_iter().filter_map(|number| program.calls().get(number).copied());
        Ok(calls.filter(|call| may_take_authtok(&call.rule)).collect())
    }

    /// The calls that are reached after `after` was proved, by a person who uses their password and their passkey as far as they have them.
    fn reached_by(
        &self,
        program: &Program<'_>,
        has: Factors,
        after: Factors,
    ) -> Result<BTreeSet<usize>, TooComplex> {
        let uses = |factor| has.contains(factor);
        let answers = |_: usize, call: &Call| {
            let mut answers = self.answers(call, Person::enrolled(has));
            match ModuleBehaviour::of(&call.rule).kind {
                Kind::Passkey => answers
                    .retain(|possible| (possible.answer == ReturnValue::Success) == uses(Factors::PASSKEY)),
                Kind::Factor(Factors::PASSWORD) if uses(Factors::PASSWORD) => {
                    answers.retain(|possible| !possible.proves.is_empty());
                }
                Kind::Factor(_) | Kind::Check | Kind::Neutral | Kind::Denies | Kind::Unknown => {}
            }
            answers
        };
        program.reached_after(&answers, |proved| proved.contains(after))
    }
}

fn may_take_authtok(rule: &Rule) -> bool {
    takes_authtok(rule) || ModuleBehaviour::of(rule).kind == Kind::Unknown
}

#[cfg(test)]
#[path = "authtok_tests.rs"]
mod tests;
