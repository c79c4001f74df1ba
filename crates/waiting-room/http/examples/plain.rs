//! The limit that `cargo xtask bench` holds the waiting room against: an actix server that does nothing
//! but give the same bytes.
//!
//! `plain ADDRESS FOLDER` answers `/<name>` with the reply that the file `FOLDER/<name>` holds: status
//! line, headers and body as they were captured. Its settings are those of `einlass`, with one worker.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};

/// What actix adds by itself.
const ADDED_BY_ACTIX: [&str; 3] = ["connection", "content-length", "date"];

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, folder] = arguments.as_slice() else {
        return Err(std::io::Error::other("usage: plain ADDRESS FOLDER"));
    };
    let mut replies = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("/{}", entry.file_name().to_string_lossy());
        let reply = Reply::parse(&std::fs::read(entry.path())?)
            .ok_or_else(|| std::io::Error::other("a file that is no HTTP reply"))?;
        replies.push((path, reply));
    }
    let listener = TcpListener::bind(address)?;
    actix_web::rt::System::new().block_on(
        HttpServer::new(move || {
            let replies = replies.clone();
            App::new().configure(move |config| register(config, replies))
        })
        .workers(1)
        .client_request_timeout(Duration::from_secs(10))
        .keep_alive(Duration::from_secs(75))
        .listen(listener)?
        .run(),
    )
}

fn register(config: &mut ServiceConfig, replies: Vec<(String, Reply)>) {
    for (path, reply) in replies {
        // The body is read, or actix would close the connection after every request that has one.
        let handler = move |_body: Bytes| std::future::ready(reply.response());
        config.route(&path, web::route().to(handler));
    }
}

/// A captured reply.
#[derive(Clone)]
struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let mut lines = std::str::from_utf8(&bytes[..end]).ok()?.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(": ")?;
            let name: HeaderName = name.parse().ok()?;
            if !ADDED_BY_ACTIX.contains(&name.as_str()) {
                headers.push((name, HeaderValue::from_str(value).ok()?));
            }
        }
        Some(Self { status, headers, body: Bytes::copy_from_slice(&bytes[end + 4..]) })
    }

    fn response(&self) -> HttpResponse {
        let mut response =
            HttpResponse::with_body(self.status, self.body.clone()).map_into_boxed_body();
        let headers = response.headers_mut();
        for (name, value) in &self.headers {
            headers.append(name.clone(), value.clone());
        }
        response
    }
}
