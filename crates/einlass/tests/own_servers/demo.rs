//! The demo as a person starts it, as a process of its own.

use std::process::Command;

use serde_json::Value;
use test_support::{PostgresServer, RedisServer};

fn demo(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_einlass-demo"))
        .args(["--exit", "--json", "--room-port", "0", "--booking-port", "0"])
        .args(arguments)
        .output()
        .expect("the demo ran");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    println!("{errors}");
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}\n{errors}"))
}

/// A store whose disk is busy for two seconds is answered with 503, which the citizen's browser repeats: that says
/// something about the machine. Any other 5xx says something about the program.
fn assert_kept(summary: &Value) {
    for member in ["oversold", "duplicate_persons", "lost"] {
        assert_eq!(summary[member], 0, "{member}: {summary}");
    }
    assert_eq!(summary["errors_5xx"], summary["errors_503"], "{summary}");
    for member in
        ["turned_away", "entered", "passes", "bookings", "http_requests", "seconds", "p99_ms"]
    {
        assert!(summary[member].as_f64().is_some_and(|value| value > 0.0), "{member}: {summary}");
    }
}

#[test]
fn a_small_rush_on_the_embedded_default_breaks_no_promise() {
    let summary = demo(&["--people", "1500", "--seed", "7"]);
    assert_kept(&summary);
    assert_eq!((&summary["people"], &summary["places"]), (&1_500.into(), &2_500.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_rush_on_redis_and_postgresql_breaks_no_promise() {
    let redis = RedisServer::start().await.expect("redis");
    let postgres = PostgresServer::start().await.expect("postgres");
    let database = postgres.create_database().await.expect("database");
    let summary = demo(&[
        "--people",
        "1500",
        "--seed",
        "8",
        "--redis",
        &redis.url(),
        "--database",
        &database,
    ]);
    assert_kept(&summary);
}
