//! How a service asks.

use serde::{Deserialize, Serialize};

/// How a service shall ask for passkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    /// After the password.
    SecondFactor,
    /// In its place; the password still does where there is no key.
    Passwordless,
}

impl Way {
    /// Its word in the configuration and in the module's arguments.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second-factor",
            Self::Passwordless => "passwordless",
        }
    }
}
