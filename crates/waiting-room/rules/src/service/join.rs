//! Join: an entry for everybody who may book here.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_lc_rs::digest::{SHA256, digest};
use kernel::{Batcher, BatcherLimits, Timestamp};
use pass::Subject;
use tokio::task::JoinHandle;

use super::outcome::{JoinOutcome, RoomError};
use super::room::Room;
use super::{WaitingRoom, trip_error};
use crate::door::{Door, GivenIdentity, Residence};
use crate::lane::Lane;
use crate::line::ticket::Ticket;
use crate::store::{
    Arrival, Arrivals, Entered, Entries, JoinKey, JoinReply, Result, RoomStoreError,
};
use crate::view::{Phase, RoomView};

/// What somebody comes with.
#[derive(Clone, Copy, Default)]
pub struct JoinRequest<'a> {
    /// A ticket that the client has already.
    pub ticket: Option<&'a str>,
    /// The client's key under which it may repeat the request.
    pub key: Option<&'a str>,
    /// Who comes, where the room asks for it.
    pub identity: Option<&'a GivenIdentity>,
}

/// One join on its way to the store.
#[derive(Clone, Copy)]
pub(super) struct Joining {
    arrival: Arrival,
}

/// What one arrival got.
#[derive(Clone, Copy)]
pub(super) enum Arrived {
    Entry { epoch: u32, entry: u64, issued_at: Timestamp, admitted_until: Option<Timestamp> },
    KeyReused,
    Quiet { until: Timestamp },
}

impl WaitingRoom {
    /// Gives a citizen an entry, after the questions at the door; whoever presents a ticket gets its
    /// entry back. One trip to the store, shared with all who join at the same moment.
    pub async fn join(
        &self,
        room: &str,
        residence: Option<Residence>,
        request: JoinRequest<'_>,
    ) -> std::result::Result<JoinOutcome, RoomError> {
        let open = self.open(room)?;
        let known = request.ticket.map(|text| self.verify(&open, text)).transpose()?;
        let view = Arc::clone(&open.room.view());
        let door =
            Door { settings: &view.settings, identity_key: self.parts.identity_key.as_ref() };
        let municipality = match door.residence(residence) {
            Ok(municipality) => municipality,
            Err(refused) => return Ok(*refused),
        };
        if let Some(ticket) = known {
            // A corrected residence is a declaration like the first one; the place does not follow from it.
            let text = request.ticket.filter(|_| ticket.ags == municipality);
            let ticket = Ticket { ags: municipality, ..ticket };
            return Ok(JoinOutcome::Known(self.answer(&view, ticket, text, None)));
        }
        let person = match door.identity(request.identity, kernel::Clock::now(&*self.clock)) {
            Ok(person) => person,
            Err(refused) => return Ok(*refused),
        };
        if let Some(refused) = refuse_by_time(&view, kernel::Clock::now(&*self.clock)) {
            return Ok(refused);
        }
        if !self.is_durable.load(Ordering::Relaxed) {
            return Err(RoomError::Unavailable);
        }
        let id = match request.key {
            Some(key) => self.parts.ticket_keys.derived_id(open.room.id(), key),
            None => self.parts.entropy.bytes(),
        };
        let subject = person.unwrap_or(Subject::from_bytes(id));
        let mut ticket = Ticket {
            room: open.room.id().clone(),
            incarnation: view.settings.incarnation,
            epoch: 0,
            lane: Lane::Public,
            entry: 0,
            ags: municipality,
            issued_at: Timestamp::default(),
            id,
            subject,
            block: None,
            is_called: false,
            pass_ends_at: None,
        };
        let key = request.key.map(|_| JoinKey { key: id, fingerprint: fingerprint(&ticket) });
        let arrival = Arrival { pass_id: Some(ticket.pass_id()), key };
        match open.joins.submit(Joining { arrival }).await? {
            Arrived::KeyReused => Ok(JoinOutcome::KeyReused),
            Arrived::Quiet { until } => {
                let for_s = until.since(kernel::Clock::now(&*self.clock)).as_secs() + 1;
                Err(RoomError::Quiet { for_s })
            }
            Arrived::Entry { epoch, entry, issued_at, admitted_until } => {
                (ticket.epoch, ticket.entry, ticket.issued_at) = (epoch, entry, issued_at);
                ticket.pass_ends_at = admitted_until;
                let view = Arc::clone(&open.room.view());
                let pass = admitted_until.map(|until| self.mint(&view, &ticket, until));
                Ok(JoinOutcome::New(self.answer(&view, ticket, None, pass)))
            }
        }
    }
}

