//! The closed loop against a tiny server on a thread of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use loadtest::closed_loop::{Config, Limit, Requests, request_bytes, run};

use crate::http::{self, Handler, Reply};

/// Serves on a thread of its own.
pub fn start(handler: Handler) -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        runtime.block_on(async {
            let address = http::serve(handler).await;
            sender.send(address).expect("somebody waits for it");
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().expect("a started server")
}

/// Replies with the body doubled; 409 to every tenth.
fn doubling() -> Handler {
    Arc::new(|request| {
        let number: u64 = std::str::from_utf8(&request.body).ok()?.parse().ok()?;
        let status = if number.is_multiple_of(10) { 409 } else { 201 };
        Some(Reply { status, retry_after_s: None, body: (number * 2).to_string().into_bytes() })
    })
}

#[derive(Default)]
struct Numbered {
    seen: Vec<u64>,
}

impl Requests for Numbered {
    fn write_next(&mut self, number: u64, out: &mut Vec<u8>) -> bool {
        let body = number.to_string();
        out.extend(request_bytes("POST", "/", &[("Authorization", "Bearer x")], body.as_bytes()));
        true
    }

    fn answered(&mut self, number: u64, status: u16, body: &[u8]) {
        assert_eq!(status, if number.is_multiple_of(10) { 409 } else { 201 });
        assert_eq!(body, (number * 2).to_string().as_bytes());
        self.seen.push(number);
    }
}

#[test]
fn every_request_is_answered_once_and_refusals_are_counted() {
    let mut requests = Numbered::default();
    let config =
        Config { address: start(doubling()), connections: 7, limit: Limit::Requests(1_000) };
    let outcome = run(&config, &mut requests).expect("a healthy server");
    assert_eq!((outcome.requests, outcome.non_2xx), (1_000, 100));
    assert!(outcome.p50_ms > 0.0 && outcome.p50_ms <= outcome.p99_ms);
    requests.seen.sort_unstable();
    assert!(requests.seen.into_iter().eq(0..1_000));
}

#[test]
fn it_stops_when_the_requests_run_out_or_the_time_is_over() {
    let address = start(doubling());
    let few = |number: u64, out: &mut Vec<u8>| {
        out.extend(request_bytes("POST", "/", &[], b"1"));
        number < 25
    };
    let long = Limit::Duration(Duration::from_mins(1));
    let config = |limit| Config { address, connections: 4, limit };
    let outcome = run(&config(long), &mut few.clone()).expect("a healthy server");
    assert_eq!(outcome.requests, 25);

    let mut endless = |_: u64, out: &mut Vec<u8>| {
        out.extend(request_bytes("POST", "/", &[], b"1"));
        true
    };
    let short = Limit::Duration(Duration::from_millis(50));
    let outcome = run(&config(short), &mut endless).expect("a healthy server");
    assert!(outcome.seconds >= 0.05 && outcome.requests > 0 && outcome.per_second() > 0.0);
}

#[test]
fn a_large_reply_is_read_whole_and_a_broken_connection_is_an_error() {
    let address = start(Arc::new(|request| {
        (request.path == "/large").then(|| Reply {
            status: 200,
            retry_after_s: None,
            body: vec![b'x'; 300_000],
        })
    }));
    let config = Config { address, connections: 2, limit: Limit::Requests(6) };
    let get = |path: &'static str| {
        move |_: u64, out: &mut Vec<u8>| {
            out.extend(request_bytes("GET", path, &[], b""));
            true
        }
    };
    let outcome = run(&config, &mut get("/large")).expect("a healthy server");
    assert_eq!((outcome.requests, outcome.non_2xx), (6, 0));
    let broken = run(&config, &mut get("/gone")).expect_err("the server hangs up");
    assert_eq!(broken.kind(), std::io::ErrorKind::UnexpectedEof);
}
