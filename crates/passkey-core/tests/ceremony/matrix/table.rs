//! The tables in the documentation.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::{env, fs};

/// What came of each misbehaviour at each step. What is alike is shown once.
pub(super) struct Table {
    steps: Vec<String>,
    columns: Vec<(String, Vec<String>)>,
}

impl Table {
    pub(super) fn new(steps: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { steps: steps.into_iter().map(Into::into).collect(), columns: Vec::new() }
    }

    pub(super) fn add(&mut self, how: &str, cells: Vec<String>) {
        assert_eq!(cells.len(), self.steps.len());
        self.columns.push((how.to_owned(), cells));
    }

    /// As Markdown: a column for misbehaviours of which the same comes at every step, a row for steps at which the same comes of every
    /// misbehaviour.
    pub(super) fn markdown(&self) -> String {
        let columns = grouped(self.columns.iter().map(|(how, cells)| (how.as_str(), cells.clone())));
        let rows = grouped(self.steps.iter().enumerate().map(|(index, step)| {
            (step.as_str(), columns.iter().map(|(_, cells)| cells[index].clone()).collect::<Vec<String>>())
        }));
        let line = |head: &str, cells: &[String]| format!("| {head} | {} |\n", cells.join(" | "));
        let heads: Vec<String> = columns.iter().map(|(names, _)| names.join(", ")).collect();
        let mut text = line("", &heads) + &line("---", &vec!["---".to_owned(); heads.len()]);
        for (names, cells) in rows {
            text += &line(&names.join("; "), &cells);
        }
        text
    }

    /// Prints it and holds it against the section with this heading of the document.
    pub(super) fn is_documented(&self, heading: &str) {
        is_documented(heading, &self.markdown());
    }
}

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hostile-keys.md");
/// The tests for the sections run at the same time.
static LOCK: Mutex<()> = Mutex::new(());

/// The row of the document's table of words for this one: the PAM code and what the person is told.
pub(super) fn documented_word(word: &str) -> [String; 2] {
    let _document = LOCK.lock();
    let document = fs::read_to_string(DOCUMENT).expect(DOCUMENT);
    let mut rows = document.lines().filter_map(|line| {
        let (words, rest) = line.strip_prefix("| ")?.split_once(" | ")?;
        let (code, told) = rest.strip_suffix(" |")?.split_once(" | ")?;
        let is_word = words.split(", ").any(|one| one == word) && code.starts_with("`PAM_");
        is_word.then(|| [code.to_owned(), told.to_owned()])
    });
    rows.next().unwrap_or_else(|| panic!("{word} is not among the words of {DOCUMENT}"))
}

/// Prints `new` and holds it against the section with this heading of `docs/hostile-keys.md`; `UPDATE_DOCS=1` corrects the document.
pub(super) fn is_documented(heading: &str, new: &str) {
    let _document = LOCK.lock();
    println!("{heading}\n{new}");
    let document = fs::read_to_string(DOCUMENT).expect(DOCUMENT);
    let heading = format!("\n## {heading}\n");
    let (before, rest) = document.split_once(&heading).expect("a section with this heading");
    let (old, after) = rest.split_at(rest.find("\n## ").unwrap_or(rest.len()));
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(DOCUMENT, format!("{before}{heading}{new}{after}")).expect(DOCUMENT);
        return;
    }
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    for line in lines(old).symmetric_difference(&lines(new)) {
        println!("not the same: {line}");
    }
    assert!(
        old == new,
        "docs/hostile-keys.md is stale; where every cell is as it should be, this corrects it:\n    \
         UPDATE_DOCS=1 cargo test -p passkey-core --test ceremony matrix"
    );
}

/// Puts together the names of equal things, in the order of the first of each.
fn grouped<'n, T: PartialEq>(all: impl Iterator<Item = (&'n str, T)>) -> Vec<(Vec<&'n str>, T)> {
    let mut groups: Vec<(Vec<&str>, T)> = Vec::new();
    for (name, thing) in all {
        match groups.iter_mut().find(|(_, other)| *other == thing) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], thing)),
        }
    }
    groups
}
