//! The tables in the documentation.

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

    /// Holds it against the table under this heading of `docs/hostile-keys.md`.
    pub(super) fn is_documented(&self, heading: &str) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hostile-keys.md");
        let document = std::fs::read_to_string(path).expect(path);
        let section = document.split("\n## ").find(|section| section.lines().next() == Some(heading));
        let lines = section.unwrap_or_default().lines();
        let documented: String =
            lines.filter(|line| line.starts_with('|')).map(|line| format!("{line}\n")).collect();
        let actual = self.markdown();
        for line in documented.lines().filter(|line| !actual.lines().any(|other| other == *line)) {
            println!("documented, and not so: {line}");
        }
        for line in actual.lines().filter(|line| !documented.lines().any(|other| other == *line)) {
            println!("so, and not documented: {line}");
        }
        assert!(documented == actual, "{path}, {heading}: once every cell is as it should be:\n{actual}");
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
