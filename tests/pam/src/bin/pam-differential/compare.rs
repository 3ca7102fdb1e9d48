//! Both verdicts, and where they differ.

use std::collections::BTreeSet;
use std::fmt;
use std::process::ExitCode;

use passkey_enroll::pam::parse::{Facility, Flaw, ReturnValue, Stack, StackError};
use passkey_enroll::pam::simulate::dispatch::{self, End, Possible, Program};
use passkey_enroll::pam::simulate::factors::Factors;

use crate::case::{self, Case};
use crate::generate;
use crate::libpam::{self, Run};
use crate::site::{SERVICE, Site};

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) stacks: u64,
    /// Sign-ins that libpam was asked for.
    pub(crate) runs: u64,
    /// Stacks that libpam, as expected, refuses to begin with.
    pub(crate) refused: u64,
    /// Stacks that were tried with several answers at once.
    pub(crate) sets: u64,
    /// Stacks of which nothing is said: this libpam crashes at them, or what it does is chance.
    pub(crate) not_predicted: u64,
    pub(crate) disagreements: u64,
}

impl Tally {
    fn numbers(&mut self) -> [&mut u64; 6] {
        let Self { stacks, runs, refused, sets, not_predicted, disagreements } = self;
        [stacks, runs, refused, sets, not_predicted, disagreements]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let mut other = *other;
        for (sum, number) in self.numbers().into_iter().zip(other.numbers()) {
            *sum += *number;
        }
    }

    /// As one process says it to another.
    pub(crate) fn to_words(mut self) -> String {
        self.numbers().map(|number| number.to_string()).join(" ")
    }

    pub(crate) fn from_words(words: &str) -> Self {
        let mut tally = Self::default();
        for (number, word) in tally.numbers().into_iter().zip(words.split(' ')) {
            *number = word.parse().unwrap();
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stacks, runs, refused, sets, not_predicted, disagreements } = self;
        write!(
            f,
            "{stacks} stacks ({sets} with sets of answers, {refused} refused, {not_predicted} not predicted), \
             {runs} sign-ins, {disagreements} disagreements"
        )
    }
}

/// Where the verdicts differ.
#[derive(Debug)]
pub(crate) struct Difference {
    /// With these answers in the gaps.
    choice: Vec<ReturnValue>,
    what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.choice.iter().map(|answer| answer.name()).collect();
        write!(f, "with {names:?}: {}", self.what)
    }
}

/// What the command makes of the files as they are.
enum Prediction {
    Run(Run),
    /// Nothing is said.
    None,
}

/// Compares both verdicts on a case, with every choice of answers.
pub(crate) fn check(site: &Site, case: &Case, tally: &mut Tally) -> Result<(), Difference> {
    tally.stacks += 1;
    let result = check_written(site, case, tally);
    site.clear(case);
    result
}

fn check_written(site: &Site, case: &Case, tally: &mut Tally) -> Result<(), Difference> {
    site.write(case, &[]);
    let with_gaps = stacks(site).map(|[auth, ..]| auth);
    let case = &with_one_answer_where_calls_differ(case, with_gaps.as_ref());
    let mut runs = Vec::new();
    for choice in case.choices() {
        site.write(case, &choice.iter().map(|answer| answer.name()).collect::<Vec<_>>());
        let differs = |what| Difference { choice: choice.clone(), what };
        let Prediction::Run(expected) = predict(site, case).map_err(differs)? else {
            tally.not_predicted += 1;
            return Ok(());
        };
        let found = libpam::run(site);
        tally.runs += 1;
        if expected != found {
            return Err(differs(format!("passkey-enroll says {expected:?}, libpam does {found:?}")));
        }
        runs.push((choice, found));
    }
    let Ok(stack) = &with_gaps else {
        tally.refused += 1;
        return Ok(());
    };
    tally.sets += u64::from(runs.len() > 1);
    check_ends(case, stack, &runs).map_err(|what| Difference { choice: Vec::new(), what })
}

