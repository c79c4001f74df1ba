//! What came of a command. Expected refusals are variants, never errors.
//!
//! A refused command has had no effect and is decided anew when it is repeated. An effect is
//! recorded under its idempotency key as [`Recorded`], which holds neither secrets nor personal
//! data: who repeats a registration sends the person again (the fingerprint proves it is the same
//! one), and the manage token is derived from the booking's id.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::batch::command::{BookingCode, BookingId, HoldId, PassGrant};
use crate::batch::state::{Hold, HoldState};
use crate::campaign::{Campaign, SiteId, SlotId};

/// What came of one command; the variant is that of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Of [`crate::Command::Hold`].
    Hold(HoldOutcome),
    /// Of [`crate::Command::RenewHold`].
    RenewHold(RenewOutcome),
    /// Of [`crate::Command::ReleaseHold`].
    ReleaseHold(ReleaseOutcome),
    /// Of [`crate::Command::BookHold`].
    BookHold(BookHoldOutcome),
    /// Of [`crate::Command::BookSlot`].
    BookSlot(BookSlotOutcome),
    /// Of [`crate::Command::EndPass`].
    EndPass(EndPassOutcome),
    /// Of [`crate::Command::CancelBooking`].
    CancelBooking(CancelOutcome),
    /// Of [`crate::Command::ReleaseExpiredHolds`].
    ExpiredHoldsReleased,
}

/// What came of holding seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// The seats are kept.
    Held(HoldFacts),
    /// There is no such campaign.
    CampaignNotFound,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality.
    NotEligible,
    /// The pass has expired.
    PassExpired,
    /// The pass was given back.
    PassEnded,
    /// The campaign has no such slot.
    SlotNotFound,
    /// The slot has not as many places now.
    SlotFull {
        /// Places it has.
        places_left: u32,
    },
    /// The pass has not as many seats left.
    PassExhausted {
        /// Seats it has left.
        seats_left: u8,
    },
    /// A hold has between 1 and so many seats.
    SeatsOutOfRange {
        /// The most.
        seats_max: u8,
    },
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// What came of renewing a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenewOutcome {
    /// The time of the hold has started again.
    Renewed(HoldFacts),
    /// The pass has no such hold.
    HoldNotFound,
    /// The hold is booked, released or expired.
    HoldEnded,
    /// The pass was given back: the hold may be booked on or released as long as it lasts.
    PassEnded,
    /// The hold was renewed as often as allowed, or cannot last longer than it does.
    NotRenewable,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// What came of releasing a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// The seats are free, now or since an earlier release or expiry.
    Released,
    /// The pass has no such hold.
    HoldNotFound,
    /// Every seat is booked: there is nothing to release.
    HoldBooked,
}

/// What came of registering a person onto a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookHoldOutcome {
    /// The person has a place.
    Booked(Booked),
    /// The pass has no such hold.
    HoldNotFound,
    /// The hold is fully booked, released or expired.
    HoldEnded,
    /// The pass is bound to somebody else, who has to be booked first.
    PersonNotOfPass,
    /// The person has an active booking in this campaign.
    AlreadyBooked,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// What came of holding and booking in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookSlotOutcome {
    /// The person has a place.
    Booked(Booked),
    /// There is no such campaign.
    CampaignNotFound,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality.
    NotEligible,
    /// The pass has expired.
    PassExpired,
    /// The pass was given back.
    PassEnded,
    /// The campaign has no such slot.
    SlotNotFound,
    /// The slot has no place now.
    SlotFull,
    /// All seats of the pass are used.
    PassExhausted,
    /// The pass is bound to somebody else, who has to be booked first.
    PersonNotOfPass,
    /// The person has an active booking in this campaign.
    AlreadyBooked,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// What came of giving a pass back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndPassOutcome {
    /// Nothing new can begin with it, now or since earlier.
    Ended,
    /// There is no such campaign.
    CampaignNotFound,
}

