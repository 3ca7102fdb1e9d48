//! What a person has, and how modules answer them.

use passkey_core::config::{Mode, Policy, Remote, Unenrolled, serves_other_machines};
use passkey_core::host::{Extension, FailureCode};

use super::ServiceAccess;
use super::dispatch::Possible;
use super::factors::Factors;
use super::modules::{Kind, ModuleBehaviour, distinct, is_for_root};
use crate::pam::parse::{Call, ReturnValue};

/// A person who signs in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    /// What they can prove. They need not: a PIN can be wrong, a card left at home.
    pub(crate) has: Factors,
    /// What they are to our module.
    pub(crate) passkey: Passkey,
    /// Whether the program was started by root, as when root becomes another user.
    pub(crate) is_root_already: bool,
}

/// What a person is to our module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passkey {
    /// They have passkeys; whether they use one is up to [`Person::has`].
    Enrolled,
    /// They have none that could sign in.
    Missing(MissingPasskey),
    /// They are not asked: the module stands aside.
    NotAsked,
}

/// Why a person has no passkey that could sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MissingPasskey {
    /// They have none at all, and `unenrolled` says what becomes of them.
    Unenrolled,
    /// They have some that are disabled or damaged: the module refuses them in any case.
    NoneUsable,
}

impl Person {
    /// A person with passkeys who can prove this.
    pub(crate) fn enrolled(has: Factors) -> Self {
        Self { has, passkey: Passkey::Enrolled, is_root_already: false }
    }

    /// A person without passkeys who can prove this.
    pub(crate) fn missing(missing: MissingPasskey, has: Factors) -> Self {
        Self { has, passkey: Passkey::Missing(missing), is_root_already: false }
    }
}

impl MissingPasskey {
    /// What the module may answer them: programs are given codes of their own.
    pub(super) fn answers(self, policy: &Policy) -> Vec<ReturnValue> {
        match (self, policy.unenrolled) {
            (Self::Unenrolled, Unenrolled::Ignore) => vec![ReturnValue::Ignore],
            (Self::Unenrolled, Unenrolled::Deny)
            | (Self::NoneUsable, Unenrolled::Deny | Unenrolled::Ignore) => unavailable(policy),
        }
    }
}

/// `PAM_AUTHINFO_UNAVAIL`, and what the service's usual program is given in its place.
fn unavailable(policy: &Policy) -> Vec<ReturnValue> {
    match policy.host.unavailable {
        FailureCode::AuthinfoUnavail => vec![ReturnValue::AuthinfoUnavail],
        FailureCode::CredInsufficient => vec![ReturnValue::AuthinfoUnavail, ReturnValue::CredInsufficient],
        FailureCode::MaxTries => vec![ReturnValue::AuthinfoUnavail, ReturnValue::Maxtries],
    }
}

/// Whether the module offers the password beside the passkey, as GDM's exchange does, and answers `PAM_CRED_UNAVAIL` then.
fn may_leave_it_to_the_password(policy: &Policy) -> bool {
    policy.host.extension == Extension::GdmJson && policy.mode == Mode::Passwordless
}

impl ServiceAccess {
    /// The answers that a call may give to this person.
    pub(super) fn answers(&self, call: &Call, person: Person) -> Vec<Possible> {
        let ModuleBehaviour { kind, yes, no, .. } = ModuleBehaviour::of(&call.rule);
        let proving = |factors: Factors| {
            let yes =
                distinct(&call.rule, yes).into_iter().map(move |answer| Possible { answer, proves: factors });
            yes.filter(move |_| person.has.contains(factors))
        };
        let plainly = |answers: &[ReturnValue]| distinct(&call.rule, answers).into_iter().map(Possible::from);
        // libpam answers for a module that is not installed; it counts only where something else follows from it.
        let action = |answer: &ReturnValue| call.rule.control.action(*answer);
        let is_like_others =
            yes.iter().chain(no).any(|answer| action(answer) == action(&ReturnValue::ModuleUnknown));
        let absent = (!is_like_others).then_some(Possible::from(ReturnValue::ModuleUnknown));
        match kind {
            Kind::Passkey => self.passkey_answers(call, person),
            Kind::Factor(factors) => proving(factors).chain(plainly(no)).chain(absent).collect(),
            // If the program runs with its caller's id, outsiders are not root, and root does not gain anything.
            Kind::Check if is_for_root(&call.rule) && runs_as_caller(&self.service) => {
                plainly(if person.is_root_already { yes } else { no }).collect()
            }
            Kind::Check | Kind::Neutral => plainly(yes).chain(plainly(no)).chain(absent).collect(),
            Kind::Denies => plainly(yes).chain(plainly(no)).collect(),
            Kind::Unknown => {
                let is_pass = |answer: ReturnValue| {
                    matches!(answer, ReturnValue::Success | ReturnValue::NewAuthtokReqd)
                };
                let all = plainly(yes).map(|possible| {
                    let proves = if is_pass(possible.answer) { Factors::UNKNOWN } else { Factors::NONE };
                    Possible { proves, ..possible }
                });
                all.filter(|possible| person.has.contains(possible.proves)).collect()
            }
        }
    }

    fn passkey_answers(&self, call: &Call, person: Person) -> Vec<Possible> {
        let found = self.passkeys.iter().find(|passkey| passkey.place == call.place);
        let Some(asked) = found.and_then(|passkey| passkey.asked.as_ref().ok()) else {
            // The module refuses to work.
            return vec![ReturnValue::ServiceErr.into()];
        };
        let is_refused = asked.policy.remote == Remote::Refuse && serves_other_machines(&self.service);
        match person.passkey {
            // A person without passkeys may pass, locally or remotely.
            Passkey::Missing(missing) => {
                missing.answers(&asked.policy).into_iter().map(Possible::from).collect()
            }
            Passkey::NotAsked => vec![ReturnValue::Ignore.into()],
            Passkey::Enrolled if is_refused => {
                unavailable(&asked.policy).into_iter().map(Possible::from).collect()
            }
            // The person may choose the password in the greeter, which is left to the lines behind.
            Passkey::Enrolled if may_leave_it_to_the_password(&asked.policy) => {
                enrolled_answers(call, person.has)
                    .into_iter()
                    .chain([ReturnValue::CredUnavail.into()])
                    .collect()
            }
            Passkey::Enrolled => enrolled_answers(call, person.has),
        }
    }
}

/// Whether a service's program runs with the real user id of its caller. Others, such as login, are started by root for
/// everyone; of one that is not known it is not known.
pub(super) fn runs_as_caller(service: &str) -> bool {
    const PROGRAMS: [&str; 12] = [
        "chfn",
        "chsh",
        "doas",
        "passwd",
        "pkexec",
        "polkit-1",
        "runuser",
        "runuser-l",
        "su",
        "su-l",
        "sudo",
        "sudo-i",
    ];
    PROGRAMS.contains(&service)
}

/// With a passkey all depends on whether it is used.
fn enrolled_answers(call: &Call, has: Factors) -> Vec<Possible> {
    let ModuleBehaviour { no, .. } = ModuleBehaviour::of(&call.rule);
    let used = has
        .contains(Factors::PASSKEY)
        .then_some(Possible { answer: ReturnValue::Success, proves: Factors::PASSKEY });
    used.into_iter().chain(distinct(&call.rule, no).into_iter().map(Possible::from)).collect()
}
