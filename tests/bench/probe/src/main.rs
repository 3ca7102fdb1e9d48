//! `bench-probe once`, `rounds` and `populate`, each with JSON of `lib.rs` on its standard input.
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test equipment: a panic is how it fails"
)]
#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod keys;
mod once;
mod population;
mod process;
mod rounds;

use serde::Serialize;
use serde::de::DeserializeOwned;

fn main() {
    let command = std::env::args().nth(1).unwrap_or_default();
    match command.as_str() {
        "once" => tell(&once::measure(&input())),
        "rounds" => tell(&rounds::measure(&input())),
        "populate" => population::make(&input()),
        other => panic!("{other:?} is none of once, rounds, populate"),
    }
}

fn input<T: DeserializeOwned>() -> T {
    serde_json::from_reader(std::io::stdin().lock()).expect("JSON of the benchmark")
}

fn tell(answer: &impl Serialize) {
    println!("{}", serde_json::to_string(answer).expect("plain data"));
}
