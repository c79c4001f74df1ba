//! Ports that no two tests of this machine get at the same time.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Below the ports that Linux gives to outgoing connections and to whoever asks for any (32768 and
/// up): there, a client that keeps trying to reach a killed server could end up connected to itself
/// and hold the port.
const PORTS: std::ops::Range<u16> = 15_000..32_000;
const TRIES: u32 = 200;

/// A port of 127.0.0.1 on which nothing listened, and which no other test on this machine gets as
/// long as this lives.
///
/// That a port is free when it is looked at says nothing about the moment in which a server takes
/// it, nor about the time between a kill and a restart. So every port is reserved by locking a file
/// that is named after it. The lock ends with the process, however it ends.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reservations: Vec<File>,
}

impl Port {
    /// Reserves a port.
    pub fn reserve() -> Result<Self> {
        Self::reserve_row(1)
    }

    /// Reserves so many ports, one behind the other; gives the first.
    pub(crate) fn reserve_row(count: u16) -> Result<Self> {
        let folder = reservations()?;
        let span = u64::from(PORTS.end - PORTS.start - count);
        for _ in 0..TRIES {
            let offset = RandomState::new().hash_one("port") % span;
            let number = PORTS.start + u16::try_from(offset)?;
            let row: Option<Vec<File>> =
                (number..number + count).map(|port| reserve(&folder, port)).collect();
            if let Some(reservations) = row {
                return Ok(Self { number, _reservations: reservations });
            }
        }
        bail!("no free port found between {} and {} in {TRIES} tries", PORTS.start, PORTS.end)
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

/// Locks the file of a port, if nobody else has and nothing listens there. Another user's reservations
/// cannot be opened; their ports are not ours to take.
fn reserve(folder: &Path, number: u16) -> Option<File> {
    let path = folder.join(number.to_string());
    let reservation = OpenOptions::new().create(true).append(true).open(path).ok()?;
    let is_ours = reservation.try_lock().is_ok();
    let is_free = is_ours && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
    is_free.then_some(reservation)
}

fn reservations() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join("einlass-test-ports");
    fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_reserved_twice_while_its_reservation_lives() {
        let ports: Vec<Port> = (0..50).map(|_| Port::reserve().expect("a free port")).collect();
        let numbers: HashSet<u16> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), ports.len());
        for number in numbers {
            TcpListener::bind((Ipv4Addr::LOCALHOST, number)).expect("nobody else takes it");
            let path = reservations().expect("the folder").join(number.to_string());
            let again = File::open(path).expect("the file of the reservation");
            assert!(matches!(again.try_lock(), Err(fs::TryLockError::WouldBlock)));
        }
    }
}
