//! A closed-loop HTTP/1.1 generator with very little overhead, for finding out how many requests a server sustains.
//!
//! Every connection sends one request, reads the reply and sends the next: no pipelining, no pool, no header map.
//! Requests are bytes that the caller has built. Replies must have a `Content-Length`, or be 204 or 304. Everything
//! runs on the calling thread, so whoever measures can give it a core of its own.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::net::TcpStream;

use crate::clock;

/// A reply larger than this is not for a benchmark.
const REPLY_BYTES_MAX: usize = 4 << 20;

/// Where the requests come from and the replies go to.
pub trait Requests {
    /// Appends the whole request `number` (0, 1, 2 …, over all connections) to the empty `out`. `false` if there is
    /// none left.
    fn write_next(&mut self, number: u64, out: &mut Vec<u8>) -> bool;

    /// Takes the reply to request `number`; replies of different connections come in any order.
    fn answered(&mut self, number: u64, status: u16, body: &[u8]) {
        let _ = (number, status, body);
    }
}

impl<F: FnMut(u64, &mut Vec<u8>) -> bool> Requests for F {
    fn write_next(&mut self, number: u64, out: &mut Vec<u8>) -> bool {
        self(number, out)
    }
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// After so many requests.
    Requests(u64),
    /// After so long; requests in flight then are finished and counted.
    Duration(Duration),
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The server.
    pub address: SocketAddr,
    /// Keep-alive connections, each with one request in flight.
    pub connections: usize,
    /// When to stop, if the requests do not run out before.
    pub limit: Limit,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Serialize, PartialEq)]
pub struct Outcome {
    /// Replies read.
    pub requests: u64,
    /// From the first request to the last reply; connecting is not included.
    pub seconds: f64,
    /// Replies with a status outside 200–299.
    pub non_2xx: u64,
    /// Median latency.
    pub p50_ms: f64,
    /// 99th percentile of the latency.
    pub p99_ms: f64,
}

impl Outcome {
    /// Replies per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        let requests = Duration::from_secs(self.requests).as_secs_f64();
        requests / self.seconds.max(f64::MIN_POSITIVE)
    }
}

