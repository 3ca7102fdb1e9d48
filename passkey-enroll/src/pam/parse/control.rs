//! What follows from a module's answer.

use std::fmt;

use super::dialect::Reader;

/// Defines what a module can answer, in the order of libpam's numbers.
macro_rules! return_values {
    ($($(#[$meta:meta])* $value:ident = $name:literal),+ $(,)?) => {
        /// What a module can answer (pam.conf(5)).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ReturnValue { $($(#[$meta])* $value),+ }

        impl ReturnValue {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// Its name in a control, and in lower case that of `PAM_…` in C.
            pub fn name(self) -> &'static str {
                match self { $(Self::$value => $name),+ }
            }
        }
    };
}

return_values! {
    /// All is well.
    Success = "success",
    /// A module cannot be loaded.
    OpenErr = "open_err",
    /// A module lacks a function.
    SymbolErr = "symbol_err",
    /// The module is not set up right.
    ServiceErr = "service_err",
    /// The system failed.
    SystemErr = "system_err",
    /// No memory.
    BufErr = "buf_err",
    /// Not allowed; also what libpam answers in place of a module that a line does not name.
    PermDenied = "perm_denied",
    /// The person is not who they say they are.
    AuthErr = "auth_err",
    /// The application may not ask.
    CredInsufficient = "cred_insufficient",
    /// There is nothing to go by.
    AuthinfoUnavail = "authinfo_unavail",
    /// No such user.
    UserUnknown = "user_unknown",
    /// Too many attempts.
    Maxtries = "maxtries",
    /// The password has to be changed.
    NewAuthtokReqd = "new_authtok_reqd",
    /// The account has expired.
    AcctExpired = "acct_expired",
    /// No session.
    SessionErr = "session_err",
    /// The credentials cannot be had.
    CredUnavail = "cred_unavail",
    /// The credentials have expired.
    CredExpired = "cred_expired",
    /// The credentials cannot be set.
    CredErr = "cred_err",
    /// The module has kept nothing.
    NoModuleData = "no_module_data",
    /// The application cannot ask the person.
    ConvErr = "conv_err",
    /// The password cannot be changed.
    AuthtokErr = "authtok_err",
    /// The old password cannot be had.
    AuthtokRecoverErr = "authtok_recover_err",
    /// The passwords are locked.
    AuthtokLockBusy = "authtok_lock_busy",
    /// Passwords do not age here.
    AuthtokDisableAging = "authtok_disable_aging",
    /// Not now.
    TryAgain = "try_again",
    /// The module stands aside.
    Ignore = "ignore",
    /// Stop it all.
    Abort = "abort",
    /// The password has expired.
    AuthtokExpired = "authtok_expired",
    /// The module is not known, or not there.
    ModuleUnknown = "module_unknown",
    /// A bad item.
    BadItem = "bad_item",
    /// The conversation goes on later.
    ConvAgain = "conv_again",
    /// The module goes on later.
    Incomplete = "incomplete",
}

/// What follows from one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It counts for nothing.
    Ignore,
    /// It speaks for the stack.
    Ok,
    /// It speaks for the stack and ends it, unless something failed before.
    Done,
    /// It fails the stack, in the end.
    Bad,
    /// It fails the stack and ends it.
    Die,
    /// Whatever was before in this stack counts for nothing.
    Reset,
    /// So many modules are left out, at least one.
    Jump(u32),
}

/// The words for actions.
const ACTIONS: [(&str, Action); 6] = [
    ("ignore", Action::Ignore),
    ("ok", Action::Ok),
    ("done", Action::Done),
    ("bad", Action::Bad),
    ("die", Action::Die),
    ("reset", Action::Reset),
];

/// The second word of a line, where it is a module's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// `required`
    Required,
    /// `requisite`
    Requisite,
    /// `sufficient`
    Sufficient,
    /// `optional`
    Optional,
    /// `[value=action …]`, in the order given.
    List(Vec<(Subject, Action)>),
    /// What libpam does not understand, as it stands there: the module is called, and whatever it answers is a failure.
    Malformed(String),
}

/// What an action of a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// This answer.
    Value(ReturnValue),
    /// Every answer that has no action yet.
    Default,
}

