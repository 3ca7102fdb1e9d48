//! Can the time on the clock be right?

use std::fs;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use passkey_core::account::Account;
use passkey_core::config::Config;
use passkey_core::store::{Loaded, Store};

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;

/// Clocks that differ by less are not reported: time zones, and a day of drift.
const SLACK: SignedDuration = SignedDuration::from_hours(26);
/// Before this software existed.
const BEFORE_ALL: &str = "2026-01-01T00:00:00Z";

pub(in crate::doctor) fn check(
    machine: &Machine,
    passkeys: Option<&(Account, Loaded)>,
    config: Option<&Config>,
) -> Vec<Finding> {
    let installed =
        fs::metadata(machine.path("/proc/self/exe")).and_then(|metadata| metadata.modified()).ok();
    let owner = passkeys.map(|(owner, _)| owner);
    let state = config.and_then(|config| Store::new(config).load_state(owner?).ok());
    let mut moments: Vec<(Timestamp, String)> = Vec::new();
    for credential in passkeys.iter().flat_map(|(_, loaded)| &loaded.file.credentials) {
        moments.push((credential.added, format!("“{}” was enrolled", credential.name)));
        let used = state.as_ref().and_then(|state| state.credential(&credential.id)?.last_used);
        moments.extend(used.map(|used| (used, format!("“{}” was last used", credential.name))));
    }
    judge(Timestamp::now(), installed, &moments).into_iter().collect()
}

/// `moments`: when what happened.
fn judge(now: Timestamp, installed: Option<SystemTime>, moments: &[(Timestamp, String)]) -> Option<Finding> {
    let finding = |message: String| {
        Finding::warning(Area::System, "clock_wrong", message)
            .remedy("Set the clock: timedatectl set-ntp true. Until then, the dates of passkeys and of the log are wrong.")
    };
    let begin: Option<Timestamp> = BEFORE_ALL.parse().ok();
    let installed = installed.and_then(|time| Timestamp::try_from(time).ok());
    let earliest = begin.into_iter().chain(installed).max()?;
    let is_ahead = |time: Timestamp| time.duration_since(now) > SLACK;
    if is_ahead(earliest) {
        return Some(finding(format!(
            "The clock says {}, which is before this program was made.",
            date(now)
        )));
    }
    let (time, what) = moments.iter().filter(|(time, _)| is_ahead(*time)).max()?;
    Some(finding(format!("The clock says {}, but {what} on {}.", date(now), date(*time))))
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_that_cannot_be_right_is_told_of() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let moments = [(time("2027-03-01T00:00:00Z"), "“blue” was enrolled".to_owned())];
        for (now, expected) in [
            (
                "1970-01-01T00:05:00Z",
                Some("The clock says 1970-01-01, which is before this program was made."),
            ),
            (
                "2026-06-01T00:00:00Z",
                Some("The clock says 2026-06-01, which is before this program was made."),
            ),
            (
                "2027-02-01T00:00:00Z",
                Some("The clock says 2027-02-01, but “blue” was enrolled on 2027-03-01."),
            ),
            ("2027-02-28T00:00:00Z", None),
            ("2030-01-01T00:00:00Z", None),
        ] {
            // 2026-12-24
            let installed = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1_798_070_400));
            let found = judge(time(now), installed, &moments);
            assert_eq!(found.map(|finding| finding.message).as_deref(), expected, "{now}");
        }
    }
}
