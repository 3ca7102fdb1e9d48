//! A passkey that no key holds.

use ctap::Aaguid;
use ctap::cose::PublicKey;
use passkey_core::credential::{Credential, CredentialId, UvCapability};

/// The passkey of this name and id.
pub(crate) fn passkey(name: &str, id: Vec<u8>) -> Credential {
    Credential {
        id: CredentialId::new(id).unwrap(),
        name: name.to_owned(),
        rp_id: "host".to_owned(),
        public_key: PublicKey::EdDsa { x: [1; 32] },
        aaguid: Aaguid::ZERO,
        discoverable: false,
        user_verification: UvCapability::Pin,
        cred_protect: None,
        transports: vec!["usb".to_owned()],
        added: jiff::Timestamp::UNIX_EPOCH,
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: None,
        hmac_secret: false,
    }
}
