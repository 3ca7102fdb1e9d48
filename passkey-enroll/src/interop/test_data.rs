//! Files of other programs, see `tests/vectors/README.md`, and passkeys of our own.

use std::fs;
use std::path::Path;

use ctap::cose::PublicKey;
use passkey_core::credential::{Credential, CredentialId, UvCapability};

use super::{Entry, ForeignPasskey, Id};

/// A recorded file.
pub(super) fn file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/foreign").join(name)).unwrap()
}

/// The passkeys of these entries, all of which are sound.
pub(super) fn passkeys(entries: Vec<Entry>) -> Vec<ForeignPasskey> {
    entries.into_iter().map(|entry| entry.passkey.unwrap()).collect()
}

/// The same passkey, enrolled here.
pub(super) fn enrolled(passkey: &ForeignPasskey, user_verification: UvCapability) -> Credential {
    let Id::Known(id) = &passkey.id else { panic!("{passkey:?} has no id") };
    Credential {
        imported_options: passkey.options,
        hmac_secret: false,
        ..credential(id.clone(), passkey.public_key.clone(), passkey.discoverable, user_verification)
    }
}

pub(super) fn credential(
    id: CredentialId,
    public_key: PublicKey,
    discoverable: bool,
    user_verification: UvCapability,
) -> Credential {
    Credential {
        id,
        name: "test".to_owned(),
        rp_id: "machine.example".to_owned(),
        public_key,
        aaguid: ctap::Aaguid::ZERO,
        discoverable,
        user_verification,
        cred_protect: None,
        transports: Vec::new(),
        added: jiff::Timestamp::UNIX_EPOCH,
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: None,
        hmac_secret: false,
    }
}
