use std::fs;

use super::*;

const COMMON_AUTH: &str = "auth\t[success=1 default=ignore]\tpam_unix.so nullok\nauth\trequisite\tpam_deny.so\nauth\trequired\tpam_permit.so\n";
const SYSTEM_AUTH: &str = "\
auth        required                                     pam_env.so
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        sufficient                                   pam_sss.so forward_pass
auth        required                                     pam_deny.so
account     required                                     pam_unix.so
";

/// Debian's, Fedora's and Arch's files, as far as signing in is concerned.
const FILES: [(&str, &str); 9] = [
    ("common-auth", COMMON_AUTH),
    ("system-auth", SYSTEM_AUTH),
    ("other", "auth required pam_deny.so\n"),
    (
        "sudo",
        "#%PAM-1.0\n\nsession required pam_limits.so\n\n@include common-auth\n@include common-account\n",
    ),
    ("common-account", "account required pam_unix.so\n"),
    ("su", "auth       sufficient pam_rootok.so\n\n@include common-auth\n@include common-account\n"),
    ("fedora-sudo", "#%PAM-1.0\nauth       include      system-auth\naccount    include      system-auth\n"),
    (
        "gdm-password",
        "auth requisite pam_nologin.so\nauth required pam_succeed_if.so user != root quiet_success\n@include common-auth\n\
         auth optional pam_gnome_keyring.so\n@include common-account\nsession optional pam_gnome_keyring.so auto_start\n",
    ),
    (
        "flat",
        "auth required pam_faildelay.so delay=1\nauth required pam_unix.so\nauth required pam_group.so\n",
    ),
];

fn machine() -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in FILES {
        fs::write(folder.join(name), text).unwrap();
    }
    let files = ServiceFiles::below(root.path());
    (root, files)
}

fn draft(service: &str, way: Way) -> Result<String, NoDraft> {
    let (_root, files) = machine();
    with_passkeys(&files, &Config::default(), service, way, &[])
        .map(|draft| String::from_utf8(draft.bytes).unwrap())
}

fn original(service: &str) -> &'static str {
    FILES.iter().find(|(name, _)| *name == service).unwrap().1
}

#[test]
fn a_second_factor_comes_behind_the_password() {
    let call = format!("{REMARK}auth\trequired\tpam_passkey.so mode=second-factor\n");
    for service in ["sudo", "su", "gdm-password"] {
        let expected =
            original(service).replace("@include common-auth\n", &format!("@include common-auth\n{call}"));
        assert_eq!(draft(service, Way::SecondFactor).unwrap(), expected, "{service}");
    }
    let line = "auth required pam_unix.so\n";
    let expected = original("flat").replace(line, &format!("{line}{call}"));
    assert_eq!(draft("flat", Way::SecondFactor).unwrap(), expected);
}

/// Fedora's system-auth ends whatever includes it as soon as the password is right.
#[test]
fn what_would_end_the_stack_becomes_a_stack_of_its_own() {
    let call = format!("{REMARK}auth\trequired\tpam_passkey.so mode=second-factor\n");
    let line = "auth       include      system-auth\n";
    let expected = original("fedora-sudo").replace(line, &format!("auth\tsubstack\tsystem-auth\n{call}"));
    assert_eq!(draft("fedora-sudo", Way::SecondFactor).unwrap(), expected);
}

#[test]
fn a_passkey_in_place_of_the_password_comes_before_it() {
    let call = |control| format!("{REMARK}auth\t{control}\tpam_passkey.so mode=passwordless\n");
    for (service, line) in
        [("sudo", "@include common-auth\n"), ("fedora-sudo", "auth       include      system-auth\n")]
    {
        let expected = original(service).replacen(line, &format!("{}{line}", call("sufficient")), 1);
        assert_eq!(draft(service, Way::Passwordless).unwrap(), expected, "{service}");
    }
    // What stands behind the password is for everybody.
    let block =
        call("[success=1 default=ignore]") + "auth\tsubstack\tcommon-auth\nauth\trequired\tpam_permit.so\n";
    let expected = original("gdm-password").replace("@include common-auth\n", &block);
    assert_eq!(draft("gdm-password", Way::Passwordless).unwrap(), expected);
    // pam_group has no opinion: something has to speak for the passkey.
    let line = "auth required pam_unix.so\n";
    let framed = format!("{}{line}auth\trequired\tpam_permit.so\n", call("[success=1 default=ignore]"));
    assert_eq!(draft("flat", Way::Passwordless).unwrap(), original("flat").replace(line, &framed));
}

