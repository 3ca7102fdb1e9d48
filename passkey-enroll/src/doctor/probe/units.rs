//! A unit as systemd sees it: its file, the drop-ins and its own defaults together, by `systemctl show`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::util::process::run;

/// How long systemd may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const MAX_LEN: usize = 256 * 1024;
/// What shows that systemd is in charge (`sd_booted(3)`).
const BOOTED: &str = "/run/systemd/system";
/// What is asked for.
const PROPERTIES: &str = "LoadState,FragmentPath,PrivateDevices,DevicePolicy,DeviceAllow,ProtectHome";
/// Where systemctl is.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin";

/// What is known of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doctor) enum UnitAnswer {
    /// systemd would start it like this.
    Loaded(Unit),
    /// systemd has no such unit, or is not in charge of this machine.
    None,
    /// systemd is in charge and does not answer.
    NotKnown,
}

/// What is asked about a unit, as far as it matters to a program that uses security keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::doctor) struct Unit {
    /// The unit's own file.
    pub(in crate::doctor) path: PathBuf,
    pub(in crate::doctor) private_devices: bool,
    pub(in crate::doctor) device_policy: String,
    /// Each a device or a group of devices, and what may be done with it: `char-hidraw rw`.
    pub(in crate::doctor) devices: Vec<String>,
    pub(in crate::doctor) protect_home: String,
}

/// Asks systemd about a unit; for one that is made for many (`name@.service`), about any of them.
pub(super) fn show(unit: &str) -> UnitAnswer {
    if !Path::new(BOOTED).is_dir() {
        return UnitAnswer::None;
    }
    let mut command = Command::new("systemctl");
    command.args(["show", "--no-pager", "--property", PROPERTIES, "--", unit]);
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C");
    match run(&mut command, PATIENCE, MAX_LEN) {
        Ok(ended) if ended.status.success() => parse(&String::from_utf8_lossy(&ended.stdout)),
        Ok(_) | Err(_) => UnitAnswer::NotKnown,
    }
}

/// A property a line; of a list, an entry a line.
pub(in crate::doctor) fn parse(text: &str) -> UnitAnswer {
    let mut unit = Unit::default();
    let mut state = None;
    for (property, value) in text.lines().filter_map(|line| line.split_once('=')) {
        match property {
            "LoadState" => state = Some(value),
            "FragmentPath" => unit.path = value.into(),
            "PrivateDevices" => unit.private_devices = value == "yes",
            "DevicePolicy" => value.clone_into(&mut unit.device_policy),
            "DeviceAllow" if !value.is_empty() => unit.devices.push(value.to_owned()),
            "ProtectHome" => value.clone_into(&mut unit.protect_home),
            _ => {}
        }
    }
    match state {
        Some("loaded") => UnitAnswer::Loaded(unit),
        // A masked unit is not started either.
        Some("not-found" | "masked") => UnitAnswer::None,
        Some(_) | None => UnitAnswer::NotKnown,
    }
}
