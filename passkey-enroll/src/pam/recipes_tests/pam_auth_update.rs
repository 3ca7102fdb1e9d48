//! The profiles of `packaging/debian/pam-configs`, written into the common files by Debian's own pam-auth-update, in a folder and with
//! answers of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::machine::Machine;
use super::{Asks, faults, verdict};
use crate::pam::parse::{Facility, ServiceFiles};
use crate::pam::simulate::MODULE;

/// Each profile, and what it makes of all services.
const PROFILES: [(&str, Asks); 2] =
    [("passkey-second-factor", Asks::SecondFactorOptional), ("passkey-passwordless", Asks::Passwordless)];
/// What it writes.
const COMMON: [&str; 5] =
    ["common-auth", "common-account", "common-password", "common-session", "common-session-noninteractive"];

fn profiles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/debian/pam-configs")
}

/// A folder laid out like a root file system, with what pam-auth-update reads and writes.
struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for folder in ["etc/pam.d", "usr/share/pam-configs", "var/lib/pam"] {
            fs::create_dir_all(root.path(folder)).unwrap();
        }
        for name in COMMON {
            fs::copy(Path::new("/usr/share/pam").join(name), root.path("etc/pam.d").join(name)).unwrap();
        }
        let unix = Path::new("/usr/share/pam-configs/unix").to_owned();
        for path in PROFILES.iter().map(|(name, _)| profiles().join(name)).chain([unix]) {
            fs::copy(&path, root.path("usr/share/pam-configs").join(path.file_name().unwrap())).unwrap();
        }
        // The machine's own answers of earlier days stay out of it, and are not changed.
        let debconf = "Config: configdb\nTemplates: templatedb\n\nName: configdb\nDriver: File\nFilename: ROOT/config.dat\n\n\
                       Name: templatedb\nDriver: File\nFilename: ROOT/templates.dat\n";
        let path = root.0.path().to_str().unwrap();
        fs::write(root.path("debconf.conf"), debconf.replace("ROOT", path)).unwrap();
        root
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn run(&self, arguments: &[&str]) {
        let output = Command::new("/usr/sbin/pam-auth-update")
            .arg("--root")
            .arg(self.0.path())
            .args(arguments)
            .env("DEBCONF_SYSTEMRC", self.path("debconf.conf"))
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The machine with these common files.
    fn put(&self, files: &ServiceFiles) -> ServiceFiles {
        let read = |name: &str| fs::read(self.path("etc/pam.d").join(name)).unwrap();
        COMMON.iter().fold(files.clone(), |files, name| files.with(name, read(name)))
    }
}

#[test]
fn each_profile_does_what_it_says() {
    let mut names: Vec<_> =
        fs::read_dir(profiles()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut tried: Vec<_> = PROFILES.iter().map(|(name, _)| *name).collect();
    tried.sort_unstable();
    assert_eq!(names, tried);
    for (profile, asks) in PROFILES {
        let root = Root::new();
        root.run(&["--force", "--enable", profile]);
        for machine in
            ["debian-12", "debian-12-desktop", "debian-13", "debian-13-desktop"].map(Machine::named)
        {
            let after = root.put(&machine.files);
            for service in ["sudo", "login", "polkit-1", "lightdm", "gdm-password", "sddm"] {
                if machine.files.read(service).is_err() {
                    continue;
                }
                let faults = faults(Some(&machine.files), &after, service, asks);
                assert!(faults.is_empty(), "{profile}, {}, {service}: {faults:#?}", machine.name);
            }
        }
    }
}

/// `docs/administration.md`, from a rescue shell.
#[test]
fn each_profile_is_switched_off_as_the_guide_says() {
    const GUIDE: &str = include_str!("../../../../docs/administration.md");
    const DISABLE: [&str; 3] = ["--disable", "passkey-second-factor", "passkey-passwordless"];
    assert!(GUIDE.contains(&format!("`pam-auth-update {}`", DISABLE.join(" "))));
    let machine = Machine::named("debian-12");
    for (profile, _) in PROFILES {
        let root = Root::new();
        root.run(&["--force", "--enable", profile]);
        assert_ne!(verdict(&root.put(&machine.files), "sudo"), verdict(&machine.files, "sudo"), "{profile}");
        root.run(&DISABLE);
        let off = root.put(&machine.files);
        assert_eq!(off.calls(Facility::Auth, MODULE), [], "{profile}");
        assert_eq!(off.calls(Facility::Password, MODULE), [], "{profile}");
    }
}
