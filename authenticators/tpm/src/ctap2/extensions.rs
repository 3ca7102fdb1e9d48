//! `hmac-secret` (CTAP 2.1 §12.5): secrets that the TPM makes of salts.

use ctap::hmac_secret::LEN;
use ctap::pin_uv_auth::{PinUvAuthProtocol, Session as Agreement};
use ctap::{Secret, Status};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::client_pin;
use super::request::HmacSecretInput;
use crate::authenticator::{TpmAuthenticator, random_source, tpm_status};
use crate::derive::{self, AccountSecret, NONCE_LEN};
use crate::session::Session;
use crate::state::PinRecord;

/// Salts, and the secret under which what becomes of them goes back.
#[derive(Debug)]
pub(super) struct Salts {
    agreement: Agreement,
    salts: Secret,
}

/// Decrypts the input.
pub(super) fn salts(session: &mut Session, input: &HmacSecretInput) -> Result<Salts, Status> {
    let protocol =
        PinUvAuthProtocol::from_number(input.protocol.unwrap_or(1)).ok_or(Status::INVALID_PARAMETER)?;
    let agreement = client_pin::shared_secret(session, protocol, &input.platform_key)?;
    if !bool::from(agreement.authenticate(&input.salt_enc).ct_eq(&input.salt_auth)) {
        return Err(Status::PIN_AUTH_INVALID);
    }
    let salts = agreement.decrypt(&input.salt_enc).map_err(|_| Status::INVALID_PARAMETER)?;
    let (one, two) = (LEN, LEN.saturating_mul(2));
    if salts.len() == one || salts.len() == two {
        Ok(Salts { agreement, salts })
    } else {
        Err(Status::INVALID_PARAMETER)
    }
}

impl TpmAuthenticator {
    /// What becomes of the salts for one credential, encrypted for the client.
    pub(super) fn hmac_secret(
        &mut self,
        uid: u32,
        pin: &PinRecord,
        secret: &AccountSecret,
        (nonce, rp_id_hash): (&[u8; NONCE_LEN], &[u8; 32]),
        salts: &Salts,
    ) -> Result<Vec<u8>, Status> {
        let (each, _) = salts.salts.as_bytes().as_chunks::<LEN>();
        let messages: Vec<Vec<u8>> =
            each.iter().map(|salt| derive::hmac_secret_message(nonce, rp_id_hash, salt)).collect();
        let outputs = self.tpm.hmac(&pin.hmac_key, &secret.hmac_key_auth(uid), &messages);
        let outputs = outputs.map_err(|error| tpm_status(uid, &error))?;
        let mut plaintext = Zeroizing::new(Vec::with_capacity(LEN.saturating_mul(2)));
        for output in &outputs {
            plaintext.extend_from_slice(output.as_bytes());
        }
        Ok(salts.agreement.encrypt(plaintext.as_chunks().0, &mut random_source))
    }
}
