//! `latchkey api-token …`

use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde::Serialize;

use super::app_password::parse_network;
use super::{Common, Failure, output};
use crate::auth::{Actor, NewApiToken};
use crate::model::{ApiScope, ApiToken, Time};

#[derive(Debug, Subcommand)]
pub(super) enum ApiTokenCommand {
    /// Issue a token for the admin API and print it, once
    Issue(IssueArguments),
    /// List all tokens
    List,
    /// Revoke a token
    Revoke {
        /// Its id, as listed
        id: i64,
    },
}

#[derive(Debug, Args)]
pub(super) struct IssueArguments {
    /// What you call it, 1 to 64 characters
    label: String,
    /// What it may do: users, app-passwords, read; may be given several times [default: read]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = parse_scope)]
    scopes: Vec<ApiScope>,
    /// How long it lives
    #[arg(long, value_name = "DURATION", default_value = "365d", value_parser = humantime::parse_duration)]
    expires: std::time::Duration,
    /// Take it only from this network; may be given several times
    #[arg(long = "from", value_name = "CIDR", value_parser = parse_network)]
    networks: Vec<IpNet>,
}

fn parse_scope(text: &str) -> Result<ApiScope, String> {
    ApiScope::parse(text).ok_or_else(|| "write users, app-passwords or read".to_owned())
}

/// A token as it is listed.
#[derive(Debug, Serialize)]
struct TokenView {
    id: i64,
    label: String,
    scopes: Vec<ApiScope>,
    networks: Vec<IpNet>,
    created_at: Time,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    revoked_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenView {
    fn of(row: &ApiToken) -> Self {
        Self {
            id: row.id,
            label: row.label.clone(),
            scopes: row.scopes.clone(),
            networks: row.networks.clone(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
            token: None,
        }
    }
}

pub(super) fn run(common: &Common, command: ApiTokenCommand) -> Result<(), Failure> {
    let auth = common.auth()?;
    let actor = Actor::cli();
    match command {
        ApiTokenCommand::Issue(arguments) => {
            let scopes = if arguments.scopes.is_empty() { vec![ApiScope::Read] } else { arguments.scopes };
            let new =
                NewApiToken { label: arguments.label, scopes, ttl: arguments.expires, networks: arguments.networks };
            let issued = auth.issue_api_token(&new, &actor)?;
            output::tell(&format!("token {}, valid until {}", issued.row.id, output::time(issued.row.expires_at)));
            if common.json {
                let token = Some(issued.token.expose().to_owned());
                return output::print_json(&TokenView { token, ..TokenView::of(&issued.row) });
            }
            output::print(issued.token.expose());
            Ok(())
        }
        ApiTokenCommand::List => list(common, &auth.api_tokens()?),
        ApiTokenCommand::Revoke { id } => {
            auth.revoke_api_token(id, &actor)?;
            output::tell("revoked: 1");
            Ok(())
        }
    }
}

fn list(common: &Common, rows: &[ApiToken]) -> Result<(), Failure> {
    if common.json {
        return output::print_json(&rows.iter().map(TokenView::of).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.id.to_string(),
                row.label.clone(),
                row.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
                output::time(Some(row.created_at)),
                output::time(row.expires_at),
                output::time(row.last_used_at),
                row.revoked_at.map_or_else(String::new, |at| output::time(Some(at))),
            ]
        })
        .collect();
    output::print_table(&["ID", "LABEL", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED"], &rows);
    Ok(())
}
