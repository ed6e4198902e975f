//! Numbers and moments as people read them.

use crate::clock::Timestamp;

/// `1.5 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte");
    }
    // Tenths, rounded down, so that nothing looks larger than it is.
    let (mut tenths, mut unit) = (bytes * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// `1 document`, `2 documents`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `2026-11-20 22:15:00`, in UTC; a dash for the beginning of time, which means never.
pub(super) fn moment(time: Timestamp) -> String {
    if time == Timestamp(0) {
        return "-".to_owned();
    }
    let seconds = time.0 / 1000;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// A moment as people and programs write it: `2026-11-20 22:15:00`, with `T` for the space, a fraction, and `Z` or
/// an offset such as `+01:00` behind it; without one it is UTC. Without a fraction all of that second
/// is meant.
pub(super) fn read_moment(text: &str) -> Option<Timestamp> {
    let (date, time) = text.trim().split_once([' ', 'T', 't'])?;
    let zone = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let offset = match zone {
        "" | "Z" | "z" => 0,
        zone => {
            let [hours, minutes] = numbers(&zone[1..], ':', [2, 2])?;
            let minutes = i64::try_from(hours * 60 + minutes).ok()?;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
    };
    let (time, fraction) = time.split_once('.').map_or((time, None), |(a, b)| (a, Some(b)));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let millis = match fraction {
        None => 999,
        Some(digits) if digits.bytes().all(|it| it.is_ascii_digit()) && !digits.is_empty() => {
            format!("{digits:0<3}")[..3].parse().ok()?
        }
        Some(_) => return None,
    };
    let days = (0..31).find_map(|ahead| {
        // Days of a month are few, and `date` knows how long each is.
        let days = days_before(year, month)? + ahead;
        (self::date(days) == (year, month, day)).then_some(days)
    })?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Timestamp(seconds.checked_add_signed(-offset * 60)? * 1000 + millis))
}

/// Numbers of so many digits each, with a mark between them.
fn numbers<const N: usize>(text: &str, mark: char, digits: [usize; N]) -> Option<[u64; N]> {
    let mut found = [0; N];
    let mut parts = text.split(mark);
    for (at, digits) in digits.into_iter().enumerate() {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        found[at] = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

/// Days from 1970-01-01 to the first of a month.
fn days_before(year: u64, month: u64) -> Option<u64> {
    let since = year.checked_sub(1970)? * 12 + month.checked_sub(1)?;
    // A month has at most 31 days and a year at least 365.
    let about = since * 365 / 12;
    (about.saturating_sub(40)..about + 800).find(|days| date(*days) == (year, month, 1))
}

/// The date so many days after 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`). Years begin in March there, so that the odd day comes last.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_decimal_and_never_look_larger() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1024 * 1024 - 1, "1023.9 KiB"),
            (3 << 29, "1.5 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn moments_are_read_as_they_are_written() {
        let at = |text: &str| read_moment(text).map(|it| it.0);
        for seconds in [0_u64, 951_782_400, 1_709_251_199, 1_704_067_200, 4_107_542_399] {
            let text = moment(Timestamp(seconds * 1000 + 1));
            assert_eq!(at(&text), Some(seconds * 1000 + 999));
        }
        assert_eq!(at("2024-02-29T23:59:59Z"), Some(1_709_251_199_999));
        assert_eq!(at("2024-02-29 23:59:59.25"), Some(1_709_251_199_250));
        assert_eq!(at("2024-03-01T00:59:59.000+01:00"), Some(1_709_251_199_000));
        assert_eq!(at("2024-02-29t18:29:59.999999-05:30"), Some(1_709_251_199_999));
        for wrong in [
            "",
            "2024-02-30 00:00:00",
            "2024-13-01 00:00:00",
            "2024-02-29",
            "24-02-29 00:00:00",
            "2024-02-29 24:00:00",
            "2024-02-29 00:00",
            "2024-02-29 00:00:00.",
            "1969-12-31 00:00:00",
            "2024-02-29 00:00:00+1",
            "2024-02-29 00:00:00 CET",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_are_dates() {
        for (seconds, text) in [
            (951_782_400, "2000-02-29 00:00:00"),
            (1_709_251_199, "2024-02-29 23:59:59"),
            (1_704_067_200, "2024-01-01 00:00:00"),
            (4_107_542_399, "2100-02-28 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(moment(Timestamp(seconds * 1000)), text);
        }
        assert_eq!(moment(Timestamp(0)), "-");
    }
}
