//! The use cases: join, ask, redeem, leave, report.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{
    Ags, Batcher, BatcherLimits, Clock, Entropy, Postcode, ResidenceAnswer, SyncedClock, Timestamp,
};
use pass::{Claims, PassError, PassId, PassMinter, PassVerifier};
use tokio::task::JoinHandle;

use crate::draw::DrawKey;
use crate::outcome::{Answer, IssuedPass, Joined, Redemptions, RoomError};
use crate::room::{Arrived, Room};
use crate::settings::{RoomId, RoomSettings};
use crate::store::{Created, Redeemed, Redemption, RoomStore, RoomStoreError, Signals};
use crate::ticket::{Ticket, TicketKeys};
use crate::view::{Phase, RoomView, Standing};

/// How many rooms are looked for between two renewals of the views.
const RENEWALS_PER_DISCOVERY: u32 = 8;

/// The bounds of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The batches of arrivals, for each room.
    pub joins: BatcherLimits,
    /// The batches of redemptions, for each room.
    pub redemptions: BatcherLimits,
    /// The time between two renewals of the views.
    pub renew_every: Duration,
}

/// What a waiting room is built from.
pub struct Parts {
    /// The shared store.
    pub store: Arc<dyn RoomStore>,
    /// The clock of this machine; the store's time takes over as soon as it is known.
    pub clock: Arc<dyn Clock>,
    /// The source of ticket ids.
    pub entropy: Arc<dyn Entropy>,
    /// The keys of the tickets.
    pub ticket_keys: TicketKeys,
    /// The key of the draws.
    pub draw_key: DrawKey,
    /// Signs passes.
    pub minter: PassMinter,
    /// Reads passes back, when somebody leaves.
    pub verifier: PassVerifier,
    /// The bounds.
    pub limits: Limits,
}

type Trip<R> = Result<R, RoomError>;

/// A room that this instance serves.
struct OpenRoom {
    room: Arc<Room>,
    joins: Batcher<PassId, Trip<Arrived>>,
    redemptions: Batcher<Redemption, Trip<Redeemed>>,
}

/// The waiting room service of one instance.
pub struct WaitingRoom {
    parts: Parts,
    clock: Arc<SyncedClock>,
    rooms: ArcSwap<HashMap<RoomId, Arc<OpenRoom>>>,
    batches: Mutex<Vec<JoinHandle<()>>>,
}

