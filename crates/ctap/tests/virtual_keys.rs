//! Whole conversations with keys whose firmware shares nothing with this crate.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by a panic that it fails"
)]

use std::time::Duration;

use ctap::client_pin::{self, Permissions};
use ctap::cose::{Algorithm, PublicKey};
use ctap::extensions::CredProtect;
use ctap::hid::{Channel, Command, Event};
use ctap::hmac_secret::{Input, Outputs, Salt, Salts};
use ctap::make_credential::User;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken, Session};
use ctap::{
    Flags, Info, Pin, ReplyError, Secret, Status, get_assertion, info, make_credential, reset, selection,
    status,
};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use virtual_key::{Bench, Fingerprints, KeyConfig, KeyId, PinProtocols, Profile};

const RP_ID: &str = "desk.example.org";
const HASH: [u8; 32] = [0xc1; 32];

/// One key on a bench, touched as soon as it asks, and a channel to it.
struct Host {
    bench: Bench,
    key: KeyId,
    channel: Channel,
    drawn: u8,
}

impl Host {
    fn new(config: KeyConfig) -> Self {
        let mut bench = Bench::new();
        let key = bench.add(config);
        bench.auto_touch(key, Duration::from_millis(10));
        bench.open(key).unwrap();
        let mut host = Self { bench, key, channel: Channel::new(), drawn: 0 };
        host.channel.init([7; 8]);
        assert_eq!(host.event(), Event::Opened);
        host
    }

    /// The next event but keep-alives.
    fn event(&mut self) -> Event {
        let deadline = self.bench.now() + Duration::from_secs(60);
        while self.bench.now() < deadline {
            while let Some(report) = self.channel.next_report() {
                self.bench.write(self.key, &report).unwrap();
            }
            self.bench.wait(deadline);
            while let Some(report) = self.bench.read(self.key).unwrap() {
                match self.channel.handle_report(&report).unwrap() {
                    None | Some(Event::Keepalive(_)) => {}
                    Some(event) => return event,
                }
            }
        }
        panic!("no reply");
    }

    fn call(&mut self, payload: &[u8]) -> Vec<u8> {
        self.channel.request(Command::Cbor, payload).unwrap();
        match self.event() {
            Event::Response { payload, .. } => payload,
            event => panic!("{event:?}"),
        }
    }

    fn info(&mut self) -> Info {
        Info::parse(&self.call(&info::request())).unwrap()
    }

    fn client_pin(&mut self, request: client_pin::Request<'_>) -> Result<client_pin::Response, ReplyError> {
        client_pin::Response::parse(&self.call(&request.encode()))
    }

    fn session(&mut self, protocol: PinUvAuthProtocol) -> Session {
        let reply = self.client_pin(client_pin::Request::KeyAgreement { protocol }).unwrap();
        let peer = reply.key_agreement.unwrap();
        Session::agree(protocol, &peer, &mut self.random()).unwrap()
    }

    /// Never the same bytes twice, and the same in every run.
    fn random(&mut self) -> impl FnMut(&mut [u8]) {
        self.drawn += 1;
        let mut next = self.drawn;
        move |bytes| {
            for byte in bytes {
                (*byte, next) = (next, next.wrapping_mul(5).wrapping_add(1));
            }
        }
    }

    fn token(
        &mut self,
        protocol: PinUvAuthProtocol,
        text: &str,
        permissions: Option<Permissions>,
    ) -> Result<PinUvAuthToken, ReplyError> {
        let session = &self.session(protocol);
        let pin_hash_enc = &session.pin_hash_enc(&pin(text), &mut self.random());
        let request = match permissions {
            None => client_pin::Request::PinToken { session, pin_hash_enc },
            Some(permissions) => {
                let rp_id = Some(RP_ID);
                client_pin::Request::PinTokenWithPermissions { session, pin_hash_enc, permissions, rp_id }
            }
        };
        let reply = self.client_pin(request)?;
        Ok(session.open_token(&reply.pin_uv_auth_token.unwrap()).unwrap())
    }

    fn make(
        &mut self,
        request: &make_credential::Request<'_>,
    ) -> Result<make_credential::Response, ReplyError> {
        make_credential::Response::parse(&self.call(&request.encode()))
    }

    fn assert(
        &mut self,
        request: &get_assertion::Request<'_>,
    ) -> Result<get_assertion::Response, ReplyError> {
        get_assertion::Response::parse(&self.call(&request.encode()))
    }
}

fn pin(text: &str) -> Pin {
    Pin::parse(&Secret::new(text.as_bytes().to_vec()), Pin::MIN_LENGTH).unwrap()
}

