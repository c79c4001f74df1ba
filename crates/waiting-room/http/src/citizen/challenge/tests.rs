use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use altcha::{Payload, SolveChallengeOptions, solve_challenge};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Clock as _, ManualClock, SeededEntropy};
use serde_json::{Value, json};
use web::limits::{AddressPressure, Allowance, LimitClock, LimitParts, Pressure, Usual};
use web::test_client::{Call, Reply};
use web::{AddressLimit, TrustedProxies};

use crate::harness::{Harness, JOIN_SPEYER};
use crate::{Proofs, RateLimits};

const TICKETS: &str = "/v1/rooms/town/tickets";
const CHALLENGE: &str = "/v1/rooms/town/challenge";
const WITH_WAITING: &str = "/v1/rooms/town/challenge?waiting=true";
const FREE: u32 = 20;
const OWN_KEY: &str = "a-random-key-of-the-client";

/// A harness whose door asks for a proof from the 21st join of an address on.
async fn guarded() -> Harness {
    guarded_by(|_| Pressure::off()).await
}

async fn guarded_by(rooms: impl FnOnce(&LimitParts) -> Pressure) -> Harness {
    let limits = |clock: Arc<ManualClock>| {
        let clock = LimitClock::of(move || {
            Duration::from_millis(u64::try_from(clock.now().unix_ms()).unwrap_or_default())
        });
        let entropy = Arc::new(SeededEntropy::new(4));
        let parts = LimitParts { keys_max: 6_400, clock, entropy };
        let limit = |name, burst| {
            let allowance = Allowance { per_minute: 6, burst };
            AddressLimit::new(name, allowance, TrustedProxies::none(), &parts)
        };
        let proofs = Proofs {
            addresses: AddressPressure::new(
                "join-free",
                usual(FREE),
                TrustedProxies::none(),
                &parts,
            ),
            rooms: rooms(&parts),
            challenges: limit("challenge", 100),
            waiting: limit("proof-wait", 3),
            wait: Duration::from_secs(20),
            work: 2,
        };
        RateLimits { proofs, ..RateLimits::off() }
    };
    Harness::start().await.limited_to(limits).await
}

fn usual(requests: u32) -> Usual {
    Usual { requests, half_life: Duration::from_mins(5), pressure_max: 6 }
}

fn from(call: Call, client: u8) -> Call {
    call.from_peer(SocketAddr::from(([203, 0, client, 7], 4_711)))
}

async fn join(harness: &Harness, client: u8) -> Reply {
    from(harness.post(TICKETS, JOIN_SPEYER), client).send().await
}

fn proven(harness: &Harness, proof: &str) -> Call {
    let body = json!({"residence": {"postcode": "67346"}, "proof": proof});
    from(harness.post(TICKETS, &body.to_string()), 1)
}

async fn challenge_at(harness: &Harness, path: &str) -> Value {
    let reply = from(harness.get(path), 1).send().await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply}");
    reply.json
}

async fn challenge(harness: &Harness) -> Value {
    challenge_at(harness, CHALLENGE).await
}

/// As a client of ALTCHA solves a challenge and writes the solution.
fn solve(challenge: Value) -> String {
    let challenge: altcha::Challenge = serde_json::from_value(challenge).expect("a challenge");
    let solution = solve_challenge(SolveChallengeOptions::new(&challenge));
    let solution = solution.expect("it is understood").expect("it is solved");
    STANDARD.encode(serde_json::to_vec(&Payload { challenge, solution }).expect("JSON"))
}

/// One address joins until it is asked for a proof; gives how many entries it got.
async fn press(harness: &Harness, joins: usize) -> usize {
    let mut entries = 0;
    for _ in 0..joins {
        let reply = join(harness, 1).await;
        assert!([201, 429].contains(&reply.status), "{reply}");
        entries += usize::from(reply.status == 201);
    }
    entries
}

fn refused(reply: &Reply) {
    assert_eq!((reply.status, reply.code()), (429, "proof-required"), "{reply}");
}

/// Whoever takes a thousand tickets has no seats for it that others would want.
#[actix_web::test]
async fn a_thousand_joins_from_one_client_leave_an_idle_room_to_others() {
    let harness = guarded().await;
    harness.at(10).await;
    assert_eq!(press(&harness, 1_000).await, 1, "of five seats");
    let honest = join(&harness, 2).await;
    assert!(honest.json["pass"]["pass"].is_string(), "{honest}");
    harness.renew().await;
    assert_eq!(harness.view().state.active, 2);
}

