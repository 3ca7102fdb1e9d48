//! Files of other programs: any bytes, read as each of them. What is understood is bounded, can be written for pam_u2f and SSSD,
//! and reads back as the same passkey.

use ctap::Aaguid;
use passkey_core::credential::{Credential, check_name, is_rp_id};
use passkey_core::time::now;
use passkey_core::verify::is_usable;
use passkey_enroll::interop::{Entry, ForeignPasskey, Id, RpId, openssh, pam_u2f, sssd};

/// Whether there is a passkey in it.
pub fn run(data: &[u8]) -> bool {
    let mut is_understood = false;
    for entries in [pam_u2f::parse(data), sssd::parse(data), openssh::parse(data)] {
        for entry in entries {
            let lines = data.iter().filter(|byte| **byte == b'\n').count();
            assert!(entry.line > 0 && entry.line <= lines + 1);
            let Ok(passkey) = entry.passkey else { continue };
            is_understood = true;
            assert!(is_usable(&passkey.public_key));
            assert!(passkey.name.as_deref().is_none_or(|name| check_name(name).is_ok()));
            if let RpId::Stated(rp_id) = &passkey.rp_id {
                assert!(is_rp_id(rp_id));
            }
            if let Some(credential) = enrolled(&passkey) {
                let options = passkey.options.unwrap_or_default();
                if let Some(row) = pam_u2f::row(&credential, options) {
                    same(&passkey, pam_u2f::parse(format!("alice:{row}").as_bytes()));
                }
                if let Some(value) = sssd::value_of(&credential, passkey.user_handle.as_ref()) {
                    same(&passkey, sssd::parse(value.as_bytes()));
                }
            }
        }
    }
    is_understood
}

fn same(passkey: &ForeignPasskey, written: Vec<Entry>) {
    let [Entry { passkey: Ok(again), .. }] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((&again.id, &again.public_key), (&passkey.id, &passkey.public_key));
    if let (Some(again), Some(options)) = (again.options, passkey.options) {
        assert_eq!(again, options);
    }
}

fn enrolled(passkey: &ForeignPasskey) -> Option<Credential> {
    let Id::Known(id) = &passkey.id else { return None };
    Some(Credential {
        id: id.clone(),
        name: "x".to_owned(),
        rp_id: "x".to_owned(),
        public_key: passkey.public_key.clone(),
        aaguid: Aaguid::ZERO,
        discoverable: passkey.discoverable,
        user_verification: passkey.verification(),
        cred_protect: None,
        transports: Vec::new(),
        added: now(),
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: passkey.options,
        hmac_secret: false,
    })
}
