//! Every command and every error stands in some transcript, as people and as scripts meet it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use transcript::{Beat, Block, Document};

/// What takes a moment that no transcript can choose, between two programs or a person and a key.
const A_MOMENT: &str = "it takes the right moment; tests of its own hold it";
/// What takes a key or a system that no virtual one is.
const A_RARITY: &str = "no virtual key and no guest is like that; the error's own tests hold its words";
/// What stands in a test that prepares files.
const A_FILE: &str = "it takes a file that the tests of transfer, trouble or attestation prepare";

/// What takes a service manager, which the transcripts' guest has not.
const A_SERVICE_MANAGER: &str = "it takes systemd, which the test of lock on removal has";

/// Errors that no transcript shows, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("ambiguous", A_RARITY),
    ("as_user_failed", A_RARITY),
    ("changed_meanwhile", A_MOMENT),
    ("declined", A_RARITY),
    ("enrolled_meanwhile", A_MOMENT),
    ("file_failed", A_RARITY),
    ("fingerprint_locked", A_RARITY),
    ("fingerprints_full", A_RARITY),
    ("hotplug_failed", A_RARITY),
    ("identity_failed", A_RARITY),
    ("key_busy", A_MOMENT),
    ("key_malformed", A_MOMENT),
    ("key_not_permitted", "a guest's stand-in for udev opens every key to the person before it"),
    ("key_silent", A_MOMENT),
    ("not_switched", "it takes a file that others have changed beyond recognition: undo_tests.rs"),
    ("key_stuck", A_MOMENT),
    ("key_unusable", A_RARITY),
    ("keyring_broken", "it takes a damaged file, which the test of the keyring has"),
    ("keyring_damaged", "it takes a damaged file, which the test of the keyring has"),
    ("left_on_trial", "it takes a session that ends, which the tests of trials have"),
    ("metadata_outdated", A_FILE),
    ("name_too_long", A_RARITY),
    ("new_pin_refused", A_RARITY),
    ("this_computer_unusable", A_MOMENT),
    ("no_descriptors", A_RARITY),
    ("no_memory", A_RARITY),
    ("no_place", A_FILE),
    ("no_protocol", A_RARITY),
    ("no_randomness", A_RARITY),
    ("no_rp_id", A_RARITY),
    ("no_unit", A_SERVICE_MANAGER),
    ("no_user_manager", A_SERVICE_MANAGER),
    ("no_users", A_FILE),
    ("not_a_password", A_RARITY),
    ("not_watched", A_MOMENT),
    ("nothing_to_export", A_FILE),
    ("output_failed", "with JSON its place would be where nothing can be written"),
    ("password_unchecked", A_RARITY),
    ("pin_rules_unsupported", A_RARITY),
    ("pin_unsupported", A_RARITY),
    ("process_failed", A_RARITY),
    ("rehearsal_timed_out", A_RARITY),
    ("rejected", A_RARITY),
    ("settings_broken", A_SERVICE_MANAGER),
    ("settings_failed", A_SERVICE_MANAGER),
    ("signals_failed", A_RARITY),
    ("store_full", A_RARITY),
    ("store_locked", A_MOMENT),
    (
        "store_not_writable",
        "it takes a disk that is full or only to be read, which the tests of survival have",
    ),
    ("superseded", A_MOMENT),
    ("systemctl_failed", A_SERVICE_MANAGER),
    ("terminal_failed", A_RARITY),
    ("too_late", A_MOMENT),
    ("too_many_passkeys", A_RARITY),
    ("undo_failed", A_MOMENT),
    ("unplugged", A_MOMENT),
    ("user_database_failed", A_RARITY),
    ("wrong_credential", A_RARITY),
];

/// Commands that have no JSON, and why.
const NO_JSON: &[(&str, &str)] = &[("completions", "a script for a shell is one already")];

/// What became of a command.
struct Step {
    command: String,
    /// What a person reads.
    said: String,
    /// What a program reads.
    json: Option<Value>,
}

impl Step {
    fn is_json(&self) -> bool {
        self.command.contains("--json")
    }

    fn error(&self) -> Option<(&str, &str)> {
        let error = self.json.as_ref()?.get("error")?;
        Some((error["code"].as_str()?, error["message"].as_str()?))
    }
}

