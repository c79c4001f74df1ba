//! What every room store must do: one case for each promise, which each store runs.
//!
//! A case gets a store without rooms, and the clock that the store goes by.

#![expect(clippy::missing_panics_doc, reason = "a case panics when the store breaks the contract")]

pub mod admission;
pub mod audit;
pub mod boundaries;
pub mod clocks;
pub mod codes;
pub mod entries;
mod fixtures;
pub mod gate;
pub mod memory;
pub mod notices;
pub mod openings;
pub mod reports;
pub mod resumes;
pub mod rooms;
mod switched;

pub use fixtures::{START, by, created, pass_id, room_settings, subject};
pub use switched::SwitchedStore;

/// Writes one test for each case of the contract. `$setup` is an expression that gives a
/// `(store, clock, guard)`: a store without rooms, the [`kernel::ManualClock`] that it goes by, and what must live
/// as long as the test.
#[macro_export]
macro_rules! room_store_contract {
    ($setup:expr) => {
        $crate::room_store_contract! { @cases $setup;
            rooms: a_room_is_created_once, a_room_created_late_listens_first,
                a_higher_incarnation_begins_a_new_line, a_removed_room_stays_removed,
                a_line_after_a_removed_one_is_healed, rooms_are_listed_by_page,
                rooms_are_read_separately;
            entries: entries_are_issued_once, joins_can_be_repeated,
                joins_are_remembered_for_a_while, a_repeated_join_takes_no_quota;
            codes: a_code_is_used_once, a_join_with_a_code_can_be_repeated,
                a_used_code_costs_the_others_nothing, codes_need_the_levers_in_force,
                a_code_is_used_in_its_line_only;
            boundaries: boundaries_freeze_once_and_in_order,
                the_first_gathering_begins_with_the_first_entry, nobody_joins_across_a_due_boundary,
                boundaries_wait_for_what_may_be_told, boundaries_leave_gaps_to_whoever_knows,
                a_boundary_ends_the_express_quota, public_entropy_is_supplied_once;
            openings: an_opening_is_held_back_until_it_is_released,
                an_opening_is_moved_before_it_comes, openings_are_moved_for_the_boundaries_that_are_known,
                what_merges_knows_moved_openings;
            audit: a_change_is_recorded_with_it, what_was_not_done_is_not_recorded,
                records_outlive_their_room, records_are_read_both_ways;
            gate: calls_are_compare_and_set, calls_need_what_they_were_decided_with,
                who_came_is_counted_by_step, levers_are_compare_and_set, levers_hold_at_once,
                a_closed_room_admits_nobody,
                a_smaller_burst_recovers, levers_end_the_express_quota,
                the_gate_may_allow_fewer_passes;
            admission: admission_answers_the_vectors, one_subject_has_one_pass, a_pass_ends_once,
                the_end_of_a_pass_is_known,
                several_subjects_share_a_place, a_batch_keeps_the_bounds,
                idle_rooms_admit_on_arrival, the_express_quota_is_shared,
                nobody_overtakes_on_arrival, a_known_pass_takes_no_quota,
                arrivals_are_let_in_while_others_gather, arrivals_keep_the_bounds,
                arrivals_lower_nothing, other_lanes_are_not_let_in_on_arrival;
            memory: a_store_that_knows_less_does_nothing, an_unknown_room_is_forgotten,
                merging_raises_part_by_part, merging_what_is_known_changes_nothing,
                others_may_add_while_the_room_is_quiet, a_forgotten_room_is_made_of_a_memory,
                a_later_line_is_healed_over_an_earlier_one, a_room_left_alone_begins_the_next_epoch,
                a_room_left_alone_at_a_boundary_listens;
            reports: an_earlier_count_is_ignored, a_count_from_the_future_counts_as_now,
                a_count_from_before_a_clock_step_is_replaced, departures_end_passes;
            notices: notices_are_compare_and_set, a_new_line_has_nothing_to_tell,
                two_instances_tell_a_notice_once;
            resumes: a_kept_ticket_is_taken_once, a_kept_ticket_has_an_end,
                kept_tickets_are_bounded, kept_tickets_end_with_the_line;
            clocks: a_clock_that_steps_back_stops_nothing, a_join_does_not_hide_a_clock_step,
                the_pace_survives_a_clock_step, a_silence_ends_although_the_clock_steps_back;
        }
    };
    (@cases $setup:expr; $($module:ident: $($case:ident),+;)+) => {
        $($(
            #[tokio::test]
            async fn $case() {
                let (store, clock, _guard) = $setup;
                $crate::contract::$module::$case(&store, &clock).await;
            }
        )+)+
    };
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::{Clock, ManualClock};

    use super::START;
    use crate::MemoryRoomStore;

    fn store() -> (MemoryRoomStore, Arc<ManualClock>, ()) {
        let clock = Arc::new(ManualClock::at(START));
        (MemoryRoomStore::new(Arc::clone(&clock) as Arc<dyn Clock>), clock, ())
    }

    room_store_contract!(store());
}
