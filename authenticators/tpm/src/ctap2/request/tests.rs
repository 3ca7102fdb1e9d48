use ctap::client_pin::{self, Permissions};
use ctap::cose::Algorithm;
use ctap::extensions::CredProtect;
use ctap::hmac_secret::{Input, Salt, Salts};
use ctap::make_credential::User;
use ctap::pin_uv_auth::{AgreementKey, PinUvAuthProtocol, Session};
use ctap::{Pin, Secret, get_assertion, make_credential};

use super::*;

/// A generator that needs no crate (xorshift), and is the same each time.
struct Noise(u64);

impl Noise {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            *byte = self.0.to_le_bytes()[3];
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 2];
        self.fill(&mut bytes);
        usize::from(u16::from_le_bytes(bytes)).checked_rem(bound).unwrap()
    }
}

fn session(noise: &mut Noise) -> Session {
    let peer = AgreementKey::generate(&mut |bytes: &mut [u8]| noise.fill(bytes)).unwrap().public_key();
    Session::agree(PinUvAuthProtocol::Two, &peer, &mut |bytes: &mut [u8]| noise.fill(bytes)).unwrap()
}

/// One valid request of each kind, with everything in it.
fn valid() -> Vec<Vec<u8>> {
    let mut noise = Noise(7);
    let session = session(&mut noise);
    let mut random = |bytes: &mut [u8]| noise.fill(bytes);
    let pin = Pin::parse(&Secret::new(b"1234".to_vec()), 4).unwrap();
    let new_pin_enc = session.new_pin_enc(&pin, &mut random);
    let pin_hash_enc = session.pin_hash_enc(&pin, &mut random);
    let salts = Salts { first: Salt([1; 32]), second: Some(Salt([2; 32])) };
    let input = Input::new(&session, &salts, &mut random);
    let ids: [&[u8]; 2] = [&[1; 240], &[2; 64]];
    let make_credential = make_credential::Request {
        client_data_hash: &[3; 32],
        rp_id: "desk.example.org",
        rp_name: Some("The desk"),
        user: User { id: b"handle", name: Some("alice"), display_name: Some("Alice") },
        algorithms: &Algorithm::ALL,
        exclude_list: &ids,
        cred_protect: Some(CredProtect::UserVerificationRequired),
        hmac_secret: true,
        rk: true,
        uv: true,
        pin_uv_auth: Some((PinUvAuthProtocol::Two, vec![4; 32])),
        enterprise_attestation: Some(1),
    };
    let get_assertion = get_assertion::Request {
        rp_id: "desk.example.org",
        client_data_hash: &[3; 32],
        allow_list: &ids,
        hmac_secret: Some(&input),
        up: false,
        uv: true,
        pin_uv_auth: Some((PinUvAuthProtocol::Two, vec![4; 32])),
    };
    let token = client_pin::Request::PinTokenWithPermissions {
        session: &session,
        pin_hash_enc: &pin_hash_enc,
        permissions: Permissions::MC | Permissions::GA,
        rp_id: Some("desk.example.org"),
    };
    let change_pin = client_pin::Request::ChangePin {
        session: &session,
        new_pin_enc: &new_pin_enc,
        pin_hash_enc: &pin_hash_enc,
    };
    // updateUserInformation, with {2: {id, type}, 3: {id, name, displayName}}.
    let manage = b"\x0a\xa4\x01\x07\x02\xa2\x02\xa2\x62id\x43\x01\x02\x03\x64type\x6apublic-key\x03\xa3\x62id\x41\x01\
                   \x64name\x61a\x6bdisplayName\x61b\x03\x02\x04\x50\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\
                   \x0e\x0f\x10";
    // enumerateCredentialsBegin, with {1: hash}.
    let enumerate =
        [&b"\x0a\xa4\x01\x04\x02\xa1\x01\x58\x20"[..], &[5; 32], b"\x03\x02\x04\x41\x01"].concat();
    vec![
        make_credential.encode(),
        get_assertion.encode(),
        token.encode(),
        change_pin.encode(),
        manage.to_vec(),
        enumerate,
        vec![0x04],
        vec![0x07],
        vec![0x08, 0xa0],
        vec![0x0b],
    ]
}

#[test]
fn valid_requests_are_read_whole() {
    for request in valid() {
        Request::parse(&request).unwrap();
    }
    let Ok(Request::MakeCredential(request)) = Request::parse(&valid()[0]) else { panic!() };
    assert_eq!(request.algorithms, [-7, -8, -35, -257]);
    assert_eq!(request.exclude_list, [vec![1; 240], vec![2; 64]]);
    assert_eq!((request.cred_protect, request.hmac_secret), (Some(3), true));
    assert_eq!(request.options, Options { rk: Some(true), up: None, uv: Some(true) });
    assert_eq!(request.pin_uv_auth, PinUvAuth { param: Some(vec![4; 32]), protocol: Some(2) });
    let Ok(Request::GetAssertion(request)) = Request::parse(&valid()[1]) else { panic!() };
    assert_eq!(request.options, Options { rk: None, up: Some(false), uv: Some(true) });
    assert_eq!(request.hmac_secret.unwrap().salt_enc.len(), 80);
    let Ok(Request::CredentialManagement(request)) = Request::parse(&valid()[4]) else { panic!() };
    assert_eq!(request.credential_id, Some(vec![1, 2, 3]));
    assert_eq!(request.user.unwrap().display_name.as_deref(), Some("b"));
    assert_eq!(request.raw_parameters[..3], [0xa2, 0x02, 0xa2]);
}

