//! Moments as the files write them: RFC 3339 in UTC, `2026-01-02T03:04:05Z`, with a fraction where there is one.
//!
//! The calendar is the time library's; the form is read and written here, since a parser and printer for every form there is makes a
//! tenth of the module.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// The present moment, to the second.
pub fn now() -> Timestamp {
    Timestamp::from_second(now_precisely().as_second()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The present moment, as precisely as the clock goes.
pub fn now_precisely() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (seconds, nanoseconds) =
        (i64::try_from(since_epoch.as_secs()), i32::try_from(since_epoch.subsec_nanos()));
    match (seconds, nanoseconds) {
        (Ok(seconds), Ok(nanoseconds)) => {
            Timestamp::new(seconds, nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
        }
        (Err(_), _) | (_, Err(_)) => Timestamp::UNIX_EPOCH,
    }
}

/// Reads a moment. Only the form that [`format()`] writes is understood, with or without a fraction.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) =
        time.split_once('.').map_or((time, None), |(time, fraction)| (time, Some(fraction)));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let [month, day, hour, minute, second] =
        [month, day, hour, minute, second].map(|number| i8::try_from(number).unwrap_or(i8::MAX));
    let moment = DateTime::new(year, month, day, hour, minute, second, nanoseconds(fraction)?).ok()?;
    Offset::UTC.to_timestamp(moment).ok()
}

/// Writes a moment.
pub(crate) fn format(time: Timestamp) -> String {
    let moment = Offset::UTC.to_datetime(time);
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        moment.year(),
        moment.month(),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second()
    );
    if moment.subsec_nanosecond() != 0 {
        let fraction = format!(".{:09}", moment.subsec_nanosecond());
        text.push_str(fraction.trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Three numbers of these many digits between separators.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i16; 3]> {
    let mut parts = text.split(separator);
    let mut next = |digits: usize| {
        let part = parts
            .next()
            .filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()));
        part.and_then(|part| part.parse().ok())
    };
    let [first, second, third] = digits;
    let numbers = [next(first)?, next(second)?, next(third)?];
    parts.next().is_none().then_some(numbers)
}

fn nanoseconds(fraction: Option<&str>) -> Option<i32> {
    let Some(fraction) = fraction else { return Some(0) };
    if !(1..=9).contains(&fraction.len()) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_a_time_library() {
        // Every 100,003 seconds and a bit from 1900 to 2200: all days of the year, all hours.
        for step in 0..95_000_i64 {
            let time =
                Timestamp::new(-2_208_988_800 + step * 100_003, i32::try_from(step % 7).unwrap() * 1_000_001)
                    .unwrap();
            assert_eq!(format(time), time.to_string());
            assert_eq!(parse(&time.to_string()), Some(time));
        }
    }

    #[test]
    fn only_moments_are_moments() {
        for text in [
            "",
            "Z",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02 03:04:05Z",
            "2026-01-02t03:04:05Z",
            "2026-01-02T03:04:05+01:00",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "26-01-01T00:00:00Z",
            "+026-01-01T00:00:00Z",
            "2026-1-1T0:0:0Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00.-1Z",
            "2026-01-01-01T00:00:00Z",
            "2026-01-01T00:00:00ZZ",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse("2024-02-29T23:59:59.5Z").is_some());
    }
}
