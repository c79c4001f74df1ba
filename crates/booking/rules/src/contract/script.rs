//! Random commands that meet each other: few slots, passes, persons and keys.

mod waitlist;

use std::time::Duration;

use kernel::{Entropy, SeededEntropy, Timestamp};

use super::scene;
use crate::batch::{Command, Idempotency};
use crate::booking::{BookGroup, BookHold, BookSlot, CorrectPerson, TakenBy};
use crate::campaign::CampaignPlan;
use crate::hold::{HoldSeats, ReleaseHold, RenewHold};
use crate::pass::{BindingCheck, PassGrant};

pub use waitlist::{Step, random_waitlist};

/// The slot that is closed in the last third of a script.
const CLOSING: &str = "c";
const PASSES: u32 = 12;
const PERSONS: u32 = 40;
const CARS: u32 = 3;

/// `count` batches of 1 to 8 commands each, and when each is carried out. The same seed gives the
/// same script.
#[must_use]
pub fn random_batches(seed: u64, count: usize) -> Vec<(Timestamp, Vec<Command>)> {
    batches(seed, count, false)
}

/// The same of a rush: three in four ask for a booking in one step, and some cancel.
#[must_use]
pub fn random_rush(seed: u64, count: usize) -> Vec<(Timestamp, Vec<Command>)> {
    batches(seed, count, true)
}

fn batches(seed: u64, count: usize, is_rush: bool) -> Vec<(Timestamp, Vec<Command>)> {
    let entropy = &SeededEntropy::new(seed);
    let (written, is_closing) = (Vec::new(), false);
    let mut writer = Writer { entropy, written, number: 0, is_rush, is_closing };
    let mut now = scene::at(0);
    let batches = (0..count).map(|batch| {
        writer.is_closing = batch >= closes_before(count);
        // Mostly moments, sometimes long enough for holds to expire or a tranche to open.
        let pause_s = if writer.below(8) == 0 { writer.below(1_200) } else { writer.below(20) };
        now = now.plus(Duration::from_secs(u64::from(pause_s)));
        let length = 1 + writer.below(8);
        (now, (0..length).map(|_| writer.command(now)).collect())
    });
    batches.collect()
}

/// The plan that comes into force before batch number `batch` of `count`, if one does: in the last third
/// of a script a slot is closed, so that it can be cleared.
#[must_use]
pub fn plan_before(batch: usize, count: usize) -> Option<CampaignPlan> {
    let mut campaign = scene::campaign();
    let closing = campaign.slots.iter_mut().find(|slot| slot.id.as_str() == CLOSING);
    closing.expect("the scene has the slot").closed = true;
    (batch == closes_before(count)).then(|| CampaignPlan::new(campaign).expect("a plan"))
}

const fn closes_before(count: usize) -> usize {
    count * 2 / 3
}

struct Writer<'a> {
    entropy: &'a dyn Entropy,
    written: Vec<Command>,
    /// How many holds and bookings have been asked for.
    number: u32,
    is_rush: bool,
    /// Whether a slot is closed by now.
    is_closing: bool,
}

