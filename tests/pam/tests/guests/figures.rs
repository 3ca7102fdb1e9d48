//! What a sign-in by this computer takes, next to a security key in the same guest: the table of `docs/administration.md`.
//!
//! The person takes no time: the PIN is on standard input, and the key is touched as soon as it blinks.

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, passkey_only, this_computer};

const PIN: &str = "24680";
const KEY_PIN: &str = "1234";
const RUNS: usize = 9;
const START: &str = "systemctl start passkey-tpm.service";
const STOP: &str = "systemctl stop passkey-tpm.service";

/// One way to sign in.
struct Case {
    name: &'static str,
    service: &'static str,
    pin: &'static str,
    /// As root, before each sign-in.
    before: &'static str,
}

const BY_KEY: [Case; 2] = [
    Case { name: "security key, touch", service: "touch", pin: "", before: "true" },
    Case { name: "security key, PIN and touch", service: "verified", pin: KEY_PIN, before: "true" },
];
const BY_TPM: [Case; 2] = [
    Case { name: "this computer, PIN", service: "verified", pin: PIN, before: START },
    Case { name: "this computer, PIN, service not running", service: "verified", pin: PIN, before: STOP },
];

#[test]
#[ignore = "takes long: ./check guest-full"]
fn this_computer_next_to_a_security_key() {
    let guest = this_computer::machine()
        .user("alice", "secret")
        .file("/etc/pam.d/nothing", "auth required pam_permit.so\n")
        .file("/etc/pam.d/touch", passkey_only("timeout=60"))
        .file("/etc/pam.d/verified", passkey_only("mode=passwordless timeout=60"))
        .file("/etc/pam.d/touch-debug", passkey_only("timeout=60 debug"))
        .file("/etc/pam.d/verified-debug", passkey_only("mode=passwordless timeout=60 debug"))
        .key("blue", KeyOptions::default().pin(KEY_PIN))
        .boot();
    this_computer::install(&guest);
    enrol(&guest, "blue", Some(KEY_PIN));
    let blue = guest.key("blue");
    let nothing = Case { name: "pamtester alone", service: "nothing", pin: "", before: "true" };
    println!("| sign-in | requests | TPM commands | time, median of {RUNS} (best) |\n|---|---|---|---|");
    let (median, best) = times(&guest, &nothing);
    println!("| {} | | | {median} ms ({best} ms) |", nothing.name);

    blue.touch_always(0);
    for case in &BY_KEY {
        let (median, best) = times(&guest, case);
        blue.reset_counts();
        let requests = requests(&guest, case);
        assert_eq!(blue.counts().transactions, requests, "by the module's log");
        println!("| {} | {requests} | | {median} ms ({best} ms) |", case.name);
        assert!(requests <= 7, "{requests}");
    }
    blue.unplug();
    this_computer::enrol(&guest, "alice", PIN);
    for case in &BY_TPM {
        let (median, best) = times(&guest, case);
        let requests = requests(&guest, case);
        let commands = tpm_commands(&guest, case);
        println!("| {} | {requests} | {commands} | {median} ms ({best} ms) |", case.name);
        assert!(requests <= 7 && commands > 0, "{requests} requests, {commands} commands");
    }
}

fn script(case: &Case, service: &str) -> String {
    format!(
        "printf '%s\\n' '{}' | pamtester {service} alice authenticate >/run/said 2>&1 || {{ cat /run/said >&2; exit 1; }}",
        case.pin
    )
}

/// Milliseconds: the median, and the best.
#[track_caller]
fn times(guest: &Guest, case: &Case) -> (u64, u64) {
    let script = format!(
        "{}; start=$(date +%s%N); {}; echo $((($(date +%s%N) - start) / 1000000))",
        case.before,
        script(case, case.service)
    );
    let mut times: Vec<u64> =
        (0..RUNS).map(|_| guest.root(&script).ok().trim().parse().expect("milliseconds")).collect();
    times.sort_unstable();
    (times[RUNS / 2], times[0])
}

/// CTAPHID requests of one sign-in, by the module's own log.
#[track_caller]
fn requests(guest: &Guest, case: &Case) -> u64 {
    let signs_in = script(case, &format!("{}-debug", case.service));
    guest.root(&format!("{}; : >/var/log/syslog; {signs_in}", case.before)).ok();
    let log = guest.syslog();
    let requests =
        log.lines().filter(|line| line.contains(" is asked ") || line.contains(" is open")).count();
    u64::try_from(requests).expect("a few")
}

/// Commands of the TPM in one sign-in: each is one write. A service that is not running is followed from its start, by process 1.
#[track_caller]
fn tpm_commands(guest: &Guest, case: &Case) -> usize {
    let process = if case.before == STOP { "1" } else { "$(pgrep -x passkey-tpm)" };
    let script = format!(
        "{}; strace -f -qq -e trace=write -P /dev/tpmrm0 -o /run/tpm.trace -p {process} & tracer=$!; sleep 1
         {}; kill $tracer; wait $tracer; grep -c write /run/tpm.trace",
        case.before,
        script(case, case.service)
    );
    guest.root(&script).ok().trim().parse().expect("a number of lines")
}
