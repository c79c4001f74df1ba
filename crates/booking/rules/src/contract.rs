//! What every [`BookingStore`] must do, as tests that any adapter runs.
//!
//! Each function gets a fresh, empty store and panics where the store breaks the contract. An
//! adapter generates one test for each with [`crate::booking_store_contract`].

#![expect(clippy::missing_panics_doc, reason = "a broken contract is a panic, everywhere in here")]

mod apply;
mod booking;
mod car;
mod clearing;
mod correcting;
mod eligibility;
mod event;
mod group;
mod hold;
mod judging;
pub mod mail;
mod moving;
mod own;
mod pass;
mod plan;
mod purge;
mod remove;
pub mod scene;
pub mod script;
mod waitlist;
pub mod webhook;

pub use apply::*;
pub use booking::*;
pub use car::*;
pub use clearing::*;
pub use correcting::*;
pub use eligibility::*;
pub use event::*;
pub use group::*;
pub use hold::*;
pub use judging::*;
pub use moving::*;
pub use own::*;
pub use pass::*;
pub use plan::*;
pub use purge::*;
pub use remove::*;
pub use waitlist::*;

use kernel::Timestamp;

use crate::batch::{Command, Outcome};
use crate::memory::MemoryStore;
use crate::store::{BookingStore, StoreError};

/// Generates one `#[tokio::test]` for each clause of the contract.
///
/// `$fresh` is an async function that makes a fresh, empty store and returns a fixture with a
/// method `store(&self) -> &dyn BookingStore`; the fixture lives as long as the test.
#[macro_export]
macro_rules! booking_store_contract {
    ($fresh:path) => {
        $crate::booking_store_contract!($fresh:
            a_plan_is_applied_once,
            a_plan_never_goes_below_what_is_taken,
            an_opening_needs_nothing_but_time,
            a_start_creates_and_never_replaces,
            a_plan_replaces_the_revision_it_expects,
            a_preview_says_what_would_change_and_changes_nothing,
            a_booked_slot_stays_where_it_is,
            a_slot_that_nobody_used_can_go,
            a_closed_slot_takes_nobody_new,
            a_campaign_goes_with_all_that_is_in_it,
            a_campaign_with_bookings_is_not_removed_by_accident,
            personal_data_are_purged_when_their_time_has_come,
            a_campaign_that_opens_again_is_purged_again,
            a_hold_keeps_and_returns_seats,
            an_overdue_hold_is_free_without_anybody_doing_anything,
            a_hold_is_renewed_as_often_as_allowed,
            a_hold_ends_in_exactly_one_way,
            a_pass_pays_for_its_seats_and_no_more,
            a_sweep_is_bounded,
            a_pass_that_was_given_back_begins_nothing,
            a_pass_can_be_given_back_unused,
            whoever_a_pass_is_bound_to_is_booked_first,
            what_is_held_is_counted,
            departed_passes_are_remembered,
            the_seats_of_a_pass_are_counted,
            a_cancelled_seat_returns_to_its_pass,
            a_booking_reads_back_as_it_was_made,
            one_key_has_one_effect,
            a_repeat_says_how_things_stand,
            a_group_is_booked_as_one_by_one_or_not_at_all,
            a_group_is_booked_once,
            a_group_is_refused_as_a_whole,
            a_group_pays_for_what_it_learns,
            a_person_has_one_active_booking,
            a_cancelled_place_is_free_exactly_once,
            a_person_is_one_under_the_former_key,
            a_typing_error_costs_no_place,
            a_correction_books_nobody_twice,
            two_persons_may_be_exchanged_in_one_batch,
            only_the_pass_that_booked_corrects_and_while_it_lives,
            correcting_is_no_free_way_to_guess,
            a_bound_pass_stays_with_its_person,
            a_closed_slot_is_cleared,
            people_are_moved_as_far_as_there_are_places,
            an_open_slot_is_not_cleared,
            a_booking_moves_into_the_last_place,
            a_moved_booking_is_moved_once,
            a_booking_is_moved_only_where_a_place_can_be_booked,
            a_booking_of_the_same_batch_can_be_moved,
            a_booking_has_one_token_at_a_time,
            the_program_gives_tokens_for_letters,
            a_person_is_reached_in_another_way,
            an_erasure_gives_the_place_back_while_it_is_of_use,
            who_had_a_place_can_be_erased,
            a_booking_counts_its_changes,
            a_lost_link_is_sent_now_and_then,
            four_come_in_one_car,
            a_car_comes_in_one_slot_of_one_campaign,
            who_gives_up_leaves_a_seat_in_the_car,
            who_moves_leaves_the_car,
            a_car_that_has_come_takes_nobody_along,
            wrong_codes_of_cars_lock_nobody_out,
            a_slot_about_to_start_takes_nobody_new,
            who_is_booked_is_not_told_for_nothing,
            a_pass_learns_of_few_who_are_booked,
            a_hold_is_judged_anew,
            the_rules_are_judged_on_every_way,
            what_was_declared_is_kept,
            what_has_happened_is_told,
            what_needs_no_pass_is_told,
            what_has_not_happened_is_not_told,
            a_campaign_changed_or_removed_is_told,
            events_are_read_in_pieces,
            refusals_change_nothing,
            a_hot_slot_is_given_away_exactly_once,
            it_agrees_with_the_model,
            it_agrees_with_the_model_in_a_rush,
        );
    };
    ($fresh:path: $($clause:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $clause() {
            let fixture = $fresh().await;
            $crate::contract::$clause(fixture.store()).await;
        }
    )*};
}

