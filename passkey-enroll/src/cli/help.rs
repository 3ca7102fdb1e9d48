//! The help of the command as a whole, and the examples.

use std::fmt::Write as _;

use crate::report::Exit;

/// Commands to begin with, and what each does.
pub const EXAMPLES: [(&str, &str); 7] = [
    ("sudo passkey-enroll add", "enrol the security key that is plugged in"),
    ("passkey-enroll list", "show your passkeys"),
    ("passkey-enroll verify --service sudo", "rehearse signing in to sudo"),
    ("sudo passkey-enroll pam enable sudo", "have sudo ask for a passkey"),
    ("sudo passkey-enroll doctor", "find problems that can prevent a sign-in"),
    ("passkey-enroll key pin set", "set the first PIN of a security key"),
    ("sudo passkey-enroll remove \"Old key\"", "remove a passkey"),
];

/// Examples of each command, by its words.
const OF_COMMANDS: &[(&str, &[(&str, &str)])] = &[
    (
        "setup",
        &[
            ("sudo passkey-enroll setup", "set everything up, step by step"),
            ("sudo passkey-enroll setup --skip services", "passkeys and recovery codes only"),
            (
                "sudo passkey-enroll setup --yes --json --pin-stdin --user alice",
                "for a script, with keys plugged in",
            ),
        ],
    ),
    ("users", &[("sudo passkey-enroll users", "show who has passkeys and recovery codes")]),
    (
        "pam status",
        &[
            ("passkey-enroll pam status", "show who gets in at each service"),
            ("passkey-enroll pam status --explain sudo", "show each line's part in it"),
        ],
    ),
    (
        "pam enable",
        &[
            ("sudo passkey-enroll pam enable sudo", "password and passkey"),
            ("sudo passkey-enroll pam enable sudo --passwordless", "the passkey in place of the password"),
            ("passkey-enroll pam enable sudo --dry-run", "show the change without making it"),
        ],
    ),
    ("pam disable", &[("sudo passkey-enroll pam disable sudo", "restore the file")]),
    ("pam confirm", &[("sudo passkey-enroll pam confirm sudo", "keep the change, from a new sign-in")]),
    (
        "lock-on-removal on",
        &[
            ("passkey-enroll lock-on-removal on", "lock three seconds after your key was pulled out"),
            (
                "passkey-enroll lock-on-removal on --grace 10 --any-key",
                "ten seconds after the last of your keys",
            ),
            ("sudo passkey-enroll lock-on-removal on --all-users", "for every user of this machine"),
        ],
    ),
    ("lock-on-removal off", &[("passkey-enroll lock-on-removal off", "stop locking your session")]),
    (
        "lock-on-removal status",
        &[("passkey-enroll lock-on-removal status", "show which passkeys are watched")],
    ),
    (
        "lock-on-removal watch",
        &[("passkey-enroll lock-on-removal watch", "watch from a terminal, until Ctrl-C")],
    ),
    ("pam undo", &[("sudo passkey-enroll pam undo", "roll back overdue changes")]),
    (
        "add",
        &[
            ("sudo passkey-enroll add", "enrol the security key that is plugged in"),
            ("sudo passkey-enroll add --name \"Blue key\" --user alice", "enrol one for another user"),
            ("sudo passkey-enroll add --discoverable", "for signing in without a user name"),
            ("sudo passkey-enroll add --keyring", "unlock the keyring without the password"),
            ("sudo passkey-enroll add --on this-computer", "keep the passkey in the TPM of this computer"),
        ],
    ),
    (
        "keyring enable",
        &[
            ("sudo passkey-enroll keyring enable", "with the security key that you touch"),
            ("sudo passkey-enroll keyring enable \"Blue key\"", "with this one only"),
        ],
    ),
    ("keyring disable", &[("sudo passkey-enroll keyring disable", "delete the stored password")]),
    ("keyring status", &[("sudo passkey-enroll keyring status", "show which passkeys unlock it")]),
    ("keyring rotate", &[("sudo passkey-enroll keyring rotate", "encrypt the stored password again")]),
    (
        "list",
        &[
            ("passkey-enroll list", "show your passkeys"),
            ("passkey-enroll ls --json", "the same for a script"),
        ],
    ),
    ("show", &[("passkey-enroll show \"Blue key\"", "show one passkey")]),
    ("rename", &[("sudo passkey-enroll rename \"Blue key\" Office", "give a passkey a new name")]),
    ("disable", &[("sudo passkey-enroll disable \"Blue key\"", "while the key is mislaid")]),
    ("enable", &[("sudo passkey-enroll enable \"Blue key\"", "once the key is found")]),
    (
        "remove",
        &[
            ("sudo passkey-enroll remove \"Old key\"", "remove a passkey"),
            ("sudo passkey-enroll rm \"Old key\" --yes --user alice", "without a question, for another user"),
        ],
    ),
    (
        "verify",
        &[
            ("passkey-enroll verify --service sudo", "test what sudo asks for"),
            ("passkey-enroll verify --device /dev/hidraw0 --timeout 10", "test one of several keys"),
        ],
    ),
    ("recovery new", &[("sudo passkey-enroll recovery new", "create ten codes and show them")]),
    ("recovery status", &[("sudo passkey-enroll recovery status", "show how many codes are left")]),
    ("recovery revoke", &[("sudo passkey-enroll recovery revoke", "remove all codes")]),
    ("keys", &[("passkey-enroll keys", "show each key with its PIN tries and your passkeys on it")]),
    (
        "key pin set",
        &[
            ("passkey-enroll key pin set", "set the first PIN of a key"),
            ("sudo passkey-enroll key pin set --on this-computer", "set your first PIN of this computer"),
        ],
    ),
    (
        "key pin change",
        &[
            ("passkey-enroll key pin change", "change the PIN of a key"),
            ("passkey-enroll key pin change --on this-computer", "change your PIN of this computer"),
        ],
    ),
    ("key pin verify", &[("passkey-enroll key pin verify", "check a PIN before you rely on it")]),
    (
        "key config always-uv",
        &[("passkey-enroll key config always-uv on", "have the key ask for its PIN every time")],
    ),
    (
        "key config min-pin-length",
        &[("passkey-enroll key config min-pin-length 6", "refuse new PINs of fewer than 6 characters")],
    ),
    (
        "key config force-pin-change",
        &[("passkey-enroll key config force-pin-change", "before the key is handed to its user")],
    ),
    ("key fingerprint list", &[("passkey-enroll key fingerprint list", "show the fingerprints on a key")]),
    (
        "key fingerprint add",
        &[("passkey-enroll key fingerprint add --name \"right thumb\"", "enrol a fingerprint")],
    ),
    (
        "key fingerprint rename",
        &[("passkey-enroll key fingerprint rename Finger \"right thumb\"", "rename a fingerprint")],
    ),
    (
        "key fingerprint remove",
        &[("passkey-enroll key fingerprint remove \"right thumb\"", "remove a fingerprint")],
    ),
    (
        "key passkeys list",
        &[("passkey-enroll key passkeys list", "show the passkeys on a key, for websites too")],
    ),
    (
        "key passkeys remove",
        &[("passkey-enroll key passkeys remove S3c8aVdOXQ", "remove the one whose id ends like this")],
    ),
    (
        "key reset",
        &[
            ("passkey-enroll key reset", "erase a key"),
            (
                "passkey-enroll key reset --on this-computer",
                "delete your PIN of this computer and your passkeys on it",
            ),
        ],
    ),
    (
        "import",
        &[
            ("sudo passkey-enroll import ~/.config/Yubico/u2f_keys", "from pam_u2f"),
            (
                "sudo passkey-enroll import /etc/u2f_mappings --all-users",
                "the passkeys of all users in the file",
            ),
            ("ipa user-show alice | sudo passkey-enroll import - --rp-id example.org", "from FreeIPA"),
            ("sudo passkey-enroll import ~/.ssh/id_ed25519_sk", "from OpenSSH"),
        ],
    ),
    (
        "export",
        &[
            ("passkey-enroll export --format pam-u2f", "a line for the authfile of pam_u2f"),
            ("passkey-enroll export --format sssd", "values for the directory of SSSD"),
        ],
    ),
    ("doctor", &[("sudo passkey-enroll doctor", "also check what only root can read")]),
    (
        "completions",
        &[(
            "passkey-enroll completions bash > ~/.local/share/bash-completion/completions/passkey-enroll",
            "for yourself",
        )],
    ),
];

/// Examples of the command with these words, such as `key pin set`; each a command and what it does.
pub fn examples(command: &str) -> &'static [(&'static str, &'static str)] {
    OF_COMMANDS.iter().find(|(words, _)| *words == command).map_or(&[], |(_, examples)| examples)
}

/// The same, as the text below the help of that command.
pub(crate) fn after_help_of(command: &str) -> String {
    let mut text = "Examples:".to_owned();
    for (command, meaning) in examples(command) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {command}\n      {meaning}");
    }
    text
}

/// What stands below the help of the command as a whole.
pub(crate) fn after_help() -> String {
    let mut text = "Examples:\n".to_owned();
    for (command, meaning) in EXAMPLES {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {command:<38}  {meaning}");
    }
    text.push_str("\nExit status:\n");
    let (left, right) = Exit::ALL.split_at(Exit::ALL.len().div_ceil(2));
    for (one, other) in left.iter().zip(right) {
        let _ = writeln!(
            text,
            "  {:2}  {:<27}  {:2}  {}",
            one.code(),
            one.meaning(),
            other.code(),
            other.meaning()
        );
    }
    text.truncate(text.trim_end().len());
    text
}