impl Control {
    /// Understands the word, without its brackets.
    pub(super) fn parse(word: &str, reader: Reader) -> Self {
        let keyword = [
            ("required", Self::Required),
            ("requisite", Self::Requisite),
            ("sufficient", Self::Sufficient),
            ("optional", Self::Optional),
        ]
        .into_iter()
        .find(|(spelling, _)| spelling.eq_ignore_ascii_case(word));
        match keyword {
            Some((_, control)) => control,
            // An empty list is one to libpam.
            None => list(word, reader).map_or_else(|| Self::Malformed(word.to_owned()), Self::List),
        }
    }

    /// What follows from an answer.
    pub fn action(&self, answer: ReturnValue) -> Action {
        use ReturnValue as R;
        let passes = matches!(answer, R::Success | R::NewAuthtokReqd);
        match self {
            Self::Required | Self::Requisite | Self::Optional if passes => Action::Ok,
            Self::Sufficient if passes => Action::Done,
            Self::Required | Self::Requisite if answer == R::Ignore => Action::Ignore,
            Self::Required | Self::Malformed(_) => Action::Bad,
            Self::Requisite => Action::Die,
            Self::Optional | Self::Sufficient => Action::Ignore,
            Self::List(list) => {
                // A default fills what is open where it stands; a later action for the answer itself replaces it.
                let mut found = None;
                for (subject, action) in list {
                    match subject {
                        Subject::Value(value) if *value == answer => found = Some(*action),
                        Subject::Default if found.is_none() => found = Some(*action),
                        Subject::Value(_) | Subject::Default => {}
                    }
                }
                found.unwrap_or(Action::Bad)
            }
        }
    }
}

/// As it would stand in a file.
impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("required"),
            Self::Requisite => f.write_str("requisite"),
            Self::Sufficient => f.write_str("sufficient"),
            Self::Optional => f.write_str("optional"),
            Self::Malformed(word) => write!(f, "[{word}]"),
            Self::List(list) => {
                let pairs = list.iter().map(|(subject, action)| {
                    let subject = match subject {
                        Subject::Value(value) => value.name(),
                        Subject::Default => "default",
                    };
                    let word =
                        ACTIONS.iter().find(|(_, known)| known == action).map(|(word, _)| (*word).to_owned());
                    match (word, action) {
                        (Some(word), _) => format!("{subject}={word}"),
                        (None, Action::Jump(modules)) => format!("{subject}={modules}"),
                        (None, _) => subject.to_owned(),
                    }
                });
                write!(f, "[{}]", pairs.collect::<Vec<_>>().join(" "))
            }
        }
    }
}

/// `value=action` pairs with or without space around the `=`; even between two pairs libpam needs none.
fn list(text: &str, reader: Reader) -> Option<Vec<(Subject, Action)>> {
    let mut list = Vec::new();
    let mut rest = skip_space(text);
    while !rest.is_empty() {
        let (subject, after) = subject(rest)?;
        let (action, after) = action(skip_space(skip_space(after).strip_prefix('=')?), reader)?;
        list.push((subject, action));
        rest = skip_space(after);
    }
    Some(list)
}

fn subject(text: &str) -> Option<(Subject, &str)> {
    let value = ReturnValue::ALL
        .iter()
        .find_map(|value| text.strip_prefix(value.name()).map(|rest| (Subject::Value(*value), rest)));
    value.or_else(|| text.strip_prefix("default").map(|rest| (Subject::Default, rest)))
}

fn action(text: &str, reader: Reader) -> Option<(Action, &str)> {
    if let Some(found) =
        ACTIONS.iter().find_map(|(word, action)| text.strip_prefix(word).map(|rest| (*action, rest)))
    {
        return Some(found);
    }
    let (digits, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let modules = match reader {
        Reader::New => digits.parse::<i32>().ok()?,
        // It counts on past the largest number, from the smallest again. Less than none is as bad as too many.
        Reader::Old => {
            let value = |digit: u8| i32::from(digit.wrapping_sub(b'0'));
            let number =
                digits.bytes().fold(0, |sum: i32, digit| sum.wrapping_mul(10).wrapping_add(value(digit)));
            if number < 0 { i32::MAX } else { number }
        }
    };
    (!digits.is_empty() && modules > 0).then(|| (Action::Jump(modules.unsigned_abs()), rest))
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}')
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
