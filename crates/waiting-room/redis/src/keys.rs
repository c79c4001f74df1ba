//! The names of everything in Redis.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `einlass:rooms` | sorted set | the names of all rooms, all with the score 0, so in alphabetical order |
//! | `einlass:{room}:settings` | string | the settings as JSON |
//! | `einlass:{room}:state` | hash | the memory, the levers, the counters, the gate's ledger and what there is to tell; of a removed room its incarnation |
//! | `einlass:{room}:admitted` | sorted set | the 16 bytes of a pass id → its end in milliseconds, also when it is over |
//! | `einlass:{room}:resumes:0`, `…:1` | hash | tickets that codes open: the name of the code → its end in milliseconds, a space, the ticket, sealed |
//! | `einlass:{room}:audit` | stream | what operators did: when (`at`, in ms) and what (`deed`, as JSON); also of a removed room |
//! | `einlass:{room}:joins:0`, `…:1` | hash | joins that may be repeated: the client's key, hashed → epoch, entry, time, fingerprint |
//! | `einlass:{room}:codes` | string | one bit for each priority code, set once it was used |
//!
//! The braces are part of the key: what they enclose decides the slot in a Redis Cluster, so all keys
//! of a room share one and a script may use them together. Only joins and resumes expire by themselves.

use waiting_room::RoomId;

/// The sorted set of all rooms' names.
#[must_use]
pub fn rooms(prefix: &str) -> String {
    format!("{prefix}:rooms")
}

/// The keys of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomKeys {
    /// The memory, the levers, the counters and the gate's ledger.
    pub state: String,
    /// The settings.
    pub settings: String,
    /// The passes given out.
    pub admitted: String,
    /// The joins that may be repeated, of two successive periods.
    pub joins: [String; 2],
    /// The tickets that codes open, of two successive periods.
    pub resumes: [String; 2],
    /// The priority codes that were used.
    pub codes: String,
    /// What operators did. It is no part of the room, and stays when that is removed.
    pub audit: String,
}

impl RoomKeys {
    /// The keys of `room` under `prefix`.
    #[must_use]
    pub fn new(prefix: &str, room: &RoomId) -> Self {
        let key = |part: &str| format!("{prefix}:{{{room}}}:{part}");
        Self {
            state: key("state"),
            settings: key("settings"),
            admitted: key("admitted"),
            joins: [key("joins:0"), key("joins:1")],
            resumes: [key("resumes:0"), key("resumes:1")],
            codes: key("codes"),
            audit: key("audit"),
        }
    }

    /// Those that the room consists of.
    #[must_use]
    pub fn all(&self) -> [&str; 8] {
        let ([even, odd], [even_resumes, odd_resumes]) = (&self.joins, &self.resumes);
        let Self { state, settings, admitted, codes, .. } = self;
        [state, settings, admitted, even, odd, even_resumes, odd_resumes, codes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_room_share_its_hash_tag() {
        let keys = RoomKeys::new("einlass", &"speyer-2021".parse().expect("name"));
        assert_eq!(keys.state, "einlass:{speyer-2021}:state");
        for key in keys.all().into_iter().chain([&*keys.audit]) {
            let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
            assert_eq!(tag.map(|(tag, _)| tag), Some("speyer-2021"), "{key}");
        }
    }
}
