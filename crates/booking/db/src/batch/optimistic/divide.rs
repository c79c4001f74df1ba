//! Which commands of a batch the fast path carries out, and which are left for the careful one.
//!
//! The fast part comes first. So that the batch is still as if carried out in its order, a command is left if it could
//! depend on one before it that is left: one of the same pass, person or key, or, of the same slot, one that may take a
//! place.

use std::borrow::Cow;
use std::collections::HashSet;

use ::booking::{
    BookSlot, BookSlotOutcome, Changes, Command, Footprint, Outcome, PassId, PersonKey, SlotKey,
    decide,
};
use kernel::Timestamp;

use super::Mirror;

/// So many times it is decided anew without those that were refused. Then all is left.
const ROUNDS_MAX: usize = 4;

/// What becomes a booking on what is remembered: the places of the commands in the batch, and what comes of each.
#[derive(Default)]
pub(super) struct Decided {
    pub places: Vec<usize>,
    pub changes: Changes,
    pub outcomes: Vec<Outcome>,
}

/// Decides the commands that become bookings on what `mirror` remembers.
pub(super) fn divide(mirror: &Mirror, commands: &[Command], now: Timestamp) -> Decided {
    let mut refused: Vec<Option<BookSlotOutcome>> = vec![None; commands.len()];
    for _ in 0..ROUNDS_MAX {
        let places = choose(mirror, commands, &refused, now);
        if places.is_empty() {
            break;
        }
        // Mostly all of them.
        let chosen = if places.len() == commands.len() {
            Cow::Borrowed(commands)
        } else {
            places.iter().map(|place| commands[*place].clone()).collect()
        };
        let (changes, outcomes) = decide(mirror.state(&chosen), now, &chosen);
        let mut is_refused = false;
        for (place, outcome) in places.iter().zip(&outcomes) {
            match outcome {
                Outcome::BookSlot(BookSlotOutcome::Booked(_)) => {}
                Outcome::BookSlot(refusal) => {
                    is_refused = true;
                    refused[*place] = Some(refusal.clone());
                }
                other => unreachable!("only bookings are decided here: {other:?}"),
            }
        }
        if !is_refused {
            return Decided { places, changes, outcomes };
        }
    }
    Decided::default()
}

/// The places of the commands that can come first; `refused` says which were found not to become bookings.
fn choose(
    mirror: &Mirror,
    commands: &[Command],
    refused: &[Option<BookSlotOutcome>],
    now: Timestamp,
) -> Vec<usize> {
    let mut left = Left { commands: commands.len(), now, ..Left::default() };
    let mut places = Vec::with_capacity(commands.len());
    for (place, (command, refusal)) in commands.iter().zip(refused).enumerate() {
        let takes_places = match command {
            Command::BookSlot(book) => left.of_booking(mirror, book, refusal.as_ref()),
            other => Some(matches!(
                other,
                Command::Hold(_) | Command::MoveBooking(_) | Command::ClearPlace(_)
            )),
        };
        if let Some(takes_places) = takes_places {
            left.add(mirror, command, takes_places);
        } else {
            places.push(place);
            if let Command::BookSlot(book) = command {
                left.chosen_passes.insert(book.pass.pass_id);
            }
        }
    }
    places
}

/// What the commands that are left may change.
#[derive(Default)]
struct Left {
    slots: HashSet<SlotKey>,
    passes: HashSet<PassId>,
    persons: HashSet<PersonKey>,
    keys: HashSet<[u8; 32]>,
    /// Whether one may give a place or a seat back, or leave a person without a booking.
    frees: bool,
    /// The passes of those that are not left.
    chosen_passes: HashSet<PassId>,
    /// Of the whole batch.
    commands: usize,
    now: Timestamp,
    /// Whether one looks at all places, or takes one of which it does not say the slot.
    looks_at_all: bool,
}

