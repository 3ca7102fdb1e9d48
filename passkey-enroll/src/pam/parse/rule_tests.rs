use super::super::control::Action;
use super::super::control::ReturnValue;
use super::super::dialect::{Includes, Reader};
use super::*;

fn flaw(line: &str) -> Flaw {
    match parse(line, &Dialect::default()) {
        Some(Parsed::Flawed(_, _, flaw)) => flaw,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_rule_has_its_parts() {
    assert_eq!(
        parse("-AUTH [success=1 default=ignore] /lib/security/pam_x.so a [b c] d=e", &Dialect::default()),
        Some(Parsed::Rule(Rule {
            facility: Facility::Auth,
            quiet: true,
            control: Control::parse("success=1 default=ignore", Reader::New),
            module: "/lib/security/pam_x.so".to_owned(),
            arguments: ["a", "b c", "d=e"].map(str::to_owned).to_vec(),
        }))
    );
    let Some(Parsed::Rule(rule)) = parse("session optional pam_x.so", &Dialect::default()) else { panic!() };
    assert_eq!((rule.facility, rule.quiet, rule.module_name()), (Facility::Session, false, "pam_x.so"));
    // libpam cuts brackets off every word.
    let Some(Parsed::Rule(rule)) = parse("[auth] [required] [pam_x.so]", &Dialect::default()) else {
        panic!()
    };
    assert_eq!((rule.control, rule.module.as_str()), (Control::Required, "pam_x.so"));
}

#[test]
fn files_are_included_in_three_ways() {
    for (line, facility, kind) in [
        ("@include a", None, IncludeKind::AtInclude),
        ("-@Include a b", None, IncludeKind::AtInclude),
        ("auth include a", Some(Facility::Auth), IncludeKind::Include),
        ("account SUBSTACK a", Some(Facility::Account), IncludeKind::Substack),
    ] {
        let include = Include { facility, is_misnamed: false, kind, target: "a".to_owned() };
        assert_eq!(parse(line, &Dialect::default()), Some(Parsed::Include(include)), "{line}");
    }
}

#[test]
fn what_is_not_as_one_would_think_has_its_reason() {
    assert_eq!(parse(" \t ", &Dialect::default()), None);
    assert_eq!(flaw("autj required pam_x.so"), Flaw::UnknownFacility("autj".to_owned()));
    assert_eq!(flaw("auth"), Flaw::NoControl);
    assert_eq!(flaw("auth optional"), Flaw::NoModule);
    assert_eq!(flaw("auth include"), Flaw::NoTarget);
    assert_eq!(flaw("@include"), Flaw::NoTargetCrash);
    let debian_12 = Dialect { includes: Includes::EtcOnly, ..Dialect::default() };
    for line in ["auth include", "autj include"] {
        assert_eq!(parse(line, &debian_12), Some(Parsed::Flawed(None, None, Flaw::NoTargetCrash)), "{line}");
    }
    // libpam keeps a substack by its name, as it does a module.
    assert_eq!(flaw("auth substack /"), Flaw::NoModuleName);
    for line in ["auth required .so", "autj required /", "autj [success=ok] []"] {
        assert_eq!(flaw(line), Flaw::NoModuleName, "{line}");
    }
    assert_eq!(flaw("[]"), Flaw::UnknownFacility(String::new()));
    // What follows from the failure is what the line says.
    let Some(Parsed::Flawed(Some(Facility::Auth), Some(control), Flaw::NoModule)) =
        parse("auth optional", &Dialect::default())
    else {
        panic!()
    };
    assert_eq!(control.action(ReturnValue::PermDenied), Action::Ignore);
}
