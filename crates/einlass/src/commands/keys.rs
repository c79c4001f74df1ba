//! `einlass keys`.

use clap::{Args, Subcommand, ValueEnum};
use kernel::{CampaignId, Clock as _, OsEntropy, SteadyClock};

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::config::Config;
use crate::keys::rotate::{Kind, drop_ticket_key, rotate, rotate_staff};
use crate::keys::{BookingKeys, NewKeys, NewStaffKeys, WaitingRoomKeys};

/// Which keys are rotated.
#[derive(Args)]
pub struct Rotate {
    /// Only the keys of passes, or of tickets
    #[arg(long, value_enum, value_name = "KIND")]
    only: Option<Only>,
    /// The keys of tokens of staff instead
    #[arg(long, conflicts_with = "only")]
    staff: bool,
    /// Instead drop this retired key of tickets for good: tickets that it has signed are worth nothing then
    #[arg(long, value_name = "ID", conflicts_with_all = ["only", "staff"])]
    drop_ticket_key: Option<u8>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Only {
    Pass,
    Ticket,
}

impl Rotate {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        let (path, now) = (&config.waiting_room.keys_file, SteadyClock::start().now());
        let said = match (self.drop_ticket_key, self.staff, self.only) {
            (Some(id), _, _) => drop_ticket_key(path, id)?,
            (None, true, _) => {
                let jwks = public_half(config)?;
                rotate_staff(&config.staff.keys_file, jwks.as_ref(), now, &OsEntropy)?
            }
            (None, false, None) => rotate(path, &[Kind::Pass, Kind::Ticket], now, &OsEntropy)?,
            (None, false, Some(Only::Pass)) => rotate(path, &[Kind::Pass], now, &OsEntropy)?,
            (None, false, Some(Only::Ticket)) => rotate(path, &[Kind::Ticket], now, &OsEntropy)?,
        };
        for line in said {
            println!("{line}");
        }
        Ok(())
    }
}

/// Make secret keys, or derive one for somebody else.
#[derive(Subcommand)]
pub enum Keys {
    /// Write new keys to the configured key files; existing ones are never overwritten
    Generate,
    /// Write a new key that signs tokens of staff, and its public half
    Staff,
    /// Print a further master key of personal data, to be added to the key file of the booking api
    PersonalData,
    /// Bring in new keys that sign passes and tickets, step by step, while the service runs
    ///
    /// Run it twice, some minutes apart: the first time a new key is added, which everybody may get to know; the second time
    /// it signs. It says what it has done, and when the next step is due; before that it changes nothing.
    Rotate(Rotate),
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
                // Neither tickets nor bookings depend on it: one that is there goes on.
                if !config.staff.keys_file.exists() {
                    generate_staff(&config)?;
                }
            }
            Self::Staff => generate_staff(&config)?,
            Self::PersonalData => {
                let path = &config.booking.keys_file;
                print!("{}", *BookingKeys::new_personal_data(path, &OsEntropy)?);
            }
            Self::Rotate(rotation) => rotation.run(&config)?,
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
    let (keys, jwks) = (&config.staff.keys_file, public_half(config)?);
    NewStaffKeys::generate(&OsEntropy).write(keys, jwks.as_ref())?;
    println!("{}: signs tokens of staff; keep it secret", keys.display());
    println!("{jwks}: its public half, for both services");
    Ok(())
}

/// The file of the public half of the keys of staff.
fn public_half(config: &Config) -> anyhow::Result<&str> {
    let jwks = config.staff.jwks.as_str();
    anyhow::ensure!(
        !jwks.contains("://") && !jwks.is_empty(),
        "`staff.jwks` names no file to write the public half to"
    );
    Ok(jwks)
}
