//! Are there security keys, and can they be opened?

use std::path::PathBuf;

use hidraw::{Device, KeyInfo, ListError, OpenError};
use passkey_core::account::Account;

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::doctor::probe::access::{Access, Identity};
use crate::util::bounded_read::read_text;

/// The longest file about a seat, in bytes.
const MAX_SEAT_LEN: u64 = 64 * 1024;

/// What there is to see.
#[derive(Debug)]
pub(in crate::doctor) struct View {
    /// Whether the kernel offers HID devices at all.
    hidraw: bool,
    /// What says that this is a container.
    container: Option<&'static str>,
    /// The FIDO keys that the kernel knows.
    pub(in crate::doctor) keys: Vec<Seen>,
    /// Why they cannot be listed.
    trouble: Option<String>,
    /// Whether the user sits at the machine, where logind says.
    seated: Option<bool>,
}

/// A key that the kernel knows.
#[derive(Debug)]
pub(in crate::doctor) struct Seen {
    path: PathBuf,
    name: String,
    /// Whether the examiner can open it.
    opened: Result<(), OpenError>,
    /// Whether the user could open it, where that can be seen.
    open_to_user: Option<bool>,
}

impl View {
    pub(in crate::doctor) fn of(machine: &Machine, account: &Account) -> Self {
        let (sys, dev) = (machine.path("/sys"), machine.path("/dev"));
        let (listed, trouble) = match hidraw::list_in(&sys, &dev) {
            Ok(listing) => {
                let trouble = listing.skipped.first();
                let trouble = trouble.map(|skipped| format!("{}: {}", skipped.path.display(), skipped.error));
                (listing.keys, trouble)
            }
            // Not an error of its own here: no sysfs means no HID devices.
            Err(ListError::NoSysfs) => (Vec::new(), None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let user = Identity::of(account);
        let containers = [
            ("/run/systemd/container", "systemd"),
            ("/.dockerenv", "Docker"),
            ("/run/.containerenv", "Podman"),
        ];
        Self {
            hidraw: machine.has("/sys/class/hidraw"),
            container: containers.into_iter().find(|(path, _)| machine.has(path)).map(|(_, what)| what),
            keys: listed.into_iter().map(|key| Seen::of(key, machine, &user)).collect(),
            trouble,
            seated: seated(machine, account.uid),
        }
    }
}

impl Seen {
    fn of(key: KeyInfo, machine: &Machine, user: &Identity) -> Self {
        Self {
            opened: Device::open(&key).map(|_| ()),
            open_to_user: machine.probe.may_access(user, &key.path, Access::ReadWrite),
            path: key.path,
            name: key.name,
        }
    }
}

/// Whether the active session of a seat is the user's (sd-login(3)).
fn seated(machine: &Machine, uid: u32) -> Option<bool> {
    let seats = machine.path("/run/systemd/seats").read_dir().ok()?;
    let mut active =
        seats.filter_map(|seat| read_text(&seat.ok()?.path(), MAX_SEAT_LEN).ok()).filter_map(|text| {
            text.lines().find_map(|line| line.strip_prefix("ACTIVE_UID=")?.parse::<u32>().ok())
        });
    Some(active.any(|active| active == uid))
}

pub(in crate::doctor) fn check(view: &View, account: &Account) -> Vec<Finding> {
    let area = Area::Keys;
    let mut findings: Vec<Finding> = Vec::new();
    if let Some(trouble) = &view.trouble {
        findings.push(
            Finding::error(
                area,
                "keys_not_listed",
                format!("The security keys cannot be listed: {trouble}."),
            )
            .at("/sys/class/hidraw".as_ref())
            .remedy("Let this process read /sys: look at its sandbox, and at SELinux or AppArmor."),
        );
        if view.keys.is_empty() {
            return findings;
        }
    }
    if !view.hidraw {
        return vec![no_hidraw(view)];
    }
    if view.keys.is_empty() {
        return vec![
            Finding::note(area, "no_key", "No security key is plugged in, so none could be looked at.")
                .remedy("Plug one in and run this again."),
        ];
    }
    findings.extend(view.keys.iter().flat_map(|key| check_key(view, key, account)));
    findings
}

fn no_hidraw(view: &View) -> Finding {
    let message = "The kernel offers no HID devices: there is no /sys/class/hidraw.";
    match view.container {
        Some(container) => Finding::error(Area::Keys, "no_hidraw", message).remedy(format!(
            "This is a container ({container}): give it /sys and the devices /dev/hidraw*, or sign in outside of it."
        )),
        None => Finding::warning(Area::Keys, "no_hidraw", message).remedy(
            "Plug a security key in. If that does not help: modprobe usbhid (a kernel built without CONFIG_HIDRAW cannot \
             use security keys).",
        ),
    }
}

fn check_key(view: &View, key: &Seen, account: &Account) -> Vec<Finding> {
    let area = Area::Keys;
    let name = if key.name.is_empty() { "A security key" } else { &key.name };
    let path = key.path.display();
    let finding = match &key.opened {
        Ok(()) => Finding::ok(area, "key_opens", format!("{name} can be opened.")),
        Err(OpenError::Denied) => {
            Finding::warning(area, "key_denied", format!("{name} cannot be opened: no permission."))
                .remedy(denied_remedy(view))
        }
        Err(OpenError::Gone | OpenError::Hidden) => Finding::error(
            area,
            "key_without_node",
            format!("{name} is plugged in, but its device node is missing or belongs to another device."),
        )
        .remedy(match view.container {
            Some(_) => format!("This is a container: give it {path}."),
            None => "Unplug it and plug it in again; in a sandbox, let /dev be seen.".to_owned(),
        }),
        Err(error @ (OpenError::NoDescriptors | OpenError::NoMemory)) => {
            Finding::error(area, "key_not_opened", format!("{name} cannot be opened: {error}."))
                .remedy("Close programs, or raise the limits of this shell (ulimit -n), and run this again.")
        }
        Err(error @ (OpenError::Busy | OpenError::NotADevice | OpenError::Io(_))) => {
            Finding::error(area, "key_not_opened", format!("{name} cannot be opened: {error}."))
                .remedy("Unplug it and plug it in again.")
        }
    };
    let mut findings = vec![finding.at(&key.path)];
    if key.opened.is_ok() && key.open_to_user == Some(false) {
        findings.push(not_for_user(view, name, account).at(&key.path));
    }
    findings
}

fn denied_remedy(view: &View) -> &'static str {
    match view.seated {
        Some(true) => {
            "Unplug it and plug it in again, so that udev gives you access. As root: udevadm trigger --subsystem-match=hidraw"
        }
        Some(false) => {
            "You do not sit at this machine, so you may not use its security keys. Run this with sudo."
        }
        None => "Run this with sudo. Without udev and logind only root can open security keys.",
    }
}

/// A screen locker runs as the user.
fn not_for_user(view: &View, name: &str, account: &Account) -> Finding {
    let user = &account.name;
    let message =
        format!("{name} cannot be opened by {user}: screen lockers, which run as {user}, cannot use it.");
    match view.seated {
        Some(true) => Finding::warning(Area::Keys, "key_not_for_user", message).remedy(
            "Unplug it and plug it in again. If that does not help: udevadm trigger --subsystem-match=hidraw",
        ),
        Some(false) => Finding::note(
            Area::Keys,
            "key_not_for_user",
            format!("{message} That is as it should be while {user} does not sit at this machine."),
        ),
        None => Finding::note(Area::Keys, "key_not_for_user", message).remedy(
            "If a screen locker is to use it, let udev and logind, or a group, give the user access.",
        ),
    }
}

#[cfg(test)]
#[path = "devices_tests.rs"]
mod tests;
