//! `einlass config`.

use clap::Subcommand;

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::{ConfigError, DEFAULTS, missing_files};
use crate::webhooks;

/// Check and show the configuration.
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and whether its files are there, and show each value in effect with the place it
    /// comes from
    Check,
    /// Print the annotated defaults
    Defaults,
}

impl ConfigCommand {
    /// Runs the command.
    pub fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        match self {
            Self::Check => {
                let loaded = configuration(source)?;
                let missing = missing_files(&loaded);
                if !missing.is_empty() {
                    return Err(ConfigError(missing).into());
                }
                webhooks::endpoints(&loaded.config.webhooks)?;
                for (path, value, origin) in loaded.settings() {
                    println!("{path} = {value}  # {origin}");
                }
            }
            Self::Defaults => print!("{DEFAULTS}"),
        }
        Ok(0)
    }
}
