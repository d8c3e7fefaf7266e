//! How times and sizes are written on the pages.

use std::time::Duration;

use askama::filters::Safe;
use chrono::SecondsFormat;

use crate::model::Time;

/// An instant: UTC in words, exact in the tooltip; the pages' script writes it in the reader's own zone.
pub(super) fn time(at: &Time) -> Safe<String> {
    let exact = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let words = at.format("%-d %b %Y, %H:%M UTC");
    Safe(format!("<time datetime=\"{exact}\" title=\"{exact}\">{words}</time>"))
}

/// Bytes in a unit that people read.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KB", "MB", "GB", "TB", "PB", "EB"];
    match bytes {
        1 => return "1 byte".to_owned(),
        0..1000 => return format!("{bytes} bytes"),
        _ => {}
    }
    let mut unit = 0;
    let mut divisor: u64 = 1000;
    while unit + 1 < UNITS.len() && bytes / divisor >= 1000 {
        divisor = divisor.saturating_mul(1000);
        unit += 1;
    }
    let tenths = u128::from(bytes) * 10 / u128::from(divisor);
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if tenths >= 100 { format!("{} {name}", tenths / 10) } else { format!("{}.{} {name}", tenths / 10, tenths % 10) }
}

/// Seconds to wait, none too few.
pub(super) fn seconds_to_wait(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

/// A stretch of time in whole days, hours, minutes or seconds, whichever fits.
pub(super) fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds.div_ceil(60), "minute"),
        7200..172_800 => (seconds.div_ceil(3600), "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_are_read_by_people() {
        assert_eq!([size(0), size(1), size(999), size(1000)], ["0 bytes", "1 byte", "999 bytes", "1.0 KB"]);
        assert_eq!([size(1_549_000), size(23_000_000_000)], ["1.5 MB", "23 GB"]);
        assert_eq!(size(u64::MAX), "18 EB");
        assert_eq!([span(1), span(119), span(121)], ["1 second", "119 seconds", "3 minutes"]);
        assert_eq!([span(7200), span(180 * 86_400)], ["2 hours", "180 days"]);
    }

    #[test]
    fn who_waits_as_long_as_told_has_waited_long_enough() {
        let told = [0, 1, 1000, 1001, 60_000].map(|millis| seconds_to_wait(Duration::from_millis(millis)));
        assert_eq!(told, [1, 1, 1, 2, 60]);
    }

    #[test]
    fn an_instant_is_exact_in_the_tooltip() {
        let at = crate::clock::from_millis(1_795_000_000_123);
        let html = time(&at).0;
        assert!(html.contains("datetime=\"2026-11-18T") && html.contains("title=\"2026-11-18T"), "{html}");
    }
}
