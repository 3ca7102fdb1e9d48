use super::*;

fn rule(module: &str, control: &str, arguments: &[&str]) -> Line {
    Line::Module(Rule {
        module: module.to_owned(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        control: Control::parse(control).unwrap(),
    })
}

#[test]
fn a_service_file_of_debians() {
    let text = "\
#%PAM-1.0
# auth required pam_deny.so
session    required   pam_env.so readenv=1
@include common-auth
auth\tsufficient \tpam_passkey.so mode=passwordless \\
    timeout=60 # the whole time
-auth optional /usr/lib/x86_64-linux-gnu/security/pam_gnome_keyring.so
auth [success=1 default=ignore]   pam_unix.so nullok
AUTH REQUISITE pam_deny.so
auth include system-auth
auth substack password-auth
account required pam_unix.so
auth required
auth unknown pam_unix.so
auth [success=-1] pam_unix.so
";
    let include = |file: &str, substack| Line::Include { file: file.to_owned(), substack };
    assert_eq!(
        parse(text),
        [
            include("common-auth", false),
            rule("pam_passkey.so", "sufficient", &["mode=passwordless", "timeout=60"]),
            rule("pam_gnome_keyring.so", "optional", &[]),
            rule("pam_unix.so", "[success=1 default=ignore]", &["nullok"]),
            rule("pam_deny.so", "requisite", &[]),
            include("system-auth", false),
            include("password-auth", true),
        ]
    );
}

#[test]
fn brackets_keep_spaces_in_arguments() {
    let text = "auth required pam_u2f.so [cue_prompt=Touch it [now\\] please] origin=pam://a\n";
    assert_eq!(
        parse(text),
        [rule("pam_u2f.so", "required", &["cue_prompt=Touch it [now] please", "origin=pam://a"])]
    );
    assert_eq!(parse("auth [success=ok pam_x.so"), []);
    assert_eq!(parse("auth required pam_x.so [open"), [rule("pam_x.so", "required", &["open"])]);
}

#[test]
fn what_is_not_named_in_a_list_fails() {
    let control = Control::parse("[success=ok]").unwrap();
    assert_eq!((control.action("success"), control.action("auth_err")), (Action::Ok, Action::Bad));
    let control = Control::parse("[default=done auth_err=2]").unwrap();
    assert_eq!((control.action("success"), control.action("auth_err")), (Action::Done, Action::Jump(2)));
    for broken in ["[success]", "[success=often]", "[success=0]", "[", "required]", ""] {
        assert_eq!(Control::parse(broken), None, "{broken}");
    }
}
