//! Keys that misbehave on a wire that a real kernel passes on; every request of the ceremonies × everything a key can do is tried in process
//! (`passkey-core/tests/ceremony/matrix`).
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest, passkey_only};

/// What a key does in reply to which request, and what must come of it: libpam's words, the person's, and the log's.
const CASES: [(&str, &str, &str, &str, &str); 9] = [
    ("mute", "info", UNAVAIL, "does not answer", "stopped answering"),
    ("keepalives", "info", UNAVAIL, "does not answer", "stopped answering"),
    ("foreign-channel", "info", UNAVAIL, "does not answer", "stopped answering"),
    ("truncated", "info", UNAVAIL, "does not answer", "stopped answering"),
    ("drip", "info", UNAVAIL, "does not answer", "stopped answering"),
    ("garbage", "info", AUTH_ERR, "", "malformed"),
    ("oversized", "info", UNAVAIL, "does not answer", "CTAPHID"),
    ("mute", "assertion", UNAVAIL, "does not answer", "stopped answering"),
    ("keepalives", "assertion", AUTH_ERR, "not touched in time", "not touched in time"),
];

const UNAVAIL: &str = "cannot retrieve authentication info";
const AUTH_ERR: &str = "Authentication failure";

/// Kinds that hang the incumbent; see `sabotage.rs` of the virtual key for what each does.
const COMPARED: [&str; 4] = ["mute", "keepalives", "foreign-channel", "truncated"];

/// Runs a sign-in; its words and how long it took in the guest, in milliseconds.
fn timed(guest: &Guest, service: &str) -> (String, u64) {
    let command = format!(
        "start=$(date +%s%N); pamtester {service} alice authenticate 2>&1 </dev/null; \
         echo took $((($(date +%s%N) - start) / 1000000))"
    );
    let said = guest.root(&command).ok();
    let (words, took) = said.rsplit_once("took ").expect("a time");
    (words.to_owned(), took.trim().parse().expect("milliseconds"))
}

#[test]
fn a_hostile_key_costs_nothing_but_itself() {
    let guest = guest("timeout=4 wait_for_key=0")
        .file("/etc/pam.d/beside", passkey_only("timeout=30 wait_for_key=0"))
        .file("/etc/pam.d/u2f", "auth required pam_u2f.so authfile=/etc/u2f_mappings origin=guest cue\n")
        .key("mad", KeyOptions::default())
        .key("honest", KeyOptions::default())
        .boot();
    let (mad, honest) = (guest.key("mad"), guest.key("honest"));
    enrol(&guest, "mad", None);
    enrol(&guest, "honest", None);
    honest.touch_always(50);
    let (_, at_best) = timed(&guest, "beside");

    for (how, request, code, words, log) in CASES {
        honest.unplug();
        mad.misbehave_at(request, how);
        guest.root(": > /var/log/syslog").ok();
        let (said, alone) = timed(&guest, "passkey");
        assert!(said.contains(code) && said.contains(words), "{how} at {request}: {said}");
        assert!(guest.syslog().contains(log), "{how} at {request}: {}", guest.syslog());
        // The ceremony's four seconds, and what a loaded emulated machine adds.
        assert!(alone < 15_000, "{how} at {request}: {alone} ms");

        honest.plug();
        let (said, beside) = timed(&guest, "beside");
        assert!(said.contains("successfully authenticated"), "{how} at {request}, beside: {said}");
        assert!(beside < 10_000, "{how} at {request}, beside: {beside} ms");
        println!(
            "hostile key, {how:16} at {request:9}: alone {alone:5} ms, beside an honest key {beside:5} ms \
             (the honest one without it {at_best} ms)"
        );
    }
    compare(&guest);
}

/// The incumbent with the same keys and passkeys, each alone; it is stopped after so many seconds.
fn compare(guest: &Guest) {
    guest.key("honest").unplug();
    let convert = "import tomllib, base64\n\
        b = lambda t: base64.urlsafe_b64decode(t + '=' * (-len(t) % 4))\n\
        e = lambda t: base64.b64encode(t).decode()\n\
        n = lambda k, label: k[k.index(label) + 3:][:32]\n\
        for c in tomllib.load(open('/etc/passkey/credentials/alice.toml', 'rb'))['credential']:\n    \
            k = b(c['public_key'])\n    \
            if c['name'] == 'mad': print('alice:%s,%s,es256,+presence' % (e(b(c['id'])), e(n(k, b'\\x21\\x58\\x20') + n(k, b'\\x22\\x58\\x20'))))\n";
    guest.write("/root/convert.py", convert);
    guest.root("python3 /root/convert.py > /etc/u2f_mappings && test -s /etc/u2f_mappings").ok();
    guest.key("mad").touch_always(50);
    for how in COMPARED {
        guest.key("mad").misbehave(how);
        let ended =
            guest.root("timeout 20 pamtester u2f alice authenticate >/dev/null 2>&1 </dev/null").status;
        let what =
            if ended == 124 { "hangs (stopped after 20 s)".to_owned() } else { format!("ends with {ended}") };
        println!("hostile key, {how:16} alone with pam_u2f: {what}");
        guest.key("mad").misbehave("none");
    }
    let ended = guest.root("timeout 20 pamtester u2f alice authenticate >/dev/null 2>&1 </dev/null").status;
    println!("honest key, alone with pam_u2f: ends with {ended}");
}
