//! What passkey-enroll makes of random PAM stacks, held against real libpam: this machine's, and those of three Debians.

use std::process::Command;
use std::time::Duration;

use guest::Guest;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pam-differential");

/// A guest that tries so many stacks, in its own `/etc/pam.d`. Each run has stacks of its own.
fn agrees(suite: &str, stacks: u32) {
    let built = std::fs::read(PROGRAM).unwrap();
    let guest = Guest::debian(suite)
        .without_product()
        .file_with_mode("/usr/local/bin/pam-differential", built, 0o755)
        .boot();
    let command = format!("pam-differential --machine --stacks {stacks}");
    let output = guest.run("root", &command, b"", Duration::from_secs(600));
    println!("{suite}: {}{}", output.stdout, output.stderr);
    assert_eq!(output.status, 0, "{suite}: libpam and passkey-enroll disagree");
    // Neither were there any lines in the log.
    assert!(!guest.syslog().contains("PAM"), "{}", guest.syslog());
}

#[test]
fn this_machines_libpam_agrees() {
    let output = Command::new(PROGRAM).args(["--stacks", "3000"]).output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn libpam_1_5_of_debian_12_agrees() {
    agrees("bookworm", 120);
}

#[test]
fn libpam_1_7_of_debian_13_agrees() {
    agrees("trixie", 120);
}

#[test]
fn libpam_of_debian_sid_agrees() {
    agrees("sid", 120);
}
