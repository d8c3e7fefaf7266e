//! The list of people that administrators look through: tables `user`, `app_password` and `password_link` together.

use rusqlite::{Connection, Row, named_params};

use super::Result;
use super::user::{self, WIDTH};
use crate::clock::{from_millis, to_millis};
use crate::model::{Time, User};

/// By what the list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Login name.
    Name,
    /// Display name; those without one come first.
    DisplayName,
    /// Last use of the drive or the pages; those who never came count as longest ago.
    LastSeen,
    /// When the account was made.
    Created,
}

/// Which part of the list.
#[derive(Debug)]
pub struct Part<'a> {
    /// Text in small letters that name, display name or e-mail address holds; empty for everybody.
    pub search: &'a str,
    /// By what it is sorted.
    pub order: Order,
    /// The other way round.
    pub descending: bool,
    /// Rows before the first.
    pub offset: u64,
    /// Rows at most.
    pub limit: u32,
}

/// A person in the list.
#[derive(Debug)]
pub struct Person {
    /// The account.
    pub user: User,
    /// Last use of the drive or the pages.
    pub last_seen_at: Option<Time>,
    /// Live application passwords.
    pub connections: u64,
    /// Whether the person was invited and has not chosen a password yet.
    pub is_invited: bool,
}

/// How many people a search finds.
pub fn count(connection: &Connection, search: &str) -> Result<u64> {
    let sql = "SELECT count(*) FROM user WHERE ?1 = '' OR instr(folded, ?1) > 0";
    let count: i64 = connection.prepare_cached(sql)?.query_one([search], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// A part of the list.
pub fn list(connection: &Connection, part: &Part<'_>, now: Time) -> Result<Vec<Person>> {
    let direction = if part.descending { "DESC" } else { "ASC" };
    let column = match part.order {
        Order::Name => "name",
        Order::DisplayName => "display_name COLLATE NOCASE",
        Order::LastSeen => "last_seen_at",
        Order::Created => "created_at",
    };
    // The passwords of the people in this part alone are counted.
    let sql = format!(
        "SELECT {}, user.last_seen_at,
                (SELECT count(*) FROM app_password
                 WHERE app_password.user_id = user.id AND revoked_at IS NULL
                       AND (expires_at IS NULL OR expires_at > :now)),
                user.password IS NULL AND EXISTS
                (SELECT 1 FROM password_link
                 WHERE password_link.user_id = user.id AND kind = 'invitation' AND expires_at > :now)
         FROM (SELECT id FROM user WHERE :search = '' OR instr(folded, :search) > 0
               ORDER BY {column} {direction}, name {direction} LIMIT :limit OFFSET :offset) AS part
         JOIN user ON user.id = part.id
         ORDER BY user.{column} {direction}, user.name {direction}",
        user::JOINED
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":search": part.search,
            ":now": to_millis(now),
            ":limit": part.limit,
            ":offset": i64::try_from(part.offset).unwrap_or(i64::MAX),
        },
        |row| Ok(read(row)),
    )?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Person> {
    let connections: i64 = row.get(WIDTH + 1)?;
    Ok(Person {
        user: user::read(row, 0)?,
        last_seen_at: row.get::<_, Option<i64>>(WIDTH)?.map(from_millis),
        connections: u64::try_from(connections).unwrap_or(0),
        is_invited: row.get(WIDTH + 2)?,
    })
}
