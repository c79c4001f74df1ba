//! Which messages follow from which event. Pure.

use kernel::{CampaignId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{MessageId, Subscription};
use crate::event::chain::Link;
use crate::event::{Event, What};

macro_rules! message_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)+) => {
        /// What a message tells. Kinds are added; none is ever renamed or removed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum MessageKind {
            $($(#[$doc])* $kind,)+
        }

        impl MessageKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name: the `type` of the message.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

message_kinds! {
    /// A person has a place.
    BookingCreated = "booking.created",
    /// A booking is in another slot.
    BookingMoved = "booking.moved",
    /// A booking is for somebody else, or their data are others.
    BookingCorrected = "booking.corrected",
    /// A booking was cancelled.
    BookingCancelled = "booking.cancelled",
    /// Places of a slot are not taken any more.
    SlotPlacesFreed = "slot.places_freed",
    /// A person waits for a place that comes back.
    WaitlistJoined = "waitlist.joined",
    /// A person does not wait any more.
    WaitlistLeft = "waitlist.left",
    /// Somebody who waits is offered a place.
    WaitlistOfferMade = "waitlist.offer_made",
    /// An offer has become a booking.
    WaitlistOfferAccepted = "waitlist.offer_accepted",
    /// Somebody does not want the place that was offered.
    WaitlistOfferDeclined = "waitlist.offer_declined",
    /// The deadline of an offer has passed.
    WaitlistOfferExpired = "waitlist.offer_expired",
    /// An offer is not good any more.
    WaitlistOfferWithdrawn = "waitlist.offer_withdrawn",
    /// Another definition of the campaign is in force, or its first one.
    CampaignChanged = "campaign.changed",
    /// The campaign is gone.
    CampaignRemoved = "campaign.removed",
    /// Nothing is left of any person in the campaign.
    CampaignPurged = "campaign.purged",
}

impl MessageKind {
    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// A delivery to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// What its message is known by.
    pub id: MessageId,
    /// What it tells.
    pub kind: MessageKind,
    /// The JSON that is sent.
    pub body: String,
    /// When what it tells has happened.
    pub made_at: Timestamp,
}

/// The deliveries that follow for an endpoint from the events of a link after number `after`. Events that only a later program
/// knows are passed over. O(text of the link).
#[must_use]
pub fn follow(link: &Link, after: u64, subscription: &Subscription) -> Vec<NewDelivery> {
    let events = link.read_known();
    let later = events.iter().filter(|event| event.number > after);
    later.filter_map(|event| of_event(&link.campaign, event, subscription)).collect()
}

/// The document, as Standard Webhooks has it.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: Value,
}

fn of_event(
    campaign: &CampaignId,
    event: &Event,
    subscription: &Subscription,
) -> Option<NewDelivery> {
    let (kind, mut data) = told(&event.what)?;
    if !subscription.kinds.contains(&kind) {
        return None;
    }
    data["campaign"] = json!(campaign);
    data["number"] = json!(event.number);
    let document = Document { r#type: kind.as_str(), timestamp: event.at, data };
    let body = serde_json::to_string(&document).expect("a message has a JSON");
    let id = MessageId { campaign: campaign.clone(), number: event.number };
    Some(NewDelivery { id, kind, body, made_at: event.at })
}

/// What others are told, if anything. Passes and holds are between a citizen and the booking API.
fn told(what: &What) -> Option<(MessageKind, Value)> {
    use MessageKind as Kind;
    let told = match what {
        What::Booked { booking, slot, .. } => {
            (Kind::BookingCreated, json!({"booking": booking, "slot": slot}))
        }
        What::Moved { booking, from, to } => {
            (Kind::BookingMoved, json!({"booking": booking, "from": from, "to": to}))
        }
        What::PersonCorrected { booking } => (Kind::BookingCorrected, json!({"booking": booking})),
        What::Cancelled { booking, slot } => {
            (Kind::BookingCancelled, json!({"booking": booking, "slot": slot}))
        }
        What::PlacesFreed { slot, places } => {
            (Kind::SlotPlacesFreed, json!({"slot": slot, "places": places}))
        }
        What::WaitlistJoined { entry, .. } => (Kind::WaitlistJoined, json!({"entry": entry})),
        What::WaitlistLeft { entry, booking } => {
            (Kind::WaitlistLeft, json!({"entry": entry, "booking": booking}))
        }
        What::OfferMade { offer, entry, slot, expires_at } => (
            Kind::WaitlistOfferMade,
            json!({"offer": offer, "entry": entry, "slot": slot, "expires_at": expires_at}),
        ),
        What::OfferAccepted { offer, entry, booking, slot } => (
            Kind::WaitlistOfferAccepted,
            json!({"offer": offer, "entry": entry, "booking": booking, "slot": slot}),
        ),
        What::OfferDeclined { offer, entry } => {
            (Kind::WaitlistOfferDeclined, json!({"offer": offer, "entry": entry}))
        }
        What::OfferExpired { offer, entry } => {
            (Kind::WaitlistOfferExpired, json!({"offer": offer, "entry": entry}))
        }
        What::OfferWithdrawn { offer, entry } => {
            (Kind::WaitlistOfferWithdrawn, json!({"offer": offer, "entry": entry}))
        }
        What::CampaignChanged { revision } => {
            (Kind::CampaignChanged, json!({"revision": revision}))
        }
        What::CampaignRemoved { revision, bookings } => {
            (Kind::CampaignRemoved, json!({"revision": revision, "bookings": bookings}))
        }
        What::CampaignPurged => (Kind::CampaignPurged, json!({})),
        What::SeatsHeld { .. }
        | What::HoldRenewed { .. }
        | What::HoldEnded { .. }
        | What::ContactChanged { .. }
        | What::PersonErased { .. }
        | What::TokenRotated { .. }
        | What::CarOpened { .. }
        | What::LinkAsked { .. }
        | What::PassEnded { .. }
        | What::PassUsedUp { .. } => return None,
    };
    Some(told)
}

#[cfg(test)]
mod tests;
