use super::*;
use crate::pam::edit::stacks_tests::machine;
use crate::pam::simulate::{Factors, GDM_SWITCHABLE, MissingPasskey};

fn made(files: &ServiceFiles) -> Result<String, NoDraft> {
    let draft = gdm_switchable(files, &Config::default(), &[])?;
    assert_eq!(draft.exempt, []);
    let text = String::from_utf8(draft.bytes).unwrap();
    let lines = text.lines().filter(|line| line.contains("auth") && !line.starts_with('#'));
    Ok(lines.map(|line| line.replace('\t', " ") + "\n").collect())
}

fn access(files: &ServiceFiles) -> ServiceAccess {
    let draft = gdm_switchable(files, &Config::default(), &[]).unwrap();
    let files = files.clone().with(GDM_SWITCHABLE, draft.bytes);
    ServiceAccess::of(&files, GDM_SWITCHABLE, &Config::default()).unwrap()
}

const BEFORE: &str =
    "auth requisite pam_nologin.so\nauth required pam_succeed_if.so user != root quiet_success\n";

#[test]
fn the_passkey_and_the_password_stand_side_by_side() {
    for name in ["debian-12-desktop", "debian-13-desktop", "debian-sid-desktop"] {
        let (_root, files) = machine(name);
        let kwallet = if name.contains("sid") { "-auth optional pam_kwallet5.so\n" } else { "" };
        assert_eq!(
            made(&files).unwrap(),
            format!(
                "{BEFORE}auth [success=1 cred_unavail=ignore default=die] pam_passkey.so mode=passwordless\n\
                 auth substack common-auth\n\
                 auth required pam_permit.so\n{kwallet}auth optional pam_gnome_keyring.so\n"
            ),
            "{name}"
        );
        let access = access(&files);
        let verdict = access.verdict().unwrap();
        let ways: Vec<Factors> = verdict.ways.iter().map(|way| way.factors).collect();
        assert_eq!(ways, [Factors::PASSWORD, Factors::PASSKEY], "{name}");
        // GDM asks them by gdm-password.
        assert!(!access.is_closed_to(MissingPasskey::Unenrolled), "{name}");
    }
}

#[test]
fn where_a_directory_knows_the_password_its_lines_stay() {
    for name in ["debian-12-sss", "debian-13-sss"] {
        let (_root, files) = machine(name);
        assert_eq!(
            made(&files).unwrap(),
            format!(
                "{BEFORE}auth [success=1 cred_unavail=ignore default=die] pam_passkey.so mode=passwordless\n\
                 auth substack common-auth\nauth required pam_permit.so\nauth optional pam_gnome_keyring.so\n"
            ),
            "{name}"
        );
    }
}

#[test]
fn it_is_made_of_gdm_password_as_it_was_before_it_asked() {
    let (_root, files) = machine("debian-13-desktop");
    let plain = made(&files).unwrap();
    for way in [Way::SecondFactor, Way::Passwordless] {
        let on = with_passkeys(&files, &Config::default(), "gdm-password", way, &[]).unwrap();
        let files = files.clone().with("gdm-password", on.bytes);
        let text = made(&files).unwrap();
        assert_eq!(text.matches("pam_passkey.so").count(), 1, "{text}");
        if way == Way::SecondFactor {
            assert_eq!(text, plain);
        }
        let ways = access(&files).verdict().unwrap().ways;
        assert_eq!(
            ways.iter().map(|way| way.factors).collect::<Vec<_>>(),
            [Factors::PASSWORD, Factors::PASSKEY]
        );
    }
}

/// In GNOME's screen a question of its own stands outside the exchange, and the sign-in stands still.
#[test]
fn a_module_that_asks_for_the_password_itself_is_refused() {
    let (_root, files) = machine("debian-13-desktop");
    let made_of = |lines: &str| {
        let common = format!("{lines}auth requisite pam_deny.so\nauth required pam_permit.so\n");
        made(&files.clone().with("common-auth", common.into_bytes()))
    };
    let unix = "auth [success=1 default=ignore] pam_unix.so nullok\n";
    for module in
        ["pam_krb5.so minimum_uid=1000", "pam_winbind.so krb5_auth", "pam_ldap.so", "pam_userdb.so db=/x"]
    {
        let line = |option: &str| format!("auth [success=2 default=ignore] {module}{option}\n{unix}");
        let Err(NoDraft::AsksAnew { line: named, is_mended_by_option: true }) = made_of(&line("")) else {
            panic!("{module}")
        };
        assert!(module.starts_with(named.rule.module_name()) && named.place.path.ends_with("common-auth"));
        for option in [" try_first_pass", " use_first_pass"] {
            assert!(made_of(&line(option)).is_ok(), "{module}{option}");
        }
    }
    // They may ask whatever they are told.
    for module in ["pam_radius_auth.so try_first_pass", "pam_himmelblau.so", "pam_sss.so prompt_always"] {
        let lines = format!("auth [success=2 default=ignore] {module}\n{unix}");
        assert!(
            matches!(made_of(&lines), Err(NoDraft::AsksAnew { is_mended_by_option: false, .. })),
            "{module}"
        );
    }
    let unknown = format!("auth [success=2 default=ignore] pam_of_tomorrow.so try_first_pass\n{unix}");
    assert!(matches!(made_of(&unknown), Err(NoDraft::AsksForMore(_))));
}

#[test]
fn it_is_refused_with_the_reason() {
    let (_root, files) = machine("alpine");
    let without = files.with("gdm-password", Vec::new());
    assert!(matches!(made(&without), Err(NoDraft::NoPassword | NoDraft::Broken(_))));
    let (_root, files) = machine("debian-13-gnome-fprintd");
    let Err(NoDraft::AsksForMore(line)) = made(&files) else { panic!() };
    assert_eq!(line.rule.module_name(), "pam_fprintd.so");
    // The common files ask by themselves.
    let (_root, files) = machine("debian-13-desktop");
    let common = "auth [success=2 default=ignore] pam_passkey.so mode=passwordless\nauth [success=1 default=ignore] pam_unix.so\n\
                  auth requisite pam_deny.so\nauth required pam_permit.so\n";
    let files = files.with("common-auth", common.as_bytes().to_vec());
    let Err(NoDraft::AsksForMore(line)) = made(&files) else { panic!() };
    assert_eq!(line.rule.module_name(), "pam_passkey.so");
    // The line is named where it stands.
    let (_root, files) = machine("debian-13-desktop");
    let own = "auth sufficient pam_fprintd.so\n@include common-auth\n";
    let Err(NoDraft::AsksForMore(line)) = made(&files.with("gdm-password", own.as_bytes().to_vec())) else {
        panic!()
    };
    assert!(line.place.path.ends_with("gdm-password"), "{line}");
    // No GDM.
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(made(&ServiceFiles::below(folder.path())), Err(NoDraft::NoGdm)));
}
