//! A client in the same process: what it asks for goes straight to the authenticator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use authenticator_service::{Answer, Authenticator as _, Peer, Wait};
use ctap::cbor::{Key, Reader};
use ctap::client_pin::{self, Permissions};
use ctap::cose::{Algorithm, PublicKey};
use ctap::extensions::CredProtect;
use ctap::hmac_secret::{self, Input, Outputs, Salts};
use ctap::make_credential::User;
use ctap::pin_uv_auth::{PinUvAuthProtocol, PinUvAuthToken, Session as Agreement};
use ctap::{
    AuthenticatorData, Flags, Info, Pin, ReplyError, Secret, Status, get_assertion, info, make_credential,
    status,
};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use passkey_tpm::TpmAuthenticator;
use passkey_tpm::ctap2::AAGUID;
use passkey_tpm::session::Session;
use passkey_tpm::state::Store;
use sha2::{Digest as _, Sha256};

use crate::simulator::Simulator;

pub(crate) const RP_ID: &str = "desk.example.org";
pub(crate) const ALICE: u32 = 1000;
pub(crate) const BOB: u32 = 1001;

/// An authenticator with its TPM, its state and its clock.
pub(crate) struct Bench {
    pub(crate) authenticator: TpmAuthenticator,
    pub(crate) simulator: Simulator,
    pub(crate) state: tempfile::TempDir,
    clock: Arc<AtomicU64>,
}

/// A wait that is never cancelled.
pub(crate) struct Patient;

impl Wait for Patient {
    fn is_cancelled(&self) -> bool {
        false
    }

    fn needs_user(&self, _: bool) {}
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Simulator::start(), tempfile::tempdir().unwrap())
    }

    pub(crate) fn with(simulator: Simulator, state: tempfile::TempDir) -> Self {
        let clock = Arc::new(AtomicU64::new(1_800_000_000));
        let authenticator = authenticator(&simulator, &state, &clock);
        Self { authenticator, simulator, state, clock }
    }

    /// As if the service were killed and started anew.
    pub(crate) fn restart(self) -> Self {
        let Self { authenticator, simulator, state, clock } = self;
        drop(authenticator);
        let authenticator = self::authenticator(&simulator, &state, &clock);
        Self { authenticator, simulator, state, clock }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// As root does, which signs the account in.
    pub(crate) fn connect(&mut self, account: u32) -> Client {
        self.connected_since(account, Instant::now())
    }

    /// As a program of the account does.
    pub(crate) fn connect_as(&mut self, account: u32) -> Client {
        self.connected(Peer { account, is_root: false, since: Instant::now() })
    }

    pub(crate) fn connected_since(&mut self, account: u32, since: Instant) -> Client {
        self.connected(Peer { account, is_root: true, since })
    }

    fn connected(&mut self, peer: Peer) -> Client {
        Client { session: self.authenticator.connect(peer), protocol: PinUvAuthProtocol::Two }
    }
}

fn authenticator(
    simulator: &Simulator,
    state: &tempfile::TempDir,
    clock: &Arc<AtomicU64>,
) -> TpmAuthenticator {
    let clock = Arc::clone(clock);
    let store = Store::open(state.path()).unwrap();
    TpmAuthenticator::with_clock(simulator.tpm(), store, Box::new(move || clock.load(Ordering::Relaxed)))
}

/// A connection.
pub(crate) struct Client {
    pub(crate) session: Session,
    pub(crate) protocol: PinUvAuthProtocol,
}

pub(crate) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).unwrap();
}

pub(crate) fn pin(pin: &str) -> Pin {
    Pin::parse(&Secret::new(pin.as_bytes().to_vec()), 4).unwrap()
}

impl Client {
    pub(crate) fn ask(&mut self, bench: &mut Bench, request: &[u8]) -> Vec<u8> {
        match bench.authenticator.cbor(&mut self.session, request, &Patient) {
            Answer::Now(answer) => answer,
            later @ Answer::Later(_) => panic!("{later:?}"),
        }
    }

