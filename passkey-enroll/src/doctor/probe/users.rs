//! Listing the user database. Its sources are foreign libraries, and a directory server may keep them waiting.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nss::Password;
use passkey_core::account::{Account, PasswdEntry};
use serde::{Deserialize, Serialize};

use crate::report::Exit;
use crate::util::process::{RunError, run};

/// How long the sources may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most entries that are looked at.
const MAX_ENTRIES: usize = 100_000;
/// The longest list, in bytes.
const MAX_LEN: usize = 64 << 20;
/// The last line of a list that is complete.
const END: &str = "end";
/// Shells of accounts that do not sign in.
const NO_SHELLS: [&str; 4] = ["nologin", "false", "sync", "true"];

/// User ids of people, both ends included: `UID_MIN` and `UID_MAX` of login.defs(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doctor) struct IdRange {
    pub(in crate::doctor) first: u32,
    pub(in crate::doctor) last: u32,
}

impl IdRange {
    pub(in crate::doctor) fn contains(self, uid: u32) -> bool {
        (self.first..=self.last).contains(&uid)
    }
}

/// What the user database lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::doctor) struct Listing {
    pub(in crate::doctor) users: Vec<User>,
    /// Why there may be more.
    pub(in crate::doctor) incomplete: Option<String>,
}

/// An account that is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::doctor) struct User {
    pub(in crate::doctor) name: String,
    pub(in crate::doctor) uid: u32,
    gid: u32,
    home: PathBuf,
    shell: PathBuf,
    /// Whether a password signs the account in, where that was looked up and the caller may know.
    pub(in crate::doctor) password: Option<PasswordState>,
}

/// Whether a password signs an account in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::doctor) enum PasswordState {
    Usable,
    Locked,
    /// The shadow database does not know the account.
    Elsewhere,
}

impl User {
    pub(in crate::doctor) fn account(&self) -> Account {
        let Self { name, uid, gid, home, .. } = self.clone();
        Account::from_entry(PasswdEntry { name, uid, gid, home })
    }

    /// Whether the account's shell lets a person work.
    pub(in crate::doctor) fn has_login_shell(&self) -> bool {
        has_login_shell(&self.shell)
    }

    /// An entry of files that a test has written.
    #[cfg(test)]
    pub(in crate::doctor) fn new(entry: PasswdEntry, shell: &str, password: Option<PasswordState>) -> Self {
        let PasswdEntry { name, uid, gid, home } = entry;
        Self { name, uid, gid, home, shell: shell.into(), password }
    }
}

fn has_login_shell(shell: &Path) -> bool {
    // An empty one is /bin/sh (passwd(5)).
    !shell.file_name().and_then(OsStr::to_str).is_some_and(|name| NO_SHELLS.contains(&name))
}

/// Has the user database listed by the process that `command` starts.
pub(super) fn list(mut command: Command) -> Listing {
    let (stdout, reason) = match run(&mut command, PATIENCE, MAX_LEN) {
        Ok(ended) => (ended.stdout, format!("the process that lists it ended: {}", ended.status)),
        Err(RunError::TimedOut { stdout }) => {
            (stdout, format!("it was not listed within {} seconds", PATIENCE.as_secs()))
        }
        Err(RunError::TooLong) => (Vec::new(), format!("the list is longer than {MAX_LEN} bytes")),
        Err(RunError::Io(error)) => (Vec::new(), error.to_string()),
    };
    parse(&String::from_utf8_lossy(&stdout), reason)
}

/// `reason`: why the list breaks off, where it does.
fn parse(text: &str, reason: String) -> Listing {
    let mut listing = Listing { users: Vec::new(), incomplete: Some(reason) };
    for line in text.lines() {
        match line.strip_prefix(END) {
            Some("") => listing.incomplete = None,
            Some(error) => listing.incomplete = Some(error.trim_start().to_owned()),
            None => listing.users.extend(serde_json::from_str::<User>(line)),
        }
    }
    listing
}

/// The process that lists the user database: a line for each entry, so that those which were listed in time count.
pub(super) fn write_list(range: IdRange) -> Exit {
    let mut stdout = io::stdout().lock();
    let mut write = |line: &str| stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
    let mut written = Ok(());
    let listed = nss::entries(MAX_ENTRIES, |entry| {
        let nss::Entry { name, uid, gid, home, shell } = entry;
        // Asking costs another look-up. Of people's accounts it does not matter: a passkey can take the password's place.
        let matters = has_login_shell(&shell) && (uid == 0 || !range.contains(uid));
        let password = if matters { nss::password(&name).ok().map(PasswordState::from) } else { None };
        // The line is UTF-8, whatever the paths are.
        let text = |path: PathBuf| PathBuf::from(path.to_string_lossy().as_ref());
        let line =
            serde_json::to_string(&User { name, uid, gid, home: text(home), shell: text(shell), password });
        if let (Ok(line), true) = (line, written.is_ok()) {
            written = write(&format!("{line}\n"));
        }
    });
    let end = match listed {
        Ok(()) => format!("{END}\n"),
        Err(error) => format!("{END} {error}\n"),
    };
    if written.and_then(|()| write(&end)).is_ok() { Exit::Done } else { Exit::Failed }
}

impl From<Password> for PasswordState {
    fn from(password: Password) -> Self {
        match password {
            Password::Usable => Self::Usable,
            Password::Locked => Self::Locked,
            Password::Elsewhere => Self::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str =
        r#"{"name":"alice","uid":1000,"gid":1001,"home":"/home/alice","shell":"/bin/bash","password":null}"#;

    #[test]
    fn a_list_that_breaks_off_is_not_taken_for_a_whole_one() {
        let listed = |text: &str| {
            let listing = parse(text, "it broke off".to_owned());
            (listing.users.len(), listing.incomplete)
        };
        assert_eq!(listed(&format!("{ALICE}\nend\n")), (1, None));
        assert_eq!(
            listed(&format!("{ALICE}\nend Input/output error\n")),
            (1, Some("Input/output error".to_owned()))
        );
        assert_eq!(listed(&format!("{ALICE}\n")), (1, Some("it broke off".to_owned())));
        assert_eq!(listed(&format!("{ALICE}\n{}", &ALICE[..20])), (1, Some("it broke off".to_owned())));
        assert_eq!(listed(""), (0, Some("it broke off".to_owned())));
        let alice = &parse(ALICE, String::new()).users[0];
        let expected =
            PasswdEntry { name: "alice".to_owned(), uid: 1000, gid: 1001, home: "/home/alice".into() };
        assert_eq!(alice.account(), Account::from_entry(expected));
    }

    #[test]
    fn shells_of_people_are_told_from_those_of_services() {
        for shell in ["/bin/bash", "/usr/bin/fish", "", "/bin/sh"] {
            assert!(has_login_shell(Path::new(shell)), "{shell}");
        }
        for shell in ["/usr/sbin/nologin", "/bin/false", "/bin/sync", "/sbin/nologin"] {
            assert!(!has_login_shell(Path::new(shell)), "{shell}");
        }
    }
}