#[test]
fn nothing_is_put_where_a_line_jumps() {
    let (_root, files) = machine();
    let text = "auth [success=2 default=ignore] pam_succeed_if.so user ingroup guests\nauth required pam_unix.so\n\
                auth required pam_group.so\nauth required pam_permit.so\n";
    let files = files.with("jumpy", text.as_bytes().to_vec());
    let draft = |way| with_passkeys(&files, &Config::default(), "jumpy", way, &[]);
    assert_eq!(draft(Way::Passwordless), Err(NoDraft::NoPlace));
    // Before the line that jumps there is room.
    let call = format!("{REMARK}auth\trequired\tpam_passkey.so mode=second-factor\n");
    assert_eq!(draft(Way::SecondFactor).unwrap().bytes, (call + text).into_bytes());
}

#[test]
fn what_cannot_be_done_is_told_apart() {
    assert_eq!(draft("nosuch", Way::SecondFactor), Err(NoDraft::NoLines));
    assert_eq!(draft("other", Way::SecondFactor), Err(NoDraft::NoPassword));
    let (_root, files) = machine();
    let enabled = with_passkeys(&files, &Config::default(), "sudo", Way::SecondFactor, &[]).unwrap().bytes;
    let files = files.with("sudo", enabled).with("broken", b"@include nosuch\n".to_vec());
    let files = files.with("sshd", b"@include common-auth\n".to_vec());
    let sshd = with_passkeys(&files, &Config::default(), "sshd", Way::SecondFactor, &[]);
    assert_eq!(sshd, Err(NoDraft::ServesOthers));
    let again = with_passkeys(&files, &Config::default(), "sudo", Way::SecondFactor, &[]);
    assert_eq!(again, Err(NoDraft::AsksAlready));
    let broken = with_passkeys(&files, &Config::default(), "broken", Way::SecondFactor, &[]);
    assert!(matches!(broken, Err(NoDraft::Broken(_))), "{broken:?}");
}

#[test]
fn arguments_stand_behind_the_mode_and_a_last_line_without_end_stays_one() {
    let (_root, files) = machine();
    let files = files.with("door", b"auth required pam_unix.so".to_vec());
    let arguments = ["unenrolled=ignore".to_owned()];
    let drafted =
        with_passkeys(&files, &Config::default(), "door", Way::SecondFactor, &arguments).unwrap().bytes;
    assert_eq!(
        String::from_utf8(drafted).unwrap(),
        format!(
            "auth required pam_unix.so\n{REMARK}auth\trequired\tpam_passkey.so mode=second-factor unenrolled=ignore\n"
        )
    );
}

#[test]
fn taken_out_again_nothing_is_left() {
    for service in ["sudo", "su", "gdm-password", "flat"] {
        let (_root, files) = machine();
        let drafted = draft(service, Way::SecondFactor).unwrap();
        let without =
            without_passkeys(&files.with(service, drafted.into_bytes()), &Config::default(), service)
                .unwrap();
        assert_eq!(String::from_utf8(without).unwrap(), original(service), "{service}");
    }
    // Written by hand, so that nobody comes in without it.
    let (_root, files) = machine();
    let files = files.with("door", b"auth required pam_passkey.so mode=passwordless\n".to_vec());
    assert_eq!(without_passkeys(&files, &Config::default(), "door"), Err(NotTakenOut::Faulty(Fault::Shut)));
}

