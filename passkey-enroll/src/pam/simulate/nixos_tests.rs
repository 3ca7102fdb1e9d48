//! The service files that NixOS makes of `packaging/nix/module.nix`, as kept in `packaging/nix/evaluated.json`: who gets in.

use std::fs;
use std::path::Path;

use passkey_core::config::Config;
use serde_json::Value;

use super::*;

const EVALUATED: &str = include_str!("../../../../packaging/nix/evaluated.json");

struct Machine {
    evaluated: Value,
    root: tempfile::TempDir,
}

impl Machine {
    fn called(name: &str) -> Self {
        let evaluated: Value = serde_json::from_str(EVALUATED).unwrap();
        let machine =
            Self { evaluated: evaluated["machines"][name].clone(), root: tempfile::tempdir().unwrap() };
        let folder = machine.root.path().join("etc/pam.d");
        fs::create_dir_all(&folder).unwrap();
        for (service, text) in machine.evaluated["services"].as_object().unwrap() {
            fs::write(folder.join(service), text.as_str().unwrap()).unwrap();
        }
        machine
    }

    fn config(&self) -> Config {
        let text = self.evaluated["etc"]["passkey/passkey.toml"]["source"].as_str().unwrap_or_default();
        Config::parse(Path::new("/etc/passkey/passkey.toml"), text).unwrap()
    }

    fn access(&self, service: &str) -> ServiceAccess {
        let files = ServiceFiles::below(self.root.path());
        ServiceAccess::of(&files, service, &self.config()).unwrap()
    }
}

/// The third column: whether people without a passkey get in by what else there is.
#[test]
fn a_second_factor_is_asked_of_everybody_whatever_else_may_let_in() {
    for (machine, service, unenrolled) in [
        ("plain", "sudo", true),
        ("plain", "su", true),
        ("plain", "polkit-1", false),
        ("desktop", "sudo", true),
        ("desktop", "polkit-1", true),
    ] {
        let machine = Machine::called(machine);
        let access = machine.access(service);
        let verdict = access.verdict().unwrap();
        let what = format!("{service}: {verdict:#?}");
        assert!(!verdict.ways.is_empty(), "{what}");
        for way in &verdict.ways {
            assert!(way.factors.contains(Factors::PASSKEY) && way.factors != Factors::PASSKEY, "{what}");
        }
        // Root's own su is no exemption of anybody.
        assert!(verdict.exempt.is_empty() && verdict.open_to_unenrolled.is_none(), "{what}");
        assert_eq!(verdict.without_passkey.is_some(), unenrolled, "{what}");
    }
}

#[test]
fn in_place_of_the_password_either_is_enough_and_opens_what_the_password_opens() {
    for (machine, service, opened) in [
        ("plain", "login", &[][..]),
        ("desktop", "su", &[]),
        ("desktop", "login", &["pam_mount.so", "pam_kwallet5.so", "pam_gnome_keyring.so"]),
    ] {
        let machine = Machine::called(machine);
        let access = machine.access(service);
        let verdict = access.verdict().unwrap();
        assert!(verdict.passkey_is_enough() && verdict.password_is_enough(), "{service}: {verdict:#?}");
        assert!(verdict.open_to_unenrolled.is_none(), "{service}: {verdict:#?}");
        let files = ServiceFiles::below(machine.root.path());
        let served = access.served_by_passkey(&files).unwrap();
        let served: Vec<&str> = served.iter().map(|line| line.rule.module_name()).collect();
        assert_eq!(served, opened, "{service}");
    }
}

/// The arguments as Nix writes them, understood by the module.
#[test]
fn what_is_set_for_a_service_holds_there() {
    let machine = Machine::called("plain");
    let asked = |service: &str| machine.access(service).passkeys.remove(0).asked.unwrap().policy;
    let login = asked("login");
    assert!(login.usernameless && !login.quiet);
    assert_eq!(login.timeout.as_secs(), 20);
    assert_eq!(asked("sudo").timeout.as_secs(), 10);
}

#[test]
fn nothing_is_asked_for_where_no_service_is_named_and_nothing_is_silently_left_out() {
    assert!(!Machine::called("unused").access("sudo").asks());
    let written = Machine::called("written");
    assert!(!written.access("gdm-password").asks());
    let refused = written.evaluated["refused"].as_array().unwrap();
    assert!(
        refused.len() == 1 && refused[0].as_str().unwrap().contains("services.gdm-password"),
        "{refused:?}"
    );
    for machine in ["plain", "desktop", "unused"] {
        assert_eq!(Machine::called(machine).evaluated["refused"], serde_json::json!([]), "{machine}");
    }
}
