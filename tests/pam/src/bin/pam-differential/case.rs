//! One case: service files with gaps for answers, and what may stand in each gap.

use std::fmt;

use passkey_enroll::pam::parse::{Call, ReturnValue};

/// The modules that answer.
pub(crate) const DEBUG: &str = "pam_debug.so";
pub(crate) const PERMIT: &str = "pam_permit.so";
pub(crate) const DENY: &str = "pam_deny.so";
/// It has nothing to say to `auth` and `account`.
pub(crate) const LIMITS: &str = "pam_limits.so";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) files: Vec<File>,
    /// For each gap, the answers that may stand there: no two alike.
    pub(crate) sets: Vec<Vec<ReturnValue>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    /// In which of the site's folders it is.
    pub(crate) folder: usize,
    /// Its bytes; `{N}` is the gap of that number.
    pub(crate) template: Vec<u8>,
}

/// How a gap is written.
pub(crate) fn gap(number: usize) -> String {
    format!("{{{number}}}")
}

impl Case {
    /// Whether a file names another one.
    pub(crate) fn includes(&self) -> bool {
        self.files.iter().any(|file| {
            let text = file.template.to_ascii_lowercase();
            [&b"include"[..], b"substack"]
                .iter()
                .any(|word| text.windows(word.len()).any(|part| part == *word))
        })
    }

    /// Every choice of one answer for each gap.
    pub(crate) fn choices(&self) -> Vec<Vec<ReturnValue>> {
        let mut choices = vec![Vec::new()];
        for set in &self.sets {
            choices = choices
                .into_iter()
                .flat_map(|begun: Vec<ReturnValue>| {
                    set.iter().map(move |answer| {
                        let mut choice = begun.clone();
                        choice.push(*answer);
                        choice
                    })
                })
                .collect();
        }
        choices
    }
}

impl File {
    /// Its bytes with these answers in the gaps.
    pub(crate) fn with_answers(&self, answers: &[&str]) -> Vec<u8> {
        let mut bytes = self.template.clone();
        for (number, answer) in answers.iter().enumerate() {
            let gap = gap(number).into_bytes();
            while let Some(start) = bytes.windows(gap.len()).position(|window| window == gap) {
                bytes.splice(start..start + gap.len(), answer.bytes());
            }
        }
        bytes
    }
}

/// The gap in which a call has its answer.
pub(crate) fn gap_of(call: &Call) -> Option<usize> {
    let word = argument(call, "auth=")?.strip_prefix('{')?.strip_suffix('}')?;
    (call.rule.module_name() == DEBUG).then(|| word.parse().ok()).flatten()
}

/// What the modules of these tests answer (`pam_debug.c` and the others).
pub(crate) fn answer(call: &Call, event: &str) -> ReturnValue {
    match call.rule.module.as_str() {
        DEBUG => argument(call, event).and_then(named).unwrap_or(ReturnValue::Success),
        PERMIT => ReturnValue::Success,
        DENY => ReturnValue::AuthErr,
        _ => ReturnValue::ModuleUnknown,
    }
}

/// The answer that `pam_debug` gives because it was told to; then it says so.
pub(crate) fn told(call: &Call, event: &str) -> Option<ReturnValue> {
    (call.rule.module == DEBUG).then(|| argument(call, event).and_then(named)).flatten()
}

/// It looks at the first argument of this name, whatever its value.
fn argument<'c>(call: &'c Call, event: &str) -> Option<&'c str> {
    call.rule.arguments.iter().find_map(|argument| argument.strip_prefix(event))
}

pub(crate) fn named(word: &str) -> Option<ReturnValue> {
    ReturnValue::ALL.iter().copied().find(|value| value.name() == word)
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            writeln!(f, "--- {} (folder {})", file.name, file.folder)?;
            for line in file.template.split_inclusive(|byte| *byte == b'\n') {
                writeln!(f, "    {}", line.escape_ascii())?;
            }
        }
        for (number, set) in self.sets.iter().enumerate() {
            let names: Vec<&str> = set.iter().map(|answer| answer.name()).collect();
            writeln!(f, "{} is one of {}", gap(number), names.join(", "))?;
        }
        Ok(())
    }
}
