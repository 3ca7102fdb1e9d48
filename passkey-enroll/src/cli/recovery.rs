//! `recovery …`

use clap::{Args, Subcommand};

/// `recovery`
#[derive(Args, Debug)]
pub struct Recovery {
    /// What to do.
    #[command(subcommand)]
    pub command: RecoveryCommand,
}

/// The commands below `recovery`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum RecoveryCommand {
    /// Make ten new codes and show them, once; any older ones stop working
    New(Confirmation),
    /// Show how many codes are left and what became of the others
    Status,
    /// Take all codes away
    Revoke(Confirmation),
}

/// Whether to ask before codes stop working.
#[derive(Args, Clone, Copy, Debug)]
pub struct Confirmation {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}
