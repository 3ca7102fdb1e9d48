//! A TPM that is another one, was cleared, is listened on or goes away; a state that is lost or broken; a service that is killed.

use ctap::Status;
use ctap::client_pin::Permissions;
use ctap::hmac_secret::{Salt, Salts};
use passkey_tpm::authenticator::TPM_UNAVAILABLE;
use passkey_tpm::derive;
use passkey_tpm::state::{MAX_TRIES, Store};
use sha2::{Digest as _, Sha256};

use crate::client::{ALICE, Bench, Credential, DISCOVERABLE, Enrolment, ORDINARY, RP_ID};
use crate::simulator::Simulator;

const PIN: &str = "correct horse";

fn enrolled() -> (Bench, Credential) {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let credential = client.enrol(&mut bench, PIN, Enrolment { hmac_secret: true, ..DISCOVERABLE });
    (bench, credential)
}

/// It signs nothing, says so, and loses nothing until it is reset.
fn assert_foreign(bench: &mut Bench, credential: &Credential) {
    let file = bench.state.path().join(format!("{ALICE}.toml"));
    let before = std::fs::read_to_string(&file).unwrap();
    let mut client = bench.connect(ALICE);
    assert_eq!(client.info(bench).options.client_pin, Some(true));
    for list in [&[&*credential.id][..], &[]] {
        assert_eq!(client.silent(bench, RP_ID, list), Status::NO_CREDENTIALS);
        assert_eq!(client.sign_in(bench, PIN, list).unwrap_err(), Status::INTEGRITY_FAILURE);
    }
    assert_eq!(client.refused(bench, &[0x06, 0xa1, 0x02, 0x01]), Status::INTEGRITY_FAILURE);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert_eq!(client.ask(bench, &[0x07]), [0]);
    assert_eq!(client.info(bench).options.client_pin, Some(false));
    client.set_pin(bench, PIN);
    assert_eq!(client.silent(bench, RP_ID, &[&credential.id]), Status::NO_CREDENTIALS);
    let new = client.enrol(bench, PIN, ORDINARY);
    new.verify(&client.sign_in(bench, PIN, &[&new.id]).unwrap());
}

#[test]
fn a_disk_in_another_computer_signs_nothing() {
    let (bench, credential) = enrolled();
    let Bench { authenticator, state, .. } = bench;
    drop(authenticator);
    let mut bench = Bench::with(Simulator::start(), state);
    assert_foreign(&mut bench, &credential);
}

#[test]
fn a_tpm_that_was_cleared_signs_nothing() {
    let (bench, credential) = enrolled();
    bench.simulator.clear();
    let mut bench = bench.restart();
    assert_foreign(&mut bench, &credential);
}

#[test]
fn a_tpm_that_is_cleared_while_the_service_runs_signs_nothing() {
    let (mut bench, credential) = enrolled();
    let mut client = bench.connect(ALICE);
    let token = client.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap();
    bench.simulator.clear();
    assert!(client.assert(&mut bench, &token, &[&credential.id]).is_err());
    assert_foreign(&mut bench, &credential);
}

#[test]
fn a_lost_state_is_a_new_authenticator() {
    let (bench, credential) = enrolled();
    std::fs::remove_file(bench.state.path().join(format!("{ALICE}.toml"))).unwrap();
    let mut bench = bench.restart();
    let mut client = bench.connect(ALICE);
    assert_eq!(client.info(&mut bench).options.client_pin, Some(false));
    assert_eq!(client.silent(&mut bench, RP_ID, &[&credential.id]), Status::NO_CREDENTIALS);
    client.set_pin(&mut bench, PIN);
    assert_eq!(client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap_err(), Status::NO_CREDENTIALS);
}

#[test]
fn a_broken_state_is_an_error_and_stays_as_it_is() {
    let (mut bench, credential) = enrolled();
    let file = bench.state.path().join(format!("{ALICE}.toml"));
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let mut client = bench.connect(ALICE);
    let key_agreement = client.agree(&mut bench);
    let enc = key_agreement.new_pin_enc(&crate::client::pin(PIN), &mut crate::client::random);
    let set_pin = ctap::client_pin::Request::SetPin { session: &key_agreement, new_pin_enc: &enc }.encode();
    let reset = [0x07];
    for request in [&[0x04][..], &set_pin, &reset, &[0x06, 0xa1, 0x02, 0x01]] {
        assert_eq!(client.refused(&mut bench, request), Status::OTHER);
    }
    assert_eq!(client.silent(&mut bench, RP_ID, &[&credential.id]), Status::OTHER);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole[..whole.len() / 2]);
    std::fs::write(&file, whole).unwrap();
    credential.verify(&client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap());
}

