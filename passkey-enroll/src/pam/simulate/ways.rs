//! Who gets in with what.

use std::fmt;

use super::ServiceAccess;
use super::dispatch::{End, Possible, Program, TooComplex};
use super::factors::Factors;
use super::modules::{Kind, ModuleBehaviour};
use super::person::{MissingPasskey, Person};
use crate::pam::parse::{Call, Place, ReturnValue, Rule};

/// So many lines that exempt the same people are followed, one after the other.
const MOST_IN_A_ROW: usize = 8;

/// A way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// What has to be proved. No part of it is enough.
    pub(crate) factors: Factors,
    /// The lines at which it is proved, in order; without any, the line that lets in.
    pub(crate) lines: Vec<Line>,
}

/// A call of a module, as people are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where.
    pub(crate) place: Place,
    /// What.
    pub(crate) rule: Box<Rule>,
}

impl Line {
    pub(crate) fn of(call: &Call) -> Self {
        Self { place: call.place.clone(), rule: Box::new(call.rule.clone()) }
    }

    /// Whether it is the same line of a file of the same name, wherever in it.
    pub(super) fn is_same(&self, call: &Call) -> bool {
        self.is_same_as(&Self::of(call))
    }

    /// Whether it is the same line of a file of the same name, wherever in it; or the same condition, in whichever file.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let is_same_file = self.place.path.file_name() == other.place.path.file_name();
        self.rule == other.rule && (is_same_file || ModuleBehaviour::asks_once(&self.rule))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.rule.module_name(), self.place)
    }
}

/// What is enough, and where.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines.iter().map(ToString::to_string).collect();
        let lines = lines.join(", ");
        if self.factors.is_empty() {
            write!(f, "nothing at all, by {lines},")
        } else {
            write!(f, "the {}, by {lines},", self.factors)
        }
    }
}

/// Whom a service lets in, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Each way in for a person with passkeys, fewest factors first. Without any, no one gets in.
    pub(crate) ways: Vec<Way>,
    /// The lines that exempt those for whom their condition holds; the ways are those of everybody else.
    pub(crate) exempt: Vec<Exemption>,
    /// How a person without passkeys gets in without any proof.
    pub(crate) open_to_unenrolled: Option<Way>,
    /// What lets a person without passkeys in, if the service asks for them; `None` if they are refused.
    pub(crate) without_passkey: Option<Factors>,
    /// Calls of modules that are not known and may turn any way, in order.
    pub(crate) unknown: Vec<Line>,
}

/// A line that lets a person in with less, if its condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exemption {
    /// The line.
    pub(crate) line: Line,
    /// What they have to prove all the same.
    pub(crate) factors: Factors,
}

/// Only these answers of a line are reckoned with.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    pub(super) line: Line,
    pub(super) answers: Vec<ReturnValue>,
}

impl ServiceAccess {
    /// Every end that is a success.
    pub(super) fn successes(
        &self,
        program: &Program<'_>,
        person: Person,
        limits: &[Limit],
    ) -> Result<Vec<End>, TooComplex> {
        let ends = program.ends(&|_, call| {
            let mut answers = self.answers(call, person);
            for limit in limits.iter().filter(|limit| limit.line.is_same(call)) {
                answers.retain(|possible| limit.answers.contains(&possible.answer));
            }
            answers
        })?;
        Ok(ends.into_iter().filter(|end| end.status == ReturnValue::Success).collect())
    }

