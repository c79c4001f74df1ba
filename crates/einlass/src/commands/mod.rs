//! The subcommands, one file each.

pub mod campaign;
pub mod config;
pub mod demo;
pub mod keys;
pub mod mail;
pub mod migrate;
pub mod room;
pub mod sandbox;
pub mod serve;
pub mod token;
pub mod verify_draw;
pub mod waitlist;
pub mod webhook;
pub mod worker;

use anyhow::Context as _;
use waiting_room::audit::By;

use crate::cli::ConfigSource;
use crate::config::{Loaded, load};

/// Whoever types this command, as far as the system says, and why.
fn typed_by(why: Option<String>) -> By {
    #[expect(clippy::disallowed_methods, reason = "who types a command is no configuration")]
    let user = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    By { who: format!("cli:{}", user.as_deref().unwrap_or("unknown")), why }
}

/// Reads the configuration from all its sources.
fn configuration(source: &ConfigSource) -> anyhow::Result<Loaded> {
    let text = match &source.config {
        None => None,
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("failed to read the configuration {name}"))?;
            Some((name, text))
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the one home of the environment")]
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let file = text.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(load(file, environment)?)
}
