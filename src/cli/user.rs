//! `latchkey user …`

use std::collections::HashMap;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Common, Failure, output};
use crate::api::{UserView, source};
use crate::auth::{AccountChange, Actor, NewAccount};
use crate::files::NewHome;
use crate::model::{CompanyLink, Home, User, exact_size, parse_size};
use crate::secret::PlainSecret;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add an account
    Add(AddArguments),
    /// List all accounts
    List,
    /// Show an account
    Show {
        /// Login name
        name: String,
    },
    /// Refuse an account's application passwords until it is enabled again
    Disable {
        /// Login name
        name: String,
    },
    /// Enable an account again
    Enable {
        /// Login name
        name: String,
    },
    /// Delete an account and its application passwords; its files stay
    Delete {
        /// Login name
        name: String,
    },
    /// Set an account's own password; application passwords are not touched
    SetPassword {
        /// Login name
        name: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Unbind authenticator application, passkeys and recovery codes, and end the sessions
    ResetSecondFactor {
        /// Login name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// Login name: a-z, 0-9, '.', '_', '-'
    name: String,
    /// Make an administrator
    #[arg(long)]
    admin: bool,
    /// The name shown to people
    #[arg(long, value_name = "TEXT", default_value = "")]
    display_name: String,
    /// A second name for sign-in
    #[arg(long, value_name = "ADDR")]
    email: Option<String>,
    /// Bytes the person's files may take, as 10GB [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    quota: Option<u64>,
    /// The folder with the person's files [default: a new one in the storage]
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Read the account's password from standard input
    #[arg(long)]
    password_stdin: bool,
}

fn size(text: &str) -> Result<u64, &'static str> {
    parse_size(text).ok_or("write a size like 10GB or 500MiB")
}

pub(super) fn run(common: &Common, command: UserCommand) -> Result<(), Failure> {
    let auth = common.auth()?;
    let actor = Actor::cli();
    let switch = |name: &str, enabled: bool| {
        let change = AccountChange { enabled: Some(enabled), ..AccountChange::default() };
        auth.change_user(name, &change, &actor)
    };
    match command {
        UserCommand::Add(arguments) => {
            let account = new_account(arguments)?;
            let user = auth.add_user(&account, &actor)?;
            output::tell(&format!("added {}, files in {}", user.name, shown_home(&user.home)));
            if common.json { output::print_json(&UserView::new(&user, None)) } else { Ok(()) }
        }
        UserCommand::List => list(common, &auth.users()?, &auth.company_links()?),
        UserCommand::Show { name } => {
            let user = auth.user(&name)?;
            show(common, &user, auth.company_link(&user)?.as_ref())
        }
        UserCommand::Disable { name } => {
            output::tell(&format!("disabled {}", switch(&name, false)?.name));
            Ok(())
        }
        UserCommand::Enable { name } => {
            output::tell(&format!("enabled {}", switch(&name, true)?.name));
            Ok(())
        }
        UserCommand::Delete { name } => {
            let user = auth.delete_user(&name, &actor)?;
            output::tell(&format!("deleted {}; the files stay in {}", user.name, shown_home(&user.home)));
            Ok(())
        }
        UserCommand::SetPassword { name, password_stdin } => {
            auth.user(&name)?;
            auth.set_password(&name, &read_password(password_stdin)?, &actor)?;
            output::tell(&format!("the password of {name} is set"));
            Ok(())
        }
        UserCommand::ResetSecondFactor { name } => {
            auth.reset_second_factor(&name, &actor)?;
            output::tell(&format!("{name} has no second factor any more and is signed out everywhere"));
            Ok(())
        }
    }
}

fn new_account(arguments: AddArguments) -> Result<NewAccount, Failure> {
    let password = if arguments.password_stdin { Some(read_password(true)?) } else { None };
    Ok(NewAccount {
        name: arguments.name,
        display_name: arguments.display_name,
        email: arguments.email,
        is_admin: arguments.admin,
        home: arguments.home.map_or(NewHome::New, NewHome::Given),
        password,
        must_change_password: false,
        quota: arguments.quota,
    })
}

/// From standard input, or from the terminal without showing it.
fn read_password(from_stdin: bool) -> Result<PlainSecret, Failure> {
    if from_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(Failure::new)?;
        return Ok(PlainSecret::new(line.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("there is no terminal to ask for the password: use --password-stdin"));
    }
    let first = rpassword::prompt_password("Password: ").map_err(Failure::new)?;
    let again = rpassword::prompt_password("Again: ").map_err(Failure::new)?;
    if first == again { Ok(PlainSecret::new(first)) } else { Err(Failure::new("the two passwords differ")) }
}

fn list(common: &Common, users: &[User], links: &HashMap<i64, CompanyLink>) -> Result<(), Failure> {
    if common.json {
        let views = users.iter().map(|user| UserView::new(user, links.get(&user.id)));
        return output::print_json(&views.collect::<Vec<_>>());
    }
    let rows: Vec<Vec<String>> = users
        .iter()
        .map(|user| {
            let state = if user.disabled_at.is_some() {
                "disabled"
            } else if user.suspended.is_some() {
                "suspended"
            } else {
                "enabled"
            };
            vec![
                user.name.to_string(),
                user.display_name.clone(),
                user.email.clone().unwrap_or_default(),
                if user.is_admin { "administrator" } else { "user" }.to_owned(),
                state.to_owned(),
                source(links.get(&user.id)),
            ]
        })
        .collect();
    output::print_table(&["NAME", "DISPLAY NAME", "E-MAIL", "ROLE", "STATE", "SOURCE"], &rows);
    Ok(())
}

fn show(common: &Common, user: &User, link: Option<&CompanyLink>) -> Result<(), Failure> {
    if common.json {
        return output::print_json(&UserView::new(user, link));
    }
    let rows = [
        ("name", user.name.to_string()),
        ("display name", user.display_name.clone()),
        ("e-mail", user.email.clone().unwrap_or_else(|| "-".to_owned())),
        ("role", if user.is_admin { "administrator" } else { "user" }.to_owned()),
        ("state", shown_state(user)),
        ("source", source(link)),
        ("home", shown_home(&user.home)),
        ("quota", user.quota.map_or_else(|| "-".to_owned(), exact_size)),
        ("created", output::time(Some(user.created_at))),
    ];
    let of_directory = link.map(|link| {
        [
            ("known there as", link.shown.clone()),
            ("issuer", link.identity.issuer.clone()),
            ("subject", link.identity.subject.clone()),
            ("confirmed", output::time(link.confirmed_at)),
        ]
    });
    for (name, value) in rows.into_iter().chain(of_directory.into_iter().flatten()) {
        output::print(&format!("{name:14} {value}"));
    }
    Ok(())
}

fn shown_state(user: &User) -> String {
    let disabled = user.disabled_at.map(|at| format!("disabled since {}", output::time(Some(at))));
    let suspended = user.suspended.map(|suspended| {
        let since = output::time(Some(suspended.at));
        format!("suspended since {since}: the company account {}", suspended.because.told())
    });
    let all: Vec<String> = disabled.into_iter().chain(suspended).collect();
    if all.is_empty() { "enabled".to_owned() } else { all.join("; ") }
}

pub(super) fn shown_home(home: &Home) -> String {
    match home {
        Home::Inside(name) => format!("storage/files/{name}"),
        Home::Outside(path) => path.display().to_string(),
    }
}
