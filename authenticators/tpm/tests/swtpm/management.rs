//! Looking after discoverable credentials, and the reset.

use std::time::{Duration, Instant};

use ctap::Status;
use ctap::cbor::{Item, Key, Reader, entry};
use ctap::client_pin::Permissions;
use ctap::pin_uv_auth::PinUvAuthToken;

use crate::client::{ALICE, BOB, Bench, Client, DISCOVERABLE, Enrolment, RP_ID};

const PIN: &str = "correct horse";
const OTHER: &str = "other.example.org";

/// A request with a MAC, where there is a token.
fn request(token: Option<&PinUvAuthToken>, subcommand: u8, parameters: Option<Item>) -> Vec<u8> {
    let raw = parameters.clone().map(Item::into_bytes).unwrap_or_default();
    let param = token.map(|token| token.authenticate(&[&[subcommand][..], &raw].concat()));
    let map = Item::map([
        entry(0x01, Item::from(i64::from(subcommand))),
        entry(0x02, parameters),
        entry(0x03, token.map(|_| Item::from(2))),
        entry(0x04, param.as_deref().map(Item::from)),
    ]);
    [vec![0x0a], map.into_bytes()].concat()
}

fn descriptor(id: &[u8]) -> Item {
    Item::map([entry("id", Item::from(id)), entry("type", Item::from("public-key"))])
}

/// A number in a reply.
fn number(reply: &[u8], member: i64) -> u64 {
    let mut found = None;
    Reader::whole(ctap::status::of(reply).unwrap(), |reader| {
        reader.map(|key, value| {
            if key == Key::Int(member) { value.unsigned().map(|n| found = Some(n)) } else { value.skip() }
        })
    })
    .unwrap();
    found.unwrap()
}

fn manager(bench: &mut Bench, account: u32, rp_id: Option<&str>) -> (Client, PinUvAuthToken) {
    let mut client = bench.connect(account);
    let token = client.token(bench, PIN, Permissions::CM, rp_id).unwrap();
    (client, token)
}

#[test]
fn credentials_are_listed_one_after_the_other() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let (mut client, token) = manager(&mut bench, ALICE, None);
    assert_eq!(client.refused(&mut bench, &request(Some(&token), 2, None)), Status::NO_CREDENTIALS);
    for (rp_id, user) in [(RP_ID, b"1"), (RP_ID, b"2"), (OTHER, b"1")] {
        client.enrol(&mut bench, PIN, Enrolment { rp_id, user, ..DISCOVERABLE });
    }
    let (mut client, token) = manager(&mut bench, ALICE, None);
    let metadata = client.ask(&mut bench, &request(Some(&token), 1, None));
    assert_eq!((number(&metadata, 1), number(&metadata, 2)), (3, 61));
    assert_eq!(number(&client.ask(&mut bench, &request(Some(&token), 2, None)), 5), 2);
    let next_rp = request(None, 3, None);
    assert_eq!(client.ask(&mut bench, &next_rp)[0], 0);
    assert_eq!(client.refused(&mut bench, &next_rp), Status::NOT_ALLOWED);
    let of_rp_id = || {
        let hash: [u8; 32] =
            sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(RP_ID)).into();
        Some(Item::map([entry(0x01, Item::from(hash.as_slice()))]))
    };
    assert_eq!(number(&client.ask(&mut bench, &request(Some(&token), 4, of_rp_id())), 9), 2);
    // Only the subcommand that goes with it goes on, and nothing after anything else.
    assert_eq!(client.refused(&mut bench, &next_rp), Status::NOT_ALLOWED);
    let next = request(None, 5, None);
    client.ask(&mut bench, &request(Some(&token), 4, of_rp_id()));
    assert_eq!(client.ask(&mut bench, &next)[0], 0);
    client.ask(&mut bench, &request(Some(&token), 4, of_rp_id()));
    client.info(&mut bench);
    assert_eq!(client.refused(&mut bench, &next), Status::NOT_ALLOWED);
}

