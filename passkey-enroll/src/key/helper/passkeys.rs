//! Discoverable passkeys, inside the process that talks to the key (CTAP 2.1 §6.8).

use ctap::Pin;
use ctap::Status;
use ctap_hid_fido2::FidoKeyHid;
use ctap_hid_fido2::fidokey::credential_management::credential_management_params::{
    Credential, CredentialProtectionPolicy,
};
use ctap_hid_fido2::public_key_credential_descriptor::PublicKeyCredentialDescriptor;

use super::child::classify_error;
use super::protocol::{Failure, KeyPasskey};

/// All of them. The crate gets a token with the PIN for each RP ID; a wrong PIN ends it at the first.
pub(super) fn list(key: &FidoKeyHid, pin: &Pin) -> Result<Vec<KeyPasskey>, Failure> {
    let rps = match classify_error(key.credential_management_enumerate_rps(Some(pin.as_str()))) {
        // That there is none is an answer.
        Err(Failure::Status(status)) if Status(status) == Status::NO_CREDENTIALS => return Ok(Vec::new()),
        rps => rps?,
    };
    let mut passkeys = Vec::new();
    for rp in rps {
        let rp_id = rp.public_key_credential_rp_entity.id;
        let held = classify_error(
            key.credential_management_enumerate_credentials(Some(pin.as_str()), &rp.rpid_hash),
        )?;
        passkeys.extend(held.into_iter().map(|credential| passkey(rp_id.clone(), credential)));
    }
    Ok(passkeys)
}

fn passkey(rp_id: String, credential: Credential) -> KeyPasskey {
    let user = credential.public_key_credential_user_entity;
    KeyPasskey {
        id: credential.public_key_credential_descriptor.id,
        rp_id,
        user_handle: user.id,
        user_name: user.name,
        user_display_name: user.display_name,
        cred_protect: match credential.cred_protect {
            CredentialProtectionPolicy::Unknown => None,
            CredentialProtectionPolicy::UserVerificationOptional => Some(1),
            CredentialProtectionPolicy::UserVerificationOptionalWithCredentialIdList => Some(2),
            CredentialProtectionPolicy::UserVerificationRequired => Some(3),
        },
    }
}

pub(super) fn remove(key: &FidoKeyHid, pin: &Pin, id: Vec<u8>) -> Result<(), Failure> {
    let descriptor = PublicKeyCredentialDescriptor { id, ctype: "public-key".to_owned() };
    classify_error(key.credential_management_delete_credential(Some(pin.as_str()), descriptor))
}
