//! What a sign-in costs, counted by the key itself, next to Debian's `pam_u2f` in the same guest.

use std::time::{Duration, Instant};

use guest::{Counts, Guest, KeyOptions};
use pam_tests::{enrol, guest, passkey_only, path};
use passkey_core::credential::{Credential, CredentialId};
use passkey_core::store::CredentialFile;

/// pamu2fcfg wants to see a certificate.
fn key_options() -> KeyOptions {
    KeyOptions::default().with(&["--attestation"])
}

/// The incumbent's enrolment, appended to its mapping file.
fn enrol_u2f(guest: &Guest, key: &str, verification: &str) {
    guest.key(key).touch_always(50);
    // All passkeys of a user stand in one line, of which only the first begins with their name.
    let first = guest.root("test -s /etc/u2f_mappings").status != 0;
    let options = format!("{verification} {}", if first { "-u alice" } else { "-n" });
    let mut tool = guest
        .terminal("root", &format!("pamu2fcfg {options} > line && tr -d '\\n' < line >> /etc/u2f_mappings"));
    let exit = tool.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    guest.key(key).touch_never();
}

/// Signs in with both modules; what each cost the key.
fn measure(guest: &Guest, key: &str, pin: Option<&str>) -> (Counts, Counts) {
    let one = |service: &str| {
        guest.key(key).reset_counts();
        guest.key(key).touch_always(50);
        let mut tester = guest.terminal("root", &format!("pamtester {service} alice authenticate"));
        if let Some(pin) = pin {
            tester.expect("PIN").type_line(pin);
        }
        let exit = tester.wait();
        assert_eq!(exit.status, 0, "{service}: {}\n{}", exit.screen, guest.syslog());
        guest.key(key).touch_never();
        guest.key(key).counts()
    };
    (one("passkey"), one("u2f"))
}

fn print(case: &str, (ours, theirs): &(Counts, Counts)) {
    let row = |counts: &Counts| {
        format!(
            "{:3} transactions, {:3}/{:3} reports, {:2} opens",
            counts.transactions, counts.reports_in, counts.reports_out, counts.opens
        )
    };
    println!("cost of {case:34} pam_passkey {} | pam_u2f {}", row(ours), row(theirs));
}

#[test]
fn one_passkey() {
    let guest = guest("")
        .file("/etc/pam.d/u2f", "auth required pam_u2f.so authfile=/etc/u2f_mappings\n")
        .key("blue", key_options())
        .boot();
    enrol(&guest, "blue", None);
    enrol_u2f(&guest, "blue", "");
    let costs = measure(&guest, "blue", None);
    print("one passkey, touch", &costs);
    assert!(costs.0.transactions <= 3 && costs.0.transactions < costs.1.transactions, "{costs:?}");
    guest.key("blue").unplug();
    with_a_pin(&guest);
}

fn with_a_pin(guest: &Guest) {
    guest.root("rm -r /etc/passkey /var/lib/passkey /etc/u2f_mappings").ok();
    guest.write("/etc/pam.d/passkey", passkey_only("verification=required"));
    let u2f = "auth required pam_u2f.so authfile=/etc/u2f_mappings pinverification=1\n";
    guest.write("/etc/pam.d/u2f", u2f);
    guest.add_key("green", &key_options().pin("1234"));
    enrol(guest, "green", Some("1234"));
    enrol_u2f(guest, "green", "-N");
    let costs = measure(guest, "green", Some("1234"));
    print("one passkey, PIN", &costs);
    // One more than without the promise that nobody types their last PIN unwarned.
    assert!(costs.0.transactions <= 7, "{costs:?}");
}

/// The last of ten passkeys matches, on a key that takes eight in a list.
#[test]
fn ten_passkeys_of_which_the_last_matches() {
    let guest = guest("")
        .file("/etc/pam.d/u2f", "auth required pam_u2f.so authfile=/etc/u2f_mappings\n")
        .key("last", key_options())
        .boot();
    guest.key("last").unplug();
    for n in 0..9 {
        let name = format!("other{n}");
        guest.add_key(&name, &key_options());
        enrol(&guest, &name, None);
        enrol_u2f(&guest, &name, "");
        guest.key(&name).unplug();
    }
    guest.key("last").plug();
    assert!(path(&guest, "last").starts_with("/dev/hidraw"));
    enrol(&guest, "last", None);
    enrol_u2f(&guest, "last", "");
    let costs = measure(&guest, "last", None);
    print("ten passkeys, the last matches", &costs);
    assert!(costs.0.transactions <= 5 && costs.0.opens == 1, "{costs:?}");
    two_hundred_passkeys(&guest);
}

/// The key holds the last of two hundred, which it is asked for eight at a time.
fn two_hundred_passkeys(guest: &Guest) {
    const FILE: &str = "/etc/passkey/credentials/alice.toml";
    let mut file =
        CredentialFile::parse(&guest.root(&format!("cat {FILE}")).ok()).expect("it was written by us");
    let last = file.credentials.last().expect("ten are enrolled").clone();
    // Each with an id of its own, and none with the last one's.
    let numbers = (0..=u8::MAX).filter(|number| *number != last.id.as_bytes()[0]).take(190);
    let others = numbers.map(|number| Credential {
        id: CredentialId::new([&[number], &last.id.as_bytes()[1..]].concat()).expect("as long as another"),
        name: format!("lost {number}"),
        ..last.clone()
    });
    file.credentials.splice(0..0, others.collect::<Vec<_>>());
    guest.write_as(FILE, file.encode(), "root", 0o644);
    guest.write("/etc/pam.d/hasty", passkey_only("timeout=5"));

    let listed = guest.run_as("alice", "passkey-enroll list").ok();
    assert_eq!(listed.lines().count(), 201, "{listed}");
    let key = guest.key("last");
    let sign_in = |service: &str| {
        key.reset_counts();
        let start = Instant::now();
        (guest.root(&format!("pamtester {service} alice authenticate")).status, start.elapsed())
    };
    key.touch_always(50);
    let (status, took) = sign_in("passkey");
    assert_eq!(status, 0, "{}", guest.syslog());
    let counts = key.counts();
    println!("200 passkeys, the last matches: {} transactions in {took:?}", counts.transactions);
    // Channel, getInfo, 25 pieces, the touch.
    assert!(counts.transactions <= 28 && counts.opens == 1, "{counts:?}");
    // Nobody touches it: neither looking nor waiting goes beyond the time that there is.
    key.touch_never();
    let (status, took) = sign_in("hasty");
    assert_ne!(status, 0);
    assert!(took < Duration::from_secs(15), "{took:?} where 5 s are allowed");
}