#[actix_web::test]
async fn a_thousand_joins_from_one_client_do_not_crowd_the_line() {
    let harness = guarded().await;
    assert_eq!(press(&harness, 1_000).await, 20);
    assert_eq!(join(&harness, 2).await.json["entry"], 20);
}

#[actix_web::test]
async fn the_refusal_says_where_the_challenge_is_and_when_none_is_needed() {
    let harness = guarded().await;
    press(&harness, 20).await;
    let reply = join(&harness, 1).await;
    refused(&reply);
    assert_eq!(reply.json["challenge"], CHALLENGE);
    // One of twenty-one is forgotten after a fourteenth of the half-life.
    let wait: i64 = reply.header("retry-after").parse().expect("seconds");
    assert!((21..=43).contains(&wait), "{wait}");
    harness.clock.advance(Duration::from_secs(22));
    assert_eq!(join(&harness, 1).await.status, 201);
    let keyed = from(harness.post(TICKETS, JOIN_SPEYER), 1);
    let keyed = keyed.header("idempotency-key", OWN_KEY).send().await;
    refused(&keyed);
    let made_for = keyed.json["challenge"].as_str().expect("an address");
    assert!(made_for.starts_with("/v1/rooms/town/challenge?for="), "{made_for}");
    assert!(!made_for.contains(OWN_KEY), "keys are secrets, and addresses are logged");
}

#[actix_web::test]
async fn a_solved_challenge_is_worth_one_entry() {
    let harness = guarded().await;
    press(&harness, 20).await;
    let proof = solve(challenge(&harness).await);
    let first = proven(&harness, &proof).send().await;
    assert_eq!((first.status, &first.json["entry"]), (201, &20.into()), "{first}");
    let again = proven(&harness, &proof).send().await;
    assert_eq!(
        (&again.json["entry"], &again.json["subject"]),
        (&20.into(), &first.json["subject"])
    );
    let elsewhere = json!({"residence": {"postcode": "67373", "ags": "07338007"}, "proof": proof});
    refused(&from(harness.post(TICKETS, &elsewhere.to_string()), 1).send().await);
    assert_eq!(join(&harness, 2).await.json["entry"], 21, "no other entry was taken");
}

/// P3: one key has one entry, with a proof and without.
#[actix_web::test]
async fn a_challenge_made_for_a_key_keeps_the_entry_of_the_key() {
    let harness = guarded().await;
    let keyed = |call: Call| call.header("idempotency-key", OWN_KEY);
    let unproven = keyed(from(harness.post(TICKETS, JOIN_SPEYER), 1)).send().await;
    assert_eq!(unproven.json["entry"], 0);
    press(&harness, 20).await;
    let refusal = keyed(from(harness.post(TICKETS, JOIN_SPEYER), 1)).send().await;
    refused(&refusal);
    let path = refusal.json["challenge"].as_str().expect("an address");
    let proof = solve(challenge_at(&harness, path).await);
    let repeated = keyed(proven(&harness, &proof)).send().await;
    assert_eq!((repeated.status, &repeated.json["entry"]), (201, &0.into()), "{repeated}");
    refused(&proven(&harness, &proof).send().await);
    let another = proven(&harness, &proof).header("idempotency-key", "another-key-of-the-client");
    refused(&another.send().await);
    let unbound = solve(challenge(&harness).await);
    refused(&keyed(proven(&harness, &unbound)).send().await);
}

#[actix_web::test]
async fn what_is_forged_expired_or_of_another_room_is_no_proof() {
    let harness = guarded().await;
    press(&harness, 20).await;
    let unsolved = challenge(&harness).await;
    let mut forged = solve(unsolved.clone());
    forged.insert(40, 'A');
    let village = solve(challenge_at(&harness, "/v1/rooms/village/challenge").await);
    for proof in [forged, village, STANDARD.encode(unsolved.to_string()), "nonsense".to_owned()] {
        refused(&proven(&harness, &proof).send().await);
    }
    let late = solve(unsolved);
    harness.clock.advance(Duration::from_mins(2));
    // Meanwhile others go on joining from there.
    press(&harness, 30).await;
    refused(&proven(&harness, &late).send().await);
    let fresh = solve(challenge(&harness).await);
    assert_eq!(proven(&harness, &fresh).send().await.status, 201);
}

