//! What a change of a stack means for people: who would get in who did not, and who no longer would.

use std::fmt;

use passkey_core::config::Policy;

use super::dispatch::TooComplex;
use super::factors::Factors;
use super::identity::Identity;
use super::modules::{Kind, ModuleBehaviour};
use super::person::{MissingPasskey, Passkey, Person};
use super::ways::{Exemption, Limit, Line, Verdict, Way, is_minimal};
use super::{GDM_SWITCHABLE, ServiceAccess};
use crate::pam::parse::{Action, ReturnValue};

/// The most ways in which conditions can turn out that are tried together.
const MOST_CASES: usize = 1024;

/// The most turns of conditions that are tried at all. Real stacks have a dozen or two.
const MOST_TURNS: usize = 96;

/// A kind of people: what the lines answer them, and the line that stands for it.
type Case = (Option<Line>, Vec<Limit>);

/// Why a change must not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Everyone would be refused.
    Shut,
    /// A person would get in without any proof who does not today, at this line.
    Opens(Line),
    /// The passkey could be left out: these factors, proved at these lines, would be enough.
    PasskeyNotNeeded(Way),
    /// This line's condition would let people in with less than everybody else.
    Exempts(Exemption),
    /// The passkey would not be enough.
    PasskeyNotEnough,
    /// Those whom this line lets in today, or for whom its condition turns out one way, would stay outside.
    Lost(Line),
    /// The stack has more states than can be looked at.
    TooComplex,
}

impl From<TooComplex> for Fault {
    fn from(TooComplex: TooComplex) -> Self {
        Self::TooComplex
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shut => f.write_str("it would not let anyone in"),
            Self::Opens(line) => write!(f, "{line} would let people in without a password or a passkey"),
            Self::PasskeyNotNeeded(way) => write!(f, "{way} would be enough, without the passkey"),
            Self::Exempts(Exemption { line, factors }) if factors.is_empty() => {
                write!(f, "where the condition of {line} holds, people would get in without any proof")
            }
            Self::Exempts(Exemption { line, factors }) => {
                write!(
                    f,
                    "where the condition of {line} holds, the {factors} would be enough, without the passkey"
                )
            }
            Self::PasskeyNotEnough => f.write_str("the passkey by itself would not be enough"),
            Self::Lost(line) => {
                write!(f, "people who get in by {line} today would be locked out, with their passkey too")
            }
            Self::TooComplex => f.write_str("its lines are too complex to tell who would get in"),
        }
    }
}

/// Judges a change that has a service ask for the passkey after the password. Gives the ways round it that are there today.
///
/// # Errors
/// When it would open the service, not be enforced, or lock a person out who has a passkey.
pub(crate) fn second_factor(before: &ServiceAccess, after: &ServiceAccess) -> Result<Vec<Exemption>, Fault> {
    let (old, new) = (before.verdict()?, after.verdict()?);
    let mut exempt = kept_exemptions(&old, &new)?;
    for way in new.ways.iter().filter(|way| !way.factors.contains(Factors::PASSKEY)) {
        // A line that lets in by itself today, as a fingerprint does, may be an intended exemption.
        let was_there = old.ways.iter().any(|old| old.factors == way.factors);
        match way.lines.last() {
            Some(line)
                if was_there && !way.factors.is_empty() && !way.factors.contains(Factors::PASSWORD) =>
            {
                exempt.push(Exemption { line: line.clone(), factors: way.factors });
            }
            Some(line) if way.factors.is_empty() => return Err(Fault::Opens(line.clone())),
            Some(_) | None => return Err(Fault::PasskeyNotNeeded(way.clone())),
        }
    }
    nothing_opens(&old, &new)?;
    nobody_lost(before, after, |proved| proved.with(Factors::PASSKEY))?;
    Ok(exempt)
}

/// Judges a change that has a service take the passkey in place of the password. Gives the exemptions that are there today.
///
/// # Errors
/// When it would open the service, the passkey would not suffice, or a person would be locked out.
pub(crate) fn passwordless(before: &ServiceAccess, after: &ServiceAccess) -> Result<Vec<Exemption>, Fault> {
    let (old, new) = (before.verdict()?, after.verdict()?);
    if !new.passkey_is_enough() {
        return Err(Fault::PasskeyNotEnough);
    }
    let exempt = kept_exemptions(&old, &new)?;
    for way in new.ways.iter().filter(|way| !way.factors.contains(Factors::PASSKEY)) {
        if old.way_with(way.factors).is_none() {
            return Err(way.lines.last().map_or(Fault::Shut, |line| Fault::Opens(line.clone())));
        }
    }
    nothing_opens(&old, &new)?;
    nobody_lost(before, after, |proved| proved)?;
    Ok(exempt)
}

