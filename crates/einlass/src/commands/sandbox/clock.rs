//! The sandbox's clock: that of the machine, and ahead of it by as much as was asked for.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use kernel::{Clock, SteadyClock, Timestamp};
use waiting_room::WaitingRoom;

/// The views are renewed so often after the clock has moved: for the end of the gathering, for the draw,
/// and for the first calls.
const RENEWALS: u32 = 3;

/// The places are counted so often, and the room is told as often.
pub const COUNTED_EVERY: Duration = Duration::from_millis(200);

/// A clock that can be moved forward. Every part of the sandbox runs on this one.
pub struct MovableClock {
    machine: SteadyClock,
    ahead_ms: AtomicI64,
}

impl MovableClock {
    /// A clock that is behind the machine's by so much.
    pub fn behind(by: Duration) -> Self {
        Self { machine: SteadyClock::start(), ahead_ms: AtomicI64::new(-milliseconds(by)) }
    }

    /// Moves it forward, and has everybody notice before it returns. Back it cannot go: nothing that has happened
    /// would be undone.
    pub async fn advance(&self, by: Duration, rooms: &WaitingRoom) {
        self.ahead_ms.fetch_add(milliseconds(by), Ordering::SeqCst);
        for _ in 0..RENEWALS {
            rooms.renew().await;
        }
        // Until the places of the new time were counted, and the rooms have heard of it.
        #[expect(clippy::disallowed_methods, reason = "the machine's time, not the sandbox's")]
        tokio::time::sleep(3 * COUNTED_EVERY).await;
        rooms.renew().await;
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let ahead_ms = self.ahead_ms.load(Ordering::SeqCst);
        Timestamp::from_unix_ms(self.machine.now().unix_ms().saturating_add(ahead_ms))
    }
}
