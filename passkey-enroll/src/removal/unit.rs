//! The watcher's unit: its state in systemd, and switching it on and off.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::RemovalError;
use crate::util::process;

/// The unit of the user's service manager.
pub(crate) const NAME: &str = "passkey-lock-on-removal.service";
/// What shows that systemd is in charge (`sd_booted(3)`).
const BOOTED: &str = "/run/systemd/system";
/// How long systemd may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer, in bytes.
const MAX_LEN: usize = 64 * 1024;

/// Whom a unit is switched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// The user whose process this is.
    Self_,
    /// Everyone, from their next sign-in on.
    Everyone,
}

/// What becomes of the unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnitState {
    /// It is started when the user signs in: by the user's own will, or by that of the machine.
    pub(crate) is_enabled: bool,
    /// It runs.
    pub(crate) is_running: bool,
    /// What the watcher says of itself.
    pub(crate) status: Option<String>,
}

/// Whether systemd is in charge.
pub(crate) fn require_systemd() -> Result<(), RemovalError> {
    if Path::new(BOOTED).is_dir() { Ok(()) } else { Err(RemovalError::NoSystemd) }
}

/// Runs the watcher, now and at every sign-in. A running one reads its settings again.
pub(crate) fn enable(whom: For, user: &str) -> Result<(), RemovalError> {
    if whom == For::Everyone {
        return systemctl(&["--global", "enable", NAME]).map(drop);
    }
    require_manager(user)?;
    // One that was installed or changed since the manager has started is not known to it.
    systemctl(&["--user", "daemon-reload"])?;
    if show()?.get("LoadState").is_none_or(|state| state != "loaded") {
        return Err(RemovalError::NoUnit);
    }
    systemctl(&["--user", "enable", NAME])?;
    systemctl(&["--user", "restart", NAME]).map(drop)
}

/// Takes that back.
pub(crate) fn disable(whom: For, user: &str) -> Result<(), RemovalError> {
    if whom == For::Everyone {
        return systemctl(&["--global", "disable", NAME]).map(drop);
    }
    require_manager(user)?;
    systemctl(&["--user", "disable", "--now", NAME]).map(drop)
}

/// What becomes of it for the user whose process this is.
pub(crate) fn state(user: &str) -> Result<UnitState, RemovalError> {
    require_manager(user)?;
    let properties = show()?;
    let is = |name: &str, wanted: &[&str]| {
        properties.get(name).is_some_and(|value| wanted.contains(&value.as_str()))
    };
    Ok(UnitState {
        is_enabled: is("UnitFileState", &["enabled", "enabled-runtime"]),
        is_running: is("ActiveState", &["active", "activating", "reloading"]),
        status: properties.get("StatusText").filter(|text| !text.is_empty()).cloned(),
    })
}

/// Whether the user has it on by their own will. What is on for everyone counts as enabled to the user's manager, too.
pub(crate) fn is_users_own(state: &UnitState, is_for_everyone: bool, home: &Path) -> bool {
    let link = home.join(".config/systemd/user/default.target.wants").join(NAME);
    state.is_enabled && (!is_for_everyone || link.is_symlink())
}

/// Whether it is on for everyone.
pub(crate) fn is_enabled_for_everyone() -> bool {
    // It says so, and fails where it is not.
    systemctl(&["--global", "is-enabled", "--quiet", NAME]).is_ok()
}

fn require_manager(user: &str) -> Result<(), RemovalError> {
    // Its exit status is about failed units; that it answers is enough.
    match ask(&["--user", "show", "--property=Version"]) {
        Ok(answer) if answer.contains("Version=") => Ok(()),
        Ok(_) | Err(_) => Err(RemovalError::NoUserManager { user: user.to_owned() }),
    }
}

type Properties = std::collections::BTreeMap<String, String>;

fn show() -> Result<Properties, RemovalError> {
    let text =
        systemctl(&["--user", "show", "--property=LoadState,UnitFileState,ActiveState,StatusText", NAME])?;
    Ok(text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

fn systemctl(words: &[&str]) -> Result<String, RemovalError> {
    ask(words).map_err(|reason| RemovalError::Systemctl {
        command: format!("systemctl {}", words.join(" ")),
        reason,
    })
}

/// What systemctl says, or why it fails.
fn ask(words: &[&str]) -> Result<String, String> {
    let mut command = process::system_command("systemctl");
    command.args(words).env("XDG_RUNTIME_DIR", runtime_dir());
    match process::run(&mut command, PATIENCE, MAX_LEN) {
        Ok(ended) if ended.status.success() => Ok(String::from_utf8_lossy(&ended.stdout).into_owned()),
        Ok(ended) => Err(ended.status.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Where the user's service manager listens, also where `su` has set no variable.
fn runtime_dir() -> PathBuf {
    format!("/run/user/{}", rustix::process::geteuid().as_raw()).into()
}
