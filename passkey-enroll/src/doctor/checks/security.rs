//! Has `SELinux` or `AppArmor` denied something that a sign-in needs?

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;
use crate::util::bounded_read::read_tail;

/// Where the kernel's denials end up, the most complete first.
const LOGS: [&str; 4] =
    ["/var/log/audit/audit.log", "/var/log/kern.log", "/var/log/syslog", "/var/log/messages"];
/// The kernel's own log, where there is no other.
const KERNEL_LOG: &str = "/dev/kmsg";
/// How much of the end of a log is looked at, in bytes.
const TAIL: u64 = 1024 * 1024;
/// How many records of the kernel's log are looked at: more than it holds.
const MAX_RECORDS: usize = 100_000;
/// The longest line that is shown.
const MAX_SHOWN: usize = 300;

/// A security module of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    SeLinux,
    AppArmor,
}

pub(in crate::doctor) fn check(machine: &Machine) -> Vec<Finding> {
    let is_on = |path: &str, on: &str| machine.text(path).is_some_and(|text| text.trim() == on);
    let selinux = is_on("/sys/fs/selinux/enforce", "1");
    let apparmor = is_on("/sys/module/apparmor/parameters/enabled", "Y");
    if !selinux && !apparmor {
        return Vec::new();
    }
    let Some((path, denials)) = denials(machine) else {
        let message = "Denials of SELinux or AppArmor were not looked at.";
        return vec![Finding::note(Area::System, "denials_hidden", message).remedy("Run this with sudo.")];
    };
    let Some((guard, last)) = denials.last() else {
        let what = if selinux { "SELinux enforces" } else { "AppArmor is on" };
        let message = format!("{what}, and the logs show no denial that concerns passkeys.");
        return vec![Finding::ok(Area::System, "no_denials", message)];
    };
    let shown: String = last.chars().take(MAX_SHOWN).collect();
    let (name, remedy) = match guard {
        Guard::SeLinux => (
            "SELinux",
            "If labels are wrong: restorecon -Rv /etc/passkey /var/lib/passkey; else see: ausearch -m avc -ts recent",
        ),
        Guard::AppArmor => (
            "AppArmor",
            "Allow it in the profile that is named, or try with aa-complain first: see aa-logprof(8).",
        ),
    };
    let message =
        format!("{name} has denied something that concerns passkeys ({} times): {shown}", denials.len());
    vec![Finding::warning(Area::System, "denials", message).at(&path).remedy(remedy)]
}

/// The denials of the first log that can be read and has any; none where one can be read and none has any.
fn denials(machine: &Machine) -> Option<(std::path::PathBuf, Vec<(Guard, String)>)> {
    let logs = LOGS.iter().filter_map(|log| {
        let path = machine.path(log);
        read_tail(&path, TAIL).ok().map(|text| (path, text))
    });
    let kernel = std::iter::once_with(|| {
        let path = machine.path(KERNEL_LOG);
        kernel_log(&path).map(|text| (path, text))
    });
    let mut read = None;
    for (path, text) in logs.chain(kernel.flatten()) {
        let found: Vec<(Guard, String)> = text.lines().filter_map(denial).collect();
        if !found.is_empty() {
            return Some((path, found));
        }
        read.get_or_insert((path, found));
    }
    read
}

/// A denial that concerns passkeys.
fn denial(line: &str) -> Option<(Guard, String)> {
    let guard = if line.contains("avc:") && line.contains("denied") {
        Guard::SeLinux
    } else if line.contains("apparmor=\"DENIED\"") {
        Guard::AppArmor
    } else {
        return None;
    };
    let is_ours = ["hidraw", "passkey"].iter().any(|word| line.contains(word));
    is_ours.then(|| (guard, line.to_owned()))
}

/// The kernel's log: one record for each read, without waiting for more.
fn kernel_log(path: &Path) -> Option<String> {
    if !path.metadata().ok()?.file_type().is_char_device() {
        return None;
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mut log = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let mut text = String::new();
    let mut record = [0; 8192];
    for _ in 0..MAX_RECORDS {
        match log.read(&mut record) {
            Ok(0) => break,
            Ok(len) => {
                text.push_str(&String::from_utf8_lossy(record.get(..len).unwrap_or_default()));
                text.push('\n');
            }
            // A record that was overwritten before it was read.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            Err(_) => break,
        }
    }
    Some(text)
}

#[cfg(test)]
#[path = "security_tests.rs"]
mod tests;
