//! What the documents refer to in this tree is there: files by link or by name, and the tests that are named for a claim.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Folders of what is made, and of what is not ours.
const NOT_OURS: [&str; 3] = [".git", "target", "transcripts"];

struct Tree {
    root: PathBuf,
    /// From the root.
    files: Vec<String>,
}

impl Tree {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let (mut files, mut open) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let is_ours =
                    path.file_name().is_some_and(|name| !NOT_OURS.iter().any(|other| name == *other));
                if path.is_dir() && is_ours {
                    open.push(path);
                } else if path.is_file() {
                    files.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        Self { root, files }
    }

    fn documents(&self) -> impl Iterator<Item = (&String, String)> {
        let names = self.files.iter().filter(|name| Path::new(name).extension().is_some_and(|it| it == "md"));
        names.map(|name| (name, fs::read_to_string(self.root.join(name)).unwrap()))
    }

    /// The files whose path ends so.
    fn called<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a String> {
        self.files.iter().filter(move |file| {
            file.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    }
}

/// What stands between two backticks, in order.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_of(code: &str, characters: &str) -> bool {
    !code.is_empty()
        && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || characters.contains(c))
}

fn is_source(code: &str) -> bool {
    Path::new(code).extension().is_some_and(|extension| extension == "rs") && is_of(code, "_-/.")
}

#[test]
fn links_lead_somewhere() {
    let tree = Tree::read();
    let mut count = 0;
    for (document, text) in tree.documents() {
        let folder = tree.root.join(document).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_ours = !target.is_empty() && !target.contains("://");
            assert!(!is_ours || folder.join(target).exists(), "{document}: {target}");
            count += usize::from(is_ours);
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn files_of_source_are_called_by_their_names() {
    let tree = Tree::read();
    let mut count = 0;
    for (document, text) in tree.documents() {
        for code in quoted(&text).filter(|code| is_source(code)) {
            assert!(tree.called(code).next().is_some(), "{document}: there is no {code}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// In a row of its table, a test stands behind the file that it is in.
#[test]
fn tests_of_known_flaws_are_there() {
    let tree = Tree::read();
    let text = fs::read_to_string(tree.root.join("docs/cve.md")).unwrap();
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cell = row.rsplit('|').nth(1).expect("a row ends with a bar");
        let mut inside = Vec::new();
        for code in quoted(cell) {
            if is_source(code) {
                inside =
                    tree.called(code).map(|file| fs::read_to_string(tree.root.join(file)).unwrap()).collect();
            } else if code.contains('_') && is_of(code, "_") {
                let function = format!("fn {code}(");
                assert!(inside.iter().any(|source| source.contains(&function)), "{code} is not there: {row}");
                count += 1;
            }
        }
    }
    assert!(count > 15, "{count}");
}

/// The anchor that a heading gets on the web: lower case, hyphens for spaces, without other signs.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn anchors(text: &str) -> Vec<String> {
    let mut is_fenced = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        is_fenced ^= line.trim_start().starts_with("```");
        if let (false, Some(heading)) = (is_fenced, line.strip_prefix('#')) {
            anchors.push(anchor(heading.trim_start_matches('#').trim()));
        }
    }
    anchors
}

#[test]
fn links_to_a_part_of_a_document_find_its_heading() {
    let tree = Tree::read();
    let mut count = 0;
    for (document, text) in tree.documents() {
        let folder = tree.root.join(document).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, part)) = target.split_once('#') else { continue };
            if target.contains("://") {
                continue;
            }
            let of = match file {
                "" => text.clone(),
                file => fs::read_to_string(folder.join(file)).unwrap(),
            };
            assert!(anchors(&of).iter().any(|it| it == part), "{document}: {target} has no heading");
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}
