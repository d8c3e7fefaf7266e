//! Table `audit`: who did what to whom, from where. Written in the transaction of the deed itself.

use rusqlite::types::Value;
use rusqlite::{Connection, named_params, params_from_iter};

use super::Result;
use crate::clock::{from_millis, to_millis};
use crate::model::{AuditFilter, AuditLine, Time};

/// One deed.
#[derive(Debug)]
pub struct Entry<'a> {
    /// When.
    pub at: Time,
    /// What, as `app-password.issue`.
    pub kind: &'a str,
    /// Who did it.
    pub actor: &'a str,
    /// To whom.
    pub user: Option<&'a str>,
    /// To which thing of theirs: a selector, a token's id.
    pub subject: Option<&'a str>,
    /// What kind and subject do not say.
    pub detail: Option<&'a str>,
    /// From which address; absent for the command line.
    pub address: Option<&'a str>,
}

/// Writes one deed down.
pub fn insert(connection: &Connection, entry: &Entry<'_>) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, kind, actor, user, subject, detail, address)
             VALUES (:at, :kind, :actor, :user, :subject, :detail, :address)",
        )?
        .execute(named_params! {
            ":at": to_millis(entry.at),
            ":kind": entry.kind,
            ":actor": entry.actor,
            ":user": entry.user,
            ":subject": entry.subject,
            ":detail": entry.detail,
            ":address": entry.address,
        })?;
    Ok(())
}

/// Lines that a filter lets through, the latest first, from the one before `before` on.
pub fn list(connection: &Connection, filter: &AuditFilter, before: Option<i64>, limit: u32) -> Result<Vec<AuditLine>> {
    let mut conditions = vec!["1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut ask = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace("??", &format!("?{}", values.len())));
    };
    if let Some(before) = before {
        ask("id < ??", before.into());
    }
    if let Some(person) = &filter.person {
        ask("(user = ?? OR actor = ??)", person.clone().into());
    }
    if let Some(from) = filter.from {
        ask("at >= ??", to_millis(from).into());
    }
    if let Some(until) = filter.until {
        ask("at < ??", to_millis(until).into());
    }
    if !filter.kinds.is_empty() {
        let kinds: Vec<String> = filter
            .kinds
            .iter()
            .map(|kind| {
                values.push(kind.clone().into());
                let place = values.len();
                let is_group = kind.ends_with('.');
                if is_group {
                    format!("substr(kind, 1, length(?{place})) = ?{place}")
                } else {
                    format!("kind = ?{place}")
                }
            })
            .collect();
        conditions.push(format!("({})", kinds.join(" OR ")));
    }
    values.push(i64::from(limit).into());
    let sql = format!(
        "SELECT id, at, kind, actor, user, subject, detail, address FROM audit WHERE {} ORDER BY id DESC LIMIT ?{}",
        conditions.join(" AND "),
        values.len()
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok(AuditLine {
            id: row.get(0)?,
            at: from_millis(row.get(1)?),
            kind: row.get(2)?,
            actor: row.get(3)?,
            user: row.get(4)?,
            subject: row.get(5)?,
            detail: row.get(6)?,
            address: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
}

/// Forgets what was done before an instant.
pub fn delete_before(connection: &Connection, at: Time) -> Result<usize> {
    Ok(connection.prepare_cached("DELETE FROM audit WHERE at < ?1")?.execute([to_millis(at)])?)
}
