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
    /// The key that signed in to the session counts, or unlocked it last. A session that was signed in to by a password alone is left alone.
    /// A key that is plugged in again in time, a suspend and other devices lock nothing.
    #[command(after_help = help::after_help_of("lock-on-removal on"))]
    On(LockOn),
    /// Stop locking your session when a security key is pulled out
    #[command(after_help = help::after_help_of("lock-on-removal off"))]
    Off(LockOff),
    /// Show whether it is on, which passkeys are watched, and whether a screen locker listens
    #[command(after_help = help::after_help_of("lock-on-removal status"))]
    Status,
    /// Watch your security keys, and have your session locked; systemd runs this by itself
    #[command(after_help = help::after_help_of("lock-on-removal watch"))]
    Watch,
}

/// `lock-on-removal on`
#[derive(Args, Clone, Copy, Debug)]
pub struct LockOn {
    /// Lock after the key has been away for this many seconds; with 0, a key that is only reset locks as well
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = clap::value_parser!(u16).range(0..=600))]
    pub grace: u16,
    /// Keep the session open as long as any of your security keys is plugged in, and watch sessions however they were signed in to
    #[arg(long)]
    pub any_key: bool,
    /// For every user of this machine, from their next sign-in on (root only)
    #[arg(long, conflicts_with = "user")]
    pub all_users: bool,
}

/// `lock-on-removal off`
#[derive(Args, Clone, Copy, Debug)]
pub struct LockOff {
    /// For every user of this machine (root only); what users have switched on for themselves stays on
    #[arg(long, conflicts_with = "user")]
    pub all_users: bool,
}
