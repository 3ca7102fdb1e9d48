//! PIN/UV auth protocols one and two (CTAP 2.1 §6.5.6 and §6.5.7): agreeing on a secret with a key, and what is encrypted
//! and authenticated with it.

use std::fmt;

use aes::Aes256;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::SecretKey;
use p256::elliptic_curve::point::AffineCoordinates as _;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::cbor::{Item, Malformed};
use crate::cose::{self, crv, kty};
use crate::pin::Pin;
use crate::secret::Secret;

/// Length of a cipher block and of the initialisation vector, in bytes.
const BLOCK: usize = 16;
/// Length of a PIN padded for encryption, in blocks (CTAP 2.1 §6.5.5.5: 64 bytes, one of padding at least).
const PIN_BLOCKS: usize = 4;
/// The longest plaintext, in blocks: two outputs of `hmac-secret`.
const MAX_BLOCKS: usize = 4;
/// Draws of a private key. The first is good but for one in 2³².
const DRAWS: usize = 8;
/// `ECDH-ES + HKDF-256`: what ours gives as its algorithm although it is not the one used (CTAP 2.1 §6.5.6).
const ALG_ECDH_ES_HKDF_256: i64 = -25;

/// A source of randomness: fills the bytes it is given.
pub type Random<'a> = dyn FnMut(&mut [u8]) + 'a;

/// A PIN/UV auth protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PinUvAuthProtocol {
    /// Of CTAP 2.0.
    One,
    /// Of CTAP 2.1, for FIPS 140.
    Two,
}

impl PinUvAuthProtocol {
    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// The reverse of [`PinUvAuthProtocol::number`].
    pub fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }

    /// The part of a MAC that goes over the wire.
    fn truncate(self, mac: [u8; 32]) -> Vec<u8> {
        let length = match self {
            Self::One => 16,
            Self::Two => 32,
        };
        mac.into_iter().take(length).collect()
    }
}

/// A public key for key agreement: a point of P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerKey(p256::PublicKey);

impl PeerKey {
    /// Parses the COSE key that an authenticator gives for key agreement. Its algorithm is not looked at: it should be −25, which
    /// is not the one used either, and early authenticators give that of a signature, −7.
    ///
    /// # Errors
    /// Anything but a key on P-256 whose point is on the curve.
    pub fn parse(cose_key: &[u8]) -> Result<Self, Malformed> {
        let key = cose::Members::read(cose_key)?;
        key.must_be(kty::EC2, Some(crv::P256))?;
        let (x, y) = (cose::coordinate(key.second)?, cose::coordinate(key.third)?);
        cose::p256_point(&x, &y).map(Self)
    }

    /// The COSE key.
    pub fn to_item(&self) -> Item {
        let point = self.0.as_affine();
        cose::ec2(ALG_ECDH_ES_HKDF_256, crv::P256, &point.x(), &point.y())
    }
}

/// No secret could be agreed on: the source of randomness gives nothing that a private key can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAgreement;

impl fmt::Display for NoAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no secret could be agreed on with the security key")
    }
}

impl std::error::Error for NoAgreement {}

/// One side's key pair for key agreement. An authenticator keeps it for several agreements (CTAP 2.1 §6.5.5.2).
pub struct AgreementKey(SecretKey);

impl AgreementKey {
    /// A fresh key pair.
    ///
    /// # Errors
    /// When `random` yields nothing that can be a private key.
    pub fn generate(random: &mut Random<'_>) -> Result<Self, NoAgreement> {
        private_key(random).map(Self)
    }

    /// The public half.
    pub fn public_key(&self) -> PeerKey {
        PeerKey(self.0.public_key())
    }

    /// Agrees on a secret with the other side.
    ///
    /// # Errors
    /// Never with the lengths that the protocols have.
    pub fn agree(&self, protocol: PinUvAuthProtocol, peer: &PeerKey) -> Result<Session, NoAgreement> {
        let shared = p256::ecdh::diffie_hellman(self.0.to_nonzero_scalar(), peer.0.as_affine());
        let (mac_key, cipher_key) = derive(protocol, shared.raw_secret_bytes())?;
        Ok(Session { protocol, platform_key: self.public_key(), mac_key, cipher_key })
    }
}