/// The stacks of all facilities.
fn stacks(site: &Site) -> Result<[Stack; 4], StackError> {
    let files = site.files();
    let stack = |facility| files.stack(SERVICE, facility);
    Ok([
        stack(Facility::Auth)?,
        stack(Facility::Account)?,
        stack(Facility::Session)?,
        stack(Facility::Password)?,
    ])
}

fn predict(site: &Site, case: &Case) -> Result<Prediction, String> {
    let [auth, account, ..] = match stacks(site) {
        Ok(stacks) => stacks,
        Err(StackError::TooLong(_)) => return Ok(Prediction::None),
        Err(StackError::Line { flaw, .. }) if flaw.is_chance() => return Ok(Prediction::None),
        // Of a file that is included the old libpam goes on with an entry that it has not filled in.
        Err(StackError::Line { flaw: Flaw::NoModuleName, .. }) if case.includes() => {
            return Ok(Prediction::None);
        }
        Err(error) => {
            // What ends everything does so whatever is asked for.
            let files = site.files();
            return match files.stack(SERVICE, Facility::Auth) {
                Ok(_) => Err(format!("auth goes on where another facility ends everything: {error}")),
                Err(_) => Ok(Prediction::Run(Run::Refused)),
            };
        }
    };
    let mut told = Vec::new();
    let auth = dispatch::outcome(&auth, &mut |call| {
        told.extend(case::told(call, "auth="));
        case::answer(call, "auth=")
    });
    let account = dispatch::outcome(&account, &mut |call| case::answer(call, "acct="));
    Ok(Prediction::Run(Run::Done { auth, account, told }))
}

/// Two calls that have their answers from one gap are the same question only if they are the same in all else.
fn with_one_answer_where_calls_differ(case: &Case, stack: Result<&Stack, &StackError>) -> Case {
    let mut case = case.clone();
    let calls = stack.map(Stack::calls).unwrap_or_default();
    for (number, set) in case.sets.iter_mut().enumerate() {
        let mut rules = calls.iter().filter(|call| case::gap_of(call) == Some(number)).map(|call| &call.rule);
        let first = rules.next();
        if !rules.all(|rule| first.is_some_and(|first| first.arguments == rule.arguments)) {
            set.truncate(1);
        }
    }
    case
}

/// What an answer of `pam_debug` proves in these tests: something for each, so that it shows who was asked.
fn proof(answer: ReturnValue) -> Factors {
    const PROOFS: [Factors; 7] = [
        Factors::PASSWORD,
        Factors::PASSKEY,
        Factors::BIOMETRIC,
        Factors::TOKEN,
        Factors::CODE,
        Factors::NETWORK,
        Factors::UNKNOWN,
    ];
    let number = ReturnValue::ALL.iter().position(|value| *value == answer).unwrap();
    PROOFS[number % PROOFS.len()]
}

type Outcome = (ReturnValue, Factors);

fn outcome(run: &Run) -> Outcome {
    let Run::Done { auth, told, .. } = run else { panic!("{run:?}") };
    (*auth, told.iter().fold(Factors::NONE, |all, answer| all.with(proof(*answer))))
}

