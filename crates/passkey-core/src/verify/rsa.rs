//! RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.2), for credentials that were imported: no security key makes
//! such today. Only public numbers take part, so nothing here has to hide how long it takes.

use crypto_bigint::{
    BoxedUint, Odd,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use sha2::{Digest as _, Sha256};

use super::VerifyError;

/// The DER of a `DigestInfo` for SHA-256 up to the digest (RFC 8017, section 9.2, note 1).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// Checks `signature` over `message` under the key of `modulus` and `exponent`, big-endian without leading zeros.
pub(super) fn verify(
    modulus: &[u8],
    exponent: &[u8],
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
    let expected = encoded_message(modulus.len(), message).ok_or(VerifyError::UnusablePublicKey)?;

    let signature = BoxedUint::from_be_slice_vartime(signature);
    let exponent = BoxedUint::from_be_slice_vartime(exponent);
    let recovered = BoxedMontyForm::new(signature, &BoxedMontyParams::new_vartime(modulus_number))
        .pow(&exponent)
        .retrieve();
    // The whole encoding is compared, never parsed: what a parser would pass over is where forgeries hide.
    if recovered == BoxedUint::from_be_slice_vartime(&expected) {
        Ok(())
    } else {
        Err(VerifyError::BadSignature)
    }
}

/// `00 01 FF … FF 00 ‖ DigestInfo ‖ digest`, as long as the modulus (EMSA-PKCS1-v1_5, RFC 8017, section 9.2).
fn encoded_message(len: usize, message: &[u8]) -> Option<Vec<u8>> {
    let digest = Sha256::digest(message);
    let tail = DIGEST_INFO.len().checked_add(digest.len())?.checked_add(1)?;
    let head = len.checked_sub(tail)?;
    // Eight bytes of padding are the least.
    if head < 10 {
        return None;
    }
    let mut encoded = vec![0x00, 0x01];
    encoded.resize(head, 0xff);
    encoded.push(0x00);
    encoded.extend(DIGEST_INFO);
    encoded.extend(digest);
    Some(encoded)
}
