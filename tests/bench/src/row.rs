//! The work loads.

/// One work load: who is enrolled with what, which keys are plugged in, and what a sign-in asks for. The key that was plugged in last is
/// touched as soon as it blinks.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, for a table.
    pub title: &'static str,
    /// Security keys that hold a passkey of the user's. The last one is touched.
    pub keys: usize,
    /// Passkeys that are enrolled. Those beyond `keys` are of keys that are not there, and come first in the credential file.
    pub passkeys: usize,
    /// What is plugged in.
    pub desk: Desk,
    /// What the key verifies.
    pub verification: Verification,
    /// How the passkey is found.
    pub credentials: Credentials,
    /// Whether the sign-in opens the keyring.
    pub keyring: Keyring,
    /// Who calls the module.
    pub host: Host,
    /// How fast key and wire are.
    pub wire: Wire,
    /// Users who are enrolled as well, each with as many passkeys; 1: she alone.
    pub users: usize,
    /// How often it is measured at most: some take half a minute each time.
    pub rounds: usize,
    /// What is counted of kernel and processor.
    pub counted: Counted,
}

/// What is plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// The enrolled keys.
    Enrolled,
    /// So many keys that hold no passkey, and then the enrolled ones.
    BesideOthers(usize),
    /// An enrolled key beside a device that never answers, and was plugged in first.
    BesideSilent,
    /// One key, which holds no passkey.
    OtherOnly,
    /// Nothing.
    Empty,
}

/// What the key verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// A touch is all.
    None,
    /// The PIN.
    Pin,
    /// A fingerprint.
    Fingerprint,
}

/// How the passkey is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// By a list of credential ids.
    Listed,
    /// The key says which.
    Discoverable,
}

/// What is counted of kernel and processor, in runs of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Nothing.
    Nothing,
    /// System calls.
    SystemCalls,
    /// Those and instructions, which takes a minute for every module: valgrind writes programs, and every one of them is emulated.
    Instructions,
}

/// Whether a sign-in opens the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// It stays closed.
    Closed,
    /// The module hands the login password on, which the key's secret decrypts. Only ours can.
    Opened,
}

/// Who calls the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// A program that shows messages and asks for text.
    Plain,
    /// GDM's worker, which takes the PIN in an exchange of JSON. Only ours can.
    Gdm,
}

/// How fast a key and its wire are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Time of a report in either direction, in microseconds.
    pub report_us: u64,
    /// Time for a signature, and for the key agreement of a PIN, in milliseconds.
    pub signing_ms: u64,
}

impl Wire {
    /// As fast as the emulated machine.
    pub const IDEAL: Self = Self { report_us: 0, signing_ms: 0 };
    /// A fast key on a bus that is polled every millisecond.
    pub const FAST: Self = Self { report_us: 1000, signing_ms: 50 };
    /// A slow key on a bus that is polled every four milliseconds.
    pub const SLOW: Self = Self { report_us: 4000, signing_ms: 150 };
}

const TOUCH: Row = Row {
    name: "touch",
    title: "touch",
    keys: 1,
    passkeys: 1,
    desk: Desk::Enrolled,
    verification: Verification::None,
    credentials: Credentials::Listed,
    keyring: Keyring::Closed,
    host: Host::Plain,
    wire: Wire::IDEAL,
    users: 1,
    rounds: usize::MAX,
    counted: Counted::Nothing,
};

const PIN: Row = Row { name: "pin", title: "PIN and touch", verification: Verification::Pin, ..TOUCH };
const TEN: Row = Row { name: "ten", title: "10 passkeys, the last matches", passkeys: 10, ..TOUCH };
const SIXTEEN: Row =
    Row { name: "sixteen-keys", title: "16 keys plugged in", desk: Desk::BesideOthers(15), ..TOUCH };