/// What comes of having a service of these lines ask; with it, the words for those who stay exempt.
fn drafted(lines: &str, way: Way) -> Result<(String, Vec<String>), String> {
    let (_root, files) = machine();
    let files = files.with("door", lines.as_bytes().to_vec());
    let draft = with_passkeys(&files, &Config::default(), "door", way, &[]).map_err(|error| match error {
        NoDraft::Faulty(fault) => fault.to_string(),
        other => format!("{other:?}"),
    })?;
    let lines: String = String::from_utf8(draft.bytes)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.replace("auth", "").replace('\t', " ").replace(".so", "").trim().to_owned() + "\n")
        .collect();
    Ok((
        lines,
        draft
            .exempt
            .iter()
            .map(|exempt| format!("{}: {}", exempt.line.rule.module, exempt.factors))
            .collect(),
    ))
}

#[test]
fn a_second_factor_is_for_everyone_but_those_who_were_exempt_before() {
    let passkey = "required pam_passkey mode=second-factor";
    // Local users would get in by the password alone where the line stands behind it.
    let local = "auth [success=ignore default=1] pam_localuser.so\nauth sufficient pam_unix.so\nauth required pam_sss.so\n";
    let (lines, exempt) = drafted(local, Way::SecondFactor).unwrap();
    assert_eq!(lines.lines().next().unwrap(), passkey);
    assert_eq!(exempt, [""; 0]);
    let either = "auth [success=1 default=ignore] pam_sss.so\nauth [success=done default=die] pam_unix.so\nauth required pam_permit.so\n";
    let (lines, exempt) = drafted(either, Way::SecondFactor).unwrap();
    assert_eq!(lines.lines().next().unwrap(), passkey);
    assert_eq!(exempt, [""; 0]);
    // Those whom a line lets in today are named.
    for (line, expected) in [
        ("auth sufficient pam_wheel.so trust", "pam_wheel.so: "),
        ("auth sufficient pam_succeed_if.so user = kiosk", "pam_succeed_if.so: "),
        ("auth sufficient pam_succeed_if.so user ingroup nopasswdlogin", "pam_succeed_if.so: "),
        ("auth sufficient pam_fprintd.so", "pam_fprintd.so: fingerprint or face"),
        ("auth sufficient pam_u2f.so", "pam_u2f.so: other security key or card"),
        ("auth sufficient pam_site.so", "pam_site.so: consent of a module that is not known"),
    ] {
        let stack = format!("{line}\n@include common-auth\n");
        let (lines, exempt) = drafted(&stack, Way::SecondFactor).unwrap();
        assert_eq!(lines.lines().last().unwrap(), passkey, "{line}");
        assert_eq!(exempt, [expected], "{line}");
    }
    // su runs with its caller's id: nobody is root who was not before. Of another program that is not known.
    let (_root, files) = machine();
    let su = with_passkeys(&files, &Config::default(), "su", Way::SecondFactor, &[]).unwrap();
    assert_eq!(su.exempt, []);
    let (_, exempt) =
        drafted("auth sufficient pam_rootok.so\n@include common-auth\n", Way::SecondFactor).unwrap();
    assert_eq!(exempt, ["pam_rootok.so: "]);
}

#[test]
fn a_module_that_is_not_known_may_answer_anything() {
    // Its success is no password, and where it alone decides, nothing is known to ask for one.
    let (_, exempt) =
        drafted("auth sufficient pam_sss_gss.so\n@include common-auth\n", Way::SecondFactor).unwrap();
    assert_eq!(exempt, ["pam_sss_gss.so: ticket or agent"]);
    let (_, exempt) =
        drafted("auth sufficient pam_ssh_agent_auth.so\n@include common-auth\n", Way::SecondFactor).unwrap();
    assert_eq!(exempt, ["pam_ssh_agent_auth.so: ticket or agent"]);
    // A password at a RADIUS server.
    let (lines, _) =
        drafted("auth sufficient pam_radius_auth.so\nauth required pam_unix.so\n", Way::SecondFactor)
            .unwrap();
    assert!(lines.starts_with("required pam_passkey"), "{lines}");
    let (lines, _) =
        drafted("auth sufficient pam_site.so\nauth required pam_unix.so\n", Way::Passwordless).unwrap();
    assert!(lines.contains("sufficient pam_passkey"), "{lines}");
}