fn steps() -> Vec<Step> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let documents = ["files", "keys", "this-computer"].map(|folder| Document::read_all(&root.join(folder)));
    let blocks = documents.into_iter().flatten().flat_map(|document| document.blocks);
    blocks
        .filter_map(|block| match block {
            Block::Scripted(step) => Some(Step {
                command: step.command,
                said: step.stderr,
                json: serde_json::from_str(&step.stdout).ok(),
            }),
            Block::Act(act) => {
                let shown = act.beats.into_iter().filter_map(|beat| match beat {
                    Beat::Shown(lines) => Some(lines.join("\n")),
                    Beat::Typed { .. } | Beat::GivesUp | Beat::Direction(_) => None,
                });
                Some(Step { command: act.command, said: shown.collect(), json: None })
            }
            Block::Prose(_) | Block::Direction(_) => None,
        })
        .collect()
}

/// The words of every command that does something.
fn commands(of: &clap::Command, words: &str) -> Vec<String> {
    let below: Vec<String> = of
        .get_subcommands()
        .flat_map(|command| commands(command, &format!("{words} {}", command.get_name())))
        .collect();
    if below.is_empty() { vec![words.to_owned()] } else { below }
}

#[test]
fn every_command_is_shown_to_people_and_to_scripts() {
    let steps = steps();
    let all = commands(&passkey_enroll::cli::command(), "passkey-enroll");
    assert!(all.len() > 20, "{all:?}");
    for command in all {
        let shown =
            |json: bool| steps.iter().any(|step| step.is_json() == json && step.command.contains(&command));
        assert!(shown(false), "no transcript shows `{command}`");
        let has_json = !NO_JSON.iter().any(|(name, _)| command.ends_with(name));
        assert!(shown(true) || !has_json, "no transcript shows `{command} --json`");
    }
}

/// The words for errors, as the files that explain errors have them: strings of nothing but letters and underscores.
fn codes() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let text = files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .filter(|text| text.contains("-> ErrorReport"))
        .flat_map(|text| {
            let is_comment = |line: &&str| line.trim_start().starts_with("//");
            text.lines().filter(|line| !is_comment(line)).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
        .join("\n");
    let strings = text.split('"').skip(1).step_by(2);
    let is_code =
        |text: &&str| text.len() > 4 && text.chars().all(|c| c.is_ascii_lowercase() || "_2".contains(c));
    strings.filter(is_code).map(str::to_owned).chain(["usage".to_owned()]).collect()
}

/// The files below `folder`, without tests.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if !path.to_str().unwrap().ends_with("_tests.rs") {
            files.push(path);
        }
    }
}

#[test]
fn every_error_is_shown_to_people_and_to_scripts() {
    let (steps, codes) = (steps(), codes());
    assert!(codes.len() > 60, "{codes:?}");
    let told: BTreeSet<&str> = steps.iter().filter_map(|step| Some(step.error()?.0)).collect();
    let excepted: BTreeSet<&str> = NOT_SHOWN.iter().map(|(code, _)| *code).collect();
    let shown_after_all: Vec<_> = excepted.intersection(&told).collect();
    assert!(shown_after_all.is_empty(), "these are shown after all: {shown_after_all:?}");
    let codes: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
    let unknown: Vec<_> = told.union(&excepted).filter(|code| !codes.contains(*code)).collect();
    assert!(unknown.is_empty(), "these are no errors: {unknown:?}");
    let missing: Vec<_> =
        codes.iter().filter(|code| !told.contains(*code) && !excepted.contains(*code)).collect();
    assert!(missing.is_empty(), "no transcript shows these errors in JSON: {missing:?}");

    // The tries that a key has left fall from one step to the next.
    let without_numbers = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    let said: Vec<String> =
        steps.iter().filter(|step| !step.is_json()).map(|step| without_numbers(&step.said)).collect();
    for code in told {
        let mut messages = steps.iter().filter_map(Step::error).filter(|error| error.0 == code);
        assert!(
            messages.any(|(_, message)| {
                let sentence = without_numbers(&format!("error: {message}"));
                said.iter().any(|said| said.contains(&sentence))
            }),
            "no transcript shows to people what `{code}` says"
        );
    }
}
