//! Join: an entry for everybody who may book here.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_lc_rs::digest::{SHA256, digest};
use kernel::{Batcher, BatcherLimits, Timestamp};
use pass::Subject;
use tokio::task::JoinHandle;

use super::outcome::{Answer, CodeRefusal, JoinOutcome, RoomError};
use super::room::Room;
use super::{OpenRoom, WaitingRoom, trip_error};
use crate::door::{Door, GivenIdentity, Residence};
use crate::lane::Lane;
use crate::line::ticket::Ticket;
use crate::memory::digest::Digest;
use crate::priority::{CodeNumber, PriorityKey};
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
    /// The text of a priority code.
    pub code: Option<&'a str>,
    /// Over which way they come.
    pub way: Way,
}

/// Over which way somebody comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By themselves.
    #[default]
    Web,
    /// By telephone: the hotline joins for them.
    Hotline,
}

/// One join on its way to the store.
#[derive(Clone, Copy)]
pub(super) struct Joining(Arrival);

/// The joins of one lane on their way.
pub(super) type Joins = Batcher<Joining, Arrived, RoomError>;

/// What one arrival got.
#[derive(Clone, Copy)]
pub(super) enum Arrived {
    Entry { epoch: u32, entry: u64, issued_at: Timestamp, admitted_until: Option<Timestamp> },
    KeyReused,
    Code(CodeRefusal),
    Quiet { until: Timestamp },
}

impl WaitingRoom {
    /// A key for a join that can be repeated, for clients that cannot make one. Nobody else has it.
    #[must_use]
    pub fn new_join_key(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.parts.entropy.bytes()))
    }

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
        let codes =
            PriorityKey::new(&self.parts.draw_key, open.room.id(), view.settings.incarnation);
        let code = request.code.map(|text| codes.read(text));
        if code == Some(None) {
            return Ok(JoinOutcome::CodeRefused(CodeRefusal::Invalid));
        }
        let code = code.flatten();
        let id = match request.key {
            Some(key) => self.parts.draw_key.ticket_id(open.room.id(), key),
            None => self.parts.entropy.bytes(),
        };
        let ticket = Ticket {
            room: open.room.id().clone(),
            incarnation: view.settings.incarnation,
            epoch: 0,
            lane: lane(&view, code, request.way),
            entry: 0,
            ags: municipality,
            issued_at: Timestamp::default(),
            id,
            subject: person
                .or(code.map(|code| codes.subject(code)))
                .unwrap_or(Subject::from_bytes(id)),
            block: None,
            is_called: false,
            pass_ends_at: None,
        };
        let key = request.key.map(|_| JoinKey { key: id, fingerprint: fingerprint(&ticket, code) });
        let joining = Joining(Arrival { pass_id: Some(ticket.pass_id()), key, code });
        match open.joins[ticket.lane].submit(joining).await? {
            Arrived::KeyReused => Ok(JoinOutcome::KeyReused),
            Arrived::Code(refusal) => Ok(JoinOutcome::CodeRefused(refusal)),
            Arrived::Quiet { until } => {
                let for_s = until.since(kernel::Clock::now(&*self.clock)).as_secs() + 1;
                Err(RoomError::Quiet { for_s })
            }
            Arrived::Entry { epoch, entry, issued_at, admitted_until: pass_ends_at } => {
                let ticket = Ticket { epoch, entry, issued_at, pass_ends_at, ..ticket };
                Ok(JoinOutcome::New(self.welcome(&open, ticket)))
            }
        }
    }

    /// What somebody with a new entry is answered; with the pass, if it was admitted at once.
    fn welcome(&self, open: &OpenRoom, ticket: Ticket) -> Answer {
        let view = Arc::clone(&open.room.view());
        let pass = ticket.pass_ends_at.map(|until| {
            open.measures.admitted();
            self.mint(&view, &ticket, until)
        });
        self.answer(&view, ticket, None, pass)
    }
}

