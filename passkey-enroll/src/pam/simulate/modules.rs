//! How modules answer.

use std::sync::OnceLock;

use toml::de::{DeTable, DeValue};

use super::factors::Factors;
use crate::pam::parse::{Action, ReturnValue, Rule};

/// Our module.
pub(crate) const MODULE: &str = "pam_passkey.so";
/// Lets root pass, who needs nothing to become root.
const ROOT_OK: &str = "pam_rootok.so";
/// Counts failures.
const FAILLOCK: &str = "pam_faillock.so";
/// What tells a module to take the password that is there.
const TELLS: [&str; 2] = ["use_first_pass", "try_first_pass"];
/// The table of modules.
const TABLE: &str = include_str!("modules.toml");

/// What a module looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is ours.
    Passkey,
    /// Something that the person proves to it.
    Factor(Factors),
    /// A condition of the account or the machine, which holds or not for the length of a sign-in.
    Check,
    /// Nothing of the person.
    Neutral,
    /// No one: it refuses.
    Denies,
    /// It is not known, and may give any answer.
    Unknown,
}

/// Whether a module that asks for the password takes one that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PasswordSource {
    /// It does, and asks only where there is none (`pam_get_authtok(3)`).
    Taken,
    /// It does with `use_first_pass` or `try_first_pass`.
    TakenIfTold,
    /// It asks, or may.
    Asked,
}

/// What a module has to ask of the person where the password is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Nothing.
    Nothing,
    /// The password once more, for want of `try_first_pass`.
    PasswordUnlessTold,
    /// The password once more, or whatever goes with it.
    Password,
    /// Something other than the password.
    More,
}

/// How a module behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModuleBehaviour {
    /// What it looks at.
    pub(crate) kind: Kind,
    /// Where the password comes from that it looks at.
    source: PasswordSource,
    /// Its answers where the person proves it, or the condition holds.
    pub(crate) yes: &'static [ReturnValue],
    /// Its answers otherwise, also where it cannot do its work.
    pub(crate) no: &'static [ReturnValue],
}

/// What our module returns if it does not let a person in, each for a reason of its own.
const REFUSALS: [ReturnValue; 9] = [
    ReturnValue::AuthErr,
    ReturnValue::AuthinfoUnavail,
    ReturnValue::CredInsufficient,
    ReturnValue::CredUnavail,
    ReturnValue::Maxtries,
    ReturnValue::UserUnknown,
    ReturnValue::ServiceErr,
    ReturnValue::SystemErr,
    ReturnValue::BufErr,
];

impl ModuleBehaviour {
    /// How the module that a rule calls behaves.
    pub(crate) fn of(rule: &Rule) -> Self {
        let module = rule.module_name();
        if module == MODULE {
            return Self {
                kind: Kind::Passkey,
                source: PasswordSource::Asked,
                yes: &[ReturnValue::Success],
                no: &REFUSALS,
            };
        }
        match entry_of(rule) {
            Some(entry) => Self { kind: entry.kind, source: entry.source, yes: &entry.yes, no: &entry.no },
            None => {
                Self { kind: Kind::Unknown, source: PasswordSource::Asked, yes: ReturnValue::ALL, no: &[] }
            }
        }
    }

    /// Whether this is a question with one answer, as often as it is asked in one sign-in.
    pub(crate) fn asks_once(rule: &Rule) -> bool {
        Self::of(rule).kind == Kind::Check
    }
}

/// Whether the module unlocks something with the password that was typed, and is known to.
pub(crate) fn takes_authtok(rule: &Rule) -> bool {
    entry_of(rule).is_some_and(|entry| entry.takes_authtok)
}

/// Whether the module asks for the password, or takes the one that was asked for.
pub(crate) fn is_password(rule: &Rule) -> bool {
    ModuleBehaviour::of(rule).kind == Kind::Factor(Factors::PASSWORD)
}

/// What the module may ask for where an earlier one has the password.
pub(crate) fn asks_with_password(rule: &Rule) -> Asks {
    let ModuleBehaviour { kind, source, .. } = ModuleBehaviour::of(rule);
    let is_told = rule.arguments.iter().any(|argument| TELLS.contains(&argument.as_str()));
    match kind {
        Kind::Factor(factors) if factors != Factors::PASSWORD => Asks::More,
        Kind::Passkey | Kind::Unknown => Asks::More,
        Kind::Factor(_) => match source {
            PasswordSource::Taken => Asks::Nothing,
            PasswordSource::TakenIfTold if is_told => Asks::Nothing,
            PasswordSource::TakenIfTold => Asks::PasswordUnlessTold,
            PasswordSource::Asked => Asks::Password,
        },
        Kind::Check | Kind::Neutral | Kind::Denies => Asks::Nothing,
    }
}

