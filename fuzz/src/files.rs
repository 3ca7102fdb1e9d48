//! Credential, state, keyring and configuration files: any text. What is understood and written back is understood the same.

use passkey_core::config::Config;
use passkey_core::store::keyring::Keyring;
use passkey_core::store::{CredentialFile, State};
use std::path::Path;

/// Whether it is a file of some kind.
pub fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let credentials = CredentialFile::parse(text);
    if let Ok(file) = &credentials {
        let again = CredentialFile::parse(&file.encode()).expect("what was written can be read");
        assert_eq!(again.credentials, file.credentials);
    }
    let state = State::parse(text);
    if let Ok(state) = &state {
        let again = State::parse(&state.encode()).expect("what was written can be read");
        assert_eq!(again.sign_ins(), state.sign_ins());
        assert_eq!(again.encode(), state.encode());
    }
    let keyring = Keyring::parse(text);
    if let Ok(keyring) = &keyring {
        let again = Keyring::parse(&keyring.encode()).expect("what was written can be read");
        assert_eq!(again.entries(), keyring.entries());
        assert_eq!(again.skipped().len(), keyring.skipped().len());
    }
    let config = Config::parse(Path::new("/etc/passkey/passkey.toml"), text);
    if let Ok(config) = &config {
        let _ = config.attestation.read();
    }
    credentials.is_ok() || state.is_ok() || keyring.is_ok() || config.is_ok()
}
