//! The audit log as a file, made while it is sent: it may be long.

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use futures_util::stream;
use http::header;
use serde::Serialize;

use super::audit::Wanted;
use super::kinds;
use crate::model::{AuditFilter, AuditLine};
use crate::web::Web;
use crate::web::caller::Admin;
use crate::web::error::Error;

/// Lines read at a time.
const AT_ONCE: u32 = 500;

const COLUMNS: [&str; 8] = ["time", "kind", "what", "actor", "user", "subject", "detail", "address"];

/// A line as it is exported.
#[derive(Serialize)]
struct Exported<'a> {
    time: String,
    kind: &'a str,
    what: &'a str,
    actor: &'a str,
    user: Option<&'a str>,
    subject: Option<&'a str>,
    detail: Option<&'a str>,
    address: Option<&'a str>,
}

impl<'a> Exported<'a> {
    fn new(line: &'a AuditLine) -> Self {
        Self {
            time: line.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            kind: &line.kind,
            what: kinds::sentence(&line.kind),
            actor: &line.actor,
            user: line.user.as_deref(),
            subject: line.subject.as_deref(),
            detail: line.detail.as_deref(),
            address: line.address.as_deref(),
        }
    }

    fn cells(&self) -> [String; 8] {
        let told = |text: Option<&str>| safe_cell(text.unwrap_or_default());
        [
            self.time.clone(),
            safe_cell(self.kind),
            safe_cell(self.what),
            safe_cell(self.actor),
            told(self.user),
            told(self.subject),
            told(self.detail),
            told(self.address),
        ]
    }
}

/// A cell that a spreadsheet takes for text, whatever somebody has typed: one that begins like a formula gets an
/// apostrophe before it.
fn safe_cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

/// How the lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

impl Format {
    fn write(self, lines: &[AuditLine], is_first: bool, is_last: bool) -> Result<Bytes, String> {
        match self {
            Self::Csv => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                if is_first {
                    writer.write_record(COLUMNS).map_err(|error| error.to_string())?;
                }
                for line in lines {
                    writer.write_record(Exported::new(line).cells()).map_err(|error| error.to_string())?;
                }
                writer.into_inner().map(Bytes::from).map_err(|error| error.to_string())
            }
            Self::Json => {
                let mut text = if is_first { "[" } else { "" }.to_owned();
                for (place, line) in lines.iter().enumerate() {
                    text.push_str(if is_first && place == 0 { "\n" } else { ",\n" });
                    text.push_str(&serde_json::to_string(&Exported::new(line)).map_err(|error| error.to_string())?);
                }
                if is_last {
                    text.push_str("\n]\n");
                }
                Ok(Bytes::from(text))
            }
        }
    }
}

/// Where an export stands.
struct Export {
    web: Web,
    filter: AuditFilter,
    format: Format,
    before: Option<i64>,
    is_first: bool,
}

impl Export {
    /// The next piece, and whether another one follows.
    fn piece(&mut self) -> Result<(Bytes, bool), String> {
        let lines =
            self.web.auth().audit_lines(&self.filter, self.before, AT_ONCE).map_err(|error| error.to_string())?;
        let is_last = lines.len() < AT_ONCE as usize;
        let bytes = self.format.write(&lines, self.is_first, is_last)?;
        self.is_first = false;
        self.before = lines.last().map(|line| line.id).or(self.before);
        Ok((bytes, !is_last))
    }

    async fn next(mut self) -> Result<(Bytes, Option<Self>), String> {
        let done = tokio::task::spawn_blocking(move || {
            let (bytes, goes_on) = self.piece()?;
            Ok((bytes, goes_on.then_some(self)))
        });
        done.await.map_err(|error| error.to_string())?
    }
}

async fn export(web: Web, wanted: &Wanted, format: Format) -> Result<Response, Error> {
    let told = |_| Error::BadForm("a day is written like 2026-01-31".to_owned());
    let filter = wanted.filter().map_err(told)?;
    let day = web.0.clock.now().format("%Y-%m-%d");
    let (kind, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Json => ("application/json", "json"),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"latchkey-audit-{day}.{ending}\"")),
    ];
    let first = Export { web, filter, format, before: None, is_first: true };
    // A failure at its very beginning still gets a page of its own.
    let (bytes, rest) = first.next().await.map_err(Error::Internal)?;
    let rest = stream::try_unfold(rest, async |rest: Option<Export>| match rest {
        None => Ok(None),
        Some(export) => export.next().await.map(Some),
    });
    let whole = futures_util::StreamExt::chain(stream::iter([Ok::<_, String>(bytes)]), rest);
    Ok((headers, Body::from_stream(whole)).into_response())
}

pub(super) async fn csv(_: Admin, State(web): State<Web>, Query(wanted): Query<Wanted>) -> Result<Response, Error> {
    export(web, &wanted, Format::Csv).await
}

pub(super) async fn json(_: Admin, State(web): State<Web>, Query(wanted): Query<Wanted>) -> Result<Response, Error> {
    export(web, &wanted, Format::Json).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: i64, detail: &str) -> AuditLine {
        AuditLine {
            id,
            at: crate::clock::from_millis(0),
            kind: "user.change".to_owned(),
            actor: "cli".to_owned(),
            user: Some("alice".to_owned()),
            subject: None,
            detail: Some(detail.to_owned()),
            address: None,
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(safe_cell(bad), format!("'{bad}"));
        }
        assert_eq!([safe_cell(""), safe_cell("a=1")], ["", "a=1"]);
        let text = Format::Csv.write(&[line(1, "=cmd|' /C calc'!A0, \"x\"")], true, true).expect("written");
        let text = String::from_utf8(text.to_vec()).expect("UTF-8");
        assert!(text.contains("\"'=cmd|' /C calc'!A0, \"\"x\"\"\""), "{text}");
    }

    #[test]
    fn pieces_make_one_array() {
        let [one, two] = [line(2, "a"), line(1, "b")];
        let pieces = [
            Format::Json.write(&[one], true, false).expect("written"),
            Format::Json.write(&[two], false, false).expect("written"),
            Format::Json.write(&[], false, true).expect("written"),
        ];
        let whole: serde_json::Value = serde_json::from_slice(&pieces.concat()).expect("JSON");
        assert_eq!(whole.as_array().map(Vec::len), Some(2));
        let none = Format::Json.write(&[], true, true).expect("written");
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&none).expect("JSON"), serde_json::json!([]));
    }
}
