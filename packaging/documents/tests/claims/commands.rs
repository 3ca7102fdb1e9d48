//! Every command line of ours that stands in a document, an example or a manual page is one that the command takes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use jiff::civil::date;
use passkey_enroll::cli;

use super::sentences;
use super::tree::Tree;

/// Files and folders in which command lines stand.
const SOURCES: [&str; 8] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs",
    "config",
    "packaging/redhat/authselect/README",
    "tests/vectors/README.md",
];
const COMMAND: &str = "passkey-enroll";
/// What stands for a value of some kind, and one of that kind. Other words in capitals are as good as a name.
const PLACEHOLDERS: [(&str, &str); 3] = [("SECONDS", "3"), ("FORMAT", "pam-u2f"), ("LENGTH", "6")];

fn read(path: PathBuf, texts: &mut Vec<(String, String)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            read(entry.unwrap().path(), texts);
        }
    } else if let Ok(text) = fs::read_to_string(&path) {
        // Anything else is a picture.
        texts.push((path.file_name().unwrap().to_str().unwrap().to_owned(), text));
    }
}

/// Each document and its text.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = Vec::new();
    for source in SOURCES {
        read(root.join(source), &mut texts);
    }
    let pages = documents::all(date(2026, 1, 1)).into_iter().filter(|page| page.path.starts_with("man/"));
    let sentences = sentences::sentences(&Tree::read()).into_iter().collect::<Vec<_>>();
    texts.push(("the module's sentences".to_owned(), sentences.join("\n\n")));
    // Bold is what other documents have between backticks.
    texts.extend(pages.map(|page| {
        (page.path.to_owned(), page.text.replace("\\fB", "`").replace("\\fR", "`").replace("\\-", "-"))
    }));
    texts
}

/// A command line, and whether it only names the command in a sentence.
struct Line {
    line: String,
    is_named: bool,
}

/// What stands between backticks, also over the end of a line, and in fences.
fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut paragraphs = vec![String::new()];
    let mut is_fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced {
            lines.push(Line { line: line.to_owned(), is_named: false });
        } else {
            let begins = line.is_empty() || line.starts_with(['|', '-', '.', '#']);
            if begins {
                paragraphs.push(String::new());
            }
            paragraphs.last_mut().unwrap().extend([line.trim(), " "]);
        }
    }
    for paragraph in paragraphs {
        let codes = paragraph.split('`').skip(1).step_by(2);
        lines.extend(codes.map(|code| Line { line: with_command(code), is_named: true }));
        // "… with: passkey-enroll add", at the end of a sentence for people.
        let paragraph = paragraph.replace(": sudo ", ": ");
        if let Some((_, command)) = paragraph.split_once(&format!(": {COMMAND} ")) {
            let command = command.split(['"', '`', '.']).next().unwrap();
            lines.push(Line { line: format!("{COMMAND} {command}"), is_named: true });
        }
    }
    lines
}

/// `pam disable sudo`, with the command before it, where it begins with a group of ours.
fn with_command(code: &str) -> String {
    const GROUPS: [&str; 5] = ["pam ", "key ", "keyring ", "recovery ", "lock-on-removal "];
    // A setting can be called like a group.
    let is_short = GROUPS.iter().any(|group| code.starts_with(group)) && !code.contains(" = ");
    if is_short { format!("{COMMAND} {code}") } else { code.to_owned() }
}

/// The calls of the command in a line of a shell.
fn calls(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap();
    let parts = line.split(['|', ';', '&', '>', '(', ')']).map(str::trim);
    let ours = parts.filter_map(|part| {
        let part = part.trim_start_matches("$ ").trim_start_matches("sudo ");
        let rest = part.strip_prefix(COMMAND)?;
        (rest.starts_with(' ')).then(|| part.to_owned())
    });
    ours.filter(|call| !call.contains('…') && !call.contains("COMMAND")).collect()
}

/// The words of a call, with values in the place of what stands for them.
fn words(call: &str) -> Vec<String> {
    let words = call.split(['"', '\'']).enumerate().flat_map(|(n, part)| match n % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words
        .map(|word| {
            let word = word.trim_matches(['[', ']']);
            let value = PLACEHOLDERS.iter().find(|(placeholder, _)| *placeholder == word);
            value.map_or(word, |(_, value)| value).to_owned()
        })
        .collect()
}

/// Whether it ends in the name of an option.
fn is_option(call: &str) -> bool {
    call.rsplit(' ').next().is_some_and(|word| word.starts_with("--"))
}

#[test]
fn every_command_line_is_one_that_the_command_takes() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (document, text) in texts() {
        for Line { line, is_named } in lines(&text) {
            for call in calls(&line) {
                count += 1;
                let Err(error) = cli::command().try_get_matches_from(words(&call)) else { continue };
                match error.kind() {
                    ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {}
                    // `passkey-enroll key` in a sentence is a name, as is `passkey-enroll remove`.
                    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    | ErrorKind::MissingSubcommand
                    | ErrorKind::MissingRequiredArgument
                        if is_named => {}
                    // So is `passkey-enroll add --on`, of an option without its value.
                    ErrorKind::InvalidValue if is_named && is_option(&call) => {}
                    kind => wrong.push(format!("{document}: {call}: {kind:?}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "{count}");
}
