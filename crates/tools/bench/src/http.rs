//! One request at a time, for what is not measured.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use loadtest::closed_loop::request_bytes;
use serde_json::Value;

const TIME_MAX: Duration = Duration::from_secs(30);

/// A reply as it came.
pub struct Reply {
    pub status: u16,
    /// Everything up to the empty line and with it.
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON, if the request succeeded.
    pub fn json(&self) -> Result<Value> {
        let body = String::from_utf8_lossy(&self.body);
        ensure!((200..300).contains(&self.status), "the reply was {}: {body}", self.status);
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// Status, headers and body, without what differs from reply to reply of the same server.
    pub fn comparable(&self) -> (Vec<String>, &[u8]) {
        let is_same = |line: &&str| {
            let line = line.to_ascii_lowercase();
            !line.starts_with("date:") && !line.starts_with("connection:")
        };
        let mut head: Vec<_> =
            self.head.lines().filter(is_same).map(str::to_ascii_lowercase).collect();
        head.sort();
        (head, &self.body)
    }
}

/// Sends a request on a connection of its own.
pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Reply> {
    let headers = [headers, &[("Connection", "close")]].concat();
    let mut stream = TcpStream::connect_timeout(&address, TIME_MAX)?;
    stream.set_read_timeout(Some(TIME_MAX))?;
    stream.write_all(&request_bytes(method, path, &headers, body))?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).with_context(|| format!("the reply to {method} {path} is not HTTP"))
}

/// `GET`
pub fn get(address: SocketAddr, path: &str) -> Result<Reply> {
    send(address, "GET", path, &[], &[])
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head, body: bytes[end..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_the_same_but_for_the_time() {
        let reply = |date| {
            let text = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nETag: 1\r\n\r\n{{\"a\":1}}");
            parse(text.as_bytes()).expect("a reply")
        };
        let (one, other) = (reply("Mon"), reply("Tue"));
        assert_eq!(one.comparable(), other.comparable());
        assert_eq!(one.json().expect("JSON")["a"], 1);
        assert_eq!(one.comparable().0, ["", "etag: 1", "http/1.1 200 ok"]);
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_none());
    }
}
