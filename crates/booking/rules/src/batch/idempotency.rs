//! One key, one effect, one reply, however often it is repeated (P3).

use kernel::{CampaignId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Decision;
use crate::booking::{
    Booked, BookingId, Cancelled, ContactChanged, Corrected, Erased, Moved, TokenRotated,
};
use crate::hold::RecordedHold;
use crate::secrets::key_of_member;
use crate::waitlist::Joined;

/// The key under which a command takes effect at most once (P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Idempotency {
    /// SHA-256 of the scope (the pass, or the booking for a cancellation) and the client's key.
    pub key: [u8; 32],
    /// HMAC-SHA256 of what was asked; a repeat with another one is refused. It is keyed because a
    /// name and a date of birth could be guessed from a plain hash.
    pub fingerprint: [u8; 32],
}

impl Idempotency {
    /// The key of one booking of a request that asks for several. The first has the request's own, so
    /// that any other use of it is noticed.
    #[must_use]
    pub fn of_member(&self, member: usize) -> Self {
        if member == 0 {
            return *self;
        }
        Self { key: key_of_member(&self.key, member), ..*self }
    }
}

/// An effect that was recorded under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The key, see [`Idempotency::key`].
    pub key: [u8; 32],
    /// What was asked, see [`Idempotency::fingerprint`].
    pub fingerprint: [u8; 32],
    /// The campaign.
    pub campaign: CampaignId,
    /// When.
    pub recorded_at: Timestamp,
    /// What came of it.
    pub effect: Recorded,
}

/// An effect as recorded under its idempotency key, for the same reply to a repeat.
///
/// It holds neither secrets nor personal data: who repeats a registration sends the person again
/// (the fingerprint proves it is the same one), and the manage token is derived from the booking's
/// id. Its JSON is part of the stored data: fields may be added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Recorded {
    /// Seats were held.
    Held(RecordedHold),
    /// A hold was renewed.
    Renewed(RecordedHold),
    /// A person was booked.
    Booked(Booked),
    /// A booking was cancelled.
    Cancelled(Cancelled),
    /// A booking was moved to another slot.
    Moved(Moved),
    /// The person of a booking was corrected.
    Corrected(Corrected),
    /// A person joined a waitlist.
    Joined(Joined),
    /// How the person of a booking is reached was changed.
    ContactChanged(ContactChanged),
    /// Who a booking was for was erased.
    Erased(Erased),
    /// A booking got another token.
    TokenRotated(TokenRotated),
}

impl Recorded {
    /// The booking that was made.
    #[must_use]
    pub fn booking(&self) -> Option<BookingId> {
        match self {
            Self::Booked(booked) => Some(booked.booking),
            Self::Held(_)
            | Self::Renewed(_)
            | Self::Cancelled(_)
            | Self::Moved(_)
            | Self::Corrected(_)
            | Self::Joined(_)
            | Self::ContactChanged(_)
            | Self::Erased(_)
            | Self::TokenRotated(_) => None,
        }
    }
}

/// What an idempotency key has been used for.
pub(crate) enum Earlier {
    /// Nothing yet.
    Nothing,
    /// The same request, with this effect.
    Same(Recorded),
    /// Another request.
    Other,
}

impl Decision {
    /// What the key of this request has been used for.
    pub(crate) fn earlier(&self, idempotency: &Idempotency) -> Earlier {
        match self.state.records.get(&idempotency.key) {
            None => Earlier::Nothing,
            Some(record) if record.fingerprint == idempotency.fingerprint => {
                Earlier::Same(record.effect.clone())
            }
            Some(_) => Earlier::Other,
        }
    }

