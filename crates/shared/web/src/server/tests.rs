//! Over real sockets: what a connection may do is decided by the server alone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, web};
use kernel::SeededEntropy;
use serde_json::Value;

use super::*;
use crate::{Body, Drain, Problem};

/// As short as an honest request of a busy test machine allows.
const REQUEST: Duration = Duration::from_secs(1);
/// Far longer than anything here takes, so that only what hangs reaches it.
const HANGS: Duration = Duration::from_secs(30);

struct Running {
    address: std::net::SocketAddr,
    handle: ServerHandle,
}

impl Running {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
        let wrapping = edge.clone();
        let manners = Manners {
            workers: 1,
            head: REQUEST,
            request: REQUEST,
            keep_alive: REQUEST,
            finish_s: 1,
        };
        let app = move || {
            App::new()
                .route("/unread", web::post().to(HttpResponse::NoContent))
                .route("/read", web::post().to(read))
                .route("/", web::get().to(|| async { HttpResponse::Ok().body("here") }))
                .wrap(wrapping.clone())
        };
        let server = listen(listener, manners, edge, app).expect("it listens");
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, handle }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it accepts");
        stream.set_read_timeout(Some(HANGS)).expect("a time-out");
        stream
    }
}

async fn read(Body(_): Body<Value>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::NoContent().finish())
}

/// What is asked of a server whose runtime is this test's own has to be asked from another thread.
async fn elsewhere<T: Send + 'static>(ask: impl FnOnce(Running) -> T + Send + 'static) -> T {
    let running = Running::start();
    let handle = running.handle.clone();
    let asked = tokio::task::spawn_blocking(move || ask(running)).await.expect("the test holds");
    handle.stop(false).await;
    asked
}

fn until_closed(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection is still held: {error}"),
    }
    String::from_utf8(answer).expect("text")
}

/// Sends the beginning and then a byte at a time, as slowly as it likes, until the server has enough of it.
fn drip(mut stream: TcpStream, beginning: &str, piece: &str) -> String {
    stream.write_all(beginning.as_bytes()).expect("it is taken");
    let reading = stream.try_clone().expect("a second handle");
    let reading = std::thread::spawn(move || until_closed(reading));
    while !reading.is_finished() {
        // An error says that the server has closed its side, which the reader sees as well.
        let _ = stream.write_all(piece.as_bytes());
        std::thread::park_timeout(Duration::from_millis(50));
    }
    reading.join().expect("it was closed")
}

fn chunked(path: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
}

#[actix_web::test]
async fn a_body_that_drips_is_given_up_whether_or_not_anybody_reads_it() {
    elsewhere(|server| {
        let unread = drip(server.connect(), &chunked("/unread"), "1\r\n \r\n");
        assert!(unread.starts_with("HTTP/1.1 204"), "{unread}");
        let nowhere = drip(server.connect(), &chunked("/nowhere"), "1\r\n \r\n");
        assert!(nowhere.starts_with("HTTP/1.1 404"), "{nowhere}");
        let refused =
            drip(server.connect(), &chunked("/read").replace("json", "xml"), "1\r\n \r\n");
        assert!(refused.starts_with("HTTP/1.1 415"), "{refused}");
        let read = drip(server.connect(), &chunked("/read"), "1\r\n \r\n");
        assert!(read.starts_with("HTTP/1.1 400"), "{read}");
    })
    .await;
}

#[actix_web::test]
async fn a_body_that_stops_is_given_up() {
    elsewhere(|server| {
        let mut stream = server.connect();
        stream.write_all(chunked("/unread").as_bytes()).expect("it is taken");
        assert!(until_closed(stream).starts_with("HTTP/1.1 204"));
    })
    .await;
}

#[actix_web::test]
async fn a_second_head_that_drips_is_given_up() {
    elsewhere(|server| {
        let beginning = "GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nx: ";
        let answer = drip(server.connect(), beginning, "x");
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    })
    .await;
}

#[actix_web::test]
async fn a_connection_that_asks_again_and_again_is_kept() {
    elsewhere(|server| {
        let mut stream = server.connect();
        let started = kernel::Stopwatch::start();
        while started.elapsed() < 2 * REQUEST {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").expect("it is taken");
            let mut answer = [0; 512];
            let length = stream.read(&mut answer).expect("it answers");
            assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
        }
    })
    .await;
}

fn problem_of(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let body: Value = serde_json::from_str(body).expect("a problem");
    let has = |line: &str| assert!(head.lines().any(|found| found == line), "{line} in {head}");
    has("content-type: application/problem+json");
    has(&format!("x-request-id: {}", body["request_id"].as_str().expect("an id")));
    has("access-control-allow-origin: *");
    has("access-control-expose-headers: x-request-id");
    has("connection: close");
    has(&format!("link: <{}>; rel=\"describedby\"", body["type"].as_str().expect("an address")));
    body
}

#[actix_web::test]
async fn what_the_parser_refuses_is_a_problem() {
    elsewhere(|server| {
        let ask = |request: &str| {
            let mut stream = server.connect();
            // The server may have refused before it has taken everything.
            let _ = stream.write_all(request.as_bytes());
            until_closed(stream)
        };
        let malformed = ask("this is not HTTP\r\n\r\n");
        assert!(malformed.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{malformed}");
        assert_eq!(problem_of(&malformed)["code"], "request-malformed");
        let late = ask("GET / HTTP/1.1\r\nhost:");
        assert!(late.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{late}");
        assert_eq!(problem_of(&late)["code"], "request-timeout");
        let behind = ask("GET / HTTP/1.1\r\nhost: a\r\n\r\nthis is not HTTP\r\n\r\n");
        let (first, second) = behind.split_once("here").expect("an answer before the refusal");
        assert!(first.starts_with("HTTP/1.1 200"), "{first}");
        assert_eq!(problem_of(second)["code"], "request-malformed");
    })
    .await;
}

#[actix_web::test]
async fn a_head_that_is_too_large_is_a_problem() {
    elsewhere(|server| {
        let mut stream = server.connect();
        stream.write_all(b"GET / HTTP/1.1\r\nx: ").expect("it is taken");
        let reading = stream.try_clone().expect("a second handle");
        let reading = std::thread::spawn(move || {
            // Unread bytes may reset the connection behind the answer, so only the answer is awaited.
            let (mut reading, mut answer) = (reading, Vec::new());
            let mut some = [0; 512];
            while let Ok(length @ 1..) = reading.read(&mut some) {
                answer.extend_from_slice(&some[..length]);
            }
            String::from_utf8(answer).expect("text")
        });
        let _ = stream.write_all("x".repeat(131_073).as_bytes());
        let answer = reading.join().expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        assert_eq!(problem_of(&answer)["code"], "head-too-large");
    })
    .await;
}