    /// The status of a request that is refused.
    pub(crate) fn refused(&mut self, bench: &mut Bench, request: &[u8]) -> Status {
        match status::of(&self.ask(bench, request)) {
            Err(ReplyError::Status(status)) => status,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn info(&mut self, bench: &mut Bench) -> Info {
        Info::parse(&self.ask(bench, &info::request())).unwrap()
    }

    pub(crate) fn agree(&mut self, bench: &mut Bench) -> Agreement {
        let request = client_pin::Request::KeyAgreement { protocol: self.protocol }.encode();
        let response = client_pin::Response::parse(&self.ask(bench, &request)).unwrap();
        Agreement::agree(self.protocol, &response.key_agreement.unwrap(), &mut random).unwrap()
    }

    pub(crate) fn retries(&mut self, bench: &mut Bench) -> u8 {
        let request = client_pin::Request::PinRetries { protocol: self.protocol }.encode();
        client_pin::Response::parse(&self.ask(bench, &request)).unwrap().pin_retries.unwrap()
    }

    pub(crate) fn try_set_pin(&mut self, bench: &mut Bench, new: &str) -> Result<(), ReplyError> {
        let agreement = self.agree(bench);
        let new_pin_enc = agreement.new_pin_enc(&pin(new), &mut random);
        let request = client_pin::Request::SetPin { session: &agreement, new_pin_enc: &new_pin_enc }.encode();
        client_pin::Response::parse(&self.ask(bench, &request)).map(drop)
    }

    pub(crate) fn set_pin(&mut self, bench: &mut Bench, new: &str) {
        self.try_set_pin(bench, new).unwrap();
    }

    pub(crate) fn change_pin(&mut self, bench: &mut Bench, old: &str, new: &str) -> Result<(), ReplyError> {
        let agreement = self.agree(bench);
        let request = client_pin::Request::ChangePin {
            new_pin_enc: &agreement.new_pin_enc(&pin(new), &mut random),
            pin_hash_enc: &agreement.pin_hash_enc(&pin(old), &mut random),
            session: &agreement,
        }
        .encode();
        client_pin::Response::parse(&self.ask(bench, &request)).map(drop)
    }

    pub(crate) fn token(
        &mut self,
        bench: &mut Bench,
        with: &str,
        permissions: Permissions,
        rp_id: Option<&str>,
    ) -> Result<PinUvAuthToken, Status> {
        let agreement = self.agree(bench);
        let pin_hash_enc = agreement.pin_hash_enc(&pin(with), &mut random);
        let request = client_pin::Request::PinTokenWithPermissions {
            session: &agreement,
            pin_hash_enc: &pin_hash_enc,
            permissions,
            rp_id,
        }
        .encode();
        match client_pin::Response::parse(&self.ask(bench, &request)) {
            Ok(response) => Ok(agreement.open_token(&response.pin_uv_auth_token.unwrap()).unwrap()),
            Err(ReplyError::Status(status)) => Err(status),
            Err(ReplyError::Malformed(malformed)) => panic!("{malformed}"),
        }
    }

    /// Makes a credential, with a token of its own.
    pub(crate) fn enrol(&mut self, bench: &mut Bench, with: &str, enrolment: Enrolment<'_>) -> Credential {
        self.try_enrol(bench, with, enrolment).unwrap()
    }

    pub(crate) fn try_enrol(
        &mut self,
        bench: &mut Bench,
        with: &str,
        enrolment: Enrolment<'_>,
    ) -> Result<Credential, ReplyError> {
        let token = self.token(bench, with, Permissions::MC, Some(enrolment.rp_id)).unwrap();
        let request = enrolment.request(Some((self.protocol, token.authenticate(&HASH))));
        let response = make_credential::Response::parse(&self.ask(bench, &request.encode()))?;
        assert_eq!(response.format, "packed");
        let data = response.authenticator_data;
        assert_eq!(data.flags.0 & !Flags::ED.0, (Flags::UP | Flags::UV | Flags::AT).0);
        let attested = data.attested_credential.clone().unwrap();
        assert_eq!(attested.aaguid, AAGUID);
        let key = PublicKey::parse(&attested.public_key_cose).unwrap();
        let mut signature = None;
        Reader::whole(&response.attestation_statement, |reader| {
            reader.map(|key, value| {
                match key {
                    Key::Text("alg") => assert_eq!(value.int()?, -7),
                    Key::Text("sig") => signature = Some(value.bytes()?.to_vec()),
                    other => panic!("{other:?}"),
                }
                Ok(())
            })
        })
        .unwrap();
        verify(&key, &data.raw, &signature.unwrap());
        Ok(Credential { id: attested.credential_id, key, data })
    }

    /// The status of a silent assertion.
    pub(crate) fn silent(&mut self, bench: &mut Bench, rp_id: &str, allow_list: &[&[u8]]) -> Status {
        let request = get_assertion::Request { rp_id, allow_list, up: false, ..plain() };
        self.refused(bench, &request.encode())
    }

    /// Signs in with the PIN.
    pub(crate) fn sign_in(
        &mut self,
        bench: &mut Bench,
        with: &str,
        allow_list: &[&[u8]],
    ) -> Result<get_assertion::Response, Status> {
        let token = self.token(bench, with, Permissions::GA, Some(RP_ID))?;
        self.assert(bench, &token, allow_list)
    }

    pub(crate) fn assert(
        &mut self,
        bench: &mut Bench,
        token: &PinUvAuthToken,
        allow_list: &[&[u8]],
    ) -> Result<get_assertion::Response, Status> {
        let pin_uv_auth = Some((self.protocol, token.authenticate(&HASH)));
        let request = get_assertion::Request { allow_list, pin_uv_auth, ..plain() };
        self.assertion(bench, &request.encode())
    }

    pub(crate) fn assertion(
        &mut self,
        bench: &mut Bench,
        request: &[u8],
    ) -> Result<get_assertion::Response, Status> {
        match get_assertion::Response::parse(&self.ask(bench, request)) {
            Ok(response) => Ok(response),
            Err(ReplyError::Status(status)) => Err(status),
            Err(ReplyError::Malformed(malformed)) => panic!("{malformed}"),
        }
    }

    /// What the credential makes of the salts.
    pub(crate) fn secrets(&mut self, bench: &mut Bench, with: &str, id: &[u8], salts: &Salts) -> Outputs {
        let token = self.token(bench, with, Permissions::GA, Some(RP_ID)).unwrap();
        let agreement = self.agree(bench);
        let input = Input::new(&agreement, salts, &mut random);
        let pin_uv_auth = Some((self.protocol, token.authenticate(&HASH)));
        let hmac_secret = Some(&input);
        let request = get_assertion::Request { allow_list: &[id], pin_uv_auth, hmac_secret, ..plain() };
        let response = self.assertion(bench, &request.encode()).unwrap();
        let encrypted = response.authenticator_data.hmac_secret().unwrap();
        hmac_secret::open(&agreement, salts, &encrypted).unwrap()
    }
}

/// The client data hash of everything here.
pub(crate) const HASH: [u8; 32] = [0x11; 32];

/// A request for an assertion that asks for nothing in particular.
pub(crate) fn plain() -> get_assertion::Request<'static> {
    get_assertion::Request {
        rp_id: RP_ID,
        client_data_hash: &HASH,
        allow_list: &[],
        hmac_secret: None,
        up: true,
        uv: false,
        pin_uv_auth: None,
    }
}

/// The properties of a credential to be made.
#[derive(Clone, Copy)]
pub(crate) struct Enrolment<'a> {
    pub(crate) rp_id: &'a str,
    pub(crate) user: &'a [u8],
    pub(crate) exclude_list: &'a [&'a [u8]],
    pub(crate) cred_protect: Option<CredProtect>,
    pub(crate) hmac_secret: bool,
    pub(crate) discoverable: bool,
}

