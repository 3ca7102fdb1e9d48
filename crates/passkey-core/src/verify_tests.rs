use std::{fs, path::Path};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ctap::{AuthenticatorData, cose::PublicKey, get_assertion::Response};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::Value;

use super::*;
use crate::credential::{CredentialId, UvCapability};

fn credential(id: &[u8], rp_id: &str, public_key: PublicKey) -> Credential {
    Credential {
        id: CredentialId::new(id.to_vec()).unwrap(),
        name: "test".to_owned(),
        rp_id: rp_id.to_owned(),
        public_key,
        aaguid: ctap::Aaguid::ZERO,
        discoverable: false,
        user_verification: UvCapability::None,
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

fn response(id: Option<&[u8]>, authenticator_data: &[u8], signature: Vec<u8>) -> Response {
    Response {
        credential_id: id.map(<[u8]>::to_vec),
        authenticator_data: AuthenticatorData::parse(authenticator_data).unwrap(),
        signature,
        user: None,
        number_of_credentials: None,
        user_selected: false,
    }
}

/// The file in `tests/vectors`, see the note there.
#[test]
fn independent_vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/assertions.json");
    let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let bytes =
        |value: &Value, key: &str| Base64UrlUnpadded::decode_vec(value[key].as_str().unwrap()).unwrap();

    let rp_id = text(&file, "rp_id");
    let id = bytes(&file, "credential_id");
    let client_data = ClientData::sign_in(&rp_id, &bytes(&file, "challenge").try_into().unwrap());
    // Another implementation's client data, byte for byte.
    assert_eq!(client_data.json(), text(&file, "client_data_json"));

    let rows = file["assertions"].as_array().unwrap();
    assert!(rows.len() > 100);
    for row in rows {
        let result = match PublicKey::parse(&bytes(row, "public_key")) {
            // A point that is not on its curve may be noticed as early as this.
            Err(_) => "unusable_public_key".to_owned(),
            Ok(public_key) => {
                let credential = credential(&id, &rp_id, public_key);
                let credentials = [&credential];
                let expected =
                    Expected { credentials: &credentials, rp_id: &rp_id, client_data: &client_data };
                let assertion =
                    response(Some(&id), &bytes(row, "authenticator_data"), bytes(row, "signature"));
                match verify_assertion(&expected, &assertion) {
                    Ok(_) => "verified",
                    Err(VerifyError::BadSignature) => "bad_signature",
                    Err(VerifyError::MalformedSignature) => "malformed_signature",
                    Err(VerifyError::UnusablePublicKey) => "unusable_public_key",
                    Err(VerifyError::WrongRpId) => "wrong_rp_id",
                    Err(VerifyError::ContradictoryBackupFlags) => "contradictory_backup_flags",
                    Err(other) => panic!("{other}"),
                }
                .to_owned()
            }
        };
        assert_eq!(result, text(row, "result"), "{}", text(row, "name"));
    }
}

const RP_ID: &str = "host";
const ONE: &[u8] = b"one";
const TWO: &[u8] = b"two";

/// An authenticator with two credentials, both made for one RP ID.
struct Desk {
    key: SigningKey,
    one: Credential,
    two: Credential,
    client_data: ClientData,
}

impl Desk {
    fn new() -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public_key = PublicKey::EdDsa { x: key.verifying_key().to_bytes() };
        Self {
            one: credential(ONE, RP_ID, public_key.clone()),
            two: credential(TWO, RP_ID, public_key),
            client_data: ClientData::sign_in(RP_ID, &[9; 32]),
            key,
        }
    }

    fn sign(&self, id: Option<&[u8]>, rp_id: &str, flags: u8, sign_count: u32) -> Response {
        let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend(sign_count.to_be_bytes());
        let signature = self.key.sign(&[&data, &self.client_data.hash()[..]].concat());
        response(id, &data, signature.to_bytes().to_vec())
    }

    /// The id of the credential that signed.
    fn verify(
        &self,
        credentials: &[&Credential],
        rp_id: &str,
        assertion: &Response,
    ) -> Result<Vec<u8>, VerifyError> {
        let expected = Expected { credentials, rp_id, client_data: &self.client_data };
        verify_assertion(&expected, assertion).map(|facts| facts.credential().id.as_bytes().to_vec())
    }
}

