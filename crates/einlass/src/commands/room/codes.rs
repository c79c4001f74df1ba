//! `einlass room codes`.

use clap::{Args, Subcommand};
use waiting_room::service::operator::{self, IssuedCodes, Revoke as Revoked};
use waiting_room::{RoomId, RoomStore};

use crate::commands::typed_by;
use crate::config::Config;
use crate::keys::WaitingRoomKeys;

use super::unknown;

/// Priority codes: each lets one person stand in the lane `priority`.
#[derive(Subcommand)]
pub enum Codes {
    /// Issue a batch of codes and print them, one a line; nobody keeps them
    Issue {
        /// The room's name
        room: RoomId,
        /// How many, up to 10,000
        #[arg(long, value_name = "N")]
        count: u32,
    },
    /// Revoke a batch or one code; whoever has joined with one keeps the place
    Revoke(Revoke),
}

/// What to revoke.
#[derive(Args)]
pub struct Revoke {
    /// The room's name
    room: RoomId,
    #[command(flatten)]
    what: What,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct What {
    /// All codes of this batch
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// This code
    #[arg(long)]
    code: Option<String>,
}

impl Codes {
    /// Runs the command; the exit code is 1 if there was nothing it could be done to.
    pub(super) async fn run(self, config: &Config, store: &dyn RoomStore) -> anyhow::Result<u8> {
        let key = WaitingRoomKeys::read(&config.waiting_room.keys_file)?.draw_key;
        match self {
            Self::Issue { room, count } => {
                let outcome =
                    operator::issue_codes(store, &key, &room, count, &typed_by(None)).await?;
                let Some(issued) = outcome.verdict().map_err(anyhow::Error::msg)? else {
                    return Ok(unknown(&room));
                };
                print(&issued);
                Ok(0)
            }
            Self::Revoke(Revoke { room, what }) => {
                let code = what.code.as_deref().map(Revoked::Code);
                let batch = what.batch.map(Revoked::Batch);
                let Some(what) = code.or(batch) else { anyhow::bail!("say what to revoke") };
                let outcome =
                    operator::revoke_codes(store, &key, &room, what, &typed_by(None)).await?;
                let Some(done) = outcome.verdict().map_err(anyhow::Error::msg)? else {
                    return Ok(unknown(&room));
                };
                println!("{done}");
                Ok(0)
            }
        }
    }
}

/// The codes alone go to the standard output, so that they can be kept in a file.
fn print(issued: &IssuedCodes) {
    for code in &issued.codes {
        println!("{code}");
    }
    eprintln!("batch {}: {} codes", issued.batch, issued.codes.len());
}
