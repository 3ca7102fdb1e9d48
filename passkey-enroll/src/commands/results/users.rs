//! Results of `users`: their shapes in JSON, and how a person reads them.

use jiff::Timestamp;
use serde::Serialize;

use crate::report::Human;
use crate::report::paint::Paint;
use crate::report::table::Table;
use crate::report::time::local_or_never;

/// `users`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct UserList {
    pub(crate) users: Vec<UserSummary>,
    /// Sources of the user database that may know people whom they do not list, by their names in `nsswitch.conf`.
    pub(crate) unlisted_sources: Vec<String>,
    /// Whether everyone is here who could sign in.
    pub(crate) complete: bool,
}

/// What a user has.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct UserSummary {
    pub(crate) user: String,
    pub(crate) uid: u32,
    /// Null where they cannot be read.
    pub(crate) passkeys: Option<Passkeys>,
    /// Whose passkeys they are, where they are those of another name of the same user id.
    pub(crate) passkeys_of: Option<String>,
    /// Null where they cannot be read.
    pub(crate) recovery_codes_left: Option<usize>,
    /// When a passkey was last used; null where none was, or that cannot be read.
    pub(crate) last_used: Option<Timestamp>,
}

/// A user's passkeys, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Passkeys {
    /// Those that can sign in.
    pub(crate) usable: usize,
    pub(crate) disabled: usize,
    /// Entries of the credential file that are ignored.
    pub(crate) damaged: usize,
}

impl Human for UserList {
    fn human(&self, paint: Paint) -> String {
        if self.users.is_empty() {
            return String::new();
        }
        let mut table = Table::new(&["USER", "PASSKEYS", "RECOVERY CODES", "LAST USED"]);
        for user in &self.users {
            let mut passkeys = user.passkeys.map_or_else(|| "cannot be read".to_owned(), Passkeys::text);
            if let Some(owner) = &user.passkeys_of {
                passkeys.extend([" of ", owner]);
            }
            let codes =
                user.recovery_codes_left.map_or_else(|| "cannot be read".to_owned(), |left| left.to_string());
            let cells = [user.user.clone(), passkeys, codes, local_or_never(user.last_used)];
            let has_some = user.passkeys.is_none_or(|passkeys| passkeys.usable > 0);
            if has_some { table.row(&cells) } else { table.faint_row(&cells) }
        }
        table.text(paint)
    }
}

impl Passkeys {
    fn text(self) -> String {
        let Self { usable, disabled, damaged } = self;
        let mut parts = Vec::new();
        if usable > 0 || disabled == 0 && damaged == 0 {
            parts.push(if usable == 0 { "none".to_owned() } else { usable.to_string() });
        }
        parts.extend((disabled > 0).then(|| format!("{disabled} disabled")));
        parts.extend((damaged > 0).then(|| format!("{damaged} damaged")));
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, passkeys: Option<Passkeys>) -> UserSummary {
        UserSummary {
            user: name.to_owned(),
            uid: 1000,
            passkeys,
            passkeys_of: None,
            recovery_codes_left: Some(0),
            last_used: None,
        }
    }

    #[test]
    fn each_user_is_a_line() {
        let some = |usable, disabled, damaged| Some(Passkeys { usable, disabled, damaged });
        let users = UserList {
            users: vec![
                user("alice", some(2, 1, 0)),
                user("bob", some(0, 0, 0)),
                user("carol", some(0, 1, 2)),
                UserSummary { recovery_codes_left: None, ..user("dave\u{1b}[2J", None) },
                UserSummary { passkeys_of: Some("root".to_owned()), ..user("toor", some(1, 0, 0)) },
            ],
            unlisted_sources: Vec::new(),
            complete: true,
        };
        let text = users.human(Paint::Plain);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect())
            .collect();
        assert_eq!(
            lines,
            [
                vec!["USER", "PASSKEYS", "RECOVERY CODES", "LAST USED"],
                vec!["alice", "2, 1 disabled", "0", "never"],
                vec!["bob", "none", "0", "never"],
                vec!["carol", "1 disabled, 2 damaged", "0", "never"],
                vec!["dave\\u{1b}[2J", "cannot be read", "cannot be read", "never"],
                vec!["toor", "1 of root", "0", "never"],
            ]
        );
    }
}
