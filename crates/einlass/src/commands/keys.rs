//! `einlass keys`.

use clap::Subcommand;
use kernel::OsEntropy;

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::keys::NewKeys;

/// Make secret keys.
#[derive(Subcommand)]
pub enum Keys {
    /// Write new keys to the two configured key files; existing ones are never overwritten
    Generate,
}

impl Keys {
    /// Runs the command.
    pub fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        let Self::Generate = self;
        let config = configuration(source)?.config;
        let (room, booking) = (&config.waiting_room.keys_file, &config.booking.keys_file);
        NewKeys::generate(&OsEntropy).write(room, booking)?;
        println!(
            "{}: for the waiting room\n{}: for the booking api",
            room.display(),
            booking.display()
        );
        println!("keep both secret; every instance of a service needs the same file");
        Ok(0)
    }
}
