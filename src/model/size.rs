//! Sizes as people write them.

/// Units by name, those that contain another's name first.
const UNITS: [(&str, u64); 12] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("pib", 1 << 50),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("pb", 1_000_000_000_000_000),
    ("bytes", 1),
    ("b", 1),
];

/// Largest size that is taken: what the database can hold.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// Reads a size such as `10 GB`, `1.5TB`, `500 MiB` or `4096`.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let found = UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)));
    let (number, unit) = found.unwrap_or((&text, 1));
    let number = number.trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || number.ends_with('.') || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let bytes = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let millionths: u64 = format!("{fraction:0<6}").parse().ok()?;
    let part = u128::from(millionths) * u128::from(unit) / 1_000_000;
    bytes.checked_add(u64::try_from(part).ok()?).filter(|bytes| *bytes <= LARGEST)
}

/// Writes a size so that reading it gives the same number.
#[must_use]
pub fn exact_size(bytes: u64) -> String {
    let units = ["PiB", "PB", "TiB", "TB", "GiB", "GB", "MiB", "MB", "KiB", "KB"];
    let fits = |name: &&'static str| {
        let unit = UNITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(1, |(_, unit)| *unit);
        (bytes > 0 && bytes.is_multiple_of(unit)).then_some((bytes / unit, *name))
    };
    match units.iter().find_map(fits) {
        Some((count, unit)) => format!("{count} {unit}"),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("10GB", 10_000_000_000),
            (" 10 gb ", 10_000_000_000),
            ("1.5 TB", 1_500_000_000_000),
            ("500 MiB", 500 << 20),
            ("4096", 4096),
            ("0", 0),
            ("12 bytes", 12),
            ("0.5 KB", 500),
        ] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for bad in ["", "GB", "-1", "1.", ".5", "1,5 GB", "10 XB", "1.0000001", "99999999999 PB", "1e9", "ten"] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (bytes, text) in
            [(0, "0 bytes"), (10_000_000_000, "10 GB"), (500 << 20, "500 MiB"), (1_234_567, "1234567 bytes")]
        {
            assert_eq!(exact_size(bytes), text);
            assert_eq!(parse_size(text), Some(bytes));
        }
    }
}
