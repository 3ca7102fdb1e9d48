//! How long it takes, as figures next to Debian's `pam_u2f` in the same guest; under the fake clock the same is asserted
//! (`passkey-core/tests/ceremony/several_keys.rs`).

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest};

/// How often each is measured; the best of them counts, since the machine may have had other things to do meanwhile.
const RUNS: u64 = 3;
/// How long the incumbent is waited for, in seconds.
const PATIENCE: u64 = 12;

/// Milliseconds that a script in the guest has measured; none where what it measured came to nothing.
#[track_caller]
fn measured(guest: &Guest, script: &str) -> Vec<u64> {
    let now = "now() { echo $(($(date +%s%N) / 1000000)); }\n";
    let said = guest.root(&format!("{now}{script}")).ok();
    said.split_whitespace().map(|word| word.parse().unwrap_or_else(|_| panic!("no time: {said}"))).collect()
}

/// From the start of a sign-in until the key blinks; it is touched then.
fn until_blinking(guest: &Guest) -> u64 {
    let script = "start=$(now); pamtester passkey alice authenticate >/dev/null 2>&1 </dev/null &
        virtual-key ctl wait-blinking first >/dev/null; blinks=$(now)
        virtual-key ctl touch first >/dev/null; wait; echo $((blinks - start))";
    (0..RUNS).flat_map(|_| measured(guest, script)).min().unwrap()
}

/// The person touches the second key as soon as it takes a touch: how long after the first blinked that was, and how long after the
/// touch they were signed in.
fn second_touched(guest: &Guest, service: &str) -> Option<(u64, u64)> {
    let script = format!(
        "timeout {PATIENCE} pamtester {service} alice authenticate >/dev/null 2>&1 </dev/null & tester=$!
         virtual-key ctl wait-blinking first >/dev/null; start=$(now)
         virtual-key ctl touch second --within {PATIENCE}000 >/dev/null; touched=$(now)
         if wait $tester; then echo $((touched - start)) $(($(now) - touched)); fi"
    );
    measured(guest, &script).try_into().ok().map(|[ready, signed_in]: [u64; 2]| (ready, signed_in))
}

#[test]
fn many_keys() {
    // pamu2fcfg wants to see a certificate.
    let key = || KeyOptions::default().with(&["--attestation"]);
    let guest = guest("timeout=60")
        .file("/etc/pam.d/u2f", "auth required pam_u2f.so authfile=/etc/u2f_mappings\n")
        .key("first", key())
        .key("second", key())
        .boot();
    for (key, other, option) in [("first", "second", "-u alice"), ("second", "first", "-n")] {
        enrol(&guest, key, None);
        guest.key(other).unplug();
        guest.key(key).touch_always(50);
        let line = format!("pamu2fcfg {option} > line && tr -d '\\n' < line >> /etc/u2f_mappings");
        let mut tool = guest.terminal("root", &line);
        assert_eq!(tool.wait().status, 0, "{}", tool.screen());
        guest.key(key).touch_never();
        guest.key(other).plug();
    }
    // The first time the programs are read from the disk.
    second_touched(&guest, "passkey").expect("signed in");
    let runs = (0..RUNS).map(|_| second_touched(&guest, "passkey").expect("signed in"));
    let (ready, signed_in) = runs.min_by_key(|(_, signed_in)| *signed_in).unwrap();
    println!(
        "two keys, the second is touched {ready} ms after the first blinks: signed in after {signed_in} ms"
    );
    match second_touched(&guest, "u2f") {
        Some((ready, signed_in)) => {
            println!("  with pam_u2f it can be touched after {ready} ms: signed in after {signed_in} ms");
        }
        None => println!("  with pam_u2f it cannot be touched within {PATIENCE} s"),
    }
    // It was stopped in the middle, and its key may still blink.
    guest.key("first").unplug();
    guest.key("first").plug();

    guest.key("second").unplug();
    let one = until_blinking(&guest);
    let foreign: Vec<String> = (0..15).map(|n| format!("foreign{n}")).collect();
    for name in &foreign {
        guest.add_key(name, &KeyOptions::default());
    }
    let sixteen = until_blinking(&guest);
    println!("time until the right key blinks: alone {one} ms, among sixteen {sixteen} ms");
    for name in &foreign {
        let asked = guest.key(name).counts().transactions;
        assert!(
            asked <= 3 * RUNS,
            "{name}: INIT, getInfo and one silent question each time, not {asked} in all"
        );
    }
}
