//! The life of the packages on a clean Debian or Ubuntu: from the first installation to the last trace gone, and nobody is ever locked out.
//!
//! The packages are those that `./check packages` has made.

use std::time::{Duration, Instant};

use guest::{Guest, GuestBuilder, KeyOptions};
use pam_tests::{enrol, packages};

/// Emulated, dpkg and debconf take their time.
const PATIENCE: Duration = Duration::from_secs(180);

/// The version that is upgraded.
const EARLIER: &str = "0.0.1";

struct Machine {
    guest: Guest,
    /// `/etc/pam.d` before anything was installed.
    untouched: String,
}

impl Machine {
    fn boot(suite: &str) -> Self {
        Self::boot_as(Guest::debian(suite))
    }

    fn boot_as(guest: GuestBuilder) -> Self {
        let guest = guest
            .packages(&["apt"])
            .without_product()
            .user("alice", "secret")
            .user("bob", "secret")
            .file("/root/earlier/libpam-passkey.deb", packages::libpam_passkey(EARLIER))
            .file("/root/earlier/passkey-enroll.deb", packages::passkey_enroll(EARLIER))
            .file("/root/new/libpam-passkey.deb", packages::libpam_passkey(packages::VERSION))
            .file("/root/new/passkey-enroll.deb", packages::passkey_enroll(packages::VERSION))
            .key("blue", KeyOptions::default().pin("1234"))
            .boot();
        let untouched = pam_files(&guest);
        Self { guest, untouched }
    }

    /// Runs a command of the package manager's as a fleet does, with nobody there to answer.
    #[track_caller]
    fn try_manage(&self, command: &str) -> guest::Output {
        let start = Instant::now();
        let script = format!("export DEBIAN_FRONTEND=noninteractive; {command}");
        let output = self.guest.run("root", &script, b"", PATIENCE);
        println!("{:5.1} s  {command}", start.elapsed().as_secs_f32());
        output
    }

    #[track_caller]
    fn manage(&self, command: &str) -> String {
        self.try_manage(command).ok()
    }

    #[track_caller]
    fn assert_untouched(&self, when: &str) {
        assert_eq!(pam_files(&self.guest), self.untouched, "{when}");
    }

    /// Alice's sudo asks for password and passkey.
    #[track_caller]
    fn assert_second_factor(&self, when: &str) {
        self.guest.key("blue").touch_never();
        let mut sudo = self.guest.terminal("alice", "sudo -k; sudo id -un");
        sudo.expect("password for alice").type_line("secret");
        sudo.expect("Touch your security key");
        self.guest.key("blue").touch();
        assert_eq!(sudo.wait().status, 0, "{when}: {}", sudo.screen());
    }

    fn settings(&self) -> String {
        self.guest.root("cat /etc/passkey/passkey.toml").ok()
    }

    #[track_caller]
    fn assert_kept(&self, settings: &str) {
        assert_eq!(self.settings(), settings);
        let listed = self.guest.run_as("alice", "passkey-enroll list").ok();
        assert!(listed.contains("blue"), "{listed}");
    }

    #[track_caller]
    fn assert_upgraded(&self, settings: &str, switched_on: &str) {
        let versions = self.manage("dpkg-query -W -f '${Version} ' libpam-passkey passkey-enroll");
        assert_eq!(versions, format!("{0}-1 {0}-1 ", packages::VERSION));
        self.assert_kept(settings);
        assert_eq!(pam_files(&self.guest), switched_on, "what is switched on stays on");
    }

    /// systemd has read what is installed, and watches.
    #[track_caller]
    fn assert_units(&self, when: &str) {
        let units = "passkey-pam-undo.path passkey-pam-undo.timer passkey-pam-undo.service";
        let shown = self.guest.root(&format!("systemctl show -P LoadState -P NeedDaemonReload {units}")).ok();
        let words: Vec<&str> = shown.split_whitespace().collect();
        assert_eq!(words, ["loaded", "no"].repeat(3), "{when}");
        assert_eq!(self.guest.root("systemctl is-active passkey-pam-undo.path").ok(), "active\n", "{when}");
        let pulled_in = self.guest.root("systemctl show -P Wants multi-user.target").ok();
        assert!(pulled_in.contains("passkey-pam-undo.path"), "{when}: {pulled_in}");
    }

    #[track_caller]
    fn assert_no_units(&self, when: &str) {
        let known = self.guest.root("systemctl list-units --all --no-legend 'passkey-*'").ok();
        assert_eq!(known, "", "{when}");
        let pulled_in = self.guest.root("systemctl show -P Wants multi-user.target").ok();
        assert!(!pulled_in.contains("passkey"), "{when}: {pulled_in}");
    }

    /// The password alone, and nothing else is asked for.
    #[track_caller]
    fn assert_password(&self, user: &str, when: &str) {
        let mut sudo = self.guest.terminal(user, "sudo -k; sudo id -un");
        sudo.expect(&format!("password for {user}")).type_line("secret");
        let exit = sudo.wait();
        assert_eq!(exit.status, 0, "{when}: {}", exit.screen);
        assert!(!exit.screen.contains("security key"), "{when}: {}", exit.screen);
    }
}

