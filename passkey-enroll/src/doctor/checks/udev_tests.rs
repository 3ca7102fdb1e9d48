use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn codes(machine: &Machine) -> Vec<&'static str> {
    check(machine, true).iter().map(|finding| finding.code).collect()
}

#[test]
fn rules_are_there_masked_or_missing() {
    let root = tempfile::tempdir().unwrap();
    let machine = Machine::below(root.path());
    // Without udev there is nothing to be missed.
    assert_eq!(codes(&machine), [""; 0]);
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("usr/bin/udevadm", "");
    assert_eq!(codes(&machine), ["udev_rules_missing"; 2]);
    put("usr/lib/udev/rules.d/70-uaccess.rules", "# rules\n");
    assert_eq!(codes(&machine), ["udev_rules_missing"]);
    put("usr/lib/udev/rules.d/60-fido-id.rules", "# rules\n");
    assert_eq!(codes(&machine), ["udev_rules"]);
    assert_eq!(check(&machine, false), []);
    fs::create_dir_all(root.path().join("etc/udev/rules.d")).unwrap();
    symlink("/dev/null", root.path().join("etc/udev/rules.d/60-fido-id.rules")).unwrap();
    put("etc/udev/rules.d/70-uaccess.rules", "");
    assert_eq!(codes(&machine), ["udev_rules_masked"; 2]);
    // Rules by vendor do as well.
    put("usr/lib/udev/rules.d/70-u2f.rules", "# rules\n");
    assert_eq!(codes(&machine), ["udev_rules_masked"]);
}
