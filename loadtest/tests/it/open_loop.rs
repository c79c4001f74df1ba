//! The open loop against a tiny server on a thread of its own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadtest::closed_loop::request_bytes;
use loadtest::open_loop::{Config, run};

use crate::closed_loop::start;
use crate::http::{Handler, Reply};

/// Refuses every body the first time it comes.
fn refusing_once() -> Handler {
    let seen: Mutex<BTreeMap<Vec<u8>, u32>> = Mutex::default();
    Arc::new(move |request| {
        let mut seen = seen.lock().expect("nobody panicked");
        let times = seen.entry(request.body.clone()).or_default();
        *times += 1;
        let status = if *times == 1 { 503 } else { 201 };
        Some(Reply { status, retry_after_s: None, body: Vec::new() })
    })
}

fn requests(number: usize) -> Vec<Vec<u8>> {
    (0..number).map(|n| request_bytes("POST", "/", &[], n.to_string().as_bytes())).collect()
}

#[test]
fn requests_go_out_when_they_are_due_and_the_refused_once_more() {
    let due: Vec<Duration> = (0..40).map(Duration::from_millis).collect();
    let requests = requests(10);
    let address = start(refusing_once());
    let config = Config { address, due: &due, requests: &requests, connections_max: 1 };
    let exchanges = run(&config).expect("a server");
    // One connection sends one after the other: first all, then all again, then there is none.
    let statuses: Vec<u16> = exchanges.iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses, [[503; 10], [201; 10]].concat());
    for (exchange, due) in exchanges.iter().zip(due) {
        assert_eq!(exchange.due, due);
        assert!(due <= exchange.sent && exchange.sent <= exchange.answered, "{exchange:?}");
    }
}

/// The server replies to nobody before it has everybody's request.
#[test]
fn no_reply_is_waited_for() {
    const PEOPLE: usize = 5;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    let server = std::thread::spawn(move || {
        let ask = |_| {
            let (mut stream, _) = listener.accept().expect("a connection");
            assert_ne!(stream.read(&mut [0; 1_024]).expect("a request"), 0);
            stream
        };
        let asked: Vec<TcpStream> = (0..PEOPLE).map(ask).collect();
        for mut stream in asked {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").expect("somebody waits");
        }
    });
    let (due, requests) = ([Duration::ZERO; PEOPLE], requests(PEOPLE));
    let config = Config { address, due: &due, requests: &requests, connections_max: PEOPLE };
    let exchanges = run(&config).expect("a server");
    server.join().expect("it ends well");
    assert_eq!(exchanges.iter().filter(|exchange| exchange.status == 204).count(), PEOPLE);
}

#[test]
fn a_server_that_hangs_up_is_an_error() {
    let address = start(Arc::new(|_| None));
    let (due, requests) = ([Duration::ZERO], requests(1));
    let config = Config { address, due: &due, requests: &requests, connections_max: 1 };
    assert!(run(&config).is_err());
}