impl fmt::Debug for AgreementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreementKey(..)")
    }
}

/// A secret shared with one key, for authenticatorClientPIN and `hmac-secret`. The private key it was made with is already gone.
#[derive(Debug)]
pub struct Session {
    protocol: PinUvAuthProtocol,
    platform_key: PeerKey,
    mac_key: MacKey,
    cipher_key: CipherKey,
}

impl Session {
    /// Agrees on a secret with the authenticator whose key agreement key is `authenticator_key`, under a fresh key pair.
    ///
    /// # Errors
    /// When `random` yields nothing that can be a private key.
    pub fn agree(
        protocol: PinUvAuthProtocol,
        authenticator_key: &PeerKey,
        random: &mut Random<'_>,
    ) -> Result<Self, NoAgreement> {
        AgreementKey::generate(random)?.agree(protocol, authenticator_key)
    }

    /// The protocol it was agreed on under.
    pub fn protocol(&self) -> PinUvAuthProtocol {
        self.protocol
    }

    /// The public half of our key pair, which the authenticator needs.
    pub fn platform_key(&self) -> &PeerKey {
        &self.platform_key
    }

    /// `pinHashEnc`: the left half of the PIN's SHA-256, encrypted.
    pub fn pin_hash_enc(&self, pin: &Pin, random: &mut Random<'_>) -> Vec<u8> {
        let hash: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(pin.as_bytes()).into());
        let mut left = Zeroizing::new([[0; BLOCK]; 1]);
        copy(left.as_flattened_mut(), hash.as_slice());
        self.encrypt(left.as_slice(), random)
    }

    /// `newPinEnc`: the PIN, padded with zeros to 64 bytes and encrypted.
    pub fn new_pin_enc(&self, pin: &Pin, random: &mut Random<'_>) -> Vec<u8> {
        let mut padded = Zeroizing::new([[0; BLOCK]; PIN_BLOCKS]);
        copy(padded.as_flattened_mut(), pin.as_bytes());
        self.encrypt(padded.as_slice(), random)
    }

    /// A MAC under the shared secret: 16 bytes by protocol one, 32 by protocol two.
    pub fn authenticate(&self, message: &[u8]) -> Vec<u8> {
        self.protocol.truncate(self.mac_key.mac(message))
    }

    /// Decrypts the `pinUvAuthToken` of a reply.
    ///
    /// # Errors
    /// When it has not the length of one: 16 or 32 bytes by protocol one, 32 by protocol two.
    pub fn open_token(&self, encrypted: &[u8]) -> Result<PinUvAuthToken, Malformed> {
        let token = self.decrypt(encrypted)?;
        match (self.protocol, token.len()) {
            (PinUvAuthProtocol::One, 16 | 32) | (PinUvAuthProtocol::Two, 32) => {
                Ok(PinUvAuthToken { protocol: self.protocol, key: MacKey::new(token.as_bytes()) })
            }
            (PinUvAuthProtocol::One | PinUvAuthProtocol::Two, _) => Err(Malformed::Invalid),
        }
    }

    /// The reverse of [`encrypt`](Self::encrypt), of at most 64 bytes.
    ///
    /// # Errors
    /// Another length than a ciphertext of the protocol has.
    pub fn decrypt(&self, encrypted: &[u8]) -> Result<Secret, Malformed> {
        let (blocks, rest) = encrypted.as_chunks::<BLOCK>();
        let (iv, blocks) = match (self.protocol, blocks) {
            _ if !rest.is_empty() => return Err(Malformed::Invalid),
            (PinUvAuthProtocol::One, blocks) => (&[0; BLOCK], blocks),
            (PinUvAuthProtocol::Two, [iv, blocks @ ..]) => (iv, blocks),
            (PinUvAuthProtocol::Two, []) => return Err(Malformed::Invalid),
        };
        if blocks.len() > MAX_BLOCKS {
            return Err(Malformed::TooLong);
        }
        let mut plaintext = Zeroizing::new([[0; BLOCK]; MAX_BLOCKS]);
        let mut cipher = cbc::Decryptor::<Aes256>::new((&*self.cipher_key.0).into(), iv.into());
        for (from, to) in blocks.iter().zip(plaintext.iter_mut()) {
            cipher.decrypt_block_b2b(from.into(), to.into());
        }
        let plaintext = plaintext.as_flattened().get(..blocks.as_flattened().len()).unwrap_or_default();
        Ok(Secret::new(plaintext.to_vec()))
    }

    /// Protocol one encrypts under an initialisation vector of zeros, protocol two under a random one that it puts in front.
    pub fn encrypt(&self, plaintext: &[[u8; BLOCK]], random: &mut Random<'_>) -> Vec<u8> {
        let mut iv = [0; BLOCK];
        let mut ciphertext = Vec::new();
        if self.protocol == PinUvAuthProtocol::Two {
            random(&mut iv);
            ciphertext.extend_from_slice(&iv);
        }
        let mut cipher = cbc::Encryptor::<Aes256>::new((&*self.cipher_key.0).into(), (&iv).into());
        for block in plaintext {
            let mut encrypted = [0; BLOCK];
            cipher.encrypt_block_b2b(block.into(), (&mut encrypted).into());
            ciphertext.extend_from_slice(&encrypted);
        }
        ciphertext
    }
}

