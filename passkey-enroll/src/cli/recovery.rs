//! `recovery …`

use clap::{Args, Subcommand};

use super::help;

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
    /// Create ten new codes and show them once; older codes stop working
    #[command(after_help = help::after_help_of("recovery new"))]
    New(Confirmation),
    /// Show how many codes are left, and what happened to the others
    #[command(after_help = help::after_help_of("recovery status"))]
    Status,
    /// Remove all codes
    #[command(after_help = help::after_help_of("recovery revoke"))]
    Revoke(Confirmation),
}

/// Whether to ask before codes stop working.
#[derive(Args, Clone, Copy, Debug)]
pub struct Confirmation {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}