/// Every file with its mode, its owner and the sum of its bytes.
#[track_caller]
fn pam_files(guest: &Guest) -> String {
    guest.root("cd /etc/pam.d && find . -printf '%P %y %m %U:%G\\n' | sort && sha256sum *").ok()
}

#[test]
fn on_debian_12() {
    let machine = Machine::boot("bookworm");
    install_and_switch_on(&machine);
    let settings = change_settings(&machine);
    let switched_on = pam_files(&machine.guest);
    machine.manage("dpkg --unpack /root/new/*.deb");
    killed_in_postinst(&machine);
    machine.manage("dpkg --configure -a");
    machine.assert_upgraded(&settings, &switched_on);

    instead_of_the_password(&machine);
    what_is_written_by_hand(&machine);
    switch_sudo_on(&machine);
    machine.manage("apt-get remove -y libpam-passkey");
    machine.assert_untouched("after removing");
    machine.assert_password("alice", "after removing");
    machine.manage("dpkg -i /root/new/*.deb");
    machine.assert_untouched("after installing again");
    machine.assert_kept(&settings);
    purge_command_first(&machine);
}

#[test]
fn on_debian_13() {
    from_first_to_last("trixie");
}

/// Asks another archive than Debian's, which not every machine that builds can reach:
/// `cargo test --workspace --test guests -- --ignored package::`
#[test]
#[ignore = "fetches Ubuntu from its archive: ./check guest-full"]
fn on_ubuntu_24_04() {
    from_first_to_last("noble");
}

fn from_first_to_last(suite: &str) {
    let machine = Machine::boot(suite);
    install_and_switch_on(&machine);
    let settings = change_settings(&machine);
    let switched_on = pam_files(&machine.guest);
    machine.manage("dpkg --unpack /root/new/*.deb");
    machine.assert_second_factor("unpacked, not configured");
    machine.manage("dpkg --configure -a");
    machine.assert_upgraded(&settings, &switched_on);
    machine.manage("passkey-enroll pam disable common-auth --yes");
    machine.assert_untouched("the common files are switched off");
    switch_sudo_on(&machine);
    machine.manage("passkey-enroll pam disable sudo --yes");
    machine.assert_untouched("sudo is switched off");
    purge_module_first(&machine);
}

#[test]
#[ignore = "takes long: ./check guest-full"]
fn under_systemd_on_debian_12() {
    under_systemd("bookworm");
}

#[test]
#[ignore = "takes long: ./check guest-full"]
fn under_systemd_on_debian_13() {
    under_systemd("trixie");
}

#[test]
#[ignore = "takes long: ./check guest-full"]
fn under_systemd_on_debian_sid() {
    under_systemd("sid");
}

/// A full machine: what systemd knows goes with what is installed.
fn under_systemd(suite: &str) {
    let machine = Machine::boot_as(Guest::debian(suite).systemd());
    install_and_switch_on(&machine);
    machine.assert_units("installed");
    let settings = change_settings(&machine);
    let switched_on = pam_files(&machine.guest);
    machine.manage("apt-get install -y /root/new/*.deb");
    machine.assert_units("upgraded");
    machine.assert_upgraded(&settings, &switched_on);
    machine.assert_second_factor("upgraded");
    machine.manage("pam-auth-update --disable passkey-second-factor");
    machine.assert_untouched("the profile is switched off");

    switch_sudo_on(&machine);
    // On trial, with nobody there to confirm it.
    let enable = "passkey-enroll pam enable login --ignore-unenrolled --accept only_way_to_root --yes --no-rehearsal --confirm-within 600";
    let mut trial = machine.guest.terminal("root", enable);
    trial.expect("Waiting for the confirmation");
    machine.manage("apt-get remove -y passkey-enroll");
    machine.assert_untouched("what the command has switched on is off when it goes");
    trial.wait();
    machine.assert_no_units("the command is removed");
    machine.manage("pam-auth-update --enable passkey-second-factor");
    machine.assert_second_factor("without the command");

    machine.manage("apt-get install -y /root/new/passkey-enroll.deb");
    machine.assert_units("installed again");
    machine.assert_kept(&settings);
    purge_command_first(&machine);
    machine.assert_no_units("purged");
    machine.manage("apt-get install -y /root/new/*.deb");
    enrol(&machine.guest, "blue", Some("1234"));
    purge_module_first(&machine);
    machine.assert_no_units("purged again");
}

fn install_and_switch_on(machine: &Machine) {
    machine.manage("apt-get install -y /root/earlier/*.deb");
    machine.assert_untouched("installing switches nothing on");
    enrol(&machine.guest, "blue", Some("1234"));
    machine.manage("pam-auth-update --enable passkey-second-factor");
    machine.assert_second_factor("switched on");
    machine.assert_password("bob", "without a passkey");
}

