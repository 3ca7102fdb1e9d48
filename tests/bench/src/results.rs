//! All figures of a run.

use std::collections::BTreeMap;

use bench_probe::Library;
use serde::{Deserialize, Serialize};

use crate::implementation::{Implementation, Version};
use crate::parts::PartResult;
use crate::profile::Profile;

/// What a run has measured; it can be kept and shown again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// What was compared.
    pub versions: Vec<Version>,
    /// Where: suite, kernel, processors.
    pub machine: String,
    /// Sizes of the modules in bytes.
    pub sizes: BTreeMap<Implementation, u64>,
    /// The rows, in the order of the table.
    pub rows: Vec<RowResult>,
    /// `passkey-enroll list`.
    pub listings: Vec<Listing>,
    /// Our parts that need no device.
    pub parts: Vec<PartResult>,
}

/// One row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RowResult {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What a sign-in takes.
    pub figures: BTreeMap<Implementation, Figures>,
    /// System calls and instructions, where they were counted.
    pub profiles: BTreeMap<Implementation, Profile>,
}

/// What a sign-in by one module takes, beyond the empty stack where that takes something too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// How often it was measured.
    pub rounds: usize,
    /// How often it ended.
    pub ended: usize,
    /// What PAM returned.
    pub codes: Vec<i32>,
    /// CTAPHID requests with their replies, of all keys together.
    pub transactions: Option<Spread>,
    /// 64-byte reports to the keys.
    pub reports_in: Option<Spread>,
    /// 64-byte reports from the keys, without keep-alives.
    pub reports_out: Option<Spread>,
    /// How often a key was opened.
    pub opens: Option<Spread>,
    /// `pam_start`, which loads the module.
    pub load_ns: Option<Spread>,
    /// From `pam_authenticate` until the key that is touched first blinks.
    pub blink_ns: Option<Spread>,
    /// From the touch until `pam_authenticate` returns.
    pub touch_to_return_ns: Option<Spread>,
    /// Of that, from the key's last report.
    pub reply_to_return_ns: Option<Spread>,
    /// All of `pam_authenticate`.
    pub whole_ns: Option<Spread>,
    /// Processor time, loading included.
    pub cpu_ns: Option<Spread>,
    /// Highest resident set.
    pub peak_kib: Option<Spread>,
    /// File-backed mappings.
    pub mapped_kib: Option<Spread>,
    /// Pages of the process alone: heap, stacks, and what was written to of its files.
    pub anonymous_kib: Option<Spread>,
    /// Shared objects that the module is and pulls in.
    pub libraries: Vec<Library>,
}

/// `passkey-enroll list`, from start to end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listing {
    /// How many passkeys it lists.
    pub passkeys: usize,
    /// With nothing in the page cache.
    pub cold_ns: Spread,
    /// With everything in it.
    pub warm_ns: Spread,
}

/// The middle of several measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// The middle one; of an even number, the higher of the two.
    pub median: u64,
    /// The lowest.
    pub min: u64,
    /// The highest.
    pub max: u64,
}

impl Spread {
    /// None: nothing was measured.
    pub fn of(values: impl Iterator<Item = u64>) -> Option<Self> {
        let mut values: Vec<u64> = values.collect();
        values.sort_unstable();
        Some(Self { median: *values.get(values.len() / 2)?, min: *values.first()?, max: *values.last()? })
    }
}

impl Results {
    /// The row of this name.
    pub fn row(&self, name: &str) -> Option<&RowResult> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The figures of a module in a row.
    pub fn figures(&self, row: &str, of: Implementation) -> Option<&Figures> {
        self.row(row)?.figures.get(&of)
    }

    /// What a module is called.
    pub fn called(&self, of: Implementation) -> &str {
        self.versions.iter().find(|version| version.of == of).map_or("?", |version| &version.text)
    }
}

/// A figure as part of a ratio.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
pub(crate) fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_middle_is_none_of_the_extremes() {
        let spread = Spread::of([30, 10, 20, 500, 25].into_iter());
        assert_eq!(spread, Some(Spread { median: 25, min: 10, max: 500 }));
        assert_eq!(Spread::of([1, 2].into_iter()).map(|spread| spread.median), Some(2));
        assert_eq!(Spread::of(std::iter::empty()), None);
    }
}
