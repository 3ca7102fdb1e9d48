//! RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2.2): with SHA-256 for credentials that were imported, since no security key makes
//! such today, and with its longer sisters for the certificates of makers. Only public numbers take part, so nothing here
//! has to hide how long it takes.

use crypto_bigint::{BoxedUint, NonZero, Odd};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::VerifyError;

/// What is signed in place of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaHash {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl RsaHash {
    /// The DER of the `DigestInfo` of a message (RFC 8017, section 9.2, note 1).
    fn digest_info(self, message: &[u8]) -> Vec<u8> {
        // The length of the whole, the last number of the algorithm's identifier, the length of the digest.
        let (whole, algorithm, len, digest) = match self {
            Self::Sha256 => (0x31, 0x01, 0x20, Sha256::digest(message).to_vec()),
            Self::Sha384 => (0x41, 0x02, 0x30, Sha384::digest(message).to_vec()),
            Self::Sha512 => (0x51, 0x03, 0x40, Sha512::digest(message).to_vec()),
        };
        let mut info = vec![
            0x30, whole, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, algorithm,
            0x05, 0x00, 0x04, len,
        ];
        info.extend(digest);
        info
    }
}

/// Checks `signature` over `message` under the key of `modulus` and `exponent`, big-endian without leading zeros.
///
/// # Errors
/// What is wrong with key or signature.
pub fn verify_rsa(
    modulus: &[u8],
    exponent: &[u8],
    hash: RsaHash,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    let odd: Option<Odd<BoxedUint>> = Odd::new(BoxedUint::from_be_slice_vartime(modulus)).into();
    let modulus_number = odd.ok_or(VerifyError::UnusablePublicKey)?;
    // An even exponent belongs to no key, and with 1 every message is its own signature.
    if matches!(exponent, [] | [1]) || exponent.last().is_some_and(|byte| byte % 2 == 0) {
        return Err(VerifyError::UnusablePublicKey);
    }
    // Of the same length, numbers compare as their bytes do.
    if signature.len() != modulus.len() || signature >= modulus {
        return Err(VerifyError::MalformedSignature);
    }
    let expected =
        encoded_message(modulus.len(), &hash.digest_info(message)).ok_or(VerifyError::UnusablePublicKey)?;

    let signature = BoxedUint::from_be_slice_vartime(signature);
    let recovered = power(&signature, exponent, modulus_number.as_nz_ref());
    // The whole encoding is compared, never parsed: what a parser would pass over is where forgeries hide.
    if recovered == BoxedUint::from_be_slice_vartime(&expected) {
        Ok(())
    } else {
        Err(VerifyError::BadSignature)
    }
}

/// `base` to the power of `exponent`, which is not 0, modulo `modulus`.
///
/// By doubling and adding: a signature of 2048 bits is checked in some ten milliseconds, and the machinery of the faster ways, which
/// are for private keys, takes 49 KB of the module.
fn power(base: &BoxedUint, exponent: &[u8], modulus: &NonZero<BoxedUint>) -> BoxedUint {
    let bits = exponent.iter().flat_map(|byte| (0..8).rev().map(|bit: u32| byte.wrapping_shr(bit) & 1 == 1));
    // The first 1 stands for the base itself.
    bits.skip_while(|bit| !bit).skip(1).fold(base.clone(), |power, bit| {
        let square = product(&power, &power, modulus);
        if bit { product(&square, base, modulus) } else { square }
    })
}

/// The product of two numbers below `modulus`, modulo it.
fn product(a: &BoxedUint, b: &BoxedUint, modulus: &NonZero<BoxedUint>) -> BoxedUint {
    let zero = BoxedUint::zero_with_precision(modulus.bits_precision());
    (0..modulus.bits_vartime()).rev().fold(zero, |sum, bit| {
        let mut sum = sum.double_mod(modulus);
        if b.bit_vartime(bit) {
            sum.add_mod_assign(a, modulus);
        }
        sum
    })
}

/// `00 01 FF … FF 00 ‖ DigestInfo`, as long as the modulus (EMSA-PKCS1-v1_5, RFC 8017, section 9.2).
fn encoded_message(len: usize, digest_info: &[u8]) -> Option<Vec<u8>> {
    let head = len.checked_sub(digest_info.len().checked_add(1)?)?;
    // Eight bytes of padding are the least.
    if head < 10 {
        return None;
    }
    let mut encoded = vec![0x00, 0x01];
    encoded.resize(head, 0xff);
    encoded.push(0x00);
    encoded.extend(digest_info);
    Some(encoded)
}
