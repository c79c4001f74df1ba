//! The use cases of one instance, one a file: join, ask, redeem, authorize, leave, report, resume, and the operator's.
//!
//! Nothing here is pure: it spawns the batchers' tasks and the renewal, and counts. The rules it goes by
//! are in [`crate::line`], [`crate::gate`], [`crate::admission`] and [`crate::memory`].

mod ask;
mod audit;
mod authorize;
mod challenge;
mod change;
mod join;
mod leave;
mod look;
mod measures;
pub mod operator;
pub mod outcome;
mod polls;
mod redeem;
mod renewal;
mod report;
mod resume;
pub mod room;
mod rooms;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{Batcher, BatcherLimits, Clock, Entropy, SyncedClock, Timestamp, TripError};
use pass::{Claims, IdentityKey, PassError, PassId, PassMinter, PassVerifier, Subject};
use tokio::task::JoinHandle;

use crate::door::Door;
use crate::door::proof::{Proof, ProofKey};
pub use crate::door::{GivenIdentity, NOT_ASKED, Residence};
use crate::draw::DrawKey;
use crate::lane::{Lane, PerLane};
use crate::line::ticket::{Ticket, TicketKeys};
use crate::resume::{KeptTicket, ResumeName};
use crate::settings::RoomId;
use crate::state::BookingReport;
use crate::store::{Redeemed, Redemption, RoomStore, RoomStoreError};
use crate::view::{RoomView, Standing};
pub use authorize::GIVEN_BACK_KNOWN_AFTER;
use authorize::Looks;
pub use challenge::{Offered, Waiting};
use join::Joins;
pub use join::{JoinRequest, Way};
pub use look::Look;
use measures::RoomMeasures;
use outcome::{IssuedPass, RoomError};
use polls::Randoms;
use room::Room;
use rooms::Refusal;

/// The bounds of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The batches of arrivals, for each room.
    pub joins: BatcherLimits,
    /// The batches of redemptions, for each room.
    pub redemptions: BatcherLimits,
    /// The time between two renewals of the views.
    pub renew_every: Duration,
    /// Polls a second that all instances together should get from one room.
    pub polls_per_s_max: u32,
}

/// What signs. It is replaced as a whole: no request finds one new half and one old one.
#[derive(Debug)]
pub struct Signing {
    /// The keys of the tickets.
    pub ticket_keys: TicketKeys,
    /// Signs passes.
    pub minter: PassMinter,
}

impl Signing {
    /// As the instances and whoever replaces it share it.
    #[must_use]
    pub fn shared(ticket_keys: TicketKeys, minter: PassMinter) -> Arc<ArcSwap<Self>> {
        Arc::new(ArcSwap::from_pointee(Self { ticket_keys, minter }))
    }
}

/// What a waiting room is built from.
pub struct Parts {
    /// The shared store.
    pub store: Arc<dyn RoomStore>,
    /// The clock of this machine; the store's time takes over as soon as it is known.
    pub clock: Arc<dyn Clock>,
    /// The source of ticket ids.
    pub entropy: Arc<dyn Entropy>,
    /// Signs tickets and passes; may be replaced at any time.
    pub signing: Arc<ArcSwap<Signing>>,
    /// The key of the draws.
    pub draw_key: DrawKey,
    /// Makes subjects of people, for rooms that ask for identity.
    pub identity_key: Option<IdentityKey>,
    /// Reads passes back, when somebody leaves.
    pub verifier: PassVerifier,
    /// The bounds.
    pub limits: Limits,
}

/// A room that this instance serves. Everything that goes to the store on behalf of citizens goes through
/// a batcher, so nobody can take all connections.
pub(crate) struct OpenRoom {
    pub(crate) room: Arc<Room>,
    joins: PerLane<Joins>,
    redemptions: Batcher<Redemption, Redeemed, RoomError>,
    departures: Batcher<PassId, (), RoomError>,
    reports: Batcher<BookingReport, (), RoomError>,
    /// When passes end, for those who want to know whether one was given back.
    pass_ends: Batcher<PassId, Option<Timestamp>, RoomError>,
    looks: Looks,
    /// Tickets that are kept for codes, and the names of those that are taken out again.
    kept_tickets: Batcher<KeptTicket, bool, RoomError>,
    taken_tickets: Batcher<ResumeName, Option<Vec<u8>>, RoomError>,
    measures: RoomMeasures,
}

