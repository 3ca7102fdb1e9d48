//! Every input of `corpus` once more, and what becomes of it when it is cut short and when a byte of it changes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::integer_division,
    clippy::unwrap_used,
    reason = "tests stop at the first surprise"
)]

use std::fs;
use std::path::Path;

use pam_passkey_fuzz::{
    arguments, certificate, channel, descriptor, files, foreign, gdm, journal, metadata, pam_files, recovery,
    replies, service, statement, tpm_request,
};

type Target = (&'static str, fn(&[u8]) -> bool);

const TARGETS: [Target; 15] = [
    ("arguments", arguments::run),
    ("certificate", certificate::run),
    ("channel", channel::run),
    ("descriptor", descriptor::run),
    ("files", files::run),
    ("foreign", foreign::run),
    ("gdm", gdm::run),
    ("journal", journal::run),
    ("metadata", metadata::run),
    ("pam_files", pam_files::run),
    ("recovery", recovery::run),
    ("replies", replies::run),
    ("service", service::run),
    ("statement", statement::run),
    ("tpm_request", tpm_request::run),
];
/// How many cuts and changes are tried of each input.
const CHANGES: usize = 40;
/// The same of the target that takes longest.
const FEW_CHANGES: usize = 2;
/// The longest input.
const MAX_LEN: u64 = 4096;

/// The names of what stands in a folder of this package.
fn names(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn each_target_is_here_and_is_replayed() {
    let targets = TARGETS.map(|(name, _)| name);
    let programs: Vec<String> = names("fuzz_targets").iter().map(|name| name.replace(".rs", "")).collect();
    // One takes root and the built module: `sign_in.rs` replays it.
    let replayed =
        |names: Vec<String>| names.into_iter().filter(|name| name != "sign_in").collect::<Vec<_>>();
    assert_eq!(replayed(programs), targets);
    assert_eq!(replayed(names("corpus")), targets);
}

#[test]
fn each_input_holds_and_what_is_made_of_it() {
    for (target, run) in TARGETS {
        let folder = format!("corpus/{target}");
        let (mut understood, mut changed) = (0, 0);
        let inputs = names(&folder);
        // Who gets in at each service of the input is computed over and over.
        let changes = if target == "pam_files" { FEW_CHANGES } else { CHANGES };
        for name in &inputs {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder).join(name);
            assert!(path.metadata().unwrap().len() <= MAX_LEN, "{folder}/{name} is too long to be committed");
            let input = fs::read(path).unwrap();
            understood += usize::from(run(&input));
            // Spread over the whole, and the same each time.
            let places = (0..changes).map(|n| n * input.len() / changes);
            for (n, place) in places.enumerate() {
                run(&input[..place]);
                let mut other = input.clone();
                if let Some(byte) = other.get_mut(place) {
                    *byte ^= 1 << (n % 8);
                }
                changed += usize::from(!run(&other));
            }
        }
        println!("{target}: {} inputs, {understood} understood, {changed} changes refused", inputs.len());
        assert!(understood >= 2, "{target}: nearly nothing in {folder} is what the target is about");
    }
}
