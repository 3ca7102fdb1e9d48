//! Times as a person reads them: to the minute, where they are.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2026-11-23 14:05` in the machine's time zone.
pub(crate) fn local(time: Timestamp) -> String {
    in_zone(time, TimeZone::system())
}

/// The same, or `never`.
pub(crate) fn local_or_never(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "never".to_owned(), local)
}

fn in_zone(time: Timestamp, zone: TimeZone) -> String {
    time.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_where_the_person_is() {
        let time: Timestamp = "2026-11-23T23:30:15.25Z".parse().unwrap();
        assert_eq!(in_zone(time, TimeZone::UTC), "2026-11-23 23:30");
        assert_eq!(in_zone(time, TimeZone::fixed(jiff::tz::offset(2))), "2026-11-24 01:30");
    }
}
