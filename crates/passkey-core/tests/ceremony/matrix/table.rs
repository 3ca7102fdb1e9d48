//! The tables in the documentation.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::{env, fs};
use virtual_key::Misbehaviour;

/// What came of each misbehaviour at each step. What is alike is shown once.
pub(super) struct Table {
    steps: Vec<&'static str>,
    columns: Vec<(Misbehaviour, Vec<String>)>,
}

impl Table {
    pub(super) fn new(steps: Vec<&'static str>) -> Self {
        Self { steps, columns: Vec::new() }
    }

    pub(super) fn add(&mut self, how: Misbehaviour, cells: Vec<String>) {
        assert_eq!(cells.len(), self.steps.len());
        self.columns.push((how, cells));
    }

    /// As Markdown: a column for misbehaviours of which the same comes at every step, a row for steps at which the same comes of every
    /// misbehaviour.
    fn markdown(&self) -> String {
        let columns = grouped(self.columns.iter().map(|(how, cells)| (how.name(), cells.clone())));
        let rows = grouped(self.steps.iter().enumerate().map(|(index, step)| {
            (*step, columns.iter().map(|(_, cells)| cells[index].clone()).collect::<Vec<String>>())
        }));
        let line = |head: &str, cells: &[String]| format!("| {head} | {} |\n", cells.join(" | "));
        let heads: Vec<String> = columns.iter().map(|(names, _)| names.join(", ")).collect();
        let mut text = line("", &heads) + &line("---", &vec!["---".to_owned(); heads.len()]);
        for (names, cells) in rows {
            text += &line(&names.join("; "), &cells);
        }
        text
    }

    /// Prints it and holds it against the section with this heading of `docs/hostile-keys.md`; `UPDATE_DOCS=1` corrects the document.
    pub(super) fn is_documented(&self, heading: &str) {
        // The tests for the sections run at the same time.
        static DOCUMENT: Mutex<()> = Mutex::new(());
        let _document = DOCUMENT.lock();
        let new = self.markdown();
        println!("{heading}\n{new}");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hostile-keys.md");
        let document = fs::read_to_string(path).expect(path);
        let heading = format!("\n## {heading}\n");
        let (before, rest) = document.split_once(&heading).expect("a section with this heading");
        let (old, after) = rest.split_at(rest.find("\n## ").unwrap_or(rest.len()));
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::write(path, format!("{before}{heading}{new}{after}")).expect(path);
            return;
        }
        let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
        for line in lines(old).symmetric_difference(&lines(&new)) {
            println!("not the same: {line}");
        }
        assert!(
            old == new,
            "docs/hostile-keys.md is stale; where every cell is as it should be, this corrects it:\n    \
             UPDATE_DOCS=1 cargo test -p passkey-core --test ceremony matrix"
        );
    }
}

/// Puts together the names of equal things, in the order of the first of each.
fn grouped<T: PartialEq>(all: impl Iterator<Item = (&'static str, T)>) -> Vec<(Vec<&'static str>, T)> {
    let mut groups: Vec<(Vec<&str>, T)> = Vec::new();
    for (name, thing) in all {
        match groups.iter_mut().find(|(_, other)| *other == thing) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], thing)),
        }
    }
    groups
}