/// Builds the bytes of one request; `Content-Length` is added if there is a body or the method is `POST`.
#[must_use]
pub fn request_bytes(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !body.is_empty() || method == "POST" {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

struct Shared<'r, R> {
    requests: &'r mut R,
    next: u64,
    replies: u64,
    non_2xx: u64,
    latency_ns: Histogram<u64>,
    ended: Instant,
}

/// Runs one measurement on the calling thread. Must not be called from within an async runtime.
///
/// `Err` if a connection cannot be made, breaks, or carries something that is not such a reply.
pub fn run<R: Requests>(config: &Config, requests: &mut R) -> io::Result<Outcome> {
    if config.connections == 0 {
        return Err(invalid("connections must not be 0"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let latency_ns =
        Histogram::new_with_bounds(1_000, 60_000_000_000, 3).map_err(io::Error::other)?;
    runtime.block_on(async {
        let mut streams = Vec::with_capacity(config.connections);
        for _ in 0..config.connections {
            let stream = TcpStream::connect(config.address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let started = clock::now();
        let shared = RefCell::new(Shared {
            requests,
            next: 0,
            replies: 0,
            non_2xx: 0,
            latency_ns,
            ended: started,
        });
        let connections =
            streams.into_iter().map(|stream| connection(stream, config.limit, started, &shared));
        try_join_all(connections).await?;
        let shared = shared.into_inner();
        let quantile_ms =
            |q| Duration::from_nanos(shared.latency_ns.value_at_quantile(q)).as_secs_f64() * 1e3;
        Ok(Outcome {
            requests: shared.replies,
            seconds: shared.ended.duration_since(started).as_secs_f64(),
            non_2xx: shared.non_2xx,
            p50_ms: quantile_ms(0.5),
            p99_ms: quantile_ms(0.99),
        })
    })
}

/// One connection: request, reply, request, reply …
async fn connection<R: Requests>(
    stream: TcpStream,
    limit: Limit,
    started: Instant,
    shared: &RefCell<Shared<'_, R>>,
) -> io::Result<()> {
    let mut out = Vec::with_capacity(1024);
    let mut reply = Vec::with_capacity(16 * 1024);
    // All begin together, so the first request is sent whatever the limit.
    let mut sent_at = started;
    loop {
        out.clear();
        let Some(number) = shared.borrow_mut().take_next(limit, started, sent_at, &mut out) else {
            return Ok(());
        };
        write_all(&stream, &out).await?;
        reply.clear();
        let head = read_reply(&stream, &mut reply).await?;
        let now = clock::now();
        let mut shared = shared.borrow_mut();
        shared.replies += 1;
        shared.non_2xx += u64::from(!(200..300).contains(&head.status));
        let nanos = u64::try_from(now.duration_since(sent_at).as_nanos()).unwrap_or(u64::MAX);
        shared.latency_ns.saturating_record(nanos);
        shared.ended = shared.ended.max(now);
        shared.requests.answered(number, head.status, &reply[head.body_at..]);
        // One reading of the clock is the end of this request and the start of the next.
        sent_at = now;
    }
}

impl<R: Requests> Shared<'_, R> {
    fn take_next(
        &mut self,
        limit: Limit,
        started: Instant,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Option<u64> {
        let over = match limit {
            Limit::Requests(requests) => self.next >= requests,
            Limit::Duration(duration) => now.duration_since(started) >= duration,
        };
        let number = self.next;
        if over || !self.requests.write_next(number, out) {
            return None;
        }
        self.next += 1;
        Some(number)
    }
}

pub(crate) async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads one whole reply into the empty `reply`.
pub(crate) async fn read_reply(stream: &TcpStream, reply: &mut Vec<u8>) -> io::Result<Head> {
    let mut head = None;
    loop {
        stream.readable().await?;
        match stream.try_read_buf(reply) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        if head.is_none() {
            head = parse_head(reply)?;
        }
        if let Some(head) = head {
            let end = head.body_at + head.body_bytes;
            if reply.len() == end {
                return Ok(head);
            }
            if reply.len() > end {
                return Err(invalid("more than one reply to one request"));
            }
        }
        if reply.len() == reply.capacity() {
            reply.reserve(reply.len());
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    body_at: usize,
    body_bytes: usize,
}

/// Reads status and length; `None` while the head is not complete.
fn parse_head(reply: &[u8]) -> io::Result<Option<Head>> {
    const STATUS_LINE_MIN: usize = "HTTP/1.1 200".len();
    if reply.len() < STATUS_LINE_MIN {
        return Ok(None);
    }
    let status = std::str::from_utf8(&reply[9..12])
        .ok()
        .filter(|_| reply.starts_with(b"HTTP/1."))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| invalid("not an HTTP/1 status line"))?;
    let mut body_bytes = None;
    let mut line_at = 0;
    while let Some(length) = reply[line_at..].iter().position(|byte| *byte == b'\n') {
        let line = reply[line_at..line_at + length].trim_ascii();
        line_at += length + 1;
        if line.is_empty() {
            let body_bytes = match (body_bytes, status) {
                (_, 204 | 304) => 0,
                (Some(bytes), _) => bytes,
                (None, _) => return Err(invalid("a reply without a Content-Length")),
            };
            return Ok(Some(Head { status, body_at: line_at, body_bytes }));
        }
        if let Some(value) = content_length(line) {
            let bytes = std::str::from_utf8(value)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .filter(|bytes| *bytes <= REPLY_BYTES_MAX)
                .ok_or_else(|| invalid("an unreadable or huge Content-Length"))?;
            body_bytes = Some(bytes);
        }
    }
    Ok(None)
}

/// The value, if the line is that header.
fn content_length(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    name.eq_ignore_ascii_case(NAME).then(|| value.trim_ascii())
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(reply: &str) -> Option<Head> {
        parse_head(reply.as_bytes()).expect("a readable head")
    }

    #[test]
    fn a_head_is_read_when_it_is_complete() {
        let reply = "HTTP/1.1 201 Created\r\ncontent-LENGTH:  5\r\netag: \"a\"\r\n\r\nhello";
        for cut in 0..reply.len() - 5 {
            assert_eq!(head(&reply[..cut]), None, "{cut}");
        }
        let whole = head(reply).expect("complete");
        assert_eq!((whole.status, whole.body_bytes), (201, 5));
        assert_eq!(&reply[whole.body_at..], "hello");
    }

    #[test]
    fn no_content_needs_no_length_and_everything_else_does() {
        assert_eq!(head("HTTP/1.1 204 No Content\r\n\r\n").map(|head| head.body_bytes), Some(0));
        for broken in [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "SSH-2.0-OpenSSH_9.2\r\n",
        ] {
            assert!(parse_head(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_request_is_built_with_its_length() {
        let bytes = request_bytes("POST", "/v1/x", &[("Idempotency-Key", "1")], b"{}");
        assert_eq!(
            String::from_utf8(bytes).expect("ASCII"),
            "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: 1\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
