//! What other modules answer, as far as it can be told beforehand.

use crate::pam::parse::{ReturnValue, Rule, Stack};

/// Our module.
pub(crate) const MODULE: &str = "pam_passkey.so";
/// Modules that unlock what the password locks. They have to be reached after a sign-in.
pub(crate) const KEYRINGS: [&str; 3] = ["pam_gnome_keyring.so", "pam_kwallet.so", "pam_kwallet5.so"];

/// Modules whose answer depends on the machine, on the account or on what else the person has: it can turn out either way.
const CONDITIONS: [&str; 18] = [
    "pam_access.so",
    "pam_exec.so",
    "pam_fprintd.so",
    "pam_google_authenticator.so",
    "pam_group.so",
    "pam_listfile.so",
    "pam_localuser.so",
    "pam_oath.so",
    "pam_p11.so",
    "pam_pkcs11.so",
    "pam_shells.so",
    "pam_succeed_if.so",
    "pam_time.so",
    "pam_timestamp.so",
    "pam_u2f.so",
    "pam_usertype.so",
    "pam_wheel.so",
    "pam_yubico.so",
];
/// Modules that ask for the password, or take the one that was asked for.
const PASSWORDS: [&str; 12] = [
    "pam_himmelblau.so",
    "pam_kanidm.so",
    "pam_krb5.so",
    "pam_ldap.so",
    "pam_pwdfile.so",
    "pam_sss.so",
    "pam_systemd_home.so",
    "pam_tcb.so",
    "pam_unix.so",
    "pam_unix2.so",
    "pam_userdb.so",
    "pam_winbind.so",
];
/// Modules that let nobody in who signs in from outside; `pam_rootok.so` is for root, who needs nothing.
const DENIERS: [&str; 2] = ["pam_deny.so", "pam_rootok.so"];

/// How a module behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// It is ours.
    Passkey,
    /// It wants the password.
    Password,
    /// It can turn out either way.
    Condition,
    /// It refuses.
    Fails,
    /// It counts for nothing.
    StandsAside,
    /// It is content with whatever the person does.
    Succeeds,
}

/// Whether the module asks for the password, or takes the one that was asked for.
pub(crate) fn is_password(rule: &Rule) -> bool {
    habit(rule) == Habit::Password
}

/// Whether somebody who knows the password comes in by a stack that does not ask for passkeys, where every condition holds.
pub(crate) fn lets_in(stack: &Stack) -> bool {
    let outcome = stack.outcome(&mut |call| match habit(&call.rule) {
        Habit::Password | Habit::Condition | Habit::Succeeds => ReturnValue::Success,
        Habit::Passkey | Habit::Fails => ReturnValue::AuthErr,
        Habit::StandsAside => ReturnValue::Ignore,
    });
    outcome == ReturnValue::Success
}

pub(super) fn habit(rule: &Rule) -> Habit {
    let module = rule.module_name();
    let is_one_of = |modules: &[&str]| modules.contains(&module);
    if module == MODULE {
        Habit::Passkey
    } else if is_one_of(&PASSWORDS) {
        Habit::Password
    } else if is_one_of(&CONDITIONS) {
        Habit::Condition
    } else if is_one_of(&DENIERS)
        || (module == "pam_faillock.so" && rule.arguments.iter().any(|argument| argument == "authfail"))
    {
        Habit::Fails
    } else if is_one_of(&KEYRINGS) {
        Habit::StandsAside
    } else {
        Habit::Succeeds
    }
}
