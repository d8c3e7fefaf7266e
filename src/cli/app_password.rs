//! `latchkey app-password …`

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use clap::{ArgGroup, Args, Subcommand};
use ipnet::IpNet;

use super::{Common, Failure, output};
use crate::api::AppPasswordView;
use crate::auth::{Actor, Expiry, NewAppPassword, Revoked};
use crate::model::{Scope, Time};

#[derive(Debug, Subcommand)]
pub(super) enum AppPasswordCommand {
    /// Issue an application password and print it, once
    Issue(IssueArguments),
    /// List an account's application passwords
    List {
        /// Login name
        user: String,
    },
    /// Revoke one application password, or all of an account
    #[command(group = ArgGroup::new("which").required(true).args(["selector", "all"]))]
    Revoke {
        /// The first group after `lk-`, as listed; the whole password will do, too
        selector: Option<String>,
        /// All of this account
        #[arg(long, value_name = "USER")]
        all: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct IssueArguments {
    /// Login name of the owner
    user: String,
    /// What the owner calls it, 1 to 64 characters
    label: String,
    /// When it ends: 90d, 2s, 2027-01-31, never
    #[arg(long, value_name = "WHEN", value_parser = parse_expiry)]
    expires: Option<Expiry>,
    /// Looking and downloading only
    #[arg(long, conflicts_with = "upload_only")]
    read_only: bool,
    /// Uploading new files only
    #[arg(long)]
    upload_only: bool,
    /// Confine it to this folder; may be given several times. A missing folder is made
    #[arg(long = "folder", value_name = "/PATH")]
    folders: Vec<String>,
    /// Take it only from this network; may be given several times
    #[arg(long = "from", value_name = "CIDR", value_parser = parse_network)]
    networks: Vec<IpNet>,
}

pub(super) fn run(common: &Common, command: AppPasswordCommand) -> Result<(), Failure> {
    let auth = common.auth()?;
    let actor = Actor::cli();
    match command {
        AppPasswordCommand::Issue(arguments) => {
            let new = NewAppPassword {
                label: arguments.label,
                expiry: arguments.expires.unwrap_or(Expiry::Default),
                scope: match (arguments.read_only, arguments.upload_only) {
                    (true, _) => Scope::ReadOnly,
                    (_, true) => Scope::UploadOnly,
                    _ => Scope::ReadWrite,
                },
                folders: arguments.folders,
                networks: arguments.networks,
            };
            let issued = auth.issue_app_password(&arguments.user, &new, &actor)?;
            output::tell(&format!("valid until {}", output::time(issued.row.expires_at)));
            if common.json {
                return output::print_json(&AppPasswordView::issued(&issued));
            }
            output::print(issued.password.expose());
            Ok(())
        }
        AppPasswordCommand::List { user } => list(common, &auth.app_passwords(&user)?),
        AppPasswordCommand::Revoke { selector, all } => {
            let Revoked(count) = match (selector, all) {
                (Some(selector), _) => auth.revoke_app_password(&selector, &actor)?,
                (None, Some(user)) => auth.revoke_app_passwords_of(&user, &actor)?,
                (None, None) => Revoked(0),
            };
            output::tell(&format!("revoked: {count}"));
            Ok(())
        }
    }
}

fn list(common: &Common, rows: &[crate::model::AppPassword]) -> Result<(), Failure> {
    if common.json {
        return output::print_json(&rows.iter().map(AppPasswordView::from).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.selector.clone(),
                row.label.clone(),
                row.scope.as_str().to_owned(),
                row.folders.join(" "),
                row.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                output::time(Some(row.created_at)),
                output::time(row.expires_at),
                output::time(row.last_used_at),
                row.last_used_from.clone().unwrap_or_default(),
                row.revoked_at.map_or_else(String::new, |at| output::time(Some(at))),
            ]
        })
        .collect();
    let head = [
        "SELECTOR",
        "LABEL",
        "SCOPE",
        "FOLDERS",
        "NETWORKS",
        "CREATED",
        "EXPIRES",
        "LAST USED",
        "LAST FROM",
        "REVOKED",
    ];
    output::print_table(&head, &rows);
    Ok(())
}

/// `never`, a day (its end, UTC), an instant in RFC 3339, or a duration from now.
pub(super) fn parse_expiry(text: &str) -> Result<Expiry, String> {
    if text.eq_ignore_ascii_case("never") {
        return Ok(Expiry::Never);
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let end = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::seconds(86_399);
        return Ok(Expiry::At(end));
    }
    if let Ok(at) = text.parse::<Time>() {
        return Ok(Expiry::At(at));
    }
    let duration = humantime::parse_duration(text);
    duration.map(Expiry::After).map_err(|_| "write 90d, 12h, 2s, 2027-01-31 or never".to_owned())
}

/// A network, or an address as the network of itself alone.
pub(super) fn parse_network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "write a network like 192.0.2.0/24 or an address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn expiries_are_read() {
        assert_eq!(parse_expiry("never"), Ok(Expiry::Never));
        assert_eq!(parse_expiry("2s"), Ok(Expiry::After(Duration::from_secs(2))));
        assert_eq!(parse_expiry("90d"), Ok(Expiry::After(Duration::from_hours(90 * 24))));
        let end = "2027-01-31T23:59:59Z".parse().expect("an instant");
        assert_eq!(parse_expiry("2027-01-31"), Ok(Expiry::At(end)));
        for bad in ["", "soon", "-1d", "2027-02-30", "90"] {
            assert!(parse_expiry(bad).is_err(), "{bad}");
        }
    }
}
