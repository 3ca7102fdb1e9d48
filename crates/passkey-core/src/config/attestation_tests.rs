use std::path::Path;

use super::super::Config;
use super::*;

fn parse(table: &str) -> AttestationPolicy {
    let text = format!("[attestation]\n{table}\n");
    let config = Config::parse(Path::new("passkey.toml"), &text).unwrap();
    config.attestation.read().unwrap_or_else(|error| panic!("{error}"))
}

const METADATA: &str = "metadata = '/etc/passkey/blob.jwt'\nmetadata_root = '/etc/passkey/root.pem'\n";

#[test]
fn an_empty_table_is_like_none() {
    assert_eq!(parse(""), AttestationPolicy::default());
    assert!(!parse("").can_trust());
}

#[test]
fn every_key_is_read() {
    let table = "
        require = 'any'
        allowed_aaguids = ['2fc0579f-8113-47ea-b116-bb5a8db9202a', '00000000-0000-0000-0000-000000000000']
        roots = '/etc/passkey/roots'
        metadata = '/etc/passkey/blob.jwt'
        metadata_root = '/etc/passkey/root.pem'
        metadata_signer = 'Our metadata'
        metadata_outdated = 'warn'
        enterprise = true
    ";
    let policy = AttestationPolicy {
        require: AttestationRequirement::Any,
        allowed_aaguids: vec!["2fc0579f-8113-47ea-b116-bb5a8db9202a".parse().unwrap(), Aaguid::ZERO],
        roots: Some("/etc/passkey/roots".into()),
        metadata: Some(MetadataPolicy {
            file: "/etc/passkey/blob.jwt".into(),
            root: "/etc/passkey/root.pem".into(),
            signer: "Our metadata".to_owned(),
            outdated: OutdatedMetadata::Warn,
            certification: None,
        }),
        enterprise: true,
    };
    assert_eq!(parse(table), policy);
    assert!(policy.can_trust());
    // Each key is known, wherever it stands.
    for key in AttestationPolicy::KEYS {
        let error = Draft::default().set(key, &DeValue::Array(toml::de::DeArray::new())).unwrap_err();
        assert!(matches!(error, SettingError::BadValue { .. }), "{key}: {error}");
    }
}

#[test]
fn metadata_has_built_in_values() {
    let metadata = parse(METADATA).metadata.unwrap();
    assert_eq!(metadata.signer, "mds.fidoalliance.org");
    assert_eq!(metadata.outdated, OutdatedMetadata::Refuse);
}

#[test]
fn a_certification_needs_a_key_that_is_trusted() {
    for level in Certification::ALL {
        let policy = parse(&format!("{METADATA}require = 'none'\ncertification = '{}'", level.as_str()));
        assert_eq!(policy.require, AttestationRequirement::Trusted);
        assert_eq!(policy.metadata.unwrap().certification, Some(level));
    }
}

/// A table, and the whole message about it after the file's name.
const ERRORS: &[(&str, &str)] = &[
    ("require = 'all'", ":2: [attestation] `require` cannot be `all`: give one of none, any, trusted"),
    ("require = 'trusted'", ":2: [attestation] `require` needs `roots` or `metadata` beside it"),
    ("\nmetadata = '/b'\n", ":3: [attestation] `metadata` needs `metadata_root` beside it"),
    ("metadata_root = '/r'", ":2: [attestation] `metadata_root` needs `metadata` beside it"),
    ("metadata_signer = 'x'", ":2: [attestation] `metadata_signer` needs `metadata` beside it"),
    ("metadata_outdated = 'warn'", ":2: [attestation] `metadata_outdated` needs `metadata` beside it"),
    ("certification = 'FIDO_CERTIFIED'", ":2: [attestation] `certification` needs `metadata` beside it"),
    (
        "certification = 'L1'",
        ":2: [attestation] `certification` cannot be `L1`: give one of FIDO_CERTIFIED, FIDO_CERTIFIED_L1, \
         FIDO_CERTIFIED_L1plus, FIDO_CERTIFIED_L2, FIDO_CERTIFIED_L2plus, FIDO_CERTIFIED_L3, FIDO_CERTIFIED_L3plus",
    ),
    (
        "allowed_aaguids = []",
        ":2: [attestation] `allowed_aaguids` cannot be `a list`: give a list of at least one AAGUID, such as \
         [\"00000000-0000-0000-0000-000000000000\"]",
    ),
    (
        "allowed_aaguids = ['x']",
        ":2: [attestation] `allowed_aaguids` cannot be `a list`: give a list of at least one AAGUID, such as \
         [\"00000000-0000-0000-0000-000000000000\"]",
    ),
    ("roots = 'roots.pem'", ":2: [attestation] `roots` cannot be `roots.pem`: give an absolute path"),
    ("metadata = 3", ":2: [attestation] `metadata` cannot be `3`: give an absolute path"),
    (
        "metadata_signer = ''",
        ":2: [attestation] `metadata_signer` cannot be ``: give a name of visible ASCII characters, such as a host name",
    ),
    ("enterprise = 'yes'", ":2: [attestation] `enterprise` cannot be `yes`: give true or false"),
    ("requires = 'any'", ":2: [attestation] unknown key `requires`, did you mean `require`?"),
];

/// What the table comes to, in a configuration that is sound otherwise: nobody is kept from signing in.
fn refused(text: &str) -> String {
    let config = Config::parse(Path::new("passkey.toml"), text).expect(text);
    config.attestation.read().expect_err(text).to_string()
}

#[test]
fn errors_say_file_line_key_and_remedy() {
    for (table, expected) in ERRORS {
        assert_eq!(
            refused(&format!("[attestation]\n{table}\n")),
            format!("passkey.toml{expected}"),
            "{table}"
        );
    }
    assert_eq!(
        refused("attestation = 'any'\n"),
        "passkey.toml:1: `attestation` cannot be `any`: give a table"
    );
}
