//! Enrolling and signing in.

use std::time::Instant;

use ctap::client_pin::Permissions;
use ctap::extensions::CredProtect;
use ctap::hmac_secret::{Salt, Salts};
use ctap::pin_uv_auth::PinUvAuthProtocol;
use ctap::{Flags, ReplyError, Status};

use crate::client::{ALICE, BOB, Bench, DISCOVERABLE, Enrolment, ORDINARY, RP_ID};

const PIN: &str = "correct horse";

#[test]
fn a_person_enrols_and_signs_in_under_both_protocols() {
    for protocol in [PinUvAuthProtocol::One, PinUvAuthProtocol::Two] {
        let mut bench = Bench::new();
        let mut client = bench.connect(ALICE);
        client.protocol = protocol;
        assert_eq!(client.info(&mut bench).options.client_pin, Some(false));
        client.set_pin(&mut bench, PIN);
        let info = client.info(&mut bench);
        assert_eq!(info.options.client_pin, Some(true));
        assert_eq!(info.aaguid, passkey_tpm::ctap2::AAGUID);
        let credential = client.enrol(&mut bench, PIN, ORDINARY);
        assert!(credential.id.len() <= info.max_credential_id_length.unwrap());
        // From another connection, of a service that was started anew.
        let mut bench = bench.restart();
        let mut client = bench.connect(ALICE);
        client.protocol = protocol;
        assert_eq!(client.silent(&mut bench, RP_ID, &[&credential.id]), Status::PUAT_REQUIRED);
        let begun = Instant::now();
        let assertion = client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap();
        println!("token and assertion: {:?}, credential id {} bytes", begun.elapsed(), credential.id.len());
        credential.verify(&assertion);
        assert_eq!(assertion.authenticator_data.flags.0, (Flags::UP | Flags::UV).0);
        assert_eq!(assertion.user, None);
    }
}

#[test]
fn a_credential_is_of_one_account_one_rp_id_and_one_pin() {
    let mut bench = Bench::new();
    let mut alice = bench.connect(ALICE);
    let mut bob = bench.connect(BOB);
    alice.set_pin(&mut bench, PIN);
    bob.set_pin(&mut bench, PIN);
    let credential = alice.enrol(&mut bench, PIN, ORDINARY);
    let of_bob = bob.enrol(&mut bench, PIN, ORDINARY);
    assert_eq!(bob.silent(&mut bench, RP_ID, &[&credential.id]), Status::NO_CREDENTIALS);
    assert_eq!(bob.sign_in(&mut bench, PIN, &[&credential.id]).unwrap_err(), Status::NO_CREDENTIALS);
    assert_eq!(alice.silent(&mut bench, "other.example.org", &[&credential.id]), Status::NO_CREDENTIALS);
    let both: [&[u8]; 2] = [&of_bob.id, &credential.id];
    credential.verify(&alice.sign_in(&mut bench, PIN, &both).unwrap());
    of_bob.verify(&bob.sign_in(&mut bench, PIN, &both).unwrap());
}

#[test]
fn nothing_is_signed_without_a_token_for_it() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    assert_eq!(client.refused(&mut bench, &crate::client::plain().encode()), Status::PUAT_REQUIRED);
    assert_eq!(client.refused(&mut bench, &ORDINARY.request(None).encode()), Status::PUAT_REQUIRED);
    client.set_pin(&mut bench, PIN);
    let credential = client.enrol(&mut bench, PIN, ORDINARY);
    let list: [&[u8]; 1] = [&credential.id];
    // For another RP ID, for another purpose, used already, of another protocol.
    let token = client.token(&mut bench, PIN, Permissions::GA, Some("other.example.org")).unwrap();
    assert_eq!(client.assert(&mut bench, &token, &list).unwrap_err(), Status::PIN_AUTH_INVALID);
    let token = client.token(&mut bench, PIN, Permissions::MC, Some(RP_ID)).unwrap();
    assert_eq!(client.assert(&mut bench, &token, &list).unwrap_err(), Status::PIN_AUTH_INVALID);
    let token = client.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap();
    credential.verify(&client.assert(&mut bench, &token, &list).unwrap());
    assert_eq!(client.assert(&mut bench, &token, &list).unwrap_err(), Status::PIN_AUTH_INVALID);
    let token = client.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap();
    client.protocol = PinUvAuthProtocol::One;
    assert_eq!(client.assert(&mut bench, &token, &list).unwrap_err(), Status::PIN_AUTH_INVALID);
    // On another connection.
    let mut other = bench.connect(ALICE);
    assert_eq!(other.assert(&mut bench, &token, &list).unwrap_err(), Status::PIN_AUTH_INVALID);
    // After the PIN was changed elsewhere.
    client.protocol = PinUvAuthProtocol::Two;
    other.change_pin(&mut bench, PIN, "another one").unwrap();
    assert_eq!(client.assert(&mut bench, &token, &list).unwrap_err(), Status::PIN_AUTH_INVALID);
}

