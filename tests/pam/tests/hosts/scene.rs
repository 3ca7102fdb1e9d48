//! The guests in which the hosts run, with people and keys in them.

use guest::{Guest, GuestBuilder, KeyOptions};
use pam_tests::enrol;

use crate::greetd::{CONFIG, SETTINGS};
use crate::locker::START_X;
use crate::polkit::{DROP_IN, DROP_IN_TEXT};
use crate::swaylock::{START_SWAY, SWAY_CONFIG, SWAY_SETTINGS};

pub(crate) const PASSWORD: &str = "secret";
pub(crate) const PIN: &str = "1234";

/// Sudo asks every time, and once; `-A` has a program that answers every prompt with the password.
const SUDOERS: &str = "\
Defaults timestamp_timeout=0, passwd_tries=1
";
pub(crate) const ASKPASS: &str = "/usr/local/bin/askpass";
const ASKPASS_SCRIPT: &str = "#!/bin/sh\necho \"$1\" >/dev/tty\necho secret\n";

const SSHD: &str = "\
ListenAddress 127.0.0.1
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication yes
UseDNS no
";

/// Everybody confirms with their own passkey.
const POLKIT_RULE: &str =
    "polkit.addAdminRule(function(action, subject) { return ['unix-user:' + subject.user]; });\n";

/// What the hosts of the light stage need beyond the usual packages.
const PACKAGES: [&str; 8] =
    ["dbus", "i3lock", "openssh-client", "openssh-server", "pkexec", "polkitd", "xdotool", "xvfb"];

/// Alice has a passkey on each of the keys but the foreign one, carol has none.
pub(crate) fn people_and_keys(guest: GuestBuilder) -> GuestBuilder {
    let plain = KeyOptions::default;
    guest
        .user("alice", PASSWORD)
        .user("carol", PASSWORD)
        .file("/etc/sudoers.d/tests", SUDOERS)
        .file_with_mode(ASKPASS, ASKPASS_SCRIPT, 0o755)
        .key("blue", plain().unplugged())
        .key("green", plain().pin(PIN).unplugged())
        .key("doomed", plain().pin(PIN).unplugged())
        .key("strict", plain().pin(PIN).always_uv().unplugged())
        .key("finger", plain().pin(PIN).fingerprint().unplugged())
        .key("foreign", plain().unplugged())
}

/// Undoes whatever a mishap has broken.
pub(crate) const REPAIR: &str = "rm -rf /etc/passkey /etc/sudoers.d/rhost; cp -a /root/passkey /etc/passkey";

/// Every key but the foreign one is enrolled, on its own; then all of it is kept, to start each row from.
pub(crate) fn enrol_all(guest: &Guest) {
    for key in ["blue", "green", "doomed", "strict", "finger"] {
        guest.key(key).plug();
        // A fingerprint reader asks for more than one touch.
        guest.key(key).touch_always(50);
        enrol(guest, key, (key != "blue").then_some(PIN));
        guest.key(key).touch_never();
        guest.key(key).unplug();
    }
    guest.root("cp -a /etc/passkey /root/passkey").ok();
}

pub(crate) fn light() -> Guest {
    let guest = people_and_keys(Guest::debian("bookworm").packages(&PACKAGES))
        .file("/etc/ssh/sshd_config", SSHD)
        .file("/etc/polkit-1/rules.d/00-tests.rules", POLKIT_RULE)
        .boot();
    enrol_all(&guest);
    guest.root("mkdir -p /run/sshd && /usr/sbin/sshd").ok();
    guest.root("mkdir -p /run/dbus && dbus-daemon --system").ok();
    guest.root(START_X).ok();
    guest
}

pub(crate) fn trixie() -> Guest {
    let packages = ["greetd", "sudo-rs", "sway", "swaylock", "tuigreet", "wtype"];
    let guest = people_and_keys(Guest::debian("trixie").packages(&packages))
        .file(SWAY_CONFIG, SWAY_SETTINGS)
        .file(CONFIG, SETTINGS)
        .boot();
    enrol_all(&guest);
    guest.root(START_SWAY).ok();
    guest
}

pub(crate) fn full() -> Guest {
    let packages = ["openssh-client", "openssh-server", "pkexec", "polkitd"];
    let guest = people_and_keys(Guest::debian("sid").systemd().packages(&packages))
        .file("/etc/ssh/sshd_config", SSHD)
        .file("/etc/pam.d/sshd", SSH_SESSION)
        .file("/etc/polkit-1/rules.d/00-tests.rules", POLKIT_RULE)
        .file(DROP_IN, DROP_IN_TEXT)
        .boot();
    enrol_all(&guest);
    guest
}

/// A session that logind knows of.
const SSH_SESSION: &str = "\
auth required pam_unix.so
account required pam_unix.so
session required pam_systemd.so
";
