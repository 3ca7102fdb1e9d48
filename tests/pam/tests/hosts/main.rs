//! Real host programs, as second factor and without a password, through everything that can go wrong: one table.
//!
//! `table` says what shall happen, `mishap` what goes wrong and what the person does about it, `program` and its neighbours how a
//! person meets each host, `run` brings them together. `docs/hosts.md` holds the same table; `UPDATE_DOCS=1` writes it anew.
//! `ROWS=login` runs only the rows that have this word in their first three columns.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod document;
mod greetd;
mod locker;
mod login;
mod mishap;
mod polkit;
mod program;
mod row;
mod run;
mod scene;
mod swaylock;
mod table;
mod words;

use row::Stage;

/// What needs no service manager, on Debian 12.
#[test]
fn light_hosts() {
    run::all(Stage::Light, &scene::light());
}

/// What Debian 12 does not have, on Debian 13.
#[test]
fn newer_hosts() {
    run::all(Stage::Trixie, &scene::trixie());
}

/// What only a machine with systemd has: sessions that logind knows, and polkit's sandboxed helper.
#[test]
fn full_hosts() {
    run::all(Stage::Full, &scene::full());
}

#[test]
fn the_document_holds_this_table() {
    document::compare();
}