fn creation() -> make_credential::Request<'static> {
    make_credential::Request {
        client_data_hash: &HASH,
        rp_id: RP_ID,
        rp_name: Some("bench"),
        user: User { id: &[0x42; 32], name: Some("alice"), display_name: Some("Alice Ünal") },
        algorithms: &[Algorithm::Es256],
        exclude_list: &[],
        cred_protect: None,
        hmac_secret: false,
        rk: false,
        uv: false,
        pin_uv_auth: None,
        enterprise_attestation: None,
    }
}

fn assertion<'a>(allow_list: &'a [&'a [u8]]) -> get_assertion::Request<'a> {
    get_assertion::Request {
        rp_id: RP_ID,
        client_data_hash: &HASH,
        allow_list,
        hmac_secret: None,
        up: true,
        uv: false,
        pin_uv_auth: None,
    }
}

/// The id and key of a new credential.
fn made(response: &make_credential::Response) -> (Vec<u8>, PublicKey) {
    let credential = response.authenticator_data.attested_credential.as_ref().unwrap();
    (credential.credential_id.clone(), PublicKey::parse(&credential.public_key_cose).unwrap())
}

fn is_signed_by(key: &PublicKey, assertion: &get_assertion::Response) -> bool {
    let PublicKey::Es256 { x, y } = key else { panic!("not a key for ES256") };
    let key = VerifyingKey::from_sec1_bytes(&[&[0x04], x.as_slice(), y].concat()).unwrap();
    let message = [assertion.authenticator_data.raw.as_slice(), &HASH].concat();
    key.verify(&message, &Signature::from_der(&assertion.signature).unwrap()).is_ok()
}

#[test]
fn what_a_key_says_of_itself() {
    let aaguid = [0xa6; 16];
    let mut host = Host::new(KeyConfig { aaguid, max_msg_size: 1200, ..KeyConfig::new("blue").pin("1234") });
    let info = host.info();
    assert!(info.fido_2_1() && info.fido_2_0() && info.u2f_v2());
    assert_eq!(info.aaguid.0, aaguid);
    assert_eq!(info.max_msg_size, 1200);
    assert_eq!(info.max_credential_count_in_list, Some(8));
    assert_eq!(info.pin_uv_auth_protocols, [PinUvAuthProtocol::Two, PinUvAuthProtocol::One]);
    assert_eq!((info.options.client_pin, info.options.uv), (Some(true), None));
    assert!(info.options.rk && info.options.up && info.options.pin_uv_auth_token && !info.options.always_uv);
    assert!(info.algorithms.contains(&Algorithm::Es256));
    assert!(info.has_extension("credProtect"));

    let mut old = Host::new(KeyConfig { profile: Profile::Ctap20, ..KeyConfig::new("old") });
    let info = old.info();
    assert!(info.fido_2_0() && !info.fido_2_1() && !info.options.pin_uv_auth_token);
    assert_eq!(info.options.client_pin, Some(false));
}

#[test]
fn a_credential_is_made_found_and_used() {
    let mut host = Host::new(KeyConfig::new("blue"));
    let created = host.make(&creation()).unwrap();
    assert!(created.authenticator_data.flags.contains(Flags::UP | Flags::AT));
    let (id, key) = made(&created);

    let list: &[&[u8]] = &[&[0x99; 40], &id];
    let silent = host.assert(&get_assertion::Request { up: false, ..assertion(list) }).unwrap();
    assert_eq!(silent.credential_id.as_deref(), Some(id.as_slice()));
    assert!(!silent.authenticator_data.flags.contains(Flags::UP));
    assert!(is_signed_by(&key, &silent));

    let touched = host.assert(&assertion(list)).unwrap();
    assert!(touched.authenticator_data.flags.contains(Flags::UP));
    assert!(is_signed_by(&key, &touched));
    assert!(touched.authenticator_data.sign_count > silent.authenticator_data.sign_count);

    let foreign = host.assert(&assertion(&[&[0x99; 40]]));
    assert_eq!(foreign, Err(ReplyError::Status(Status::NO_CREDENTIALS)));
    let again = host.make(&make_credential::Request { exclude_list: list, ..creation() });
    assert_eq!(again, Err(ReplyError::Status(Status::CREDENTIAL_EXCLUDED)));
}

#[test]
fn a_pin_is_set_changed_and_used_under_both_protocols() {
    for (protocols, protocol) in
        [(PinProtocols::One, PinUvAuthProtocol::One), (PinProtocols::Two, PinUvAuthProtocol::Two)]
    {
        let mut host = Host::new(KeyConfig { protocols, ..KeyConfig::new("blue") });
        assert_eq!(host.info().pin_uv_auth_protocols, [protocol]);

        let session = &host.session(protocol);
        let new_pin_enc = &session.new_pin_enc(&pin("1234"), &mut host.random());
        host.client_pin(client_pin::Request::SetPin { session, new_pin_enc }).unwrap();
        assert_eq!(host.info().options.client_pin, Some(true));

        let session = &host.session(protocol);
        let pin_hash_enc = &session.pin_hash_enc(&pin("1234"), &mut host.random());
        let new_pin_enc = &session.new_pin_enc(&pin(&"ß".repeat(31)), &mut host.random());
        host.client_pin(client_pin::Request::ChangePin { session, new_pin_enc, pin_hash_enc }).unwrap();

        let refused = host.token(protocol, "1234", None).map(drop);
        assert_eq!(refused, Err(ReplyError::Status(Status::PIN_INVALID)));
        let retries = host.client_pin(client_pin::Request::PinRetries { protocol }).unwrap();
        assert_eq!(retries.pin_retries, Some(7));

        let permissions = Permissions::MC | Permissions::GA;
        let token = host.token(protocol, &"ß".repeat(31), Some(permissions)).unwrap();
        let pin_uv_auth = Some((protocol, token.authenticate(&HASH)));
        let created = host
            .make(&make_credential::Request {
                rk: true,
                cred_protect: Some(CredProtect::UserVerificationRequired),
                pin_uv_auth,
                ..creation()
            })
            .unwrap();
        assert!(created.authenticator_data.flags.contains(Flags::UP | Flags::UV));
        assert_eq!(created.authenticator_data.cred_protect(), Some(CredProtect::UserVerificationRequired));
        let (id, key) = made(&created);

        // Level 3 does not show itself without user verification.
        let hidden = host.assert(&assertion(&[&id]));
        assert_eq!(hidden, Err(ReplyError::Status(Status::NO_CREDENTIALS)));
        for (permissions, list) in [(Some(Permissions::GA), [id.as_slice()].as_slice()), (None, &[])] {
            let token = host.token(protocol, &"ß".repeat(31), permissions).unwrap();
            let pin_uv_auth = Some((protocol, token.authenticate(&HASH)));
            let signed = host.assert(&get_assertion::Request { pin_uv_auth, ..assertion(list) }).unwrap();
            assert!(signed.authenticator_data.flags.contains(Flags::UP | Flags::UV));
            assert!(is_signed_by(&key, &signed));
            // The user handle is told where the credential was not named.
            if list.is_empty() {
                assert_eq!(signed.user.unwrap().id, [0x42; 32]);
            }
        }
    }
}

#[test]
fn a_sensor_gives_a_token_too() {
    let config = KeyConfig { fingerprints: Fingerprints::Enrolled, ..KeyConfig::new("blue").pin("1234") };
    let mut host = Host::new(config);
    let info = host.info();
    assert_eq!((info.options.uv, info.options.bio_enroll), (Some(true), Some(true)));
    let protocol = info.pin_uv_auth_protocols[0];
    let session = &host.session(protocol);
    let permissions = Permissions::MC | Permissions::GA;
    let reply =
        host.client_pin(client_pin::Request::UvToken { session, permissions, rp_id: Some(RP_ID) }).unwrap();
    let token = session.open_token(&reply.pin_uv_auth_token.unwrap()).unwrap();
    let pin_uv_auth = Some((protocol, token.authenticate(&HASH)));
    let created = host.make(&make_credential::Request { pin_uv_auth, ..creation() }).unwrap();
    assert!(created.authenticator_data.flags.contains(Flags::UV));
    assert!(host.client_pin(client_pin::Request::UvRetries { protocol }).unwrap().uv_retries.is_some());
}

#[test]
fn several_accounts_on_one_key_come_one_after_the_other() {
    let mut host = Host::new(KeyConfig::new("blue"));
    for id in 1..=3 {
        let user = User { id: &[id], name: Some("alice"), display_name: None };
        host.make(&make_credential::Request { rk: true, user, ..creation() }).unwrap();
    }
    let first = host.assert(&assertion(&[])).unwrap();
    assert_eq!(first.number_of_credentials, Some(3));
    let mut ids = vec![first.user.unwrap().id];
    for _ in 0..2 {
        let next = get_assertion::Response::parse(&host.call(&get_assertion::next())).unwrap();
        assert_eq!(next.number_of_credentials, None);
        ids.push(next.user.unwrap().id);
    }
    // The one made last comes first.
    assert_eq!(ids, [[3], [2], [1]]);
    let over = get_assertion::Response::parse(&host.call(&get_assertion::next()));
    assert_eq!(over, Err(ReplyError::Status(Status::NOT_ALLOWED)));
}

#[test]
fn a_key_is_chosen_by_touch() {
    let mut host = Host::new(KeyConfig::new("blue"));
    assert_eq!(selection::parse(&host.call(&selection::request())), Ok(()));
    // What stands in for it before CTAP 2.1: a request with an empty PIN parameter.
    let mut old = Host::new(KeyConfig { profile: Profile::Ctap20, ..KeyConfig::new("old") });
    let empty =
        get_assertion::Request { pin_uv_auth: Some((PinUvAuthProtocol::One, vec![])), ..assertion(&[]) };
    let reply = old.call(&empty.encode());
    assert_eq!(status::of(&reply), Err(ReplyError::Status(Status::PIN_NOT_SET)));
}

/// What the key makes of salts, with its user verified by the PIN 1234 or not.
fn secrets(host: &mut Host, protocol: PinUvAuthProtocol, id: &[u8], salts: &Salts, by_pin: bool) -> Outputs {
    let pin_uv_auth = by_pin.then(|| {
        let token = host.token(protocol, "1234", Some(Permissions::GA)).unwrap();
        (protocol, token.authenticate(&HASH))
    });
    let session = host.session(protocol);
    let input = Input::new(&session, salts, &mut host.random());
    let list: &[&[u8]] = &[id];
    let request = get_assertion::Request { hmac_secret: Some(&input), pin_uv_auth, ..assertion(list) };
    let signed = host.assert(&request).unwrap();
    assert_eq!(signed.authenticator_data.flags.contains(Flags::UV), by_pin);
    let encrypted = signed.authenticator_data.hmac_secret().unwrap();
    ctap::hmac_secret::open(&session, salts, &encrypted).unwrap()
}

#[test]
fn a_credential_makes_the_same_secret_of_a_salt_each_time() {
    let (one, two) = (Salt([1; 32]), Salt([2; 32]));
    for (protocols, protocol) in
        [(PinProtocols::One, PinUvAuthProtocol::One), (PinProtocols::Two, PinUvAuthProtocol::Two)]
    {
        let mut host = Host::new(KeyConfig { protocols, ..KeyConfig::new("blue").pin("1234") });
        let token = host.token(protocol, "1234", Some(Permissions::MC)).unwrap();
        let pin_uv_auth = Some((protocol, token.authenticate(&HASH)));
        let request = make_credential::Request { hmac_secret: true, pin_uv_auth, ..creation() };
        let created = host.make(&request).unwrap();
        assert!(created.authenticator_data.makes_secrets());
        let (id, _) = made(&created);

        let both = Salts { first: one, second: Some(two) };
        let outputs = secrets(&mut host, protocol, &id, &both, true);
        let first = secrets(&mut host, protocol, &id, &Salts { first: one, second: None }, true);
        let swapped = secrets(&mut host, protocol, &id, &Salts { first: two, second: Some(one) }, true);
        assert_eq!(outputs.first, first.first);
        assert_eq!(outputs.second.as_ref(), Some(&swapped.first));
        assert_eq!(outputs.first, swapped.second.unwrap());
        assert_ne!(outputs.first, swapped.first);
        let unverified = secrets(&mut host, protocol, &id, &Salts { first: one, second: None }, false);
        assert_ne!(unverified.first, first.first);
    }
}

#[test]
fn no_secret_is_made_without_a_touch() {
    let mut host = Host::new(KeyConfig::new("blue"));
    let (id, _) = made(&host.make(&make_credential::Request { hmac_secret: true, ..creation() }).unwrap());
    let session = host.session(PinUvAuthProtocol::Two);
    let salts = Salts { first: Salt([1; 32]), second: None };
    let input = Input::new(&session, &salts, &mut host.random());
    let list: &[&[u8]] = &[&id];
    let request = get_assertion::Request { up: false, hmac_secret: Some(&input), ..assertion(list) };
    assert_eq!(host.assert(&request), Err(ReplyError::Status(Status::UNSUPPORTED_OPTION)));
}

#[test]
fn a_reset_key_knows_nothing() {
    let mut host = Host::new(KeyConfig::new("blue").pin("1234"));
    assert_eq!(host.info().options.client_pin, Some(true));
    assert_eq!(reset::parse(&host.call(&reset::request())), Ok(()));
    assert_eq!(host.info().options.client_pin, Some(false));
}
