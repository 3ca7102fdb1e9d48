use std::fs;
use std::path::Path;

use super::*;

/// What polkit 127 ships, as far as it matters here.
const UNIT_OF_127: &str = "\
[Unit]
Description=Authorization Manager Agent Helper (PID 1)

[Service]
DevicePolicy=closed
PrivateDevices=yes
ProtectHome=yes
";
const DROP_IN: &str = "[Service]\nPrivateDevices=no\nDeviceAllow=char-hidraw rw\n";

fn sandbox_of(files: &[(&str, &str)]) -> Option<Sandbox> {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(Path::new(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    sandbox(&Machine::below(root.path())).map(|(_, sandbox)| sandbox)
}

#[test]
fn a_drop_in_opens_the_sandbox() {
    assert_eq!(sandbox_of(&[]), None);
    let unit = ("usr/lib/systemd/system/polkit-agent-helper@.service", UNIT_OF_127);
    let sealed = sandbox_of(&[unit]).unwrap();
    assert!(!sealed.shows_keys() && !sealed.shows_homes());
    let ours = "etc/systemd/system/polkit-agent-helper@.service.d/pam_passkey.conf";
    let opened = sandbox_of(&[unit, (ours, DROP_IN)]).unwrap();
    assert!(opened.shows_keys() && !opened.shows_homes());
    assert!(sandbox_of(&[unit, (ours, "[Service]\nProtectHome=read-only\n")]).unwrap().shows_homes());
    // A later one closes it again; one that is hidden does nothing.
    let later = "run/systemd/system/polkit-agent-helper@.service.d/zz.conf";
    assert!(
        !sandbox_of(&[unit, (ours, DROP_IN), (later, "[Service]\nPrivateDevices=true\n")])
            .unwrap()
            .shows_keys()
    );
    let hidden = "usr/lib/systemd/system/polkit-agent-helper@.service.d/pam_passkey.conf";
    assert!(
        sandbox_of(&[unit, (ours, DROP_IN), (hidden, "[Service]\nDeviceAllow=\n")]).unwrap().shows_keys()
    );
    for half in [
        "[Service]\nPrivateDevices=no\n",
        "[Service]\nDeviceAllow=char-hidraw rw\n",
        "PrivateDevices=no\nDeviceAllow=char-hidraw rw\n",
    ] {
        assert!(!sandbox_of(&[unit, (ours, half)]).unwrap().shows_keys(), "{half}");
    }
    assert!(sandbox_of(&[(unit.0, "[Service]\n")]).unwrap().shows_keys());
    assert!(!sandbox_of(&[(unit.0, "[Service]\nDeviceAllow=char-hidraw r\n")]).unwrap().shows_keys());
}
