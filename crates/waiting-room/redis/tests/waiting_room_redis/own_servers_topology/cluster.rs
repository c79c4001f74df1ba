//! A Redis Cluster.

use std::sync::Arc;

use test_support::{RedisCluster, RedisServer, RedisSetup, TestAuthority, eventually};
use waiting_room_redis::topology::Connections;

use super::{Counter, FAILOVER, connections, everything_goes_through, is_unavailable};

/// One key on each master.
fn keys(cluster: &RedisCluster) -> [String; 3] {
    [0, 1, 2].map(|index| {
        let name = cluster.name_at(index).expect("there is one");
        format!("einlass:{{{name}}}:state")
    })
}

#[tokio::test]
async fn every_master_is_reached_through_any_node() {
    let authority = Arc::new(TestAuthority::new().expect("keys can be made"));
    let setup = RedisSetup {
        authority: Some(Arc::clone(&authority)),
        users: vec!["room on >geheim ~* &* +@all".to_owned()],
        ..RedisSetup::default()
    };
    let cluster = RedisCluster::start_with(setup).await.expect("the nodes meet");
    let keys = keys(&cluster);
    // A single node, and a replica at that, is enough to know.
    let port = cluster.nodes()[5].port();
    let url =
        format!("rediss+cluster://room:geheim@127.0.0.1:{port}?ca={}", authority.path().display());
    let connections = connections(&url);
    everything_goes_through(&connections, &keys).await;
    let groups = connections
        .by_server(&keys.iter().map(String::as_bytes).collect::<Vec<_>>())
        .await
        .expect("known");
    assert_eq!(groups.len(), 3, "{groups:?}");
    for (key, master) in keys.iter().zip(cluster.nodes()) {
        let _: (u64, u64) =
            connections.query_beside(key, &redis::cmd("TIME")).await.expect("asked");
        assert!(ask(master, "INFO commandstats").contains("cmdstat_time:calls=1,"), "{key}");
    }
}

/// P20: a master that dies takes its own rooms along for a while, and no others.
#[tokio::test]
async fn a_dead_master_costs_only_its_own_rooms_and_those_not_for_long() {
    let cluster = RedisCluster::start().await.expect("the nodes meet");
    let keys = keys(&cluster);
    let (connections, counter) = (connections(&cluster.url()), Counter::new());
    everything_goes_through(&connections, &keys).await;
    let before = counter.count(&connections, &keys[0]).await.expect("counted");
    cluster.nodes()[0].kill9().expect("killed");

    let mut failures = 0;
    eventually("its replica takes over", FAILOVER, async || {
        for key in &keys[1..] {
            counter.count(&connections, key).await.expect("the others go on");
        }
        let calls = [counter.0.key(&keys[0]), counter.0.key(&keys[1])];
        let mut answers = connections.run_many(&calls).await;
        answers.pop().expect("two answers").expect("the others go on");
        match answers.pop().expect("two answers") {
            Ok(value) => redis::from_redis_value::<u64>(value).expect("a number") >= before,
            Err(failure) => {
                assert!(is_unavailable(failure));
                failures += 1;
                false
            }
        }
    })
    .await;
    assert!(failures > 0, "it was away for a while");

    cluster.nodes()[0].restart().await.expect("it comes back");
    eventually("it is a replica", FAILOVER, async || {
        cluster.nodes()[0].info("role").is_ok_and(|role| role.as_deref() == Some("slave"))
    })
    .await;
    counter.count_again(&connections, &keys[0]).await;
}

/// A frozen master answers nothing, not even a refusal.
#[tokio::test]
async fn a_frozen_master_holds_up_no_others() {
    let cluster = RedisCluster::start().await.expect("the nodes meet");
    let keys = keys(&cluster);
    let (connections, counter) = (connections(&cluster.url()), Counter::new());
    for key in &keys {
        counter.count(&connections, key).await.expect("counted");
    }
    let frozen = cluster.nodes()[1].freeze().expect("it is stopped");
    let others = async {
        for round in 0..200 {
            counter.count(&connections, &keys[round % 2 * 2]).await.expect("the others go on");
        }
    };
    tokio::select! {
        hung = counter.count(&connections, &keys[1]) => panic!("the others waited for {hung:?}"),
        () = others => (),
    }
    counter.count_again(&connections, &keys[1]).await;
    drop(frozen);
    counter.count_again(&connections, &keys[1]).await;
}

fn ask(node: &RedisServer, command: &str) -> String {
    node.ask(command).expect("it answers")
}

async fn count_all(connections: &Connections, counter: &Counter, key: &str, from: u64) {
    for count in from..from + 3 {
        assert_eq!(counter.count(connections, key).await.expect("counted"), count);
    }
}

/// A slot is given to another master while it is in use: `ASK` on the way, `MOVED` afterwards.
#[tokio::test]
async fn a_slot_that_moves_is_followed() {
    let cluster = RedisCluster::start().await.expect("the nodes meet");
    let name = cluster.name_at(0).expect("there is one");
    let (old, moved) = (format!("{{{name}}}:old"), format!("{{{name}}}:new"));
    let (connections, counter) = (connections(&cluster.url()), Counter::new());
    count_all(&connections, &counter, &old, 1).await;

    let [from, to, _, _, _, _] = [0, 1, 2, 3, 4, 5].map(|index| &cluster.nodes()[index]);
    let id = |node| ask(node, "CLUSTER MYID").lines().nth(1).expect("an id").to_owned();
    let (from_id, to_id) = (id(from), id(to));
    let slot = ask(from, &format!("CLUSTER KEYSLOT {name}"));
    let slot = slot.trim().trim_start_matches(':');
    ask(to, &format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}"));
    ask(from, &format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}"));
    // What is there stays for now, what is new begins at the other one.
    count_all(&connections, &counter, &old, 4).await;
    count_all(&connections, &counter, &moved, 1).await;
    assert!(ask(from, "INFO errorstats").contains("errorstat_ASK"));

    ask(from, &format!("MIGRATE 127.0.0.1 {} {old} 0 5000", to.port()));
    for node in [to, from] {
        ask(node, &format!("CLUSTER SETSLOT {slot} NODE {to_id}"));
    }
    count_all(&connections, &counter, &old, 7).await;
    count_all(&connections, &counter, &moved, 4).await;
    assert!(ask(from, "INFO errorstats").contains("errorstat_MOVED"));
}
