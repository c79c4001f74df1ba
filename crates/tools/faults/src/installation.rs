//! The product as an operator runs it: a folder with configuration, keys and campaigns.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

/// No command of the operator takes longer.
const COMMAND_MAX: Duration = Duration::from_secs(30);

/// An installation.
pub struct Installation {
    folder: TempDir,
    program: PathBuf,
}

impl Installation {
    /// Writes the configuration, makes keys and tables.
    pub async fn set_up(program: &Path, config: &str) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("einlass-faults-")
            .tempdir()
            .context("failed to make a temporary folder")?;
        std::fs::write(folder.path().join("einlass.toml"), config)?;
        let installation = Self { folder, program: program.to_owned() };
        installation.call(&["keys", "generate"]).await?;
        installation.call(&["migrate"]).await?;
        Ok(installation)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    /// `einlass campaign apply`
    pub async fn apply(&self, campaign: &str) -> Result<()> {
        std::fs::write(self.folder().join("campaign.toml"), campaign)?;
        self.call(&["campaign", "apply", "campaign.toml"]).await
    }

    async fn call(&self, arguments: &[&str]) -> Result<()> {
        self.call_with(&[], arguments).await
    }

    /// Keeps the folder, to be looked at.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// Runs a command of the operator with these settings, as they are called in the environment.
    pub async fn call_with(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Result<()> {
        let run = Command::new(&self.program)
            .args(["--config", "einlass.toml"])
            .args(arguments)
            .envs(settings.iter().copied())
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let words = arguments.join(" ");
        let output = tokio::time::timeout(COMMAND_MAX, run)
            .await
            .with_context(|| format!("`einlass {words}` took longer than {COMMAND_MAX:?}"))?
            .context("failed to run einlass")?;
        ensure!(
            output.status.success(),
            "`einlass {words}`: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(())
    }
}
