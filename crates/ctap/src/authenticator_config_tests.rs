use super::*;
use crate::Status;
use crate::pin_uv_auth::{PeerKey, Session};
use crate::vectors::{hex, vector};

/// A token of protocol two.
fn token() -> PinUvAuthToken {
    let peer = PeerKey::parse(&vector("agreement.authenticator_key")).unwrap();
    let mut random = |bytes: &mut [u8]| bytes.fill(7);
    let session = Session::agree(PinUvAuthProtocol::Two, &peer, &mut random).unwrap();
    session.open_token(&[1; 48]).unwrap()
}

#[test]
fn requests_are_canonical_and_authenticated_over_the_parameters() {
    let token = token();
    for (request, subcommand, parameters) in [
        (Request::ToggleAlwaysUv, "02", ""),
        (Request::SetMinPinLength { length: Some(8), force_change: false }, "03", "a1 01 08"),
        (Request::SetMinPinLength { length: None, force_change: true }, "03", "a1 03 f5"),
        (Request::SetMinPinLength { length: Some(63), force_change: true }, "03", "a2 01 183f 03 f5"),
    ] {
        let parameters = hex(parameters);
        let message = [vec![0xff; 32], hex(&format!("0d {subcommand}")), parameters.clone()].concat();
        let auth = token.authenticate(&message);
        assert_eq!(auth.len(), 32);
        let count = if parameters.is_empty() { "a3" } else { "a4" };
        let expected = [
            hex(&format!("0d {count} 01 {subcommand}")),
            if parameters.is_empty() { Vec::new() } else { hex("02") },
            parameters,
            hex("03 02 04 5820"),
            auth,
        ]
        .concat();
        assert_eq!(request.encode(PinUvAuthProtocol::Two, &token), expected, "{request:?}");
    }
}

#[test]
fn a_reply_is_a_status_and_no_more() {
    assert_eq!(parse(&[0x00]), Ok(()));
    assert_eq!(parse(&[0x00, 0xa0]), Err(ReplyError::Malformed(Malformed::TrailingBytes)));
    assert_eq!(parse(&[0x27]), Err(ReplyError::Status(Status::OPERATION_DENIED)));
    assert_eq!(parse(&[]), Err(ReplyError::Malformed(Malformed::Truncated)));
}