    pub(super) fn program(&self) -> Program<'_> {
        Program::new(&self.stack, ModuleBehaviour::asks_once)
    }

    /// Whether this person gets in, if the lines answer like this.
    pub(super) fn admits_in(
        &self,
        program: &Program<'_>,
        person: Person,
        limits: &[Limit],
    ) -> Result<bool, TooComplex> {
        Ok(!self.successes(program, person, limits)?.is_empty())
    }

    /// Whether a person who uses their passkey, and proves everything else that is asked for, can get in.
    ///
    /// # Errors
    /// When the stack has more states than can be looked at.
    pub(crate) fn admits_passkey(&self) -> Result<bool, TooComplex> {
        let passkeys =
            self.calls().into_iter().filter(|call| ModuleBehaviour::of(&call.rule).kind == Kind::Passkey);
        let used = passkeys.map(|call| Limit { line: Line::of(call), answers: vec![ReturnValue::Success] });
        self.admits_in(&self.program(), Person::enrolled(Factors::ALL), &used.collect::<Vec<_>>())
    }

    /// Who gets in with what.
    ///
    /// # Errors
    /// When the stack has more states than can be looked at.
    pub(crate) fn verdict(&self) -> Result<Verdict, TooComplex> {
        let program = self.program();
        let (exempt, limits) = self.exemptions(&program)?;
        let ends = self.successes(&program, Person::enrolled(Factors::ALL), &limits)?;
        let mut ways: Vec<Way> = Vec::new();
        for end in ends.iter().filter(|end| is_minimal(end, &ends)) {
            ways.push(Way { factors: end.factors, lines: proving_lines(&program, end) });
        }
        ways.sort_by_key(|way| (way.factors.names().len(), way.factors));
        let unenrolled = Person::missing(MissingPasskey::Unenrolled, Factors::NONE);
        let open = self.successes(&program, unenrolled, &limits)?;
        let open_to_unenrolled =
            open.first().map(|end| Way { factors: Factors::NONE, lines: proving_lines(&program, end) });
        let missing = Person::missing(MissingPasskey::Unenrolled, Factors::ALL);
        let ends = if self.asks() { self.successes(&program, missing, &limits)? } else { Vec::new() };
        let without_passkey = ends.iter().filter(|end| is_minimal(end, &ends)).map(|end| end.factors).min();
        let unknown =
            program.calls().iter().filter(|call| ModuleBehaviour::of(&call.rule).kind == Kind::Unknown);
        let unknown = unknown.map(|call| Line::of(call)).collect();
        Ok(Verdict { ways, exempt, open_to_unenrolled, without_passkey, unknown })
    }

    /// The lines that exempt people, and what is left when they do not.
    ///
    /// A line exempts if its condition decides that a person gets in without any proof or, where a passkey is asked for, without
    /// the passkey, while those for whom it does not hold have to prove more.
    fn exemptions(&self, program: &Program<'_>) -> Result<(Vec<Exemption>, Vec<Limit>), TooComplex> {
        let (mut exempt, mut limits) = (Vec::new(), Vec::new());
        let has =
            if self.passkeys.is_empty() { Factors::NONE } else { Factors::ALL.without(Factors::PASSKEY) };
        'again: loop {
            let ends = self.successes(program, Person::enrolled(has), &limits)?;
            for end in &ends {
                if let Some((line, limit)) = self.exempting_line(program, end, &limits, MOST_IN_A_ROW)? {
                    let exemption = Exemption { line, factors: end.factors };
                    if !exempt.contains(&exemption) {
                        exempt.push(exemption);
                    }
                    limits.push(limit);
                    continue 'again;
                }
            }
            return Ok((exempt, limits));
        }
    }

    /// The last line of a path whose condition decides that nothing further must be proved.
    fn exempting_line(
        &self,
        program: &Program<'_>,
        end: &End,
        limits: &[Limit],
        patience: usize,
    ) -> Result<Option<(Line, Limit)>, TooComplex> {
        for (number, answer) in end.path.iter().rev() {
            let Some(call) = program.calls().get(*number) else { continue };
            let behaviour = ModuleBehaviour::of(&call.rule);
            if !matches!(behaviour.kind, Kind::Check | Kind::Unknown) {
                continue;
            }
            let action = call.rule.control.action(*answer);
            let all = behaviour.yes.iter().chain(behaviour.no).copied();
            let others: Vec<ReturnValue> =
                all.filter(|other| call.rule.control.action(*other) != action).collect();
            let limit = Limit { line: Line::of(call), answers: others };
            let with: Vec<Limit> = limits.iter().cloned().chain([limit.clone()]).collect();
            // With all else as it was, another answer keeps them out; and others get in, with a further proof.
            if let Some(other) = self.opens_like(program, end, &limit.line, &with)? {
                // Another line may exempt them as well: that one first.
                if other.factors == end.factors
                    && let Some(patience) = patience.checked_sub(1)
                    && let Some(found) = self.exempting_line(program, &other, &with, patience)?
                {
                    return Ok(Some(found));
                }
                continue;
            }
            let others = self.successes(program, Person::enrolled(Factors::ALL), &with)?;
            let proves_more =
                |other: &End| other.factors != end.factors && other.factors.contains(end.factors);
            if others.iter().any(proves_more) {
                return Ok(Some((limit.line.clone(), limit)));
            }
        }
        Ok(None)
    }

    /// How a person who proves nothing further gets in if the calls of a path answer as they did there, except for one line.
    fn opens_like(
        &self,
        program: &Program<'_>,
        end: &End,
        but: &Line,
        limits: &[Limit],
    ) -> Result<Option<End>, TooComplex> {
        let ends = program.ends(&|number, call| {
            let on_path = end.path.iter().find(|(other, _)| *other == number && !but.is_same(call));
            let mut answers: Vec<Possible> = match on_path {
                Some((_, answer)) => vec![(*answer).into()],
                None => self.answers(call, Person::enrolled(end.factors)),
            };
            for limit in limits.iter().filter(|limit| limit.line.is_same(call)) {
                answers.retain(|possible| limit.answers.contains(&possible.answer));
            }
            answers
        })?;
        Ok(ends.into_iter().find(|end| end.status == ReturnValue::Success))
    }
}