#[test]
fn a_changed_pin_opens_the_same_passkeys() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    assert_eq!(client.try_set_pin(&mut bench, "another"), Err(ReplyError::Status(Status::PIN_AUTH_INVALID)));
    let credential = client.enrol(&mut bench, PIN, Enrolment { hmac_secret: true, ..ORDINARY });
    let salts = Salts { first: Salt([1; 32]), second: Some(Salt([2; 32])) };
    let before = client.secrets(&mut bench, PIN, &credential.id, &salts);
    assert_eq!(
        client.change_pin(&mut bench, "wrong one", "another"),
        Err(ReplyError::Status(Status::PIN_INVALID))
    );
    client.change_pin(&mut bench, PIN, "another").unwrap();
    assert_eq!(client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap_err(), Status::PIN_INVALID);
    credential.verify(&client.sign_in(&mut bench, "another", &[&credential.id]).unwrap());
    assert_eq!(client.secrets(&mut bench, "another", &credential.id, &salts), before);
}

#[test]
fn short_pins_are_refused() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    for (short, accepted) in [("abc", false), ("äöü", false), ("äöüß", true)] {
        let agreement = client.agree(&mut bench);
        let mut padded = [[0; 16]; 4];
        padded.as_flattened_mut()[..short.len()].copy_from_slice(short.as_bytes());
        let new_pin_enc = agreement.encrypt(&padded, &mut crate::client::random);
        let request =
            ctap::client_pin::Request::SetPin { session: &agreement, new_pin_enc: &new_pin_enc }.encode();
        let status = client.ask(&mut bench, &request)[0];
        let expected = if accepted { Status::OK } else { Status::PIN_POLICY_VIOLATION };
        assert_eq!(Status(status), expected, "{short}");
    }
}

#[test]
fn secrets_are_of_one_credential_and_salt() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let enrolment = Enrolment { hmac_secret: true, ..ORDINARY };
    let one = client.enrol(&mut bench, PIN, enrolment);
    let other = client.enrol(&mut bench, PIN, enrolment);
    assert!(one.data.makes_secrets());
    let both = Salts { first: Salt([1; 32]), second: Some(Salt([2; 32])) };
    let made = client.secrets(&mut bench, PIN, &one.id, &both);
    assert_ne!(made.first, *made.second.as_ref().unwrap());
    let second = Salts { first: Salt([2; 32]), second: None };
    client.protocol = PinUvAuthProtocol::One;
    assert_eq!(client.secrets(&mut bench, PIN, &one.id, &second).first, made.second.unwrap());
    assert_ne!(client.secrets(&mut bench, PIN, &other.id, &second).first, made.first);
}

#[test]
fn excluded_credentials_are_not_made_twice() {
    let mut bench = Bench::new();
    let (mut alice, mut bob) = (bench.connect(ALICE), bench.connect(BOB));
    alice.set_pin(&mut bench, PIN);
    bob.set_pin(&mut bench, PIN);
    let credential = alice.enrol(&mut bench, PIN, ORDINARY);
    let exclude: [&[u8]; 2] = [&[1, 2, 3], &credential.id];
    let again = Enrolment { exclude_list: &exclude, ..ORDINARY };
    let refused = alice.try_enrol(&mut bench, PIN, again).map(drop);
    assert_eq!(refused, Err(ReplyError::Status(Status::CREDENTIAL_EXCLUDED)));
    bob.enrol(&mut bench, PIN, again);
}

