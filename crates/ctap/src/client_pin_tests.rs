use super::*;
use crate::cbor::Malformed;
use crate::pin_uv_auth::PinUvAuthToken;
use crate::status::Status;
use crate::vectors::{hex, scripted, vector};
use crate::{Pin, Secret};

const PROTOCOLS: [PinUvAuthProtocol; 2] = [PinUvAuthProtocol::One, PinUvAuthProtocol::Two];

fn session(protocol: PinUvAuthProtocol) -> Session {
    let peer = PeerKey::parse(&vector("agreement.authenticator_key")).unwrap();
    Session::agree(protocol, &peer, &mut scripted(vector("agreement.platform_private"))).unwrap()
}

fn pin(text: &str) -> Pin {
    Pin::parse(&Secret::new(text.as_bytes().to_vec()), Pin::MIN_LENGTH).unwrap()
}

/// Every subcommand under both protocols, byte for byte as another platform sends them.
#[test]
fn requests_are_what_another_platform_sends() {
    for protocol in PROTOCOLS {
        let session = &session(protocol);
        let expected = |name| vector(&format!("protocol{}.request.{name}", protocol.number()));
        let iv = || scripted(vector("agreement.iv"));
        let pin_hash_enc = &session.pin_hash_enc(&pin("1234"), &mut iv());
        let new_pin = |text| session.new_pin_enc(&pin(text), &mut iv());
        let longest = format!("{}x", "ß".repeat(31));

        let requests = [
            ("pin_retries", Request::PinRetries { protocol }),
            ("uv_retries", Request::UvRetries { protocol }),
            ("key_agreement", Request::KeyAgreement { protocol }),
            ("set_pin", Request::SetPin { session, new_pin_enc: &new_pin("1234") }),
            ("set_pin_longest", Request::SetPin { session, new_pin_enc: &new_pin(&longest) }),
            (
                "change_pin",
                Request::ChangePin { session, new_pin_enc: &new_pin("correct horse"), pin_hash_enc },
            ),
            ("pin_token", Request::PinToken { session, pin_hash_enc }),
            (
                "pin_token_with_permissions",
                Request::PinTokenWithPermissions {
                    session,
                    pin_hash_enc,
                    permissions: Permissions::MC | Permissions::GA,
                    rp_id: Some("desk.example.org"),
                },
            ),
            (
                "uv_token",
                Request::UvToken { session, permissions: Permissions::GA, rp_id: Some("desk.example.org") },
            ),
        ];
        for (name, request) in requests {
            assert_eq!(request.encode(), expected(name), "{protocol:?} {name}");
        }
    }
}

#[test]
fn a_token_need_not_be_bound_to_an_rp_id() {
    let session = &session(PinUvAuthProtocol::One);
    let permissions = Permissions::CM | Permissions::BE;
    let request = |rp_id| {
        Request::PinTokenWithPermissions { session, pin_hash_enc: &[0; 16], permissions, rp_id }.encode()
    };
    let (without, with) = (request(None), request(Some("x")));
    // A map of five instead of six, and the same up to where the RP ID would come.
    assert_eq!((without[1], with[1]), (0xa5, 0xa6));
    assert_eq!(without[2..], with[2..without.len()]);
    assert_eq!(with[without.len()..], hex("0a 6178"));
    assert_eq!(without[without.len() - 2..], hex("09 0c"));
}

#[test]
fn replies_answer_what_was_asked() {
    let parse = |name: &str| Response::parse(&vector(name)).unwrap();
    let none = Response::default();
    let peer = PeerKey::parse(&vector("agreement.authenticator_key")).unwrap();
    assert_eq!(
        parse("reply.client_pin.key_agreement"),
        Response { key_agreement: Some(peer), ..none.clone() }
    );
    assert_eq!(
        parse("reply.client_pin.retries"),
        Response { pin_retries: Some(5), power_cycle_state: Some(true), ..none.clone() }
    );
    assert_eq!(parse("reply.client_pin.uv_retries"), Response { uv_retries: Some(2), ..none.clone() });
    assert_eq!(parse("reply.client_pin.token").pin_uv_auth_token.unwrap().len(), 48);
    // A PIN was set.
    assert_eq!(Response::parse(&hex("00")), Ok(none.clone()));
    assert_eq!(Response::parse(&hex("00 a0")), Ok(none));
}

/// From the reply to the MAC that goes into the next request.
#[test]
fn a_token_comes_out_of_a_reply() {
    let encrypted = vector("protocol2.token32.encrypted");
    let payload = [hex("00 a1 02 5830"), encrypted].concat();
    let response = Response::parse(&payload).unwrap();
    let token: PinUvAuthToken =
        session(PinUvAuthProtocol::Two).open_token(response.pin_uv_auth_token.as_deref().unwrap()).unwrap();
    let request = vector("request.get_assertion.plain");
    let hash: &[u8; 32] = request.last_chunk().unwrap();
    assert_eq!(token.authenticate(hash), vector("protocol2.token32.authenticate"));
}

#[test]
fn what_is_not_as_specified_is_refused() {
    use Malformed::{Duplicate, Invalid, Missing, TooLong, TrailingBytes, Truncated, Type};
    for (reply, why) in [
        ("80".to_owned(), Type),
        ("a0 00".to_owned(), TrailingBytes),
        ("a1 01 a0".to_owned(), Missing),
        ("a1 01 40".to_owned(), Type),
        ("a1 01 bf ff".to_owned(), Invalid),
        ("a1 02 60".to_owned(), Type),
        (format!("a1 02 590101 {}", "00".repeat(257)), TooLong),
        ("a1 02 5bffffffffffffffff".to_owned(), Truncated),
        ("a1 03 190100".to_owned(), Invalid),
        ("a1 03 20".to_owned(), Invalid),
        ("a1 03 f5".to_owned(), Type),
        ("a1 04 01".to_owned(), Type),
        ("a1 05 1903e8".to_owned(), Invalid),
        ("a2 03 08 03 08".to_owned(), Duplicate),
    ] {
        let payload = [vec![0x00], hex(&reply)].concat();
        assert_eq!(Response::parse(&payload), Err(ReplyError::Malformed(why)), "{reply}");
    }
    assert_eq!(Response::parse(&[]), Err(ReplyError::Malformed(Truncated)));
    assert_eq!(Response::parse(&hex("31")), Err(ReplyError::Status(Status::PIN_INVALID)));
}
