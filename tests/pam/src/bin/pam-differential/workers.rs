//! Processes that libpam may bring down.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::compare::{self, Tally};
use crate::generate;
use crate::libpam;
use crate::site::Site;

/// How long a stack may take with all its answers, under emulation too.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so many disagreements it is clear that there are some.
const ENOUGH: u64 = 5;

/// What a worker says, a line each.
const AT: &str = "at ";
const TALLY: &str = "tally ";
const WORSE: &str = "| ";
const DISAGREEMENT: &str = "disagreement";

/// The work of one process: every `step`-th stack from `first` on.
pub(crate) fn work(site: &Site, seed: u64, first: u64, step: u64, stacks: u64) {
    libpam::keep_modules(site);
    let mut tally = Tally::default();
    let mut out = std::io::stdout().lock();
    for number in (first..stacks).step_by(usize::try_from(step).unwrap()) {
        writeln!(out, "{AT}{number}").unwrap();
        let case = generate::case(site, seed, number);
        if let Err(difference) = compare::check(site, &case, &mut tally) {
            tally.disagreements += 1;
            writeln!(out, "{DISAGREEMENT}").unwrap();
            let smallest = compare::minimised(site, &case, difference);
            for line in format!("stack {number} of seed {seed}:\n{smallest}").lines() {
                writeln!(out, "{WORSE}{line}").unwrap();
            }
            if tally.disagreements == ENOUGH {
                break;
            }
        }
    }
    writeln!(out, "{TALLY}{}", tally.to_words()).unwrap();
}

/// Has all of it done, and prints what came of it.
pub(crate) fn run(seed: u64, stacks: u64, machine: bool) -> ExitCode {
    let start = Instant::now();
    println!("libpam: {}", Site::prepare(machine).describe());
    // There is one /etc/pam.d.
    let count = if machine { 1 } else { thread::available_parallelism().map_or(1, usize::from) as u64 };
    let workers: Vec<_> = (0..count)
        .map(|first| thread::spawn(move || watch(spawn(seed, first, count, stacks, machine), seed)))
        .collect();
    let mut total = Tally::default();
    for worker in workers {
        total.add(&worker.join().unwrap());
    }
    println!("seed {seed}: {total}, in {} s", start.elapsed().as_secs());
    if total.disagreements == 0 && total.stacks > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn spawn(seed: u64, first: u64, step: u64, stacks: u64, machine: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--seed", &seed.to_string(), "--stacks", &stacks.to_string()]);
    command.args(["--worker", &first.to_string(), &step.to_string()]);
    if machine {
        command.arg("--machine");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

/// Hears a worker to its end, whatever that is.
fn watch(mut worker: Child, seed: u64) -> Tally {
    let (sender, receiver) = mpsc::channel();
    let output = BufReader::new(worker.stdout.take().unwrap());
    thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let mut at = String::new();
    let mut patience = PATIENCE;
    let ended = loop {
        match receiver.recv_timeout(patience) {
            Ok(line) if line.starts_with(AT) => at = line,
            // To make it smaller takes as long as it takes.
            Ok(line) if line == DISAGREEMENT => patience = PATIENCE * 10,
            Ok(line) => match line.strip_prefix(TALLY) {
                Some(words) => break Ok(Tally::from_words(words)),
                None => println!("{}", line.strip_prefix(WORSE).unwrap_or(&line)),
            },
            Err(error) => break Err(error),
        }
    };
    if ended.is_err() {
        // Of the two only a hanging one is still there.
        let _ = worker.kill();
    }
    let status = worker.wait().unwrap();
    ended.unwrap_or_else(|error| {
        println!("{at} of seed {seed}: libpam crashes or hangs, or the test does: {error}, {status}");
        Tally { stacks: 1, disagreements: 1, ..Tally::default() }
    })
}
