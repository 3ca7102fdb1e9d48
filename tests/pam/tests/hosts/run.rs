//! Brings a row's host, mode and mishap together and compares what comes of it.

use std::any::Any;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use guest::{Guest, PATIENCE};

use crate::document;
use crate::program::begin;
use crate::row::{End, Mode, Row, Stage};
use crate::scene::PASSWORD;
use crate::table::ROWS;
use crate::words;

/// Runs every row of a stage, prints them, and fails with all that did not come out as the table says.
pub(crate) fn all(stage: Stage, guest: &Guest) {
    let only = env::var("ROWS").unwrap_or_default();
    let rows: Vec<&Row> =
        ROWS.iter().filter(|row| row.host.stage() == stage && row.to_string().contains(&only)).collect();
    assert!(!rows.is_empty(), "no row has {only:?} in its first columns");
    let mut failures = Vec::new();
    for row in &rows {
        let start = Instant::now();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| one(guest, row))) {
            let log = guest.root("cat /var/log/syslog; journalctl -b -n 40 --no-pager 2>/dev/null").stdout;
            failures.push(format!("### {row}\n{}\n--- log\n{log}---", text(&*panic)));
        }
        clean_up(guest, row);
        println!("{:>5.1} s  {row}", start.elapsed().as_secs_f32());
    }
    print!("{}", document::table(rows));
    assert!(failures.is_empty(), "{} rows failed\n{}", failures.len(), failures.join("\n"));
}

fn one(guest: &Guest, row: &Row) {
    let prepare = [
        format!(": >/var/log/syslog; cat >/etc/pam.d/{}", row.host.service()),
        if row.starts_plugged_in() {
            format!("virtual-key ctl plug {}", row.key())
        } else {
            "true".to_owned()
        },
        row.mishap.breaking().unwrap_or("true").to_owned(),
    ];
    guest.run("root", &prepare.join(" && "), service_file(row).as_bytes(), PATIENCE).ok();

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
        let found = rest.split_once(words);
        (_, rest) = found.unwrap_or_else(|| panic!("'{words}' in its place in:\n{seen}"));
    }
    // Where the person reads nothing, none of it is there. What a host never shows can be in no row.
    for words in words::ALL.iter().filter(|_| row.words.is_empty()) {
        assert!(!seen.contains(words), "'{words}' in:\n{seen}");
    }
    assert!(row.host.shows_words() || row.words.is_empty() && seen.is_empty(), "{}: {seen}", row.host);
    row.check_key(guest);
    let audit = audit_line(guest, row.host.service());
    assert!(audit.contains(&format!("code=PAM_{} ", row.code)), "PAM_{} in {audit}", row.code);
    let reason = audit.split_once(" reason=").map_or("", |(_, reason)| reason);
    assert!(reason.contains(row.log), "{:?} in {audit}", row.log);
}

/// As before the row: nothing plugged in, nothing broken.
fn clean_up(guest: &Guest, row: &Row) {
    let mut script = format!("virtual-key ctl never {key}; virtual-key ctl unplug {key}", key = row.key());
    if row.mishap.breaking().is_some() {
        script.push('\n');
        script.push_str(row.mishap.repair());
    }
    guest.root(&script).ok();
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
    assert!(!log.contains("not written down"), "counter and last use in:\n{log}");
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