#[test]
fn a_passkey_gets_in_and_nothing_else_does_without_a_password() {
    let passkey = |control: &str| format!("{control} pam_passkey mode=passwordless");
    for (stack, expected) in [
        (
            "auth sufficient pam_fprintd.so\nauth sufficient pam_unix.so\nauth required pam_deny.so\n",
            format!(
                "sufficient pam_fprintd\n{}\nsufficient pam_unix\nrequired pam_deny\n",
                passkey("sufficient")
            ),
        ),
        (
            "auth required pam_unix.so\nauth required pam_env.so\n",
            format!(
                "{}\nrequired pam_unix\nrequired pam_permit\nrequired pam_env\n",
                passkey("[success=1 default=ignore]")
            ),
        ),
        (
            "auth requisite pam_nologin.so\nauth required pam_unix.so\nauth required pam_nologin.so\n",
            format!(
                "requisite pam_nologin\n{}\nrequired pam_unix\nrequired pam_permit\nrequired pam_nologin\n",
                passkey("[success=1 default=ignore]")
            ),
        ),
    ] {
        assert_eq!(drafted(stack, Way::Passwordless).unwrap().0, expected, "{stack}");
    }
}

#[test]
fn two_lines_that_exempt_are_no_open_door() {
    let stack = "auth sufficient pam_wheel.so trust\nauth sufficient pam_succeed_if.so user = kiosk\n@include common-auth\n";
    let (_root, files) = machine();
    let files = files.with("door", stack.as_bytes().to_vec());
    let verdict = ServiceAccess::of(&files, "door", &Config::default()).unwrap().verdict().unwrap();
    assert!(verdict.open_door().is_none() && verdict.password_is_enough(), "{verdict:?}");
    assert_eq!(verdict.exempt.len(), 2, "{verdict:?}");
    assert_eq!(drafted(stack, Way::SecondFactor).unwrap().1, ["pam_succeed_if.so: ", "pam_wheel.so: "]);
}

#[test]
fn what_is_not_installed_answers_too() {
    let stack = "auth [module_unknown=1 success=ok default=die] pam_ldap.so\nauth required pam_unix.so\nauth required pam_permit.so\n";
    let (_root, files) = machine();
    let files = files.with("door", stack.as_bytes().to_vec());
    let verdict = ServiceAccess::of(&files, "door", &Config::default()).unwrap().verdict().unwrap();
    assert!(verdict.open_door().is_some(), "{verdict:?}");
}

#[test]
fn a_condition_that_does_not_apply_exempts() {
    let stack = "auth [default=1 ignore=ignore] pam_listfile.so item=tty sense=allow file=/etc/ttys apply=@wheel\n\
                 auth sufficient pam_permit.so\n@include common-auth\n";
    let drafted = drafted(stack, Way::SecondFactor);
    assert_eq!(drafted.unwrap().1, ["pam_listfile.so: "]);
}

#[test]
fn fedoras_selinux_line_is_no_way_in() {
    let gdm = "auth [success=done ignore=ignore default=bad] pam_selinux_permit.so\nauth substack system-auth\nauth optional pam_gnome_keyring.so\n";
    let (lines, exempt) = drafted(gdm, Way::SecondFactor).unwrap();
    assert!(lines.contains("substack system-\nrequired pam_passkey"), "{lines}");
    // What SELinux lets in is let in as today.
    assert_eq!(exempt, ["pam_selinux_permit.so: "]);
}

#[test]
fn taking_the_passkey_out_opens_no_door_and_shuts_none() {
    let call = "auth required pam_passkey.so\n";
    for (rest, expected) in [
        ("auth requisite pam_nologin.so\n", "it would not let anyone in"),
        ("auth required pam_env.so\n", "it would not let anyone in"),
        ("auth required pam_succeed_if.so user != root\n", "pam_succeed_if.so"),
        ("auth optional pam_gnome_keyring.so\n", "pam_gnome_keyring.so"),
        ("auth required pam_permit.so\n", "pam_permit.so"),
        ("auth requisite pam_nologin.so\nauth required pam_permit.so\n", "pam_permit.so"),
        ("auth required pam_site.so\n", "pam_site.so"),
    ] {
        let (_root, files) = machine();
        let files = files.with("door", format!("{rest}{call}").into_bytes());
        match without_passkeys(&files, &Config::default(), "door") {
            Err(NotTakenOut::Faulty(fault)) => {
                let words = fault.to_string();
                assert!(words.contains(expected), "{rest}: {words}");
            }
            other => panic!("{rest}: {other:?}"),
        }
        // Another line asks for the password.
        let files = files.with("door", format!("{rest}auth required pam_unix.so\n{call}").into_bytes());
        let without = without_passkeys(&files, &Config::default(), "door");
        assert!(without.is_ok(), "{rest}: {without:?}");
    }
}

