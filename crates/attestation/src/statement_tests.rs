use super::*;
use crate::vectors::Vectors;

fn word(result: &Result<Verified, StatementError>) -> &'static str {
    match result {
        Ok(Verified::None) => "none",
        Ok(Verified::SelfAttested) => "self",
        Ok(Verified::Certified { .. }) => "certified",
        Ok(Verified::Unknown) => "unknown",
        Err(StatementError::NoCredential) => "no_credential",
        Err(StatementError::Malformed(_)) => "malformed",
        Err(StatementError::Certificate(_)) => "certificate",
        Err(StatementError::Requirement(_)) => "requirement",
        Err(StatementError::UnknownKey) => "unknown_key",
        Err(StatementError::WrongAlgorithm) => "wrong_algorithm",
        Err(StatementError::BadSignature) => "bad_signature",
        Err(StatementError::OtherModel { .. }) => "other_model",
    }
}

#[test]
fn each_statement_comes_to_its_result() {
    let vectors = Vectors::load();
    for row in &vectors.statements {
        let attestation = row.attestation();
        let result = verify(&attestation.made, &attestation.client_data_hash);
        assert_eq!(word(&result), row.result, "{}: {result:?}", row.name);
        if let Ok(Verified::Certified { aaguid, chain }) = &result {
            let digits = aaguid.to_string().replace('-', "");
            assert_eq!(Some(&digits), row.aaguid.as_ref(), "{}", row.name);
            assert!(!chain.is_empty());
        }
    }
    let accepted = vectors.statements.iter().filter(|row| row.result == "certified").count();
    assert!(vectors.statements.len() >= 60 && accepted >= 15, "{accepted} of {}", vectors.statements.len());
    assert_eq!(vectors.statements.iter().filter(|row| row.name.contains("WebAuthn Level 3")).count(), 7);
}

#[test]
fn each_bit_of_what_is_signed_counts() {
    let vectors = Vectors::load();
    for name in [
        "packed: by a certificate, es256",
        "packed: by the credential itself, eddsa",
        "fido-u2f: a key of U2F",
    ] {
        let attestation = vectors.attestation(name);
        assert!(verify(&attestation.made, &attestation.client_data_hash).is_ok());
        for byte in 0..32 {
            let mut hash = attestation.client_data_hash;
            hash[byte] ^= 0x80;
            assert_eq!(verify(&attestation.made, &hash), Err(StatementError::BadSignature), "{name} {byte}");
        }
        let statement = &attestation.made.attestation_statement;
        for position in 0..statement.len() {
            let mut made = attestation.made.clone();
            made.attestation_statement[position] ^= 0x01;
            // In a certificate there are names and dates that the statement does not hang on.
            if let Ok(verified) = verify(&made, &attestation.client_data_hash) {
                assert!(
                    !verified.chain().is_empty() && verified.chain()[0].as_der().len() > 300,
                    "{name} {position}"
                );
            }
        }
    }
}

#[test]
fn a_statement_without_a_credential_is_about_nothing() {
    let mut attestation = Vectors::load().attestation("none: nothing");
    attestation.made.authenticator_data.attested_credential = None;
    let result = verify(&attestation.made, &attestation.client_data_hash);
    assert_eq!(result, Err(StatementError::NoCredential));
}
