use super::*;
use crate::pam::parse::{Content, Dialect, ServiceFile};

fn rule(line: &str) -> Rule {
    match &ServiceFile::parse(line.as_bytes(), &Dialect::default()).lines()[0].content {
        Content::Rule(rule) => rule.clone(),
        other => panic!("{other:?}"),
    }
}

fn kind(call: &str) -> Kind {
    ModuleBehaviour::of(&rule(&format!("auth required {call}"))).kind
}

#[test]
fn the_table_is_understood_and_each_row_is_reached() {
    let table = table();
    assert_eq!(table.len(), TABLE.matches("[[module]]").count());
    for (index, entry) in table.iter().enumerate() {
        let call = rule(&format!("auth required {}.so {}", entry.name, entry.arguments.join(" ")));
        let found = ModuleBehaviour::of(&call);
        assert!(
            std::ptr::eq(found.yes.as_ptr(), entry.yes.as_ptr()) || entry.yes.is_empty(),
            "{index}: {entry:?}"
        );
        let is_yes_or_no = |answer: &ReturnValue| entry.yes.contains(answer) != entry.no.contains(answer);
        assert!(entry.yes.iter().chain(&entry.no).all(is_yes_or_no), "{entry:?}");
        if let Kind::Factor(_) = found.kind {
            assert!(!entry.no.contains(&ReturnValue::Success), "{entry:?}");
        }
    }
}

#[test]
fn arguments_change_what_a_module_is() {
    assert_eq!(kind("pam_unix.so nullok"), Kind::Factor(Factors::PASSWORD));
    assert_eq!(kind("pam_sss.so forward_pass"), Kind::Factor(Factors::PASSWORD));
    assert_eq!(kind("/usr/lib/security/pam_sss.so require_cert_auth"), Kind::Factor(Factors::TOKEN));
    let required = "pam_sss.so require_cert_auth ignore_authinfo_unavail";
    assert_eq!(kind(required), Kind::Factor(Factors::TOKEN));
    assert_eq!(kind("pam_debug.so auth=authinfo_unavail"), Kind::Denies);
    assert_eq!(kind("pam_debug.so auth=success"), Kind::Unknown);
    assert_eq!(kind("pam_u2f.so nouserok cue"), Kind::Factor(Factors::TOKEN));
    assert_eq!(kind("pam_passkey.so"), Kind::Passkey);
    assert_eq!(kind("pam_site_made.so"), Kind::Unknown);
    let trust = ModuleBehaviour::of(&rule("auth sufficient pam_wheel.so use_uid trust"));
    assert_eq!((trust.kind, trust.yes), (Kind::Check, &[ReturnValue::Success][..]));
    let plain = ModuleBehaviour::of(&rule("auth required pam_wheel.so use_uid"));
    assert_eq!(plain.yes, [ReturnValue::Ignore]);
}

#[test]
fn answers_that_lead_to_the_same_are_one() {
    use ReturnValue::{Ignore, NewAuthtokReqd, OpenErr, Success};
    assert_eq!(
        distinct(&rule("auth required x.so"), ReturnValue::ALL),
        [Success, OpenErr, NewAuthtokReqd, Ignore]
    );
}
