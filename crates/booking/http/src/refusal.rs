//! Refusals that many endpoints share, and what is read from every request.

use booking::campaign::SlotId;
use booking::{BookingId, Failure, HoldId, OfferId, Unmet, WaitlistEntryId};
use kernel::CampaignId;
use serde_json::{Value, json};
use web::problem::jittered_s;
use web::{Code, Problem};

use crate::app::App;

/// When a client that was refused for lack of capacity comes back, at the earliest.
const RETRY_AFTER_S: u64 = 2;

web::path_parameter!(
    /// The campaign in the path.
    pub(crate) CampaignInPath(CampaignId) is "campaign", or CampaignNotFound;
    "The name of the campaign.", "speyer-2021-06-20"
);

web::path_parameter!(
    /// The hold in the path.
    pub(crate) HoldInPath(HoldId) is "hold", or HoldNotFound;
    "The id of the hold.", "hold_017a09a9b40070008000000000000001"
);

web::path_parameter!(
    /// The booking in the path.
    pub(crate) BookingInPath(BookingId) is "booking", or BookingNotFound;
    "The id of the booking.", "booking_017a09a9b40070008000000000000001"
);

web::path_parameter!(
    /// The entry of a waitlist in the path.
    pub(crate) EntryInPath(WaitlistEntryId) is "entry", or WaitlistEntryNotFound;
    "The id of the entry.", "wait_017a09a9b40070008000000000000001"
);

web::path_parameter!(
    /// The offer in the path.
    pub(crate) OfferInPath(OfferId) is "offer", or OfferNotFound;
    "The id of the offer.", "offer_017a09a9b40070008000000000000001"
);

/// The slot has fewer places than were asked for.
pub(crate) fn slot_full(places_left: u32) -> Problem {
    Problem::new(Code::SlotFull).with("places_left", places_left)
}

/// The campaign is not for residents of the pass's municipality.
pub(crate) fn not_eligible() -> Problem {
    Problem::new(Code::NotEligible).with("rule", "residence")
}

/// The person does not meet what the campaign asks of them.
pub(crate) fn unmet(unmet: Unmet) -> Problem {
    match unmet {
        Unmet::Rule(rule) => Problem::new(Code::NotEligible).with("rule", rule.name()),
        Unmet::Declarations(missing) => {
            let missing = missing.into_iter();
            let missing = missing.map(|of| json!({"id": of.id, "version": of.version}));
            let missing: Vec<Value> = missing.collect();
            Problem::new(Code::DeclarationMissing).with("declarations", missing)
        }
    }
}

/// The pass is for fewer seats than were asked for.
pub(crate) fn pass_exhausted(seats_left: u8) -> Problem {
    Problem::new(Code::PassExhausted).with("seats_left", seats_left)
}

/// The car comes in another slot.
pub(crate) fn car_at_another_time(slot: &SlotId) -> Problem {
    Problem::new(Code::CarAtAnotherTime).with("slot", slot.as_str())
}

/// The car has fewer seats than were asked for.
pub(crate) fn car_full(seats_left: u8) -> Problem {
    Problem::new(Code::CarFull).with("seats_left", seats_left)
}

impl App {
    /// What a client is told when a use case has no outcome.
    pub(crate) fn problem(&self, failure: Failure) -> Problem {
        match failure {
            Failure::Overloaded => self.try_again(Code::Overloaded),
            Failure::Unavailable => self.try_again(Code::Unavailable),
            // Jittered: many who repeat one request in step would collide for ever.
            Failure::RequestInProgress => {
                Problem::new(Code::RequestInProgress).retry_after_s(jittered_s(1, &*self.entropy))
            }
            Failure::Broken => Problem::internal(failure),
        }
    }

    /// The refusal of what may succeed a moment later.
    pub(crate) fn try_again(&self, code: Code) -> Problem {
        Problem::new(code).retry_after_s(jittered_s(RETRY_AFTER_S, &*self.entropy))
    }
}
