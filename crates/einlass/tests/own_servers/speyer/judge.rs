//! What has to be true at the end, by what people were told and by what is in the database.

use std::collections::HashSet;

use booking::{Availability, SlotKey, TakenBy};
use futures_util::{StreamExt as _, stream};
use test_support::eventually;

use crate::citizen::send;
use crate::speyer::SOON;
use crate::speyer::people::{Booking, Citizens};
use crate::speyer::town::{CAMPAIGN, Speyer};

/// The places as they are in the database.
pub async fn availability(town: &Speyer) -> Availability {
    let campaign = CAMPAIGN.parse().expect("a name");
    let found = town.store.availability(&campaign, town.now().await).await.expect("it answers");
    found.expect("the campaign is in force")
}

/// Every place was given, each once; what people were told is what is in the database, no more and no less; and whoever has
/// an address knows how the letter stands.
pub async fn assert_every_place_was_given_once(town: &Speyer, people: &Citizens) {
    let told: HashSet<(&str, &str)> =
        people.booked().map(|(_, booking)| (booking.slot.as_str(), booking.id.as_str())).collect();
    let places = town.cast.of(3_500);
    assert_eq!(
        (told.len(), people.booked().count()),
        (places, places),
        "no booking is two persons'"
    );
    let both = people.waiting().filter(|citizen| citizen.booking.is_some()).count();
    assert_eq!(both, 0, "nobody waits beside a booking");
    let availability = availability(town).await;
    assert_eq!((availability.slots.len(), availability.places_left()), (84, 0));
    let mut bookings = 0;
    for slot in &availability.slots {
        let key = SlotKey { campaign: CAMPAIGN.parse().expect("a name"), slot: slot.slot.clone() };
        let used = town.store.slot_use(&key, slot.capacity).await.expect("it answers");
        assert_eq!((u64::from(used.taken), used.holds, used.reserved), (used.bookings, 0, 0));
        assert!(used.taken <= slot.released && slot.released <= slot.capacity, "P1: {key:?}");
        for taken_by in used.page {
            let TakenBy::Booking(id) = taken_by else { panic!("{taken_by:?}") };
            assert!(told.contains(&(slot.slot.as_str(), id.to_string().as_str())), "P2: {id}");
            bookings += 1;
        }
    }
    assert_eq!(bookings, told.len(), "P2");
    let addressed = people.booked().filter(|(citizen, _)| citizen.has_address());
    let shown = addressed.map(|(_, booking)| assert_as_told(town, booking));
    stream::iter(shown).buffer_unordered(24).collect::<Vec<()>>().await;
}

/// The booking is shown as it was told, and its letter was sent.
async fn assert_as_told(town: &Speyer, booking: &Booking) {
    let own = town.api(&format!("/bookings/{}", booking.id));
    let read = async || send(town.client.get(&own).bearer_auth(&booking.token)).await;
    let shown = read().await;
    assert_eq!(shown.status, 200, "P2: {shown:?}");
    let told = [&booking.id, &booking.code, &booking.slot];
    assert_eq!(["id", "code", "slot"].map(|name| shown.text(name)), told.map(String::as_str));
    assert_eq!(shown.text("status"), "confirmed");
    eventually("its letter is sent", SOON, async || read().await.body["mail"]["state"] == "sent")
        .await;
}
