//! `config/passkey.toml` says the truth: what stands there is understood, is everything there is, and is the built-in
//! value where it says so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::path::Path;

use passkey_core::config::{
    AttestationPolicy, Config, DEFAULT_METADATA_SIGNER, Mode, OutdatedMetadata, Settings,
};
use passkey_core::host::Host;

const TEXT: &str = include_str!("../../config/passkey.toml");

fn parse(text: &str) -> Config {
    Config::parse(Path::new("passkey.toml"), text).unwrap_or_else(|error| panic!("{error}"))
}

/// The file with every option switched on; those have no space after the `#`.
fn uncommented() -> String {
    let option = |line: &&str| {
        line.starts_with('#') && line.chars().nth(1).is_some_and(|c| c == '[' || c.is_ascii_lowercase())
    };
    TEXT.lines().map(|line| if option(&line) { &line[1..] } else { line }).collect::<Vec<_>>().join("\n")
}

#[test]
fn as_it_stands_it_changes_nothing() {
    let (config, built_in) = (parse(TEXT), Config::default());
    assert_eq!(config.attestation.read().unwrap(), built_in.attestation.read().unwrap());
    let Config { credential_files, state_dir, rp_id, defaults, services, .. } = config;
    assert_eq!((credential_files, state_dir), (built_in.credential_files, built_in.state_dir));
    assert_eq!((rp_id, defaults, services), (built_in.rp_id, built_in.defaults, built_in.services));
}

#[test]
fn every_option_is_there_with_its_built_in_value() {
    let config = parse(&uncommented());
    assert_eq!(config.rp_id.as_deref(), Some("computer.example.org"));
    let Config { credential_files, state_dir, recovery_dir, .. } = Config::default();
    assert_eq!((&config.credential_files, &config.state_dir), (&credential_files, &state_dir));
    assert_eq!(config.recovery_dir, recovery_dir);

    for key in Settings::KEYS {
        assert!(TEXT.lines().any(|line| line.starts_with(&format!("#{key} = "))), "{key} is missing");
    }
    let nothing = Settings::default();
    assert_eq!(config.policy("any", &nothing), Config::default().policy("any", &nothing));
}

#[test]
fn every_host_is_named() {
    for name in Host::names() {
        assert!(TEXT.contains(&format!("\"{name}\"")), "{name} is missing");
    }
}

#[test]
fn so_is_every_option_about_attestation() {
    let policy = parse(&uncommented()).attestation.read().unwrap();
    for key in AttestationPolicy::KEYS {
        assert!(TEXT.lines().any(|line| line.starts_with(&format!("#{key} = "))), "{key} is missing");
    }
    assert_eq!(policy.enterprise, AttestationPolicy::default().enterprise);
    let metadata = policy.metadata.unwrap();
    assert_eq!(metadata.signer, DEFAULT_METADATA_SIGNER);
    assert_eq!(metadata.outdated, OutdatedMetadata::Refuse);
}

#[test]
fn the_services_in_it_show_what_can_be_done() {
    let config = parse(&uncommented());
    assert_eq!(config.policy("sudo", &Settings::default()).timeout.as_secs(), 60);
    assert_eq!(config.policy("polkit-1", &Settings::default()).mode, Mode::Passwordless);
}