/// Members that are not needed have their type, too (CTAP 2.1 §8.1.1). Those that are not known are passed over.
#[test]
fn members_of_another_type_are_refused() {
    let make_credential = |rp: &[u8], descriptor: &[u8]| {
        let before = [b"\x01\xa5\x01\x58\x20", &[3; 32][..], b"\x02"].concat();
        // {id: "a"}, [{alg: -7, type}], [the descriptor].
        let rest = b"\x03\xa1\x62id\x41a\x04\x81\xa2\x63alg\x26\x64type\x6apublic-key\x05\x81";
        Request::parse(&[&before, rp, rest, descriptor].concat())
    };
    let (rp, descriptor) = (b"\xa1\x62id\x61x", b"\xa2\x62id\x41\x01\x64type\x6apublic-key");
    for accepted in [
        make_credential(rp, descriptor),
        make_credential(b"\xa2\x62id\x61x\x64name\x61y", descriptor),
        make_credential(b"\xa2\x62id\x61x\x64what\x01", descriptor),
        make_credential(rp, b"\xa3\x62id\x41\x01\x64type\x6apublic-key\x6atransports\x81\x63usb"),
        make_credential(rp, b"\xa3\x62id\x41\x01\x64type\x6apublic-key\x6atransports\x81\x65ether"),
    ] {
        accepted.unwrap();
    }
    for refused in [
        make_credential(b"\xa2\x62id\x61x\x64name\x01", descriptor),
        make_credential(b"\xa2\x62id\x61x\x64name\x41y", descriptor),
        make_credential(rp, b"\xa3\x62id\x41\x01\x64type\x6apublic-key\x6atransports\x63usb"),
        make_credential(rp, b"\xa3\x62id\x41\x01\x64type\x6apublic-key\x6atransports\x81\x01"),
    ] {
        assert_eq!(refused.unwrap_err(), Status::CBOR_UNEXPECTED_TYPE);
    }
}

/// A request that is cut short, lengthened or changed in one bit is an error or another request, never a panic.
#[test]
fn changed_requests_are_refused_or_are_others() {
    for request in valid() {
        for len in 0..request.len() {
            // The command alone may be a whole one.
            assert!(Request::parse(&request[..len]).is_err() || len == 1, "{:02x?}", &request[..len]);
        }
        assert!(Request::parse(&[&request[..], &[0]].concat()).is_err());
        for bit in 0..request.len() * 8 {
            let mut changed = request.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let _ = Request::parse(&changed);
        }
    }
}

#[test]
fn noise_is_refused_without_a_panic() {
    let mut noise = Noise(0x5eed);
    let valid = valid();
    for _ in 0..20_000 {
        // From scratch, and pieces of valid ones put together.
        let mut request = vec![0; noise.below(200)];
        noise.fill(&mut request);
        if let Some(command) = request.first_mut() {
            *command = [1, 2, 6, 10][usize::from(*command % 4)];
        }
        let _ = Request::parse(&request);
        let (a, b) = (&valid[noise.below(6)], &valid[noise.below(6)]);
        let _ = Request::parse(&[&a[..noise.below(a.len())], &b[noise.below(b.len())..]].concat());
    }
}

#[test]
fn each_kind_of_fault_has_its_status() {
    for (request, status) in [
        (&b""[..], Status::INVALID_LENGTH),
        (b"\x03", Status::INVALID_COMMAND),
        (b"\x04\x00", Status::INVALID_LENGTH),
        (b"\x06", Status::INVALID_CBOR),
        (b"\x06\xa0", Status::MISSING_PARAMETER),
        (b"\x06\x80", Status::CBOR_UNEXPECTED_TYPE),
        (b"\x06\xa1\x02\x61a", Status::CBOR_UNEXPECTED_TYPE),
        (b"\x06\xa1\x02\x01\x00", Status::INVALID_CBOR),
        (b"\x06\xa2\x02\x01\x02\x01", Status::INVALID_CBOR),
        (b"\x06\xbf\x02\x01\xff", Status::INVALID_CBOR),
        (b"\x02\xa0", Status::MISSING_PARAMETER),
    ] {
        assert_eq!(Request::parse(request).unwrap_err(), status, "{request:02x?}");
    }
    let too_many: Vec<&[u8]> = vec![&[1; 16]; MAX_CREDENTIALS_IN_LIST + 1];
    let request = get_assertion::Request {
        rp_id: "desk.example.org",
        client_data_hash: &[3; 32],
        allow_list: &too_many,
        hmac_secret: None,
        up: true,
        uv: false,
        pin_uv_auth: None,
    };
    assert_eq!(Request::parse(&request.encode()).unwrap_err(), Status::LIMIT_EXCEEDED);
}

#[test]
fn names_are_cut_at_a_character() {
    let mut request = valid().swap_remove(4);
    // displayName: 63 letters and one of two bytes.
    let place = request.windows(3).position(|bytes| bytes == b"\x61b\x03").unwrap();
    let long = [&b"\x78\x41"[..], &[b'a'; 63], "ü".as_bytes()].concat();
    request.splice(place..place + 2, long);
    let Ok(Request::CredentialManagement(request)) = Request::parse(&request) else { panic!() };
    assert_eq!(request.user.unwrap().display_name.unwrap(), "a".repeat(63));
}