/// An administrator's own; what the file holds then.
fn change_settings(machine: &Machine) -> String {
    let ours = "\n[service.ours]\ntimeout = 45\n";
    machine.guest.root(&format!("printf '%s' '{ours}' >>/etc/passkey/passkey.toml")).ok();
    let settings = machine.settings();
    assert!(settings.ends_with(ours), "{settings}");
    settings
}

/// The power goes before and in the middle of what dpkg has the package's script do: people sign in as before.
fn killed_in_postinst(machine: &Machine) {
    for delay in ["0", "0.5"] {
        // The first program on the path: the script ends as if the machine had.
        machine.guest.write_as(
            "/usr/local/sbin/pam-auth-update",
            format!("#!/bin/sh\n/usr/sbin/pam-auth-update \"$@\" &\nsleep {delay}\nkill -KILL $! $PPID\n"),
            "root",
            0o755,
        );
        let configured = machine.try_manage("dpkg --configure libpam-passkey");
        assert_ne!(configured.status, 0, "{delay}: {}", configured.stdout);
        machine.assert_second_factor(&format!("killed in postinst after {delay} s"));
    }
    machine.guest.root("rm /usr/local/sbin/pam-auth-update").ok();
}

/// The other profile, which takes the place of the first: both would ask twice.
fn instead_of_the_password(machine: &Machine) {
    let guest = &machine.guest;
    machine.manage("pam-auth-update --enable passkey-passwordless");
    let lines = guest.root("grep -c pam_passkey.so /etc/pam.d/common-auth").stdout;
    assert_eq!(lines, "1\n", "one of both profiles");
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("PIN").type_line("1234");
    sudo.expect("Touch your security key");
    guest.key("blue").touch();
    let exit = sudo.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    assert!(!exit.screen.contains("password for"), "{}", exit.screen);
    machine.assert_password("bob", "without a passkey");
    guest.key("blue").unplug();
    let mut sudo = guest.terminal("alice", "sudo -k; sudo id -un");
    sudo.expect("password for alice").type_line("secret");
    assert_eq!(sudo.wait().status, 0, "without a key: {}", sudo.screen());
    guest.key("blue").plug();
}

/// The module does not go from under lines that the package knows nothing of.
fn what_is_written_by_hand(machine: &Machine) {
    let guest = &machine.guest;
    guest.root("cp -p /etc/pam.d/sudo /root/sudo && sed -i '/common-auth/a auth required pam_passkey.so' /etc/pam.d/sudo").ok();
    let removed = machine.try_manage("dpkg -r passkey-enroll libpam-passkey 2>&1");
    assert_ne!(removed.status, 0, "{}", removed.stdout);
    assert!(removed.stdout.contains("  /etc/pam.d/sudo\n"), "{}", removed.stdout);
    machine.assert_second_factor("a removal was refused");
    assert_eq!(machine.manage("dpkg-query -W -f '${db:Status-Status}' libpam-passkey"), "installed");
    guest.root("cp -p /root/sudo /etc/pam.d/sudo").ok();
    machine.assert_untouched("the line is out");
    machine.manage("dpkg -i /root/new/passkey-enroll.deb");
}

/// By the command, with alice's own key in the rehearsal.
fn switch_sudo_on(machine: &Machine) {
    machine.guest.key("blue").touch_after(200);
    let enable = "passkey-enroll pam enable sudo --user alice --ignore-unenrolled --accept only_way_to_root --yes --answers-stdin \
                  --confirm-within 0";
    machine.guest.run("root", enable, b"secret\n", PATIENCE).ok();
    machine.assert_second_factor("sudo is switched on");
    machine.assert_password("bob", "sudo is switched on, without a passkey");
}

/// As an administrator does who means to keep the module: what is switched on goes on, and so do the passkeys.
fn purge_command_first(machine: &Machine) {
    machine.manage("pam-auth-update --enable passkey-second-factor && apt-get purge -y passkey-enroll");
    machine.assert_second_factor("the command is purged");
    machine.manage("apt-get purge -y libpam-passkey");
    assert_nothing_left(machine);
}

/// The command cannot do without the module, and goes with it; what is left of both is purged in that order too.
fn purge_module_first(machine: &Machine) {
    machine.manage("pam-auth-update --enable passkey-second-factor && apt-get remove -y libpam-passkey");
    machine.assert_untouched("after removing");
    machine.manage("dpkg --purge libpam-passkey && dpkg --purge passkey-enroll");
    assert_nothing_left(machine);
}

fn assert_nothing_left(machine: &Machine) {
    machine.assert_untouched("after purging");
    machine.assert_password("alice", "after purging");
    let left = "find / -xdev \\( -path /proc -o -path /sys -o -path /root -o -path /guest -o -path /var/cache -o -path /var/log \\) -prune \
                -o -name '*passkey*' -print -o -path '*/passkey/*' -print";
    assert_eq!(machine.guest.root(left).ok(), "", "after purging");
}
