//! OpenSK's software cryptography, except that a signing key can be made to sign something else than it was asked to.

use std::cell::Cell;

use opensk::api::crypto::Crypto;
use opensk::api::crypto::ec_signing::{EcSecretKey, Ecdsa, Ed25519, EdSecretKey};
use opensk::api::crypto::software_crypto::{SoftwareCrypto, SoftwareEcdsa, SoftwareEd25519};
use opensk::api::rng::Rng;

use crate::Corruption;

thread_local! {
    /// Each key has a thread of its own, and OpenSK's signing takes no environment.
    static CORRUPTION: Cell<Option<Corruption>> = const { Cell::new(None) };
    static SIGNATURES: Cell<u32> = const { Cell::new(0) };
}

/// From here on, sign authenticator data with this corruption applied.
pub(crate) fn bend(corruption: Option<Corruption>) {
    CORRUPTION.set(corruption);
}

/// How many signatures this key has made since it was last asked.
pub(crate) fn take_signatures() -> u32 {
    SIGNATURES.take()
}

fn bent(message: &[u8]) -> Vec<u8> {
    SIGNATURES.set(SIGNATURES.get() + 1);
    let mut message = message.to_vec();
    // A U2F registration is none of our business: byte 0 and then two hashes, not authenticator data.
    let registration = message.len() > 130 && message[0] == 0 && message[message.len() - 65] == 4;
    if let Some(corruption) = CORRUPTION.get()
        && !registration
    {
        corruption.apply(&mut message);
    }
    message
}

pub(crate) struct BendingCrypto;

impl Crypto for BendingCrypto {
    type Aes256 = <SoftwareCrypto as Crypto>::Aes256;
    type Ecdh = <SoftwareCrypto as Crypto>::Ecdh;
    type Ecdsa = BendingEcdsa;
    type Ed25519 = BendingEd25519;
    type Sha256 = <SoftwareCrypto as Crypto>::Sha256;
    type Hmac256 = <SoftwareCrypto as Crypto>::Hmac256;
    type Hkdf256 = <SoftwareCrypto as Crypto>::Hkdf256;
}

pub(crate) struct BendingEcdsa;

impl Ecdsa for BendingEcdsa {
    type SecretKey = BendingKey<<SoftwareEcdsa as Ecdsa>::SecretKey>;
    type PublicKey = <SoftwareEcdsa as Ecdsa>::PublicKey;
    type Signature = <SoftwareEcdsa as Ecdsa>::Signature;
}

pub(crate) struct BendingEd25519;

impl Ed25519 for BendingEd25519 {
    type SecretKey = BendingKey<<SoftwareEd25519 as Ed25519>::SecretKey>;
    type PublicKey = <SoftwareEd25519 as Ed25519>::PublicKey;
    type Signature = <SoftwareEd25519 as Ed25519>::Signature;
}

pub(crate) struct BendingKey<K>(K);

impl<K: EcSecretKey> EcSecretKey for BendingKey<K> {
    type PublicKey = K::PublicKey;
    type Signature = K::Signature;

    fn random(rng: &mut impl Rng) -> Self {
        Self(K::random(rng))
    }
    fn public_key(&self) -> Self::PublicKey {
        self.0.public_key()
    }
    fn sign(&self, message: &[u8]) -> Self::Signature {
        self.0.sign(&bent(message))
    }
    fn export(&self) -> Vec<u8> {
        self.0.export()
    }
    fn import(bytes: &[u8]) -> Option<Self> {
        K::import(bytes).map(Self)
    }
}

impl<K: EdSecretKey> EdSecretKey for BendingKey<K> {
    type PublicKey = K::PublicKey;
    type Signature = K::Signature;

    fn random(rng: &mut impl Rng) -> Self {
        Self(K::random(rng))
    }
    fn public_key(&self) -> Self::PublicKey {
        self.0.public_key()
    }
    fn sign(&self, message: &[u8]) -> Self::Signature {
        self.0.sign(&bent(message))
    }
    fn export(&self) -> Vec<u8> {
        self.0.export()
    }
    fn import(bytes: &[u8]) -> Option<Self> {
        K::import(bytes).map(Self)
    }
}
