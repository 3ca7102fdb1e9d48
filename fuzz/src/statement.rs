//! Attestation statements: any bytes as a key's reply, read, verified and judged. No fuzzer signs, so nothing is ever trusted.

use std::path::Path;
use std::sync::LazyLock;

use attestation::{Refusal, Trust, Verified, judge, verify_statement};
use ctap::attestation::Statement;
use ctap::make_credential;
use jiff::Timestamp;
use passkey_core::ceremony::Attestation;
use passkey_core::config::{AttestationPolicy, Config};

static TRUSTED: LazyLock<AttestationPolicy> = LazyLock::new(|| {
    let text = "[attestation]\nrequire = \"trusted\"\nroots = \"/roots\"\n";
    Config::parse(Path::new("passkey.toml"), text)
        .expect("it is sound")
        .attestation
        .read()
        .expect("and so is this")
});

/// Whether it is a reply with a statement.
pub fn run(data: &[u8]) -> bool {
    for format in ["none", "packed", "fido-u2f", "tpm"] {
        let _ = Statement::parse(format, data);
    }
    let Ok(made) = make_credential::Response::parse(data) else { return false };
    if let Ok(verified) = verify_statement(&made, &[7; 32]) {
        assert!(matches!(verified, Verified::None | Verified::Unknown), "nobody has signed it");
    }
    let attestation = Attestation { made, client_data_hash: [7; 32], enterprise_requested: true };
    let _ = judge(&attestation, &AttestationPolicy::default(), &Trust::default(), Timestamp::UNIX_EPOCH);
    let refusal: Refusal = judge(&attestation, &TRUSTED, &Trust::default(), Timestamp::UNIX_EPOCH)
        .expect_err("there is nobody to trust");
    let _ = refusal.to_string();
    true
}