/// Holds every end that the dispatcher can have against every run.
fn check_ends(case: &Case, stack: &Stack, runs: &[(Vec<ReturnValue>, Run)]) -> Result<(), String> {
    let found: BTreeSet<Outcome> = runs.iter().map(|(_, run)| outcome(run)).collect();
    let ends = |asks_once: bool| {
        let program = Program::new(stack, |_| asks_once);
        let ends = program.ends(&|_, call| {
            let possible = |answer: ReturnValue| Possible { answer, proves: proof(answer) };
            match (case::gap_of(call), case::told(call, "auth=")) {
                (Some(gap), _) => case.sets[gap].iter().copied().map(possible).collect(),
                (None, Some(answer)) => vec![possible(answer)],
                (None, None) => vec![case::answer(call, "auth=").into()],
            }
        });
        ends.ok()
    };
    let outcomes = |ends: &[End]| ends.iter().map(|end| (end.status, end.factors)).collect::<BTreeSet<_>>();
    let Some(once) = ends(true) else { return Ok(()) };
    if outcomes(&once) != found {
        return Err(format!("the ends are {:?}, libpam's {found:?}", outcomes(&once)));
    }
    let calls = stack.calls();
    let is_asked_again = |gap| calls.iter().filter(|call| case::gap_of(call) == Some(gap)).count() > 1;
    // Of files that are included over and over there are too many ends.
    let always = ends(false).map_or_else(|| found.clone(), |ends| outcomes(&ends));
    let is_more = (0..case.sets.len()).any(is_asked_again);
    if always != found && !(is_more && always.is_superset(&found)) {
        return Err(format!("each call for itself the ends are {always:?}, libpam's {found:?}"));
    }
    for end in &once {
        check_path(stack, end, runs)?;
    }
    Ok(())
}

/// A run with the answers of an end's path is that run.
fn check_path(stack: &Stack, end: &End, runs: &[(Vec<ReturnValue>, Run)]) -> Result<(), String> {
    let calls = stack.calls();
    let gaps: Vec<(usize, ReturnValue)> = end
        .path
        .iter()
        .filter_map(|(number, answer)| Some((case::gap_of(calls[*number])?, *answer)))
        .collect();
    let run = runs.iter().find(|(choice, _)| gaps.iter().all(|(gap, answer)| choice[*gap] == *answer));
    let Some((choice, run)) = run else {
        return Err(format!("no choice of answers is that of the path {:?}", end.path));
    };
    let speaks = |number: &usize| {
        case::gap_of(calls[*number]).is_some() || case::told(calls[*number], "auth=").is_some()
    };
    let expected: Vec<ReturnValue> =
        end.path.iter().filter(|(number, _)| speaks(number)).map(|(_, answer)| *answer).collect();
    let Run::Done { told, .. } = run else { panic!("{run:?}") };
    if outcome(run) == (end.status, end.factors) && *told == expected {
        return Ok(());
    }
    Err(format!("the path {:?} ends with {:?}; with {choice:?} libpam does {run:?}", end.path, end.status))
}

/// The smallest case to be had by leaving something out on which the verdicts still differ.
pub(crate) fn minimised(site: &Site, case: &Case, difference: Difference) -> String {
    let (mut case, mut difference) = (case.clone(), difference);
    'again: loop {
        for candidate in smaller(&case) {
            if let Err(still) = check(site, &candidate, &mut Tally::default()) {
                (case, difference) = (candidate, still);
                continue 'again;
            }
        }
        return format!("{case}{difference}");
    }
}

fn smaller(case: &Case) -> Vec<Case> {
    let mut smaller = Vec::new();
    for file in 0..case.files.len() {
        let mut without = case.clone();
        without.files.remove(file);
        smaller.push(without);
        let lines: Vec<&[u8]> = case.files[file].template.split_inclusive(|byte| *byte == b'\n').collect();
        for line in 0..lines.len() {
            let mut without = case.clone();
            let rest = lines.iter().enumerate().filter(|(number, _)| *number != line);
            without.files[file].template = rest.flat_map(|(_, line)| line.to_vec()).collect();
            smaller.push(without);
        }
    }
    for (gap, set) in case.sets.iter().enumerate().filter(|(_, set)| set.len() > 1) {
        for answer in set {
            let mut without = case.clone();
            without.sets[gap].retain(|other| other != answer);
            smaller.push(without);
        }
    }
    smaller
}

/// Prints one case and both verdicts.
pub(crate) fn show(site: &Site, seed: u64, number: u64) -> ExitCode {
    let case = generate::case(site, seed, number);
    println!("libpam: {}\n{case}", site.describe());
    let mut tally = Tally::default();
    let result = check(site, &case, &mut tally);
    println!("{tally}");
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(difference) => {
            println!("{}", minimised(site, &case, difference));
            ExitCode::FAILURE
        }
    }
}