#[test]
fn its_own_jump_comes_out_whatever_else_has_changed() {
    let (_root, files) = machine();
    for service in ["gdm-password", "flat"] {
        let drafted = draft(service, Way::Passwordless).unwrap() + "auth optional pam_warn.so\n";
        let without =
            without_passkeys(&files.clone().with(service, drafted.into_bytes()), &Config::default(), service);
        let text = String::from_utf8(without.unwrap()).unwrap();
        assert!(!text.contains("pam_passkey") && text.ends_with("pam_warn.so\n"), "{text}");
    }
    // The jump of another line is counted on.
    let files = files.with(
        "door",
        b"auth [success=1 default=ignore] pam_succeed_if.so user ingroup guests\nauth required pam_passkey.so\nauth required pam_unix.so\n".to_vec(),
    );
    assert_eq!(without_passkeys(&files, &Config::default(), "door"), Err(NotTakenOut::JumpedOver(1)));
}

#[test]
fn whoever_gets_in_today_gets_in_with_their_passkey() {
    let (_root, files) = machine();
    let draft = |files: &ServiceFiles, service: &str, way| {
        with_passkeys(files, &Config::default(), service, way, &[])
    };
    let system = |text: &str| files.clone().with("system", text.as_bytes().to_vec());
    // Two conditions together: those who are in neither group come in by the password today.
    let both = system("auth sufficient pam_unix.so\nauth required pam_deny.so\n").with(
        "door",
        b"auth include system\nauth [success=1 default=ignore] pam_succeed_if.so user ingroup wheel\n\
          auth required pam_succeed_if.so user ingroup staffx\n"
            .to_vec(),
    );
    let drafted = draft(&both, "door", Way::SecondFactor).unwrap();
    let text = String::from_utf8(drafted.bytes).unwrap();
    assert!(!text.contains("substack"), "{text}");
    // A code and the password together.
    let code = system("auth requisite pam_google_authenticator.so\nauth sufficient pam_unix.so\nauth required pam_deny.so\n")
        .with("door", b"auth include system\nauth required pam_succeed_if.so user ingroup wheel\n".to_vec());
    let drafted = draft(&code, "door", Way::SecondFactor).unwrap();
    let text = String::from_utf8(drafted.bytes).unwrap();
    assert!(!text.contains("substack"), "{text}");
    // Root becomes another user without any proof, as before.
    let su = files.clone().with(
        "su",
        b"auth [success=1 default=ignore] pam_rootok.so\nauth required pam_unix.so\nauth required pam_permit.so\n".to_vec(),
    );
    let drafted = draft(&su, "su", Way::SecondFactor);
    assert!(matches!(drafted, Err(NoDraft::Faulty(Fault::Lost(_) | Fault::Shut))), "{drafted:?}");
    // Taken out again, the password may not do for everyone, and that is said.
    let text = "auth sufficient pam_passkey.so mode=passwordless\nauth required pam_succeed_if.so user ingroup wheel\nauth required pam_unix.so\n";
    let files = files.with("door", text.as_bytes().to_vec());
    let without = without_passkeys(&files, &Config::default(), "door").unwrap();
    let access = |files: &ServiceFiles| ServiceAccess::of(files, "door", &Config::default()).unwrap();
    let after = access(&files.clone().with("door", without));
    let lost = simulate::lost_without_passkeys(&access(&files), &after).unwrap();
    assert_eq!(lost.rule.module_name(), "pam_succeed_if.so");
}
