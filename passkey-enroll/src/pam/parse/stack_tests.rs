use std::fs;

use super::*;

fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let services = ServiceFiles::below(root.path());
    (root, services)
}

/// The modules with their lines, `(…)` for a substack, `!` for what must fail.
fn shown(steps: &[Step]) -> String {
    let steps: Vec<String> = steps
        .iter()
        .map(|step| match step {
            Step::Call(Call { place, rule }) => {
                format!("{}:{}:{}", place.path.file_name().unwrap().display(), place.line, rule.module)
            }
            Step::Substack(inner) => format!("({})", shown(inner)),
            Step::MustFail(MustFail { place, flaw, .. }) => format!("!{}:{flaw:?}", place.line),
        })
        .collect();
    steps.join(" ")
}

fn auth(files: &ServiceFiles, service: &str) -> String {
    shown(&files.stack(service, Facility::Auth).unwrap().steps)
}

#[test]
fn included_files_stand_where_they_are_included() {
    let (_root, files) = machine(&[
        (
            "sudo",
            "auth required a\n@include common-auth\naccount required x\nauth substack own\nauth include tail\n",
        ),
        ("common-auth", "auth required b\naccount required y\n"),
        ("own", "auth required c\nsession required z\n@include common-auth\n"),
        ("tail", "auth required d\n"),
    ]);
    assert_eq!(auth(&files, "sudo"), "sudo:1:a common-auth:1:b (own:1:c common-auth:1:b) tail:1:d");
    let account = files.stack("sudo", Facility::Account).unwrap();
    assert_eq!(shown(&account.steps), "common-auth:2:y sudo:3:x");
    assert!(!account.is_other);
}

#[test]
fn who_has_nothing_to_say_has_what_other_says() {
    let (_root, files) = machine(&[
        ("other", "auth required deny\naccount required deny\n"),
        ("cron", "account required x\n"),
    ]);
    for service in ["cron", "unheard-of"] {
        let stack = files.stack(service, Facility::Auth).unwrap();
        assert_eq!((shown(&stack.steps).as_str(), stack.is_other), ("other:1:deny", true));
    }
    assert!(!files.stack("cron", Facility::Account).unwrap().is_other);
    let (_root, files) = machine(&[("cron", "account required x\n")]);
    assert!(files.stack("cron", Facility::Auth).unwrap().steps.is_empty());
    assert!(matches!(files.stack("unheard-of", Facility::Auth), Err(StackError::NoFile(_))));
}

#[test]
fn what_cannot_be_included_fails_as_in_libpam() {
    let (_root, files) = machine(&[
        ("include", "auth required a\nauth include nosuch\n"),
        ("substack", "auth required a\nauth substack nosuch\n"),
        ("cut", "auth required a\nauth required \\\n"),
        ("of-cut", "auth include cut\nauth required b\n"),
        ("at", "auth required a\n@include nosuch\n"),
        ("at-cut", "auth required a\n@include cut\n"),
        ("of-at", "auth include at\n"),
        ("typo", "autj required a\nauth\nauth include strange\n@include strange\n"),
        ("strange", "nonsense\n"),
    ]);
    let stack = auth(&files, "include");
    assert!(stack.starts_with("include:1:a !2:Unreadable(") && stack.contains("nosuch"), "{stack}");
    assert!(auth(&files, "substack").starts_with("substack:1:a () !2:Unreadable("));
    assert_eq!(auth(&files, "of-cut"), "cut:1:a !2:Unfinished of-cut:2:b");
    for service in ["at", "cut", "at-cut"] {
        let error = files.stack(service, Facility::Auth).unwrap_err();
        assert!(matches!(error, StackError::Line { .. }), "{error}");
        assert!(error.to_string().contains(":2: "), "{error}");
        // Whatever it is asked for.
        assert!(files.stack(service, Facility::Session).is_err());
    }
    assert_eq!(
        auth(&files, "typo"),
        "!1:UnknownFacility(\"autj\") !2:NoControl !1:UnknownFacility(\"nonsense\") !1:UnknownFacility(\"nonsense\")"
    );
    assert!(files.stack("typo", Facility::Account).unwrap().steps.is_empty());
    // Where a file is included for another facility, it is for that one.
    let files = files
        .with("door", b"account include misnamed\n".to_vec())
        .with("misnamed", b"acount include tail\n".to_vec());
    let files = files.with("tail", b"account required x\nauth required y\n".to_vec());
    assert_eq!(shown(&files.stack("door", Facility::Account).unwrap().steps), "tail:1:x");
    assert!(files.stack("door", Facility::Auth).unwrap().steps.is_empty());
}

/// What libpam goes on with there is what its memory happens to hold: as a rule the control of the line before.
#[test]
fn what_follows_from_chance_is_not_told() {
    let (_root, files) = machine(&[
        ("of-at", "auth include at\n"),
        ("at", "auth optional a\n@include nosuch\n"),
        ("of-bare", "auth include bare\n"),
        ("bare", "@include\n"),
        ("of-nameless", "auth include nameless\n"),
        ("nameless", "auth required /\n"),
        ("of-zero", "auth include zero\n"),
        ("zero", "auth required a\0b\n"),
    ]);
    for (service, line) in
        [("of-at", "at:2"), ("of-bare", "bare:1"), ("of-nameless", "nameless:1"), ("of-zero", "zero:1")]
    {
        let error = files.stack(service, Facility::Auth).unwrap_err().to_string();
        assert!(error.contains(&format!("/{line}: ")), "{service}: {error}");
        // It is so for signing in only.
        assert!(files.stack(service, Facility::Session).unwrap().steps.is_empty());
    }
}

#[test]
fn what_is_wrong_with_other_is_wrong_everywhere() {
    let (_root, files) = machine(&[("other", "auth required \\"), ("sudo", "auth required a\n")]);
    assert!(files.stack("sudo", Facility::Auth).is_err());
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let (_root, files) = machine(&[
        ("once", "auth required a\nauth include once\n"),
        ("at", "auth required a\n@include at\n"),
        ("twice", "auth required a\nauth include twice\nauth include twice\n"),
        ("sub", "auth substack sub\nauth substack sub\n"),
    ]);
    let once = auth(&files, "once");
    assert!(once.ends_with("!2:TooDeep"), "{once}");
    let error = files.stack("at", Facility::Auth).unwrap_err();
    assert!(matches!(error, StackError::Line { flaw: Flaw::TooDeep, .. }), "{error}");
    for service in ["twice", "sub"] {
        assert!(matches!(files.stack(service, Facility::Auth), Err(StackError::TooLong(_))), "{service}");
    }
}
