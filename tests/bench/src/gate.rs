//! The figures that are the same in every run, against those of the last commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// Set: the file is written, and not compared.
const UPDATE: &str = "UPDATE_GATE";

/// Figures by row and name, such as `touch` and `transactions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate(BTreeMap<String, BTreeMap<String, u64>>);

impl Gate {
    /// The figure is so high.
    pub fn set(&mut self, row: &str, figure: &str, value: u64) {
        self.0.entry(row.to_owned()).or_default().insert(figure.to_owned(), value);
    }

    /// Compares with the committed file, or writes it under `UPDATE_GATE=1`.
    ///
    /// # Panics
    /// When a figure has moved; says which, and by how much.
    pub fn hold(&self) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("gate.json");
        if std::env::var_os(UPDATE).is_some() {
            let text = serde_json::to_string_pretty(&self.0).expect("plain data");
            fs::write(&path, text + "\n").unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            return;
        }
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let committed = Self(serde_json::from_str(&text).expect("it was written by this"));
        let moved = self.moved_from(&committed);
        assert!(
            moved.is_empty(),
            "the cost of a sign-in has changed:\n{}\nIf that is meant, {UPDATE}=1 writes tests/bench/gate.json again.",
            moved.join("\n")
        );
    }

    /// A line for each figure that is not what it was.
    fn moved_from(&self, committed: &Self) -> Vec<String> {
        let rows: BTreeSet<&String> = self.0.keys().chain(committed.0.keys()).collect();
        let mut moved = Vec::new();
        for row in rows {
            let of = |gate: &Self| gate.0.get(row).cloned().unwrap_or_default();
            let (now, then) = (of(self), of(committed));
            let figures: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
            for figure in figures {
                match (then.get(figure), now.get(figure)) {
                    (Some(&then), Some(&now)) if is_within(figure, then, now) => {}
                    (Some(&then), Some(&now)) => {
                        let sign = if now > then { "+" } else { "-" };
                        let by = now.abs_diff(then);
                        let tenths = by.saturating_mul(1000).checked_div(then).unwrap_or(1000);
                        moved.push(format!(
                            "  {row}: {figure} was {then}, is {now} ({sign}{by}, {sign}{}.{} %)",
                            tenths / 10,
                            tenths % 10
                        ));
                    }
                    (then, now) => moved.push(format!("  {row}: {figure} was {then:?}, is {now:?}")),
                }
            }
        }
        moved
    }
}

/// Figures that differ a little, and by how many per cent at most: another compiler makes another module, and how often a program waits and how
/// long the numbers of processes are depends on the moment. All others are exact.
const ABOUT: [(&str, u64); 4] =
    [("bytes of the module", 2), ("bytes read", 2), ("instructions", 2), ("system calls", 5)];

fn is_within(figure: &str, then: u64, now: u64) -> bool {
    let percent = ABOUT.iter().find(|(about, _)| *about == figure).map_or(0, |(_, percent)| *percent);
    now.abs_diff(then) * 100 <= then * percent
}

#[cfg(test)]
mod tests {
    use super::Gate;

    fn gate(transactions: u64, bytes: u64) -> Gate {
        let mut gate = Gate::default();
        gate.set("touch", "transactions", transactions);
        gate.set("touch", "bytes of the module", bytes);
        gate
    }

    #[test]
    fn what_has_moved_is_named_with_its_amount() {
        let committed = gate(3, 1000);
        assert!(gate(3, 1020).moved_from(&committed).is_empty());
        assert_eq!(
            gate(4, 979).moved_from(&committed),
            [
                "  touch: bytes of the module was 1000, is 979 (-21, -2.1 %)",
                "  touch: transactions was 3, is 4 (+1, +33.3 %)"
            ]
        );
        let mut more = gate(3, 1000);
        more.set("pin", "opens", 1);
        assert_eq!(more.moved_from(&committed), ["  pin: opens was None, is Some(1)"]);
        assert_eq!(committed.moved_from(&more), ["  pin: opens was Some(1), is None"]);
    }
}
