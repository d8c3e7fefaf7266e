//! The command line: one file per command, doors to the same use cases as the API's.
//!
//! What is asked for goes to stdout alone, everything else to stderr.

mod api_token;
mod app_password;
mod backup;
mod config;
mod doctor;
mod output;
mod serve;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::{Config, Overrides, Problems, load};
use crate::server::{App, OpenError};

/// A WebDAV server whose only key for a device is an application password.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    serve: serve::ServeArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
struct Common {
    /// The configuration file [default: webdav.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The storage folder, instead of the configured one
    #[arg(long, global = true, value_name = "DIR")]
    storage: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default)
    Serve(serve::ServeArguments),
    /// Accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Application passwords
    #[command(subcommand)]
    AppPassword(app_password::AppPasswordCommand),
    /// Tokens for the admin API
    #[command(subcommand)]
    ApiToken(api_token::ApiTokenCommand),
    /// The configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look for what is wrong with configuration, storage and database
    Doctor,
    /// Write everything in the storage to one file
    Backup {
        /// The file to write
        file: PathBuf,
    },
    /// Unpack a backup into a new storage folder
    Restore {
        /// The file to read
        file: PathBuf,
    },
}

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Status 64.
    #[error(transparent)]
    Config(#[from] Problems),
    /// Status 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    fn new(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    fn status(&self) -> u8 {
        match self {
            Self::Config(_) => 64,
            Self::Failed(_) => 1,
        }
    }
}

impl From<crate::auth::Error> for Failure {
    fn from(error: crate::auth::Error) -> Self {
        Self::new(error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::new(error)
    }
}

/// Runs the command that the process was called with.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match dispatch(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::tell(&failure.to_string());
            ExitCode::from(failure.status())
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<(), Failure> {
    let common = arguments.common;
    match arguments.command {
        None => serve::serve(&common, &arguments.serve),
        Some(Command::Serve(serve)) => serve::serve(&common, &serve),
        Some(Command::User(command)) => user::run(&common, command),
        Some(Command::AppPassword(command)) => app_password::run(&common, command),
        Some(Command::ApiToken(command)) => api_token::run(&common, command),
        Some(Command::Config(command)) => config::run(&common, &command),
        Some(Command::Doctor) => doctor::run(&common),
        Some(Command::Backup { file }) => backup::backup(&common, &file),
        Some(Command::Restore { file }) => backup::restore(&common, &file),
    }
}

impl Common {
    fn load(&self, listen: Option<&str>) -> Result<Config, Failure> {
        let overrides = Overrides { listen: listen.map(ToOwned::to_owned), storage: self.storage.clone() };
        Ok(load(self.config.as_deref(), &overrides)?)
    }

    /// Opens the storage beside a server that may be running on it.
    fn open(&self) -> Result<App, Failure> {
        Ok(App::open(&self.load(None)?, Clock::system(), false)?)
    }

    fn auth(&self) -> Result<Auth, Failure> {
        Ok(self.open()?.auth)
    }
}

/// The command line as clap knows it, for the test that holds it together.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_holds_together() {
        super::command().debug_assert();
    }
}
