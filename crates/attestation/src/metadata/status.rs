//! What is reported of a model in the course of time (FIDO Metadata Service 3, sections 3.1.3 and 3.1.4). A status that is not
//! known says nothing, as the specification wants it.

use std::fmt;

use jiff::civil::Date;
use passkey_core::attestation::Certification;

/// Takes every certification away that came before it.
const NOT_CERTIFIED: &str = "NOT_FIDO_CERTIFIED";

/// One report.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// Its word.
    pub(super) status: String,
    /// From when it holds.
    pub(super) effective: Effective,
}

/// From when a report holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effective {
    /// From ever: no day is given.
    Ever,
    /// From this day on.
    From(Date),
    /// What is given is no day.
    Unreadable,
}

/// Something that makes a model unfit, whenever it was reported and whatever was done about it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compromise {
    /// Others than its user can use the key.
    UserVerificationBypass,
    /// With physical access, passkeys can be taken from it.
    UserKeyPhysicalCompromise,
    /// From afar, passkeys can be taken from it.
    UserKeyRemoteCompromise,
    /// Anyone may pretend to be of the model.
    AttestationKeyCompromise,
    /// The FIDO Alliance itself has given it up.
    Revoked,
}

impl Compromise {
    const ALL: [Self; 5] = [
        Self::UserVerificationBypass,
        Self::UserKeyPhysicalCompromise,
        Self::UserKeyRemoteCompromise,
        Self::AttestationKeyCompromise,
        Self::Revoked,
    ];

    /// Its word in the metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserVerificationBypass => "USER_VERIFICATION_BYPASS",
            Self::UserKeyPhysicalCompromise => "USER_KEY_PHYSICAL_COMPROMISE",
            Self::UserKeyRemoteCompromise => "USER_KEY_REMOTE_COMPROMISE",
            Self::AttestationKeyCompromise => "ATTESTATION_KEY_COMPROMISE",
            Self::Revoked => "REVOKED",
        }
    }
}

impl fmt::Display for Compromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The worst of the reports, whatever their day.
pub(super) fn compromise(reports: &[Report]) -> Option<Compromise> {
    let known = |report: &Report| Compromise::ALL.into_iter().find(|known| known.as_str() == report.status);
    reports.iter().filter_map(known).max()
}

/// The highest certification that holds on this day.
pub(super) fn certification(reports: &[Report], today: Date) -> Option<Certification> {
    // What has no day that could be read takes away at once, and never gives.
    let taken = reports
        .iter()
        .filter(|report| report.status == NOT_CERTIFIED)
        .map(|report| match report.effective {
            Effective::Ever => Date::MIN,
            Effective::From(day) => day,
            Effective::Unreadable => today,
        })
        .filter(|day| *day <= today)
        .max();
    let holds = |report: &&Report| {
        let since = match report.effective {
            Effective::Ever => Date::MIN,
            Effective::From(day) => day,
            Effective::Unreadable => return false,
        };
        since <= today && taken.is_none_or(|taken| since > taken)
    };
    reports.iter().filter(holds).filter_map(|report| Certification::from_word(&report.status)).max()
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