/// Judges a change that stops a service from asking for passkeys.
///
/// # Errors
/// When a person would get in who needs only the passkey today, or everyone would be refused.
pub(crate) fn without_passkeys(before: &ServiceAccess, after: &ServiceAccess) -> Result<(), Fault> {
    let (old, new) = (before.verdict()?, after.verdict()?);
    kept_exemptions(&old, &new)?;
    for way in &new.ways {
        // What proved something beside the passkey, and is known to, may do so by itself.
        let is_proof = !way.factors.is_empty() && !way.factors.contains(Factors::UNKNOWN);
        let is_old = old.way_with(way.factors).is_some()
            || is_proof && old.ways.iter().any(|old| old.factors == way.factors.with(Factors::PASSKEY));
        if !way.factors.contains(Factors::PASSWORD) && !is_old {
            return Err(way.lines.last().map_or(Fault::Shut, |line| Fault::Opens(line.clone())));
        }
    }
    if new.is_shut() { Err(Fault::Shut) } else { Ok(()) }
}

/// The line by which a person who gets in today, by their passkey alone or with more, would no longer get in by their password.
pub(crate) fn lost_without_passkeys(before: &ServiceAccess, after: &ServiceAccess) -> Option<Line> {
    let by_password = |proved: Factors| proved.without(Factors::PASSKEY).with(Factors::PASSWORD);
    match nobody_lost(before, after, by_password) {
        Err(Fault::Lost(line)) => Some(line),
        Ok(()) | Err(_) => None,
    }
}

/// The exemptions that are there before and after; a new one is a fault.
fn kept_exemptions(old: &Verdict, new: &Verdict) -> Result<Vec<Exemption>, Fault> {
    if new.is_shut() {
        return Err(Fault::Shut);
    }
    for exemption in &new.exempt {
        let is_old =
            |old: &Exemption| old.line.is_same_as(&exemption.line) && exemption.factors.contains(old.factors);
        // Whom the service lets in without any proof today needs no exemption.
        if !old.exempt.iter().any(is_old) && old.open_door().is_none() {
            return Err(Fault::Exempts(exemption.clone()));
        }
    }
    Ok(new.exempt.clone())
}

fn nothing_opens(old: &Verdict, new: &Verdict) -> Result<(), Fault> {
    let is_new = old.open_door().is_none() && old.open_to_unenrolled.is_none();
    match new.open_to_unenrolled.as_ref().and_then(|way| way.lines.last()) {
        Some(line) if is_new => Err(Fault::Opens(line.clone())),
        Some(_) | None => Ok(()),
    }
}

/// Whether everybody who gets in today, by whatever they prove and whichever way conditions turn out for them, gets in afterwards
/// with `instead` of it.
fn nobody_lost(
    before: &ServiceAccess,
    after: &ServiceAccess,
    instead: impl Fn(Factors) -> Factors,
) -> Result<(), Fault> {
    let (old, new) = (before.program(), after.program());
    let admitted = |person, limits: &[Limit]| before.admits_in(&old, person, limits);
    let admits = |person, limits: &[Limit]| after.admits_in(&new, person, limits);
    for (line, limits) in before.cases(after)? {
        let ends = before.successes(&old, Person::enrolled(Factors::ALL), &limits)?;
        for end in ends.iter().filter(|end| is_minimal(end, &ends)) {
            if !admits(Person::enrolled(instead(end.factors)), &limits)? {
                return Err(line.map_or(Fault::Shut, Fault::Lost));
            }
        }
        // Whom being root lets in needs no passkey afterwards either.
        let nobody = Person::enrolled(Factors::NONE);
        let root = Person { is_root_already: true, ..nobody };
        if admitted(root, &limits)? && !admitted(nobody, &limits)? && !admits(root, &limits)? {
            return Err(line.map_or(Fault::Shut, Fault::Lost));
        }
    }
    Ok(())
}