/// All of them, in the order of the table.
pub const ROWS: &[Row] = &[
    Row { counted: Counted::Instructions, ..TOUCH },
    Row { name: "touch-1ms", title: "touch, 1 ms a report", wire: Wire::FAST, ..TOUCH },
    Row { name: "touch-4ms", title: "touch, 4 ms a report", wire: Wire::SLOW, ..TOUCH },
    Row { counted: Counted::SystemCalls, ..PIN },
    Row { name: "pin-1ms", title: "PIN and touch, 1 ms a report", wire: Wire::FAST, ..PIN },
    Row { name: "pin-4ms", title: "PIN and touch, 4 ms a report", wire: Wire::SLOW, ..PIN },
    Row { name: "fingerprint", title: "fingerprint", verification: Verification::Fingerprint, ..TOUCH },
    Row { counted: Counted::SystemCalls, ..TEN },
    Row { name: "ten-1ms", title: "10 passkeys, the last matches, 1 ms a report", wire: Wire::FAST, ..TEN },
    Row { name: "none", title: "24 passkeys, none matches", passkeys: 24, desk: Desk::OtherOnly, ..TOUCH },
    Row { name: "two-hundred", title: "200 passkeys, the last matches", passkeys: 200, rounds: 3, ..TOUCH },
    Row { name: "two-keys", title: "2 keys plugged in", desk: Desk::BesideOthers(1), ..TOUCH },
    SIXTEEN,
    Row { name: "sixteen-keys-1ms", title: "16 keys plugged in, 1 ms a report", wire: Wire::FAST, ..SIXTEEN },
    Row {
        name: "second",
        title: "2 enrolled keys, the second is touched",
        keys: 2,
        passkeys: 2,
        rounds: 1,
        ..TOUCH
    },
    Row {
        name: "silent",
        title: "beside a device that never answers",
        desk: Desk::BesideSilent,
        rounds: 1,
        ..TOUCH
    },
    Row { name: "no-key", title: "no key", desk: Desk::Empty, ..TOUCH },
    Row {
        name: "discoverable",
        title: "discoverable passkey, PIN and touch",
        verification: Verification::Pin,
        credentials: Credentials::Discoverable,
        ..TOUCH
    },
    Row { name: "keyring", title: "PIN and touch, with the keyring", keyring: Keyring::Opened, ..PIN },
    Row { name: "json", title: "PIN and touch, by GDM's exchange of JSON", host: Host::Gdm, ..PIN },
    Row { name: "users-10", title: "10 users", users: 10, ..TOUCH },
    Row { name: "users-10000", title: "10,000 users", users: 10_000, ..TOUCH },
    Row { name: "users-1000000", title: "1,000,000 users", users: 1_000_000, ..TOUCH },
];

/// Passkeys to be listed by `passkey-enroll list`.
pub const LISTINGS: [Row; 2] =
    [Row { name: "list-1", ..TOUCH }, Row { name: "list-200", passkeys: 200, ..TOUCH }];

impl Row {
    /// The row of this name.
    pub fn named(name: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.name == name).copied()
    }

    /// Whether no other module can do it.
    pub(crate) fn is_for_ours_alone(&self) -> bool {
        self.keyring == Keyring::Opened || self.host == Host::Gdm
    }

    /// Whether SSSD's program can be called for this: its users and discoverable passkeys are a directory's, of a key with a
    /// sensor it is told by its daemon what to ask for.
    pub(crate) fn is_for_passkey_child(&self) -> bool {
        self.users == 1
            && !self.is_for_ours_alone()
            && self.credentials == Credentials::Listed
            && self.verification != Verification::Fingerprint
    }
}

#[cfg(test)]
mod tests {
    use super::{Desk, ROWS, Row};
    use std::collections::BTreeSet;

    #[test]
    fn a_name_is_of_one_row() {
        let names: BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
        assert_eq!(Row::named("none").map(|row| row.desk), Some(Desk::OtherOnly));
        assert!(Row::named("all").is_none());
    }

    #[test]
    fn every_key_holds_a_passkey() {
        assert!(ROWS.iter().all(|row| row.keys >= 1 && row.passkeys >= row.keys && row.rounds >= 1));
    }
}
