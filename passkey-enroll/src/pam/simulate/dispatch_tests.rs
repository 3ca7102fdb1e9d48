use std::path::PathBuf;

use super::*;
use crate::pam::parse::{Content, Dialect, Place, ServiceFile};

/// The steps of a text in which `(` and `)` alone on a line enclose a substack.
fn steps<'t>(lines: &mut impl Iterator<Item = &'t str>) -> Vec<Step> {
    let mut steps_here = Vec::new();
    while let Some(line) = lines.next() {
        match line {
            "(" => steps_here.push(Step::Substack(steps(lines))),
            ")" => break,
            line => {
                let file = ServiceFile::parse(format!("auth {line}").as_bytes(), &Dialect::default());
                let place = Place { path: PathBuf::from("test"), line: 1 };
                steps_here.push(match file.lines()[0].content.clone() {
                    Content::Rule(rule) => Step::Call(Call { place, rule }),
                    Content::Flawed { control, flaw, .. } => {
                        Step::MustFail(MustFail { place, control, flaw })
                    }
                    other => panic!("{other:?}"),
                });
            }
        }
    }
    steps_here
}

/// What comes of it, each module answering what its name says, and those that were reached.
fn run(text: &str) -> (ReturnValue, String) {
    let stack = Stack { steps: steps(&mut text.split('\n')), is_other: false };
    let mut reached = Vec::new();
    let status = outcome(&stack, &mut |call| {
        reached.push(call.rule.module.clone());
        *ReturnValue::ALL.iter().find(|value| value.name() == call.rule.module).unwrap()
    });
    (status, reached.join(" "))
}

#[test]
fn each_control_does_what_the_manual_says() {
    use ReturnValue::{AuthErr, AuthinfoUnavail, Incomplete, Maxtries, PermDenied, Success};
    for (text, outcome) in [
        ("required success", Success),
        ("required auth_err", AuthErr),
        ("required ignore", PermDenied),
        ("required success\nrequired auth_err\nrequired maxtries", AuthErr),
        ("required auth_err\nrequired success", AuthErr),
        ("required ignore\nrequired success", Success),
        ("requisite authinfo_unavail\nrequired auth_err", AuthinfoUnavail),
        ("sufficient success\nrequired auth_err", Success),
        ("required auth_err\nsufficient success\nrequired maxtries", AuthErr),
        ("sufficient auth_err\nrequired success", Success),
        ("sufficient auth_err", PermDenied),
        ("optional auth_err", PermDenied),
        ("optional auth_err\nrequired success", Success),
        ("optional success\nrequired auth_err", AuthErr),
        ("required", PermDenied),
        ("optional\nrequired success", Success),
        // Whatever it answers is a failure, and success is no way to fail.
        ("nonsense success\nrequired success", PermDenied),
        // Debian's common-auth.
        ("[success=1 default=ignore] success\nrequisite auth_err\nrequired success", Success),
        ("[success=1 default=ignore] maxtries\nrequisite auth_err\nrequired success", AuthErr),
        // A jump past the end, and one to the end, which decides nothing.
        ("required success\n[success=1] success", PermDenied),
        ("[success=1 default=ignore] success\nrequisite auth_err", PermDenied),
        ("required success\n[success=1 default=ignore] success\nrequisite auth_err", Success),
        ("[authinfo_unavail=ignore default=die] authinfo_unavail\nrequired success", Success),
        ("[authinfo_unavail=ignore default=die] auth_err\nrequired success", AuthErr),
        ("required auth_err\n[default=reset] success\nrequired success", Success),
        ("required auth_err\n[default=reset] success", PermDenied),
        ("[default=ok] auth_err\nrequired success", AuthErr),
        ("[default=done] auth_err\nrequired success", AuthErr),
        ("[default=bad] ignore", PermDenied),
        // A substack ends only itself, and what it has come to goes on.
        ("(\nsufficient success\nrequired auth_err\n)\nrequired success", Success),
        ("(\nsufficient success\n)\nrequired auth_err", AuthErr),
        ("(\nrequisite auth_err\n)\nsufficient success", AuthErr),
        ("(\noptional auth_err\n)\nrequired success", Success),
        ("(\nrequired auth_err\n[default=reset] success\n)\nrequired success", Success),
        ("required success\n(\nrequired auth_err\n[default=reset] success\n)", Success),
        ("required maxtries\n(\n[default=reset] success\n)\nrequired success", Maxtries),
        ("[success=1 default=bad] success\n(\nrequired auth_err\n)\nrequired success", Success),
        ("(\n[success=1] success\n)\nrequired success", PermDenied),
        // A module that goes on later is not argued with.
        ("[incomplete=ignore] incomplete\nrequired success", Incomplete),
        ("(\noptional incomplete\n)\nrequired success", Incomplete),
        ("required auth_err\noptional incomplete", Incomplete),
        ("", PermDenied),
    ] {
        let text = if text.is_empty() { ")" } else { text };
        assert_eq!(run(text).0, outcome, "{text}");
    }
}

#[test]
fn modules_are_asked_in_order_and_only_when_they_are_reached() {
    assert_eq!(run("required success\nsufficient success\nrequired auth_err").1, "success success");
    assert_eq!(run("[success=1] success\nrequired auth_err\nrequired success").1, "success success");
    assert_eq!(run("(\nrequisite auth_err\nrequired success\n)\nrequired maxtries").1, "auth_err maxtries");
}