#[test]
fn nothing_is_managed_without_the_permission() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let credential = client.enrol(&mut bench, PIN, DISCOVERABLE);
    let delete = || Some(Item::map([entry(0x02, descriptor(&credential.id))]));
    for subcommand in [1, 2, 4, 6, 7] {
        let refused = client.refused(&mut bench, &request(None, subcommand, None));
        assert_eq!(refused, Status::PUAT_REQUIRED, "{subcommand}");
    }
    for subcommand in [0, 8, 255] {
        let refused = client.refused(&mut bench, &request(None, subcommand, None));
        assert_eq!(refused, Status::INVALID_SUBCOMMAND, "{subcommand}");
    }
    let for_signing = client.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap();
    let refused = client.refused(&mut bench, &request(Some(&for_signing), 6, delete()));
    assert_eq!(refused, Status::PIN_AUTH_INVALID);
    // A token for one RP ID: not for all of them, nor for another.
    let (mut other, token) = manager(&mut bench, ALICE, Some(OTHER));
    for (subcommand, parameters) in [(1, None), (2, None), (6, delete())] {
        let refused = other.refused(&mut bench, &request(Some(&token), subcommand, parameters));
        assert_eq!(refused, Status::PIN_AUTH_INVALID, "{subcommand}");
    }
    // Of another account.
    bench.connect(BOB).set_pin(&mut bench, PIN);
    let (mut bob, token) = manager(&mut bench, BOB, None);
    assert_eq!(bob.refused(&mut bench, &request(Some(&token), 6, delete())), Status::NO_CREDENTIALS);
    // The MAC is over the parameters.
    let (mut alice, token) = manager(&mut bench, ALICE, Some(RP_ID));
    let mut changed = request(Some(&token), 6, delete());
    let place = changed.windows(credential.id.len()).position(|bytes| bytes == credential.id).unwrap();
    changed[place] ^= 1;
    assert_eq!(alice.refused(&mut bench, &changed), Status::PIN_AUTH_INVALID);
    credential.verify(&alice.sign_in(&mut bench, PIN, &[&credential.id]).unwrap());
    let (mut alice, token) = manager(&mut bench, ALICE, Some(RP_ID));
    assert_eq!(alice.ask(&mut bench, &request(Some(&token), 6, delete())), [0]);
    assert_eq!(alice.silent(&mut bench, RP_ID, &[&credential.id]), Status::NO_CREDENTIALS);
}

#[test]
fn a_user_is_renamed_and_not_exchanged() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    // Names are for choosing from several.
    client.enrol(&mut bench, PIN, Enrolment { user: b"other", ..DISCOVERABLE });
    let credential = client.enrol(&mut bench, PIN, DISCOVERABLE);
    let (mut client, token) = manager(&mut bench, ALICE, None);
    let named = |id: &[u8]| {
        let user = Item::map([entry("id", Item::from(id)), entry("name", Item::from("alicia"))]);
        Some(Item::map([entry(0x02, descriptor(&credential.id)), entry(0x03, user)]))
    };
    let refused = client.refused(&mut bench, &request(Some(&token), 7, named(b"another")));
    assert_eq!(refused, Status::INVALID_PARAMETER);
    assert_eq!(client.ask(&mut bench, &request(Some(&token), 7, named(b"handle"))), [0]);
    let latest = client.sign_in(&mut bench, PIN, &[]).unwrap();
    credential.verify(&latest);
    let user = latest.user.unwrap();
    assert_eq!((user.name.as_deref(), user.display_name), (Some("alicia"), None));
}

#[test]
fn there_is_room_for_so_many_and_no_more() {
    let mut bench = Bench::new();
    let mut client = bench.connect(ALICE);
    client.set_pin(&mut bench, PIN);
    let one = client.enrol(&mut bench, PIN, DISCOVERABLE);
    // The others are copies, since each of its own would take its time.
    let path = bench.state.path().join(format!("{ALICE}.toml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, entry) = text.split_at(text.find("\n[[credential]]").unwrap());
    let copies: String = (1..64).map(|_| entry.replace("user_id = \"", "user_id = \"AAAA")).collect();
    let full = [&head.replace("credentials = 1", "credentials = 64"), entry, &copies].concat();
    std::fs::write(&path, full).unwrap();
    assert_eq!(client.info(&mut bench).remaining_discoverable_credentials, Some(0));
    let refused = client.try_enrol(&mut bench, PIN, Enrolment { user: b"new", ..DISCOVERABLE }).map(drop);
    assert_eq!(refused, Err(ctap::ReplyError::Status(Status::KEY_STORE_FULL)));
    // In the place of its own it finds room.
    client.enrol(&mut bench, PIN, DISCOVERABLE);
    assert_eq!(client.silent(&mut bench, "none.example.org", &[&one.id]), Status::NO_CREDENTIALS);
}

#[test]
fn a_reset_is_for_those_who_have_just_come_and_for_one_account() {
    let mut bench = Bench::new();
    for account in [ALICE, BOB] {
        bench.connect(account).set_pin(&mut bench, PIN);
    }
    let credential = bench.connect(ALICE).enrol(&mut bench, PIN, DISCOVERABLE);
    let of_bob = bench.connect(BOB).enrol(&mut bench, PIN, DISCOVERABLE);
    let long_ago = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
    let mut late = bench.connected_since(ALICE, long_ago);
    assert_eq!(late.refused(&mut bench, &[0x07]), Status::NOT_ALLOWED);
    let token = late.token(&mut bench, PIN, Permissions::GA, Some(RP_ID)).unwrap();
    assert_eq!(bench.connect(ALICE).ask(&mut bench, &[0x07]), [0]);
    // Nor with a token from before.
    assert!(late.assert(&mut bench, &token, &[&credential.id]).is_err());
    assert_eq!(late.info(&mut bench).options.client_pin, Some(false));
    let mut alice = bench.connect(ALICE);
    alice.set_pin(&mut bench, PIN);
    assert!(late.assert(&mut bench, &token, &[&credential.id]).is_err());
    assert_eq!(alice.sign_in(&mut bench, PIN, &[&credential.id]).unwrap_err(), Status::NO_CREDENTIALS);
    of_bob.verify(&bench.connect(BOB).sign_in(&mut bench, PIN, &[&of_bob.id]).unwrap());
}
