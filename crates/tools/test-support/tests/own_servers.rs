//! The private servers do what tests rely on: they lose nothing acknowledged when killed, come back
//! on the same address, and leave nothing behind.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use test_support::{
    PostgresServer, RedisCluster, RedisSentinels, RedisServer, RedisSetup, TestAuthority,
    eventually, locate_postgres, shared_postgres_database, shared_redis_url,
};

/// Sends commands to Redis and returns its whole answer.
fn redis(port: u16, commands: &str) -> String {
    let mut connection =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("Redis accepts connections");
    write!(connection, "{commands}\r\nQUIT\r\n").expect("Redis reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("Redis answers");
    answer
}

/// Runs SQL; the rows without decoration, or the error text.
fn sql(url: &str, statement: &str) -> Result<String, String> {
    let output = psql(url, statement).output().expect("psql runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn psql(url: &str, statement: &str) -> Command {
    let mut psql =
        Command::new(locate_postgres().expect("PostgreSQL is installed").program("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", url])
        .args(["--command", statement])
        .stdin(Stdio::null());
    psql
}

fn is_open(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn is_running(pid: &str) -> bool {
    let mut look = Command::new("/bin/sh");
    look.args(["-c", r#"kill -0 "$1""#, "look", pid]).stderr(Stdio::null());
    look.status().expect("a shell is on every system").success()
}

#[tokio::test]
async fn redis_keeps_acknowledged_writes_over_kill_and_restart() {
    let server = RedisServer::start().await.expect("Redis starts");
    let url = server.url();
    assert!(redis(server.port(), "SET place 17").starts_with("+OK"));

    server.kill9().expect("it can be killed");
    assert!(!is_open(server.port()), "a killed server answers");
    server.kill9().expect("a second kill does nothing");

    server.restart().await.expect("it starts again");
    assert_eq!(server.url(), url);
    assert!(redis(server.port(), "GET place").starts_with("$2\r\n17\r\n"));

    server.restart().await.expect("a running one restarts as well");
    assert!(redis(server.port(), "GET place").starts_with("$2\r\n17\r\n"));
}

#[tokio::test]
async fn redis_is_set_up_to_lose_nothing() {
    let server = RedisServer::start().await.expect("Redis starts");
    for (name, value) in
        [("appendonly", "yes"), ("appendfsync", "always"), ("maxmemory-policy", "noeviction")]
    {
        let answer = redis(server.port(), &format!("CONFIG GET {name}"));
        assert!(answer.contains(&format!("\r\n{value}\r\n")), "{name}: {answer}");
    }
}

#[tokio::test]
async fn postgres_keeps_commits_over_kill_and_restart_and_the_kill_reaches_every_backend() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let database = server.create_database().await.expect("a database can be made");
    sql(&database, "CREATE TABLE taken (place int)").expect("a table can be made");
    sql(&database, "INSERT INTO taken VALUES (17)").expect("a row can be written");
    let sleeping = || {
        sql(
            &server.url("postgres"),
            "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'",
        )
    };
    let mut busy =
        psql(&database, "SELECT pg_sleep(600)").stderr(Stdio::null()).spawn().expect("psql runs");
    eventually("the backend is busy", Duration::from_secs(10), async || {
        sleeping().as_deref() == Ok("1")
    })
    .await;

    server.kill9().expect("it can be killed");
    assert!(!is_open(server.port()), "a killed server answers");
    assert!(!busy.wait().expect("psql ends").success(), "the backend survived its postmaster");

    server.restart().await.expect("it starts again");
    assert_eq!(sql(&database, "SELECT place FROM taken").as_deref(), Ok("17"));
    assert_eq!(sleeping().as_deref(), Ok("0"));
}

#[tokio::test]
async fn postgres_keeps_commits_over_a_stop_at_once() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let database = server.create_database().await.expect("a database can be made");
    sql(&database, "CREATE TABLE taken AS SELECT 17 AS place").expect("a table can be made");
    assert!(server.is_running());

    server.stop_at_once().await.expect("it can be stopped");
    assert!(!server.is_running() && !is_open(server.port()), "a stopped server answers");
    assert_eq!(server.has_logged("received immediate shutdown request"), 1);

    server.restart().await.expect("it starts again");
    assert!(server.is_running());
    assert_eq!(sql(&database, "SELECT place FROM taken").as_deref(), Ok("17"));
    assert_eq!(server.has_logged("database system was not properly shut down"), 1);
}

#[tokio::test]
async fn postgres_syncs_commits_and_has_room_for_many_connections() {
    let server = PostgresServer::start().await.expect("PostgreSQL starts");
    let url = server.url("postgres");
    for (setting, value) in
        [("fsync", "on"), ("synchronous_commit", "on"), ("max_connections", "200")]
    {
        assert_eq!(sql(&url, &format!("SHOW {setting}")).as_deref(), Ok(value), "{setting}");
    }
}

#[tokio::test]
async fn a_dropped_server_leaves_nothing_behind() {
    let postgres = PostgresServer::start().await.expect("PostgreSQL starts");
    let redis_server = RedisServer::start().await.expect("Redis starts");
    let data = sql(&postgres.url("postgres"), "SHOW data_directory").expect("it is known");
    let answer = redis(redis_server.port(), "CONFIG GET dir");
    let folder = answer.lines().nth(4).expect("Redis names its folder").trim();
    assert!(Path::new(&data).exists() && Path::new(folder).exists());
    // Their ports may belong to another test as soon as they are gone; their processes do not.
    let postmaster = std::fs::read_to_string(Path::new(&data).join("postmaster.pid"));
    let info = redis(redis_server.port(), "INFO server");
    let pids = [
        postmaster.expect("PostgreSQL's own note").lines().next().expect("a line").to_owned(),
        info.lines().find_map(|line| line.strip_prefix("process_id:")).expect("a pid").to_owned(),
    ];
    assert!(pids.iter().all(|pid| is_running(pid)), "{pids:?}");

    drop(postgres);
    drop(redis_server);
    assert!(!Path::new(&data).exists(), "{data} is still there");
    assert!(!Path::new(folder).exists(), "{folder} is still there");
    assert!(!pids.iter().any(|pid| is_running(pid)), "a server still runs: {pids:?}");
}

#[tokio::test]
async fn shared_servers_give_each_test_its_own_database() {
    let first = shared_postgres_database().await;
    let second = shared_postgres_database().await;
    assert_ne!(first, second);
    sql(&first, "CREATE TABLE here (x int)").expect("a table can be made");
    assert_eq!(sql(&second, "SELECT to_regclass('here') IS NULL").as_deref(), Ok("t"));

    let url = shared_redis_url().await;
    assert_eq!(url, shared_redis_url().await, "one server for the whole process");
    assert!(url.starts_with("redis://"));
}

/// The reply to one command over the server's socket.
fn asked(server: &RedisServer, command: &str) -> String {
    server.ask(command).expect("Redis answers")
}

#[tokio::test]
async fn redis_can_be_frozen_held_back_and_promoted() {
    let master = RedisServer::start().await.expect("Redis starts");
    let replica = RedisServer::start().await.expect("Redis starts");
    replica.replicate(&master).expect("it becomes a replica");
    eventually("the replica is up to date", Duration::from_secs(20), async || {
        replica.info("master_link_status").is_ok_and(|status| status.as_deref() == Some("up"))
    })
    .await;
    asked(&master, "SET place 17");
    eventually("the write arrives", Duration::from_secs(5), async || {
        asked(&replica, "GET place").starts_with("$2\r\n17")
    })
    .await;

    replica.hold_back().expect("its master is hidden from it");
    asked(&master, "SET place 18");
    replica.promote().expect("it becomes a master");
    assert!(asked(&replica, "GET place").starts_with("$2\r\n17"), "it has heard nothing since");
    assert_eq!(replica.info("role").expect("it answers").as_deref(), Some("master"));

    let frozen = replica.freeze().expect("it can be stopped");
    assert!(replica.ask("PING").is_err(), "a frozen server answers nothing");
    drop(frozen);
    assert!(asked(&replica, "PING").starts_with("+PONG"));
}

#[tokio::test]
async fn sentinels_replace_a_master_that_is_killed_and_take_it_back_as_a_replica() {
    let fleet = RedisSentinels::start().await.expect("they find each other");
    let first = fleet.master().expect("they agree").clone();
    assert_eq!(first.port(), fleet.servers()[0].port());
    first.kill9().expect("it can be killed");
    eventually("another master", Duration::from_secs(30), async || {
        fleet.master().is_ok_and(|master| master.port() != first.port())
    })
    .await;
    first.restart().await.expect("it starts again");
    eventually("it is a replica", Duration::from_secs(30), async || {
        first.info("role").is_ok_and(|role| role.as_deref() == Some("slave"))
    })
    .await;
}

#[tokio::test]
async fn a_cluster_of_encrypted_nodes_replaces_a_master_that_is_killed() {
    let authority = Arc::new(TestAuthority::new().expect("keys can be made"));
    let setup = RedisSetup { authority: Some(authority), ..RedisSetup::default() };
    let cluster = RedisCluster::start_with(setup).await.expect("the nodes meet");
    assert!(cluster.url().starts_with("rediss+cluster://"));
    let [master, .., replica] = [0, 1, 2, 3].map(|index| &cluster.nodes()[index]);
    let name = cluster.name_at(0).expect("there is one");
    assert!(asked(master, &format!("SET {{{name}}} 17")).starts_with("+OK"));
    master.kill9().expect("it can be killed");
    eventually("the replica takes over", Duration::from_secs(30), async || {
        asked(replica, &format!("GET {{{name}}}")).starts_with("$2\r\n17")
    })
    .await;
}
