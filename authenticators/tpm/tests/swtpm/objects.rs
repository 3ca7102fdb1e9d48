//! What the TPM is asked for.

use std::str::FromStr as _;

use ctap::Secret;
use ctap::cose::PublicKey;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use passkey_tpm::tpm::{AuthValue, TpmError};
use tss_esapi::Context;
use tss_esapi::handles::PersistentTpmHandle;
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, RsaSchemeAlgorithm};
use tss_esapi::interface_types::dynamic_handles::Persistent;
use tss_esapi::interface_types::key_bits::RsaKeyBits;
use tss_esapi::interface_types::resource_handles::{Hierarchy, Provision};
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{Public, RsaExponent, RsaScheme, SymmetricDefinitionObject};
use tss_esapi::tcti_ldr::TctiNameConf;
use tss_esapi::utils::{create_restricted_decryption_rsa_public, create_unrestricted_signing_rsa_public};
use zeroize::Zeroizing;

use crate::simulator::Simulator;

fn auth(byte: u8) -> AuthValue {
    AuthValue::new(Zeroizing::new([byte; 32]))
}

#[test]
fn a_secret_is_sealed_and_wrong_values_count() {
    let simulator = Simulator::start();
    let mut tpm = simulator.tpm();
    let secret = Secret::new(vec![0x5a; 32]);
    let blob = tpm.seal(&secret, &auth(1)).unwrap();
    assert_eq!(tpm.unseal(&blob, &auth(1)).unwrap(), secret);
    assert_eq!(tpm.lockout().unwrap().counter, 0);
    let before = tpm.lockout().unwrap();
    assert_eq!(tpm.unseal(&blob, &auth(2)), Err(TpmError::WrongAuth));
    let after = tpm.lockout().unwrap();
    assert_eq!((after.counter, after.left()), (1, before.left() - 1));
    while tpm.lockout().unwrap().left() > 0 {
        assert_eq!(tpm.unseal(&blob, &auth(2)), Err(TpmError::WrongAuth));
    }
    assert!(tpm.lockout().unwrap().is_locked);
    assert_eq!(tpm.unseal(&blob, &auth(1)), Err(TpmError::Lockout));
}

#[test]
fn keys_sign_for_their_authorization_only_and_no_wrong_one_counts() {
    let simulator = Simulator::start();
    let mut tpm = simulator.tpm();
    let key = tpm.create_signing_key(&auth(1)).unwrap();
    let signature = tpm.sign(&key, &auth(1), &[7; 32]).unwrap();
    let point = PublicKey::Es256 { x: key.x, y: key.y }.encode();
    assert!(PublicKey::parse(&point).is_ok());
    let encoded = [&[4][..], &key.x, &key.y].concat();
    let verifying = VerifyingKey::from_sec1_bytes(&encoded).unwrap();
    verifying.verify_prehash(&[7; 32], &Signature::from_der(&signature).unwrap()).unwrap();
    assert!(matches!(tpm.sign(&key, &auth(2), &[7; 32]), Err(TpmError::Unavailable(_))));
    assert_eq!(tpm.lockout().unwrap().counter, 0);
    assert!(tpm.sign(&key, &auth(1), &[8; 32]).is_ok());
}

#[test]
fn macs_are_the_same_each_time() {
    let simulator = Simulator::start();
    let mut tpm = simulator.tpm();
    let key = tpm.create_hmac_key(&auth(1)).unwrap();
    let messages = [vec![1; 80], vec![2; 80]];
    let first = tpm.hmac(&key, &auth(1), &messages).unwrap();
    assert_eq!(first, tpm.hmac(&key, &auth(1), &messages).unwrap());
    assert_ne!(first[0], first[1]);
    assert!(tpm.hmac(&key, &auth(2), &messages).is_err());
}

#[test]
fn another_tpm_takes_nothing() {
    let (one, other) = (Simulator::start(), Simulator::start());
    let (mut one, mut other) = (one.tpm(), other.tpm());
    assert_ne!(one.use_default_storage_key().unwrap(), other.use_default_storage_key().unwrap());
    let blob = one.seal(&Secret::new(vec![0x5a; 32]), &auth(1)).unwrap();
    let key = one.create_signing_key(&auth(1)).unwrap();
    assert_eq!(other.unseal(&blob, &auth(1)), Err(TpmError::Foreign));
    assert_eq!(other.sign(&key, &auth(1), &[7; 32]), Err(TpmError::Foreign));
}