impl WaitingRoom {
    /// A service that knows no rooms yet; see [`Self::discover`].
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let clock = Arc::new(SyncedClock::new(Arc::clone(&parts.clock)));
        Self { parts, clock, rooms: ArcSwap::default(), batches: Mutex::default() }
    }

    /// Creates a room unless it exists, and opens it here.
    pub async fn create(&self, settings: &RoomSettings) -> Result<Created, RoomStoreError> {
        let created = self.parts.store.create(settings).await?;
        self.discover().await?;
        Ok(created)
    }

    /// Opens rooms that other instances, or the operator, have created.
    pub async fn discover(&self) -> Result<(), RoomStoreError> {
        for settings in self.parts.store.rooms().await? {
            if self.rooms.load().contains_key(&settings.room) {
                continue;
            }
            let room = Arc::new(
                Room::open(
                    settings,
                    Arc::clone(&self.parts.store),
                    Arc::clone(&self.clock),
                    self.parts.draw_key.clone(),
                )
                .await?,
            );
            let open = Arc::new(self.serve(room));
            self.rooms.rcu(|rooms| {
                let mut rooms = HashMap::clone(rooms);
                rooms.entry(open.room.id().clone()).or_insert_with(|| Arc::clone(&open));
                rooms
            });
        }
        Ok(())
    }

    fn serve(&self, room: Arc<Room>) -> OpenRoom {
        let limits = self.parts.limits;
        let (joining, redeeming) = (Arc::clone(&room), Arc::clone(&room));
        let (joins, join_task) =
            Batcher::spawn("joins", limits.joins, move |batch: Vec<PassId>| {
                let room = Arc::clone(&joining);
                async move { scatter(batch.len(), room.join(&batch).await) }
            });
        let (redemptions, redeem_task) =
            Batcher::spawn("redemptions", limits.redemptions, move |batch: Vec<Redemption>| {
                let room = Arc::clone(&redeeming);
                async move { scatter(batch.len(), room.redeem(&batch).await) }
            });
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        batches.extend([join_task, redeem_task]);
        OpenRoom { room, joins, redemptions }
    }

    /// Renews all views, over and over. Runs until it is dropped.
    pub async fn keep_renewing(&self) {
        let mut ticks = tokio::time::interval(self.parts.limits.renew_every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for tick in (0..RENEWALS_PER_DISCOVERY).cycle() {
            ticks.tick().await;
            if tick == 0
                && let Err(error) = self.discover().await
            {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "rooms could not be listed"
                );
            }
            self.renew().await;
        }
    }

    /// Renews all views once. A room whose store does not answer keeps what it knows.
    pub async fn renew(&self) {
        for open in self.rooms.load_full().values() {
            if let Err(error) = open.room.renew().await {
                tracing::warn!(
                    room = %open.room.id(),
                    error = &error as &dyn std::error::Error,
                    "the view could not be renewed"
                );
            }
        }
    }

    /// Refuses new arrivals and redemptions, and returns when all accepted ones are answered (P16).
    pub async fn shut_down(&self) {
        for open in self.rooms.load_full().values() {
            open.joins.shut_down();
            open.redemptions.shut_down();
        }
        let tasks =
            std::mem::take(&mut *self.batches.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a batcher ended badly");
            }
        }
    }

    /// Whether the store can be used.
    pub async fn ready(&self) -> Result<(), RoomStoreError> {
        self.parts.store.ready().await
    }

    /// The view of a room: its public status. From memory.
    pub fn view(&self, room: &str) -> Result<Arc<RoomView>, RoomError> {
        Ok(Arc::clone(&self.open(room)?.room.view()))
    }

    fn open(&self, room: &str) -> Result<Arc<OpenRoom>, RoomError> {
        self.rooms.load().get(room).cloned().ok_or(RoomError::UnknownRoom)
    }

    /// Gives a citizen an entry, after the residence question; who presents a ticket gets its entry
    /// back. One trip to the store, shared with all who join at the same moment.
    pub async fn join(
        &self,
        room: &str,
        presented: Option<&str>,
        postcode: Postcode,
        ags: Option<Ags>,
    ) -> Result<Joined, RoomError> {
        if let Some(ticket) = presented {
            return self.ask(room, ticket).map(Joined::Known);
        }
        let open = self.open(room)?;
        let ags = {
            let view = open.room.view();
            match view.settings.residence.decide(postcode, ags) {
                ResidenceAnswer::Eligible(municipality) => municipality.ags,
                ResidenceAnswer::NotEligible(known) => {
                    return Ok(Joined::NotEligible(known.cloned()));
                }
                ResidenceAnswer::Ambiguous(rows) => {
                    return Ok(Joined::MunicipalityRequired(rows.into_iter().cloned().collect()));
                }
                ResidenceAnswer::Mismatch => return Ok(Joined::MunicipalityMismatch),
            }
        };
        let now = self.clock.now();
        if let Some(refused) = refuse_by_time(&open.room.view(), now) {
            return Ok(refused);
        }
        let id = PassId::new(&*self.parts.entropy);
        let arrived = open.joins.submit(id).await??;
        let Arrived { epoch, entry, admitted_until } = arrived;
        let ticket = Ticket { room: open.room.id().clone(), epoch, entry, ags, issued_at: now, id };
        let mut answer = answer(&open.room.view(), &ticket, self.parts.ticket_keys.issue(&ticket));
        if let Some(expires_at) = admitted_until {
            answer.standing = Standing::Called { place: entry };
            answer.pass = Some(self.mint(&open.room.view(), &ticket, expires_at));
        }
        Ok(Joined::New(answer))
    }

    /// Says where a ticket stands. From memory: no store is asked (P13).
    pub fn ask(&self, room: &str, ticket: &str) -> Result<Answer, RoomError> {
        let open = self.open(room)?;
        let verified = self.verify(&open, ticket)?;
        Ok(answer(&open.room.view(), &verified, ticket.to_owned()))
    }

    fn verify(&self, open: &OpenRoom, ticket: &str) -> Result<Ticket, RoomError> {
        let ticket = self
            .parts
            .ticket_keys
            .verify(ticket, open.room.id())
            .map_err(|_| RoomError::TicketInvalid)?;
        open.room.saw_entry(ticket.entry);
        Ok(ticket)
    }

    /// Redeems a called ticket for its pass (P9). Asks the store only if the place is called.
    pub async fn redeem(&self, room: &str, ticket: &str) -> Result<Redemptions, RoomError> {
        let open = self.open(room)?;
        let ticket = self.verify(&open, ticket)?;
        let standing = open.room.view().standing(ticket.entry);
        let not_yet = |standing| Redemptions::NotYourTurn {
            retry_after_s: open.room.view().poll_after_s(standing, &ticket.id),
        };
        let Standing::Called { place } = standing else { return Ok(not_yet(standing)) };
        let redemption = Redemption { place, pass_id: ticket.id };
        Ok(match open.redemptions.submit(redemption).await?? {
            Redeemed::Admitted { expires_at } => {
                Redemptions::Pass(self.mint(&open.room.view(), &ticket, expires_at))
            }
            Redeemed::NotCalled | Redeemed::Busy => not_yet(standing),
            Redeemed::Used => Redemptions::Used,
        })
    }

    /// Ends a pass before its time. Repeatable.
    pub async fn leave(&self, room: &str, pass: &str) -> Result<(), RoomError> {
        let open = self.open(room)?;
        let claims = self
            .parts
            .verifier
            .verify(pass, open.room.id(), self.clock.now())
            .map_err(|_: PassError| RoomError::PassInvalid)?;
        self.parts.store.leave(open.room.id(), &[claims.pass_id]).await.map_err(|e| unavailable(&e))
    }

    /// Takes over what the booking API reports.
    pub async fn signal(&self, room: &str, signals: &Signals) -> Result<(), RoomError> {
        let open = self.open(room)?;
        self.parts.store.signal(open.room.id(), signals).await.map_err(|e| unavailable(&e))
    }

    fn mint(&self, view: &RoomView, ticket: &Ticket, expires_at: Timestamp) -> IssuedPass {
        let settings = view.settings.pass;
        let pass = self.parts.minter.mint(&Claims {
            issuer: self.parts.minter.issuer().to_owned(),
            campaign: view.settings.campaign().clone(),
            pass_id: ticket.id,
            issued_at: expires_at.minus(Duration::from_secs(settings.ttl_s.into())),
            expires_at,
            ags: ticket.ags,
            seats: settings.seats_max,
        });
        IssuedPass { pass, expires_at }
    }
}

