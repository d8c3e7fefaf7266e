//! Small charts of a day, as inline SVG that says in words what it shows.

use std::fmt::Write;

use askama::filters::Safe;

/// Of the drawing; the page scales it.
const WIDTH: u64 = 480;
const HEIGHT: u64 = 110;
/// Height of the bars' area.
const AREA: u64 = 84;
/// Where it begins.
const TOP: u64 = 4;

/// A chart of counts over a day, oldest first. `what` is a class of the style sheet and part of the ids, and `said` is
/// what it shows, in words.
pub(super) fn of_a_day(counts: &[u64], what: &str, title: &str, said: &str) -> Safe<String> {
    let most = counts.iter().copied().max().unwrap_or(0);
    let step = WIDTH / u64::try_from(counts.len()).unwrap_or(1).max(1);
    let width = step.saturating_sub(1).max(1);
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"chart-{what} chart-{what}-said\">\
         <title id=\"chart-{what}\">{title}</title><desc id=\"chart-{what}-said\">{said}</desc>"
    );
    let base = TOP + AREA;
    for (place, &count) in (0_u64..).zip(counts) {
        if count == 0 {
            continue;
        }
        // One request among a thousand is still seen.
        let height = (u128::from(count) * u128::from(AREA) / u128::from(most.max(1))).max(2);
        let (x, y) = (place * step, u128::from(base) - height);
        let _ = write!(svg, "<rect class=\"chart-{what}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>");
    }
    let below = HEIGHT - 6;
    let _ = write!(
        svg,
        "<line class=\"chart-axis\" x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\"/>\
         <text x=\"0\" y=\"{below}\">24 hours ago</text>\
         <text x=\"{WIDTH}\" y=\"{below}\" text-anchor=\"end\">now</text></svg>"
    );
    Safe(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_says_what_it_shows_and_has_a_bar_for_each_count() {
        let mut counts = [0; 96];
        counts[1] = 1;
        counts[95] = 100_000;
        let svg = of_a_day(&counts, "failed", "Failures", "2 in all").0;
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains("role=\"img\"") && svg.contains(">Failures</title>") && svg.contains(">2 in all</desc>"));
        assert!(svg.contains("x=\"475\" y=\"4\"") && svg.contains("height=\"2\""), "{svg}");
        assert_eq!(of_a_day(&[0; 96], "failed", "", "").0.matches("<rect").count(), 0);
    }
}
