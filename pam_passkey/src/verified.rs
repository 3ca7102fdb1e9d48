//! A real [`Verified`] and [`SignedIn`] for tests, made in the only possible way: by a signature that verifies, and is recorded.

use std::io;
use std::path::Path;

use ctap::authenticator_data::AuthenticatorData;
use ctap::cose::PublicKey;
use ctap::get_assertion;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use passkey_core::account::{Account, PasswdEntry, UserDatabase};
use passkey_core::ceremony::{Attempt, KeySecret};
use passkey_core::client_data::ClientData;
use passkey_core::config::{Config, CounterPolicy, Settings};
use passkey_core::credential::{Credential, CredentialId, UserHandle, UvCapability};
use passkey_core::session::{Session, SignedIn};
use passkey_core::store::Store;
use passkey_core::verify::{Expected, Requirements, UserVerification, Verified, judge, verify_assertion};
use sha2::{Digest as _, Sha256};

/// Of passkey `blue`, touched, without user verification, counter 7.
pub(crate) fn verified() -> Verified {
    let key = SigningKey::from_slice(&[1; 32]).unwrap();
    let point = key.verifying_key().to_sec1_point(false);
    let coordinate = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).unwrap();
    let credential = Credential {
        id: CredentialId::new(vec![1; 16]).unwrap(),
        name: "blue".into(),
        rp_id: "computer.example".into(),
        public_key: PublicKey::Es256 { x: coordinate(point.x().unwrap()), y: coordinate(point.y().unwrap()) },
        aaguid: ctap::Aaguid([0; 16]),
        discoverable: false,
        user_verification: UvCapability::None,
        cred_protect: None,
        transports: vec![],
        added: "2026-01-02T03:04:05Z".parse().unwrap(),
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: None,
        hmac_secret: false,
    };
    let client_data = ClientData::sign_in(&credential.rp_id, &[2; 32]);
    let mut raw = Sha256::digest(credential.rp_id.as_bytes()).to_vec();
    raw.extend([0x01, 0, 0, 0, 7]);
    let signature: Signature = key.sign(&[raw.as_slice(), client_data.hash()].concat());
    let assertion = get_assertion::Response {
        credential_id: None,
        authenticator_data: AuthenticatorData::parse(&raw).unwrap(),
        signature: signature.to_der().as_bytes().to_vec(),
        user: None,
        number_of_credentials: None,
        user_selected: false,
    };
    let expected =
        Expected { credentials: &[&credential], rp_id: &credential.rp_id, client_data: &client_data };
    let facts = verify_assertion(&expected, &assertion).unwrap();
    let requirements = Requirements {
        user_verification: UserVerification::NotRequired,
        stored_sign_count: None,
        counter: CounterPolicy::Deny,
    };
    judge(&facts, &requirements).unwrap()
}

/// Alice's sign-in with [`verified`].
pub(crate) fn signed_in() -> SignedIn {
    let dir = tempfile::tempdir().unwrap();
    let credential_files = vec![format!("{}/{{user}}.toml", dir.path().display()).parse().unwrap()];
    let config = Config { credential_files, state_dir: dir.path().join("state"), ..Config::default() };
    let (store, policy) = (Store::new(&config), config.policy("sudo", &Settings::default()));
    let alice = Account::from_entry(PasswdEntry {
        name: "alice".into(),
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        home: "/home/alice".into(),
    });
    let verified = verified();
    let handle = UserHandle::new(vec![1; 32]).unwrap();
    store.update_or_create(&alice, &handle, |file| file.add(verified.credential().clone())).unwrap();
    let session = Session { store: &store, users: &Nobody, policy: &policy };
    let enrolled = session.find(&alice).unwrap().unwrap();
    let (ready, _) = session.ready(enrolled).unwrap();
    let attempt = Attempt {
        result: Ok(verified),
        account: None,
        key: None,
        passkey: None,
        answers_silently: None,
        pin_failed: vec![],
        recovery_code: None,
        secret: KeySecret::NotAsked,
    };
    session.record(ready.conclude(attempt).result.unwrap(), None, |_, _| {}).unwrap()
}

/// A database that is not asked.
#[derive(Debug)]
struct Nobody;

impl UserDatabase for Nobody {
    fn by_name(&self, _: &str) -> io::Result<Option<Account>> {
        Ok(None)
    }

    fn by_uid(&self, _: u32) -> io::Result<Option<Account>> {
        Ok(None)
    }

    fn passwd_file(&self) -> &Path {
        Path::new("/nonexistent")
    }
}
