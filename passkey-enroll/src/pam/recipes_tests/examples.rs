//! The examples of `config/pam.d`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::machine::Machine;
use super::{Asks, faults};
use crate::pam::parse::{ReadError, ServiceFiles};

/// What stands first in each.
const HEADER: &str = "# For /etc/pam.d/";
/// An example of this folder is for every distribution.
const ALL: &str = "all";

/// An example: `DISTRIBUTION/SERVICE-WAY`. It begins with
/// `# For /etc/pam.d/SERVICE on DISTRIBUTION[, DISTRIBUTION][ and DISTRIBUTION]: PLACE.`
#[derive(Debug)]
struct Example {
    /// Its folder and its name.
    folder: String,
    name: String,
    service: String,
    distributions: Vec<String>,
    place: Position,
    asks: Asks,
    lines: String,
}

/// Where its lines go.
#[derive(Debug)]
enum Position {
    WholeFile,
    Behind(String),
    Before(String),
    InPlaceOf(String),
}

impl Position {
    fn parse(text: &str) -> Self {
        let quoted = || text.split('"').nth(1).unwrap_or_else(|| panic!("which line? {text}")).to_owned();
        match text {
            "the whole file" => Self::WholeFile,
            _ if text.starts_with("right behind the line \"") => Self::Behind(quoted()),
            _ if text.starts_with("right before the line \"") => Self::Before(quoted()),
            _ if text.starts_with("in place of the line \"") => Self::InPlaceOf(quoted()),
            other => panic!("what place is {other:?}?"),
        }
    }

    /// The text of a service's file with these lines in it.
    fn put(&self, text: &str, lines: &str) -> String {
        let (anchor, with_anchor): (&str, fn(&str, &str) -> String) = match self {
            Self::WholeFile => return lines.to_owned(),
            Self::Behind(anchor) => (anchor, |line, lines| format!("{line}\n{lines}")),
            Self::Before(anchor) => (anchor, |line, lines| format!("{lines}{line}\n")),
            Self::InPlaceOf(anchor) => (anchor, |_, lines| lines.to_owned()),
        };
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut found = Vec::new();
        let mut put = String::new();
        for line in text.lines() {
            if words(line) == words(anchor) {
                found.push(line);
                put.push_str(&with_anchor(line, lines));
            } else {
                put.extend([line, "\n"]);
            }
        }
        assert_eq!(found.len(), 1, "{anchor:?} in:\n{text}");
        put
    }
}

impl Example {
    fn read(path: &Path) -> Self {
        let part = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let (folder, name) = (part(path.parent().unwrap()), part(path));
        let text = fs::read_to_string(path).unwrap();
        let header = text.lines().find_map(|line| line.strip_prefix(HEADER));
        let header = header.unwrap_or_else(|| panic!("{}: no {HEADER:?}", path.display()));
        let (service, rest) = header.split_once(" on ").unwrap();
        let (distributions, place) = rest.split_once(": ").unwrap();
        let way = name.strip_prefix(service).unwrap_or_else(|| panic!("{name} is not named after {service}"));
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            service: service.to_owned(),
            distributions: distributions.replace(" and ", ", ").split(", ").map(str::to_owned).collect(),
            place: Position::parse(place.strip_suffix('.').unwrap()),
            asks: Asks::named(way.trim_start_matches('-')),
            lines: lines.flat_map(|line| [line, "\n"]).collect(),
            folder,
            name,
        }
    }

    fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/pam.d");
        let entries = |folder: &Path| -> Vec<PathBuf> {
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
        };
        entries(&root).iter().flat_map(|folder| entries(folder)).map(|path| Self::read(&path)).collect()
    }

    /// The machine's files with it, if the service is there.
    fn put(&self, files: &ServiceFiles) -> Result<ServiceFiles, ReadError> {
        let text = match self.place {
            Position::WholeFile => String::new(),
            _ => String::from_utf8(files.read(&self.service)?.1.to_bytes()).unwrap(),
        };
        let text = self.place.put(&text, &self.lines);
        Ok(files.clone().with(&self.service, text.into_bytes()))
    }
}

#[test]
fn each_example_does_what_it_says_where_it_says() {
    let (examples, machines) = (Example::all(), Machine::all());
    let mut wrong = Vec::new();
    let mut tried: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for example in &examples {
        let mut done = BTreeSet::new();
        for distribution in &example.distributions {
            for machine in machines.iter().filter(|machine| machine.runs(distribution)) {
                // Not every machine of a kind has every service.
                let Ok(after) = example.put(&machine.files) else { continue };
                *tried.entry((&example.name, distribution)).or_default() += 1;
                // Fedora's are RHEL's.
                if !done.insert(machine.name) {
                    continue;
                }
                let before = (example.asks != Asks::PasskeyAlone).then_some(&machine.files);
                for fault in faults(before, &after, &example.service, example.asks) {
                    wrong.push(format!("{}/{} on {}: {fault}", example.folder, example.name, machine.name));
                }
            }
        }
    }
    for example in &examples {
        for distribution in &example.distributions {
            let tried = tried.get(&(example.name.as_str(), distribution.as_str())).copied().unwrap_or(0);
            assert!(tried > 0, "no machine with {distribution} has {}", example.service);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried.values().sum::<usize>() > 100, "{tried:?}");
}

/// Somebody who looks for theirs finds it.
#[test]
fn each_family_has_the_same_examples() {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let examples = Example::all();
    for example in &examples {
        names.entry(&example.folder).or_default().insert(&example.name);
    }
    names.remove(ALL).unwrap();
    let families: Vec<_> = names.values().collect();
    assert!(families.len() > 2 && families.windows(2).all(|two| two.first() == two.last()), "{names:?}");
}
