//! Results of `keyring …`: their shapes in JSON, and how a person reads them.

use jiff::Timestamp;
use passkey_core::escape::Escaped;
use serde::Serialize;

use super::json::Named;
use crate::report::Human;
use crate::report::paint::Paint;
use crate::report::table::Table;
use crate::report::time::local;

/// `keyring enable`, `keyring rotate`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ready {
    pub(crate) user: String,
    pub(crate) credential: Named,
}

/// `keyring disable`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Disabled {
    pub(crate) user: String,
    /// The names of the passkeys that opened the keyring before.
    pub(crate) passkeys: Vec<String>,
}

/// `keyring status`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) user: String,
    pub(crate) passkeys: Vec<PasskeyStatus>,
    /// Entries of the file that are not understood.
    pub(crate) skipped: usize,
}

/// One passkey of [`Status`].
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PasskeyStatus {
    /// base64url
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) opens: Opens,
    /// When the password was stored for it; null where it is not.
    pub(crate) since: Option<Timestamp>,
}

/// Whether a passkey opens the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Opens {
    /// It does.
    Yes,
    /// It could.
    No,
    /// The password has changed since.
    Stale,
    /// It was made without what it takes.
    Unable,
}

impl Human for Ready {
    fn human(&self, paint: Paint) -> String {
        format!(
            "{} The passkey “{}” opens the keyring of {} when it signs in without the password.\n",
            paint.success("✓"),
            Escaped::text(&self.credential.name),
            Escaped::text(&self.user)
        )
    }
}

impl Human for Disabled {
    fn human(&self, paint: Paint) -> String {
        let names: Vec<String> =
            self.passkeys.iter().map(|name| format!("“{}”", Escaped::text(name))).collect();
        let which = match names.as_slice() {
            [] => "No passkey".to_owned(),
            [only] => format!("The passkey {only}"),
            several => format!("The passkeys {}", several.join(", ")),
        };
        let verb = if names.len() > 1 { "open" } else { "opens" };
        let no_longer = if names.is_empty() { "" } else { " no longer" };
        format!(
            "{} {which}{no_longer} {verb} the keyring of {}.\n",
            paint.success("✓"),
            Escaped::text(&self.user)
        )
    }
}

impl Human for Status {
    fn human(&self, paint: Paint) -> String {
        let mut table = Table::new(&["Passkey", "Opens the keyring", "Since"]);
        for passkey in &self.passkeys {
            let opens = match passkey.opens {
                _ if !passkey.enabled => "no: disabled",
                Opens::Yes => "yes",
                Opens::No => "no",
                Opens::Stale => "no: the password has changed",
                Opens::Unable => "no: made without hmac-secret",
            };
            let row = [passkey.name.clone(), opens.to_owned(), passkey.since.map_or_else(String::new, local)];
            if passkey.enabled && passkey.opens == Opens::Yes {
                table.row(&row);
            } else {
                table.faint_row(&row);
            }
        }
        table.text(paint)
    }
}