/// Where whoever comes so stands. Callers stand in the public line, unless the operator has given the hotline a
/// share of the pace and so a line of its own.
fn lane(view: &RoomView, code: Option<CodeNumber>, way: Way) -> Lane {
    let has_line = |lane| view.state.memory.live.shares[lane] > 0;
    match (code, way) {
        (Some(_), Way::Web | Way::Hotline) => Lane::Priority,
        (None, Way::Hotline) if has_line(Lane::Hotline) => Lane::Hotline,
        (None, Way::Web | Way::Hotline) => Lane::Public,
    }
}

/// What was asked for: a repetition under the same key must ask for the same, and is given the same lane.
fn fingerprint(ticket: &Ticket, code: Option<CodeNumber>) -> u32 {
    let mut text = ticket.subject.as_bytes().to_vec();
    text.extend(ticket.ags.number().to_be_bytes());
    text.push(ticket.lane.number());
    text.extend(code.map_or(u32::MAX, CodeNumber::get).to_be_bytes());
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

/// Joins of one lane go to the store together: in one trip, all or none of them get their entries.
pub(super) fn batcher(
    room: &Arc<Room>,
    lane: Lane,
    limits: BatcherLimits,
) -> (Joins, JoinHandle<()>) {
    let room = Arc::clone(room);
    Batcher::spawn("joins", limits, move |batch: Vec<Joining>| {
        let room = Arc::clone(&room);
        async move { trip(&room, lane, &batch).await.map_err(|error| trip_error(&error)) }
    })
}

/// One trip for a batch of arrivals; another one if something must be mended first.
async fn trip(room: &Room, lane: Lane, batch: &[Joining]) -> Result<Vec<Arrived>> {
    let may_be_admitted = lane == Lane::Public && room.view().state.express > 0;
    // A boundary that falls due, levers that were changed, and a store that has forgotten, can come one after the
    // other.
    for _ in 0..4 {
        let (digest, revoked) = {
            let memory = room.memory();
            let is_revoked = |code| memory.live.codes.is_revoked(code);
            let revoked = |Joining(arrival): &Joining| arrival.code.is_some_and(is_revoked);
            (Digest::of(&memory), batch.iter().map(revoked).collect::<Vec<bool>>())
        };
        let going = batch.iter().zip(&revoked).filter(|(_, is_revoked)| !**is_revoked);
        let arrival = |Joining(arrival): &Joining| Arrival {
            pass_id: arrival.pass_id.filter(|_| may_be_admitted),
            ..*arrival
        };
        let people: Vec<Arrival> = going.map(|(joining, _)| arrival(joining)).collect();
        if people.is_empty() {
            return Ok(vec![Arrived::Code(CodeRefusal::Revoked); batch.len()]);
        }
        match room.store.join(room.id(), &digest, &Arrivals { lane, people }).await {
            Err(RoomStoreError::Behind(_)) => room.heal().await.map(|_| ())?,
            Ok(JoinReply::BoundaryDue | JoinReply::LeversChanged) => room.renew().await?,
            Ok(JoinReply::Quiet { until }) => {
                room.stir();
                return Ok(vec![Arrived::Quiet { until }; batch.len()]);
            }
            Ok(JoinReply::Entries(entries)) => {
                let mut arrived = arrived(room, lane, entries).into_iter();
                let of = |is_revoked: &bool| {
                    let revoked = is_revoked.then_some(Arrived::Code(CodeRefusal::Revoked));
                    revoked.or_else(|| arrived.next())
                };
                return Ok(revoked.iter().filter_map(of).collect());
            }
            Err(error) => return room.noted(Err(error)),
        }
    }
    Err(RoomStoreError::Unavailable("the room is being healed".into()))
}

fn arrived(room: &Room, lane: Lane, entries: Entries) -> Vec<Arrived> {
    let Entries { epoch, now, called, people } = entries;
    let newest = people.iter().filter_map(|entered| match entered {
        Entered::New { entry, .. } => Some(*entry),
        Entered::Repeated { .. } | Entered::KeyReused | Entered::CodeUsed => None,
    });
    let is_more_called = {
        let mut memory = room.memory();
        memory.epoch = memory.epoch.max(epoch);
        if let Some(newest) = newest.max() {
            memory.saw_entry(lane, newest);
        }
        let known = &mut memory.called[lane];
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
        Entered::CodeUsed => Arrived::Code(CodeRefusal::Used),
    };
    people.into_iter().map(arrived).collect()
}
