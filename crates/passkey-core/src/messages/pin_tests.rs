use super::*;
use crate::host::{OTHER, TABLE};
use crate::messages::English;
use crate::messages::mod_tests::REASONS;

fn host(name: &str) -> &'static Host {
    Host::named(name).unwrap()
}

fn prompt(reason: PinReason, retries_left: Option<u8>, question: u8) -> PinPrompt<'static> {
    PinPrompt {
        authenticator: Authenticator::SecurityKey,
        key_name: "key",
        shown_name: None,
        reason,
        retries_left,
        question,
        takes_recovery_code: false,
    }
}

/// What is said, as `info: …` or `error: …`, and the prompt.
fn spoken(prompt: &PinPrompt<'_>, host: &Host) -> (String, String) {
    let PinQuestion { before, prompt } = pin_question(prompt, host);
    (before.map_or_else(String::new, |said| text(&said)), prompt.in_language(&English))
}

fn text(said: &Said) -> String {
    match said {
        Said::Info(phrase) => format!("info: {}", phrase.in_language(&English)),
        Said::Error(phrase) => format!("error: {}", phrase.in_language(&English)),
    }
}

/// Every prompt that a ceremony can come to.
fn every_prompt(check: impl Fn(PinPrompt<'_>)) {
    for reason in REASONS {
        for retries_left in [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(8)] {
            for (authenticator, shown_name, takes_recovery_code) in [
                (Authenticator::SecurityKey, None, false),
                (Authenticator::SecurityKey, None, true),
                (Authenticator::SecurityKey, Some("blue"), false),
                (Authenticator::SecurityKey, Some("blue"), true),
                (Authenticator::ThisComputer, None, false),
                (Authenticator::ThisComputer, None, true),
            ] {
                for question in 1..=4 {
                    check(PinPrompt {
                        authenticator,
                        key_name: "key",
                        shown_name,
                        reason,
                        retries_left,
                        question,
                        takes_recovery_code,
                    });
                }
            }
        }
    }
}

#[test]
fn hosts_that_show_prompts_in_full_or_nothing_are_asked_as_ever() {
    for host in TABLE.iter().chain([&OTHER]) {
        let as_ever = host.prompts == PromptLength::Any && host.shows != Shows::Messages;
        every_prompt(|prompt| {
            let question = pin_question(&prompt, host);
            let is_as_ever = question == PinQuestion { before: None, prompt: pin_prompt(&prompt) };
            // The very first question fits anywhere.
            let fits = host.prompts == PromptLength::Short && prompt.question == 1;
            assert!(is_as_ever == as_ever || fits, "{host:?}: {prompt:?}: {question:?}");
        });
    }
}

#[test]
fn where_the_field_has_no_label_a_message_says_what_it_is_for() {
    for name in ["lightdm", "kde", "gtklock"] {
        let at = host(name);
        assert_eq!(
            spoken(&prompt(PinReason::First, Some(8), 1), at),
            (
                "info: Type the PIN of your security key, not your password.".into(),
                "PIN of your security key: ".into()
            )
        );
        assert_eq!(
            spoken(&prompt(PinReason::Wrong, Some(7), 2), at).0,
            "error: That PIN was wrong. 7 tries left. Type the PIN of your security key, not your password."
        );
        assert_eq!(
            spoken(&prompt(PinReason::First, Some(1), 1), at).0,
            "info: This is the last try before the PIN is blocked for good. Type the PIN of your security key, not your password."
        );
        every_prompt(|prompt| {
            let (before, asked) = spoken(&prompt, at);
            assert!(before.ends_with(", not your password."), "{before}");
            assert_eq!(asked, pin_prompt(&prompt).in_language(&English));
            assert_eq!(before.contains("or a recovery code,"), prompt.takes_recovery_code, "{before}");
            assert_eq!(before.contains("security key blue"), prompt.shown_name.is_some(), "{before}");
            assert_eq!(before.starts_with("info: "), prompt.reason == PinReason::First, "{before}");
        });
    }
}

/// "That PIN was wrong. 7 tri…" is what a person read at GDM.
#[test]
fn where_prompts_are_cut_off_the_reason_is_a_message() {
    let gdm = host("gdm");
    let short = "PIN of your security key: ";
    assert_eq!(spoken(&prompt(PinReason::First, Some(8), 1), gdm), (String::new(), short.into()));
    assert_eq!(
        spoken(&prompt(PinReason::Wrong, Some(7), 2), gdm),
        ("error: That PIN was wrong. 7 tries left.".into(), short.into())
    );
    assert_eq!(
        spoken(&prompt(PinReason::First, Some(3), 1), gdm).0,
        "info: Careful: 3 tries left before the PIN is blocked for good."
    );
    for host in TABLE.iter().filter(|host| host.prompts == PromptLength::Short) {
        every_prompt(|prompt| {
            let (before, asked) = spoken(&prompt, host);
            assert!(asked.len() <= 26, "{asked}");
            let has_news = prompt.reason != PinReason::First
                || prompt.retries_left.is_some_and(|left| left <= 3)
                || prompt.shown_name.is_some()
                || prompt.authenticator == Authenticator::ThisComputer && prompt.takes_recovery_code;
            assert_eq!(before.is_empty(), !has_news, "{before}");
        });
    }
}

/// Whose PIN it is stands in every question, and a lock that opens by itself is not said to be for good.
#[test]
fn the_pin_of_this_computer_is_called_that() {
    for host in TABLE.iter().chain([&OTHER]) {
        every_prompt(|prompt| {
            let (before, asked) = spoken(&prompt, host);
            let said = format!("{before} {asked}");
            let here = prompt.authenticator == Authenticator::ThisComputer;
            assert_eq!(here, said.contains("this computer"), "{said}");
            let of_the_key = prompt.reason == PinReason::ThatWasAOneTimePassword;
            assert!(!here || of_the_key || !said.contains("security key"), "{said}");
            assert!(!here || !said.contains("for good"), "{said}");
        });
    }
}

#[test]
fn after_a_failure_the_field_is_the_passwords_again() {
    let no_key = || Some(Said::Info(say::NO_KEY.into()));
    let lightdm = host("lightdm");
    let last = |said, announced, host| last_words(said, announced, host).map(|said| text(&said));
    assert_eq!(
        last(no_key(), false, lightdm).unwrap(),
        "info: No security key was plugged in. If asked again, type your password."
    );
    // The GTK greeter puts its own words in the place of an error.
    assert_eq!(
        last(Some(Said::Error(say::PIN_LOCKED.into())), true, lightdm).unwrap(),
        "info: The security key takes no PIN for now. Unplug it, plug it in again and try once more. If asked again, type your password."
    );
    assert_eq!(last(None, true, lightdm).unwrap(), "info: If asked again, type your password.");
    assert_eq!(last(None, false, lightdm), None);
    // gnome-shell drops information when GDM adds its own error.
    assert_eq!(last(no_key(), false, host("gdm")).unwrap(), "error: No security key was plugged in.");
    for name in ["terminal", "polkit", "greetd", "i3lock", "swaylock", "sddm", "hyprlock", "other"] {
        for said in [None, no_key(), Some(Said::Error(say::PIN_LOCKED.into()))] {
            for announced in [false, true] {
                assert_eq!(last_words(said.clone(), announced, host(name)), said, "{name}");
            }
        }
    }
}
