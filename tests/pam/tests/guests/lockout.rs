//! Whatever is lost or broken, somebody comes in again, by the way that `docs/administration.md` names. A root shell of the test is
//! the rescue shell.

use guest::{Guest, KeyOptions, PATIENCE};
use pam_tests::enrol;

/// Something that goes wrong with sudo as a second factor.
struct Mishap {
    what: &'static str,
    breaks: &'static str,
    /// Whether sudo stays shut to alice, who has her password and touches whatever blinks.
    shuts: bool,
    /// What the guide says to do about it in the rescue shell.
    remedy: &'static str,
    /// What must stand in the guide.
    named: &'static str,
}

/// Each begins and ends with sudo asking for password and passkey.
const MISHAPS: [Mishap; 6] = [
    Mishap {
        what: "a lost key, and no other one",
        breaks: "virtual-key ctl unplug blue",
        shuts: true,
        remedy: "virtual-key ctl plug green && passkey-enroll add --user alice --name spare",
        named: "`passkey-enroll add --user USER` with another one",
    },
    Mishap {
        what: "a credential file that is deleted",
        breaks: "cp -a /etc/passkey/credentials/alice.toml /root/ && rm /etc/passkey/credentials/alice.toml",
        shuts: true,
        remedy: "cp -a /root/alice.toml /etc/passkey/credentials/",
        named: "restore `/etc/passkey/credentials/USER.toml` from a copy",
    },
    Mishap {
        what: "a credential file that is deleted, and no copy",
        breaks: "rm /etc/passkey/credentials/alice.toml",
        shuts: true,
        remedy: "passkey-enroll add --user alice --name anew",
        named: "or `passkey-enroll add --user USER` with the key plugged in",
    },
    Mishap {
        what: "a configuration that is not understood",
        breaks: "printf '[defaults]\\ntimeot = 3\\n' >/etc/passkey/passkey.toml",
        shuts: true,
        remedy: "passkey-enroll doctor --user alice | grep -F passkey.toml:2 && mv /etc/passkey/passkey.toml /root/",
        named: "moving `/etc/passkey/passkey.toml` away",
    },
    Mishap {
        what: "a module that is deleted",
        breaks: "mv /usr/lib/*/security/pam_passkey.so /root/",
        shuts: true,
        remedy: "passkey-enroll pam disable --all --yes",
        named: "`passkey-enroll pam disable --all --yes`",
    },
    Mishap {
        what: "the module and the command are deleted",
        breaks: "mv /usr/lib/*/security/pam_passkey.so /root/ && mv /usr/bin/passkey-enroll /root/",
        shuts: true,
        remedy: "cp /var/lib/passkey/pam/sudo.before /etc/pam.d/sudo",
        named: "`cp /var/lib/passkey/pam/sudo.before /etc/pam.d/sudo`",
    },
];

const GUIDE: &str = include_str!("../../../../docs/administration.md");

#[test]
fn somebody_comes_in_again() {
    let guest = Guest::debian12()
        .user("alice", "secret")
        .file("/etc/sudoers.d/once", "Defaults passwd_tries=1\n")
        .key("blue", KeyOptions::default())
        .key("green", KeyOptions::default().unplugged())
        .boot();
    for key in ["blue", "green"] {
        guest.key(key).touch_always(50);
    }
    enrol(&guest, "blue", None);
    guest.key("blue").touch_always(50);
    let module = guest.root("echo /usr/lib/*/security/pam_passkey.so").ok();
    let before = guest.root("cat /etc/pam.d/sudo").ok();
    for Mishap { what, breaks, shuts, remedy, named } in MISHAPS {
        assert!(GUIDE.contains(named), "{what}: the guide does not name {named}");
        enable(&guest);
        assert!(signs_in(&guest), "{what}: before it");
        guest.root(breaks).ok();
        assert_eq!(signs_in(&guest), !shuts, "{what}");
        let output = guest.root(remedy);
        assert_eq!(output.status, 0, "{what}: {}{}", output.stdout, output.stderr);
        assert!(signs_in(&guest), "{what}: after the remedy");
        // All as before.
        guest.root(&format!("[ ! -e /root/passkey-enroll ] || mv /root/passkey-enroll /usr/bin/; [ ! -e /root/pam_passkey.so ] || mv /root/pam_passkey.so {module}")).ok();
        guest
            .root("passkey-enroll pam disable sudo --yes; virtual-key ctl plug blue; virtual-key ctl unplug green")
            .ok();
        assert_eq!(guest.root("cat /etc/pam.d/sudo").ok(), before, "{what}");
    }
}

/// The configuration waits for no key, and alice has one only: that is the point here.
#[track_caller]
fn enable(guest: &Guest) {
    guest.write("/etc/passkey/passkey.toml", "[defaults]\nwait_for_key = 0\ntimeout = 10\n");
    guest
        .root(
            "passkey-enroll pam enable sudo --user alice --yes --no-rehearsal --confirm-within 0 --accept only_way_to_root",
        )
        .ok();
}

/// Whether alice becomes root with her password and a touch.
fn signs_in(guest: &Guest) -> bool {
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    let exit = sudo.wait();
    exit.status == 0 && exit.screen.trim_end().ends_with("root")
}

/// In place of the password a key whose PIN is blocked costs nothing but the convenience; as a second factor, the other key or a recovery
/// code does.
#[test]
fn a_blocked_pin_locks_nobody_out() {
    let guest = Guest::debian12()
        .user("alice", "secret")
        .file(
            "/etc/passkey/passkey.toml",
            "[defaults]\nwait_for_key = 1\n[service.su]\nrecovery = \"allow\"\nverification = \"required\"\n",
        )
        .key("blue", KeyOptions::default().pin("12345"))
        .boot();
    enrol(&guest, "blue", Some("12345"));
    let paper = guest.root("passkey-enroll recovery new --user alice").ok();
    let code = paper.lines().map(str::trim).find(|line| line.len() == 24).expect("a code").to_owned();
    for arguments in ["sudo --passwordless", "su"] {
        guest
            .root(&format!(
                "passkey-enroll pam enable {arguments} --user alice --yes --no-rehearsal --confirm-within 0 --accept only_way_to_root"
            ))
            .ok();
    }
    // Eight wrong ones; after three in a row the key wants to be plugged in again.
    for wrong in 0..8 {
        guest.run(
            "root",
            "passkey-enroll verify --service su --user alice --pin-stdin",
            b"99999\n",
            PATIENCE,
        );
        if wrong % 3 == 2 {
            guest.key("blue").unplug();
            guest.key("blue").plug();
        }
    }
    assert_eq!(guest.key("blue").retries(), 0);

    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("blocked for good");
    sudo.expect("password for alice").type_line("secret");
    assert_eq!(sudo.wait().status, 0);

    // su to oneself asks for one's own passkey.
    let mut su = guest.terminal("alice", "su alice -c 'id -un'");
    su.expect("Password").type_line("secret");
    su.expect("Recovery code").type_line(&code);
    assert_eq!(su.wait().status, 0);
}
