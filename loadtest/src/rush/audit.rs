//! The end of a rush: everything that was promised is read again over HTTP.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::browser::{Browser, Request};
use super::ledger::{Booked, Cancelling, LeftBehind};
use super::summary::Promise;
use super::wire::{Booking, BookingStatus, OwnState, Slots};
use super::world::World;

/// What the audit found; the broken promises are in the ledger.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Audited {
    pub confirmed: u64,
    pub lost_bookings: u64,
    pub oversold: u64,
    pub duplicate_persons: u64,
}

/// Reads every booking, the slots, and the tickets of those who left.
pub(super) async fn audit(world: &Arc<World>) -> Audited {
    let browser = world.browser.for_the_audit();
    let mut audited = Audited::default();
    let mut per_slot: HashMap<String, u64> = HashMap::new();
    let mut per_person: HashMap<[String; 3], u64> = HashMap::new();
    let (mut reading, mut cancelled) = (JoinSet::new(), Vec::new());
    for booked in world.ledger.bookings() {
        match world.ledger.how_cancelled(&booked.id) {
            None => {}
            // Nobody knows what has become of it.
            Some(Cancelling::Asked) => continue,
            Some(Cancelling::Done) => {
                cancelled.push(booked);
                continue;
            }
        }
        let (world, browser) = (Arc::clone(world), browser.clone());
        reading.spawn(async move {
            let seen = still_there(&world, &browser, &booked).await;
            (booked, seen)
        });
    }
    while let Some(Ok((booked, seen))) = reading.join_next().await {
        match seen {
            Ok(()) => {
                audited.confirmed += 1;
                *per_slot.entry(booked.slot).or_default() += 1;
                let identity = booked.identity;
                let person = [identity.given_name, identity.family_name, identity.date_of_birth];
                *per_person.entry(person).or_default() += 1;
            }
            Err(why) => {
                audited.lost_bookings += 1;
                let lost = || format!("{}: {why}", booked.id);
                world.ledger.broken(Promise::LostBooking, lost);
            }
        }
    }
    for booked in cancelled {
        if let Err(why) = stays_cancelled(world, &browser, &booked).await {
            audited.lost_bookings += 1;
            world.ledger.broken(Promise::LostBooking, || format!("{}: {why}", booked.id));
        }
    }
    audited.duplicate_persons =
        count(per_person.values().filter(|bookings| **bookings > 1).count());
    if audited.duplicate_persons > 0 {
        world.ledger.broken(Promise::DuplicatePerson, || {
            format!("{} persons are booked twice", audited.duplicate_persons)
        });
    }
    audited.oversold = oversold(world, &browser, &per_slot, audited.confirmed).await;
    tickets_still_good(world, &browser).await;
    audited
}

/// A booking must be confirmed, in the same slot, for the same person.
async fn still_there(world: &World, browser: &Browser, booked: &Booked) -> Result<(), String> {
    let url = format!("{}/v1/bookings/{}", world.booking, booked.id);
    let request = Request::get(url).bearer(&booked.manage_token);
    let reply = browser.send(&request).await.ok_or("cannot be read")?;
    if reply.status != 200 {
        return Err(format!("replied {} {}", reply.status, reply.problem().code));
    }
    let now: Booking = reply.json().map_err(|error| format!("{error:#}"))?;
    if now.status != "confirmed" {
        return Err(format!("is {}", now.status));
    }
    if now.id != booked.id || now.slot != booked.slot {
        return Err(format!("moved from {} to {}", booked.slot, now.slot));
    }
    if now.person != booked.identity {
        return Err("is somebody else's".to_owned());
    }
    Ok(())
}

/// What was cancelled stays so: its place is somebody else's.
async fn stays_cancelled(world: &World, browser: &Browser, booked: &Booked) -> Result<(), String> {
    let url = format!("{}/v1/bookings/{}", world.booking, booked.id);
    let request = Request::get(url).bearer(&booked.manage_token);
    let reply = browser.send(&request).await.ok_or("cannot be read")?;
    let now: BookingStatus = reply.json().map_err(|error| format!("{error:#}"))?;
    if now.status == "cancelled" {
        Ok(())
    } else {
        Err(format!("was cancelled and is {}", now.status))
    }
}

/// Confirmed bookings beyond what each slot has released, or beyond all places.
async fn oversold(
    world: &World,
    browser: &Browser,
    per_slot: &HashMap<String, u64>,
    confirmed: u64,
) -> u64 {
    let request = Request::get(format!("{}/slots", world.campaign_url));
    let read = browser.send(&request).await;
    let slots = if let Some(Ok(read)) = read.map(|reply| reply.json::<Slots>()) {
        read.slots
    } else {
        world.ledger.note(|| "the slots could not be read for the audit".to_owned());
        Vec::new()
    };
    let beyond: u64 = slots
        .iter()
        .map(|slot| {
            let booked = per_slot.get(&slot.id).copied().unwrap_or(0);
            booked.saturating_sub(slot.released.min(slot.capacity))
        })
        .sum();
    let oversold = beyond.max(confirmed.saturating_sub(world.places));
    if oversold > 0 {
        world.ledger.broken(Promise::Oversold, || {
            format!("{oversold} bookings beyond the released places")
        });
    }
    oversold
}

/// Tickets of people who left must still name their entry and place, whenever the holder comes back.
async fn tickets_still_good(world: &Arc<World>, browser: &Browser) {
    let mut reading = JoinSet::new();
    for left in world.ledger.take_left_behind() {
        let (world, browser) = (Arc::clone(world), browser.clone());
        reading.spawn(async move { ticket_still_good(&world, &browser, &left).await });
    }
    while reading.join_next().await.is_some() {}
}

async fn ticket_still_good(world: &World, browser: &Browser, left: &LeftBehind) {
    let request = Request::get(format!("{}/ticket", world.room)).bearer(&left.ticket);
    let Some(reply) = browser.send(&request).await else {
        return;
    };
    let entry = left.entry;
    match reply.json::<OwnState>() {
        Ok(told) if reply.status == 200 => {
            if told.entry != entry || (left.place.is_some() && told.place != left.place) {
                let (place, now) = (left.place, told.place);
                let now = format!("entry {} at {now:?} now", told.entry);
                world.ledger.lost_place(|| format!("entry {entry} at {place:?} left and is {now}"));
            }
        }
        // A closed room answers nobody any more.
        Ok(_) | Err(_) if reply.status == 410 => {}
        Ok(_) | Err(_) => {
            let status = reply.status;
            world
                .ledger
                .lost_place(|| format!("the ticket of entry {entry}, who left, got {status}"));
        }
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
