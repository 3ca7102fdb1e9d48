//! Keys that misbehave on a wire that a real kernel passes on; every request of the ceremonies × everything a key can do is tried in process
//! (`passkey-core/tests/ceremony/matrix`).

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest, passkey_only};

/// What a key does in reply to which request, and what must come of it: libpam's words, the person's, and the log's.
const CASES: [(&str, &str, &str, &str, &str); 7] = [
    ("mute", "info", UNAVAIL, "does not answer", "stopped answering"),
    ("flood", "info", UNAVAIL, "does not answer", "stopped answering"),
    ("countless", "info", UNAVAIL, "does not answer", "answers that it cannot"),
    ("oversized", "info", UNAVAIL, "does not answer properly", "CTAPHID"),
    ("keepalives", "assertion", AUTH_ERR, "not touched in time", "not touched in time"),
    ("signature", "assertion", AUTH_ERR, "not valid for this account", "signature"),
    ("unplug", "assertion", UNAVAIL, "unplugged too early", "unplugged"),
];

const UNAVAIL: &str = "cannot retrieve authentication info";
const AUTH_ERR: &str = "Authentication failure";

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

/// That each sign-in ends at all is what the patience of [`Guest::root`] is for; how soon, the figures tell.
#[test]
fn a_hostile_key_costs_nothing_but_itself() {
    let guest = guest("timeout=2 wait_for_key=0")
        .file("/etc/pam.d/beside", passkey_only("timeout=30 wait_for_key=0"))
        .key("mad", KeyOptions::default())
        .key("honest", KeyOptions::default())
        .boot();
    let (mad, honest) = (guest.key("mad"), guest.key("honest"));
    enrol(&guest, "mad", None);
    enrol(&guest, "honest", None);
    honest.touch_always(50);
    mad.touch_always(50);
    mad.unplug();
    let (_, at_best) = timed(&guest, "beside");

    for (how, request, code, words, log) in CASES {
        honest.unplug();
        mad.plug();
        mad.misbehave_at(request, how);
        guest.root(": > /var/log/syslog").ok();
        let (said, alone) = timed(&guest, "passkey");
        assert!(said.contains(code) && said.contains(words), "{how} at {request}: {said}");
        assert!(guest.syslog().contains(log), "{how} at {request}: {}", guest.syslog());

        honest.plug();
        mad.plug();
        let (said, beside) = timed(&guest, "beside");
        assert!(said.contains("successfully authenticated"), "{how} at {request}, beside: {said}");
        assert!(guest.syslog().lines().any(|line| line.contains("verified") && line.contains("honest")));
        println!(
            "hostile key, {how:10} at {request:9}: alone {alone:5} ms, beside an honest key {beside:5} ms \
             (the honest one without it {at_best} ms)"
        );
    }
}
