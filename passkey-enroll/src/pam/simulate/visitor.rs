//! Who comes in, by what they bring along.

use passkey_core::config::{Policy, Remote, Unenrolled, serves_other_machines};

use super::modules::{self, Habit};
use super::{Asked, Gate};
use crate::pam::parse::{Call, Place, ReturnValue, Rule};

/// The most conditions of one service that are tried both ways.
const MAX_CONDITIONS: usize = 8;
/// How a sign-in fails when somebody wants it to: without the touch, without the key, with too many wrong PINs.
const FAILURES: [ReturnValue; 3] =
    [ReturnValue::AuthErr, ReturnValue::AuthinfoUnavail, ReturnValue::Maxtries];

/// What somebody brings along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor {
    pub(crate) passkey: Passkey,
    /// Whether they know the password.
    pub(crate) password: bool,
}

/// What somebody is to the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passkey {
    /// They have a passkey and use it.
    Used,
    /// Their passkey does not sign them in, and this is how the module says so.
    Fails(ReturnValue),
    /// They have none that could.
    Lacking(Lack),
    /// Nobody asks for it: the module stands aside.
    NotAsked,
}

/// Why somebody has no passkey that could sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// They have none at all, and `unenrolled` says what becomes of them.
    Unenrolled,
    /// They have some that are disabled or damaged: the module refuses them in any case.
    NoneUsable,
}

/// One way in which the conditions of a service can turn out: a bit for each of them that fails.
type Turnout = u32;

impl Gate {
    /// Whether somebody who lacks a passkey stays outside where others come in.
    pub(crate) fn is_closed_to(&self, lack: Lack) -> bool {
        self.compared(Visitor { passkey: Passkey::Lacking(lack), password: true }).contains(&false)
    }

    /// Whether nobody ever comes in, whatever they have.
    pub(crate) fn is_shut(&self) -> bool {
        self.compared(Visitor { passkey: Passkey::Used, password: true }).is_empty()
    }

    /// Whether whoever knows the password can come in without the passkey, in every way in which the conditions can turn out.
    pub(crate) fn password_is_enough(&self) -> bool {
        FAILURES.into_iter().any(|failure| {
            let outcomes = self.compared(Visitor { passkey: Passkey::Fails(failure), password: true });
            !outcomes.is_empty() && !outcomes.contains(&false)
        })
    }

    /// Whether the passkey is enough.
    pub(crate) fn passkey_is_enough(&self) -> bool {
        self.compared(Visitor { passkey: Passkey::Used, password: false }).contains(&true)
    }

    /// The calls of modules that are reached, where every condition holds.
    pub(crate) fn reached(&self, visitor: Visitor) -> Vec<Place> {
        let mut reached = Vec::new();
        self.run(visitor, 0, &mut |call| reached.push(call.place.clone()));
        reached
    }

    /// Whether what the visitor brings lets them in where it lets in whoever has everything, in each way in which the conditions
    /// can turn out; in the order of those.
    ///
    /// Where a condition keeps the password out in any case, as of those whose account is on another machine, it is no lack of a
    /// passkey that keeps somebody out: if the password is what opens in some ways, the others do not count.
    fn compared(&self, visitor: Visitor) -> Vec<bool> {
        let opens = |passkey, password, turnout| self.opens(Visitor { passkey, password }, turnout);
        let all: Vec<Turnout> =
            self.turnouts().filter(|turnout| opens(Passkey::Used, true, *turnout)).collect();
        let by_password = |turnout: &Turnout| {
            opens(Passkey::NotAsked, true, *turnout) && !opens(Passkey::NotAsked, false, *turnout)
        };
        let mut counted: Vec<Turnout> = all.iter().copied().filter(by_password).collect();
        if counted.is_empty() {
            counted = all;
        }
        counted.into_iter().map(|turnout| self.opens(visitor, turnout)).collect()
    }

    fn conditions(&self) -> Vec<&Rule> {
        let mut conditions: Vec<&Rule> = Vec::new();
        for call in self.calls() {
            if modules::habit(&call.rule) == Habit::Condition
                && !conditions.iter().any(|known| is_same(known, &call.rule))
            {
                conditions.push(&call.rule);
            }
        }
        conditions.truncate(MAX_CONDITIONS);
        conditions
    }

    fn turnouts(&self) -> std::ops::Range<Turnout> {
        // At most eight.
        0..1_u32.checked_shl(u32::try_from(self.conditions().len()).unwrap_or(0)).unwrap_or(1)
    }

    fn opens(&self, visitor: Visitor, turnout: Turnout) -> bool {
        self.run(visitor, turnout, &mut |_| {}) == ReturnValue::Success
    }

    fn run(&self, visitor: Visitor, turnout: Turnout, reached: &mut dyn FnMut(&Call)) -> ReturnValue {
        let conditions = self.conditions();
        self.stack.outcome(&mut |call| {
            reached(call);
            match modules::habit(&call.rule) {
                Habit::Passkey => self.passkey_answer(&call.place, visitor.passkey),
                Habit::Password if visitor.password => ReturnValue::Success,
                Habit::Password | Habit::Fails => ReturnValue::AuthErr,
                Habit::StandsAside => ReturnValue::Ignore,
                Habit::Succeeds => ReturnValue::Success,
                // What is beyond the most holds.
                Habit::Condition => match conditions.iter().position(|known| is_same(known, &call.rule)) {
                    Some(bit) if turnout >> bit & 1 == 1 => ReturnValue::AuthErr,
                    Some(_) | None => ReturnValue::Success,
                },
            }
        })
    }

    fn passkey_answer(&self, place: &Place, passkey: Passkey) -> ReturnValue {
        let call = self.passkeys.iter().find(|call| call.place == *place);
        match call.map(|call| &call.asked) {
            Some(_) | None if passkey == Passkey::NotAsked => ReturnValue::Ignore,
            Some(Ok(asked)) => asked.policy_answer(&self.service, passkey),
            Some(Err(_)) | None => ReturnValue::ServiceErr,
        }
    }
}

impl Asked {
    fn policy_answer(&self, service: &str, passkey: Passkey) -> ReturnValue {
        let refused = self.policy.remote == Remote::Refuse && serves_other_machines(service);
        match passkey {
            // A user without passkeys may pass by from wherever they come.
            Passkey::Lacking(lack) => lack.answer(&self.policy),
            Passkey::Used | Passkey::Fails(_) if refused => ReturnValue::AuthinfoUnavail,
            Passkey::Used => ReturnValue::Success,
            Passkey::NotAsked => ReturnValue::Ignore,
            Passkey::Fails(failure) => failure,
        }
    }
}

impl Lack {
    pub(super) fn answer(self, policy: &Policy) -> ReturnValue {
        match (self, policy.unenrolled) {
            (Self::Unenrolled, Unenrolled::Ignore) => ReturnValue::Ignore,
            (Self::Unenrolled, Unenrolled::Deny)
            | (Self::NoneUsable, Unenrolled::Deny | Unenrolled::Ignore) => ReturnValue::AuthinfoUnavail,
        }
    }
}

/// Whether two calls ask the same.
fn is_same(one: &Rule, other: &Rule) -> bool {
    (one.module_name(), &one.arguments) == (other.module_name(), &other.arguments)
}
