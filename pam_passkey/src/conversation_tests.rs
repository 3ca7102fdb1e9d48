//! The real libpam, and applications that give one answer to every prompt.

use std::ffi::{CStr, c_int};
use std::time::{Duration, Instant};

use passkey_core::ceremony::{Authenticator, PinReason, SignInError};

use super::*;
use crate::ffi::handle::tests::{Behaviour, with_pam};

const ECHO_OFF: c_int = 1;
const ERROR: c_int = 3;
const INFO: c_int = 4;

/// What becomes of `typed` at a host, the password that is kept of it, and what the host was told.
fn ask(
    host: &str,
    typed: &'static CStr,
    has_password: bool,
    (reason, left): (PinReason, Option<u8>),
) -> (PinAnswer, Option<Secret>, Vec<(c_int, String)>) {
    let host = Host::named(host).unwrap();
    let mut came = None;
    let heard = with_pam(Behaviour::Answer(typed), |pam| {
        let guard = InterruptGuard::new().unwrap();
        let mut prompter = PamConversation::new(pam, &guard, Verbosity::at(host), false, has_password, None);
        let answer = prompter.ask_pin(&PinPrompt {
            authenticator: Authenticator::SecurityKey,
            key_name: "key",
            shown_name: None,
            reason,
            retries_left: left,
            question: if reason == PinReason::First { 1 } else { 2 },
            takes_recovery_code: false,
        });
        came = Some((answer, prompter.password.take()));
    });
    let (answer, password) = came.unwrap();
    (answer, password, heard)
}

const FIRST: (PinReason, Option<u8>) = (PinReason::First, Some(8));

#[test]
fn what_cannot_be_a_pin_counts_as_the_password_where_one_line_is_all_there_is() {
    for host in ["sddm", "plasmalogin", "swaylock", "i3lock", "gtklock"] {
        let (answer, password, heard) = ask(host, c"correct horse", false, FIRST);
        assert!(matches!(answer, PinAnswer::Password), "{host}: {answer:?}");
        assert_eq!(password, Some(Secret::new(b"correct horse".to_vec())));
        assert_eq!(heard.iter().filter(|(style, _)| *style == ECHO_OFF).count(), 1);

        let (answer, password, _) = ask(host, c"123456", false, FIRST);
        assert!(matches!(&answer, PinAnswer::Pin(pin) if pin.as_bytes() == b"123456"), "{host}: {answer:?}");
        assert_eq!(password, None, "a PIN is handed on to nobody");
    }
    // Where the password is known, the ceremony knows better.
    assert!(matches!(ask("i3lock", c"correct horse", true, FIRST).0, PinAnswer::Pin(_)));
    for host in ["terminal", "lightdm", "gdm", "hyprlock", "other"] {
        let (answer, password, _) = ask(host, c"correct horse", false, FIRST);
        assert!(matches!((answer, password), (PinAnswer::Pin(_), None)), "{host}");
    }
}

#[test]
fn the_last_tries_are_kept_where_nobody_can_be_warned() {
    for left in [0, 1, 2, 3] {
        for host in ["sddm", "plasmalogin", "swaylock", "i3lock", "gtklock", "hyprlock"] {
            let (answer, _, heard) = ask(host, c"1234", false, (PinReason::First, Some(left)));
            assert!(matches!(answer, PinAnswer::Unavailable) && heard.is_empty(), "{host}: {answer:?}");
        }
        for host in ["terminal", "lightdm", "gdm", "other"] {
            let (answer, ..) = ask(host, c"1234", false, (PinReason::First, Some(left)));
            assert!(matches!(answer, PinAnswer::Pin(_)), "{host}: {answer:?}");
        }
    }
    assert!(matches!(ask("sddm", c"1234", false, (PinReason::First, None)).0, PinAnswer::Pin(_)));
}

#[test]
fn a_host_is_asked_as_it_can_show_it() {
    let wrong = (PinReason::Wrong, Some(7));
    let (_, _, heard) = ask("lightdm", c"1234", false, FIRST);
    assert_eq!(heard[0], (INFO, "Type the PIN of your security key, not your password.".to_owned()));
    assert_eq!((heard.len(), heard[1].0), (2, ECHO_OFF));
    let (_, _, heard) = ask("gdm", c"1234", false, wrong);
    assert_eq!(
        heard,
        [
            (ERROR, "That PIN was wrong. 7 tries left.".to_owned()),
            (ECHO_OFF, "PIN of your security key: ".to_owned())
        ]
    );
    let (_, _, heard) = ask("terminal", c"1234", false, wrong);
    assert_eq!(
        heard,
        [(ECHO_OFF, "That PIN was wrong. 7 tries left. PIN of your security key, again: ".to_owned())]
    );
}

/// Longer than gnome-shell waits, otherwise.
#[test]
fn the_sign_in_stays_for_long_last_words_at_gdm_alone() {
    let sentence = Sentence::Error(messages::sign_in_error(&SignInError::Malformed).unwrap());
    let stay = |name| {
        let host = Host::named(name).unwrap();
        let mut took = Duration::ZERO;
        let heard = with_pam(Behaviour::NoText, |pam| {
            let start = Instant::now();
            Verbosity::at(host).conclude_failure(pam, &sentence);
            took = start.elapsed();
        });
        assert_eq!(heard.len(), 1, "{name}");
        assert!(took >= host.stay(&heard[0].1), "{name}: {took:?}");
        host.stay(&heard[0].1)
    };
    assert!(stay("gdm") > Duration::from_millis(200));
    assert_eq!(stay("terminal"), Duration::ZERO);
}

#[test]
fn a_label_stands_in_a_message_where_prompts_are_not_shown() {
    for (host, heard) in
        [("kde", vec![(INFO, "Recovery code".to_owned())]), ("gdm", vec![]), ("sddm", vec![])]
    {
        let told =
            with_pam(Behaviour::NoText, |pam| label(pam, Host::named(host).unwrap(), "Recovery code: "));
        assert_eq!(told, heard, "{host}");
    }
}
