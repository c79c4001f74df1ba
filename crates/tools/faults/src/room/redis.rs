//! What is done to a private Redis server besides what `test-support` offers.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use test_support::RedisServer;

/// Sends one command; a refusal is an error.
pub fn ask(server: &RedisServer, command: &str) -> Result<String> {
    let reply =
        server.ask(command).with_context(|| format!("failed to send {command} to Redis"))?;
    ensure!(!reply.starts_with('-'), "Redis refused {command}: {}", reply.trim());
    Ok(reply)
}

/// Where its data lies.
pub fn folder(server: &RedisServer) -> Result<PathBuf> {
    let reply = ask(server, "CONFIG GET dir")?;
    let folder = reply.lines().find(|line| line.starts_with('/'));
    Ok(folder.context("Redis tells no folder")?.trim().into())
}

/// Kills it, and starts it again without data, as on a new disk.
pub async fn restart_empty(server: &RedisServer) -> Result<()> {
    let folder = folder(server)?;
    server.kill9()?;
    std::fs::remove_dir_all(folder.join("appendonlydir"))
        .context("failed to remove the data of Redis")?;
    server.restart().await
}
