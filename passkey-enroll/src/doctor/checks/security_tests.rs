use std::fs;

use super::*;
use crate::doctor::finding::Severity;

#[test]
fn only_denials_that_have_to_do_with_passkeys_count() {
    let avc = "type=AVC msg=audit(1764079200.1:7): avc:  denied  { read } for  pid=7 comm=\"sudo\" path=\"/dev/hidraw0\"";
    assert_eq!(denial(avc).unwrap().0, Guard::SeLinux);
    let apparmor = "audit: type=1400 apparmor=\"DENIED\" operation=\"open\" name=\"/etc/passkey/credentials/alice.toml\"";
    assert_eq!(denial(apparmor).unwrap().0, Guard::AppArmor);
    for line in [
        "avc:  denied { read } for path=\"/etc/shadow\"",
        "avc: granted hidraw",
        "apparmor=\"ALLOWED\" hidraw",
        "",
    ] {
        assert!(denial(line).is_none(), "{line}");
    }
}

#[test]
fn the_last_denial_is_shown() {
    let root = tempfile::tempdir().unwrap();
    let machine = Machine::below(root.path());
    assert_eq!(check(&machine), []);
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("sys/fs/selinux/enforce", "1");
    assert_eq!(check(&machine)[0].code, "denials_hidden");
    put("var/log/audit/audit.log", "avc:  denied  { x } for path=\"/etc/shadow\"\n");
    assert_eq!((check(&machine)[0].severity, check(&machine)[0].code), (Severity::Ok, "no_denials"));
    put("var/log/syslog", "avc: denied hidraw first\nnoise\navc: denied hidraw last\n");
    let finding = check(&machine).remove(0);
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding.message.contains("(2 times)") && finding.message.ends_with("last"),
        "{}",
        finding.message
    );
    assert!(finding.place.unwrap().path.ends_with("var/log/syslog"));
}
