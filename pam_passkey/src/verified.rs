//! A real [`Verified`] for tests, made the only way there is: by a signature that verifies.

use ctap::authenticator_data::AuthenticatorData;
use ctap::cose::PublicKey;
use ctap::get_assertion;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use passkey_core::client_data::ClientData;
use passkey_core::config::CounterPolicy;
use passkey_core::credential::{Credential, CredentialId, UvCapability};
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