/// An honest page that comes with a proof where none is needed any more is not refused for it.
#[actix_web::test]
async fn a_proof_that_nobody_asked_for_counts_as_none() {
    let harness = guarded().await;
    for proof in ["nonsense", &solve(challenge(&harness).await)] {
        assert_eq!(proven(&harness, proof).send().await.status, 201);
    }
}

#[actix_web::test]
async fn the_work_rises_with_the_joins_and_falls_again() {
    let harness = guarded().await;
    let level = async || challenge(&harness).await["parameters"]["data"]["level"].clone();
    assert_eq!(level().await, 1);
    press(&harness, 20).await;
    let early = solve(challenge(&harness).await);
    for _ in 0..64 {
        let proof = solve(challenge(&harness).await);
        assert_eq!(proven(&harness, &proof).send().await.status, 201);
    }
    assert_eq!(level().await, 3);
    refused(&proven(&harness, &early).send().await);
    let mut levels = Vec::new();
    for _ in 0..3 {
        harness.clock.advance(Duration::from_mins(5));
        levels.push(level().await);
    }
    assert_eq!(levels, [2, 1, 1]);
    assert_eq!(join(&harness, 1).await.status, 201, "none is needed any more");
}

#[actix_web::test]
async fn many_addresses_together_press_on_the_room() {
    let harness = guarded_by(|parts| Pressure::new("room", usual(50), parts)).await;
    for client in 0..50 {
        assert_eq!(join(&harness, client).await.status, 201);
    }
    refused(&join(&harness, 200).await);
    let body = JOIN_SPEYER;
    let village = from(harness.post("/v1/rooms/village/tickets", body), 200).send().await;
    assert_eq!(village.status, 201, "another room is under no pressure");
}

#[actix_web::test]
async fn whoever_cannot_compute_waits() {
    let harness = guarded().await;
    press(&harness, 20).await;
    assert!(challenge(&harness).await["waiting"].is_null(), "for those who want it");
    let waiting = challenge_at(&harness, WITH_WAITING).await["waiting"].clone();
    assert_eq!(waiting["after_s"], 20);
    let proof = waiting["proof"].as_str().expect("a proof");
    refused(&proven(&harness, proof).send().await);
    harness.clock.advance(Duration::from_secs(20));
    press(&harness, 5).await;
    let first = proven(&harness, proof).send().await;
    assert_eq!(first.status, 201, "{first}");
    assert_eq!(proven(&harness, proof).send().await.json["entry"], first.json["entry"]);
}

#[actix_web::test]
async fn an_address_gets_few_proofs_to_wait_for_and_not_endless_challenges() {
    let harness = guarded().await;
    for number in 0..100 {
        let has_waiting = challenge_at(&harness, WITH_WAITING).await["waiting"].is_object();
        assert_eq!(has_waiting, number < 3, "{number}");
    }
    let reply = from(harness.get(CHALLENGE), 1).send().await;
    assert_eq!((reply.status, reply.code()), (429, "rate-limited"));
    let other = from(harness.get(WITH_WAITING), 2).send().await;
    assert!(other.json["waiting"].is_object(), "{other}");
}

/// A ticket in hand is no further entry, so nobody who has one is held up.
#[actix_web::test]
async fn whoever_has_a_ticket_is_asked_for_nothing() {
    let harness = guarded().await;
    let ticket = join(&harness, 1).await.json["ticket"].as_str().expect("a ticket").to_owned();
    press(&harness, 20).await;
    let known = from(harness.post(TICKETS, JOIN_SPEYER), 1).bearer(&ticket).send().await;
    assert_eq!((known.status, &known.json["entry"]), (200, &0.into()));
}

#[actix_web::test]
async fn what_no_address_of_ours_says_is_refused() {
    let harness = guarded().await;
    let reply = harness.get("/v1/rooms/town/challenge?for=me").send().await;
    assert_eq!((reply.status, reply.fields()), (400, vec!["for"]));
    let path = "/v1/rooms/town/challenge?for=rLmOCaFfTGytz0a1mM8FTg&waiting=true";
    assert!(challenge_at(&harness, path).await["waiting"]["proof"].is_string());
    let reply = harness.get("/v1/rooms/nowhere/challenge").send().await;
    assert_eq!((reply.status, reply.code()), (404, "room-not-found"));
}