/// What was asked for: a repetition under the same key must ask for the same.
fn fingerprint(ticket: &Ticket) -> u32 {
    let mut text = ticket.subject.as_bytes().to_vec();
    text.extend(ticket.ags.number().to_be_bytes());
    let hash = digest(&SHA256, &text);
    hash.as_ref()[..4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn refuse_by_time(view: &RoomView, now: Timestamp) -> Option<JoinOutcome> {
    let gathers_from = view.schedule.first_gathering().unwrap_or_default();
    if now >= view.settings.closes_at || view.phase == Phase::Closed {
        Some(JoinOutcome::Closed)
    } else if now < gathers_from {
        Some(JoinOutcome::NotOpenYet { gathers_from })
    } else {
        None
    }
}

pub(super) fn batcher(
    room: &Arc<Room>,
    limits: BatcherLimits,
) -> (Batcher<Joining, Arrived, RoomError>, JoinHandle<()>) {
    let room = Arc::clone(room);
    Batcher::spawn("joins", limits, move |batch: Vec<Joining>| {
        let room = Arc::clone(&room);
        async move { trip(&room, &batch).await.map_err(|error| trip_error(&error)) }
    })
}

/// One trip for a batch of arrivals; another one if something must be mended first.
async fn trip(room: &Room, batch: &[Joining]) -> Result<Vec<Arrived>> {
    let may_be_admitted = room.view().state.express > 0;
    let arrival = |joining: &Joining| Arrival {
        pass_id: joining.arrival.pass_id.filter(|_| may_be_admitted),
        ..joining.arrival
    };
    let people = batch.iter().map(arrival).collect();
    let arrivals = Arrivals { lane: Lane::Public, people };
    // A boundary that falls due, and a store that has forgotten, can come one after the other.
    for _ in 0..3 {
        match room.store.join(room.id(), &room.digest(), &arrivals).await {
            Err(RoomStoreError::Behind(_)) => room.heal().await.map(|_| ())?,
            Ok(JoinReply::BoundaryDue) => room.renew().await?,
            Ok(JoinReply::Quiet { until }) => {
                room.stir();
                return Ok(vec![Arrived::Quiet { until }; batch.len()]);
            }
            Ok(JoinReply::Entries(entries)) => return Ok(arrived(room, entries)),
            Err(error) => return room.noted(Err(error)),
        }
    }
    Err(RoomStoreError::Unavailable("the room is being healed".into()))
}

fn arrived(room: &Room, entries: Entries) -> Vec<Arrived> {
    let Entries { epoch, now, called, people } = entries;
    let newest = people.iter().filter_map(|entered| match entered {
        Entered::New { entry, .. } => Some(*entry),
        Entered::Repeated { .. } | Entered::KeyReused => None,
    });
    let is_more_called = {
        let mut memory = room.memory();
        memory.epoch = memory.epoch.max(epoch);
        if let Some(newest) = newest.max() {
            memory.saw_entry(Lane::Public, newest);
        }
        let known = &mut memory.called[Lane::Public];
        let is_more_called = called > *known;
        *known = called.max(*known);
        is_more_called
    };
    room.stir();
    if is_more_called {
        // Whoever was let in may ask at once, and must not be told to wait.
        room.show_time();
    }
    let arrived = |entered| match entered {
        Entered::New { entry, admitted_until } => {
            Arrived::Entry { epoch, entry, issued_at: now, admitted_until }
        }
        Entered::Repeated { epoch, entry, issued_at } => {
            Arrived::Entry { epoch, entry, issued_at, admitted_until: None }
        }
        Entered::KeyReused => Arrived::KeyReused,
    };
    people.into_iter().map(arrived).collect()
}
