//! Webhooks: what every [`WebhookStore`] must do. An adapter generates one test for each with
//! [`crate::webhook_store_contract`].

mod endpoints;
mod lending;

pub use endpoints::*;
pub use lending::*;

use std::time::Duration;

use kernel::Timestamp;

use super::{apply, scene};
use crate::batch::Command;
use crate::campaign::apply::Intent;
use crate::campaign::remove::{ActiveBookings, RemoveCampaign};
use crate::campaign::revision::RevisionActor;
use crate::mail::LeaseId;
use crate::store::BookingStore;
use crate::webhook::{
    Delivery, DeliveryEnd, DeliveryLease, DeliverySettlement, EndpointName, MessageId, MessageKind,
    Subscription, WebhookStore,
};

/// Generates one `#[tokio::test]` for each clause about webhooks.
///
/// `$fresh` is an async function that makes a fresh, empty store, and returns a fixture with the methods
/// `store(&self) -> &dyn BookingStore` and `webhooks(&self) -> &dyn WebhookStore`.
#[macro_export]
macro_rules! webhook_store_contract {
    ($fresh:path) => {
        $crate::webhook_store_contract!($fresh:
            an_endpoint_is_told_what_happens_from_now_on,
            an_endpoint_is_told_what_it_wants,
            deliveries_follow_page_by_page,
            a_removed_campaign_is_told,
            a_campaign_that_came_and_went_is_told,
            an_endpoint_is_turned_off_and_forgotten,
            a_delivery_is_lent_to_one,
            a_lease_that_ran_out_settles_nothing_but_what_was_taken,
            what_was_given_up_can_be_tried_again,
            an_endpoint_that_takes_again_is_sent_what_waits,
            what_was_tried_keeps_no_reader_waiting,
            what_is_kept_of_an_endpoint_is_bounded,
        );
    };
    ($fresh:path: $($clause:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $clause() {
            let fixture = $fresh().await;
            $crate::contract::webhook::$clause(fixture.store(), fixture.webhooks()).await;
        }
    )*};
}

const LEASE: Duration = Duration::from_mins(2);

fn town() -> EndpointName {
    scene::slot("town")
}

/// Everything, of all campaigns.
fn everything(endpoint: &str) -> Subscription {
    Subscription {
        endpoint: scene::slot(endpoint),
        kinds: MessageKind::ALL.to_vec(),
        campaigns: Vec::new(),
    }
}

async fn register(webhooks: &dyn WebhookStore, endpoint: &str, at: u64) {
    let registered = webhooks.register_endpoint(&scene::slot(endpoint), scene::at(at)).await;
    registered.expect("the store answers");
}

async fn execute(store: &dyn BookingStore, commands: &[Command], at: u64) {
    let executed = store.execute(commands, scene::at(at)).await.expect("the store answers");
    assert_eq!(executed.outcomes.len(), commands.len());
}

fn book(booking: u32) -> Command {
    book_at(booking, 0)
}

/// With a pass that was issued at this time.
fn book_at(booking: u32, at: u64) -> Command {
    let pass = scene::grant(booking, 4, scene::at(at));
    scene::book_slot(&pass, "c", booking, booking, scene::key(booking, 0))
}

fn cancel(booking: u32) -> Command {
    scene::cancel(booking, scene::key(1_000 + booking, 0))
}

/// Follows all events that can be followed now; how many deliveries are new.
async fn follow(webhooks: &dyn WebhookStore, subscription: &Subscription) -> u64 {
    let mut deliveries = 0;
    for campaign in webhooks.news_for(subscription).await.expect("the store answers") {
        let mut more = true;
        while more {
            let followed = webhooks.follow_for(subscription, &campaign, 1).await;
            let followed = followed.expect("the store answers");
            (deliveries, more) = (deliveries + followed.deliveries, followed.more);
        }
    }
    deliveries
}

async fn lend(
    webhooks: &dyn WebhookStore,
    name: u8,
    at: Timestamp,
    deliveries_max: u32,
) -> Vec<Delivery> {
    let id = LeaseId([name; 16]);
    let lease = DeliveryLease { id, from: at, until: at.plus(LEASE), deliveries_max };
    webhooks.lease_deliveries(&town(), &lease).await.expect("the store answers")
}

async fn settle(webhooks: &dyn WebhookStore, name: u8, ids: &[&MessageId], end: DeliveryEnd) {
    let settlement = |id: &&MessageId| DeliverySettlement {
        endpoint: town(),
        id: MessageId::clone(id),
        lease: LeaseId([name; 16]),
        end: end.clone(),
    };
    let settlements: Vec<_> = ids.iter().map(settlement).collect();
    webhooks.settle_deliveries(&settlements).await.expect("the store answers");
}

fn failed(at: u64) -> DeliveryEnd {
    DeliveryEnd::Failed { at: scene::at(at), reason: "status 500".to_owned() }
}

fn later(at: u64) -> DeliveryEnd {
    DeliveryEnd::Later { due_at: scene::at(at), reason: "silent".to_owned() }
}

fn told(deliveries: &[Delivery]) -> Vec<(u64, MessageKind)> {
    deliveries.iter().map(|delivery| (delivery.id.number, delivery.kind)).collect()
}

/// How many deliveries wait, and how many were given up.
async fn kept(webhooks: &dyn WebhookStore) -> (u64, u64) {
    let standing = webhooks.endpoint(&town()).await.expect("the store answers");
    let standing = standing.expect("it is known");
    (standing.waiting, standing.failed)
}

async fn remove(store: &dyn BookingStore, at: u64) {
    let remove = RemoveCampaign {
        campaign: scene::slot("rehearsal"),
        bookings: ActiveBookings::Discard,
        intent: Intent::Apply,
        actor: RevisionActor::Operator,
        reason: None,
    };
    store.remove_campaign(&remove, scene::at(at)).await.expect("the store answers");
}