impl Writer<'_> {
    fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.entropy.u64() % u64::from(bound)).expect("below a u32")
    }

    /// Something asked for before, or nearly so.
    fn earlier(&mut self) -> u32 {
        let back = self.below(12);
        self.number.saturating_sub(back)
    }

    fn pass(&mut self, now: Timestamp) -> PassGrant {
        let number = self.below(PASSES);
        let seats = 1 + u8::try_from(number % 4).expect("at most 3");
        // Passes are replaced from time to time, as their holders come back.
        let generation = u32::try_from(now.since(scene::OPENING).as_secs() / 900).expect("small");
        let issued_at = scene::at(u64::from(generation) * 900);
        scene::grant(generation * PASSES + number, seats, issued_at)
    }

    /// A booking that was asked for lately: with a number taken at random hardly anything would ever come of
    /// what people do with their own.
    fn booked_lately(&mut self) -> u32 {
        let back = self.below(6) as usize;
        let mut asked = self.written.iter().rev().filter_map(|earlier| match earlier {
            Command::BookSlot(BookSlot { registration, .. })
            | Command::BookHold(BookHold { registration, .. }) => Some(registration.booking),
            _ => None,
        });
        asked.nth(back).map_or(0, scene::number_of)
    }

    /// Mostly a new key, sometimes one used before, for another request.
    fn key(&mut self) -> Idempotency {
        let number = if self.below(20) == 0 { self.earlier() } else { self.number };
        let mut key = scene::key(number, 0);
        key.fingerprint[..4].copy_from_slice(&self.number.to_be_bytes());
        key
    }

    /// Mostly a new command, sometimes one that was carried out before.
    fn command(&mut self, now: Timestamp) -> Command {
        let back = self.below(20) as usize;
        if self.below(8) == 0 && back < self.written.len() {
            return self.written[self.written.len() - 1 - back].clone();
        }
        let mut command = self.new_command(now);
        self.leave_to_a_holder(&mut command);
        self.leave_to_who_booked(&mut command);
        self.written.push(command.clone());
        command
    }

    /// What is done with a hold is mostly done with a recent one by its holder: under a pass taken at
    /// random hardly anything would ever come of it.
    fn leave_to_a_holder(&mut self, command: &mut Command) {
        let (Command::BookHold(BookHold { pass, hold, .. })
        | Command::BookGroup(BookGroup { pass, hold, .. })
        | Command::RenewHold(RenewHold { pass, hold, .. })
        | Command::ReleaseHold(ReleaseHold { pass, hold })) = command
        else {
            return;
        };
        let (is_a_stranger, back) = (self.below(8) == 0, self.below(6) as usize);
        let mut holds = self.written.iter().rev().filter_map(|earlier| {
            if let Command::Hold(held) = earlier { Some(held) } else { None }
        });
        if let Some(held) = holds.nth(back)
            && !is_a_stranger
        {
            (*pass, *hold) = (held.pass.clone(), held.hold);
        }
    }

    /// Likewise a booking is mostly corrected under the pass that made it.
    fn leave_to_who_booked(&mut self, command: &mut Command) {
        let Command::CorrectPerson(CorrectPerson { pass, booking, .. }) = command else { return };
        let (is_a_stranger, back) = (self.below(8) == 0, self.below(6) as usize);
        let mut bookings = self.written.iter().rev().filter_map(|earlier| match earlier {
            Command::BookSlot(BookSlot { pass, registration, .. })
            | Command::BookHold(BookHold { pass, registration, .. }) => Some((pass, registration)),
            _ => None,
        });
        if let Some((by, registration)) = bookings.nth(back)
            && !is_a_stranger
        {
            (*pass, *booking) = (by.clone(), registration.booking);
        }
    }

    /// One to three persons, some of them named twice.
    fn group(&mut self, pass: &PassGrant, person: u32, key: Idempotency) -> Command {
        let (hold, number) = (self.earlier(), self.number);
        let others = self.below(3);
        let others = (0..others).map(|_| self.below(PERSONS));
        let persons: Vec<u32> = std::iter::once(person).chain(others).collect();
        // Each booking has a number of its own.
        self.number += u32::try_from(persons.len() - 1).expect("at most 2");
        scene::book_group(pass, hold, number, &persons, key)
    }

    /// What people do with their own bookings.
    fn own_booking(&mut self, kind: u32, person: u32, key: Idempotency) -> Command {
        let booking = self.booked_lately();
        match kind {
            47 | 48 => scene::rotate(booking, 1 + self.below(2), key),
            49..=51 => scene::change_contact(booking, person, self.below(4) / 3, key),
            52 => scene::erase(booking, key),
            54 | 55 => scene::open_car(booking, self.below(CARS)),
            _ => scene::ask_link(booking),
        }
    }

    /// What mostly takes a place of the slot that closes.
    fn clearing(&mut self, move_to: &str) -> Command {
        let back = self.below(24) as usize;
        let taken_by = self.written.iter().rev().filter_map(|earlier| match earlier {
            Command::BookSlot(BookSlot { registration, slot, .. }) if slot.as_str() == CLOSING => {
                Some(TakenBy::Booking(registration.booking))
            }
            Command::BookHold(BookHold { registration, .. }) => {
                Some(TakenBy::Booking(registration.booking))
            }
            Command::BookGroup(BookGroup { members, .. }) => {
                Some(TakenBy::Booking(members.last()?.registration.booking))
            }
            Command::Hold(HoldSeats { hold, pass, slot, .. }) if slot.as_str() == CLOSING => {
                Some(TakenBy::Hold { hold: *hold, pass_id: pass.pass_id })
            }
            _ => None,
        });
        let mut taken_by = taken_by.skip(back);
        let taken_by = taken_by.next().unwrap_or(TakenBy::Booking(scene::booking_id(0)));
        let is_moved = self.below(2) == 0;
        scene::clear_place(CLOSING, taken_by, is_moved.then_some(move_to))
    }

    fn new_command(&mut self, now: Timestamp) -> Command {
        self.number += 1;
        let number = self.number;
        let pass = self.pass(now);
        let person = self.below(PERSONS);
        let slot = ["a", "b", "c", "c", "c", "nowhere"][self.below(6) as usize];
        let key = self.key();
        let binding = match self.below(8) {
            0 => BindingCheck::Differs,
            1 => BindingCheck::Matches,
            _ => BindingCheck::Unbound,
        };
        let kind = match self.below(20) {
            0..=14 if self.is_rush => 16,
            15..=17 if self.is_rush => 22,
            0..=7 if self.is_closing => 60,
            _ => self.below(60),
        };
        let command = match kind {
            0..=7 => {
                let seats = u8::try_from(self.below(6)).expect("small");
                scene::hold(&pass, slot, seats, number, key)
            }
            8..=15 => {
                let hold = self.earlier();
                scene::book_hold(&pass, hold, number, person, key)
            }
            16..=21 => scene::book_slot(&pass, slot, number, person, key),
            22..=25 | 58 => scene::cancel(self.earlier(), key),
            26..=29 | 53 | 59 => scene::renew(&pass, self.earlier(), key),
            30 | 31 => scene::release(&pass, self.earlier()),
            32 | 33 => scene::sweep(1 + self.below(3)),
            34 | 35 => scene::correct(&pass, self.earlier(), person, key),
            36..=38 => scene::move_booking(self.booked_lately(), slot, key),
            39 | 40 => scene::end_pass(&pass),
            41..=46 => self.group(&pass, person, key),
            47..=57 => self.own_booking(kind, person, key),
            _ => self.clearing(slot),
        };
        let command = scene::bound(command, binding);
        if self.below(6) == 0 { scene::in_car(command, self.below(CARS)) } else { command }
    }
}
