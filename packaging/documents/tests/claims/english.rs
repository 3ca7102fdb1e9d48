//! Documents, help and manual pages avoid words that have a plainer form. What a list cannot tell (inverted clauses, "no X" for "not X") is
//! for the reader: CONTRIBUTING.md, "English".

use std::collections::BTreeSet;

use clap::Command;
use passkey_enroll::cli;

use super::tree::Tree;

/// Words, and what to write instead. Lower case, one space between words.
const WORDS: &[(&str, &str)] = &[
    ("whoever", "a person who, anyone who, or the role: an attacker, the caller"),
    ("whomever", "a person whom"),
    ("whosoever", "a person who"),
    ("somebody", "someone, or the role: an attacker, another user"),
    ("nobody", "a positive sentence: \"is refused\", \"only root can\""),
    ("anybody", "anyone"),
    ("no more", "no longer, not any more"),
    ("anew", "again"),
    ("as ever", "as before"),
    ("besides the", "in addition to the"),
    ("what there is", "the noun"),
    ("what is there", "the noun: the existing file, the content"),
    ("comes of", "the result of"),
    ("come of", "the result of"),
    ("came of", "the result of"),
    ("to be had", "available"),
    ("takes over", "imports"),
    ("on file", "stored, enrolled"),
    ("thereby", "a main clause"),
    ("therein", "in it"),
    ("changes no", "does not change"),
    ("changes nothing", "does not change anything"),
    ("costs nothing", "does not affect, is free"),
    ("ends nothing", "does not end"),
    ("locks nothing", "does not lock"),
    ("makes no", "does not make"),
    ("spends no", "does not use up"),
];

/// Where one of them stands for a reason: the document, the words, why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("CONTRIBUTING.md", "changes no", "it names the words to avoid"),
    ("docs/hosts.md", "no more", "a message of the module: \"The security key takes no more fingerprints\""),
];

/// A text that people read.
struct Text {
    name: String,
    text: String,
}

fn documents() -> Vec<Text> {
    let tree = Tree::read();
    let documents = tree.documents().map(|(name, text)| Text { name: name.clone(), text: prose(&text) });
    let sample = "config/passkey.toml";
    let settings = Text { name: sample.to_owned(), text: tree.text(sample).replace("\n#", "\n") };
    documents.chain([settings]).collect()
}

/// A document without what is typed or shown: fences and code.
fn prose(markdown: &str) -> String {
    let mut is_fenced = false;
    let mut lines = String::new();
    for line in markdown.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        if !is_fenced && !is_fence {
            lines.extend([line, "\n"]);
        }
    }
    lines.split('`').step_by(2).collect::<Vec<_>>().join(" CODE ")
}

fn manuals() -> Vec<Text> {
    let all = ::documents::all(jiff::civil::date(2026, 11, 27));
    let manuals = all.into_iter().filter(|document| document.path.starts_with("man/"));
    manuals.map(|manual| Text { name: manual.path.to_owned(), text: manual.text }).collect()
}

fn help() -> Vec<Text> {
    let mut command = cli::command();
    command.build();
    let (mut texts, mut open) = (Vec::new(), vec![(command, String::new())]);
    while let Some((mut command, path)) = open.pop() {
        let name = format!("{path} {}", command.get_name()).trim().to_owned();
        open.extend(command.get_subcommands().map(|inner| (Command::clone(inner), name.clone())));
        texts.push(Text { name: format!("{name} --help"), text: command.render_long_help().to_string() });
    }
    texts
}

/// Lower case, one space between words, and nothing else than words.
fn words(text: &str) -> String {
    let only = |c: char| if c.is_alphanumeric() || c == '\'' { c.to_ascii_lowercase() } else { ' ' };
    let text: String = text.chars().map(only).collect();
    format!(" {} ", text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn there_is_a_plainer_word() {
    let texts: Vec<Text> = documents().into_iter().chain(manuals()).chain(help()).collect();
    assert!(texts.len() > 60, "{}", texts.len());
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    for Text { name, text } in &texts {
        let text = words(text);
        for (phrase, instead) in WORDS {
            for (at, found_here) in text.match_indices(&format!(" {phrase} ")) {
                // "No more than" is an upper bound.
                if text.get(at + found_here.len()..).unwrap().starts_with("than ") {
                    continue;
                }
                if let Some(number) =
                    EXCEPTIONS.iter().position(|(document, words, _)| document == name && words == phrase)
                {
                    used.insert(number);
                    continue;
                }
                let before: String = text.get(..at).unwrap().chars().rev().take(40).collect();
                let before: String = before.chars().rev().collect();
                let after: String = text.get(at..).unwrap().chars().take(40).collect();
                found.push(format!("{name}: …{before}{after}…\n    not \"{phrase}\" but {instead}"));
            }
        }
    }
    assert!(found.is_empty(), "{} to mend:\n{}", found.len(), found.join("\n"));
    let stale: Vec<_> = EXCEPTIONS.iter().enumerate().filter(|(number, _)| !used.contains(number)).collect();
    assert!(stale.is_empty(), "exceptions that nothing needs: {stale:?}");
}

/// What the list finds, it finds across lines, and not in code.
#[test]
fn the_list_is_seen_in_prose_only() {
    let text = words(&prose("Here no\nmore. `nobody`\n```sh\nsu nobody\n```\nNobody!"));
    assert_eq!(text, " here no more code nobody ");
}