/// What proves to a key that its user was verified: to be kept no longer than the ceremony lasts.
#[derive(Clone, Debug)]
pub struct PinUvAuthToken {
    protocol: PinUvAuthProtocol,
    key: MacKey,
}

impl PinUvAuthToken {
    /// An authenticator's own: `token` is what it gives out, encrypted.
    pub fn new(protocol: PinUvAuthProtocol, token: &[u8; 32]) -> Self {
        Self { protocol, key: MacKey::new(token) }
    }

    /// `pinUvAuthParam` over `message`: 16 bytes by protocol one, 32 by protocol two.
    pub fn authenticate(&self, message: &[u8]) -> Vec<u8> {
        self.protocol.truncate(self.key.mac(message))
    }
}

/// A key for HMAC-SHA-256, padded with zeros to the block of the hash as HMAC does itself (RFC 2104 §2), so that there is no
/// length to get wrong.
#[derive(Clone)]
struct MacKey(Zeroizing<[u8; 64]>);

impl MacKey {
    /// Of at most 32 bytes.
    fn new(key: &[u8]) -> Self {
        let mut padded = Zeroizing::new([0; 64]);
        copy(padded.as_mut_slice(), key);
        Self(padded)
    }

    fn mac(&self, message: &[u8]) -> [u8; 32] {
        Hmac::<Sha256>::new((&*self.0).into()).chain_update(message).finalize().into_bytes().into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}

struct CipherKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for CipherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CipherKey(..)")
    }
}

fn private_key(random: &mut Random<'_>) -> Result<SecretKey, NoAgreement> {
    let mut bytes = Zeroizing::new([0; 32]);
    for _ in 0..DRAWS {
        random(bytes.as_mut_slice());
        if let Ok(key) = SecretKey::from_slice(bytes.as_slice()) {
            return Ok(key);
        }
    }
    Err(NoAgreement)
}

/// The keys that the protocol makes of `z`, the abscissa of the shared point.
fn derive(protocol: PinUvAuthProtocol, z: &[u8]) -> Result<(MacKey, CipherKey), NoAgreement> {
    match protocol {
        PinUvAuthProtocol::One => {
            let key: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(z).into());
            Ok((MacKey::new(key.as_slice()), CipherKey(key)))
        }
        PinUvAuthProtocol::Two => {
            let hkdf = Hkdf::<Sha256>::new(Some(&[0; 32]), z);
            let expand = |info: &[u8]| {
                let mut key = Zeroizing::new([0; 32]);
                hkdf.expand(info, key.as_mut_slice()).map_err(|_| NoAgreement).map(|()| key)
            };
            Ok((MacKey::new(expand(b"CTAP2 HMAC key")?.as_slice()), CipherKey(expand(b"CTAP2 AES key")?)))
        }
    }
}

/// Copies as much of `from` as `to` takes.
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

#[cfg(test)]
#[path = "pin_uv_auth_tests.rs"]
mod tests;