/// What came of a cancellation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The place is free again.
    Cancelled(Cancelled),
    /// There is no such booking.
    BookingNotFound,
    /// The token is not that of the booking.
    TokenInvalid,
    /// The booking was cancelled before, by another request.
    AlreadyCancelled,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of a hold at the time of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldFacts {
    /// The hold.
    pub hold: HoldId,
    /// Its slot.
    pub slot: SlotId,
    /// Seats kept.
    pub seats: u8,
    /// Seats with a person registered.
    pub seats_booked: u8,
    /// When the other seats are released.
    pub expires_at: Timestamp,
    /// How often it was renewed.
    pub renewals: u8,
    /// Whether a renewal would make it last longer at some time.
    pub renewable: bool,
}

impl HoldFacts {
    /// The facts of `hold`, made in `campaign` under `pass`.
    #[must_use]
    pub fn of(hold: &Hold, campaign: &Campaign, pass: &PassGrant) -> Self {
        let latest = pass.expires_at.min(campaign.closes_at);
        Self {
            hold: hold.id,
            slot: hold.slot.clone(),
            seats: hold.seats,
            seats_booked: hold.seats_booked,
            expires_at: hold.expires_at,
            renewals: hold.renewals,
            renewable: hold.state == HoldState::Active
                && hold.renewals < campaign.rules.hold_renewals_max
                && hold.expires_at < latest,
        }
    }
}

/// The facts of a new booking, without the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// The booking.
    pub booking: BookingId,
    /// What is shown at the gate.
    pub code: BookingCode,
    /// The slot.
    pub slot: SlotId,
    /// Its site.
    pub site: SiteId,
    /// From.
    pub starts_at: Timestamp,
    /// Until.
    pub ends_at: Timestamp,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// Whether every seat of the hold has its person now; always so when booked in one step.
    pub hold_complete: bool,
}

/// The facts of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    /// The booking.
    pub booking: BookingId,
    /// When.
    pub cancelled_at: Timestamp,
}

/// An effect as recorded under its idempotency key, for the same reply to a repeat.
///
/// Its JSON is part of the stored data: fields may be added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Recorded {
    /// Seats were held.
    Held(HoldFacts),
    /// A hold was renewed.
    Renewed(HoldFacts),
    /// A person was booked.
    Booked(Booked),
    /// A booking was cancelled.
    Cancelled(Cancelled),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scene;

    #[test]
    fn what_was_recorded_years_ago_can_still_be_read() {
        let booked = Recorded::Booked(Booked {
            booking: scene::booking_id(1),
            code: "SP3ZER21".parse().expect("a code"),
            slot: scene::slot("a"),
            site: scene::slot("north"),
            starts_at: scene::at(0),
            ends_at: scene::at(600),
            booked_at: scene::at(1),
            hold_complete: true,
        });
        let held = Recorded::Held(HoldFacts {
            hold: scene::hold_id(1),
            slot: scene::slot("a"),
            seats: 2,
            seats_booked: 0,
            expires_at: scene::at(480),
            renewals: 0,
            renewable: true,
        });
        let cancelled = Recorded::Cancelled(Cancelled {
            booking: scene::booking_id(1),
            cancelled_at: scene::at(2),
        });
        let stored = [
            (
                booked,
                r#"{"effect":"booked","booking":"booking_00000001030303030303030303030303","code":"SP3ZER21","slot":"a","site":"north","starts_at":"2021-06-14T06:00:00.000Z","ends_at":"2021-06-14T06:10:00.000Z","booked_at":"2021-06-14T06:00:01.000Z","hold_complete":true}"#,
            ),
            (
                held,
                r#"{"effect":"held","hold":"hold_00000001020202020202020202020202","slot":"a","seats":2,"seats_booked":0,"expires_at":"2021-06-14T06:08:00.000Z","renewals":0,"renewable":true}"#,
            ),
            (
                cancelled,
                r#"{"effect":"cancelled","booking":"booking_00000001030303030303030303030303","cancelled_at":"2021-06-14T06:00:02.000Z"}"#,
            ),
        ];
        for (effect, json) in stored {
            assert_eq!(serde_json::to_string(&effect).expect("JSON"), json);
            assert_eq!(serde_json::from_str::<Recorded>(json).expect("readable"), effect);
        }
    }
}
