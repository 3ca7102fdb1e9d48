//! Measures everything, or a row, and writes it to `docs/performance.md` if told to.
#![forbid(unsafe_code)]
#![allow(clippy::expect_used, clippy::panic, reason = "test equipment: a panic is how it fails")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "that is what it is for")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use bench::{Counted, Implementation, LISTINGS, ROWS, Results, Row, boot, document, measure, parts};
use clap::Parser;

/// Measures the module and its rivals on the same work, with the same virtual keys, in one guest.
#[derive(Debug, Parser)]
#[command(name = "tests/bench/run")]
struct Arguments {
    /// Measures only this row; can be given several times.
    #[arg(long, value_name = "ROW", value_parser = row)]
    only: Vec<Row>,
    /// How often each sign-in is measured.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Does not count instructions, which takes minutes.
    #[arg(long)]
    skip_instructions: bool,
    /// Writes tables and pictures to docs/performance.md.
    #[arg(long, conflicts_with = "only")]
    update: bool,
    /// Writes all figures to this file.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Measures nothing, and shows what --save wrote.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "save"])]
    from: Option<PathBuf>,
}

fn row(name: &str) -> Result<Row, String> {
    let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    Row::named(name).ok_or_else(|| format!("the rows are {}", names.join(", ")))
}

fn main() {
    let arguments = Arguments::parse();
    let results = match &arguments.from {
        Some(file) => {
            let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            serde_json::from_str(&text).expect("what --save wrote")
        }
        None => run(&arguments),
    };
    if let Some(file) = &arguments.save {
        save(&results, file);
    }
    println!("{}", document::tables(&results));
    let chosen = if arguments.only.is_empty() { ROWS.len() } else { arguments.only.len() };
    assert!(arguments.from.is_some() || results.rows.len() == chosen, "rows have failed, see above");
    if arguments.update {
        document::update(&results);
    }
}

fn save(results: &Results, file: &Path) {
    let text = serde_json::to_string_pretty(results).expect("plain data");
    fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

fn run(arguments: &Arguments) -> Results {
    let rounds = usize::from(arguments.rounds);
    let is_whole = arguments.only.is_empty();
    let chosen = if is_whole { ROWS } else { arguments.only.as_slice() };
    let guest = boot();
    let machine = guest
        .root(". /etc/os-release && echo \"$PRETTY_NAME, kernel $(uname -r), $(nproc) emulated processors\"");
    let size = |module: Implementation| guest.root(&format!("stat -c %s {}", module.file())).ok();
    let mut results = Results {
        versions: Implementation::COMPARED.map(|module| module.version(&guest)).to_vec(),
        machine: machine.ok().trim().to_owned(),
        sizes: Implementation::COMPARED
            .map(|module| (module, size(module).trim().parse().expect("a size")))
            .into(),
        rows: Vec::new(),
        listings: Vec::new(),
        parts: Vec::new(),
    };
    for row in chosen {
        let start = Instant::now();
        let skipped = arguments.skip_instructions && row.counted == Counted::Instructions;
        let row = &Row { counted: if skipped { Counted::SystemCalls } else { row.counted }, ..*row };
        // What has failed is told of by its panic, and costs its own row.
        let measured = catch_unwind(AssertUnwindSafe(|| measure::row(&guest, row, rounds)));
        eprintln!("{}: {:.0?}", row.name, start.elapsed());
        results.rows.extend(measured);
        if let Some(file) = &arguments.save {
            save(&results, file);
        }
    }
    if !arguments.skip_instructions {
        results.parts = parts::count();
    }
    if is_whole {
        results.listings = LISTINGS.map(|row| measure::listing(&guest, &row, rounds)).to_vec();
    }
    results
}
