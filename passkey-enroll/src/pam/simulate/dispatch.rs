//! libpam's dispatcher, with every answer that modules may give at once.
//!
//! A stack is a small machine: a place in it, an impression (undefined, positive, negative) and the status that the application
//! would be told (`_pam_dispatch_aux` in Linux-PAM's `pam_dispatch.c`). [`Program::ends`] walks every state that can be reached when
//! each module may give any of a set of answers. With each state goes what was proved on the way, and one path that leads there.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::factors::Factors;
use crate::pam::parse::{Action, Call, MustFail, ReturnValue, Rule, Stack, Step};

/// What libpam answers if no module does.
const MUST_FAIL: ReturnValue = ReturnValue::PermDenied;
/// The most states that are looked at. Real stacks have a few hundred.
const MAX_STATES: usize = 50_000;

/// An answer that a module may give, and what it proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possible {
    /// The answer.
    pub answer: ReturnValue,
    /// What it means to have got it.
    pub proves: Factors,
}

impl From<ReturnValue> for Possible {
    fn from(answer: ReturnValue) -> Self {
        Self { answer, proves: Factors::NONE }
    }
}

/// A stack as the dispatcher has it.
#[derive(Debug)]
pub struct Program<'s> {
    /// Every call, in the order in which they stand.
    calls: Vec<&'s Call>,
    /// For each call, which question it asks, where several calls ask the same and get the same answer within one sign-in.
    questions: Vec<Option<Question>>,
    block: Block<'s>,
    is_empty: bool,
}

/// A question that several calls ask.
#[derive(Clone, Copy, Debug)]
struct Question {
    /// The first call that asks it.
    first: usize,
    /// The last one.
    last: usize,
}

#[derive(Debug, Default)]
struct Block<'s> {
    nodes: Vec<Node<'s>>,
    /// For each node, the number of the first call that stands in it or behind it.
    next_call: Vec<usize>,
}

