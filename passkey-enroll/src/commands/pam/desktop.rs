//! Greeters and lockers: a terminal can rehearse their lines, but only the program itself can be tried.

use std::time::Duration;

use passkey_core::host::{Host, Role, Shows};

use super::trial::Terms;
use crate::pam::change::Way;
use crate::pam::change::entry::KeptBy;

/// Long enough to log out and to sign in again.
const GREETER_TIME: Duration = Duration::from_secs(600);
/// A screen that does not unlock does so after this time.
const USUAL_TIME: Duration = Duration::from_secs(120);

/// What the program of a service is to the desktop.
pub(super) fn role(service: &str) -> Role {
    Host::of(service, None).role
}

/// How long a change of a service is on trial unless the person says otherwise.
pub(super) fn usual_time(service: &str) -> Duration {
    match role(service) {
        Role::Greeter => GREETER_TIME,
        Role::Locker | Role::Other => USUAL_TIME,
    }
}

/// What is said before a service is switched on, on trial on these terms or, without any, for good.
pub(super) fn announcements(service: &str, way: Way, terms: Option<&Terms>) -> Vec<String> {
    let mut said = Vec::new();
    match (role(service), terms.map(|terms| (in_words(terms.time), &terms.kept_by))) {
        (Role::Greeter, Some((time, KeptBy::SignIn { user, .. }))) => {
            said.push(format!(
                "A terminal cannot try {service}, so the change is on trial for {time}: log out, and sign in to {service} as {user} with the \
                 passkey. The session that opens then keeps the change."
            ));
            said.push(format!(
                "Without one, everything is as before after {time}, and after a restart. A sign-in by the password alone does not count, nor \
                 does unlocking a session. The trial goes on when you log out."
            ));
        }
        (Role::Greeter, Some((time, KeptBy::Confirmation))) => {
            said.push(format!(
                "A terminal cannot try {service}, so the change is on trial for {time}: log out, sign in to {service} with the passkey, and \
                 then keep the change: sudo passkey-enroll pam confirm {service}"
            ));
            said.push(format!(
                "Otherwise everything is as before after {time}, and after a restart. The trial goes on when you log out."
            ));
        }
        (Role::Locker, Some((time, _))) => {
            said.push(format!(
                "A terminal cannot try {service}, so the change is on trial for {time}: lock the screen, unlock it with the passkey, and then \
                 keep the change: sudo passkey-enroll pam confirm {service}"
            ));
            said.push(format!(
                "Otherwise everything is as before after {time}, and after a restart: a screen that stays locked then opens with the password."
            ));
        }
        (Role::Greeter | Role::Locker | Role::Other, None) | (Role::Other, Some(_)) => {}
    }
    said.extend(blind(service).map(|name| match way {
        Way::SecondFactor => {
            format!("{name} shows no messages: after typing the password, touch the security key.")
        }
        Way::Passwordless => format!(
            "{name} shows no messages: type the PIN of the security key where it asks for the password, then touch the key."
        ),
    }));
    said
}

/// The name of a program that shows nothing of what the module says.
fn blind(service: &str) -> Option<&'static str> {
    let host = Host::of(service, None);
    (host.shows == Shows::Nothing).then_some(match host.name {
        "sddm" => "SDDM",
        "plasmalogin" => "Plasma Login Manager",
        name => name,
    })
}

/// How long, in the largest unit that needs no fraction.
pub(super) fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 60, seconds % 60) {
        (1, 0) => "one minute".to_owned(),
        (minutes, 0) if minutes > 0 => format!("{minutes} minutes"),
        (_, _) => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(time: Duration, kept_by: KeptBy) -> Terms {
        Terms { time, kept_by }
    }

    #[test]
    fn greeters_have_time_for_a_new_session_and_say_so() {
        assert_eq!(usual_time("sudo"), USUAL_TIME);
        assert_eq!(usual_time("swaylock"), USUAL_TIME);
        let time = usual_time("lightdm");
        let alice = KeptBy::SignIn { user: "alice".to_owned(), accounts: Vec::new() };
        let waiting = terms(time, alice);
        let said = announcements("lightdm", Way::SecondFactor, Some(&waiting)).join("\n");
        for words in ["on trial for 10 minutes", "as alice with the passkey", "after a restart", "log out"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!said.contains("confirm"), "{said}");
        // Where no session can be seen, the person says that it has opened.
        let confirmed = terms(time, KeptBy::Confirmation);
        let said = announcements("lightdm", Way::SecondFactor, Some(&confirmed)).join("\n");
        assert!(said.contains("pam confirm lightdm") && said.contains("10 minutes"), "{said}");
        assert_eq!(announcements("lightdm", Way::SecondFactor, None), [""; 0]);
        assert_eq!(announcements("sudo", Way::SecondFactor, Some(&confirmed)), [""; 0]);
    }

    #[test]
    fn where_nothing_is_shown_the_person_hears_it_before() {
        let said = announcements("sddm", Way::SecondFactor, None);
        assert_eq!(said, ["SDDM shows no messages: after typing the password, touch the security key."]);
        let said = announcements("sddm", Way::Passwordless, Some(&terms(GREETER_TIME, KeptBy::Confirmation)));
        assert!(said.len() == 3 && said[2].contains("type the PIN"), "{said:?}");
        let time = Duration::from_secs(90);
        let said = announcements("swaylock", Way::SecondFactor, Some(&terms(time, KeptBy::Confirmation)));
        assert!(said[0].contains("90 seconds") && said[0].contains("pam confirm swaylock"), "{said:?}");
    }
}