/// The lines of a path that prove something; without any, the last that had a say.
fn proving_lines(program: &Program<'_>, end: &End) -> Vec<Line> {
    let call = |number: &usize| program.calls().get(*number).copied();
    let proves = |(number, answer): &&(usize, ReturnValue)| {
        call(number).is_some_and(|call| {
            let behaviour = ModuleBehaviour::of(&call.rule);
            match behaviour.kind {
                Kind::Passkey => *answer == ReturnValue::Success,
                Kind::Factor(_) => behaviour.yes.contains(answer),
                Kind::Unknown => {
                    matches!(answer, ReturnValue::Success | ReturnValue::NewAuthtokReqd)
                }
                Kind::Check | Kind::Neutral | Kind::Denies => false,
            }
        })
    };
    let mut lines: Vec<Line> =
        end.path.iter().filter(proves).filter_map(|(number, _)| call(number)).map(Line::of).collect();
    if lines.is_empty() {
        let agrees = |(_, answer): &&(usize, ReturnValue)| *answer == ReturnValue::Success;
        let last = end.path.iter().rev().find(agrees).or(end.path.last());
        lines.extend(last.and_then(|(number, _)| call(number)).map(Line::of));
    }
    lines
}

/// Whether no part of what was proved is enough.
pub(super) fn is_minimal(end: &End, all: &[End]) -> bool {
    !all.iter().any(|other| other.factors != end.factors && end.factors.contains(other.factors))
}

impl Verdict {
    /// Whether everyone is refused, whatever they have.
    pub(crate) fn is_shut(&self) -> bool {
        self.ways.is_empty()
    }

    /// The way in, if there is one, for a person who can prove only this.
    pub(crate) fn way_with(&self, has: Factors) -> Option<&Way> {
        self.ways.iter().find(|way| has.contains(way.factors))
    }

    /// The way in of a person who can prove everything but a passkey.
    pub(crate) fn way_without_passkey(&self) -> Option<&Way> {
        self.ways.iter().find(|way| !way.factors.contains(Factors::PASSKEY))
    }

    /// The way in without any proof.
    pub(crate) fn open_door(&self) -> Option<&Way> {
        self.way_with(Factors::NONE)
    }

    /// Whether the password is enough.
    pub(crate) fn password_is_enough(&self) -> bool {
        self.way_with(Factors::PASSWORD).is_some()
    }

    /// Whether the passkey is enough.
    pub(crate) fn passkey_is_enough(&self) -> bool {
        self.way_with(Factors::PASSKEY).is_some()
    }
}
