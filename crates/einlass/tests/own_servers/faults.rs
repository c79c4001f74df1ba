//! A short selection of the fault runs; `cargo xtask faults room` plays them all.

use std::path::Path;

async fn play(scenario: &str, seed: u64) {
    let program = Path::new(env!("CARGO_BIN_EXE_einlass"));
    if let Err(broken) = faults::play_room(scenario, program, seed).await {
        panic!("{broken:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_comes_back_from_its_log() {
    play("redis-killed", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_forgets_everything_while_the_instances_live() {
    play("redis-emptied", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_and_all_instances_forget_everything() {
    play("all-lost", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_from_before_the_draw_is_promoted() {
    play("old-replica", 2).await;
}