#[test]
fn the_credential_is_one_that_was_asked_for() {
    type Case<'a> = (&'a [&'a Credential], Option<&'a [u8]>, Result<&'a [u8], VerifyError>);
    let desk = Desk::new();
    let (one, two) = (&desk.one, &desk.two);
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
    let stranger = credential(b"stranger", RP_ID, PublicKey::EdDsa { x: other });
    let cases: [Case<'_>; 10] = [
        (&[one, two], Some(ONE), Ok(ONE)),
        (&[one, two], Some(TWO), Ok(TWO)),
        (&[one], None, Ok(ONE)),
        (&[two], None, Ok(TWO)),
        // The signature says whose it is where the key does not.
        (&[&stranger, two], None, Ok(TWO)),
        (&[&stranger, &stranger], None, Err(VerifyError::CredentialIdMissing)),
        (&[], None, Err(VerifyError::CredentialIdMissing)),
        (&[], Some(ONE), Err(VerifyError::CredentialNotAskedFor)),
        (&[one], Some(TWO), Err(VerifyError::CredentialNotAskedFor)),
        (&[one], Some(b""), Err(VerifyError::CredentialNotAskedFor)),
    ];
    for (asked, id, result) in cases {
        let assertion = desk.sign(id, RP_ID, Flags::UP.0, 1);
        assert_eq!(
            desk.verify(asked, RP_ID, &assertion),
            result.map(<[u8]>::to_vec),
            "{} {id:?}",
            asked.len()
        );
    }
}

#[test]
fn an_omitted_id_does_not_excuse_another_credentials_signature() {
    let desk = Desk::new();
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
    let stranger = credential(ONE, RP_ID, PublicKey::EdDsa { x: other });
    let assertion = desk.sign(None, RP_ID, Flags::UP.0, 1);
    assert_eq!(desk.verify(&[&stranger], RP_ID, &assertion), Err(VerifyError::BadSignature));
}

#[test]
fn the_rp_id_is_the_credentials_own() {
    let mut desk = Desk::new();
    assert_eq!(desk.verify(&[&desk.one], RP_ID, &desk.sign(None, RP_ID, 1, 1)), Ok(ONE.to_vec()));
    // Genuine signatures, each over another RP ID than the one that counts.
    assert_eq!(desk.verify(&[&desk.one], RP_ID, &desk.sign(None, "evil", 1, 1)), Err(VerifyError::WrongRpId));
    assert_eq!(desk.verify(&[&desk.one], "evil", &desk.sign(None, RP_ID, 1, 1)), Err(VerifyError::WrongRpId));
    assert_eq!(
        desk.verify(&[&desk.one], "evil", &desk.sign(None, "evil", 1, 1)),
        Err(VerifyError::WrongRpId)
    );
    // After the machine was renamed.
    desk.one.rp_id = "old-name".to_owned();
    assert_eq!(desk.verify(&[&desk.one], "old-name", &desk.sign(None, "old-name", 1, 1)), Ok(ONE.to_vec()));
}

#[test]
fn facts_are_those_that_were_signed() {
    let desk = Desk::new();
    let expected = Expected { credentials: &[&desk.one], rp_id: RP_ID, client_data: &desk.client_data };
    for flags in [0x00, 0x01, 0x04, 0x05, 0x09, 0x19, 0x1d] {
        let assertion = desk.sign(None, RP_ID, flags, 0xfeed_f00d);
        let facts = verify_assertion(&expected, &assertion).unwrap();
        assert_eq!(facts.user_present(), flags & 0x01 != 0);
        assert_eq!(facts.user_verified(), flags & 0x04 != 0);
        assert_eq!(facts.backup_eligible(), flags & 0x08 != 0);
        assert_eq!(facts.backed_up(), flags & 0x10 != 0);
        assert_eq!(facts.sign_count(), 0xfeed_f00d);
    }
    for flags in [0x10, 0x15] {
        let assertion = desk.sign(None, RP_ID, flags, 1);
        assert_eq!(
            verify_assertion(&expected, &assertion).unwrap_err(),
            VerifyError::ContradictoryBackupFlags
        );
    }
}

fn requirements(user_verification: UserVerification) -> Requirements {
    Requirements { user_verification, stored_sign_count: None, counter: CounterPolicy::Deny }
}

#[test]
fn presence_and_verification_are_judged_apart() {
    use UserVerification as Uv;
    let desk = Desk::new();
    let expected = Expected { credentials: &[&desk.one], rp_id: RP_ID, client_data: &desk.client_data };
    let (absent, unverified) = (Err(VerifyError::UserNotPresent), Err(VerifyError::UserNotVerified));
    for (flags, uv, result) in [
        (0x00, Uv::Required, absent),
        (0x00, Uv::NotRequired, absent),
        (0x01, Uv::Required, unverified),
        (0x01, Uv::NotRequired, Ok(false)),
        (0x04, Uv::Required, absent),
        (0x04, Uv::NotRequired, absent),
        (0x05, Uv::Required, Ok(true)),
        (0x05, Uv::NotRequired, Ok(true)),
    ] {
        let assertion = desk.sign(None, RP_ID, flags, 1);
        let facts = verify_assertion(&expected, &assertion).unwrap();
        let judged = judge(&facts, &requirements(uv));
        assert_eq!(judged.map(|verified| verified.user_verified()), result, "{flags:#04x} {uv:?}");
    }
}

#[test]
fn a_counter_has_to_rise_where_there_is_one() {
    let desk = Desk::new();
    let expected = Expected { credentials: &[&desk.one], rp_id: RP_ID, client_data: &desk.client_data };
    for (stored_sign_count, received, rises) in [
        (None, 0, true),
        (None, 7, true),
        (Some(0), 0, true),
        (Some(0), 1, true),
        (Some(6), 7, true),
        (Some(7), 7, false),
        (Some(8), 7, false),
        (Some(1), 0, false),
        (Some(u32::MAX - 1), u32::MAX, true),
        (Some(u32::MAX), u32::MAX, false),
        (Some(u32::MAX), 0, false),
    ] {
        let assertion = desk.sign(None, RP_ID, 0x05, received);
        let facts = verify_assertion(&expected, &assertion).unwrap();
        let mut requirements = requirements(UserVerification::Required);
        requirements.stored_sign_count = stored_sign_count;
        let warning = stored_sign_count.filter(|_| !rises).map(|stored| CounterWarning { stored, received });

        let denied = judge(&facts, &requirements).err();
        assert_eq!(denied, warning.map(VerifyError::CounterNotGreater), "{stored_sign_count:?} {received}");

        requirements.counter = CounterPolicy::Warn;
        let verified = judge(&facts, &requirements).unwrap();
        assert_eq!(verified.counter_warning(), warning, "{stored_sign_count:?} {received}");
        assert_eq!(verified.sign_count(), received);
        assert_eq!(verified.credential(), &desk.one);
    }
}

#[test]
fn every_error_says_something_of_its_own() {
    let warning = CounterWarning { stored: 8, received: 7 };
    let errors = [
        VerifyError::CredentialNotAskedFor,
        VerifyError::CredentialIdMissing,
        VerifyError::WrongRpId,
        VerifyError::ContradictoryBackupFlags,
        VerifyError::MalformedSignature,
        VerifyError::BadSignature,
        VerifyError::UnusablePublicKey,
        VerifyError::UserNotPresent,
        VerifyError::UserNotVerified,
        VerifyError::CounterNotGreater(warning),
    ];
    let messages: std::collections::BTreeSet<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), errors.len());
}

#[test]
fn keys_that_no_signature_verifies_under_are_told_from_others() {
    let ed25519 = SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes();
    let mut identity = [0; 32];
    identity[0] = 1;
    for (key, usable) in [
        (PublicKey::EdDsa { x: ed25519 }, true),
        (PublicKey::EdDsa { x: identity }, false),
        // No point of the curve has this ordinate.
        (PublicKey::EdDsa { x: [2; 32] }, false),
        (PublicKey::Es384 { x: [1; 48], y: [1; 48] }, false),
        (PublicKey::Rs256 { n: vec![0xff; 256], e: vec![1, 0, 1] }, true),
        (PublicKey::Rs256 { n: vec![0xfe; 256], e: vec![1, 0, 1] }, false),
        (PublicKey::Rs256 { n: vec![0xff; 256], e: vec![1] }, false),
    ] {
        assert_eq!(is_usable(&key), usable, "{key:?}");
    }
}
