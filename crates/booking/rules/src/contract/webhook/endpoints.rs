//! Who is told what.

use super::{
    MessageKind, Subscription, WebhookStore, apply, book, cancel, everything, execute, follow,
    kept, lend, register, remove, scene, told, town,
};
use crate::store::BookingStore;

/// Nothing of what was before; then everything once, in order, and nothing that was refused (P19).
pub async fn an_endpoint_is_told_what_happens_from_now_on(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    apply(store).await;
    execute(store, &[book(1)], 10).await;
    let everything = everything("town");
    assert_eq!(webhooks.endpoint(&town()).await.expect("answers"), None);
    register(webhooks, "town", 15).await;
    assert_eq!(follow(webhooks, &everything).await, 0);
    let pass = scene::grant(2, 1, scene::at(0));
    let commands = [
        scene::book_slot(&pass, "b", 2, 2, scene::key(2, 0)),
        // That pass had one seat.
        scene::book_slot(&pass, "b", 3, 3, scene::key(3, 0)),
        scene::move_booking(2, "a", scene::key(4, 0)),
    ];
    for command in commands {
        execute(store, &[command], 20).await;
    }
    register(webhooks, "town", 25).await;
    assert_eq!(webhooks.news_for(&everything).await.expect("answers"), [scene::slot("rehearsal")]);
    let fresh = follow(webhooks, &everything).await;
    assert_eq!(webhooks.news_for(&everything).await.expect("answers"), []);
    assert_eq!(follow(webhooks, &everything).await, 0, "once");
    let deliveries = lend(webhooks, 1, scene::at(20), 10).await;
    assert_eq!(deliveries.len() as u64, fresh);
    let kinds: Vec<_> = deliveries.iter().map(|delivery| delivery.kind).collect();
    let expected =
        [MessageKind::BookingCreated, MessageKind::BookingMoved, MessageKind::SlotPlacesFreed];
    assert_eq!(kinds, expected);
    let first = &deliveries[0];
    assert_eq!((&first.endpoint, &first.id.campaign), (&town(), &scene::slot("rehearsal")));
    assert_eq!((first.made_at, first.attempts), (scene::at(20), 1));
    assert!(first.body.contains(&scene::booking_id(2).to_string()), "{}", first.body);
    let standing = webhooks.endpoint(&town()).await.expect("answers").expect("known");
    assert_eq!(standing.known_since, scene::at(15), "known once");

    // A campaign that is new is told from its beginning.
    register(webhooks, "earlier", 30).await;
    let mut other = scene::campaign();
    other.id = scene::slot("other");
    let plan = crate::campaign::CampaignPlan::new(other).expect("a plan");
    store.apply_campaign(&plan, scene::at(31)).await.expect("applies");
    let subscription = super::everything("earlier");
    assert_eq!(webhooks.news_for(&subscription).await.expect("answers"), [scene::slot("other")]);
    assert_eq!(follow(webhooks, &subscription).await, 1);
}

/// Each endpoint has its own, and its reader passes over what it does not want.
pub async fn an_endpoint_is_told_what_it_wants(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    apply(store).await;
    let some = Subscription { kinds: vec![MessageKind::BookingCancelled], ..everything("town") };
    let elsewhere =
        Subscription { campaigns: vec![scene::slot("other")], ..everything("elsewhere") };
    for endpoint in ["town", "elsewhere", "all"] {
        register(webhooks, endpoint, 0).await;
    }
    execute(store, &[book(1)], 10).await;
    execute(store, &[cancel(1)], 20).await;
    assert_eq!(webhooks.news_for(&elsewhere).await.expect("answers"), []);
    assert_eq!(follow(webhooks, &elsewhere).await, 0);
    assert_eq!(follow(webhooks, &everything("all")).await, 3);
    assert_eq!(follow(webhooks, &some).await, 1);
    assert_eq!(webhooks.news_for(&some).await.expect("answers"), []);
    let lent = lend(webhooks, 1, scene::at(20), 10).await;
    assert_eq!(told(&lent), [(3, MessageKind::BookingCancelled)], "of its own");
    let standings = webhooks.endpoints().await.expect("answers");
    let standings: Vec<_> =
        standings.iter().map(|standing| (standing.endpoint.as_str(), standing.waiting)).collect();
    assert_eq!(standings, [("all", 3), ("elsewhere", 0), ("town", 1)]);
}

