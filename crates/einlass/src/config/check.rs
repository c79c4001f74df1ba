//! Values that are fine by themselves and contradict each other, with the consequence they would have.

use super::Loaded;

/// One line for each contradiction.
pub(super) fn contradictions(loaded: &Loaded) -> Vec<String> {
    let config = &loaded.config;
    let (room, booking) = (&config.waiting_room, &config.booking);
    let mut found = Vec::new();
    let mut refuse = |path: &str, is_wrong: bool, reason: &str| {
        if is_wrong {
            found.push(format!("{}: `{path}` {reason}", loaded.origin(path)));
        }
    };

    let is_redis =
        ["redis://", "redis+unix://"].iter().any(|scheme| room.store_url.starts_with(scheme));
    refuse(
        "waiting_room.store_url",
        !is_redis && !config.has_embedded_rooms(),
        "must be \"memory:\" or begin with redis://",
    );
    let is_postgres = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| booking.database_url.starts_with(scheme));
    refuse(
        "booking.database_url",
        !is_postgres && !config.has_embedded_database(),
        "must begin with sqlite:// or postgres://",
    );

    refuse(
        "waiting_room.renew_every_ms",
        !(20..=2_000).contains(&room.renew_every_ms),
        "must be 20 to 2000: after a lost store, entries are issued again only 2000 ms later, when every instance has reported what it knows",
    );
    refuse(
        "waiting_room.join_batch_max",
        !(1..=1_000).contains(&room.join_batch_max),
        "must be 1 to 1000: a longer script call would make all others wait",
    );
    refuse(
        "waiting_room.redeem_batch_max",
        !(1..=1_000).contains(&room.redeem_batch_max),
        "must be 1 to 1000: a longer script call would make all others wait",
    );
    refuse(
        "waiting_room.join_queue_depth_max",
        room.join_queue_depth_max < room.join_batch_max,
        "must not be below `join_batch_max`: a batch could never fill",
    );
    refuse(
        "waiting_room.redeem_queue_depth_max",
        room.redeem_queue_depth_max < room.redeem_batch_max,
        "must not be below `redeem_batch_max`: a batch could never fill",
    );
    refuse("waiting_room.redis_pool_size", room.redis_pool_size == 0, "must be at least 1");

    refuse(
        "booking.batch_max",
        !(1..=1_000).contains(&booking.batch_max),
        "must be 1 to 1000: a longer transaction would make all others wait",
    );
    refuse(
        "booking.queue_depth_max",
        booking.queue_depth_max < booking.batch_max,
        "must not be below `batch_max`: a batch could never fill",
    );
    refuse("booking.database_writers_max", booking.database_writers_max == 0, "must be at least 1");
    refuse("booking.database_readers_max", booking.database_readers_max == 0, "must be at least 1");
    refuse(
        "booking.jwks",
        booking.jwks.is_empty(),
        "must name a URL or a file: without the public keys no pass can be verified",
    );
    refuse("booking.jwks_refresh_s", booking.jwks_refresh_s == 0, "must be at least 1");
    refuse("booking.signals_every_ms", booking.signals_every_ms < 50, "must be at least 50");
    refuse(
        "booking.availability_every_ms",
        booking.availability_every_ms < 50,
        "must be at least 50",
    );

    refuse(
        "pass.issuer",
        config.pass.issuer.is_empty(),
        "must not be empty: it tells this system's passes from others",
    );
    refuse(
        "booking.listen",
        booking.listen.port() != 0 && booking.listen == room.listen,
        "must differ from `waiting_room.listen`",
    );
    for (path, origins) in [
        ("waiting_room.cors_origins", &room.cors_origins),
        ("booking.cors_origins", &booking.cors_origins),
    ] {
        let is_wrong = origins.iter().any(|origin| {
            !origin.starts_with("http://") && !origin.starts_with("https://")
                || origin.ends_with('/')
        });
        refuse(
            path,
            is_wrong,
            "must list origins such as \"https://termine.example.de\", without a path; \"*\" would let every web site act for its visitors",
        );
    }
    for (path, listen) in [
        ("waiting_room.metrics_listen", &room.metrics_listen),
        ("booking.metrics_listen", &booking.metrics_listen),
    ] {
        let is_wrong = !listen.is_empty() && listen.parse::<std::net::SocketAddr>().is_err();
        refuse(path, is_wrong, "must be an address such as 127.0.0.1:9080, or empty");
    }
    found
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
