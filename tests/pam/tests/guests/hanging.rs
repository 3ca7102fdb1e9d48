//! A key that hangs on the bus: the kernel waits 5 s for it to take a report, uninterruptibly, and the program that writes with it
//! (`hidraw/src/detached.rs`). It must hold up neither the
//! key that the person means, nor Ctrl-C, nor the end of the program.

use guest::{Guest, Key, KeyOptions, PATIENCE};
use pam_tests::{audit_line, enrol, guest, passkey_only};
use std::time::{Duration, Instant};

/// Less than the one write that the kernel waits for, and enough for a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(4);

/// How long sudo takes in all to sign in with the key that is touched by itself: to the end of its process.
#[track_caller]
fn sign_in(guest: &Guest) -> Duration {
    let command = "start=$(date +%s%N); sudo -k id -un && echo took $((($(date +%s%N) - start) / 1000000))";
    let exit = guest.terminal("alice", command).wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    let line = audit_line(guest);
    assert!(line.contains("result=success") && line.contains(r#"passkey="honest""#), "{line}");
    let (_, took) = exit.screen.rsplit_once("took ").expect("a time");
    Duration::from_millis(took.trim().parse().expect("milliseconds"))
}

/// How long sudo goes on after Ctrl-C, which comes as soon as a report is on its way to `asked`.
#[track_caller]
fn interrupt(guest: &Guest, asked: &Key<'_>) -> Duration {
    asked.reset_counts();
    let mut sudo = guest.terminal("alice", "sudo -k id -un");
    let begun = Instant::now();
    while asked.counts().reports_in == 0 {
        assert!(begun.elapsed() < PATIENCE, "it is not asked: {}", sudo.screen());
    }
    let pressed = Instant::now();
    let exit = sudo.ctrl_c().wait();
    let took = pressed.elapsed();
    assert_ne!(exit.status, 0, "{}", exit.screen);
    assert!(audit_line(guest).contains("Ctrl-C"), "{}", audit_line(guest));
    took
}

/// Asserts that it holds up a program that writes to it by itself.
#[track_caller]
fn assert_hangs(guest: &Guest, key: &Key<'_>) {
    let path = key.path();
    let command =
        format!("start=$(date +%s); head -c 65 /dev/zero >{path} 2>/dev/null; echo $(($(date +%s) - start))");
    let seconds: u64 = guest.root(&command).ok().trim().parse().expect("seconds");
    assert!(seconds >= 4, "a write takes {seconds} s only");
}

/// Waits until no write is on its way any more: until then the kernel opens no key, whoever asks.
#[track_caller]
fn wait_until_free(guest: &Guest) {
    let script = "for try in $(seq 300); do
            readlink /proc/[0-9]*/fd/* 2>/dev/null | grep -q hidraw || exit 0
            sleep 0.1
        done; ps -ef; exit 1";
    guest.root(script).ok();
}

#[test]
fn a_key_that_hangs_on_the_bus_holds_nothing_up() {
    let guest = guest("")
        .file("/etc/pam.d/sudo", passkey_only("timeout=60 wait_for_key=0"))
        .file("/etc/sudoers.d/once", "Defaults passwd_tries=1\n")
        .key("honest", KeyOptions::default())
        .boot();
    let honest = guest.key("honest");
    enrol(&guest, "honest", None);

    let names: Vec<String> = (1..=6).map(|number| format!("hanging{number}")).collect();
    let mut hanging = Vec::new();
    for name in &names {
        hanging.push(guest.add_key(name, &KeyOptions::default().without_out_endpoint()));
        if ![1, names.len()].contains(&hanging.len()) {
            continue;
        }
        let number = hanging.len();
        // As long as they take what is written to them, they are only foreign.
        hanging.iter().for_each(Key::unmute);
        honest.touch_always(50);
        let usual = sign_in(&guest).max(sign_in(&guest));
        honest.touch_never();
        let usual_interrupt = interrupt(&guest, &hanging[0]);

        hanging.iter().for_each(Key::mute);
        assert_hangs(&guest, &hanging[0]);
        let interrupt = interrupt(&guest, &hanging[0]);
        wait_until_free(&guest);
        honest.touch_always(50);
        let beside = sign_in(&guest);
        wait_until_free(&guest);
        println!(
            "beside {number} that hang: signed in after {beside:?} (usually {usual:?}), \
             sudo ends {interrupt:?} after Ctrl-C (usually {usual_interrupt:?})"
        );
        assert!(beside < usual + SLACK, "{beside:?} beside {number}, and usually {usual:?}");
        assert!(interrupt < usual_interrupt + SLACK, "{interrupt:?} and usually {usual_interrupt:?}");
    }
}
