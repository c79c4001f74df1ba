//! Three waiting rooms and two booking APIs on one Redis and one PostgreSQL: 20,000 joins, then 5,000
//! attempts to book 100 places, while PostgreSQL is killed and comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use kernel::{Entropy, SeededEntropy};
use reqwest::Client;
use sea_orm::{ConnectionTrait as _, Statement};
use test_support::{PostgresServer, RedisServer};

use crate::citizen::{Reply, book, join_patiently, person, redeem, send, try_send};
use crate::fleet::{Fleet, Plan, scarce};

const JOINS: usize = 20_000;
const PASSES: usize = 1_250;
const ATTEMPTS_PER_PASS: usize = 4;
const SLOTS: usize = 4;
const PLACES_PER_SLOT: u32 = 25;
const CONNECTIONS: usize = 96;
/// The database is killed when this many attempts have been answered.
const KILL_AFTER: usize = 60;

/// One attempt to book, and its definite answer.
struct Attempt {
    person: usize,
    slot: usize,
    key: String,
    pass: usize,
    reply: Reply,
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_hold_while_postgresql_is_killed() {
    let seed = 20_210_614;
    println!("seed {seed}");
    let redis = RedisServer::start().await.expect("redis");
    let postgres = PostgresServer::start().await.expect("postgres");
    let campaign = (scarce(SLOTS, PLACES_PER_SLOT), Duration::from_secs(3));
    let plan = Plan::on(&redis, &postgres, 3, 2, campaign).await;
    let fleet = Arc::new(plan.start().await);
    let client = Client::builder().pool_max_idle_per_host(CONNECTIONS).build().expect("client");

    let tickets = join_all(&client, &fleet).await;
    let passes = redeem_all(&client, &fleet, &tickets).await;
    let attempts = book_all(&client, &fleet, &passes, &postgres, seed).await;
    check_bookings(&client, &fleet, &passes, &attempts).await;
    check_database(&fleet, &attempts).await;
    Arc::into_inner(fleet).expect("no request is under way").stop().await;
}

/// P8: every entry once, over three instances; and none is left out, unless the service was so busy
/// that somebody had to ask again without knowing what had become of the first try.
async fn join_all(client: &Client, fleet: &Fleet) -> Vec<(u64, String)> {
    let joins = stream::iter(0..JOINS).map(|number| async move {
        let (reply, was_busy) = join_patiently(client, &fleet.room_url(number), "67346").await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let entry = reply.body["entry"].as_u64().expect("an entry");
        ((entry, reply.text("ticket").to_owned()), was_busy)
    });
    let joined: Vec<_> = joins.buffer_unordered(CONNECTIONS).collect().await;
    let was_busy = joined.iter().any(|(_, was_busy)| *was_busy);
    let tickets: Vec<(u64, String)> = joined.into_iter().map(|(ticket, _)| ticket).collect();
    let entries: BTreeSet<u64> = tickets.iter().map(|(entry, _)| *entry).collect();
    assert_eq!(entries.len(), JOINS, "P8: no entry is issued twice");
    assert!(was_busy || entries.last() == Some(&(JOINS as u64 - 1)), "P8: {:?}", entries.last());
    tickets
}

/// P9: one pass for each ticket, the same from every instance, and no pass for two tickets.
async fn redeem_all(client: &Client, fleet: &Fleet, tickets: &[(u64, String)]) -> Vec<String> {
    let redemptions = stream::iter(tickets.iter().take(PASSES).enumerate()).map(
        |(number, (_, ticket))| async move {
            let mut passes = BTreeSet::new();
            for instance in 0..3 {
                passes.insert(redeem_when_called(client, fleet, number + instance, ticket).await);
            }
            assert_eq!(passes.len(), 1, "P9: {passes:?}");
            passes.pop_first().expect("one")
        },
    );
    let passes: Vec<String> = redemptions.buffered(CONNECTIONS).collect().await;
    let distinct: BTreeSet<&String> = passes.iter().collect();
    assert_eq!(distinct.len(), PASSES, "P9");
    passes
}

async fn redeem_when_called(
    client: &Client,
    fleet: &Fleet,
    instance: usize,
    ticket: &str,
) -> String {
    let pass = tokio::sync::Mutex::new(String::new());
    test_support::eventually("the ticket is called", Duration::from_mins(1), async || {
        let reply = send(redeem(client, &fleet.room_url(instance), ticket)).await;
        match reply.status.as_u16() {
            201 => {
                reply.text("pass").clone_into(&mut *pass.lock().await);
                true
            }
            409 if reply.code() == "not-your-turn" => false,
            503 => false,
            _ => panic!("{reply:?}"),
        }
    })
    .await;
    pass.into_inner()
}

async fn book_all(
    client: &Client,
    fleet: &Arc<Fleet>,
    passes: &[String],
    postgres: &PostgresServer,
    seed: u64,
) -> Vec<Attempt> {
    let entropy = SeededEntropy::new(seed);
    let random = |below: usize| {
        let entropy: &dyn Entropy = &entropy;
        usize::try_from(entropy.u64() % below as u64).expect("small")
    };
    // Some persons try twice, with different passes.
    let planned: Vec<(usize, usize, usize)> = (0..PASSES * ATTEMPTS_PER_PASS)
        .map(|number| (number, random(SLOTS), random(PASSES * ATTEMPTS_PER_PASS * 4 / 5)))
        .collect();
    let answered = AtomicUsize::new(0);
    let attempts = stream::iter(planned)
        .map(|(number, slot, person)| {
            let (pass, answered) = (number / ATTEMPTS_PER_PASS, &answered);
            async move {
                let key = format!("attempt-{number}");
                let reply =
                    attempt(client, fleet, number, &passes[pass], &key, (slot, person)).await;
                answered.fetch_add(1, Ordering::Relaxed);
                Attempt { person, slot, key, pass, reply }
            }
        })
        .buffer_unordered(CONNECTIONS)
        .collect::<Vec<Attempt>>();
    let killing = async {
        test_support::eventually("bookings are under way", Duration::from_mins(1), async || {
            answered.load(Ordering::Relaxed) >= KILL_AFTER
        })
        .await;
        postgres.kill9().expect("killed");
        postgres.restart().await.expect("restarted");
    };
    tokio::join!(attempts, killing).0
}

/// Repeats the same request under the same key until the answer is definite, as a good client does.
async fn attempt(
    client: &Client,
    fleet: &Fleet,
    instance: usize,
    pass: &str,
    key: &str,
    (slot, number): (usize, usize),
) -> Reply {
    let slot = fleet.campaign.slots[slot].id.to_string();
    let campaign = fleet.campaign.id.to_string();
    let definite = tokio::sync::Mutex::new(None);
    let tries = AtomicUsize::new(instance);
    test_support::eventually("a definite answer", Duration::from_secs(90), async || {
        let url = fleet.booking_url(tries.fetch_add(1, Ordering::Relaxed));
        let request = book(client, &url, &campaign, pass, key, (&slot, person(number)));
        let Some(reply) = try_send(request).await else { return false };
        let is_definite = !reply.status.is_server_error() && reply.code() != "request-in-progress";
        *definite.lock().await = Some(reply);
        is_definite
    })
    .await;
    definite.into_inner().expect("an answer")
}

/// P2 and P3 as the owner sees them; P4 by the persons who were confirmed.
async fn check_bookings(client: &Client, fleet: &Fleet, passes: &[String], attempts: &[Attempt]) {
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for attempt in attempts {
        let code = attempt.reply.code();
        let outcome = if attempt.reply.status == 201 { "booked" } else { code };
        *codes.entry(outcome.to_owned()).or_default() += 1;
    }
    println!("{codes:?}");
    let known = ["booked", "slot-full", "already-booked"];
    assert!(codes.keys().all(|code| known.contains(&code.as_str())), "{codes:?}");

    let campaign = fleet.campaign.id.to_string();
    let mut persons = BTreeSet::new();
    for attempt in attempts.iter().filter(|attempt| attempt.reply.status == 201) {
        assert!(persons.insert(attempt.person), "P4: person {} booked twice", attempt.person);
        let slot = fleet.campaign.slots[attempt.slot].id.to_string();
        let url = fleet.booking_url(attempt.person);
        let request = book(
            client,
            &url,
            &campaign,
            &passes[attempt.pass],
            &attempt.key,
            (&slot, person(attempt.person)),
        );
        assert_eq!(send(request).await, attempt.reply, "P3");
        let own = format!("{url}/bookings/{}", attempt.reply.text("id"));
        let read = send(client.get(own).bearer_auth(attempt.reply.text("manage_token"))).await;
        assert_eq!((read.text("status"), read.text("slot")), ("confirmed", slot.as_str()), "P2");
    }
    let places = SLOTS * PLACES_PER_SLOT as usize;
    assert_eq!(codes["booked"], places, "every place is given away exactly once");
}

/// P1 and P2 in the rows themselves.
async fn check_database(fleet: &Fleet, attempts: &[Attempt]) {
    let database = sea_orm::Database::connect(fleet.database_url()).await.expect("connected");
    let query = async |sql: &str| {
        let statement = Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let rows = database.query_all_raw(statement).await.expect("rows");
        rows.iter()
            .map(|row| row.try_get_by_index::<i64>(0).expect("a number"))
            .collect::<Vec<i64>>()
    };
    let broken =
        query("SELECT count(*) FROM slot WHERE NOT (taken <= released AND released <= capacity)")
            .await;
    assert_eq!(broken, [0], "P1");
    let taken = query("SELECT taken::bigint FROM slot ORDER BY id").await;
    assert_eq!(taken, [i64::from(PLACES_PER_SLOT); SLOTS], "P1");
    let confirmed = query("SELECT count(*) FROM booking WHERE status = 'confirmed'").await;
    let answered = attempts.iter().filter(|attempt| attempt.reply.status == 201).count();
    assert_eq!(
        confirmed,
        [i64::try_from(answered).expect("small")],
        "P2: no booking nobody knows of"
    );
    database.close().await.expect("closed");
}
