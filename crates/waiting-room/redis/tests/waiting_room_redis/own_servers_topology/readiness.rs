//! What is said of a Redis that may lose what it acknowledged.

use test_support::{RedisCluster, RedisSentinels, RedisServer, RedisSetup};

use super::connections;

#[tokio::test]
async fn a_server_with_replicas_must_not_write_without_them() {
    let fleet = RedisSentinels::start().await.expect("they find each other");
    let master = &fleet.servers()[0];
    let alone = connections(&master.url());
    let watched = connections(&fleet.url());
    for connections in [&alone, &watched] {
        assert_eq!(connections.faults(true).await.expect("asked"), [""; 0]);
        assert_eq!(connections.durability_faults().await.expect("asked"), [""; 0]);
    }
    master
        .ask("CONFIG SET min-replicas-to-write 0\nCONFIG SET min-replicas-max-lag 60")
        .expect("set");
    for connections in [&alone, &watched] {
        let faults = connections.durability_faults().await.expect("asked");
        assert_eq!(connections.faults(true).await.expect("asked"), faults);
        let [replicas, lag] = faults.as_slice() else { panic!("{faults:?}") };
        let server = format!("redis at 127.0.0.1:{}: ", master.port());
        assert!(replicas.starts_with(&format!("{server}min-replicas-to-write is 0")), "{replicas}");
        assert!(lag.starts_with(&format!("{server}min-replicas-max-lag is 60")), "{lag}");
        assert!(lag.ends_with("CONFIG SET min-replicas-max-lag 10"), "{lag}");
        assert_eq!(connections.faults(false).await.expect("asked"), [""; 0]);
    }
    let replica = connections(&fleet.servers()[1].url());
    let faults = replica.faults(false).await.expect("asked");
    assert!(faults.len() == 1 && faults[0].contains("it is a replica"), "{faults:?}");
}

#[tokio::test]
async fn every_master_of_a_cluster_is_looked_at() {
    let cluster = RedisCluster::start().await.expect("the nodes meet");
    let whole = connections(&cluster.url());
    assert_eq!(whole.faults(true).await.expect("asked"), [""; 0]);
    let node = &cluster.nodes()[2];
    node.ask("CONFIG SET appendfsync everysec\nCONFIG SET cluster-require-full-coverage yes")
        .expect("set");
    let faults = whole.faults(true).await.expect("asked");
    assert_eq!(faults.len(), 2, "{faults:?}");
    for (fault, setting) in faults.iter().zip(["appendfsync", "cluster-require-full-coverage"]) {
        let beginning = format!("redis at 127.0.0.1:{}: {setting} is ", node.port());
        assert!(fault.starts_with(&beginning), "{fault}");
    }
    let single = connections(&node.url()).faults(false).await.expect("asked");
    assert!(single.len() == 1 && single[0].contains("redis+cluster://"), "{single:?}");

    // One that is away does not keep the rooms of the others shut.
    node.kill9().expect("killed");
    assert_eq!(whole.faults(true).await.expect("asked"), [""; 0]);
}

#[tokio::test]
async fn who_may_not_ask_is_told_what_to_do() {
    let setup = RedisSetup {
        users: vec![
            "room on >geheim ~* +@all -config".to_owned(),
            "less on >geheim ~* +@all -@dangerous".to_owned(),
        ],
        ..RedisSetup::default()
    };
    let server = RedisServer::start_with(setup).await.expect("a redis with users");
    for (user, command) in [("room", "CONFIG GET"), ("less", "INFO")] {
        let url = format!("redis://{user}:geheim@127.0.0.1:{}", server.port());
        let connections = connections(&url);
        let faults = connections.faults(true).await.expect("asked");
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert!(fault.contains(&format!("{command} is not permitted")), "{fault}");
        assert!(fault.contains("`redis_require_durable` to false"), "{fault}");
        assert_eq!(connections.faults(false).await.expect("asked"), [""; 0]);
        assert_eq!(connections.durability_faults().await.expect("asked").len(), 1);
    }
    let nobody = connections("redis+cluster://127.0.0.1:1");
    nobody.faults(true).await.expect_err("nobody is there");
}
