//! Brings a row's host, mode and mishap together and compares what comes of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use guest::Guest;

use crate::document;
use crate::program::begin;
use crate::row::{End, Mode, Row, Stage};
use crate::scene::PASSWORD;
use crate::table::ROWS;

/// Runs every row of a stage, prints them, and fails with all that did not come out as the table says.
pub(crate) fn all(stage: Stage, guest: &Guest) {
    let rows: Vec<&Row> = ROWS.iter().filter(|row| row.host.stage() == stage).collect();
    let mut failures = Vec::new();
    for row in &rows {
        let start = Instant::now();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| one(guest, row))) {
            failures.push(format!("### {}, {}, {}\n{}", row.host, row.mode, row.mishap, text(&*panic)));
        }
        eprintln!("{:>5.1} s  {}, {}, {}", start.elapsed().as_secs_f32(), row.host, row.mode, row.mishap);
    }
    print!("{}", document::table(rows));
    assert!(failures.is_empty(), "{} rows failed\n{}", failures.len(), failures.join("\n"));
}

fn one(guest: &Guest, row: &Row) {
    clean_up(guest);
    guest.write(&format!("/etc/pam.d/{}", row.host.service()), service_file(row));
    row.prepare(guest);
    if let Some(command) = row.mishap.breaking() {
        guest.root(command).ok();
    }

    let mut sitting = begin(guest, row.host, row.mishap, row.mishap.user());
    if row.password_first() {
        sitting.expect("assword");
        sitting.type_line(PASSWORD);
    }
    row.act(guest, &mut *sitting);
    if row.mode == Mode::Passwordless && row.end() == End::SignedInByPassword {
        sitting.expect("assword");
        sitting.type_line(PASSWORD);
    }
    let (signed_in, seen) = sitting.end();
    assert_eq!(signed_in, row.end() != End::Refused, "signed in? The person saw:\n{seen}");

    let mut rest = seen.as_str();
    for words in row.words {
        let at = rest.find(words).unwrap_or_else(|| panic!("'{words}' in its place in:\n{seen}"));
        rest = &rest[at + words.len()..];
    }
    row.check_key(guest);
    let audit = audit_line(guest, row.host.service());
    assert!(audit.contains(&format!("code=PAM_{} ", row.code)), "PAM_{} in {audit}", row.code);
    let reason = audit.split_once(" reason=").map_or("", |(_, reason)| reason);
    assert!(reason.contains(row.log), "{:?} in {audit}", row.log);
}

/// As before the first row: nothing plugged in, nothing broken, nothing logged.
fn clean_up(guest: &Guest) {
    guest
        .root(
            "for key in blue green doomed strict finger foreign; do
                 virtual-key ctl never $key; virtual-key ctl unplug $key
             done >/dev/null
             dropin=/etc/systemd/system/polkit-agent-helper@.service.d
             [ -d $dropin ] || [ ! -d /root/dropin ] || { cp -a /root/dropin $dropin; systemctl daemon-reload; }
             rm -rf /etc/passkey /etc/sudoers.d/rhost; cp -a /root/passkey /etc/passkey; : >/var/log/syslog",
        )
        .ok();
}

/// The password as the first factor, or as what remains where the passkey comes to nothing.
fn service_file(row: &Row) -> String {
    let arguments = row.mishap.arguments(row.mode);
    let auth = match row.mode {
        Mode::SecondFactor => {
            format!("auth required pam_unix.so nodelay\nauth required pam_passkey.so {arguments}\n")
        }
        Mode::Passwordless => {
            format!(
                "auth sufficient pam_passkey.so mode=passwordless {arguments}\nauth required pam_unix.so nodelay\n"
            )
        }
    };
    format!("{auth}account required pam_unix.so\nsession required pam_permit.so\n")
}

/// The one line that the attempt has left.
fn audit_line(guest: &Guest, service: &str) -> String {
    let log = guest.syslog();
    let mark = format!("pam_passkey({service}:auth): result=");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(&mark)).collect();
    match lines[..] {
        [line] => line.to_owned(),
        _ => panic!("one line of ours in:\n{log}"),
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
}
