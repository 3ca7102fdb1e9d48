use super::super::line::{Line, parse};
use super::*;

fn stack(text: &str) -> Vec<Step> {
    let steps = parse(text).into_iter().map(|line| match line {
        Line::Module(rule) => Step::Module(rule),
        Line::Include { .. } => panic!("no file to include"),
    });
    steps.collect()
}

/// `good` succeeds, `bad` fails, `none` is unavailable, `pass` ignores.
fn come_in(stack: &[Step]) -> bool {
    opens(stack, &|rule| match rule.module.as_str() {
        "good" => Answer::Success,
        "none" => Answer::Unavailable,
        "pass" => Answer::Ignore,
        _ => Answer::Failure,
    })
}

#[test]
fn each_control_does_what_the_manual_says() {
    for (text, opens) in [
        ("", false),
        ("auth required good", true),
        ("auth required bad", false),
        ("auth required pass", false),
        ("auth required good\nauth required bad", false),
        ("auth required bad\nauth required good", false),
        ("auth required pass\nauth required good", true),
        ("auth requisite none\nauth required good", false),
        ("auth sufficient good\nauth required bad", true),
        ("auth required bad\nauth sufficient good", false),
        ("auth sufficient bad\nauth required good", true),
        ("auth sufficient bad\nauth optional good", true),
        ("auth optional bad", false),
        ("auth optional bad\nauth required good", true),
        // Debian's common-auth.
        ("auth [success=1 default=ignore] good\nauth requisite bad\nauth required good", true),
        ("auth [success=1 default=ignore] bad\nauth requisite bad\nauth required good", false),
        ("auth [success=2 default=ignore] good\nauth requisite bad\n", false),
        ("auth [success=9 default=ignore] good\n", false),
        ("auth [authinfo_unavail=ignore default=die] none\nauth required good", true),
        ("auth [authinfo_unavail=ignore default=die] bad\nauth required good", false),
        ("auth required bad\nauth [success=reset] good\nauth required good", true),
        ("auth [default=done] good\nauth requisite bad", true),
    ] {
        assert_eq!(come_in(&stack(text)), opens, "{text}");
    }
}

#[test]
fn a_substack_ends_only_itself() {
    let inner = |text: &str| Step::Substack(stack(text));
    for (steps, opens) in [
        (vec![inner("auth sufficient good\nauth required bad")], true),
        ([vec![inner("auth sufficient good")], stack("auth required bad")].concat(), false),
        ([vec![inner("auth requisite bad")], stack("auth required good")].concat(), false),
        ([vec![inner("auth optional bad")], stack("auth required good")].concat(), true),
    ] {
        assert_eq!(come_in(&steps), opens, "{steps:?}");
    }
}