#[test]
fn a_try_is_used_up_even_when_the_service_does_not_live_to_see_its_end() {
    let (mut bench, _) = enrolled();
    bench.simulator.set_lockout(32, 7200);
    let mut client = bench.connect(ALICE);
    let agreement = client.agree(&mut bench);
    // The TPM disappears before it can judge the PIN.
    bench.simulator.stop();
    let store_sees = |bench: &Bench| {
        std::fs::read_to_string(bench.state.path().join(format!("{ALICE}.toml")))
            .unwrap()
            .contains(&format!("tries_left = {MAX_TRIES}"))
    };
    let pin_hash_enc = agreement.pin_hash_enc(&crate::client::pin("wrong one"), &mut crate::client::random);
    let request = ctap::client_pin::Request::PinToken { session: &agreement, pin_hash_enc: &pin_hash_enc };
    assert_eq!(client.refused(&mut bench, &request.encode()), TPM_UNAVAILABLE);
    // A TPM that did not judge it takes no try.
    assert!(store_sees(&bench));
    bench.simulator.power_cycle();
    assert_eq!(
        client.token(&mut bench, "wrong one", Permissions::GA, Some(RP_ID)).unwrap_err(),
        Status::PIN_INVALID
    );
    let mut bench = bench.restart();
    assert!(!store_sees(&bench));
    let mut client = bench.connect(ALICE);
    assert_eq!(client.retries(&mut bench), MAX_TRIES - 1);
}

#[test]
fn a_tpm_that_goes_and_comes_back_is_found_again() {
    let (mut bench, credential) = enrolled();
    let mut client = bench.connect(ALICE);
    client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap();
    bench.simulator.stop();
    assert_eq!(client.refused(&mut bench, &[0x06, 0xa1, 0x02, 0x01]), TPM_UNAVAILABLE);
    assert_eq!(client.refused(&mut bench, &[0x04]), TPM_UNAVAILABLE);
    bench.simulator.power_cycle();
    credential.verify(&client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap());
    // It is reset between two requests.
    bench.simulator.power_cycle();
    credential.verify(&client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap());
}

/// Neither the PIN's hash, nor the authorization values, nor the account secret go over the bus in clear.
#[test]
fn nothing_secret_goes_over_the_bus() {
    let (mut bench, credential) = enrolled();
    let mut client = bench.connect(ALICE);
    let salts = Salts { first: Salt([1; 32]), second: None };
    let made = client.secrets(&mut bench, PIN, &credential.id, &salts);
    client.change_pin(&mut bench, PIN, "another").unwrap();
    let Bench { authenticator, simulator, state, .. } = bench;
    drop(authenticator);
    let account = Store::open(state.path()).unwrap().load(ALICE).unwrap();
    let pin = account.pin.unwrap();
    let hash: [u8; 32] = Sha256::digest("another").into();
    let auth = derive::pin_auth(ALICE, &pin.salt, hash.first_chunk().unwrap());
    let unlocked = simulator.tpm().unseal(&pin.sealed, &auth).unwrap();
    let traffic = simulator.traffic();
    let is_in_traffic = |secret: &[u8]| traffic.windows(16).any(|window| window == &secret[..16]);
    // The search does find bytes that go in clear.
    assert!(is_in_traffic(&pin.sealed.public[14..]), "the public part of the sealed secret");
    assert!(is_in_traffic(&credential.id[18..34]), "the public point");
    let old_hash: [u8; 32] = Sha256::digest(PIN).into();
    // The TPM's own wrapping goes encrypted, too.
    for secret in [&hash[..], &old_hash, unlocked.as_bytes(), made.first.as_bytes(), &pin.sealed.private] {
        assert!(!is_in_traffic(secret));
    }
    let unlocked = derive::AccountSecret::from_secret(&unlocked).unwrap();
    let nonce = credential.id[2..18].try_into().unwrap();
    let rp_id_hash: [u8; 32] = Sha256::digest(RP_ID).into();
    for auth in [
        derive::pin_auth(ALICE, &pin.salt, hash.first_chunk().unwrap()),
        unlocked.credential_auth(nonce, &rp_id_hash, ALICE),
        unlocked.hmac_key_auth(ALICE),
    ] {
        assert!(!is_in_traffic(auth.as_bytes()));
    }
}
