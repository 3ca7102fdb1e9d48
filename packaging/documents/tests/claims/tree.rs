//! The files of this tree.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders of what is made, and of what is not ours.
const NOT_OURS: [&str; 3] = [".git", "target", "transcripts"];

pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    /// From the root.
    pub(crate) files: Vec<String>,
}

impl Tree {
    pub(crate) fn read() -> Self {
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
        files.sort();
        Self { root, files }
    }

    /// The text of a file.
    pub(crate) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn with_extension(&self, extension: &str) -> impl Iterator<Item = &String> {
        self.files.iter().filter(move |name| Path::new(name).extension().is_some_and(|it| it == extension))
    }

    pub(crate) fn documents(&self) -> impl Iterator<Item = (&String, String)> {
        self.with_extension("md").map(|name| (name, self.text(name)))
    }

    /// The files whose path ends so.
    pub(crate) fn called<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a String> {
        self.files.iter().filter(move |file| {
            file.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    }

    /// The sources of tests, with their texts.
    pub(crate) fn tests(&self) -> Vec<(&String, String)> {
        let tests = self
            .with_extension("rs")
            .map(|file| (file, self.text(file)))
            .filter(|(_, text)| text.contains("#[test]"));
        tests.collect()
    }
}

/// What stands between two backticks, in order.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the table below a heading, without its head, each cut into cells.
pub(crate) fn table<'d>(document: &'d str, heading: &str) -> Vec<Vec<&'d str>> {
    let (_, below) = document.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}"));
    let rows =
        below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.skip(2).map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The attributes of a function in a source, if it is there.
pub(crate) fn attributes<'s>(source: &'s str, function: &str) -> Option<Vec<&'s str>> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let place = lines.iter().position(|line| line.starts_with(&format!("fn {function}(")))?;
    let before =
        lines[..place].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    Some(before.filter(|line| line.starts_with("#[")).copied().collect())
}