#[derive(Debug)]
enum Node<'s> {
    Call(usize),
    Substack(Block<'s>),
    MustFail(&'s MustFail),
}

/// How a run of the stack can end.
#[derive(Clone, Debug)]
pub struct End {
    /// What the application is told.
    pub status: ReturnValue,
    /// What was proved on the way.
    pub factors: Factors,
    /// One path that ends like this: the calls that were reached, by their number, and their answers.
    pub path: Vec<(usize, ReturnValue)>,
}

/// What a call finds when it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Before {
    /// What was proved by then.
    pub factors: Factors,
    /// Whether a module has spoken for the person or against them.
    pub is_decided: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Visit {
    call: usize,
    before: Before,
}

/// There are more states than can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooComplex;

/// Given the number of a call, the answers that it may give.
pub type Answers<'a> = dyn Fn(usize, &Call) -> Vec<Possible> + 'a;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Impression {
    Undefined,
    Positive,
    Negative,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    impression: Impression,
    status: ReturnValue,
    factors: Factors,
    /// Answers to questions that may be asked again, by the first call that asked.
    remembered: Vec<(usize, ReturnValue)>,
}

/// A path, newest answer first.
type Path = Option<Rc<Link>>;

#[derive(Debug)]
struct Link {
    call: usize,
    answer: ReturnValue,
    before: Path,
}

type States = BTreeMap<State, Path>;

/// What comes after an answer.
enum Next {
    /// The node so many behind this one.
    Node(usize),
    /// The stack, or substack, ends.
    End,
}

impl<'s> Program<'s> {
    /// Prepares a stack. `asks_once`: whether a call of this rule gives the same answer as often as it is asked in one sign-in.
    pub fn new(stack: &'s Stack, asks_once: impl Fn(&Rule) -> bool) -> Self {
        let mut calls = Vec::new();
        let block = block(&stack.steps, &mut calls);
        let questions = questions(&calls, asks_once);
        Self { calls, questions, block, is_empty: stack.steps.is_empty() }
    }

    /// Every call, in the order in which they stand; their places in this list are their numbers.
    pub fn calls(&self) -> &[&'s Call] {
        &self.calls
    }

    /// Every way in which a run can end, each once, with one path that leads there.
    ///
    /// # Errors
    /// When there are too many states.
    pub fn ends(&self, answers: &Answers<'_>) -> Result<Vec<End>, TooComplex> {
        if self.is_empty {
            return Ok(vec![End { status: MUST_FAIL, factors: Factors::NONE, path: Vec::new() }]);
        }
        let mut seen = BTreeSet::new();
        let ends = self.walk(answers)?.exits.into_iter().filter_map(|(state, path)| {
            let status = match (state.status, state.impression) {
                (ReturnValue::Success, Impression::Undefined | Impression::Negative) => MUST_FAIL,
                (status, _) => status,
            };
            seen.insert((status, state.factors)).then(|| End {
                status,
                factors: state.factors,
                path: links(path.as_ref()),
            })
        });
        Ok(ends.collect())
    }
}

impl Program<'_> {
    /// The calls that can be reached, by their numbers.
    ///
    /// # Errors
    /// When there are too many states.
    pub fn reached(&self, answers: &Answers<'_>) -> Result<BTreeSet<usize>, TooComplex> {
        self.reached_after(answers, |_| true)
    }

    /// The calls that can be reached after such things were proved, by their numbers.
    ///
    /// # Errors
    /// When there are too many states.
    pub fn reached_after(
        &self,
        answers: &Answers<'_>,
        is_proved: impl Fn(Factors) -> bool,
    ) -> Result<BTreeSet<usize>, TooComplex> {
        let visited = self.walk(answers)?.visited.into_iter();
        Ok(visited.filter(|visit| is_proved(visit.before.factors)).map(|visit| visit.call).collect())
    }

    /// The states in which a call can be reached.
    ///
    /// # Errors
    /// When there are too many states.
    pub fn states_before(&self, call: usize, answers: &Answers<'_>) -> Result<Vec<Before>, TooComplex> {
        let visited = self.walk(answers)?.visited.into_iter();
        Ok(visited.filter(|visit| visit.call == call).map(|visit| visit.before).collect())
    }

    /// How many states can be reached.
    ///
    /// # Errors
    /// When there are too many.
    pub fn states(&self, answers: &Answers<'_>) -> Result<usize, TooComplex> {
        Ok(MAX_STATES.saturating_sub(self.walk(answers)?.room))
    }

    fn walk(&self, answers: &Answers<'_>) -> Result<Walk, TooComplex> {
        let mut run = Run {
            program: self,
            answers,
            room: MAX_STATES,
            visited: BTreeSet::new(),
            suspended: States::new(),
        };
        let start = State {
            impression: Impression::Undefined,
            status: MUST_FAIL,
            factors: Factors::NONE,
            remembered: Vec::new(),
        };
        let mut exits = States::new();
        run.block(&self.block, &start, &None, &mut exits)?;
        exits.append(&mut run.suspended);
        Ok(Walk { exits, visited: run.visited, room: run.room })
    }
}

/// What the application is told when the modules answer as `answer` says; it is asked about those that are reached, in order.
pub fn outcome(stack: &Stack, answer: &mut dyn FnMut(&Call) -> ReturnValue) -> ReturnValue {
    let program = Program::new(stack, |_| false);
    let answer = std::cell::RefCell::new(answer);
    let ends = program.ends(&|_, call| vec![(answer.borrow_mut())(call).into()]);
    ends.ok().and_then(|ends| ends.first().map(|end| end.status)).unwrap_or(MUST_FAIL)
}

