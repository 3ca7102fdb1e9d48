//! The manual page of `pam_passkey`.

use jiff::civil::Date;
use passkey_core::config::{DEFAULT_CREDENTIAL_FILES, DEFAULT_PATH, DEFAULT_STATE_DIR};

use crate::page::Page;
use crate::sample::{self, Sample, Table};
use crate::settings::paragraphs;

/// The table whose keys are arguments of the module too.
const ARGUMENTS: &str = "defaults";

/// The module's return values, and when it gives them.
const ANSWERS: [(&str, &str); 10] = [
    ("PAM_SUCCESS", "The passkey was verified."),
    (
        "PAM_IGNORE",
        "The user has no passkey, and `unenrolled=ignore` is set. The files were read and contain none.",
    ),
    (
        "PAM_AUTHINFO_UNAVAIL",
        "The passkey could not be used: the user has no passkey, no key was plugged in in time, or only keys without a passkey of the \
         user; the session comes from another computer; no PIN was typed; Ctrl-C was pressed.",
    ),
    ("PAM_AUTH_ERR", "The key was not touched in time, or its signature is not valid for the request."),
    (
        "PAM_MAXTRIES",
        "The PIN attempts of this sign-in are used up, or the key does not accept a PIN any longer.",
    ),
    (
        "PAM_CRED_INSUFFICIENT",
        "GDM gets this value in place of `PAM_AUTHINFO_UNAVAIL` and `PAM_MAXTRIES`, after which it would not prompt again.",
    ),
    (
        "PAM_CRED_UNAVAIL",
        "In GDM's exchange (gdm-switchable-auth) the person typed the password instead. It is `PAM_AUTHTOK` now, and the next module must check \
         it: `auth [success=2 cred_unavail=ignore default=die] pam_passkey.so mode=passwordless`.",
    ),
    ("PAM_USER_UNKNOWN", "There is no such user."),
    (
        "PAM_SERVICE_ERR",
        "The configuration, the arguments or the user's passkeys cannot be read, trusted or understood. That never counts as \
         “no passkey”.",
    ),
    ("PAM_SYSTEM_ERR", "The system failed."),
];

/// Two of the examples, which their own tests run.
const SECOND_FACTOR: &str = include_str!("../../../config/pam.d/debian/sudo-second-factor");
const PASSWORDLESS: &str = include_str!("../../../config/pam.d/debian/sudo-passwordless");

pub(crate) fn page(date: Date) -> String {
    let sample = Sample::parse(sample::TEXT);
    let mut page =
        Page::new("pam_passkey", 8, "PAM module that signs people in with passkeys on security keys", date);
    page.heading("SYNOPSIS");
    let keys = sample.table(ARGUMENTS).map(Table::keys).unwrap_or_default();
    let arguments: Vec<String> =
        std::iter::once(&"config").chain(&keys).map(|key| format!("[`{key}`=…]")).collect();
    page.paragraph(&format!("`pam_passkey.so` {}", arguments.join(" ")));
    page.heading("DESCRIPTION");
    page.paragraph(
        "The module signs a person in with a passkey on a FIDO security key: after the password, as a second factor, or in \
         its place, with the PIN of the key or a fingerprint. For a passkey, the computer stores public keys and metadata only. Passkeys are \
         enrolled with `passkey-enroll`(1).",
    );
    page.paragraph(
        "It belongs behind `auth` in a service's file in /etc/pam.d. Behind `password`, as `optional`, it is told of a changed password, \
         for the keyring. It has no part in `account` and `session`. Keep a root shell open until it has worked once. `passkey-enroll verify --service` rehearses a sign-in under the rules of a \
         service, and `passkey-enroll doctor` finds problems that can prevent one.",
    );
    page.heading("ARGUMENTS");
    page.paragraph(
        "Arguments override the configuration. Those with `true` or `false` can be written without a value to mean `true`. With an unknown \
         argument, or one that is given twice, every sign-in is refused, and the log names the argument.",
    );
    page.item(
        "`config`=PATH",
        &[format!(
            "The configuration to read in place of `{DEFAULT_PATH}`. Unlike that file, it must exist."
        )],
    );
    for setting in sample.table(ARGUMENTS).map(|table| table.settings.as_slice()).unwrap_or_default() {
        let terms: Vec<String> =
            setting.keys.iter().map(|(key, value)| format!("`{key}={}`", value.trim_matches('"'))).collect();
        page.item(&terms.join(", "), &paragraphs(&setting.about));
    }
    page.heading("RETURN VALUES");
    for (answer, when) in ANSWERS {
        page.item(&format!("`{answer}`"), &[when]);
    }
    page.heading("FILES");
    page.item(&format!("`{DEFAULT_PATH}`"), &["The configuration: see `passkey.toml`(5)."]);
    page.item(
        &format!("`{DEFAULT_CREDENTIAL_FILES}`"),
        &["The passkeys of each user, unless the configuration names another file."],
    );
    page.item(&format!("`{DEFAULT_STATE_DIR}`"), &["Signature counters and the time of the last use."]);
    examples(&mut page);
    page.heading("SEE ALSO");
    page.paragraph("`passkey-enroll`(1), `passkey.toml`(5), `pam.conf`(5), `pam.d`(5)");
    page.finish()
}

fn examples(page: &mut Page) {
    /// The line that they stand before or behind.
    const PASSWORD: &str = "@include common-auth";
    let lines =
        |example: &'static str| example.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    page.heading("EXAMPLES");
    page.paragraph("The password first, then a touch of the security key, as in /etc/pam.d/sudo on Debian:");
    page.example(&std::iter::once(PASSWORD).chain(lines(SECOND_FACTOR)).collect::<Vec<_>>());
    page.paragraph("The passkey alone, with PIN or fingerprint; the password if no key is plugged in:");
    page.example(&lines(PASSWORDLESS).chain([PASSWORD]).collect::<Vec<_>>());
}