#[test]
fn discoverable_credentials_answer_one_after_the_other() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let first = client.enrol(&mut bench, PIN, DISCOVERABLE);
    let second = client.enrol(&mut bench, PIN, Enrolment { user: b"other", ..DISCOVERABLE });
    let replaced = client.enrol(&mut bench, PIN, DISCOVERABLE);
    let mut bench = bench.restart();
    let mut client = bench.connect(ALICE);
    let latest = client.sign_in(&mut bench, PIN, &[]).unwrap();
    replaced.verify(&latest);
    assert_eq!(latest.number_of_credentials, Some(2));
    let user = latest.user.unwrap();
    assert_eq!((user.id.as_slice(), user.name.as_deref()), (&b"handle"[..], Some("alice")));
    let next = client.assertion(&mut bench, &[0x08]).unwrap();
    second.verify(&next);
    let user = next.user.unwrap();
    assert_eq!((user.id.as_slice(), user.name.as_deref()), (&b"other"[..], Some("alice")));
    assert_eq!(client.refused(&mut bench, &[0x08]), Status::NOT_ALLOWED);
    // The replaced one is no longer usable.
    assert_eq!(client.silent(&mut bench, RP_ID, &[&first.id]), Status::NO_CREDENTIALS);
    assert_eq!(client.sign_in(&mut bench, PIN, &[&first.id]).unwrap_err(), Status::NO_CREDENTIALS);
    // Anything in between ends it.
    client.sign_in(&mut bench, PIN, &[]).unwrap();
    client.info(&mut bench);
    assert_eq!(client.refused(&mut bench, &[0x08]), Status::NOT_ALLOWED);
    // Where there is nothing to choose from, nobody is named.
    let user = client.sign_in(&mut bench, PIN, &[&second.id]).unwrap().user.unwrap();
    assert_eq!((user.id.as_slice(), user.name, user.display_name), (&b"other"[..], None, None));
}

#[test]
fn protected_credentials_show_themselves_as_far_as_their_level_goes() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    for (level, by_id, by_rp_id) in [
        (None, Status::PUAT_REQUIRED, Status::PUAT_REQUIRED),
        (Some(1), Status::PUAT_REQUIRED, Status::PUAT_REQUIRED),
        (Some(2), Status::PUAT_REQUIRED, Status::NO_CREDENTIALS),
        (Some(3), Status::NO_CREDENTIALS, Status::NO_CREDENTIALS),
    ] {
        let cred_protect = level.map(|level| CredProtect::from_level(level).unwrap());
        let credential = client.enrol(&mut bench, PIN, Enrolment { cred_protect, ..DISCOVERABLE });
        assert_eq!(credential.data.cred_protect(), cred_protect);
        assert_eq!(client.silent(&mut bench, RP_ID, &[&credential.id]), by_id, "{level:?}");
        assert_eq!(client.silent(&mut bench, RP_ID, &[]), by_rp_id, "{level:?}");
        credential.verify(&client.sign_in(&mut bench, PIN, &[&credential.id]).unwrap());
    }
}

#[test]
fn what_is_not_there_is_said_to_be_so() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    assert_eq!(client.refused(&mut bench, &[0x0b]), Status::OPERATION_DENIED);
    assert_eq!(client.refused(&mut bench, &[0x08]), Status::NOT_ALLOWED);
    for command in [0x00, 0x03, 0x05, 0x09, 0x0c, 0x0d, 0x41, 0xff] {
        assert_eq!(client.refused(&mut bench, &[command]), Status::INVALID_COMMAND);
    }
    assert_eq!(client.silent(&mut bench, RP_ID, &[]), Status::NO_CREDENTIALS);
    assert_eq!(client.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap_err(), Status::PIN_NOT_SET);
    client.set_pin(&mut bench, PIN);
    for permissions in [Permissions::BE, Permissions::LBW, Permissions::ACFG] {
        let refused = client.token(&mut bench, PIN, permissions, Some(RP_ID)).unwrap_err();
        assert_eq!(refused, Status::UNAUTHORIZED_PERMISSION);
    }
    assert_eq!(client.token(&mut bench, PIN, Permissions::GA, None).unwrap_err(), Status::MISSING_PARAMETER);
}
