//! People, and what modules answer them.

use crate::pam::parse::{Facility, ReturnValue, Rule};

/// What somebody does about the passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// They have one, and use it.
    Used,
    /// They have one, and the key is not at hand.
    Missing,
    /// They have none.
    NotEnrolled,
}

/// Somebody with a local account, whose name and password are in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// Whether they know the password.
    pub(super) password: bool,
    /// Whether they put the right finger on the reader.
    pub(super) finger: bool,
    pub(super) passkey: Held,
}

impl Person {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [false, true].into_iter().flat_map(|password| {
            [false, true].into_iter().flat_map(move |finger| {
                [Held::Used, Held::Missing, Held::NotEnrolled].map(|passkey| Self {
                    password,
                    finger,
                    passkey,
                })
            })
        })
    }

    /// What a module answers where it is called for this.
    pub(super) fn answer(self, rule: &Rule) -> ReturnValue {
        match rule.facility {
            Facility::Auth => self.answer_auth(rule),
            Facility::Account => answer_account(rule),
            Facility::Session | Facility::Password => ReturnValue::Success,
        }
    }

    fn answer_auth(self, rule: &Rule) -> ReturnValue {
        let result = |is_right| if is_right { ReturnValue::Success } else { ReturnValue::AuthErr };
        let told = |word: &str| rule.arguments.iter().any(|argument| argument == word);
        match rule.module_name() {
            "pam_passkey.so" => match self.passkey {
                Held::Used => ReturnValue::Success,
                Held::NotEnrolled if told("unenrolled=ignore") => ReturnValue::Ignore,
                Held::Missing | Held::NotEnrolled => ReturnValue::AuthinfoUnavail,
            },
            "pam_unix.so" => result(self.password),
            "pam_fprintd.so" => result(self.finger),
            "pam_faillock.so" => result(!told("authfail")),
            "pam_usertype.so" => result(told("isregular")),
            "pam_deny.so" | "pam_rootok.so" => ReturnValue::AuthErr,
            "pam_u2f.so" if told("nouserok") => ReturnValue::Ignore,
            // No card, no key of theirs; pam_debug is what authselect writes in the place of a way in that is switched off.
            "pam_debug.so" | "pam_pkcs11.so" | "pam_u2f.so" => ReturnValue::AuthinfoUnavail,
            // Directories, which do not have the account.
            "pam_sss.so" | "pam_sss_gss.so" | "pam_winbind.so" | "pam_systemd_home.so" => {
                ReturnValue::UserUnknown
            }
            // Where there is no daemon to speak to.
            "pam_gnome_keyring.so" | "pam_gnupg.so" => ReturnValue::ServiceErr,
            "pam_env.so"
            | "pam_faildelay.so"
            | "pam_nologin.so"
            | "pam_group.so"
            | "pam_warn.so"
            | "pam_selinux_permit.so"
            | "pam_kwallet.so"
            | "pam_kwallet5.so"
            | "pam_cap.so" => ReturnValue::Ignore,
            "pam_permit.so" | "pam_localuser.so" | "pam_shells.so" | "pam_securetty.so" | "pam_mount.so"
            | "pam_fscrypt.so" | "pam_succeed_if.so" => ReturnValue::Success,
            other => panic!("what does {other} answer to somebody who signs in?"),
        }
    }
}

/// The account is a local one in good order, and not root's.
fn answer_account(rule: &Rule) -> ReturnValue {
    match rule.module_name() {
        "pam_deny.so" | "pam_rootok.so" => ReturnValue::AuthErr,
        "pam_usertype.so" if rule.arguments.iter().any(|word| word == "issystem") => ReturnValue::AuthErr,
        "pam_sss.so" | "pam_winbind.so" | "pam_systemd_home.so" => ReturnValue::UserUnknown,
        "pam_warn.so" | "pam_sepermit.so" => ReturnValue::Ignore,
        "pam_unix.so" | "pam_localuser.so" | "pam_faillock.so" | "pam_nologin.so" | "pam_permit.so"
        | "pam_access.so" | "pam_time.so" | "pam_shells.so" | "pam_pkcs11.so" => ReturnValue::Success,
        other => panic!("what does {other} answer of an account?"),
    }
}
