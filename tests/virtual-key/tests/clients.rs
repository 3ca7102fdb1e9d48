//! A key behind a socket, used by a client that is not ours.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::Command;
use std::time::Duration;

use virtual_key::live::LiveKey;
use virtual_key::{KeyConfig, PinProtocols};

#[test]
#[ignore = "its client is built by ./check clients"]
fn webauthn_authenticator_rs_enrols_and_signs_in() {
    let client = std::env::var_os("WEBAUTHN_RS_CLIENT").expect("./check clients says where it is");
    let folder = tempfile::tempdir().unwrap();
    for (protocols, name) in [(PinProtocols::Both, "blue"), (PinProtocols::One, "red")] {
        let socket = folder.path().join(name);
        let mut config = KeyConfig::new(name);
        config.protocols = protocols;
        let aaguid = format!("{:032x}", u128::from_be_bytes(config.aaguid));
        let key = LiveKey::behind(&socket, config).unwrap();
        key.auto_touch(Some(Duration::ZERO));
        key.plug().unwrap();
        let output = Command::new(&client).arg("roaming").arg(&socket).arg(aaguid).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, b"done\n");
        assert_eq!(key.pin_retries(), 8);
    }
}
