//! Why sessions are not watched, with remedies.

use std::io;
use std::path::PathBuf;

use crate::report::{ErrorReport, Exit};

/// Why a session is not locked when its key is pulled out.
#[derive(Debug)]
pub(crate) enum RemovalError {
    /// systemd is not in charge of this machine.
    NoSystemd,
    /// The user's service manager does not answer.
    NoUserManager {
        /// Whose it is.
        user: String,
    },
    /// The package's unit is not installed.
    NoUnit,
    /// Only root switches it for everyone.
    OnlyRoot {
        /// The command that was given, without the program.
        command: String,
    },
    /// systemd does not do what it is asked to.
    Systemctl {
        /// The command, as a person can repeat it.
        command: String,
        /// What became of it.
        reason: String,
    },
    /// The settings cannot be written or taken away.
    Settings {
        /// Their file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The settings are malformed.
    SettingsBroken {
        /// Their file.
        path: PathBuf,
        /// The line, where it is known.
        line: Option<usize>,
        /// Why.
        reason: String,
    },
    /// Keys that come and go cannot be watched.
    Hotplug(String),
    /// The command cannot be run as the user whom it is about.
    AsUser(io::Error),
}

impl RemovalError {
    /// How it comes out.
    pub(crate) fn report(&self) -> ErrorReport {
        match self {
            Self::NoSystemd => {
                let message =
                    "systemd is not in charge of this machine: there is no logind to lock a session.";
                ErrorReport::new(Exit::Failed, "no_systemd", message)
                    .hint("Locking when the security key is pulled out needs systemd with systemd-logind.")
            }
            Self::NoUserManager { user } => {
                let message = format!("The service manager of {user} cannot be reached.");
                ErrorReport::new(Exit::Failed, "no_user_manager", message).hint(
                    "Run it while the user is signed in, or for everyone: \
                     sudo passkey-enroll lock-on-removal on --all-users",
                )
            }
            Self::NoUnit => {
                let message = format!("{} is not installed.", super::unit::NAME);
                ErrorReport::new(Exit::Failed, "no_unit", message)
                    .hint("Install the package again: it belongs to /usr/lib/systemd/user.")
            }
            Self::OnlyRoot { command } => {
                let message = "Only root can switch this for all users.";
                ErrorReport::new(Exit::NotPermitted, "not_permitted", message)
                    .hint(format!("Run it as root: sudo passkey-enroll {command}"))
            }
            Self::Systemctl { command, reason } => {
                let message = format!("systemd did not do it: {command}: {reason}.");
                ErrorReport::new(Exit::Failed, "systemctl_failed", message)
                    .hint(format!("Run the command yourself to see its error: {command}"))
            }
            Self::Settings { path, error } => {
                let message = format!("{} cannot be changed: {error}.", path.display());
                ErrorReport::new(Exit::Failed, "settings_failed", message)
                    .hint("Look at the folder's owner, mode and free space.")
            }
            Self::SettingsBroken { path, line, reason } => {
                let line = line.map(|line| format!(":{line}")).unwrap_or_default();
                let message = format!("{}{line}: {reason}", path.display());
                ErrorReport::new(Exit::Broken, "settings_broken", message)
                    .hint("Write it anew: passkey-enroll lock-on-removal on")
            }
            Self::Hotplug(reason) => {
                let message = format!("Security keys that come and go cannot be watched: {reason}.");
                ErrorReport::new(Exit::Failed, "hotplug_failed", message).hint(
                    "Raise the limit, and start it again: systemctl --user restart passkey-lock-on-removal",
                )
            }
            Self::AsUser(error) => {
                let message = format!("The command cannot be run as that user: {error}.");
                ErrorReport::new(Exit::Failed, "as_user_failed", message)
                    .hint("Have the user run it, without sudo and --user.")
            }
        }
    }
}
