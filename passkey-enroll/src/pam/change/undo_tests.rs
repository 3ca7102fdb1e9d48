use super::*;

const BEFORE: &str = "auth required pam_env.so\n@include common-auth\naccount required pam_unix.so\n";

fn without(after: &str, current: &str) -> Option<String> {
    let without = without_hunks(BEFORE.as_bytes(), after.as_bytes(), current.as_bytes());
    without.map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn a_line_that_was_put_in_comes_out_whatever_else_was_changed() {
    let after = "auth required pam_env.so\n# Ours.\nauth [success=1 default=ignore] pam_passkey.so\n\
                 @include common-auth\naccount required pam_unix.so\n";
    assert_eq!(without(after, after).as_deref(), Some(BEFORE));
    let current = after.replace("pam_env.so", "pam_env.so readenv=1") + "# theirs\n";
    let expected = BEFORE.replace("pam_env.so", "pam_env.so readenv=1") + "# theirs\n";
    assert_eq!(without(after, &current), Some(expected));
}

#[test]
fn a_line_that_was_replaced_comes_back() {
    let block = "# Ours.\nauth [success=1 default=ignore] pam_passkey.so\nauth substack common-auth\nauth required pam_permit.so\n";
    let after = BEFORE.replace("@include common-auth\n", block);
    let current = after.clone() + "session required pam_limits.so\n";
    assert_eq!(without(&after, &current), Some(BEFORE.to_owned() + "session required pam_limits.so\n"));
}

#[test]
fn what_cannot_be_told_apart_is_left() {
    let after = BEFORE.to_owned() + "auth required pam_passkey.so\n";
    // Another has put the same line in; changed it; taken it out.
    assert_eq!(without(&after, &(after.clone() + "auth required pam_passkey.so\n")), None);
    assert_eq!(without(&after, &after.replace("required pam_passkey", "optional pam_passkey")), None);
    assert_eq!(without(&after, BEFORE), None);
    assert_eq!(without(BEFORE, BEFORE), None, "nothing was changed");
}
