//! `einlass migrate`.

use crate::adapters;
use crate::cli::ConfigSource;
use crate::commands::configuration;

/// Brings the schema up to date. Repeatable.
pub async fn run(source: &ConfigSource) -> anyhow::Result<u8> {
    let config = configuration(source)?.config;
    adapters::migrate(&config.booking).await?;
    println!("the schema of the booking database is up to date");
    Ok(0)
}
