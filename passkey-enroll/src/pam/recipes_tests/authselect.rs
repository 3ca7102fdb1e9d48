//! Fedora's profile, with every choice of features that bears on who gets in, and whatever the modules answer: nobody gets in by less than
//! is asked of them, and nobody is kept out who gives it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::libpam;
use super::person::{Held, Person};
use crate::pam::parse::{Facility, ReturnValue, ServiceFiles};
use crate::pam::simulate::dispatch;

const FEATURES: [&str; 6] = [
    "with-passkey",
    "with-passkey-2fa",
    "with-faillock",
    "with-fingerprint",
    "with-pam-gnome-keyring",
    "without-nullok",
];

fn profile(file: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/redhat/authselect");
    fs::read_to_string(Path::new(folder).join(file)).unwrap()
}

/// What authselect makes of a template (authselect-profiles(5)).
fn expanded(template: &str, features: &BTreeSet<&str>) -> String {
    let mut text = String::new();
    for line in template.lines() {
        let mut line = line.to_owned();
        let mut stays = true;
        while let Some((before, rest)) = line.split_once('{') {
            let (operator, after) = rest.split_once('}').unwrap();
            let (condition, put) = match operator.split_once(':') {
                Some((condition, put)) => (condition, put),
                None => (operator, ""),
            };
            let (verb, terms) = condition.split_once("if ").unwrap();
            let holds = terms.split(" and ").all(|term| match term.strip_prefix("not ") {
                Some(feature) => !features.contains(feature.trim_matches('"')),
                None => features.contains(term.trim_matches('"')),
            });
            match verb {
                "" => {
                    let (yes, no) = put.split_once('|').unwrap_or((put, ""));
                    line = format!("{before}{}{after}", if holds { yes } else { no });
                    continue;
                }
                "include " => stays &= holds,
                "exclude " => stays &= !holds,
                "continue " if holds => stays = false,
                "continue " => return text,
                other => panic!("{other}"),
            }
            line = format!("{before}{after}");
        }
        if stays {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// Whether it is to be enough.
fn suffices(service: &str, has: impl Fn(&str) -> bool, shown: Person) -> bool {
    let finger = shown.finger && has("with-fingerprint") && !has("with-passkey-2fa");
    let in_place = has("with-passkey") && shown.passkey == Held::Used;
    let second = !has("with-passkey-2fa") || shown.passkey != Held::Missing;
    match service {
        "fingerprint-auth" => finger,
        "password-auth" => in_place || shown.password && second,
        _ => in_place || finger || shown.password && second,
    }
}

#[test]
fn nobody_gets_in_by_less_and_nobody_is_kept_out() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    let mut let_in = 0;
    for chosen in 0..1_u32 << FEATURES.len() {
        let features: BTreeSet<&str> =
            FEATURES.into_iter().enumerate().filter(|(n, _)| chosen & 1 << n != 0).map(|(_, f)| f).collect();
        for service in ["system-auth", "password-auth", "fingerprint-auth"] {
            let text = expanded(&profile(service), &features);
            fs::write(folder.join(service), &text).unwrap();
            let files = ServiceFiles::below(root.path());
            let stack = files.stack(service, Facility::Auth).unwrap();
            for shown in Person::all() {
                let expected = suffices(service, |feature| features.contains(feature), shown);
                let mut opens_keyring = false;
                let outcome = dispatch::outcome(&stack, &mut |call| {
                    opens_keyring |= call.rule.module_name() == "pam_gnome_keyring.so";
                    shown.answer(&call.rule)
                });
                let what = || format!("{shown:?}, {features:?}: {text}");
                assert_eq!(outcome == ReturnValue::Success, expected, "{}", what());
                assert_eq!(libpam::signs_in(&files, service, shown), expected, "libpam: {}", what());
                let_in += u32::from(expected);
                // Whatever lets somebody in, the keyring comes after it.
                if expected && service != "fingerprint-auth" {
                    assert_eq!(opens_keyring, features.contains("with-pam-gnome-keyring"), "{}", what());
                }
            }
        }
    }
    assert!(let_in > 100, "{let_in}");
}

/// The module hears of passwords that were changed, of no others, and keeps none from being changed.
#[test]
fn changed_passwords_are_heard_of() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc/pam.d");
    fs::create_dir_all(&folder).unwrap();
    let mut heard_of = 0;
    for chosen in 0..1_u32 << FEATURES.len() {
        let features: BTreeSet<&str> =
            FEATURES.into_iter().enumerate().filter(|(n, _)| chosen & 1 << n != 0).map(|(_, f)| f).collect();
        for service in ["system-auth", "password-auth"] {
            let text = expanded(&profile(service), &features);
            fs::write(folder.join(service), &text).unwrap();
            let stack = ServiceFiles::below(root.path()).stack(service, Facility::Password).unwrap();
            for (is_strong, is_changed) in [(true, true), (true, false), (false, true)] {
                for heard in [ReturnValue::Success, ReturnValue::Ignore, ReturnValue::ServiceErr] {
                    let mut hears = false;
                    let outcome = dispatch::outcome(&stack, &mut |call| match call.rule.module_name() {
                        "pam_pwquality.so" if is_strong => ReturnValue::Success,
                        "pam_unix.so" if is_changed => ReturnValue::Success,
                        "pam_pwquality.so" | "pam_unix.so" => ReturnValue::AuthtokErr,
                        "pam_passkey.so" => {
                            hears = true;
                            heard
                        }
                        other => panic!("{other}"),
                    });
                    let is_done = is_strong && is_changed;
                    assert_eq!(outcome == ReturnValue::Success, is_done, "{heard:?}, {features:?}: {text}");
                    assert_eq!(hears, is_done && features.contains("with-passkey"), "{features:?}: {text}");
                    heard_of += u32::from(hears);
                }
            }
        }
    }
    assert!(heard_of > 100, "{heard_of}");
}

/// What is named in the templates is explained, and what is explained is there.
#[test]
fn every_feature_is_explained() {
    let files = ["system-auth", "password-auth", "fingerprint-auth", "postlogin", "dconf-db"];
    let named: BTreeSet<String> = files
        .iter()
        .flat_map(|file| {
            let text = profile(file);
            text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let readme = profile("README");
    let explained = readme.lines().filter_map(|line| line.strip_suffix("::")).map(str::to_owned);
    assert_eq!(explained.collect::<BTreeSet<_>>(), named);
}
