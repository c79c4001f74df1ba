//! One service as a process.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use reqwest::Client;
use test_support::Port;

use crate::clock::{now, pause};
use crate::installation::Installation;
use crate::process::Process;

const READY_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Which service a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    WaitingRoom,
    Booking,
}

impl Service {
    /// The command that runs it, which is the name of its logs too.
    const fn command(self) -> &'static str {
        match self {
            Self::WaitingRoom => "waiting-room",
            Self::Booking => "booking",
        }
    }

    /// The setting that says where it listens, as it is called in the environment.
    const fn listen(self) -> &'static str {
        match self {
            Self::WaitingRoom => "EINLASS__WAITING_ROOM__LISTEN",
            Self::Booking => "EINLASS__BOOKING__LISTEN",
        }
    }
}

/// A service that listens: its process, and where.
pub struct Instance {
    pub index: usize,
    port: Port,
    process: Process,
}

impl Deref for Instance {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Instance {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

impl Instance {
    /// Not started yet. It will run with the configuration of that installation.
    pub fn new(service: Service, index: usize, port: Port, at: &Installation) -> Self {
        let process = Process::new(service.command(), index, at);
        let mut instance = Self { index, port, process };
        let address = instance.address().to_string();
        instance.set(service.listen(), address);
        instance
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number()))
    }

    /// Waits until `/readyz` says so; the error says what is missing.
    pub async fn until_ready(&mut self, client: &Client) -> Result<()> {
        let began = now();
        let mut missing = "it never answered".to_owned();
        while u128::from((now() - began).unsigned_abs()) < READY_MAX.as_millis() {
            ensure!(self.is_running(), "instance {} ended:\n{}", self.index, self.log_end());
            match client.get(format!("{}/readyz", self.url())).send().await {
                Ok(reply) if reply.status().is_success() => return Ok(()),
                Ok(reply) => missing = reply.text().await.unwrap_or_default(),
                Err(_) => {}
            }
            pause(LOOK_EVERY).await;
        }
        bail!("instance {} is not ready after {READY_MAX:?}: {missing}", self.index)
    }
}
