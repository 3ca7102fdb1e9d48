use std::fs;
use std::path::Path;

use ctap::cose::PublicKey;

use super::*;
use crate::interop::{Entry, ForeignPasskey, Id, RpId, openssh};

/// As `import` stores it. Of what is left to the key any id will do.
fn imported(passkey: &ForeignPasskey, user_verification: UvCapability) -> Credential {
    let id = match &passkey.id {
        Id::Known(id) => id.clone(),
        Id::OnKey | Id::InPrivateFile => passkey_core::credential::CredentialId::new(vec![7]).unwrap(),
    };
    Credential {
        id,
        name: "x".to_owned(),
        rp_id: match &passkey.rp_id {
            RpId::Stated(rp_id) => rp_id.clone(),
            RpId::Programs | RpId::AppId => "pam://there".to_owned(),
        },
        public_key: passkey.public_key.clone(),
        aaguid: ctap::Aaguid::ZERO,
        discoverable: passkey.discoverable,
        user_verification,
        cred_protect: passkey.hides.then_some(3),
        transports: Vec::new(),
        added: jiff::Timestamp::UNIX_EPOCH,
        answers_silently: None,
        enabled: true,
        attestation: None,
        imported_options: passkey.options,
        hmac_secret: false,
    }
}

/// Every sound row of every file that other programs wrote.
fn all_rows() -> Vec<ForeignPasskey> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/foreign");
    let mut rows = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let entries: Vec<Entry> = match name.as_str() {
            "sssd" => sssd::parse(&bytes),
            "u2f_keys" | "u2f_rs256" => pam_u2f::parse(&bytes),
            _ => openssh::parse(&bytes),
        };
        rows.extend(entries.into_iter().filter_map(|entry| entry.passkey.ok()));
    }
    rows
}

const ABILITIES: [UvCapability; 3] = [UvCapability::None, UvCapability::Pin, UvCapability::Fingerprint];
const POLICIES: [UserVerification; 3] =
    [UserVerification::Discouraged, UserVerification::Preferred, UserVerification::Required];

fn exported(credential: &Credential, policy: UserVerification) -> ImportedOptions {
    let row = pam_u2f::row(credential, options(credential, policy)).unwrap();
    let mut entries = pam_u2f::parse(format!("alice:{row}").as_bytes());
    assert_eq!(entries.len(), 1, "{row}");
    entries.remove(0).passkey.unwrap().options.unwrap()
}

#[test]
fn every_row_that_was_imported_asks_for_the_same_once_it_is_exported() {
    let rows = all_rows();
    let asking =
        rows.iter().filter(|row| row.options.is_some_and(|options| options.pin || options.verification));
    assert!(rows.len() > 15 && asking.count() >= 5, "{}", rows.len());
    for passkey in &rows {
        // Whatever the key that held it could do when it was imported.
        for ability in ABILITIES {
            let credential = imported(passkey, ability);
            for policy in POLICIES {
                let after = exported(&credential, policy);
                let Some(before) = passkey.options else {
                    assert!(after.presence, "{passkey:?}");
                    continue;
                };
                if policy == UserVerification::Discouraged {
                    assert_eq!(after, before, "{passkey:?}");
                }
                let weaker = (before.presence && !after.presence)
                    || (before.pin && !after.pin)
                    || (before.verification && !after.verification);
                assert!(!weaker, "{passkey:?} {policy:?}: {before:?} {after:?}");
            }
        }
    }
}

#[test]
fn what_was_enrolled_here_keeps_what_its_key_can_do() {
    let key = PublicKey::Es256 { x: [1; 32], y: [1; 32] };
    let foreign = all_rows().remove(0);
    for (ability, cred_protect, words) in [
        (UvCapability::None, None, &["presence"][..]),
        (UvCapability::None, Some(3), &["presence", "pin"]),
        (UvCapability::Pin, Some(2), &["presence", "pin"]),
        (UvCapability::Fingerprint, None, &["presence", "verification"]),
    ] {
        let credential = Credential {
            public_key: key.clone(),
            cred_protect,
            imported_options: None,
            hmac_secret: false,
            ..imported(&foreign, ability)
        };
        for policy in POLICIES {
            let options = options(&credential, policy);
            assert_eq!(options.words().collect::<Vec<_>>(), words, "{ability:?} {policy:?}");
            assert_eq!(warning(ExportFormat::PamU2f, &credential, options), None);
            let said = warning(ExportFormat::Sssd, &credential, options).is_some();
            assert_eq!(said, words.len() > 1, "{ability:?}");
        }
    }
}

#[test]
fn where_the_other_program_will_ask_for_less_it_is_said() {
    let foreign = all_rows().remove(0);
    for (presence, pin, ability, policy, said) in [
        (true, true, UvCapability::Pin, UserVerification::Discouraged, None),
        (true, false, UvCapability::None, UserVerification::Required, None),
        (true, false, UvCapability::Pin, UserVerification::Discouraged, Some("+pin")),
        (true, false, UvCapability::Fingerprint, UserVerification::Discouraged, Some("+verification")),
        // This machine asks for it, so the row does.
        (true, false, UvCapability::Pin, UserVerification::Preferred, None),
        (false, false, UvCapability::None, UserVerification::Discouraged, Some("not even a touch")),
        (false, true, UvCapability::Pin, UserVerification::Required, Some("not ask for a touch")),
    ] {
        let imported_options = Some(ImportedOptions { presence, verification: false, pin });
        let credential = Credential { imported_options, cred_protect: None, ..imported(&foreign, ability) };
        let options = options(&credential, policy);
        let warning = warning(ExportFormat::PamU2f, &credential, options);
        match (said, &warning) {
            (None, None) => {}
            (Some(said), Some(warning)) if warning.contains(said) => {}
            _ => panic!("{said:?} {warning:?}"),
        }
    }
}
