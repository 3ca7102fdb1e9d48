//! Nothing that can be set or asked for is missing from any of the documents.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used)]

use std::path::Path;

use clap::Command;
use documents::Document;
use documents::sample::{self, Sample};
use passkey_core::config::{Config, ConfigErrorReason, SettingError, Settings};
use passkey_enroll::cli;

fn all() -> Vec<Document> {
    documents::all(jiff::civil::date(2026, 11, 27))
}

fn document(path: &str) -> String {
    all().into_iter().find(|document| document.path == path).unwrap().text
}

/// As it stands in a manual page.
fn bold(code: &str) -> String {
    format!("\\fB{}\\fR", code.replace('-', "\\-"))
}

/// The keys that the program takes in a table: it names them when it meets one that it does not know.
fn keys_in_code(table: &str) -> Vec<&'static str> {
    let head = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
    // What only enrolling needs is read when it is needed.
    let read = Config::parse(Path::new("sample"), &format!("{head}no_such_key = 1\n"))
        .and_then(|config| config.attestation.read());
    let error = read.unwrap_err();
    match error.reason() {
        ConfigErrorReason::Section { error: SettingError::UnknownKey { known, .. }, .. } => known.to_vec(),
        other => panic!("{table}: {other:?}"),
    }
}

fn sorted<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut words: Vec<&str> = words.into_iter().collect();
    words.sort_unstable();
    words
}

#[test]
fn the_sample_holds_every_setting_and_no_other() {
    let sample = Sample::parse(sample::TEXT);
    let tables = sample.tables.iter().filter(|table| !table.name.is_empty());
    let tables: Vec<&str> = tables.map(|table| table.name.split('.').next().unwrap()).collect();
    let mut outside = sample.table("").unwrap().keys();
    outside.extend(&tables);
    outside.sort_unstable();
    outside.dedup();
    assert_eq!(outside, sorted(keys_in_code("")));

    assert_eq!(sample.table("defaults").unwrap().keys(), Settings::KEYS, "in the order of the documentation");
    assert_eq!(sorted(keys_in_code("service.x")), sorted(Settings::KEYS.iter().copied()));
    for table in &sample.tables {
        let keys = sorted(table.keys());
        let known = sorted(keys_in_code(&table.name));
        if table.name.contains('.') {
            assert!(keys.iter().all(|key| known.contains(key)), "[{}]: {keys:?}", table.name);
        } else if !table.name.is_empty() {
            assert_eq!(keys, known, "[{}]", table.name);
        }
    }
}

#[test]
fn the_sample_explains_everything_and_is_understood() {
    let sample = Sample::parse(sample::TEXT);
    assert!(!sample.about.is_empty());
    for table in &sample.tables {
        assert!(
            table.name.is_empty() || table.name.contains('.') || !table.about.is_empty(),
            "[{}]",
            table.name
        );
        for setting in &table.settings {
            assert!(!setting.about.is_empty() || table.name.contains('.'), "{:?}", setting.keys);
        }
    }
    Config::parse(Path::new("sample"), sample::TEXT).unwrap().attestation.read().unwrap();
    // What stands there to be taken in is taken in.
    let all: String = sample
        .tables
        .iter()
        .map(|table| {
            let head = if table.name.is_empty() { String::new() } else { format!("[{}]\n", table.name) };
            let keys = table.settings.iter().flat_map(|setting| &setting.keys);
            keys.fold(head, |text, (key, value)| format!("{text}{key} = {value}\n"))
        })
        .collect();
    Config::parse(Path::new("sample"), &all).unwrap().attestation.read().unwrap();
}

#[test]
fn every_setting_stands_in_the_manual_pages() {
    let sample = Sample::parse(sample::TEXT);
    let (file, module) = (document("man/man5/passkey.toml.5"), document("man/man8/pam_passkey.8"));
    for table in &sample.tables {
        if !table.name.is_empty() && !table.name.contains('.') {
            assert!(file.contains(&format!(".SH \"[{}]\"\n", table.name)), "[{}]", table.name);
        }
        for (key, value) in table.settings.iter().flat_map(|setting| &setting.keys) {
            let line = format!("{key} = {value}");
            let stands = file.contains(&line.replace('-', "\\-"));
            assert!(stands, "{key} in passkey.toml(5)");
        }
    }
    for key in Settings::KEYS.iter().chain(&["config"]) {
        assert!(module.contains(&format!("[\\fB{key}\\fR=")), "{key} in the synopsis of pam_passkey(8)");
        let described = module.contains(&format!("\n.TP\n\\fB{key}\\fR="))
            || module.contains(&format!("\n.TP\n\\fB{key}="));
        assert!(described, "{key} among the arguments of pam_passkey(8)");
    }
}

#[test]
fn every_command_and_option_stands_in_the_manual_page_and_the_completions() {
    let page = document("man/man1/passkey-enroll.1");
    let completions: Vec<String> = all()
        .into_iter()
        .filter(|document| !document.path.starts_with("man/"))
        .map(|document| document.text)
        .collect();
    assert_eq!(completions.len(), 3);
    let mut open = vec![(cli::command(), String::new())];
    let mut options = 0;
    while let Some((command, path)) = open.pop() {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        for argument in command.get_arguments() {
            let Some(long) = argument.get_long() else { continue };
            let own = section(&page, &path, &command, argument.is_global_set());
            assert!(own.contains(&bold(&format!("--{long}"))), "{path} --{long} in {own}");
            options += 1;
            for text in &completions {
                assert!(text.contains(long), "{path} --{long}");
            }
        }
        for inner in command.get_subcommands() {
            for text in &completions {
                assert!(text.contains(inner.get_name()), "{path} {}", inner.get_name());
            }
            open.push((inner.clone(), path.clone()));
        }
    }
    assert!(options > 30, "{options}");
}

/// Has bash complete the last of `words`.
fn completed(words: &[&str]) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), document("bash-completion/completions/passkey-enroll")).unwrap();
    // As bash calls the function: the command, the word, and the one before it.
    let script = r#"source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        $(complete -p passkey-enroll | sed 's/.*-F \([^ ]*\).*/\1/') "$1" "${@: -1}" "${@: -2:1}"; printf '%s\n' "${COMPREPLY[@]}""#;
    let output = std::process::Command::new("bash")
        .args(["--norc", "-c", script, "bash"])
        .arg(file.path())
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    assert_eq!(completed(&["passkey-enroll", "doc"]), ["doctor"]);
    assert_eq!(completed(&["passkey-enroll", "key", "fingerprint", "re"]), ["rename", "remove"]);
    assert_eq!(completed(&["passkey-enroll", "add", "--disc"]), ["--discoverable"]);
    assert_eq!(completed(&["passkey-enroll", "add", "--verification", "req"]), ["required"]);
    assert_eq!(completed(&["passkey-enroll", "completions", "z"]), ["zsh"]);
}

/// What the page says of a command, or of the options of all.
fn section<'p>(page: &'p str, path: &str, command: &Command, of_all: bool) -> &'p str {
    let head = if of_all || command.has_subcommands() {
        ".SH \"OPTIONS OF EVERY COMMAND\"".to_owned()
    } else {
        format!(".SS \"{}", path.replace('-', "\\-"))
    };
    let (_, after) = page.split_once(&head).unwrap_or_else(|| panic!("{head}"));
    after.split("\n.S").next().unwrap()
}