impl ServiceAccess {
    /// Kinds of people, by what the lines of this stack and another one answer them: the password is checked by one line only, and
    /// the conditions turn out in one way, each with a line that stands for it. The first is everybody.
    ///
    /// All ways in which the conditions can turn out are tried together where there are not too many, else two at a time or each by
    /// itself.
    fn cases(&self, other: &Self) -> Result<Vec<Case>, TooComplex> {
        let mut lines: Vec<Line> = Vec::new();
        for call in self.calls().into_iter().chain(other.calls()) {
            let line = Line::of(call);
            if !lines.iter().any(|known| known.is_same_as(&line)) {
                lines.push(line);
            }
        }
        let turns: Vec<Vec<Limit>> = lines.iter().map(turns).filter(|turns| turns.len() > 1).collect();
        let all: usize = turns.iter().fold(1, |all, turns| all.saturating_mul(turns.len()));
        let everybody: Case = (None, Vec::new());
        let mut cases = vec![everybody.clone()];
        if turns.is_empty() {
            // There is only everybody.
        } else if all <= MOST_CASES {
            let mut together = vec![everybody];
            for turns in &turns {
                let with = |limits: &[Limit], turn: &Limit| limits.iter().chain([turn]).cloned().collect();
                together = together
                    .iter()
                    .flat_map(|(_, limits)| {
                        turns.iter().map(|turn| (Some(turn.line.clone()), with(limits, turn)))
                    })
                    .collect();
            }
            cases.extend(together);
        } else {
            let ones: Vec<&Limit> = turns.iter().flatten().collect();
            if ones.len() > MOST_TURNS {
                return Err(TooComplex);
            }
            cases.extend(ones.iter().map(|one| (Some(one.line.clone()), vec![(*one).clone()])));
            if ones.len().saturating_mul(ones.len()) <= MOST_CASES {
                let two =
                    |one: &Limit, other: &Limit| (Some(one.line.clone()), vec![one.clone(), other.clone()]);
                cases.extend(ones.iter().flat_map(|one| ones.iter().map(|other| two(one, other))));
            }
        }
        let passwords: Vec<&Line> = lines
            .iter()
            .filter(|line| ModuleBehaviour::of(&line.rule).kind == Kind::Factor(Factors::PASSWORD))
            .collect();
        if passwords.len() > 1 {
            let of_one = passwords.iter().map(|line| {
                let others = passwords.iter().filter(|other| !other.is_same_as(line));
                let limits = others.map(|other| Limit {
                    line: (*other).clone(),
                    answers: ModuleBehaviour::of(&other.rule).no.to_vec(),
                });
                (Some((*line).clone()), limits.collect())
            });
            cases.extend(of_one.collect::<Vec<_>>());
        }
        Ok(cases)
    }

    /// Whether a person without a passkey is refused where others get in; yes for a stack that is too complex.
    ///
    /// Where a condition keeps the password out in any case, as of those whose account is on another machine, it is no lack of a
    /// passkey that causes a refusal: if the password suffices in some cases, the others do not count.
    pub(crate) fn is_closed_to(&self, missing: MissingPasskey) -> bool {
        self.closed_cases(missing, &[]).unwrap_or(true)
    }

    /// The same of one account, of whom some conditions are known.
    pub(crate) fn is_closed_to_account(&self, missing: MissingPasskey, identity: Identity<'_>) -> bool {
        self.closed_cases(missing, &self.limits_of(identity)).unwrap_or(true)
    }

    /// Whether an account that knows its password gets in, from outside and without any passkey, in some case.
    pub(crate) fn admits_by_password(&self, passkey: Passkey, identity: Identity<'_>) -> bool {
        let person = Person { passkey, ..Person::enrolled(Factors::PASSWORD) };
        self.admits_in(&self.program(), person, &self.limits_of(identity)).unwrap_or(false)
    }

    fn closed_cases(&self, missing: MissingPasskey, known: &[Limit]) -> Result<bool, TooComplex> {
        // GDM goes on with gdm-password wherever this one fails.
        if self.service == GDM_SWITCHABLE {
            return Ok(false);
        }
        let program = self.program();
        let admits = |person, limits: &[Limit]| self.admits_in(&program, person, limits);
        let not_asked = |has| Person { passkey: Passkey::NotAsked, ..Person::enrolled(has) };
        let (mut by_password, mut all) = (Vec::new(), Vec::new());
        for (_, mut limits) in self.cases(self)? {
            limits.extend_from_slice(known);
            if !admits(Person::enrolled(Factors::PASSWORD.with(Factors::PASSKEY)), &limits)? {
                continue;
            }
            if admits(not_asked(Factors::PASSWORD), &limits)? && !admits(not_asked(Factors::NONE), &limits)? {
                by_password.push(limits);
            } else {
                all.push(limits);
            }
        }
        let counted = if by_password.is_empty() { all } else { by_password };
        for limits in counted {
            if !admits(Person::missing(missing, Factors::PASSWORD), &limits)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The ways in which a condition, or a module that is not known, can turn out.
fn turns(line: &Line) -> Vec<Limit> {
    let ModuleBehaviour { kind, yes, no, .. } = ModuleBehaviour::of(&line.rule);
    if !matches!(kind, Kind::Check | Kind::Unknown) {
        return Vec::new();
    }
    let answers: Vec<ReturnValue> = yes.iter().chain(no).copied().collect();
    let mut actions: Vec<Action> = Vec::new();
    let mut turns = Vec::new();
    for answer in &answers {
        let action = line.rule.control.action(*answer);
        if actions.contains(&action) {
            continue;
        }
        actions.push(action);
        let same = answers.iter().filter(|other| line.rule.control.action(**other) == action);
        turns.push(Limit { line: line.clone(), answers: same.copied().collect() });
    }
    turns
}

/// Whether the module itself would refuse a person without passkeys under this policy.
pub(crate) fn refuses(policy: &Policy, missing: MissingPasskey) -> bool {
    !missing.answers(policy).contains(&ReturnValue::Ignore)
}
