//! The two services of one group of figures.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Bench;
use crate::cores::Place;
use crate::einlass::{Einlass, Setup};
use crate::http;
use crate::service::{Service, holds_within};

const OPENS_WITHIN: Duration = Duration::from_mins(1);

/// An installation with an empty database of PostgreSQL.
pub fn set_up(bench: &Bench, prefix: &str, workers: u32) -> Result<Einlass> {
    set_up_with(bench, prefix, workers, "")
}

/// The same with further tables of its configuration.
pub fn set_up_with(bench: &Bench, prefix: &str, workers: u32, further: &str) -> Result<Einlass> {
    let database = &bench.postgres.create_database(prefix)?;
    bench.set_up(&Setup { prefix, database, workers, further })
}

/// Both services, running.
pub struct Services {
    /// It gives the passes and takes the signals.
    pub room: Service,
    pub booking: Service,
}

impl Services {
    /// Starts both.
    pub fn start(einlass: &Einlass, place: Place) -> Result<Self> {
        let room = einlass.waiting_room(place)?;
        Ok(Self { room, booking: einlass.booking(place)? })
    }

    /// Both learn of a campaign in the background, and the booking API of the waiting room's keys.
    pub fn wait_until_open(&self, campaign: &str) -> Result<()> {
        let path = format!("/v1/rooms/{campaign}");
        let is_open = || {
            let status = http::get(self.room.address, &path).and_then(|reply| reply.json());
            status.is_ok_and(|status| status["phase"] == "open")
        };
        ensure!(holds_within(OPENS_WITHIN, is_open), "the room of {campaign} does not open");
        let slots = format!("/v1/campaigns/{campaign}/slots");
        let is_there =
            || http::get(self.booking.address, &slots).is_ok_and(|reply| reply.status == 200);
        ensure!(holds_within(OPENS_WITHIN, is_there), "{campaign} is not to be booked");
        Ok(())
    }
}