/// Carries out one command.
async fn one(store: &dyn BookingStore, command: Command, now: Timestamp) -> Outcome {
    let mut outcomes = many(store, &[command], now).await;
    outcomes.pop().expect("one outcome for one command")
}

/// Carries out a batch.
async fn many(store: &dyn BookingStore, commands: &[Command], now: Timestamp) -> Vec<Outcome> {
    carry_out(store, commands, now).await.expect("the store answers")
}

/// Carries out a batch part by part, as the service does.
pub async fn carry_out(
    store: &dyn BookingStore,
    commands: &[Command],
    now: Timestamp,
) -> Result<Vec<Outcome>, StoreError> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; commands.len()];
    loop {
        let left = (0..commands.len()).filter(|place| outcomes[*place].is_none());
        let left: Vec<usize> = left.collect();
        if left.is_empty() {
            return Ok(outcomes.into_iter().flatten().collect());
        }
        let rest: Vec<Command> = left.iter().map(|place| commands[*place].clone()).collect();
        let part = store.execute_part(&rest, now).await?.outcomes;
        assert_eq!(part.len(), rest.len(), "one outcome for each command");
        assert!(part.iter().any(Option::is_some), "one command at least is carried out");
        for (place, outcome) in left.into_iter().zip(part) {
            outcomes[place] = outcome;
        }
    }
}

/// Applies the scene's plan.
async fn apply(store: &dyn BookingStore) {
    store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("the store answers");
}

/// The places left of a slot of the scene.
async fn places_left(store: &dyn BookingStore, name: &str, now: Timestamp) -> u32 {
    let availability = store.availability(&scene::slot("rehearsal"), now).await;
    let availability = availability.expect("the store answers").expect("the campaign exists");
    assert!(availability.slots.is_sorted_by_key(|slot| slot.slot.clone()), "ordered by slot id");
    for slot in &availability.slots {
        assert!(
            slot.places_left <= slot.released && slot.released <= slot.capacity,
            "P1: {slot:?}"
        );
    }
    let found = availability.slots.iter().find(|slot| slot.slot == scene::slot(name));
    found.expect("the slot exists").places_left
}

/// Plays a long random script on `store` and on the model: same outcomes, same places, same
/// bookings, same events. The script mixes all commands, several passes and persons, repeated and reused
/// keys, expiring holds and both openings.
pub async fn it_agrees_with_the_model(store: &dyn BookingStore) {
    agree_with_the_model(&[store], script::random_batches(20_210_614, 120)).await;
}

/// The same of a rush, in which most ask for a booking in one step.
pub async fn it_agrees_with_the_model_in_a_rush(store: &dyn BookingStore) {
    agree_with_the_model(&[store], script::random_rush(20_210_614, 120)).await;
}

/// Plays a script on the model, and on the same empty database through `stores` in turn.
pub async fn agree_with_the_model(
    stores: &[&dyn BookingStore],
    script: Vec<(Timestamp, Vec<Command>)>,
) {
    let clock = std::sync::Arc::new(kernel::ManualClock::at(scene::at(0)));
    let model = MemoryStore::new(clock);
    apply(stores[0]).await;
    apply(&model).await;
    let (count, ended_at) = (script.len(), script.last().map_or(scene::at(0), |(now, _)| *now));
    for (batch, ((now, commands), store)) in
        script.into_iter().zip(stores.iter().cycle()).enumerate()
    {
        if let Some(plan) = script::plan_before(batch, count) {
            for store in [*store, &model] {
                store.apply_campaign(&plan, now).await.expect("the store answers");
            }
        }
        let (actual, expected) =
            (many(*store, &commands, now).await, many(&model, &commands, now).await);
        for ((actual, expected), command) in actual.iter().zip(&expected).zip(&commands) {
            assert_eq!(actual, expected, "at {now}: {command:?}");
        }
        let campaign = scene::slot("rehearsal");
        let actual = store.availability(&campaign, now).await.expect("the store answers");
        let expected = model.availability(&campaign, now).await.expect("the model answers");
        assert_eq!(actual, expected, "places at {now}");
    }
    for expected in model.bookings() {
        let actual =
            stores[0].booking(expected.registration.booking).await.expect("the store answers");
        assert_eq!(actual.as_ref(), Some(&expected));
    }
    for expected in model.holds() {
        let actual = stores[0].hold(expected.id).await.expect("the store answers");
        assert_eq!(actual.as_ref(), Some(&expected));
    }
    for pass in model.pass_uses().iter().map(|used| used.pass_id) {
        let actual = stores[0].seats_taken(pass, ended_at).await.expect("the store answers");
        let expected = model.seats_taken(pass, ended_at).await.expect("the model answers");
        assert_eq!(actual, expected, "{pass:?}");
    }
    assert_eq!(event::happened(stores[0]).await, event::happened(&model).await);
}
