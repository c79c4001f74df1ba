//! `einlass config`.

use clap::Subcommand;

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::DEFAULTS;

/// Check and show the configuration.
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration, and show each value in effect with the place it comes from
    Check,
    /// Print the annotated defaults
    Defaults,
}

impl ConfigCommand {
    /// Runs the command.
    pub fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        match self {
            Self::Check => {
                for (path, value, origin) in configuration(source)?.settings() {
                    println!("{path} = {value}  # {origin}");
                }
            }
            Self::Defaults => print!("{DEFAULTS}"),
        }
        Ok(0)
    }
}