impl Left {
    /// Whether the booking is left, and then whether it may take a place all the same.
    fn of_booking(
        &self,
        mirror: &Mirror,
        book: &BookSlot,
        refusal: Option<&BookSlotOutcome>,
    ) -> Option<bool> {
        // A repeat takes nothing, whatever comes of it.
        if mirror.knows_key(&book.idempotency.key) {
            return Some(false);
        }
        // Who is in a car is not remembered.
        if book.car.is_some() {
            return Some(true);
        }
        let slot = SlotKey { campaign: book.pass.campaign.clone(), slot: book.slot.clone() };
        if book.registration.person_keys().any(|person| mirror.has_booked(&person)) {
            return Some(self.is_judged_otherwise_later(mirror, &slot));
        }
        let mut persons = book.registration.person_keys();
        let depends = self.looks_at_all
            || self.slots.contains(&slot)
            || self.passes.contains(&book.pass.pass_id)
            || self.keys.contains(&book.idempotency.key)
            || persons.any(|person| self.persons.contains(&person) || mirror.waits(&person))
            // A seat of this pass may come back, and then it is judged otherwise.
            || (self.frees && self.is_in_use(mirror, book.pass.pass_id));
        if depends || !mirror.knows_slot(&slot) {
            return Some(true);
        }
        refusal.map(|refusal| match refusal {
            BookSlotOutcome::AlreadyBooked | BookSlotOutcome::PersonNotOfPass => {
                self.is_judged_otherwise_later(mirror, &slot)
            }
            BookSlotOutcome::SlotFull | BookSlotOutcome::PassExhausted => true,
            BookSlotOutcome::Booked(_)
            | BookSlotOutcome::CampaignNotFound
            | BookSlotOutcome::CampaignClosed
            | BookSlotOutcome::NotEligible
            | BookSlotOutcome::Unmet(_)
            | BookSlotOutcome::PassExpired
            | BookSlotOutcome::PassEnded
            | BookSlotOutcome::SlotNotFound
            | BookSlotOutcome::CarNotFound
            | BookSlotOutcome::CarInOtherSlot { .. }
            | BookSlotOutcome::CarFull
            | BookSlotOutcome::RefusedTooOften
            | BookSlotOutcome::KeyReused => false,
        })
    }

    /// Whether a booking that is refused for its person might be judged otherwise after what comes behind it in
    /// the batch: their booking may be given back, or the slot may be full by then, which is found first.
    fn is_judged_otherwise_later(&self, mirror: &Mirror, slot: &SlotKey) -> bool {
        let places =
            mirror.places_left(slot, self.now).and_then(|places| usize::try_from(places).ok());
        self.frees || places.is_none_or(|places| places < self.commands)
    }

    /// Whether a seat of the pass may be booked, and so may come back.
    fn is_in_use(&self, mirror: &Mirror, pass: PassId) -> bool {
        mirror.knows_pass(pass) || self.chosen_passes.contains(&pass)
    }

    fn add(&mut self, mirror: &Mirror, command: &Command, takes_places: bool) {
        let footprint = Footprint::of(std::slice::from_ref(command));
        if takes_places {
            self.slots.extend(footprint.slots);
        }
        self.passes.extend(footprint.passes);
        self.persons.extend(footprint.person_keys.into_iter().map(|(_, person)| person));
        self.keys.extend(footprint.idempotency_keys);
        self.frees |= matches!(
            command,
            Command::CancelBooking(_)
                | Command::ReleaseHold(_)
                | Command::MoveBooking(_)
                | Command::CorrectPerson(_)
                | Command::ErasePerson(_)
                | Command::ClearPlace(_)
                | Command::LeaveWaitlist(_)
                | Command::DeclineOffer(_)
        );
        // Whoever is booked waits no longer: a seat of the pass that paid for that comes back.
        let may_book = matches!(command, Command::BookHold(_) | Command::BookGroup(_));
        self.frees |= mirror.may_wait && (may_book || takes_places);
        self.looks_at_all |= matches!(
            command,
            Command::JoinWaitlist(_) | Command::AcceptOffer(_) | Command::CallUp(_)
        );
    }
}
