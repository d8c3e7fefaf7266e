//! `latchkey config …`

use clap::Subcommand;
use serde_json::json;

use super::{Common, Failure, output};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Tell everything that is wrong in the configuration
    Check,
    /// Print the configuration that is in force
    Print,
}

pub(super) fn run(common: &Common, command: &ConfigCommand) -> Result<(), Failure> {
    let config = common.load(None)?;
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