#[test]
fn after_a_power_cycle_everything_is_as_before() {
    let mut simulator = Simulator::start();
    let mut tpm = simulator.tpm();
    let identity = tpm.use_default_storage_key().unwrap();
    let blob = tpm.seal(&Secret::new(vec![0x5a; 32]), &auth(1)).unwrap();
    drop(tpm);
    simulator.power_cycle();
    let mut tpm = simulator.tpm();
    assert_eq!(tpm.use_default_storage_key().unwrap(), identity);
    assert!(tpm.unseal(&blob, &auth(1)).is_ok());
}

#[test]
fn a_tpm_that_is_not_there_is_unavailable() {
    let mut simulator = Simulator::start();
    let mut tpm = simulator.tpm();
    tpm.use_default_storage_key().unwrap();
    simulator.stop();
    assert!(matches!(tpm.lockout(), Err(TpmError::Unavailable(_))));
    assert!(matches!(tpm.use_default_storage_key(), Err(TpmError::Unavailable(_))));
}

/// Puts a storage key where machines have it that were set up for it; an RSA key, as Windows makes it.
fn provision(simulator: &Simulator, public: Public) {
    let mut context = Context::new(TctiNameConf::from_str(&simulator.tcti()).unwrap()).unwrap();
    context.set_sessions((Some(AuthSession::Password), None, None));
    let created = context.create_primary(Hierarchy::Owner, public, None, None, None, None).unwrap();
    let place = Persistent::Persistent(PersistentTpmHandle::new(0x8100_0001).unwrap());
    context.evict_control(Provision::Owner, created.key_handle.into(), place).unwrap();
    context.clear_sessions();
    context.flush_context(created.key_handle.into()).unwrap();
}

fn rsa_storage_key() -> Public {
    let symmetric = SymmetricDefinitionObject::AES_128_CFB;
    create_restricted_decryption_rsa_public(symmetric, RsaKeyBits::Rsa2048, RsaExponent::default()).unwrap()
}

#[test]
fn a_storage_key_that_is_there_is_used_and_one_from_before_it_still_is() {
    let simulator = Simulator::start();
    let mut tpm = simulator.tpm();
    let created = tpm.use_default_storage_key().unwrap();
    let before = tpm.create_signing_key(&auth(1)).unwrap();
    drop(tpm);
    provision(&simulator, rsa_storage_key());
    let mut tpm = simulator.tpm();
    let persistent = tpm.use_default_storage_key().unwrap();
    assert_ne!(persistent, created);
    let after = tpm.create_signing_key(&auth(1)).unwrap();
    tpm.sign(&after, &auth(1), &[7; 32]).unwrap();
    assert_eq!(tpm.sign(&before, &auth(1), &[7; 32]), Err(TpmError::Foreign));
    assert!(tpm.use_storage_key(&created).unwrap());
    tpm.sign(&before, &auth(1), &[7; 32]).unwrap();
    assert_eq!(tpm.sign(&after, &auth(1), &[7; 32]), Err(TpmError::Foreign));
    assert!(!tpm.use_storage_key(&[0; 34]).unwrap());
    assert!(tpm.use_storage_key(&persistent).unwrap());
    tpm.sign(&after, &auth(1), &[7; 32]).unwrap();
}

#[test]
fn another_key_in_that_place_is_left_alone() {
    let simulator = Simulator::start();
    let created = simulator.tpm().use_default_storage_key().unwrap();
    let scheme = RsaScheme::create(RsaSchemeAlgorithm::RsaSsa, Some(HashingAlgorithm::Sha256)).unwrap();
    let (bits, exponent) = (RsaKeyBits::Rsa2048, RsaExponent::default());
    provision(&simulator, create_unrestricted_signing_rsa_public(scheme, bits, exponent).unwrap());
    assert_eq!(simulator.tpm().use_default_storage_key().unwrap(), created);
}