/// A page holds some links, and how far they were followed is kept with their deliveries.
pub async fn deliveries_follow_page_by_page(store: &dyn BookingStore, webhooks: &dyn WebhookStore) {
    register(webhooks, "town", 0).await;
    apply(store).await;
    for booking in 1..=3 {
        execute(store, &[book(booking)], 10).await;
    }
    let (subscription, campaign) = (everything("town"), scene::slot("rehearsal"));
    let page = async |links_max| {
        let followed = webhooks.follow_for(&subscription, &campaign, links_max).await;
        let followed = followed.expect("the store answers");
        (followed.deliveries, followed.more)
    };
    // The first link tells that the campaign is in force.
    assert_eq!(page(2).await, (2, true));
    assert_eq!(page(100).await, (2, false));
    execute(store, &[book(4)], 20).await;
    assert_eq!(page(100).await, (1, false));
}

/// That a campaign is gone is told, and so is what happened in it before.
pub async fn a_removed_campaign_is_told(store: &dyn BookingStore, webhooks: &dyn WebhookStore) {
    apply(store).await;
    register(webhooks, "town", 0).await;
    execute(store, &[book(1)], 10).await;
    assert_eq!(follow(webhooks, &everything("town")).await, 1);
    execute(store, &[book(2)], 20).await;
    remove(store, 30).await;
    assert_eq!(follow(webhooks, &everything("town")).await, 2);
    let lent = lend(webhooks, 1, scene::at(30), 10).await;
    let kinds: Vec<_> = lent.iter().map(|delivery| delivery.kind).collect();
    let created = MessageKind::BookingCreated;
    assert_eq!(kinds, [created, created, MessageKind::CampaignRemoved]);
    // Who comes later is told nothing of it when it comes back.
    register(webhooks, "later", 40).await;
    store.apply_campaign(&scene::plan(), scene::at(50)).await.expect("applies");
    assert_eq!(follow(webhooks, &everything("later")).await, 1);
}

/// Also if nobody looked while it was in force; once.
pub async fn a_campaign_that_came_and_went_is_told(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    register(webhooks, "town", 0).await;
    apply(store).await;
    execute(store, &[book(1)], 10).await;
    remove(store, 20).await;
    let everything = everything("town");
    assert_eq!(webhooks.news_for(&everything).await.expect("answers"), [scene::slot("rehearsal")]);
    assert_eq!(follow(webhooks, &everything).await, 3);
    let lent = lend(webhooks, 1, scene::at(20), 10).await;
    let kinds: Vec<_> = lent.iter().map(|delivery| delivery.kind).collect();
    let expected =
        [MessageKind::CampaignChanged, MessageKind::BookingCreated, MessageKind::CampaignRemoved];
    assert_eq!(kinds, expected);
    assert_eq!(webhooks.news_for(&everything).await.expect("answers"), []);
}

/// An endpoint that was turned off keeps what waits for it; one that was forgotten begins anew.
pub async fn an_endpoint_is_turned_off_and_forgotten(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    apply(store).await;
    let disable = async |at| webhooks.disable_endpoint(&town(), at).await.expect("answers");
    assert!(!disable(Some(scene::at(5))).await, "it is not known");
    register(webhooks, "town", 0).await;
    execute(store, &[book(1)], 10).await;
    assert_eq!(follow(webhooks, &everything("town")).await, 1);
    let since = async || {
        let standing = webhooks.endpoint(&town()).await.expect("answers").expect("known");
        (standing.disabled_at, standing.waiting)
    };
    assert!(disable(Some(scene::at(15))).await);
    assert_eq!(since().await, (Some(scene::at(15)), 1));
    register(webhooks, "town", 16).await;
    assert_eq!(since().await, (Some(scene::at(15)), 1), "a start turns nothing on");
    assert!(disable(None).await);
    assert_eq!(since().await, (None, 1));

    execute(store, &[book(2)], 20).await;
    let forget = async || webhooks.forget_endpoint(&town()).await.expect("answers");
    assert!(forget().await);
    assert!(!forget().await);
    assert_eq!(webhooks.endpoints().await.expect("answers"), []);
    let followed = webhooks.follow_for(&everything("town"), &scene::slot("rehearsal"), 10).await;
    assert_eq!(followed.expect("answers").deliveries, 0, "nobody is told");
    register(webhooks, "town", 30).await;
    assert_eq!((follow(webhooks, &everything("town")).await, kept(webhooks).await), (0, (0, 0)));
}
