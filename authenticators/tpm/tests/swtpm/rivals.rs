//! Attacks of one account on the others, and of one connection on another.

use ctap::client_pin::Permissions;
use ctap::{ReplyError, Status, get_assertion};
use passkey_tpm::state::MAX_TRIES;

use crate::client::{ALICE, BOB, Bench, Client, DISCOVERABLE, Enrolment, HASH, RP_ID, plain};

const PIN: &str = "correct horse";

/// A TPM that takes many wrong ones, as real ones do.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.simulator.set_lockout(32, 7200);
    bench
}

/// Types wrong PINs until none is taken any more, or so many were.
fn try_wrong(bench: &mut Bench, account: u32, most: u8) {
    for _ in 0..most {
        let mut client = bench.connect(account);
        let refused = client.token(bench, "wrong one", Permissions::GA, Some(RP_ID)).err();
        if refused == Some(Status::PIN_BLOCKED) {
            return;
        }
    }
}

/// The TPM forgets nothing for it.
#[test]
fn a_right_pin_does_not_buy_more_of_the_tpms_tries() {
    let mut bench = bench();
    for account in [ALICE, BOB] {
        bench.connect(account).set_pin(&mut bench, PIN);
    }
    for _ in 0..4 {
        try_wrong(&mut bench, BOB, MAX_TRIES - 1);
        let _ = bench.connect(BOB).token(&mut bench, PIN, Permissions::GA, Some(RP_ID));
    }
    assert!(bench.simulator.lockout_counter() <= MAX_TRIES.into(), "{}", bench.simulator.lockout_counter());
    assert_eq!(bench.connect(ALICE).retries(&mut bench), MAX_TRIES);
    // As time goes by.
    bench.pass(7200);
    assert_eq!(bench.connect(BOB).retries(&mut bench), 1);
}

/// Any user with subordinate user ids (subuid(5)) can act under all of them.
#[test]
fn many_user_ids_together_do_not_lock_the_tpm() {
    let mut bench = bench();
    bench.connect(ALICE).set_pin(&mut bench, PIN);
    for account in 165_536..165_548 {
        let refused = bench.connect_as(account).try_set_pin(&mut bench, PIN).err();
        assert_eq!(refused, Some(ReplyError::Status(Status::NOT_ALLOWED)));
        try_wrong(&mut bench, account, MAX_TRIES);
    }
    assert_eq!(bench.simulator.lockout_counter(), 0);
    let token = bench.connect(ALICE).token(&mut bench, PIN, Permissions::GA, Some(RP_ID));
    assert_eq!(token.err(), None, "the TPM counts {}", bench.simulator.lockout_counter());
}

/// A connection that has the first of several assertions.
fn half_way(bench: &mut Bench) -> Client {
    let mut client = bench.connect(ALICE);
    client.set_pin(bench, PIN);
    for user in [b"one", b"two"] {
        client.enrol(bench, PIN, Enrolment { user, ..DISCOVERABLE });
    }
    let token = client.token(bench, PIN, Permissions::GA, Some(RP_ID)).unwrap();
    let pin_uv_auth = Some((client.protocol, token.authenticate(&HASH)));
    client.assertion(bench, &get_assertion::Request { pin_uv_auth, ..plain() }.encode()).unwrap();
    client
}

#[track_caller]
fn signs_no_more(mut client: Client, bench: &mut Bench) {
    let next = client.ask(bench, &[0x08]);
    assert_ne!(next.first(), Some(&0), "authenticatorGetNextAssertion has signed");
}

#[test]
fn nothing_is_signed_after_a_reset() {
    let mut bench = bench();
    let client = half_way(&mut bench);
    assert_eq!(bench.connect(ALICE).ask(&mut bench, &[0x07]), [0]);
    signs_no_more(client, &mut bench);
}

#[test]
fn nothing_is_signed_for_a_pin_that_was_changed() {
    let mut bench = bench();
    let client = half_way(&mut bench);
    bench.connect(ALICE).change_pin(&mut bench, PIN, "another").unwrap();
    signs_no_more(client, &mut bench);
}