    /// Records an effect. A refusal is not recorded: it is decided anew.
    pub(crate) fn record(
        &mut self,
        idempotency: &Idempotency,
        campaign: &CampaignId,
        effect: Recorded,
    ) {
        let record = IdempotencyRecord {
            key: idempotency.key,
            fingerprint: idempotency.fingerprint,
            campaign: campaign.clone(),
            recorded_at: self.now,
            effect,
        };
        self.state.records.insert(record.key, record.clone());
        self.touched.records.push(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scene;
    use crate::hold::{EarlierHoldFacts, HoldFacts};

    #[track_caller]
    fn assert_stored(effects: &[(Recorded, &str)]) {
        for (effect, json) in effects {
            assert_eq!(serde_json::to_string(effect).expect("JSON"), *json);
            assert_eq!(serde_json::from_str::<Recorded>(json).expect("readable"), *effect);
        }
    }

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
            pass_used_up: true,
            cancelled_at: None,
            token_generation: 0,
            car: None,
        });
        let cancelled = Recorded::Cancelled(Cancelled {
            booking: scene::booking_id(1),
            cancelled_at: scene::at(2),
        });
        let moved = Recorded::Moved(Moved {
            booking: scene::booking_id(1),
            slot: scene::slot("b"),
            site: scene::slot("south"),
            starts_at: scene::at(0),
            ends_at: scene::at(600),
        });
        let corrected = Recorded::Corrected(Corrected { booking: scene::booking_id(1) });
        let joined = Recorded::Joined(Joined {
            entry: scene::waitlist::entry_id(1),
            number: 330,
            joined_at: scene::at(3),
            pass_used_up: true,
        });
        assert_stored(&[
            (
                joined,
                r#"{"effect":"joined","entry":"wait_00000001080808080808080808080808","number":330,"joined_at":"2021-06-14T06:00:03.000Z","pass_used_up":true}"#,
            ),
            (
                corrected,
                r#"{"effect":"corrected","booking":"booking_00000001030303030303030303030303"}"#,
            ),
            (
                booked,
                r#"{"effect":"booked","booking":"booking_00000001030303030303030303030303","code":"SP3ZER21","slot":"a","site":"north","starts_at":"2021-06-14T06:00:00.000Z","ends_at":"2021-06-14T06:10:00.000Z","booked_at":"2021-06-14T06:00:01.000Z","pass_used_up":true}"#,
            ),
            (
                cancelled,
                r#"{"effect":"cancelled","booking":"booking_00000001030303030303030303030303","cancelled_at":"2021-06-14T06:00:02.000Z"}"#,
            ),
            (
                moved,
                r#"{"effect":"moved","booking":"booking_00000001030303030303030303030303","slot":"b","site":"south","starts_at":"2021-06-14T06:00:00.000Z","ends_at":"2021-06-14T06:10:00.000Z"}"#,
            ),
        ]);
    }

    #[test]
    fn what_was_recorded_of_ones_own_booking_can_still_be_read() {
        let booking = scene::booking_id(1);
        let given_back = Erased { booking, cancelled_at: Some(scene::at(2)) };
        assert_stored(&[
            (
                Recorded::ContactChanged(ContactChanged { booking }),
                r#"{"effect":"contact_changed","booking":"booking_00000001030303030303030303030303"}"#,
            ),
            (
                Recorded::Erased(Erased { booking, cancelled_at: None }),
                r#"{"effect":"erased","booking":"booking_00000001030303030303030303030303"}"#,
            ),
            (
                Recorded::Erased(given_back),
                r#"{"effect":"erased","booking":"booking_00000001030303030303030303030303","cancelled_at":"2021-06-14T06:00:02.000Z"}"#,
            ),
            (
                Recorded::TokenRotated(TokenRotated { booking, generation: 2 }),
                r#"{"effect":"token_rotated","booking":"booking_00000001030303030303030303030303","generation":2}"#,
            ),
        ]);
    }

    #[test]
    fn holds_recorded_years_ago_can_still_be_read() {
        let held_before_its_site_was_told =
            Recorded::Held(RecordedHold::Earlier(EarlierHoldFacts {
                hold: scene::hold_id(1),
                slot: scene::slot("a"),
                seats: 2,
                seats_booked: 0,
                expires_at: scene::at(480),
                renewals: 0,
                renewable: true,
            }));
        let renewed = Recorded::Renewed(RecordedHold::Whole(HoldFacts {
            hold: scene::hold_id(1),
            slot: scene::slot("a"),
            site: scene::slot("north"),
            starts_at: scene::at(0),
            ends_at: scene::at(600),
            seats: 2,
            seats_booked: 0,
            expires_at: scene::at(480),
            renewals: 1,
            renewable: false,
            seats_left: 1,
        }));
        assert_stored(&[
            (
                renewed,
                r#"{"effect":"renewed","hold":"hold_00000001020202020202020202020202","slot":"a","site":"north","starts_at":"2021-06-14T06:00:00.000Z","ends_at":"2021-06-14T06:10:00.000Z","seats":2,"seats_booked":0,"expires_at":"2021-06-14T06:08:00.000Z","renewals":1,"renewable":false,"seats_left":1}"#,
            ),
            (
                held_before_its_site_was_told,
                r#"{"effect":"held","hold":"hold_00000001020202020202020202020202","slot":"a","seats":2,"seats_booked":0,"expires_at":"2021-06-14T06:08:00.000Z","renewals":0,"renewable":true}"#,
            ),
        ]);
    }
}
