//! Certificates: any bytes as a file of them, and as chains that lead nowhere.

use attestation::{Certificate, path};
use jiff::Timestamp;

/// Whether there is a certificate in it.
pub fn run(data: &[u8]) -> bool {
    if let Ok(certificate) = Certificate::parse(data) {
        assert_eq!(certificate.as_der(), data, "nothing follows it");
        let _ = (certificate.subject(), certificate.issuer(), certificate.sha256());
    }
    let Ok(certificates) = Certificate::parse_all(data) else { return false };
    assert!(!certificates.is_empty());
    let now = Timestamp::from_second(1_795_000_000).expect("it is in range");
    for end in 1..=certificates.len().min(path::MAX_LEN + 1) {
        let (chain, roots) = certificates.split_at(end);
        match path::validate(chain, roots, now) {
            Ok(root) => assert!(roots.contains(root)),
            Err(error) => drop(error.to_string()),
        }
    }
    true
}
