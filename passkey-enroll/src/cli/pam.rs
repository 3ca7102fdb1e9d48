//! `pam …`

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};

use super::help;

/// `pam`
#[derive(Args, Debug)]
pub struct Pam {
    /// What to do.
    #[command(subcommand)]
    pub command: PamCommand,
}

/// The commands below `pam`.
#[derive(Debug, Subcommand)]
pub enum PamCommand {
    /// Show who gets in at each service, and with what
    #[command(after_help = help::after_help_of("pam status"))]
    Status(PamStatus),
    /// Make a service ask for passkeys, safely
    ///
    /// The command shows the change, and refuses one that would lock someone out or let someone in. You sign in once
    /// by the new lines before they are installed. Then they are on trial: they are rolled back unless you confirm
    /// them from a new sign-in, with passkey-enroll pam confirm.
    ///
    /// A greeter, such as lightdm or gdm-password, cannot be tried from a terminal: log out, and sign in there with
    /// the passkey. The session that opens keeps the change. The trial continues when you log out.
    ///
    /// On Debian and its derivatives, common-auth stands for all services at once; pam-auth-update writes that file.
    /// A service that this command has switched on in the other way is changed in one step. sudo-i and su-l are
    /// switched with sudo and su.
    #[command(after_help = help::after_help_of("pam enable"))]
    Enable(PamEnable),
    /// Stop a service from asking for passkeys, and restore its file
    #[command(after_help = help::after_help_of("pam disable"))]
    Disable(PamDisable),
    /// Keep a change that is on trial
    #[command(after_help = help::after_help_of("pam confirm"))]
    Confirm(PamConfirm),
    /// Roll back changes that were not confirmed in time, or before the machine was restarted; systemd runs this command
    #[command(after_help = help::after_help_of("pam undo"))]
    Undo,
}

/// `pam status`
#[derive(Args, Debug)]
pub struct PamStatus {
    /// Only this service [default: every service that asks for passkeys, and the usual ones]
    pub service: Option<String>,
    /// Show the stack of a service, and each line's part in who gets in
    #[arg(long, value_name = "SERVICE", conflicts_with = "service")]
    pub explain: Option<String>,
}

/// `pam enable`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("way")))]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct PamEnable {
    /// The PAM service, such as sudo
    pub service: String,
    /// Ask for the passkey in addition to the password (the default)
    #[arg(long, group = "way")]
    pub second_factor: bool,
    /// Ask for the passkey in place of the password; without a key, the password still works
    #[arg(long, group = "way")]
    pub passwordless: bool,
    /// Let people who have no passkey in by the password alone
    #[arg(long)]
    pub ignore_unenrolled: bool,
    /// Let a recovery code stand in for the passkey when no key can be used
    #[arg(long)]
    pub recovery_codes: bool,
    /// Show the change and its risks without making it
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Accept this risk, by its name in the refusal; may be given several times
    #[arg(long, value_name = "RISK")]
    pub accept: Vec<String>,
    /// Skip the rehearsal, for unattended scripts
    #[arg(long)]
    pub no_rehearsal: bool,
    /// Read the answers to the rehearsal's prompts from standard input, one per line
    #[arg(long, conflicts_with = "no_rehearsal")]
    pub answers_stdin: bool,
    /// Roll the change back after this many seconds unless it is confirmed; 0 keeps it at once [default: 120; for a greeter, 600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(0..=3600))]
    pub confirm_within: Option<u16>,
    /// Do not ask for confirmation of the change
    #[arg(long, short)]
    pub yes: bool,
}

impl PamEnable {
    /// `--confirm-within`, where it is not given `usual`; `None`: for good.
    pub fn confirm_within(&self, usual: Duration) -> Option<Duration> {
        let time = self.confirm_within.map_or(usual, |seconds| Duration::from_secs(seconds.into()));
        (!time.is_zero()).then_some(time)
    }
}

/// `pam disable`
#[derive(Args, Debug)]
pub struct PamDisable {
    /// The PAM service, such as sudo
    #[arg(required_unless_present = "all")]
    pub service: Option<String>,
    /// Every service that this command has switched on
    #[arg(long, conflicts_with = "service")]
    pub all: bool,
    /// For lines written by hand: restore them after this many seconds unless the change is confirmed; 0 removes them at once [default: 120; for a greeter, 600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(0..=3600), conflicts_with = "all")]
    pub confirm_within: Option<u16>,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

impl PamDisable {
    /// `--confirm-within`, where it is not given `usual`; `None`: for good.
    pub fn confirm_within(&self, usual: Duration) -> Option<Duration> {
        let time = self.confirm_within.map_or(usual, |seconds| Duration::from_secs(seconds.into()));
        (!time.is_zero()).then_some(time)
    }
}

/// `pam confirm`
#[derive(Args, Debug)]
pub struct PamConfirm {
    /// The PAM service, such as sudo
    pub service: String,
    /// Do not ask for confirmation, even if no sign-in with a passkey has been seen since the change
    #[arg(long, short)]
    pub yes: bool,
}
