//! How the command ends, as scripts see it.

use std::process::ExitCode;

/// What became of the command. The numbers are part of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed in a way that has no number of its own.
    Failed,
    /// The command line is not understood, or something that it needs is missing.
    Usage,
    /// No security key, or none that holds a passkey of the user.
    NoKey,
    /// Wrong PIN.
    WrongPin,
    /// The PIN or the fingerprint reader is locked.
    Locked,
    /// The key was not touched in time.
    TimedOut,
    /// The person gave up.
    Cancelled,
    /// The system does not permit it to this user.
    NotPermitted,
    /// The user has no passkey, or not the one that was named.
    NotEnrolled,
    /// The key holds a passkey of the user already, or the name is taken.
    AlreadyEnrolled,
    /// The credential file or the configuration is broken.
    Broken,
}

impl Exit {
    /// Every one, by number.
    pub const ALL: [Self; 12] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::NoKey,
        Self::WrongPin,
        Self::Locked,
        Self::TimedOut,
        Self::Cancelled,
        Self::NotPermitted,
        Self::NotEnrolled,
        Self::AlreadyEnrolled,
        Self::Broken,
    ];

    /// The process's exit status.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoKey => 3,
            Self::WrongPin => 4,
            Self::Locked => 5,
            Self::TimedOut => 6,
            Self::Cancelled => 7,
            Self::NotPermitted => 8,
            Self::NotEnrolled => 9,
            Self::AlreadyEnrolled => 10,
            Self::Broken => 11,
        }
    }

    /// What it means, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "command line not understood",
            Self::NoKey => "no security key",
            Self::WrongPin => "wrong PIN",
            Self::Locked => "PIN or fingerprint locked",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::NotPermitted => "not permitted",
            Self::NotEnrolled => "not enrolled",
            Self::AlreadyEnrolled => "already enrolled",
            Self::Broken => "credential file or configuration broken",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
#[path = "exit_tests.rs"]
mod tests;
