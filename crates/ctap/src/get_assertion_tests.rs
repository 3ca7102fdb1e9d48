use super::*;
use crate::status::Status;
use crate::vectors::{hex, vector};
use sha2::{Digest as _, Sha256};

fn seed(name: &str) -> [u8; 32] {
    Sha256::digest(name.as_bytes()).into()
}

#[test]
fn requests_are_what_another_platform_sends() {
    let hash = seed("client data");
    let (one, two) = (seed("credential 1"), seed("credential 2").repeat(2));
    let plain = Request {
        rp_id: "desk.example.org",
        client_data_hash: &hash,
        allow_list: &[],
        hmac_secret: None,
        up: true,
        uv: false,
        pin_uv_auth: None,
    };
    assert_eq!(plain.encode(), vector("request.get_assertion.plain"));
    let silent = Request { allow_list: &[&one, &two], up: false, ..plain.clone() };
    assert_eq!(silent.encode(), vector("request.get_assertion.silent"));
    let uv = Request { allow_list: &[&one], uv: true, ..plain.clone() };
    assert_eq!(uv.encode(), vector("request.get_assertion.uv"));
    let param = seed("param")[..16].to_vec();
    let token = Request { allow_list: &[&one], pin_uv_auth: Some((PinUvAuthProtocol::One, param)), ..plain };
    assert_eq!(token.encode(), vector("request.get_assertion.token"));
    let selection = Request {
        rp_id: "selection",
        client_data_hash: &[0; 32],
        allow_list: &[],
        hmac_secret: None,
        up: true,
        uv: false,
        pin_uv_auth: Some((PinUvAuthProtocol::One, Vec::new())),
    };
    assert_eq!(selection.encode(), vector("request.get_assertion.empty_param"));
    assert_eq!(next(), vector("request.get_next_assertion"));
}

#[test]
fn an_assertion_with_everything() {
    let response = Response::parse(&vector("reply.get_assertion.full")).unwrap();
    assert_eq!(response.credential_id, Some(seed("credential 2").repeat(2)));
    assert_eq!(response.authenticator_data.raw, vector("reply.get_assertion.auth_data"));
    assert_eq!(response.signature, seed("sig").repeat(2));
    assert_eq!(
        response.user,
        Some(User {
            id: seed("user").to_vec(),
            name: Some("alice".to_owned()),
            display_name: Some("Alice Ünal".to_owned()),
        })
    );
    assert_eq!(response.number_of_credentials, Some(2));
    assert!(response.user_selected);
}

#[test]
fn an_assertion_with_the_least() {
    let response = Response::parse(&vector("reply.get_assertion.anonymous")).unwrap();
    assert_eq!(response.credential_id, None);
    assert_eq!((response.user, response.number_of_credentials, response.user_selected), (None, None, false));
}

/// A reply with the required members and one more.
fn with(key: &str, value: &str) -> Result<Response, ReplyError> {
    let data = Item::from(vector("reply.get_assertion.auth_data").as_slice()).into_bytes();
    Response::parse(&[hex("00 a3 02"), data, hex("03 41aa"), hex(key), hex(value)].concat())
}

#[test]
fn names_that_were_cut_in_a_character_lose_nothing_else() {
    // "Ün" with its last byte cut, by a key that counts bytes.
    let user = with("04", "a2 626964 4101 646e616d65 63c39cc3").unwrap().user.unwrap();
    assert_eq!((user.id, user.name.as_deref()), (vec![0x01], Some("Ü\u{fffd}")));
}

/// The credential is what counts. Whose it is needs to be known only where the key says who is signing in.
#[test]
fn a_user_without_id_is_none_and_a_name_that_is_no_text_is_none() {
    for user in ["a0", "a1 646e616d65 6161"] {
        assert_eq!(with("04", user).unwrap().user, None, "{user}");
    }
    let none = User { id: vec![0xbb], name: None, display_name: None };
    for name in ["f6", "40", "a0"] {
        let user = with("04", &format!("a3 626964 41bb 646e616d65 {name} 6b646973706c61794e616d65 {name}"));
        assert_eq!(user.unwrap().user.as_ref(), Some(&none), "{name}");
    }
}

#[test]
fn credential_descriptors_may_say_more_or_less() {
    let id = |value| with("01", value).unwrap().credential_id;
    assert_eq!(id("a1 626964 41bb"), Some(vec![0xbb]));
    assert_eq!(id("a2 6474797065 6a7075626c69632d6b6579 626964 41bb"), Some(vec![0xbb]));
    assert_eq!(id("a2 626964 41bb 6a7472616e73706f727473 81 63757362"), Some(vec![0xbb]));
}

#[test]
fn what_is_not_as_specified_is_refused() {
    use Malformed::{Duplicate, Invalid, Missing, TooLong, Truncated, Type};
    for (key, value, why) in [
        ("01", "41bb".to_owned(), Type),
        ("01", "a0".to_owned(), Missing),
        ("01", "a1 626964 6162".to_owned(), Type),
        ("01", "a2 626964 41bb 626964 41bb".to_owned(), Duplicate),
        ("01", "a2 626964 41bb 6474797065 63757362".to_owned(), Invalid),
        ("01", "a2 626964 41bb 6474797065 41bb".to_owned(), Type),
        ("01", format!("a1 626964 590400 {}", "bb".repeat(1024)), TooLong),
        ("01", "a1 626964 5affffffff".to_owned(), Truncated),
        ("02", "4101".to_owned(), Duplicate),
        ("03", "4101".to_owned(), Duplicate),
        ("04", "a1 626964 6162".to_owned(), Type),
        ("04", format!("a1 626964 5841 {}", "bb".repeat(65)), TooLong),
        ("04", format!("a2 626964 41bb 646e616d65 790401 {}", "61".repeat(1025)), TooLong),
        ("04", "a2 626964 41bb 646e616d65 f801".to_owned(), Invalid),
        ("05", "20".to_owned(), Invalid),
        ("05", "f5".to_owned(), Type),
        ("06", "01".to_owned(), Type),
        ("07", "81".repeat(9) + "00", Malformed::Depth),
    ] {
        assert_eq!(with(key, &value), Err(ReplyError::Malformed(why)), "{key}: {value}");
    }
    for (reply, why) in [
        ("00", Truncated),
        ("00 a0", Missing),
        ("00 a1 03 41aa", Missing),
        ("00 80", Type),
        ("00 a2 02 6161 03 41aa", Type),
        ("00 a2 02 41aa 03 41aa", Truncated),
        ("00 a1 03 590401", Truncated),
    ] {
        assert_eq!(Response::parse(&hex(reply)), Err(ReplyError::Malformed(why)), "{reply}");
    }
    let long_signature = [hex("00 a1 03 590401"), vec![0xaa; 1025]].concat();
    assert_eq!(Response::parse(&long_signature), Err(ReplyError::Malformed(TooLong)));
    assert_eq!(Response::parse(&hex("2e")), Err(ReplyError::Status(Status::NO_CREDENTIALS)));
}
