use super::*;
use crate::doctor::fixture::Fixture;
use crate::doctor::probe::units::parse;

/// What systemctl tells of the unit that polkit 127 ships.
const SEALED: &str = "\
LoadState=loaded
FragmentPath=/usr/lib/systemd/system/polkit-agent-helper@.service
PrivateDevices=yes
DevicePolicy=closed
ProtectHome=yes
";
/// And with the drop-in of this package.
const OPENED: &str = "\
LoadState=loaded
FragmentPath=/usr/lib/systemd/system/polkit-agent-helper@.service
PrivateDevices=no
DevicePolicy=closed
DeviceAllow=char-rtc r
DeviceAllow=char-hidraw rw
ProtectHome=read-only
";

fn unit(text: &str) -> Unit {
    match parse(text) {
        UnitAnswer::Loaded(unit) => unit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sandbox_is_judged_by_what_it_shows() {
    let sealed = unit(SEALED);
    assert_eq!(sealed.path.to_str(), Some("/usr/lib/systemd/system/polkit-agent-helper@.service"));
    assert!(!sealed.shows_keys() && !sealed.shows_homes());
    let opened = unit(OPENED);
    assert!(opened.shows_keys() && opened.shows_homes());
    for (from, to, shows_keys) in [
        ("PrivateDevices=no", "PrivateDevices=yes", false),
        ("char-hidraw rw", "char-hidraw r", false),
        ("DeviceAllow=char-hidraw rw\n", "", false),
        ("char-hidraw rw", "/dev/hidraw3 rwm", true),
    ] {
        assert_eq!(unit(&OPENED.replace(from, to)).shows_keys(), shows_keys, "{to}");
    }
    let free = unit("LoadState=loaded\nPrivateDevices=no\nDevicePolicy=auto\nProtectHome=no\n");
    assert!(free.shows_keys() && free.shows_homes());
    assert!(!unit("LoadState=loaded\nDevicePolicy=auto\nDeviceAllow=char-rtc r\n").shows_keys());
    assert!(!unit("LoadState=loaded\nProtectHome=tmpfs\n").shows_homes());
}

#[test]
fn a_unit_that_is_not_there_is_told_from_one_that_nobody_tells_of() {
    assert_eq!(parse("LoadState=not-found\nPrivateDevices=no\n"), UnitAnswer::None);
    assert_eq!(parse("LoadState=masked\n"), UnitAnswer::None);
    assert_eq!(parse("LoadState=error\n"), UnitAnswer::NotKnown);
    assert_eq!(parse(""), UnitAnswer::NotKnown);

    let machine = Fixture::healthy();
    let codes = |machine: &Fixture| {
        let findings = machine.examine().into_iter().filter(|finding| finding.code.starts_with("polkit"));
        findings.map(|finding| finding.code).collect::<Vec<_>>()
    };
    machine.systemctl_shows(INSTANCE, "");
    // Nothing asks for passkeys there.
    assert_eq!(codes(&machine), [""; 0]);
    machine.put("etc/pam.d/polkit-1", "@include common-auth\nauth required pam_passkey.so\n");
    assert_eq!(codes(&machine), ["polkit_unknown"]);
    machine.systemctl_shows(INSTANCE, SEALED);
    assert_eq!(codes(&machine), ["polkit_sandbox"]);
    machine.systemctl_shows(INSTANCE, &OPENED.replace("read-only", "yes"));
    assert_eq!(codes(&machine), ["polkit_sandbox"]);
    let template = "credential_files = [\"{home}/.config/passkey/credentials.toml\"]\n";
    let config = std::fs::read_to_string(machine.path("etc/passkey/passkey.toml")).unwrap();
    let rest = config.split_once('\n').unwrap().1;
    machine.put("etc/passkey/passkey.toml", format!("{template}{rest}"));
    assert!(codes(&machine).contains(&"polkit_homes"), "{:?}", codes(&machine));
}
