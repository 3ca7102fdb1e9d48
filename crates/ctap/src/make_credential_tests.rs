use super::*;
use crate::status::Status;
use crate::vectors::{hex, to_hex, vector};
use sha2::{Digest as _, Sha256};

/// What the vectors have for random values.
fn seed(name: &str) -> [u8; 32] {
    Sha256::digest(name.as_bytes()).into()
}

/// A byte string of CBOR in hexadecimal.
fn byte_string(bytes: &[u8]) -> String {
    to_hex(&Item::from(bytes).into_bytes())
}

#[test]
fn the_least_that_can_be_asked_for() {
    let request = Request {
        client_data_hash: &seed("client data"),
        rp_id: "desk.example.org",
        rp_name: None,
        user: User { id: &[0x01], name: None, display_name: None },
        algorithms: &[Algorithm::Es256],
        exclude_list: &[],
        cred_protect: None,
        hmac_secret: false,
        rk: false,
        uv: false,
        pin_uv_auth: None,
        enterprise_attestation: None,
    };
    assert_eq!(request.encode(), vector("request.make_credential.plain"));
}

#[test]
fn everything_that_can_be_asked_for() {
    let (one, two) = (seed("credential 1"), seed("credential 2").repeat(2));
    let request = Request {
        client_data_hash: &seed("client data"),
        rp_id: "desk.example.org",
        rp_name: Some("desk"),
        user: User { id: &seed("user"), name: Some("alice"), display_name: Some("Alice Ünal") },
        algorithms: &Algorithm::ALL,
        exclude_list: &[&one, &two],
        cred_protect: Some(CredProtect::UserVerificationOptionalWithCredentialIdList),
        hmac_secret: false,
        rk: true,
        uv: true,
        pin_uv_auth: Some((PinUvAuthProtocol::Two, seed("param").to_vec())),
        enterprise_attestation: Some(1),
    };
    assert_eq!(request.encode(), vector("request.make_credential.full"));
}

#[test]
fn a_new_credential() {
    let response = Response::parse(&vector("reply.make_credential.packed")).unwrap();
    assert_eq!(response.format, "packed");
    assert_eq!(response.authenticator_data.raw, vector("reply.make_credential.packed.auth_data"));
    assert_eq!(response.attestation_statement, vector("reply.make_credential.packed.statement"));
    assert!(!response.enterprise);
    assert!(Response::parse(&vector("reply.make_credential.enterprise")).unwrap().enterprise);
}

#[test]
fn a_statement_may_be_missing() {
    let response = Response::parse(&vector("reply.make_credential.no_statement")).unwrap();
    assert_eq!((response.format.as_str(), response.attestation_statement), ("none", hex("a0")));
}

#[test]
fn what_is_not_as_specified_is_refused() {
    use Malformed::{Duplicate, Missing, TooLong, TrailingBytes, Truncated, Type};
    let data = byte_string(&vector("reply.make_credential.packed.auth_data"));
    let assertion = byte_string(&vector("reply.get_assertion.auth_data"));
    for (reply, why) in [
        (String::new(), Truncated),
        ("a0".to_owned(), Missing),
        (format!("a1 02 {data}"), Missing),
        ("a1 01 646e6f6e65".to_owned(), Missing),
        (format!("a2 01 446e6f6e65 02 {data}"), Type),
        (format!("a2 01 7821 {} 02 {data}", "61".repeat(33)), TooLong),
        (format!("a3 01 646e6f6e65 02 {data} 03 80"), Type),
        (format!("a3 01 646e6f6e65 02 {data} 03 a2 00 00 00 00"), Duplicate),
        (format!("a3 01 646e6f6e65 02 {data} 02 {data}"), Duplicate),
        (format!("a3 01 646e6f6e65 02 {data} 04 00"), Type),
        (format!("a2 01 646e6f6e65 02 {data} 00"), TrailingBytes),
        // The authenticator data of an assertion, without a credential.
        (format!("a2 01 646e6f6e65 02 {assertion}"), Missing),
        ("a2 01 646e6f6e65 02 40".to_owned(), Truncated),
    ] {
        let payload = [vec![0x00], hex(&reply)].concat();
        assert_eq!(Response::parse(&payload), Err(ReplyError::Malformed(why)), "{reply}");
    }
    assert_eq!(Response::parse(&[0x19]), Err(ReplyError::Status(Status::CREDENTIAL_EXCLUDED)));
}

#[test]
fn protection_levels_have_their_numbers() {
    for level in 0..=u8::MAX {
        assert_eq!(
            CredProtect::from_level(level).map(CredProtect::level),
            (1..=3).contains(&level).then_some(level)
        );
    }
}