/// Not discoverable, and nothing else either.
pub(crate) const ORDINARY: Enrolment<'static> = Enrolment {
    rp_id: RP_ID,
    user: b"handle",
    exclude_list: &[],
    cred_protect: None,
    hmac_secret: false,
    discoverable: false,
};
pub(crate) const DISCOVERABLE: Enrolment<'static> = Enrolment { discoverable: true, ..ORDINARY };

impl<'a> Enrolment<'a> {
    pub(crate) fn request(
        self,
        pin_uv_auth: Option<(PinUvAuthProtocol, Vec<u8>)>,
    ) -> make_credential::Request<'a> {
        make_credential::Request {
            client_data_hash: &HASH,
            rp_id: self.rp_id,
            rp_name: Some("The desk"),
            user: User { id: self.user, name: Some("alice"), display_name: Some("Alice") },
            algorithms: &[Algorithm::EdDsa, Algorithm::Es256],
            exclude_list: self.exclude_list,
            cred_protect: self.cred_protect,
            hmac_secret: self.hmac_secret,
            rk: self.discoverable,
            uv: false,
            pin_uv_auth,
            enterprise_attestation: None,
        }
    }
}

pub(crate) struct Credential {
    pub(crate) id: Vec<u8>,
    pub(crate) key: PublicKey,
    pub(crate) data: AuthenticatorData,
}

impl Credential {
    /// Holds an assertion of this credential against its public key.
    pub(crate) fn verify(&self, assertion: &get_assertion::Response) {
        let data = &assertion.authenticator_data;
        assert_eq!(assertion.credential_id.as_deref(), Some(&*self.id));
        assert_eq!(data.rp_id_hash, <[u8; 32]>::from(Sha256::digest(RP_ID)));
        verify(&self.key, &data.raw, &assertion.signature);
    }
}

fn verify(key: &PublicKey, data: &[u8], signature: &[u8]) {
    let PublicKey::Es256 { x, y } = key else { panic!("{key:?}") };
    let key = VerifyingKey::from_sec1_bytes(&[&[4][..], x, y].concat()).unwrap();
    let signed = [data, &HASH].concat();
    key.verify(&signed, &Signature::from_der(signature).unwrap()).unwrap();
}
