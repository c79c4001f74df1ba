//! A server that takes what is posted to it and answers as a test wants.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// More than anybody posts in a test.
const BODY_MAX: usize = 1 << 20;

/// A request that has arrived.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The path.
    pub path: String,
    /// The headers, by their names in small letters.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

impl Delivered {
    /// The value of a header; nothing if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This status, with these further headers.
    Status(u16, Vec<(&'static str, String)>),
    /// Nothing, for as long as somebody waits for it.
    Silence,
    /// Nothing: the connection is closed.
    Closed,
    /// Status 200, and a body without end.
    Endless,
}

type Answers = dyn Fn(&Delivered, usize) -> Reply + Send + Sync;

/// An HTTP server on a port of this machine. It goes on until the process ends; each connection has one request.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    delivered: Arc<Mutex<Vec<Delivered>>>,
}

impl Receiver {
    /// Starts one on 127.0.0.1. `answers` is given each request and how many came before it.
    pub fn start(
        answers: impl Fn(&Delivered, usize) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), 0, answers)
    }

    /// The same at another address of this machine, on a port of one's own choice; on any if it is 0.
    pub fn start_at(
        address: IpAddr,
        port: u16,
        answers: impl Fn(&Delivered, usize) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind((address, port)).context("failed to listen")?;
        let delivered: Arc<Mutex<Vec<Delivered>>> = Arc::default();
        let receiver = Self { address: listener.local_addr()?, delivered };
        let (kept, answers): (_, Arc<Answers>) = (receiver.clone(), Arc::new(answers));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (receiver, answers) = (kept.clone(), Arc::clone(&answers));
                // Who posted has gone, or does not keep to HTTP: it is for the test to notice what is missing.
                thread::spawn(move || receiver.serve(connection, &*answers).ok());
            }
        });
        Ok(receiver)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// The URL of this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What has arrived, in order.
    #[must_use]
    pub fn delivered(&self) -> Vec<Delivered> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn serve(&self, mut connection: TcpStream, answers: &Answers) -> Result<()> {
        let request = read(&connection)?;
        let before = {
            let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
            delivered.push(request.clone());
            delivered.len() - 1
        };
        match answers(&request, before) {
            Reply::Status(status, headers) => {
                write!(connection, "HTTP/1.1 {status} answer\r\nconnection: close\r\n")?;
                for (name, value) in headers {
                    write!(connection, "{name}: {value}\r\n")?;
                }
                connection.write_all(b"content-length: 0\r\n\r\n")?;
            }
            Reply::Silence => {
                let _until_it_goes = connection.read(&mut [0; 1]);
            }
            Reply::Closed => connection.shutdown(Shutdown::Both)?,
            Reply::Endless => {
                connection
                    .write_all(b"HTTP/1.1 200 answer\r\ncontent-length: 1000000000000\r\n\r\n")?;
                while connection.write_all(&[b' '; 4_096]).is_ok() {}
            }
        }
        Ok(())
    }
}

fn read(connection: &TcpStream) -> Result<Delivered> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).context("no request line")?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; BODY_MAX.min(length)];
    reader.read_exact(&mut body)?;
    Ok(Delivered { path, headers, body: String::from_utf8(body)? })
}