fn answer(view: &RoomView, ticket: &Ticket, text: String) -> Answer {
    let standing = view.standing(ticket.entry);
    Answer {
        ticket: text,
        entry: ticket.entry,
        standing,
        poll_after_s: view.poll_after_s(standing, &ticket.id),
        pass: None,
    }
}

fn refuse_by_time(view: &RoomView, now: Timestamp) -> Option<Joined> {
    let first = view.settings.openings.first()?;
    if now >= view.settings.closes_at || view.phase == Phase::Closed {
        Some(Joined::Closed)
    } else if now < first.gathers_from {
        Some(Joined::NotOpenYet { gathers_from: first.gathers_from })
    } else {
        None
    }
}

/// Gives every caller of a batch its own answer, or all the same failure.
fn scatter<R>(count: usize, trip: Result<Vec<R>, RoomStoreError>) -> Vec<Trip<R>> {
    match trip {
        Ok(replies) => replies.into_iter().map(Ok).collect(),
        Err(error) => {
            let error = unavailable(&error);
            std::iter::repeat_with(|| Err(error)).take(count).collect()
        }
    }
}

/// Logs a failure of the store once, where it leaves the rules.
fn unavailable(error: &RoomStoreError) -> RoomError {
    tracing::warn!(error = error as &dyn std::error::Error, "the room store gave no answer");
    RoomError::Unavailable
}
