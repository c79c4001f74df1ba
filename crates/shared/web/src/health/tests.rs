use std::future::pending;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, HttpServer};
use futures_util::future::join_all;
use kernel::SeededEntropy;
use serde_json::{Value, json};

use super::*;
use crate::Edge;

async fn ask(path: &str, readiness: Readiness) -> (u16, Value) {
    let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
    let app = App::new().configure(routes(Data::new(readiness))).wrap(edge);
    let request = TestRequest::get().uri(path).to_request();
    let response = call_service(&init_service(app).await, request).await;
    (response.status().as_u16(), read_body_json(response).await)
}

#[actix_web::test]
async fn a_process_without_needs_is_ready() {
    let answer = ask("/readyz", Readiness::new(Drain::new())).await;
    assert_eq!(answer, (200, json!({"ready": true, "missing": []})));
    assert_eq!(ask("/healthz", Readiness::new(Drain::new())).await, (200, json!({"live": true})));
}

#[actix_web::test]
async fn what_is_missing_is_listed() {
    let drain = Drain::new();
    drain.start();
    let readiness = Readiness::new(drain)
        .with("redis", || async { Err("connection refused".to_owned()) })
        .with("database", || async { Ok(()) });
    let (status, body) = ask("/readyz", readiness).await;
    assert_eq!(status, 503);
    insta::assert_json_snapshot!(body, @r#"
    {
      "missing": [
        {
          "name": "draining",
          "reason": "the process is about to stop"
        },
        {
          "name": "redis",
          "reason": "connection refused"
        }
      ],
      "ready": false
    }
    "#);
}

#[actix_web::test]
async fn a_draining_process_lives() {
    let drain = Drain::new();
    drain.start();
    assert_eq!(ask("/healthz", Readiness::new(drain.clone())).await.0, 200);
    assert_eq!(ask("/readyz", Readiness::new(drain)).await.0, 503);
}

/// Lets this much time pass.
async fn pass(time: Duration) {
    tokio::time::timeout(time, pending::<()>()).await.expect_err("pending for ever");
}

/// A process with one check that takes `time`, and how often that check has been started.
fn counted(time: Duration) -> (Data<Readiness>, Arc<AtomicU32>) {
    let started = Arc::new(AtomicU32::new(0));
    let count = started.clone();
    let readiness = Readiness::new(Drain::new()).with("database", move || {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            pass(time).await;
            Ok(())
        }
    });
    (Data::new(readiness), started)
}

#[actix_web::test]
async fn all_who_ask_at_the_same_time_share_one_run() {
    tokio::time::pause();
    for callers in [2, 1_000] {
        let (readiness, started) = counted(Duration::from_millis(300));
        let app = init_service(App::new().configure(routes(readiness))).await;
        let ask_all = || {
            join_all((0..callers).map(|_| async {
                let request = TestRequest::get().uri("/readyz").to_request();
                call_service(&app, request).await.status().as_u16()
            }))
        };
        let ready = vec![200; callers];
        assert_eq!((ask_all().await, started.load(Ordering::Relaxed)), (ready.clone(), 1));
        pass(Duration::from_millis(990)).await;
        assert_eq!((ask_all().await, started.load(Ordering::Relaxed)), (ready.clone(), 1));
        pass(Duration::from_millis(20)).await;
        assert_eq!((ask_all().await, started.load(Ordering::Relaxed)), (ready, 2));
    }
}

#[actix_web::test]
async fn a_failure_is_shared_and_forgotten_after_a_second() {
    tokio::time::pause();
    let is_up = Arc::new(AtomicBool::new(false));
    let up = is_up.clone();
    let readiness = Readiness::new(Drain::new()).with("database", move || {
        let up = up.load(Ordering::Relaxed);
        async move { up.then_some(()).ok_or_else(|| "connection refused".to_owned()) }
    });
    let both = tokio::join!(readiness.ask(), readiness.ask());
    assert!(!both.0.ready && !both.1.ready);
    is_up.store(true, Ordering::Relaxed);
    assert!(!readiness.ask().await.ready, "the result of the first run is still told");
    pass(Duration::from_millis(1_010)).await;
    assert!(readiness.ask().await.ready);
}

#[actix_web::test]
async fn a_check_that_hangs_fails_for_everybody_and_is_not_started_twice() {
    tokio::time::pause();
    let (readiness, started) = counted(Duration::from_hours(1));
    let late = async {
        pass(Duration::from_millis(1_900)).await;
        // It waits for the end of the run's two seconds, not for two seconds of its own.
        tokio::time::timeout(Duration::from_millis(110), readiness.ask()).await.expect("in time")
    };
    let (first, late) = tokio::join!(readiness.ask(), late);
    let at_once = tokio::time::timeout(Duration::ZERO, readiness.ask()).await.expect("at once");
    for ready in [first, late, at_once] {
        assert_eq!(ready.missing[0].reason, "no answer in time");
    }
    pass(Duration::from_mins(1)).await;
    assert!(!readiness.ask().await.ready);
    assert_eq!(started.load(Ordering::Relaxed), 1);
    pass(Duration::from_hours(1)).await;
    assert!(!readiness.ask().await.ready);
    assert_eq!(started.load(Ordering::Relaxed), 2, "it had ended, too late to count");
}

#[actix_web::test]
async fn a_check_that_crashes_fails_and_is_tried_again() {
    tokio::time::pause();
    let started = Arc::new(AtomicU32::new(0));
    let count = started.clone();
    let readiness = Readiness::new(Drain::new()).with("bad", move || {
        count.fetch_add(1, Ordering::Relaxed);
        async { panic!("bug") }
    });
    for runs in 1..=2 {
        assert_eq!(readiness.ask().await.missing[0].reason, "the check has crashed");
        assert_eq!(started.load(Ordering::Relaxed), runs);
        pass(Duration::from_millis(1_010)).await;
    }
}

#[actix_web::test]
async fn a_check_can_tell_a_figure() {
    let readiness = Readiness::new(Drain::new())
        .with_detail("views", || async { Ok("oldest view 240 ms".to_owned()) });
    let answer = ask("/readyz", readiness).await;
    let body = json!({"ready": true, "missing": [], "details": {"views": "oldest view 240 ms"}});
    assert_eq!(answer, (200, body));
}

fn probe(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    reply.lines().next().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn many_probers_of_a_real_server_find_it_ready() {
    let (readiness, _) = counted(Duration::from_millis(50));
    let server = HttpServer::new(move || App::new().configure(routes(readiness.clone())))
        .workers(2)
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a free port");
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    let probers = (0..8).map(|_| {
        tokio::task::spawn_blocking(move || (0..25).map(|_| probe(address)).collect::<Vec<_>>())
    });
    for answers in join_all(probers).await {
        assert_eq!(answers.expect("probed"), vec!["HTTP/1.1 200 OK"; 25]);
    }
    handle.stop(false).await;
    running.await.expect("no panic").expect("stopped");
}
