//! `lock-on-removal …`

use clap::{Args, Subcommand};

use super::help;

/// `lock-on-removal`
#[derive(Args, Debug)]
pub struct LockOnRemoval {
    /// What to do.
    #[command(subcommand)]
    pub command: LockOnRemovalCommand,
}

/// The commands below `lock-on-removal`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum LockOnRemovalCommand {
    /// Lock your session when the security key that signed you in is pulled out
    ///
    /// This applies to the key that signed in to the session, or unlocked it last. A session that was opened with a
    /// password alone is not locked. Plugging the key in again in time, a suspend and other devices do not lock the
    /// session.
    #[command(after_help = help::after_help_of("lock-on-removal on"))]
    On(LockOn),
    /// Stop locking your session when a security key is pulled out
    #[command(after_help = help::after_help_of("lock-on-removal off"))]
    Off(LockOff),
    /// Show whether it is on, which passkeys are watched, and whether a screen locker listens
    #[command(after_help = help::after_help_of("lock-on-removal status"))]
    Status,
    /// Watch your security keys and lock your session; systemd runs this command
    #[command(after_help = help::after_help_of("lock-on-removal watch"))]
    Watch,
}

/// `lock-on-removal on`
#[derive(Args, Clone, Copy, Debug)]
pub struct LockOn {
    /// Lock after the key has been away for this many seconds; with 0, a USB reset locks as well
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = clap::value_parser!(u16).range(0..=600))]
    pub grace: u16,
    /// Keep the session open as long as any of your security keys is plugged in, and watch all sessions, however they were opened
    #[arg(long)]
    pub any_key: bool,
    /// For every user of this machine, from their next sign-in on (root only)
    #[arg(long, conflicts_with = "user")]
    pub all_users: bool,
}

/// `lock-on-removal off`
#[derive(Args, Clone, Copy, Debug)]
pub struct LockOff {
    /// For every user of this machine (root only); users who switched it on for themselves keep it
    #[arg(long, conflicts_with = "user")]
    pub all_users: bool,
}
