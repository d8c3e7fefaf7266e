//! Table `audit`: who did what to whom, from where. Written in the transaction of the deed itself.

use rusqlite::{Connection, named_params};

use super::Result;
use crate::clock::to_millis;
use crate::model::Time;

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
