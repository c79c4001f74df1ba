//! A short selection of the fault runs; `cargo xtask faults` plays them all.

use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_einlass");

async fn play_room(scenario: &str, seed: u64) {
    if let Err(broken) = faults::play_room(scenario, Path::new(PROGRAM), seed).await {
        panic!("{broken:#}");
    }
}

async fn play_booking(scenario: &str, seed: u64) {
    if let Err(broken) = faults::play_booking(scenario, Path::new(PROGRAM), seed).await {
        panic!("{broken:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_comes_back_from_its_log() {
    play_room("redis-killed", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_forgets_everything_while_the_instances_live() {
    play_room("redis-emptied", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_and_all_instances_forget_everything() {
    play_room("all-lost", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_from_before_the_draw_is_promoted() {
    play_room("old-replica", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_killed_three_times_in_a_burst_of_bookings() {
    play_booking("database-killed", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_happen_of_which_nobody_hears() {
    play_booking("replies-lost", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pass_and_one_key_are_used_fifty_times_at_once() {
    play_booking("one-pass", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_offer_is_accepted_a_hundred_times_at_once() {
    play_booking("offer-once", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_killed_between_handing_over_and_noting() {
    play_booking("worker-killed", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_without_the_key_of_personal_data() {
    play_booking("wrong-key", 1).await;
}
