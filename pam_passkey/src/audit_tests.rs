use std::path::PathBuf;

use passkey_core::ceremony::{Attachment, KeyId, SignInError};

use super::*;
use crate::outcome::Outcome;
use crate::remote::RemoteSign;

fn line(record: &Record, outcome: &Outcome) -> String {
    record.line(&outcome.row(), Duration::from_millis(2310))
}

#[test]
fn a_success_names_passkey_and_key() {
    let mut record = Record {
        service: "sudo".into(),
        user: Some("alice".into()),
        ruser: Some("alice".into()),
        tty: Some("/dev/pts/3".into()),
        rhost: None,
        key: Some(PluggedKey {
            id: KeyId(0),
            name: "Maker Key".into(),
            path: PathBuf::from("/dev/hidraw0"),
            vendor_id: 0x1050,
            product_id: 0x0407,
            attachment: Attachment::Plugged,
        }),
        ..Record::default()
    };
    let signed_in = crate::verified::signed_in();
    record.prove(signed_in.verified());
    let outcome = Outcome::Verified(Box::new(signed_in));
    assert_eq!(
        line(&record, &outcome),
        "result=success code=PAM_SUCCESS service=\"sudo\" user=\"alice\" passkey=\"blue\" id=AQEBAQEBAQ \
         user_verified=no sign_count=7 key=\"Maker Key\" model=1050:0407 ruser=\"alice\" tty=\"/dev/pts/3\" \
         duration_ms=2310 reason=\"verified\""
    );
}

#[test]
fn a_recovery_code_is_told_apart_from_a_passkey() {
    let record = Record { service: "sudo".into(), user: Some("alice".into()), ..Record::default() };
    assert_eq!(
        line(&record, &Outcome::Recovered(Box::new(crate::redeemed::redeemed(7)))),
        "result=success code=PAM_SUCCESS service=\"sudo\" user=\"alice\" duration_ms=2310 reason=\"recovery code \
         used, 7 left\""
    );
}

#[test]
fn a_failure_says_why_and_leaves_out_what_is_not_known() {
    let record = Record { service: "login".into(), ..Record::default() };
    assert_eq!(
        line(&record, &Outcome::Failed(SignInError::NoKey)),
        "result=failure code=PAM_AUTHINFO_UNAVAIL service=\"login\" duration_ms=2310 reason=\"no security key was \
         plugged in\""
    );
}

#[test]
fn a_failure_names_the_passkey_that_the_key_has_proved_to_hold() {
    let record = Record {
        service: "login".into(),
        passkey: Some(crate::verified::verified().credential().clone()),
        ..Record::default()
    };
    assert_eq!(
        line(&record, &Outcome::Failed(SignInError::NoTouch)),
        "result=failure code=PAM_AUTH_ERR service=\"login\" passkey=\"blue\" id=AQEBAQEBAQ duration_ms=2310 \
         reason=\"the security key was not touched in time\""
    );
}

#[test]
fn what_was_typed_stands_beside_the_name_of_the_account_where_it_differs() {
    let alice = crate::verified::signed_in().account().clone();
    for (typed, words) in [
        (Some("alice"), r#"user="alice" duration_ms"#),
        (None, r#"user="alice" duration_ms"#),
        (Some("Alice"), r#"user="alice" typed="Alice" duration_ms"#),
        (
            Some("ad\\alice\" user=\"root\n"),
            r#"user="alice" typed="ad\\alice\" user=\"root\u{a}" duration_ms"#,
        ),
    ] {
        let mut record = Record { service: "sudo".into(), ..Record::default() };
        record.name(&alice, typed);
        let line = line(&record, &Outcome::Failed(SignInError::NoKey));
        assert!(line.contains(words), "{line}");
    }
}

#[test]
fn a_key_that_proved_nothing_is_named_without_a_passkey() {
    let key = PluggedKey {
        id: KeyId(0),
        name: "Foreign Key".into(),
        path: PathBuf::from("/dev/hidraw0"),
        vendor_id: 0x1050,
        product_id: 0x0407,
        attachment: Attachment::Plugged,
    };
    let record = Record { service: "sudo".into(), key: Some(key), ..Record::default() };
    let line = line(&record, &Outcome::Failed(SignInError::NoTouch));
    assert!(line.contains(r#"key="Foreign Key" model=1050:0407"#) && !line.contains("passkey="), "{line}");
}

#[test]
fn nobody_forges_a_pair_or_a_line() {
    let record = Record {
        service: "x\" result=\"success".into(),
        user: Some("a\nb".into()),
        rhost: Some("\u{1b}[2J\\".into()),
        ..Record::default()
    };
    let line = line(&record, &Outcome::Remote(RemoteSign::RemoteHost("evil\" result=success\n".into())));
    assert!(line.starts_with("result=failure "), "{line}");
    assert!(line.contains(r#"service="x\" result=\"success""#), "{line}");
    assert!(line.contains(r#"user="a\u{a}b""#), "{line}");
    assert!(line.contains(r#"rhost="\u{1b}[2J\\""#), "{line}");
    assert!(!line.chars().any(char::is_control), "{line}");
}

#[test]
fn no_line_grows_without_bound() {
    let long = "x".repeat(100_000);
    let record = Record {
        service: long.clone(),
        user: Some(long.clone()),
        typed: Some(long.clone()),
        ruser: Some(long.clone()),
        tty: Some(long.clone()),
        rhost: Some(long.clone()),
        ..Record::default()
    };
    assert!(line(&record, &Outcome::Remote(RemoteSign::RemoteHost(long))).len() < 1500);
}
