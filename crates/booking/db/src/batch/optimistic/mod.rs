//! The fast path: a batch of new bookings of one campaign, as one statement in one round trip.
//!
//! An instance remembers of a campaign what it last saw or wrote ([`Mirror`]), and the number of the change after
//! which that was so. It decides on that, and writes under the condition that nothing has changed since: a
//! compare-and-set on the campaign's sequence number. What it does not remember it takes to be absent, and the
//! database holds it to that: by unique indexes (a person, a seat of a pass, a key), and by conditions beside that on
//! the number.
//!
//! The rules, `decide` and the rows are those of the careful path (lock, load, decide, write). Whatever is not a new
//! booking goes there, and so does a batch that met something unexpected; what is loaded there is remembered.

mod divide;
mod mirror;
mod mirrors;
#[cfg(test)]
mod tests;
mod text;

use ::booking::{Changes, Command, ExecutedPart};
use kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::write::{booking_rows, paid};
use crate::dialect::{Cell, Rows};
use crate::failure::{Failure, classify};
use crate::fault::{COMMIT, Fault};
use crate::statements::{BYTE_IDS, KEYS, PERSON_KEYS};
use crate::store::Session;
use crate::tables::{booking, event, slot};
use crate::vault::CampaignKeys;
use divide::{Decided, divide};

pub(crate) use mirror::{Mirror, Moment};
pub(crate) use mirrors::Mirrors;
pub(crate) use text::optimistic_text;

/// What the statement has done.
enum Written {
    Everything,
    /// Nothing: the campaign has changed, or there is something that was taken to be absent.
    Nothing,
    /// Nothing: the database has refused a row.
    Refused,
}

impl Session {
    /// Carries out what it can of a batch against what is remembered of its campaign; `None` if that is nothing.
    pub(crate) async fn attempt(
        &self,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Option<ExecutedPart>, Fault> {
        let Some(mut mirror) = self.mirrors.take(commands) else { return Ok(None) };
        let Some(keys) = mirror.keys() else {
            self.mirrors.keep(mirror);
            return Ok(None);
        };
        let Decided { places, changes, outcomes: decided } = divide(&mirror, commands, now);
        if places.is_empty() {
            self.mirrors.keep(mirror);
            return Ok(None);
        }
        match self.write_at_once(&mirror, &changes, &keys).await? {
            Written::Everything => mirror.advance(&changes),
            Written::Nothing => {
                self.mirrors.pause(&mirror);
                return Ok(None);
            }
            Written::Refused => {
                self.mirrors.keep(mirror);
                return Ok(None);
            }
        }
        self.mirrors.keep(mirror);
        let mut outcomes = vec![None; commands.len()];
        for (place, outcome) in places.into_iter().zip(decided) {
            outcomes[place] = Some(outcome);
        }
        Ok(Some(ExecutedPart { outcomes, events: changes.events }))
    }

    /// An error that says nothing of what was done is one of the commit.
    async fn write_at_once(
        &self,
        mirror: &Mirror,
        changes: &Changes,
        keys: &CampaignKeys,
    ) -> Result<Written, Fault> {
        let backend = self.pools.backend;
        let [new] = changes.events.as_slice() else {
            return Err(Fault::Unexpected("bookings of which nothing is told".to_owned()));
        };
        let mut values: Vec<Value> = vec![
            mirror.campaign.id.as_str().into(),
            mirror.revision.into(),
            mirror.sequence.into(),
            event::number(mirror.end.number)?.into(),
            (mirror.end.number > 0).then(|| mirror.end.hash.0.to_vec()).into(),
            event::number(new.link.last)?.into(),
            new.link.hash.0.to_vec().into(),
        ];
        let paid = paid(changes)?;
        let new_passes = changes.pass_uses.iter().filter(|pass| !mirror.knows_pass(pass.pass_id));
        let new_passes = new_passes.map(|pass| [Cell::Bytes(pass.pass_id.as_bytes())]);
        let former = changes.bookings_inserted.iter();
        let former = former.filter_map(|booking| booking.registration.former_person_key.as_ref());
        let former = former.map(|key| [Cell::Bytes(&key.0)]);
        let request_keys = changes.records.iter().map(|record| [Cell::Bytes(&record.key)]);
        let slots = changes.slots.iter().map(slot::to_change);
        let bookings = booking_rows(&paid, keys)?;
        let mut expected = 0;
        Rows::collect(backend, BYTE_IDS, new_passes).bind(&mut values);
        Rows::collect(backend, KEYS, request_keys).bind(&mut values);
        Rows::collect(backend, PERSON_KEYS, former).bind(&mut values);
        for rows in [
            Rows::collect(backend, slot::CHANGES, slots),
            Rows::collect(backend, booking::TABLE.columns, bookings),
            Rows::collect(backend, event::TABLE.columns, [event::to_row(&new.link)?]),
        ] {
            expected += rows.count();
            rows.bind(&mut values);
        }
        values.push(i64::try_from(expected).unwrap_or(i64::MAX).into());
        let sql = &self.statements.optimistic;
        let write = Statement::from_sql_and_values(backend, sql, values);
        let reply = match self.pools.write.query_one_raw(write).await {
            Ok(reply) => reply,
            Err(error) => {
                return match classify(&error) {
                    // The server has answered, and rolled back.
                    Failure::Retry | Failure::Broken => Ok(Written::Refused),
                    Failure::Busy | Failure::Unavailable => Err(Fault::at(COMMIT)(error)),
                };
            }
        };
        let written: bool = reply
            .ok_or_else(|| Fault::Unexpected("no word of what was written".to_owned()))?
            .try_get("", "written")
            .map_err(Fault::at(COMMIT))?;
        Ok(if written { Written::Everything } else { Written::Nothing })
    }
}
