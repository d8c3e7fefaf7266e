//! stdout for what was asked for, stderr for everything else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one place that prints")]

use serde::Serialize;

use super::Failure;
use crate::model::Time;

/// A line that was asked for.
pub(super) fn print(line: &str) {
    println!("{line}");
}

/// A line for the person at the keyboard.
pub(super) fn tell(line: &str) {
    eprintln!("{line}");
}

/// A value that was asked for, as JSON.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&serde_json::to_string_pretty(value).map_err(Failure::new)?);
    Ok(())
}

/// A text in which what could steer a terminal is escaped.
pub(super) fn safe(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect()
}

/// A table: columns as wide as their widest cell. What could steer a terminal is escaped.
pub(super) fn print_table(head: &[&str], rows: &[Vec<String>]) {
    let mut lines: Vec<Vec<String>> = vec![head.iter().map(|cell| (*cell).to_owned()).collect()];
    lines.extend(rows.iter().map(|row| row.iter().map(|cell| safe(cell)).collect()));
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        print(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// An instant for people; a dash for none.
pub(super) fn time(time: Option<Time>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}
