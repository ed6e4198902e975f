//! Sizes and durations as people write them.

use std::time::Duration;

/// Reads `64MiB`, `1.5 GB`, `4096`: binary units with an i, decimal ones without.
pub(super) fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 10] = [
        ("", 1),
        ("b", 1),
        ("k", 1000),
        ("kb", 1000),
        ("kib", 1 << 10),
        ("mb", 1_000_000),
        ("mib", 1 << 20),
        ("gb", 1_000_000_000),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
    ];
    let refuse = || format!("`{text}` is not a size; write it like 64MiB or 500kB");
    let (number, unit) = split(text);
    let lower = unit.to_ascii_lowercase();
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == lower).ok_or_else(refuse)?;
    let (whole, thousandths) = thousandths(number).ok_or_else(refuse)?;
    let bytes = u128::from(whole) * u128::from(*scale)
        + u128::from(thousandths) * u128::from(*scale) / 1000;
    u64::try_from(bytes).map_err(|_| refuse())
}

/// Reads `500ms`, `30s`, `5m`, `2h`, `1d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 5] =
        [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let refuse = || format!("`{text}` is not a duration; write it like 30s, 5m or 500ms");
    let (number, unit) = split(text);
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refuse)?;
    let (whole, thousandths) = thousandths(number).ok_or_else(refuse)?;
    whole
        .checked_mul(*millis)
        .map(|whole| Duration::from_millis(whole + thousandths * millis / 1000))
        .ok_or_else(refuse)
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|ch: char| !ch.is_ascii_digit() && ch != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// The whole part and the first three decimals.
fn thousandths(number: &str) -> Option<(u64, u64)> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if decimals.is_empty() || decimals.len() > 3 {
        return None;
    }
    let padded = format!("{decimals:0<3}");
    Some((whole.parse().ok()?, padded.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        for (text, bytes) in [
            ("4096", 4096),
            ("64MiB", 64 << 20),
            (" 64 mib ", 64 << 20),
            ("500kB", 500_000),
            ("1.5GiB", 3 << 29),
            ("0", 0),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "1.2.3MiB", "1.", "-1", "64 parsecs", "99999999TiB", "1.2345kB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        for (text, millis) in
            [("500ms", 500), ("30s", 30_000), ("1.5m", 90_000), ("1d", 86_400_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "30", "s", "30 fortnights", "99999999999999999999s", "999999999999999999d"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
