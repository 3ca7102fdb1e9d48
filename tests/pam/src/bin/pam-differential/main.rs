//! Holds `passkey_enroll::pam` against this machine's libpam: random service files, what the command makes of them, what libpam does.
//!
//! Every stack is made of a seed and its number, so that a disagreement can be had again with `--seed` and `--only`. Libpam runs in
//! processes of their own: should it crash or hang, that is a disagreement like any other.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is a failed test"
)]
#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod case;
mod compare;
mod controls;
mod generate;
mod libpam;
mod mute;
mod site;
mod workers;

use std::process::ExitCode;

use clap::Parser;
use site::Site;

/// Compares what passkey-enroll makes of random PAM stacks with what libpam does.
#[derive(Clone, Debug, Parser)]
#[command(args_override_self = true)]
struct Arguments {
    /// How many stacks.
    #[arg(long, default_value_t = 3000)]
    stacks: u64,
    /// What the stacks are made of; by chance, and printed, where it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the stack of this number, which is shown with its verdicts.
    #[arg(long)]
    only: Option<u64>,
    /// Write to /etc/pam.d and /usr/lib/pam.d, where names of included files are looked for. It takes "other" away: only for a
    /// machine that is thrown away. Otherwise the files stand in a folder of their own.
    #[arg(long)]
    machine: bool,
    /// One process of several: its first stack, and how many processes there are.
    #[arg(long, num_args = 2, hide = true)]
    worker: Option<Vec<u64>>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    if let Some(number) = arguments.only {
        return compare::show(&Site::prepare(arguments.machine), seed, number);
    }
    if let Some(worker) = &arguments.worker {
        workers::work(&Site::prepare(arguments.machine), seed, worker[0], worker[1], arguments.stacks);
        return ExitCode::SUCCESS;
    }
    workers::run(seed, arguments.stacks, arguments.machine)
}
