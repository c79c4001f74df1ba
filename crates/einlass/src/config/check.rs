//! Values that are fine by themselves and contradict each other, with the consequence they would have.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use super::Loaded;

const MILLISECONDS_OF_A_RENEWAL: RangeInclusive<u64> = 20..=2_000;
const BATCH: RangeInclusive<usize> = 1..=1_000;

/// Collects one line for each contradiction.
struct Check<'a> {
    loaded: &'a Loaded,
    found: Vec<String>,
}

/// One line for each contradiction.
pub(super) fn contradictions(loaded: &Loaded) -> Vec<String> {
    let mut check = Check { loaded, found: Vec::new() };
    check.adapters();
    check.waiting_room();
    check.booking();
    check.addresses();
    check.origins();
    check.found
}

impl Check<'_> {
    fn refuse(&mut self, path: &str, is_wrong: bool, reason: &str) {
        if is_wrong {
            self.found.push(format!("{}: `{path}` {reason}", self.loaded.origin(path)));
        }
    }

    fn adapters(&mut self) {
        let config = &self.loaded.config;
        let starts =
            |url: &str, schemes: [&str; 2]| schemes.iter().any(|scheme| url.starts_with(scheme));
        self.refuse(
            "waiting_room.store_url",
            !config.has_embedded_rooms()
                && !starts(&config.waiting_room.store_url, ["redis://", "redis+unix://"]),
            "must be \"memory:\" or begin with redis://",
        );
        self.refuse(
            "booking.database_url",
            !config.has_embedded_database()
                && !starts(&config.booking.database_url, ["postgres://", "postgresql://"]),
            "must begin with sqlite:// or postgres://",
        );
    }

    fn waiting_room(&mut self) {
        let room = &self.loaded.config.waiting_room;
        self.refuse(
            "waiting_room.renew_every_ms",
            !MILLISECONDS_OF_A_RENEWAL.contains(&room.renew_every_ms),
            "must be 20 to 2000: after a lost store, entries are issued again only 2000 ms later, when \
             every instance has reported what it knows",
        );
        let long_batch = "must be 1 to 1000: a longer script call would make all others wait";
        self.refuse(
            "waiting_room.join_batch_max",
            !BATCH.contains(&room.join_batch_max),
            long_batch,
        );
        self.refuse(
            "waiting_room.redeem_batch_max",
            !BATCH.contains(&room.redeem_batch_max),
            long_batch,
        );
        self.refuse(
            "waiting_room.join_queue_depth_max",
            room.join_queue_depth_max < room.join_batch_max,
            "must not be below `join_batch_max`: a batch could never fill",
        );
        self.refuse(
            "waiting_room.redeem_queue_depth_max",
            room.redeem_queue_depth_max < room.redeem_batch_max,
            "must not be below `redeem_batch_max`: a batch could never fill",
        );
        self.refuse(
            "waiting_room.redis_pool_size",
            room.redis_pool_size == 0,
            "must be at least 1",
        );
        self.refuse(
            "pass.issuer",
            self.loaded.config.pass.issuer.is_empty(),
            "must not be empty: it tells this system's passes from others",
        );
    }

    fn booking(&mut self) {
        let booking = &self.loaded.config.booking;
        self.refuse(
            "booking.batch_max",
            !BATCH.contains(&booking.batch_max),
            "must be 1 to 1000: a longer transaction would make all others wait",
        );
        self.refuse(
            "booking.queue_depth_max",
            booking.queue_depth_max < booking.batch_max,
            "must not be below `batch_max`: a batch could never fill",
        );
        self.refuse(
            "booking.jwks",
            booking.jwks.is_empty(),
            "must name a URL or a file: without the public keys no pass can be verified",
        );
        for (path, value, least) in [
            ("booking.database_writers_max", u64::from(booking.database_writers_max), 1),
            ("booking.database_readers_max", u64::from(booking.database_readers_max), 1),
            ("booking.jwks_refresh_s", booking.jwks_refresh_s, 1),
            ("booking.signals_every_ms", booking.signals_every_ms, 50),
            ("booking.availability_every_ms", booking.availability_every_ms, 50),
        ] {
            self.refuse(path, value < least, &format!("must be at least {least}"));
        }
    }

    fn addresses(&mut self) {
        let (room, booking) = (&self.loaded.config.waiting_room, &self.loaded.config.booking);
        self.refuse(
            "booking.listen",
            booking.listen.port() != 0 && booking.listen == room.listen,
            "must differ from `waiting_room.listen`",
        );
        for (path, listen) in [
            ("waiting_room.metrics_listen", &room.metrics_listen),
            ("booking.metrics_listen", &booking.metrics_listen),
        ] {
            let is_wrong = !listen.is_empty() && listen.parse::<SocketAddr>().is_err();
            self.refuse(path, is_wrong, "must be an address such as 127.0.0.1:9080, or empty");
        }
    }

    fn origins(&mut self) {
        let (room, booking) = (&self.loaded.config.waiting_room, &self.loaded.config.booking);
        for (path, origins) in [
            ("waiting_room.cors_origins", &room.cors_origins),
            ("booking.cors_origins", &booking.cors_origins),
        ] {
            let is_wrong = origins.iter().any(|origin| {
                let has_scheme = origin.starts_with("http://") || origin.starts_with("https://");
                !has_scheme || origin.ends_with('/')
            });
            self.refuse(
                path,
                is_wrong,
                "must list origins such as \"https://termine.example.de\", without a path; \"*\" would \
                 let every web site act for its visitors",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load;

    #[test]
    fn contradictions_name_the_place_and_the_consequence() {
        let text = "[waiting_room]\nstore_url = \"redsi://x\"\n\n[booking]\nbatch_max = 64\nqueue_depth_max = 63\ncors_origins = [\"*\"]\n";
        let error = load(Some(("town.toml", text)), Vec::new()).expect_err("refused");
        let lines: Vec<&str> = error.0.iter().map(String::as_str).collect();
        assert_eq!(
            lines[..2],
            [
                "town.toml:2: `waiting_room.store_url` must be \"memory:\" or begin with redis://",
                "town.toml:6: `booking.queue_depth_max` must not be below `batch_max`: a batch could never fill",
            ]
        );
        assert!(lines[2].starts_with("town.toml:7: `booking.cors_origins` must list origins"));
        assert_eq!(lines.len(), 3);
    }
}
