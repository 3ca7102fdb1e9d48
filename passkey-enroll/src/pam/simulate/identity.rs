//! What a stack's conditions are known to say of an account.

use super::ServiceAccess;
use super::modules::ModuleBehaviour;
use super::ways::{Limit, Line};
use crate::pam::parse::Rule;

/// User ids below this one are the system's (`UID_MIN` of login.defs(5), as nearly everywhere).
const FIRST_REGULAR: u32 = 1000;

/// An account, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its user id.
    pub(crate) uid: Option<u32>,
}

impl ServiceAccess {
    /// Whether some condition of the stack is about this very name.
    pub(crate) fn names(&self, name: &str) -> bool {
        let is_about = |argument: &String| argument.split(':').any(|word| word == name);
        self.calls().into_iter().any(|call| call.rule.arguments.iter().any(is_about))
    }

    /// What the conditions of the stack are known to answer when this account signs in from outside.
    pub(super) fn limits_of(&self, identity: Identity<'_>) -> Vec<Limit> {
        let calls = self.calls().into_iter();
        let limits = calls.filter_map(|call| {
            let ModuleBehaviour { yes, no, .. } = ModuleBehaviour::of(&call.rule);
            let holds = identity.fulfils(&call.rule)?;
            Some(Limit { line: Line::of(call), answers: if holds { yes } else { no }.to_vec() })
        });
        limits.collect()
    }
}

impl Identity<'_> {
    /// Whether the condition that a rule checks holds; `None` where that is not known.
    fn fulfils(self, rule: &Rule) -> Option<bool> {
        match rule.module_name() {
            "pam_succeed_if.so" => self.fulfils_all(&rule.arguments),
            "pam_usertype.so" => {
                let is_regular = self.uid? >= FIRST_REGULAR;
                let has = |word: &str| rule.arguments.iter().any(|argument| argument == word);
                match (has("isregular"), has("issystem")) {
                    (true, false) => Some(is_regular),
                    (false, true) => Some(!is_regular),
                    (true, true) | (false, false) => None,
                }
            }
            _ => None,
        }
    }

    /// `pam_succeed_if(8)`: every condition has to hold.
    fn fulfils_all(self, arguments: &[String]) -> Option<bool> {
        const FLAGS: [&str; 6] = ["debug", "use_uid", "quiet", "quiet_fail", "quiet_success", "audit"];
        // It concerns the user who runs the program, not the one who signs in.
        if arguments.iter().any(|argument| argument == "use_uid") {
            return None;
        }
        let words: Vec<&str> =
            arguments.iter().map(String::as_str).filter(|argument| !FLAGS.contains(argument)).collect();
        let (mut all, mut known) = (true, true);
        for condition in words.chunks(3) {
            let [subject, operator, value] = condition else { return None };
            match self.holds(subject, operator, value) {
                Some(holds) => all &= holds,
                None => known = false,
            }
        }
        if all { known.then_some(!words.is_empty()).filter(|holds| *holds) } else { Some(false) }
    }

    fn holds(self, subject: &str, operator: &str, value: &str) -> Option<bool> {
        match subject {
            "user" => match operator {
                "=" | "eq" => Some(self.name == value),
                "!=" | "ne" => Some(self.name != value),
                "in" => Some(value.split(':').any(|name| name == self.name)),
                "notin" => Some(value.split(':').all(|name| name != self.name)),
                _ => None,
            },
            "uid" => {
                let (uid, value) = (self.uid?, value.parse::<u32>().ok()?);
                match operator {
                    "=" | "eq" => Some(uid == value),
                    "!=" | "ne" => Some(uid != value),
                    "<" | "lt" => Some(uid < value),
                    "<=" | "le" => Some(uid <= value),
                    ">" | "gt" => Some(uid > value),
                    ">=" | "ge" => Some(uid >= value),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
