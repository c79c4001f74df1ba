//! What happens on waitlists.

use crate::contract::scene;
use crate::event::{Actor, What};

/// With the JSON that is in the databases.
pub(super) fn told() -> Vec<(Actor, What, &'static str)> {
    let (entry, offer) = (scene::waitlist::entry_id(1), scene::waitlist::offer_id(1));
    let (booking, slot) = (scene::booking_id(1), scene::slot("a"));
    let pass = scene::grant(1, 4, scene::at(0)).pass_id;
    let expires_at = scene::at(480);
    vec![
        (
            Actor::Pass(pass),
            What::WaitlistJoined { entry, number: 330 },
            r#""actor":{"pass":"00000001010101010101010101010101"},"what":"waitlist_joined","entry":"wait_00000001080808080808080808080808","entry_number":330}"#,
        ),
        (
            Actor::Entry(entry),
            What::WaitlistLeft { entry, booking: None },
            r#""actor":{"entry":"wait_00000001080808080808080808080808"},"what":"waitlist_left","entry":"wait_00000001080808080808080808080808"}"#,
        ),
        (
            Actor::Pass(pass),
            What::WaitlistLeft { entry, booking: Some(booking) },
            r#""actor":{"pass":"00000001010101010101010101010101"},"what":"waitlist_left","entry":"wait_00000001080808080808080808080808","booking":"booking_00000001030303030303030303030303"}"#,
        ),
        (
            Actor::Clock,
            What::OfferMade { offer, entry, slot: slot.clone(), expires_at },
            r#""actor":"clock","what":"offer_made","offer":"offer_00000001090909090909090909090909","entry":"wait_00000001080808080808080808080808","slot":"a","expires_at_ms":1623650880000}"#,
        ),
        (
            Actor::Entry(entry),
            What::OfferAccepted { offer, entry, booking, slot },
            r#""actor":{"entry":"wait_00000001080808080808080808080808"},"what":"offer_accepted","offer":"offer_00000001090909090909090909090909","entry":"wait_00000001080808080808080808080808","booking":"booking_00000001030303030303030303030303","slot":"a"}"#,
        ),
        (
            Actor::Entry(entry),
            What::OfferDeclined { offer, entry },
            r#""actor":{"entry":"wait_00000001080808080808080808080808"},"what":"offer_declined","offer":"offer_00000001090909090909090909090909","entry":"wait_00000001080808080808080808080808"}"#,
        ),
        (
            Actor::Clock,
            What::OfferExpired { offer, entry },
            r#""actor":"clock","what":"offer_expired","offer":"offer_00000001090909090909090909090909","entry":"wait_00000001080808080808080808080808"}"#,
        ),
        (
            Actor::Operator,
            What::OfferWithdrawn { offer, entry },
            r#""actor":"operator","what":"offer_withdrawn","offer":"offer_00000001090909090909090909090909","entry":"wait_00000001080808080808080808080808"}"#,
        ),
    ]
}
