//! A tiny HTTP/1.1 server: enough of the protocol for keep-alive clients that send a `Content-Length`.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// One request.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub bearer: Option<String>,
    pub key: Option<String>,
    pub body: Vec<u8>,
}

/// One reply; `None` instead of one closes the connection.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub retry_after_s: Option<u64>,
    pub body: Vec<u8>,
}

pub type Handler = Arc<dyn Fn(&Request) -> Option<Reply> + Send + Sync>;

/// Serves until the runtime ends.
pub async fn serve(handler: Handler) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(converse(stream, Arc::clone(&handler)));
        }
    });
    address
}

async fn converse(mut stream: TcpStream, handler: Handler) {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        let (request, used) = loop {
            if let Some(parsed) = parse(&bytes) {
                break parsed;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        bytes.drain(..used);
        let Some(reply) = handler(&request) else {
            return;
        };
        let mut out =
            format!("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
        if let Some(seconds) = reply.retry_after_s {
            write!(out, "Retry-After: {seconds}\r\n").expect("writing to a string does not fail");
        }
        out += "\r\n";
        let mut out = out.into_bytes();
        out.extend_from_slice(&reply.body);
        if stream.write_all(&out).await.is_err() {
            return;
        }
    }
}

fn parse(bytes: &[u8]) -> Option<(Request, usize)> {
    let head_bytes = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..head_bytes]).expect("an ASCII head");
    let mut lines = head.split("\r\n");
    let mut start = lines.next().expect("a start line").split(' ');
    let mut request = Request {
        method: start.next().expect("a method").to_owned(),
        path: start.next().expect("a path").to_owned(),
        bearer: None,
        key: None,
        body: Vec::new(),
    };
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        match name.to_ascii_lowercase().as_str() {
            "authorization" => request.bearer = value.strip_prefix("Bearer ").map(str::to_owned),
            "idempotency-key" => request.key = Some(value.to_owned()),
            "content-length" => length = value.parse().expect("a length"),
            _ => {}
        }
    }
    let body_at = head_bytes + 4;
    request.body = bytes.get(body_at..body_at + length)?.to_vec();
    Some((request, body_at + length))
}