/// The waiting room service of one instance.
pub struct WaitingRoom {
    pub(crate) parts: Parts,
    pub(crate) clock: Arc<SyncedClock>,
    proof_key: ProofKey,
    pub(crate) rooms: ArcSwap<HashMap<RoomId, Arc<OpenRoom>>>,
    /// Why rooms that exist are not served here.
    pub(crate) refused: Mutex<HashMap<RoomId, Refusal>>,
    /// Whether the store was seen to keep what it acknowledges; otherwise nothing is issued.
    pub(crate) is_durable: AtomicBool,
    pub(crate) all_rooms_seen: AtomicBool,
    /// Spreads polls.
    pub(crate) randoms: Randoms,
    batches: Mutex<Vec<JoinHandle<()>>>,
}

impl WaitingRoom {
    /// A service that knows no rooms yet; see [`Self::discover`].
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let clock = Arc::new(SyncedClock::new(Arc::clone(&parts.clock)));
        let randoms = Randoms::new(&*parts.entropy);
        Self {
            proof_key: parts.draw_key.proof_key(),
            parts,
            clock,
            rooms: ArcSwap::default(),
            refused: Mutex::default(),
            is_durable: AtomicBool::new(false),
            all_rooms_seen: AtomicBool::new(false),
            randoms,
            batches: Mutex::default(),
        }
    }

    /// The store's time, as far as this instance knows it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The view of a room: its public status. From memory.
    pub fn view(&self, room: &str) -> Result<Arc<RoomView>, RoomError> {
        Ok(Arc::clone(&self.open(room)?.room.view()))
    }

    /// How long the store has not answered for this room. A room in which nothing moves is read every few
    /// seconds only.
    pub fn silence(&self, room: &str) -> Result<Duration, RoomError> {
        Ok(self.open(room)?.room.view_age())
    }

    /// When somebody without a ticket, who waits until people can join, should look again.
    #[must_use]
    pub fn look_after_s(&self, view: &RoomView) -> u32 {
        let opens_at = view.schedule.first_gathering();
        self.poll_after_s(view, Standing::Gathering { opens_at })
    }

    /// The one pass that a ticket can be redeemed for.
    pub fn pass_id(&self, room: &str, ticket: &str) -> Result<PassId, RoomError> {
        let open = self.open(room)?;
        Ok(self.verify(&open, ticket)?.pass_id())
    }

    /// Who comes, as the room knows them; `None` where it does not ask, or would refuse what is given.
    pub fn subject(
        &self,
        room: &str,
        identity: &GivenIdentity,
    ) -> Result<Option<Subject>, RoomError> {
        let view = self.view(room)?;
        let door =
            Door { settings: &view.settings, identity_key: self.parts.identity_key.as_ref() };
        Ok(door.identity(Some(identity), self.now()).ok().flatten())
    }

    /// The proof of work that a client sends, if it holds in this room now.
    pub fn read_proof(&self, room: &str, text: &str) -> Result<Option<Proof>, RoomError> {
        let open = self.open(room)?;
        Ok(self.proof_key.verify(text, open.room.id(), self.now()))
    }

    /// Whether what a client sends will be a proof of work in this room, but is not yet.
    #[must_use]
    pub fn is_early_proof(&self, room: &str, text: &str) -> bool {
        let is_early =
            |open: Arc<OpenRoom>| self.proof_key.is_early(text, open.room.id(), self.now());
        self.open(room).is_ok_and(is_early)
    }

    /// What a pass of the room says.
    pub fn read_pass(&self, room: &str, pass: &str) -> Result<Claims, RoomError> {
        let open = self.open(room)?;
        self.verify_pass(&open, pass)
    }

    fn verify_pass(&self, open: &OpenRoom, pass: &str) -> Result<Claims, RoomError> {
        let claims = self.parts.verifier.verify(pass, open.room.id(), self.clock.now());
        claims.map_err(|_: PassError| RoomError::PassInvalid)
    }

    pub(crate) fn open(&self, room: &str) -> Result<Arc<OpenRoom>, RoomError> {
        self.rooms.load().get(room).cloned().ok_or(RoomError::UnknownRoom)
    }

    /// Refuses new commands, and returns when all accepted ones are answered (P16).
    pub async fn shut_down(&self) {
        for open in self.rooms.load_full().values() {
            open.shut_down();
        }
        let tasks =
            std::mem::take(&mut *self.batches.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a batcher ended badly");
            }
        }
    }

    fn serve(&self, room: &Arc<Room>) -> OpenRoom {
        let limits = self.parts.limits;
        let joins = Lane::ALL.map(|lane| join::batcher(room, lane, limits.joins));
        let (redemptions, redeem_task) = redeem::batcher(room, limits.redemptions);
        let (departures, leave_task) = leave::batcher(room, limits.redemptions);
        let (reports, report_task) = report::batcher(room);
        let (pass_ends, look_task) = authorize::batcher(room, limits.redemptions);
        let (kept_tickets, keep_task) = resume::keeping(room, limits.redemptions);
        let (taken_tickets, take_task) = resume::taking(room, limits.redemptions);
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        batches.retain(|task| !task.is_finished());
        let joins = PerLane(joins.map(|(joins, task)| {
            batches.push(task);
            joins
        }));
        batches.extend([redeem_task, leave_task, report_task, look_task, keep_task, take_task]);
        let measures = RoomMeasures::of(room.id());
        OpenRoom {
            room: Arc::clone(room),
            joins,
            redemptions,
            departures,
            reports,
            pass_ends,
            looks: Looks::default(),
            kept_tickets,
            taken_tickets,
            measures,
        }
    }

    fn verify(&self, open: &OpenRoom, text: &str) -> Result<Ticket, RoomError> {
        let ticket = self.parts.signing.load().ticket_keys.verify(text, open.room.id());
        let ticket = ticket.map_err(|_| RoomError::TicketInvalid)?;
        // A ticket of another line, of a rehearsal perhaps, must not even raise a counter.
        if ticket.incarnation != open.room.settings().incarnation {
            return Err(RoomError::TicketInvalid);
        }
        open.room.saw(&ticket);
        Ok(ticket)
    }

    /// When the holder of a ticket with this standing should ask again.
    fn poll_after_s(&self, view: &RoomView, standing: Standing) -> u32 {
        view.poll_after_s(standing, self.parts.limits.polls_per_s_max, self.randoms.next())
    }

    fn mint(&self, view: &RoomView, ticket: &Ticket, expires_at: Timestamp) -> IssuedPass {
        let settings = view.settings.pass;
        let signing = self.parts.signing.load();
        let pass = signing.minter.mint(&Claims {
            issuer: signing.minter.issuer().to_owned(),
            campaign: view.settings.campaign().clone(),
            pass_id: ticket.pass_id(),
            issued_at: expires_at.minus(Duration::from_secs(settings.ttl_s.into())),
            expires_at,
            ags: ticket.ags,
            seats: settings.seats_max,
            binding: view.settings.identity.needs_key().then_some(ticket.subject),
        });
        IssuedPass { pass, expires_at }
    }
}

impl OpenRoom {
    fn shut_down(&self) {
        self.joins.iter().for_each(|(_, joins)| joins.shut_down());
        self.redemptions.shut_down();
        self.departures.shut_down();
        self.reports.shut_down();
        self.pass_ends.shut_down();
        self.kept_tickets.shut_down();
        self.taken_tickets.shut_down();
    }
}

/// What a failure of the store means for the commands that wait: only a store that does not answer
/// fails them too.
pub(crate) fn trip_error(error: &RoomStoreError) -> TripError<RoomError> {
    match error {
        RoomStoreError::Unavailable(_) => TripError::Away(unavailable(error)),
        RoomStoreError::Behind(_) | RoomStoreError::Replaced(_) | RoomStoreError::Unusable(_) => {
            TripError::Failed(unavailable(error))
        }
    }
}

/// Logs a failure of the store once, where it leaves the rules.
pub(crate) fn unavailable(error: &RoomStoreError) -> RoomError {
    match error {
        RoomStoreError::Replaced(_) => RoomError::UnknownRoom,
        RoomStoreError::Unavailable(_)
        | RoomStoreError::Behind(_)
        | RoomStoreError::Unusable(_) => {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the room store gave no answer"
            );
            RoomError::Unavailable
        }
    }
}
