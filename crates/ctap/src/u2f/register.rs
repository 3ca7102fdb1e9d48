//! Registration (U2F Raw Message Formats §4).

use super::apdu::{self, ins};
use super::der;
use super::reply::{self, ReplyError};
use crate::authenticator_data::AuthenticatorData;
use crate::cbor::{Item, Malformed, entry};
use crate::cose::{PublicKey, p256_point};
use crate::make_credential;

/// The first byte of a reply, reserved for historical reasons.
const RESERVED: u8 = 0x05;
/// The first byte of a point that is written whole (SEC 1 §2.3.3), the only form that a key may give.
const UNCOMPRESSED: u8 = 0x04;
/// UP and AT in authenticator data.
const FLAGS: u8 = 0x41;

/// A registration request. The key answers [`CONDITIONS_NOT_SATISFIED`](super::StatusWord::CONDITIONS_NOT_SATISFIED) until a person
/// has touched it; the request is then to be sent again.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// SHA-256 of the client data.
    pub challenge: &'a [u8; 32],
    /// SHA-256 of the RP ID.
    pub application: &'a [u8; 32],
}

impl Request<'_> {
    /// The payload of a `CTAPHID_MSG` request.
    pub fn encode(&self) -> Vec<u8> {
        let data = [self.challenge.as_slice(), self.application].concat();
        apdu::with_data(ins::REGISTER, 0, &data).unwrap_or_default()
    }
}

/// A new credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The credential's public key, always [`PublicKey::Es256`].
    pub public_key: PublicKey,
    /// The credential id, 1 to 255 bytes.
    pub key_handle: Vec<u8>,
    /// The attestation certificate, DER; only its length is checked.
    pub certificate: Vec<u8>,
    /// The signature by the certificate's key over [`signed_message`](Self::signed_message), DER; not checked.
    pub signature: Vec<u8>,
    point: [u8; 65],
}

impl Response {
    /// Parses the payload of a `CTAPHID_MSG` reply.
    ///
    /// # Errors
    /// The status word, or what is wrong with the reply: a public key that is not on P-256, no key handle, a certificate or a
    /// signature that ends elsewhere than it says.
    pub fn parse(payload: &[u8]) -> Result<Self, ReplyError> {
        let (&reserved, rest) = reply::data(payload)?.split_first().ok_or(Malformed::Truncated)?;
        let (&point, rest) = rest.split_first_chunk::<65>().ok_or(Malformed::Truncated)?;
        if reserved != RESERVED {
            return Err(Malformed::Invalid.into());
        }
        let public_key = public_key(&point)?;
        let (&key_handle_len, rest) = rest.split_first().ok_or(Malformed::Truncated)?;
        let (key_handle, rest) =
            rest.split_at_checked(usize::from(key_handle_len)).ok_or(Malformed::Truncated)?;
        if key_handle.is_empty() {
            return Err(Malformed::Missing.into());
        }
        let (certificate, rest) = der::split_sequence(rest)?;
        let signature = der::only_sequence(rest)?;
        Ok(Self {
            public_key,
            key_handle: key_handle.to_vec(),
            certificate: certificate.to_vec(),
            signature: signature.to_vec(),
            point,
        })
    }

    /// What [`signature`](Self::signature) is over: `0x00 ‖ application ‖ challenge ‖ key handle ‖ public key` (§4.3; the same for
    /// the attestation format `fido-u2f`, WebAuthn Level 3 §8.6).
    pub fn signed_message(&self, challenge: &[u8; 32], application: &[u8; 32]) -> Vec<u8> {
        [&[0], application.as_slice(), challenge, &self.key_handle, &self.point].concat()
    }

    /// The authenticator data that a CTAP2 authenticator would have made (CTAP 2.1 §7.2): user present, counter 0, no AAGUID.
    /// It is not signed: `fido-u2f` attestation is over [`signed_message`](Self::signed_message).
    pub fn authenticator_data(&self, application: &[u8; 32]) -> Vec<u8> {
        let key_handle_len = u16::try_from(self.key_handle.len()).unwrap_or(u16::MAX).to_be_bytes();
        [
            application.as_slice(),
            &[FLAGS],
            &[0; 4],
            &[0; 16],
            &key_handle_len,
            &self.key_handle,
            &self.public_key.encode(),
        ]
        .concat()
    }

    /// The reply that a CTAP2 authenticator would have given (CTAP 2.1 §7.2), with an attestation statement of the format
    /// `fido-u2f` (WebAuthn Level 3 §8.6).
    ///
    /// # Errors
    /// None that a parsed reply could cause.
    pub fn into_credential(self, application: &[u8; 32]) -> Result<make_credential::Response, Malformed> {
        let authenticator_data = AuthenticatorData::parse(&self.authenticator_data(application))?;
        let statement = Item::map([
            entry("sig", Item::from(self.signature.as_slice())),
            entry("x5c", Item::array([Item::from(self.certificate.as_slice())])),
        ]);
        Ok(make_credential::Response {
            format: "fido-u2f".to_owned(),
            authenticator_data,
            attestation_statement: statement.into_bytes(),
            enterprise: false,
        })
    }
}

/// The public key in an uncompressed point, if that lies on P-256.
fn public_key(point: &[u8; 65]) -> Result<PublicKey, Malformed> {
    let [UNCOMPRESSED, coordinates @ ..] = point else { return Err(Malformed::Invalid) };
    let (Some(x), Some(y)) = (coordinates.first_chunk(), coordinates.last_chunk()) else {
        return Err(Malformed::Truncated);
    };
    p256_point(x, y)?;
    Ok(PublicKey::Es256 { x: *x, y: *y })
}

#[cfg(test)]
#[path = "register_tests.rs"]
mod tests;
