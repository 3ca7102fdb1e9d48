use std::process::Output;

use crate::changes::Change;
use crate::files::{Content, Files};

/// What `timeout` makes of a program that does not end.
const HANGS: i32 = 124;
/// How Rust ends after a panic.
const PANIC: i32 = 101;

/// How a command with a failing call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// The change is made, and nothing is said.
    Done,
    /// The change is made, and what else went wrong is said.
    DoneWithWarning,
    /// The change is made, and the exit code speaks of what came after it.
    DoneWithError,
    /// All is as it was.
    Refused,
}

/// A command, and what its files are before and after it.
pub(crate) struct Case<'a> {
    pub(crate) change: &'a Change,
    pub(crate) before: &'a Files,
    pub(crate) after: &'a Files,
    /// The place among its calls of the one that makes the change.
    pub(crate) renamed: usize,
    /// What it says on stderr when nothing fails.
    pub(crate) usual: String,
}

impl Case<'_> {
    /// Whether these files are those after the change.
    pub(crate) fn is_done(&self, files: &Files) -> bool {
        // What is another at each time differs from the old one by it.
        let file = self.change.file();
        self.is_new(files, file) && files.of(file) != self.before.of(file)
    }

    fn is_new(&self, files: &Files, path: &str) -> bool {
        files.of(path).map(Content::masked) == self.after.of(path).map(Content::masked)
    }

    /// Holds the command's end, after the call at `place` has failed, against its files.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn judge(&self, place: usize, output: &Output) -> Result<Ending, String> {
        let files = Files::now();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let code = match output.status.code() {
            Some(HANGS) => return Err("it does not end".to_owned()),
            Some(PANIC) => return Err(format!("a panic: {stderr}")),
            Some(code) => code,
            None => return Err(format!("{}: {stderr}", output.status)),
        };
        let file = self.change.file();
        let is_done = self.is_done(&files);
        if !is_done && files.of(file) != self.before.of(file) {
            return Err(format!("neither the old file nor the new: {:?}", files.of(file)));
        }
        self.judge_others(&files)?;
        match (code, is_done) {
            (0, true) if stderr != self.usual.as_str() => Ok(Ending::DoneWithWarning),
            (0, true) if self.change.files.iter().all(|file| self.is_new(&files, file)) => Ok(Ending::Done),
            (0, true) => Err("a success, only half of it, and not a word".to_owned()),
            (0, false) => Err(format!("a success, and the file is the old one: {stderr}")),
            (_, true) if place <= self.renamed => {
                Err(format!("{code}, and the file is the new one: {stderr}"))
            }
            (_, is_done) => {
                if !says_what(&stderr) {
                    return Err(format!("{code}, and what has failed is not said: {stderr}"));
                }
                Ok(if is_done { Ending::DoneWithError } else { Ending::Refused })
            }
        }
    }

    /// No other file is lost or left.
    fn judge_others(&self, files: &Files) -> Result<(), String> {
        for (path, content) in &self.before.0 {
            let is_changed = self.change.files.iter().any(|file| path.as_os_str() == *file);
            if files.0.get(path) != Some(content)
                && !(is_changed && self.is_new(files, path.to_str().unwrap()))
            {
                return Err(format!("{} is another: {:?}", path.display(), files.0.get(path)));
            }
        }
        match files.0.keys().find(|path| !self.before.0.contains_key(*path)) {
            Some(path) => Err(format!("left behind: {}", path.display())),
            None => Ok(()),
        }
    }
}

/// Whether the error says what failed: a file or a folder by its path, or what has none by its name.
fn says_what(stderr: &str) -> bool {
    let Some((_, error)) = stderr.rsplit_once("error: ") else { return false };
    error.split_whitespace().any(|word| word.starts_with('/'))
        || ["user database", "The result cannot be written", "no randomness"]
            .iter()
            .any(|name| error.contains(name))
}