fn block<'s>(steps: &'s [Step], calls: &mut Vec<&'s Call>) -> Block<'s> {
    let mut block = Block::default();
    for step in steps {
        block.next_call.push(calls.len());
        block.nodes.push(match step {
            Step::Call(call) => {
                calls.push(call);
                Node::Call(calls.len().saturating_sub(1))
            }
            Step::Substack(inner) => Node::Substack(self::block(inner, calls)),
            Step::MustFail(step) => Node::MustFail(step),
        });
    }
    block
}

fn questions(calls: &[&Call], asks_once: impl Fn(&Rule) -> bool) -> Vec<Option<Question>> {
    let is_same =
        |one: &Rule, other: &Rule| (&one.module, &one.arguments) == (&other.module, &other.arguments);
    calls
        .iter()
        .map(|call| {
            let asks = |other: &&Call| is_same(&other.rule, &call.rule);
            let (first, last) = (calls.iter().position(asks)?, calls.iter().rposition(asks)?);
            (first < last && asks_once(&call.rule)).then_some(Question { first, last })
        })
        .collect()
}

fn links(mut path: Option<&Rc<Link>>) -> Vec<(usize, ReturnValue)> {
    let mut links = Vec::new();
    while let Some(link) = path {
        links.push((link.call, link.answer));
        path = link.before.as_ref();
    }
    links.reverse();
    links
}

/// What a walk has come to.
struct Walk {
    exits: States,
    visited: BTreeSet<Visit>,
    /// How many further states there might have been.
    room: usize,
}

struct Run<'r, 's> {
    program: &'r Program<'s>,
    answers: &'r Answers<'r>,
    /// How many further states there may be.
    room: usize,
    visited: BTreeSet<Visit>,
    /// The states in which a module puts off its answer: the application is told at once, whatever the control and the stack.
    suspended: States,
}

