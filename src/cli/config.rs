//! `latchkey config …`

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{Common, Failure, output};
use crate::config::{Config, Problem, Problems};
use crate::server::Tls;

/// Certificate and key, read and found to fit; a problem is one of the configuration, status 64.
pub(super) fn tls(config: &Config, common: &Common) -> Result<Option<Tls>, Failure> {
    let Some(files) = &config.server.tls else {
        return Ok(None);
    };
    Tls::read(files).map(Some).map_err(|error| {
        let file = common.config.clone().unwrap_or_else(|| PathBuf::from("webdav.toml"));
        let value = format!("{:?}", error.file.display().to_string());
        let problem = Problem { key: error.key.to_owned(), value, reason: error.reason };
        Failure::Config(Problems { file, problems: vec![problem] })
    })
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Tell everything that is wrong in the configuration
    Check,
    /// Print the configuration that is in force
    Print,
}

pub(super) fn run(common: &Common, command: &ConfigCommand) -> Result<(), Failure> {
    let config = common.load(None)?;
    tls(&config, common)?;
    match command {
        ConfigCommand::Check if common.json => output::print_json(&json!({ "ok": true })),
        ConfigCommand::Check => {
            output::tell("the configuration is in order");
            Ok(())
        }
        ConfigCommand::Print if common.json => {
            let value: toml::Table = config.printed.parse().map_err(Failure::new)?;
            output::print_json(&value)
        }
        ConfigCommand::Print => {
            output::print(config.printed.trim_end());
            Ok(())
        }
    }
}
