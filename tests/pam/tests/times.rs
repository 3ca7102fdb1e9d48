//! How long it takes, as figures next to Debian's `pam_u2f` in the same guest; under the fake clock the same is asserted
//! (`passkey-core/tests/ceremony/several_keys.rs`).
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use guest::{Guest, KeyOptions};
use pam_tests::{enrol, guest};

/// Milliseconds that a script in the guest has measured.
#[track_caller]
fn measured(guest: &Guest, script: &str) -> u64 {
    let now = "now() { echo $(($(date +%s%N) / 1000000)); }\n";
    let said = guest.root(&format!("{now}{script}")).ok();
    said.trim().parse().unwrap_or_else(|_| panic!("no time: {said}"))
}

/// From the start of a sign-in until the key blinks; it is touched then.
fn until_blinking(guest: &Guest) -> u64 {
    measured(
        guest,
        "start=$(now); pamtester passkey alice authenticate >/dev/null 2>&1 </dev/null &
         virtual-key ctl wait-blinking right >/dev/null; blinks=$(now)
         virtual-key ctl touch right >/dev/null; wait; echo $((blinks - start))",
    )
}

#[test]
fn sixteen_keys_and_one() {
    let guest = guest("").key("right", KeyOptions::default()).boot();
    enrol(&guest, "right", None);
    // The first time the programs are read from the disk.
    until_blinking(&guest);
    let one = (0..3).map(|_| until_blinking(&guest)).min().unwrap();
    for n in 0..15 {
        guest.add_key(&format!("foreign{n}"), &KeyOptions::default());
    }
    let sixteen = (0..3).map(|_| until_blinking(&guest)).min().unwrap();
    println!("time until the right key blinks: alone {one} ms, among sixteen {sixteen} ms");
}

/// From the first blinking of any key until the person, who touches the second one, is signed in.
fn second_touched(guest: &Guest, service: &str) -> u64 {
    measured(
        guest,
        &format!(
            "pamtester {service} alice authenticate >/dev/null 2>&1 </dev/null & tester=$!
             virtual-key ctl wait-blinking first >/dev/null; start=$(now)
             virtual-key ctl auto-touch second on 0 >/dev/null; wait $tester; echo $(($(now) - start))
             virtual-key ctl never second >/dev/null"
        ),
    )
}

#[test]
fn the_second_of_two_keys() {
    let guest = guest("timeout=60")
        .file("/etc/pam.d/u2f", "auth required pam_u2f.so authfile=/etc/u2f_mappings\n")
        .key("first", KeyOptions::default().with(&["--attestation"]))
        .key("second", KeyOptions::default().with(&["--attestation"]))
        .boot();
    for (key, other) in [("first", "second"), ("second", "first")] {
        enrol(&guest, key, None);
        guest.key(other).unplug();
        guest.key(key).touch_always(50);
        let option = if key == "first" { "-u alice" } else { "-n" };
        let line = format!("pamu2fcfg {option} > line && tr -d '\\n' < line >> /etc/u2f_mappings");
        let mut tool = guest.terminal("root", &line);
        assert_eq!(tool.wait().status, 0, "{}", tool.screen());
        guest.key(key).touch_never();
        guest.key(other).plug();
    }
    let ours = second_touched(&guest, "passkey");
    let theirs = second_touched(&guest, "u2f");
    println!("two keys blink, the second is touched: signed in after {ours} ms | pam_u2f {theirs} ms");
}
