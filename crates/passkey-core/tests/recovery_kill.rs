//! Whoever redeems recovery codes and is killed at any moment leaves a file that is whole, in which every code that was accepted
//! is used up.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests stop at the first surprise"
)]

#[path = "shared/account.rs"]
mod account;
#[path = "shared/victim.rs"]
mod victim;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ctap::Secret;
use passkey_core::config::Config;
use passkey_core::store::Store;
use passkey_core::store::recovery::{Code, Codes, Reading, RedeemError};
use passkey_core::time;
use tempfile::TempDir;

use account::account;

/// How many are killed.
const ROUNDS: u32 = 24;
/// So many after the same code, each a little later than the one before.
const ROUNDS_PER_CODE: u32 = 6;
/// How much later.
const STEP: Duration = Duration::from_millis(11);

fn store(dir: &Path) -> Store {
    Store::new(&Config { recovery_dir: dir.join("recovery"), ..Config::default() })
}

/// Not a test of its own: what the children of the test below run until they are killed.
#[test]
fn redeemer() {
    let Some(dir) = victim::place_of_work() else { return };
    let store = store(&dir);
    // Its own file, since stdout is the test harness's.
    let mut accepted = fs::File::create(dir.join("accepted")).unwrap();
    for line in fs::read_to_string(dir.join("codes")).unwrap().lines() {
        let Reading::Code(code) = Code::read(&Secret::new(line.into())) else { panic!("{line}") };
        store.redeem(&account("alice"), &code, time::now()).unwrap();
        writeln!(accepted, "{line}").unwrap();
    }
}

#[test]
fn a_redeemer_killed_at_any_moment_leaves_no_code_to_be_used_twice() {
    let dir = TempDir::new().unwrap();
    let store = store(dir.path());
    let (set, codes) = Codes::new(time::now()).unwrap();
    store.replace_codes(&account("alice"), &set).unwrap();
    let file = dir.path().join("recovery/alice.toml");
    let unused = fs::read(&file).unwrap();
    let text = |code: &Code| String::from_utf8(code.text().as_bytes().to_vec()).unwrap();
    let list: String = codes.iter().map(|code| text(code) + "\n").collect();
    fs::write(dir.path().join("codes"), list).unwrap();
    let mut seen_used = std::collections::BTreeSet::new();
    for round in 0..ROUNDS {
        fs::write(&file, &unused).unwrap();
        fs::write(dir.path().join("accepted"), "").unwrap();
        let redeemer = victim::start("redeemer", dir.path());
        let start = Instant::now();
        while accepted(dir.path()) < usize::try_from(round / ROUNDS_PER_CODE).unwrap() {
            assert!(start.elapsed() < Duration::from_secs(60), "the redeemer redeems nothing");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(STEP * (round % ROUNDS_PER_CODE));
        victim::kill(redeemer);

        let left = store.load_codes(&account("alice")).unwrap().expect("the file is gone");
        assert_eq!((left.total(), left.skipped().len()), (10, 0), "the file is not whole");
        let used = left.total() - left.left();
        seen_used.insert(used);
        let accepted = accepted(dir.path());
        assert!(used == accepted || used == accepted + 1, "{used} used, {accepted} accepted");
        assert!(left.failures() <= 1, "at most the one that was being looked at counts against it");
        // What was accepted is never accepted again, and the next one is.
        for code in codes.iter().take(accepted.min(1)) {
            let again = store.redeem(&account("alice"), code, time::now());
            assert!(matches!(again, Err(RedeemError::Used { .. })), "{again:?}");
        }
        if let Some(next) = codes.get(used) {
            assert_eq!(store.redeem(&account("alice"), next, time::now()).unwrap().left(), 9 - used);
        }
    }
    assert!(seen_used.len() > 2, "the redeemers redeemed next to nothing: {seen_used:?}");
}

/// How many codes the redeemer has had accepted.
fn accepted(dir: &Path) -> usize {
    fs::read_to_string(dir.join("accepted")).unwrap().lines().count()
}
