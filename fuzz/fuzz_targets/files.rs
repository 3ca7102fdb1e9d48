//! Credential, state and configuration files: any text. What is understood and written back is understood the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use passkey_core::config::Config;
use passkey_core::store::{CredentialFile, State};
use std::path::Path;

fuzz_target!(|text: &str| {
    if let Ok(file) = CredentialFile::parse(text) {
        let again = CredentialFile::parse(&file.encode()).expect("what was written can be read");
        assert_eq!(again.credentials, file.credentials);
    }
    if let Ok(state) = State::parse(text) {
        State::parse(&state.encode()).expect("what was written can be read");
    }
    if let Ok(config) = Config::parse(Path::new("/etc/passkey/passkey.toml"), text) {
        let _ = config.attestation.read();
    }
});
