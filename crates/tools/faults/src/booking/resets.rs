//! Connections that break in the middle of a request.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use rand::Rng as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::booking::citizen::{self, Citizen};
use crate::booking::history::Asked;
use crate::clock::pause;

const CONNECT_MAX: Duration = Duration::from_secs(2);
/// Somebody waits at most so long for the answer.
const WAIT_MAX_MS: u64 = 200;
/// Addresses that they share.
const HOUSEHOLDS: u32 = 250;

/// Asks some instance on a connection of its own and resets it: while the request is sent, or while the
/// answer is awaited. That an answer came is not noticed.
pub async fn break_off(citizen: &mut Citizen, asked: &Asked) -> Result<()> {
    let instances = &citizen.town.instances;
    let instance = &instances[citizen.rng.random_range(0..instances.len())];
    let address = instance.strip_prefix("http://").context("an instance without an address")?;
    let request = on_the_wire(asked, address, &citizen.town.slot, &citizen.pass);
    // Two of three wait for the answer, for others break off somewhere in the request.
    let (sent, wait_ms) = match citizen.rng.random_range(0..3) {
        0 => (citizen.rng.random_range(1..request.len()), 0),
        _ => (request.len(), citizen.rng.random_range(0..WAIT_MAX_MS)),
    };
    let household = u8::try_from(citizen.number % HOUSEHOLDS + 1)?;
    let mut connection = connect(address.parse()?, household).await?;
    connection.write_all(&request[..sent]).await?;
    pause(Duration::from_millis(wait_ms)).await;
    // Closed like this it is reset, and nothing more is sent or read.
    connection.set_zero_linger()?;
    Ok(())
}

async fn connect(to: SocketAddr, household: u8) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 2, household), 0)))?;
    tokio::time::timeout(CONNECT_MAX, socket.connect(to))
        .await
        .context("no connection in time")?
        .context("no connection")
}

fn on_the_wire(asked: &Asked, host: &str, slot: &str, bearer: &str) -> Vec<u8> {
    let (method, path, body) = citizen::request(asked, slot);
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let key = citizen::key(asked).unwrap_or_default();
    let length = body.len();
    format!(
        "{method} /v1{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\n\
         idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