impl Run<'_, '_> {
    /// Walks a stack or substack from one state, and adds the states that it can be left in.
    fn block(
        &mut self,
        block: &Block<'_>,
        entry: &State,
        path: &Path,
        exits: &mut States,
    ) -> Result<(), TooComplex> {
        let len = block.nodes.len();
        let mut at: Vec<States> = vec![States::new(); len];
        self.enter(block, 0, entry.clone(), path.clone(), &mut at, exits)?;
        for (index, node) in block.nodes.iter().enumerate() {
            let states = at.get_mut(index).map(std::mem::take).unwrap_or_default();
            for (state, path) in states {
                let next = index.saturating_add(1);
                match node {
                    Node::Substack(inner) => {
                        let mut left = States::new();
                        self.block(inner, &state, &path, &mut left)?;
                        for (state, path) in left {
                            self.enter(block, next, state, path, &mut at, exits)?;
                        }
                    }
                    Node::MustFail(MustFail { control, .. }) => {
                        let action =
                            control.as_ref().map_or(Action::Bad, |control| control.action(MUST_FAIL));
                        self.act(block, index, entry, (state, path), (action, MUST_FAIL), &mut at, exits)?;
                    }
                    Node::Call(call) => {
                        let is_decided = state.impression != Impression::Undefined;
                        let before = Before { factors: state.factors, is_decided };
                        self.visited.insert(Visit { call: *call, before });
                        for (state, action, answer) in self.called(*call, &state) {
                            let link = Link { call: *call, answer, before: path.clone() };
                            let after = (state, Some(Rc::new(link)));
                            if answer == ReturnValue::Incomplete {
                                self.suspend(after);
                                continue;
                            }
                            self.act(block, index, entry, after, (action, answer), &mut at, exits)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The answers of a call in this state, each with what follows; what was answered before is answered again.
    fn called(&self, number: usize, state: &State) -> Vec<(State, Action, ReturnValue)> {
        let Some(call) = self.program.calls.get(number) else { return Vec::new() };
        let question = self.program.questions.get(number).copied().flatten();
        let known = question.and_then(|question| {
            state.remembered.iter().find(|(first, _)| *first == question.first).map(|(_, answer)| *answer)
        });
        let answers = (self.answers)(number, call).into_iter();
        answers
            .filter(|possible| known.is_none_or(|known| known == possible.answer))
            .map(|Possible { answer, proves }| {
                let mut state = state.clone();
                state.factors = state.factors.with(proves);
                if let Some(question) = question.filter(|_| known.is_none()) {
                    state.remembered.push((question.first, answer));
                    state.remembered.sort_unstable();
                }
                (state, call.rule.control.action(answer), answer)
            })
            .collect()
    }

    fn suspend(&mut self, (state, path): (State, Path)) {
        let State { impression, factors, .. } = state;
        let state = State { impression, status: ReturnValue::Incomplete, factors, remembered: Vec::new() };
        self.suspended.entry(state).or_insert(path);
    }

    #[allow(clippy::too_many_arguments, reason = "the places that it can lead to")]
    fn act(
        &mut self,
        block: &Block<'_>,
        index: usize,
        entry: &State,
        (mut state, path): (State, Path),
        (action, answer): (Action, ReturnValue),
        at: &mut [States],
        exits: &mut States,
    ) -> Result<(), TooComplex> {
        let behind = block.nodes.len().saturating_sub(index).saturating_sub(1);
        match state.take(action, answer, entry, behind) {
            Next::Node(skipped) => {
                let next = index.saturating_add(1).saturating_add(skipped);
                self.enter(block, next, state, path, at, exits)
            }
            Next::End => self.enter(block, block.nodes.len(), state, path, at, exits),
        }
    }

    /// Notes that a node, or the end, can be reached in this state.
    fn enter(
        &mut self,
        block: &Block<'_>,
        index: usize,
        mut state: State,
        path: Path,
        at: &mut [States],
        exits: &mut States,
    ) -> Result<(), TooComplex> {
        if let Some(next) = block.next_call.get(index) {
            // Answers that are not needed again are forgotten, so that states that only differ in them are one.
            let questions = &self.program.questions;
            state.remembered.retain(|(first, _)| {
                questions.get(*first).copied().flatten().is_some_and(|question| question.last >= *next)
            });
        }
        let states = at.get_mut(index).unwrap_or(exits);
        if let std::collections::btree_map::Entry::Vacant(entry) = states.entry(state) {
            self.room = self.room.checked_sub(1).ok_or(TooComplex)?;
            entry.insert(path);
        }
        Ok(())
    }
}

impl State {
    /// Takes an action; `behind`: how many nodes follow in this stack.
    fn take(&mut self, action: Action, answer: ReturnValue, entry: &Self, behind: usize) -> Next {
        match action {
            Action::Ignore => {}
            Action::Reset => (self.impression, self.status) = (entry.impression, entry.status),
            Action::Ok => self.agree(answer),
            Action::Done => {
                self.agree(answer);
                if self.impression == Impression::Positive {
                    return Next::End;
                }
            }
            Action::Bad => self.refuse(answer),
            Action::Die => {
                self.refuse(answer);
                return Next::End;
            }
            Action::Jump(modules) => {
                let modules = usize::try_from(modules).unwrap_or(usize::MAX);
                if modules > behind {
                    (self.impression, self.status) = (Impression::Negative, MUST_FAIL);
                    return Next::End;
                }
                return Next::Node(modules);
            }
        }
        Next::Node(0)
    }

    fn agree(&mut self, answer: ReturnValue) {
        let is_open = match self.impression {
            Impression::Undefined => true,
            Impression::Positive => self.status == ReturnValue::Success,
            Impression::Negative => false,
        };
        if is_open {
            (self.impression, self.status) = (Impression::Positive, answer);
        }
    }

    fn refuse(&mut self, answer: ReturnValue) {
        if self.impression != Impression::Negative {
            let status = if answer == ReturnValue::Ignore { MUST_FAIL } else { answer };
            (self.impression, self.status) = (Impression::Negative, status);
        }
    }
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
