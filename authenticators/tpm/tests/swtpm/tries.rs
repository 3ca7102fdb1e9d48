//! Wrong PINs, and who counts them.

use ctap::Status;
use ctap::client_pin::Permissions;
use passkey_tpm::state::MAX_TRIES;

use crate::client::{ALICE, BOB, Bench, ORDINARY, RP_ID};

const PIN: &str = "correct horse";
const HOUR: u64 = 3600;

/// A TPM that takes many wrong ones, as real ones do.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.simulator.set_lockout(32, 7200);
    bench
}

fn try_wrong(bench: &mut Bench, account: u32) -> Status {
    let mut client = bench.connect(account);
    client.token(bench, "wrong one", Permissions::GA, Some(RP_ID)).unwrap_err()
}

#[test]
fn a_wrong_pin_counts_in_the_tpm_and_a_right_one_gives_none_back() {
    let mut bench = bench();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    assert_eq!(client.retries(&mut bench), MAX_TRIES);
    assert_eq!(try_wrong(&mut bench, ALICE), Status::PIN_INVALID);
    assert_eq!(bench.simulator.lockout_counter(), 1);
    assert_eq!(client.retries(&mut bench), MAX_TRIES - 1);
    client.enrol(&mut bench, PIN, ORDINARY);
    assert_eq!(client.retries(&mut bench), MAX_TRIES - 1);
    bench.pass(2 * HOUR);
    assert_eq!(client.retries(&mut bench), MAX_TRIES);
}

#[test]
fn three_wrong_ones_in_a_row_end_the_tries_of_a_connection() {
    let mut bench = bench();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let mut wrong =
        |bench: &mut Bench| client.token(bench, "wrong one", Permissions::GA, Some(RP_ID)).unwrap_err();
    assert_eq!(wrong(&mut bench), Status::PIN_INVALID);
    assert_eq!(wrong(&mut bench), Status::PIN_INVALID);
    assert_eq!(wrong(&mut bench), Status::PIN_AUTH_BLOCKED);
    assert_eq!(wrong(&mut bench), Status::PIN_AUTH_BLOCKED);
    assert_eq!(bench.simulator.lockout_counter(), 3);
    let mut client = bench.connect(ALICE);
    assert_eq!(client.retries(&mut bench), MAX_TRIES - 3);
    client.enrol(&mut bench, PIN, ORDINARY);
}

#[test]
fn an_account_that_is_out_of_tries_waits_and_the_others_do_not() {
    let mut bench = bench();
    for account in [ALICE, BOB] {
        bench.connect(account).set_pin(&mut bench, PIN);
    }
    for _ in 1..MAX_TRIES {
        assert_eq!(try_wrong(&mut bench, ALICE), Status::PIN_INVALID);
    }
    assert_eq!(try_wrong(&mut bench, ALICE), Status::PIN_BLOCKED);
    let mut client = bench.connect(ALICE);
    let refused = client.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap_err();
    assert_eq!(refused, Status::PIN_BLOCKED);
    assert_eq!(bench.simulator.lockout_counter(), u32::from(MAX_TRIES));
    bench.connect(BOB).enrol(&mut bench, PIN, ORDINARY);
    // Neither a new service nor a reset gives any back.
    let mut bench = bench.restart();
    assert_eq!(bench.connect(ALICE).ask(&mut bench, &[0x07]), [0]);
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    assert_eq!(client.retries(&mut bench), 0);
    // No faster than the TPM forgets: two hours here.
    bench.pass(HOUR);
    assert_eq!(client.retries(&mut bench), 0);
    bench.pass(HOUR);
    assert_eq!(client.retries(&mut bench), 1);
    client.enrol(&mut bench, PIN, ORDINARY);
    assert_eq!(client.retries(&mut bench), 1);
}

#[test]
fn the_tpms_last_tries_are_for_those_who_gave_no_cause() {
    let mut bench = Bench::new();
    bench.simulator.set_lockout(8, 7200);
    for account in [ALICE, BOB] {
        bench.connect(account).set_pin(&mut bench, PIN);
    }
    // A quarter of eight is kept.
    for _ in 1..6 {
        assert_eq!(try_wrong(&mut bench, ALICE), Status::PIN_INVALID);
    }
    assert_eq!(try_wrong(&mut bench, ALICE), Status::PIN_BLOCKED);
    assert_eq!(try_wrong(&mut bench, ALICE), Status::PIN_BLOCKED);
    assert_eq!(bench.simulator.lockout_counter(), 6);
    let mut bob = bench.connect(BOB);
    assert_eq!(bob.retries(&mut bench), 1);
    bob.enrol(&mut bench, PIN, ORDINARY);
}

#[test]
fn a_locked_tpm_tries_nothing_and_recovers() {
    let mut bench = Bench::new();
    bench.simulator.set_lockout(2, 1);
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let credential = client.enrol(&mut bench, PIN, ORDINARY);
    bench.simulator.set_lockout(2, 600);
    assert_eq!(try_wrong(&mut bench, ALICE), Status::PIN_INVALID);
    assert_eq!(try_wrong(&mut bench, ALICE), Status::PIN_BLOCKED);
    let mut client = bench.connect(ALICE);
    let refused = client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap_err();
    assert_eq!(refused, Status::PIN_BLOCKED);
    assert_eq!(client.retries(&mut bench), 0);
    // The account's own tries are not used up by what the TPM did not try.
    bench.simulator.set_lockout(2, 1);
    let begun = std::time::Instant::now();
    while client.retries(&mut bench) == 0 {
        assert!(begun.elapsed().as_secs() < 20);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    credential.verify(&client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap());
}
