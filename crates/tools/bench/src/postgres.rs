//! The PostgreSQL of a run, as its programs show it.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use crate::cpu;

/// A running server.
pub struct Postgres {
    /// The URL of its database `postgres`.
    url: String,
    postmaster: u32,
}

impl Postgres {
    /// Finds out which process the server of `url` is. It runs on this machine.
    pub fn at(url: &str) -> Result<Self> {
        let folder = psql(url, "SHOW data_directory")?;
        let file = Path::new(folder.trim()).join("postmaster.pid");
        let lines = std::fs::read_to_string(&file)
            .with_context(|| format!("failed to read {}", file.display()))?;
        let postmaster = lines.lines().next().and_then(|line| line.trim().parse().ok());
        let postmaster = postmaster.context("postmaster.pid does not begin with a number")?;
        Ok(Self { url: url.to_owned(), postmaster })
    }

    /// Makes an empty database and gives its URL.
    pub fn create_database(&self, name: &str) -> Result<String> {
        psql(&self.url, &format!("CREATE DATABASE {name} TEMPLATE template0"))?;
        self.url_of(name)
    }

    /// The URL of one of its databases.
    pub fn url_of(&self, name: &str) -> Result<String> {
        let (base, _) =
            self.url.rsplit_once('/').context("the address of PostgreSQL has no database")?;
        Ok(format!("{base}/{name}"))
    }

    /// How many transactions one of its databases has seen, as its statistics say.
    pub fn transactions(&self, database: &str) -> Result<f64> {
        let count = format!(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{database}'"
        );
        psql(&self.url, &count)?.trim().parse().context("the number of transactions is none")
    }

    /// The processor time that all its processes have used so far, in seconds.
    pub fn cpu_s(&self) -> Result<f64> {
        cpu::of_family_s(self.postmaster)
    }
}

/// Carries out one statement; gives what it returns, a row a line.
pub fn psql(database: &str, statement: &str) -> Result<String> {
    let options =
        ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"];
    let output =
        run("psql", &[&options[..], &["--dbname", database, "--command", statement]].concat())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program of PostgreSQL to its end.
pub fn run(program: &str, arguments: &[&str]) -> Result<Output> {
    let output = Command::new(test_support::locate_postgres()?.program(program))
        .args(arguments)
        .output()
        .with_context(|| format!("failed to run {program}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} failed: {}", errors.trim());
    Ok(output)
}
