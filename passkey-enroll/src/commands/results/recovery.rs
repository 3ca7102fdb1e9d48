//! Results of `recovery …`: their shapes in JSON, and how a person reads them.

use jiff::Timestamp;
use passkey_core::escape::Escaped;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::report::Human;
use crate::report::paint::Paint;
use crate::report::table::Facts;
use crate::report::time::{local, local_or_never};

/// `recovery new`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NewCodes {
    pub(crate) user: String,
    /// The machine's name.
    pub(crate) host: String,
    pub(crate) made: Timestamp,
    /// In groups, as they are typed. Nowhere else.
    #[serde(serialize_with = "texts")]
    pub(crate) codes: Vec<Zeroizing<String>>,
}

fn texts<S: Serializer>(codes: &[Zeroizing<String>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(codes.iter().map(|code| code.as_str()))
}

/// `recovery status`
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct CodesStatus {
    pub(crate) user: String,
    /// Null where there are none.
    pub(crate) made: Option<Timestamp>,
    /// Used or not.
    pub(crate) total: usize,
    pub(crate) left: usize,
    pub(crate) last_used: Option<Timestamp>,
    /// Wrong codes since the last right one.
    pub(crate) failures: u32,
    /// Until then no code is looked at; null where the next one is.
    pub(crate) locked_until: Option<Timestamp>,
    /// Entries of the file that are not understood.
    pub(crate) skipped: usize,
}

/// `recovery revoke`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Revoked {
    pub(crate) user: String,
    /// How many codes stopped working; null where the file could not be read.
    pub(crate) revoked: Option<usize>,
}

impl Human for NewCodes {
    /// For paper: a person who finds it in a drawer should know its purpose.
    fn human(&self, paint: Paint) -> String {
        let title = format!(
            "Recovery codes for {} on {}, made {}",
            Escaped::text(&self.user),
            Escaped::text(&self.host),
            local(self.made)
        );
        let mut text = format!("{}\n\n", paint.heading(&title));
        for code in &self.codes {
            text.extend(["    ", code.as_str(), "\n"]);
        }
        text.push_str("\nEach signs you in once: type it where a recovery code or the PIN of your security key is asked for.\n");
        text
    }
}

impl Human for CodesStatus {
    fn human(&self, paint: Paint) -> String {
        let Some(made) = self.made else { return String::new() };
        let mut facts = Facts::default();
        facts.add("User", &self.user);
        facts.add("Codes left", format!("{} of {}", self.left, self.total));
        facts.add("Made", local(made));
        facts.add("Last used", local_or_never(self.last_used));
        if self.failures > 0 {
            facts.add("Wrong codes since", self.failures.to_string());
        }
        if let Some(until) = self.locked_until {
            facts.add("Locked until", local(until));
        }
        facts.text("", paint)
    }
}

impl Human for Revoked {
    fn human(&self, paint: Paint) -> String {
        let what = match self.revoked {
            None => "The recovery codes".to_owned(),
            Some(1) => "1 unused recovery code".to_owned(),
            Some(n) => format!("{n} unused recovery codes"),
        };
        format!("{} {what} of {} stopped working.\n", paint.success("✓"), Escaped::text(&self.user))
    }
}
