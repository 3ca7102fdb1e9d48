//! What a command in the guest has said.

/// A command that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The command, to be named in a failed test.
    pub command: String,
    /// Exit status, or 128 and the signal's number.
    pub status: i32,
    /// Standard output; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Standard output of a command that must have succeeded.
    ///
    /// # Panics
    /// When it has not; shows all it has said.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(
            self.status == 0,
            "`{}` ended with status {}\n--- stdout\n{}--- stderr\n{}---",
            self.command,
            self.status,
            self.stdout,
            self.stderr
        );
        self.stdout
    }
}
