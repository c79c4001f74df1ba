//! What everybody reads and hears, while the store is in trouble.

use super::*;

/// P20: a campaign whose rows cannot be read keeps its old count; the others get new ones.
#[tokio::test]
async fn a_broken_campaign_makes_no_other_view_old() {
    let Service { store, clock, bookings } = service(BookingsLimits::default()).await;
    store.reads(|what| (what == "rehearsal").then_some(Trouble::Broken));
    clock.set(scene::at(60));
    bookings.refresh(Look::Campaigns).await.expect("the others answer");
    let counted = |name: &str| {
        bookings.view().campaign(&scene::slot(name)).expect("known").availability.as_of
    };
    assert_eq!((counted(OTHER), counted("rehearsal")), (scene::at(60), scene::at(0)));
    store.reads(|_| None);
    bookings.refresh(Look::Campaigns).await.expect("answers");
    assert_eq!(counted("rehearsal"), scene::at(60));
}

/// Whoever is overrun by readers tells them to come again, and is as ready as before: 400 readers of
/// one booking once took the instance out of service.
#[tokio::test]
async fn too_many_readers_are_no_unreadiness() {
    let limits = BookingsLimits { reads_max: 3, ..BookingsLimits::default() };
    let Service { store, bookings, .. } = service(limits).await;
    store.reads(|_| Some(Trouble::Silent));
    let read = || {
        let bookings = Arc::clone(&bookings);
        tokio::spawn(async move { bookings.booking(scene::booking_id(1), "token").await })
    };
    let _hanging: Vec<_> = (0..3).map(|_| read()).collect();
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
    assert_eq!(read().await.expect("joined"), Err(Failure::Overloaded));
    assert_eq!(bookings.ready().await, Ok(()));
}

/// P19: a departure is told though its own batch was never answered, and nobody repeats it.
#[tokio::test]
async fn a_departure_is_told_though_its_answer_was_lost() {
    let Service { store, clock, bookings } = service(BookingsLimits::default()).await;
    let left = pass("rehearsal", 1);
    store.batches(|_| Some(Trouble::Unanswered));
    assert_eq!(bookings.end_pass(left.clone()).await, Err(Failure::Unavailable));
    store.batches(|_| None);
    let told = async || bookings.report(&left.campaign).await.expect("fresh").departures;
    for (seconds, departures) in [(29, vec![]), (30, vec![left.pass_id]), (61, vec![])] {
        clock.set(scene::at(seconds));
        bookings.refresh(Look::Places).await.expect("answers");
        assert_eq!(told().await, departures, "after {seconds} s");
    }
}

/// Two hundred campaigns that are over once cost as much as two hundred that are not: four statements a second each.
#[tokio::test]
async fn a_campaign_that_has_closed_is_seldom_looked_at() {
    let Service { store, clock, bookings } = service(BookingsLimits::default()).await;
    let mut campaign = Campaign { id: scene::slot(OTHER), ..scene::campaign() };
    campaign.closes_at = scene::at(60);
    let plan = CampaignPlan::new(campaign).expect("a plan");
    store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
    let counted = |name: &str| {
        bookings.view().campaign(&scene::slot(name)).expect("known").availability.as_of
    };
    for (second, look, expected) in [
        (59, Look::Campaigns, 59),
        // It has closed; that is seen once, also where nobody reads the definitions.
        (61, Look::Places, 61),
        (62, Look::Places, 61),
        (63, Look::Campaigns, 61),
        (64, Look::Everything, 64),
        (65, Look::Places, 64),
    ] {
        clock.set(scene::at(second));
        bookings.refresh(look).await.expect("answers");
        assert_eq!(counted(OTHER), scene::at(expected), "at {second}");
        assert_eq!(counted("rehearsal"), scene::at(second));
    }
    let swept = async |closed_too| {
        let before = store.sizes().len();
        bookings.sweep(9, closed_too).await;
        store.sizes().len() - before
    };
    assert_eq!((swept(false).await, swept(true).await), (1, 2));
    // Another definition is looked at at once.
    store
        .apply_campaign(
            &CampaignPlan::new(Campaign { id: scene::slot(OTHER), ..scene::campaign() })
                .expect("a plan"),
            scene::at(65),
        )
        .await
        .expect("applies");
    bookings.refresh(Look::Campaigns).await.expect("answers");
    assert_eq!(counted(OTHER), scene::at(65));
    clock.set(scene::at(66));
    bookings.refresh(Look::Places).await.expect("answers");
    assert_eq!(counted(OTHER), scene::at(66));
}
