use super::*;

fn action(control: &str, answer: ReturnValue) -> Action {
    Control::parse(control, Reader::New).action(answer)
}

#[test]
fn words_stand_for_what_the_manual_says() {
    use ReturnValue::{AuthErr, AuthinfoUnavail, Ignore, NewAuthtokReqd, Success};
    for (control, expected) in [
        ("required", [Action::Ok, Action::Ok, Action::Ignore, Action::Bad, Action::Bad]),
        ("REQUISITE", [Action::Ok, Action::Ok, Action::Ignore, Action::Die, Action::Die]),
        ("Sufficient", [Action::Done, Action::Done, Action::Ignore, Action::Ignore, Action::Ignore]),
        ("optional", [Action::Ok, Action::Ok, Action::Ignore, Action::Ignore, Action::Ignore]),
        // Debian's common-auth.
        (
            "success=1 default=ignore",
            [Action::Jump(1), Action::Ignore, Action::Ignore, Action::Ignore, Action::Ignore],
        ),
        ("success=ok", [Action::Ok, Action::Bad, Action::Bad, Action::Bad, Action::Bad]),
        ("", [Action::Bad; 5]),
        ("nonsense", [Action::Bad; 5]),
        ("success=ok nonsense", [Action::Bad; 5]),
    ] {
        let answers = [Success, NewAuthtokReqd, Ignore, AuthErr, AuthinfoUnavail];
        assert_eq!(answers.map(|answer| action(control, answer)), expected, "{control}");
    }
}

#[test]
fn a_default_fills_what_is_open_where_it_stands() {
    let list = "default=die auth_err=2 default=ok auth_err=reset";
    assert_eq!(action(list, ReturnValue::Success), Action::Die);
    assert_eq!(action(list, ReturnValue::AuthErr), Action::Reset);
    assert_eq!(action("success=ok success=done", ReturnValue::Success), Action::Done);
}

#[test]
fn every_answer_has_its_own_name() {
    for value in ReturnValue::ALL {
        let list = format!("default=ignore {}=7", value.name());
        for other in ReturnValue::ALL {
            let expected = if other == value { Action::Jump(7) } else { Action::Ignore };
            assert_eq!(action(&list, *other), expected, "{list} {other:?}");
        }
    }
    assert_eq!(ReturnValue::ALL.len(), 32);
}

#[test]
fn what_libpam_does_not_understand_is_kept_as_it_stands() {
    for text in
        ["success", "success=", "success=often", "success=0", "success=-1", "Success=ok", "=ok", "required,"]
    {
        assert_eq!(Control::parse(text, Reader::New), Control::Malformed(text.to_owned()), "{text}");
    }
    for text in ["success=ok", " success =\tok ", "success=okdefault=bad"] {
        assert!(matches!(Control::parse(text, Reader::New), Control::List(_)), "{text}");
    }
}

/// 2³² + 1, and what has no end.
#[test]
fn a_jump_is_no_longer_than_a_number() {
    let large = ["success=4294967297", "success=99999999999999999999"];
    for text in large {
        assert_eq!(Control::parse(text, Reader::New), Control::Malformed(text.to_owned()));
    }
    // An older libpam counts on from the smallest number.
    let old = |text| Control::parse(text, Reader::Old).action(ReturnValue::Success);
    assert_eq!(large.map(old), [Action::Jump(1), Action::Jump(1_661_992_959)]);
    assert_eq!(old("success=4294967296"), Action::Bad);
    for reader in [Reader::Old, Reader::New] {
        let longest = Control::parse("success=2147483647", reader).action(ReturnValue::Success);
        assert_eq!(longest, Action::Jump(2_147_483_647));
    }
}
