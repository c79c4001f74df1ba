//! The names of everything in Redis.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `einlass:rooms` | set | the names of all rooms |
//! | `einlass:{room}:settings` | string | the settings as JSON |
//! | `einlass:{room}:state` | hash | the counters, the boundaries and the gate's ledger |
//! | `einlass:{room}:redeemed` | bitmap | one bit per place |
//! | `einlass:{room}:active` | sorted set | the 16 bytes of a pass id → its expiry in milliseconds |
//!
//! The braces are part of the key: what they enclose decides the slot in a Redis Cluster, so all keys
//! of a room share one and a script may use them together. No key ever expires by itself.

use waiting_room::RoomId;

/// The set of all rooms' names.
#[must_use]
pub fn rooms(prefix: &str) -> String {
    format!("{prefix}:rooms")
}

/// The keys of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomKeys {
    /// The counters, the boundaries and the gate's ledger.
    pub state: String,
    /// The settings.
    pub settings: String,
    /// The redeemed places.
    pub redeemed: String,
    /// The passes that are alive, and some that were until lately.
    pub active: String,
}

impl RoomKeys {
    /// The keys of `room` under `prefix`.
    #[must_use]
    pub fn new(prefix: &str, room: &RoomId) -> Self {
        let key = |part: &str| format!("{prefix}:{{{room}}}:{part}");
        Self {
            state: key("state"),
            settings: key("settings"),
            redeemed: key("redeemed"),
            active: key("active"),
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> [&str; 4] {
        [&self.state, &self.settings, &self.redeemed, &self.active]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_room_share_its_hash_tag() {
        let keys = RoomKeys::new("einlass", &"speyer-2021".parse().expect("name"));
        assert_eq!(keys.state, "einlass:{speyer-2021}:state");
        for key in keys.all() {
            let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
            assert_eq!(tag.map(|(tag, _)| tag), Some("speyer-2021"), "{key}");
        }
    }
}