/// Whether the module refuses everybody, or counts a failure for those who get there.
pub(crate) fn refuses_everybody(rule: &Rule) -> bool {
    ModuleBehaviour::of(rule).kind == Kind::Denies
        || rule.module_name() == FAILLOCK && rule.arguments.iter().any(|argument| argument == "authfail")
}

/// Whether whom the module lets pass is root already.
pub(crate) fn is_for_root(rule: &Rule) -> bool {
    rule.module_name() == ROOT_OK
}

/// One answer for each thing that can follow from it, but for success and "no opinion", which are themselves.
pub(super) fn distinct(rule: &Rule, answers: &[ReturnValue]) -> Vec<ReturnValue> {
    let mut followed: Vec<Action> = Vec::new();
    let is_special = |answer: &ReturnValue| {
        matches!(answer, ReturnValue::Success | ReturnValue::NewAuthtokReqd | ReturnValue::Ignore)
    };
    let answers = answers.iter().copied().filter(|answer| {
        let action = rule.control.action(*answer);
        is_special(answer)
            || !followed.contains(&action) && {
                followed.push(action);
                true
            }
    });
    answers.collect()
}

/// A row of the table.
#[derive(Debug)]
struct Entry {
    name: String,
    arguments: Vec<String>,
    kind: Kind,
    source: PasswordSource,
    yes: Vec<ReturnValue>,
    no: Vec<ReturnValue>,
    takes_authtok: bool,
}

/// The row for the module that a rule calls, with these arguments.
fn entry_of(rule: &Rule) -> Option<&'static Entry> {
    let module = rule.module_name();
    let stem = module.strip_suffix(".so").unwrap_or(module);
    let has_all = |entry: &&Entry| entry.arguments.iter().all(|argument| rule.arguments.contains(argument));
    table().iter().filter(|entry| entry.name == stem).find(has_all)
}

fn table() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    // A row that is not understood leaves its module unknown, and any answer is reckoned with; a test sees to it.
    ENTRIES.get_or_init(|| {
        let rows = DeTable::parse(TABLE).ok().and_then(|table| {
            let DeValue::Array(rows) = table.get_ref().get("module")?.get_ref() else { return None };
            Some(rows.iter().filter_map(|row| entry(row.get_ref())).collect())
        });
        rows.unwrap_or_default()
    })
}

fn entry(row: &DeValue<'_>) -> Option<Entry> {
    let DeValue::Table(row) = row else { return None };
    let words = |key: &str| -> Option<Vec<String>> {
        let DeValue::Array(words) = row.get(key)?.get_ref() else { return None };
        words.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect()
    };
    let answers = |key: &str| -> Option<Vec<ReturnValue>> {
        let named = |word: &String| ReturnValue::ALL.iter().copied().find(|value| value.name() == word);
        words(key)?.iter().map(named).collect()
    };
    Some(Entry {
        name: row.get("name")?.get_ref().as_str()?.to_owned(),
        arguments: if row.contains_key("arguments") { words("arguments")? } else { Vec::new() },
        kind: kind(row.get("kind")?.get_ref().as_str()?)?,
        source: match row.get("password") {
            Some(word) => source(word.get_ref().as_str()?)?,
            None => PasswordSource::Asked,
        },
        yes: answers("yes")?,
        no: answers("no")?,
        takes_authtok: match row.get("takes_authtok") {
            Some(value) => value.get_ref().as_bool()?,
            None => false,
        },
    })
}

fn source(word: &str) -> Option<PasswordSource> {
    Some(match word {
        "taken" => PasswordSource::Taken,
        "taken_if_told" => PasswordSource::TakenIfTold,
        _ => return None,
    })
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "password" => Kind::Factor(Factors::PASSWORD),
        "biometric" => Kind::Factor(Factors::BIOMETRIC),
        "token" => Kind::Factor(Factors::TOKEN),
        "code" => Kind::Factor(Factors::CODE),
        "network" => Kind::Factor(Factors::NETWORK),
        "check" => Kind::Check,
        "neutral" => Kind::Neutral,
        "denies" => Kind::Denies,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "modules_tests.rs"]
mod tests;
