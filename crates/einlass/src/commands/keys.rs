//! `einlass keys`.

use clap::Subcommand;
use kernel::{CampaignId, OsEntropy};

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::Config;
use crate::keys::{BookingKeys, NewKeys, NewStaffKeys, WaitingRoomKeys};

/// Make secret keys, or derive one for somebody else.
#[derive(Subcommand)]
pub enum Keys {
    /// Write new keys to the configured key files; existing ones are never overwritten
    Generate,
    /// Write a new key that signs tokens of staff, and its public half
    Staff,
    /// Print a further master key of personal data, to be added to the key file of the booking api
    PersonalData,
    /// Print what a foreign booking system shows when it reports to the room of one campaign
    Signals {
        /// The campaign
        #[arg(long, value_name = "ID")]
        campaign: CampaignId,
    },
}

impl Keys {
    /// Runs the command.
    pub fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        let config = configuration(source)?.config;
        match self {
            Self::Generate => {
                generate(&config)?;
                generate_staff(&config)?;
            }
            Self::Staff => generate_staff(&config)?,
            Self::PersonalData => {
                let path = &config.booking.keys_file;
                print!("{}", *BookingKeys::new_personal_data(path, &OsEntropy)?);
            }
            Self::Signals { campaign } => {
                let keys = WaitingRoomKeys::read(&config.waiting_room.keys_file)?;
                println!("{}", *keys.signals.derive(&campaign));
            }
        }
        Ok(0)
    }
}

fn generate(config: &Config) -> anyhow::Result<()> {
    let (room, booking) = (&config.waiting_room.keys_file, &config.booking.keys_file);
    NewKeys::generate(&OsEntropy).write(room, booking)?;
    println!(
        "{}: for the waiting room\n{}: for the booking api",
        room.display(),
        booking.display()
    );
    println!("keep both secret; every instance of a service needs the same file");
    Ok(())
}

fn generate_staff(config: &Config) -> anyhow::Result<()> {
    let (keys, jwks) = (&config.staff.keys_file, &config.staff.jwks);
    anyhow::ensure!(
        !jwks.contains("://") && !jwks.is_empty(),
        "`staff.jwks` names no file to write the public half to"
    );
    NewStaffKeys::generate(&OsEntropy).write(keys, jwks.as_ref())?;
    println!("{}: signs tokens of staff; keep it secret", keys.display());
    println!("{jwks}: its public half, for both services");
    Ok(())
}
