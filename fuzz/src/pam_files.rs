//! PAM service files in the form of `passkey-enroll/tests/stacks`: any bytes as each of them. The lines of a file are the file; what
//! `pam enable` would write lets people in without the passkey only if they get in without the password today, and `pam disable` takes it out again.

use std::collections::BTreeSet;
use std::path::Path;

use passkey_enroll::fuzzing::{Enabled, disabled, passwordless, second_factor};
use passkey_enroll::pam::parse::{
    Dialect, Facility, Includes, Reader, ReturnValue, ServiceFile, ServiceFiles,
};
use passkey_enroll::pam::simulate::dispatch::outcome;

/// The module.
const MODULE: &str = "pam_passkey.so";
/// What stands above its lines.
const REMARK: &[u8] =
    b"# By \"passkey-enroll pam enable\"; \"passkey-enroll pam disable\" takes it out again.\n";
/// Modules that ask for the password.
const PASSWORD_MODULES: [&str; 7] = [
    "pam_unix.so",
    "pam_unix2.so",
    "pam_sss.so",
    "pam_ldap.so",
    "pam_krb5.so",
    "pam_winbind.so",
    "pam_systemd_home.so",
];
/// The most files of one input.
const MAX_FILES: usize = 16;

/// Whether the last of them can ask for passkeys.
pub fn run(data: &[u8]) -> bool {
    let mut is_understood = false;
    for reader in [Reader::Old, Reader::New] {
        let dialect = Dialect { reader, includes: Includes::LikeServices, ..Dialect::default() };
        // Nothing is there but what the input says.
        let mut files = ServiceFiles::new(Path::new("/nonexistent"), dialect.clone());
        let split = split(data);
        let last = split.last().map(|(name, _)| name.clone());
        for (name, bytes) in split {
            let file = ServiceFile::parse(&bytes, &dialect);
            let lines: Vec<u8> = file.lines().iter().flat_map(|line| line.bytes.clone()).collect();
            assert_eq!(lines, bytes, "the lines of a file are the file");
            files = files.with(&name, bytes);
        }
        // Who gets in is computed for many drafts: the last file of the input is the service, the others are there to be included.
        for service in files.services().into_iter().filter(|service| Some(service) == last.as_ref()) {
            let Some(before) = files.drafted_bytes(&service).map(<[u8]>::to_vec) else { continue };
            if let Some(enabled) = second_factor(&files, &service) {
                is_understood = true;
                enabled_holds(&files, &service, &before, &enabled);
                let is_in = gets_in(&files.clone().with(&service, enabled.bytes), &service, |module| {
                    module != MODULE
                });
                let is_in_today = gets_in(&files, &service, |module| !PASSWORD_MODULES.contains(&module));
                assert!(
                    !is_in || enabled.has_exemptions || is_in_today,
                    "{service}: all but the passkey is enough"
                );
            }
            if let Some(enabled) = passwordless(&files, &service) {
                is_understood = true;
                enabled_holds(&files, &service, &before, &enabled);
                let after = files.clone().with(&service, enabled.bytes);
                // Who gets in with nothing does so without this software.
                assert!(
                    !gets_in(&after, &service, |_| false) || gets_in(&files, &service, |_| false),
                    "{service}"
                );
            }
        }
    }
    is_understood
}

/// What holds of both ways to ask for passkeys.
fn enabled_holds(files: &ServiceFiles, service: &str, before: &[u8], enabled: &Enabled) {
    let after = files.clone().with(service, enabled.bytes.clone());
    for facility in [Facility::Account, Facility::Password, Facility::Session] {
        let rules = |files: &ServiceFiles| {
            let stack = files.stack(service, facility).ok()?;
            Some(stack.rules().into_iter().cloned().collect::<Vec<_>>())
        };
        assert_eq!(rules(&after), rules(files), "{service}: only signing in changes");
    }
    let Some(disabled) = disabled(&after, service) else { return };
    // Lines that were put in the place of others stay, and call what those called.
    let is_added =
        |line: &[u8]| line == REMARK || line.windows(MODULE.len()).any(|part| part == MODULE.as_bytes());
    let others = enabled.bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_added(line));
    let is_only_added = others.flatten().eq(before);
    assert!(!is_only_added || disabled == before, "{service}: all is as it was");
    let stack = after.with(service, disabled).stack(service, Facility::Auth).expect("it was judged");
    assert!(stack.rules().iter().all(|rule| rule.module_name() != MODULE), "{service} asks no more");
}

/// Whether a person gets in where these modules succeed and all others fail.
fn gets_in(files: &ServiceFiles, service: &str, succeeds: impl Fn(&str) -> bool) -> bool {
    let Ok(stack) = files.stack(service, Facility::Auth) else { return false };
    let outcome = outcome(&stack, &mut |call| {
        if succeeds(call.rule.module_name()) { ReturnValue::Success } else { ReturnValue::AuthErr }
    });
    outcome == ReturnValue::Success
}

/// The files: each behind `==> PATH <==`, by the last part of its path.
fn split(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut names = BTreeSet::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let head = line.strip_prefix(b"==> ").and_then(|rest| rest.strip_suffix(b" <==\n"));
        let name = head.and_then(|path| std::str::from_utf8(path).ok()?.rsplit('/').next());
        let is_head =
            |name: &&str| !name.is_empty() && files.len() < MAX_FILES && names.insert((*name).to_owned());
        if let Some(name) = name.filter(is_head) {
            files.push((name.to_owned(), Vec::new()));
        } else if let Some((_, bytes)) = files.last_mut() {
            bytes.extend_from_slice(line);
        }
    }
    files
}
