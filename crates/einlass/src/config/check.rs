//! Values that are fine by themselves and contradict each other, with the consequence they would have.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use web::client_address::ForwardedHeader;

use super::Loaded;
use crate::rate_limits;

const MILLISECONDS_OF_A_RENEWAL: RangeInclusive<u64> = 20..=2_000;
const LIMITED_KEYS: RangeInclusive<usize> = 1_000..=10_000_000;
/// More than a phone can do for the hardest proof while it is good.
const PROOF_WORK_MAX: u32 = 5_000;
const BATCH: RangeInclusive<usize> = 1..=1_000;
const TRIP_DEADLINE_LEAST_MS: u64 = 50;

/// Collects one line for each contradiction.
pub(super) struct Check<'a> {
    pub(super) loaded: &'a Loaded,
    found: Vec<String>,
}

/// One line for each contradiction.
pub(super) fn contradictions(loaded: &Loaded) -> Vec<String> {
    let mut check = Check { loaded, found: Vec::new() };
    check.waiting_room();
    check.booking();
    check.mail();
    check.addresses();
    check.origins();
    check.limits();
    check.urls();
    check.times();
    check.log();
    check.found
}

impl Check<'_> {
    pub(super) fn refuse(&mut self, path: &str, is_wrong: bool, reason: &str) {
        if is_wrong {
            self.found.push(format!("{}: `{path}` {reason}", self.loaded.origin(path)));
        }
    }

    fn waiting_room(&mut self) {
        let room = &self.loaded.config.waiting_room;
        self.refuse(
            "waiting_room.renew_every_ms",
            !MILLISECONDS_OF_A_RENEWAL.contains(&room.renew_every_ms),
            "must be 20 to 2000: after a lost store, entries are issued again only 2000 ms later, when \
             every instance has reported what it knows",
        );
        self.refuse(
            "waiting_room.polls_per_s_max",
            room.polls_per_s_max == 0,
            "must be at least 1: nobody would ever be told when to ask again",
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
            ("staff.refresh_s", self.loaded.config.staff.refresh_s, 1),
            ("booking.signals_every_ms", booking.signals_every_ms, 50),
            ("booking.availability_every_ms", booking.availability_every_ms, 50),
        ] {
            self.refuse(path, value < least, &format!("must be at least {least}"));
        }
    }

    fn addresses(&mut self) {
        let (room, booking) = (&self.loaded.config.waiting_room, &self.loaded.config.booking);
        let mut taken = vec![("waiting_room.listen", room.listen)];
        let mut others = vec![("booking.listen", Some(booking.listen))];
        for (path, listen) in [
            ("waiting_room.metrics_listen", &room.metrics_listen),
            ("booking.metrics_listen", &booking.metrics_listen),
        ] {
            let address = listen.parse::<SocketAddr>().ok();
            let is_wrong = !listen.is_empty() && address.is_none();
            self.refuse(path, is_wrong, "must be an address such as 127.0.0.1:9080, or empty");
            others.push((path, address));
        }
        for (path, address) in others {
            let Some(address) = address else { continue };
            let other = taken.iter().find(|(_, taken)| cannot_both_listen(address, *taken));
            let other = other.map(|(other, _)| *other);
            let reason = format!("must have another port than `{}`", other.unwrap_or_default());
            self.refuse(path, other.is_some(), &reason);
            taken.push((path, address));
        }
    }

    fn urls(&mut self) {
        let booking = &self.loaded.config.booking;
        let is_url = |text: &str| {
            let after = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
            after.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']))
        };
        let staff = &self.loaded.config.staff;
        for (path, place) in [("staff.jwks", &staff.jwks), ("booking.jwks", &booking.jwks)] {
            self.refuse(
                path,
                place.contains("://") && !is_url(place),
                "must name a file, or a URL that begins with http:// or https://",
            );
        }
        self.refuse(
            "staff.audience",
            !staff.issuer.is_empty() && staff.audience.is_empty(),
            "must say what the provider calls us: tokens for others would open what is the staff's",
        );
        for (path, url) in [
            ("staff.issuer", &staff.issuer),
            ("booking.signals_url", &booking.signals_url),
            ("booking.public_url", &booking.public_url),
            ("booking.page_url", &booking.page_url),
        ] {
            self.refuse(
                path,
                !url.is_empty() && !is_url(url),
                "must begin with http:// or https:// and name a host, or be empty",
            );
        }
    }

    fn times(&mut self) {
        let config = &self.loaded.config;
        self.refuse(
            "waiting_room.redis_trip_deadline_ms",
            config.waiting_room.redis_trip_deadline_ms < TRIP_DEADLINE_LEAST_MS,
            "must be at least 50: no trip to Redis would ever end in time",
        );
        self.refuse(
            "shutdown.finish_s",
            config.shutdown.finish_s == 0,
            "must be at least 1: requests under way would be cut off",
        );
    }

    fn log(&mut self) {
        if let Err(error) = web::telemetry::filter(&self.loaded.config.log.filter) {
            self.refuse("log.filter", true, &format!("cannot be used: {error}"));
        }
    }

    fn limits(&mut self) {
        let limits = &self.loaded.config.limits;
        if let Err(error) = rate_limits::trusted_proxies(limits) {
            self.refuse(
                "limits.trusted_proxies",
                true,
                &format!("must list your proxies: {error}"),
            );
        }
        self.refuse(
            "limits.forwarded_header",
            ForwardedHeader::named(&limits.forwarded_header).is_none(),
            "must be \"x-forwarded-for\" or \"forwarded\"",
        );
        for (path, burst, per_minute) in [
            ("limits.join_burst", limits.join_burst, limits.join_per_minute),
            ("limits.person_join_burst", limits.person_join_burst, limits.person_join_per_minute),
            ("limits.proof_wait_burst", limits.proof_wait_burst, limits.proof_wait_per_minute),
            ("limits.redeem_burst", limits.redeem_burst, limits.redeem_per_minute),
            (
                "limits.ticket_redeem_burst",
                limits.ticket_redeem_burst,
                limits.ticket_redeem_per_minute,
            ),
            ("limits.lost_link_burst", limits.lost_link_burst, limits.lost_link_per_minute),
            (
                "limits.code_lost_link_burst",
                limits.code_lost_link_burst,
                limits.code_lost_link_per_minute,
            ),
        ] {
            self.refuse(
                path,
                burst == 0 && per_minute > 0,
                "must be at least 1: no request would ever be let through; 0 a minute turns the limit off",
            );
        }
        self.refuse(
            "limits.join_free_half_life_s",
            !(1..=86_400).contains(&limits.join_free_half_life_s),
            "must be 1 to 86400: what came before it is forgotten too soon or never",
        );
        self.refuse(
            "limits.proof_work",
            !(1..=PROOF_WORK_MAX).contains(&limits.proof_work),
            "must be 1 to 5000: the hardest proof, 32 times the easiest, must be found within its two minutes",
        );
        self.refuse(
            "limits.proof_wait_s",
            !(1..=600).contains(&limits.proof_wait_s),
            "must be 1 to 600: nobody waits longer for a proof, and one that counts at once is none",
        );
        self.refuse(
            "limits.keys_max",
            !LIMITED_KEYS.contains(&limits.keys_max),
            "must be 1000 to 10000000: citizens beyond it share one count",
        );
    }

    fn origins(&mut self) {
        let (room, booking) = (&self.loaded.config.waiting_room, &self.loaded.config.booking);
        for (path, origins) in [
            ("waiting_room.cors_origins", &room.cors_origins),
            ("booking.cors_origins", &booking.cors_origins),
        ] {
            let is_wrong = !origins.iter().all(|origin| is_origin(origin));
            self.refuse(
                path,
                is_wrong,
                "must list origins such as \"https://termine.example.de\", without a path; \"*\" would \
                 let every web site act for its visitors",
            );
        }
    }
}

/// Whether two listeners of one machine would want the same port.
fn cannot_both_listen(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (is_any || one.ip() == other.ip())
}

/// An origin as a browser sends it (RFC 6454, section 6.2): scheme, host in small letters and port, and nothing else.
fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of an address of IPv6 stand in brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (rest, None),
    };
    let is_named =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'[' | b']' | b':');
    !host.is_empty()
        && host.bytes().all(is_named)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0))
}

#[cfg(test)]
mod tests {
    use crate::config::load;

    #[test]
    fn contradictions_name_the_place_and_the_consequence() {
        let text = "[waiting_room]\nredis_pool_size = 0\n\n[booking]\nbatch_max = 64\nqueue_depth_max = 63\ncors_origins = [\"*\"]\n";
        let error = load(Some(("town.toml", text)), Vec::new()).expect_err("refused");
        let lines: Vec<&str> = error.0.iter().map(String::as_str).collect();
        assert_eq!(
            lines[..2],
            [
                "town.toml:2: `waiting_room.redis_pool_size` must be at least 1",
                "town.toml:6: `booking.queue_depth_max` must not be below `batch_max`: a batch could never fill",
            ]
        );
        assert!(lines[2].starts_with("town.toml:7: `booking.cors_origins` must list origins"));
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn polls_must_be_answered() {
        let text = "[waiting_room]\npolls_per_s_max = 0\n";
        let error = load(Some(("town.toml", text)), Vec::new()).expect_err("refused");
        assert!(error.0[0].starts_with("town.toml:2: `waiting_room.polls_per_s_max` must be"));
        assert_eq!(error.0.len(), 1);
    }

    #[test]
    fn every_form_of_a_store_is_accepted() {
        for url in [
            "memory:",
            "redis://redis:6379/0",
            "rediss://room:secret@redis/?ca=/etc/ca.pem",
            "redis+unix:///run/redis/redis.sock",
            "redis+sentinel://a:26379,b/master/0?sentinel_user=s&sentinel_password=p",
            "redis+cluster://a:7000,b:7001",
        ] {
            let text = format!("[waiting_room]\nstore_url = \"{url}\"\n");
            load(Some(("town.toml", &text)), Vec::new()).expect(url);
        }
    }

    #[test]
    fn a_wrong_network_of_a_proxy_is_named() {
        let refused = |line: &str| {
            let text = format!("[limits]\n{line}\n");
            load(Some(("town.toml", &text)), Vec::new()).expect_err(line).0.join("\n")
        };
        assert_eq!(
            refused(r#"trusted_proxies = ["10.0.0.0/8", "10.1.0.0/33"]"#),
            "town.toml:2: `limits.trusted_proxies` must list your proxies: \"10.1.0.0/33\" is no network \
             in CIDR notation, such as \"10.0.0.0/8\" or \"2001:db8::/48\""
        );
        assert!(refused(r#"trusted_proxies = ["0.0.0.0/0"]"#).contains("holds every address"));
        assert!(refused(r#"forwarded_header = "x-real-ip""#).contains("x-forwarded-for"));
        assert!(refused("join_burst = 0").contains("no request would ever be let through"));
        assert!(refused("keys_max = 10").contains("1000 to 10000000"));
        let off = "[limits]\njoin_burst = 0\njoin_per_minute = 0\n";
        load(Some(("town.toml", off)), Vec::new()).expect("a limit that is off needs no burst");
    }

    fn refused(section: &str, line: &str) -> Vec<String> {
        let text = format!("[{section}]\n{line}\n");
        load(Some(("town.toml", &text)), Vec::new()).expect_err(line).0
    }

    #[test]
    fn what_would_not_work_is_refused_where_it_stands() {
        for (section, line) in [
            ("waiting_room", "redis_trip_deadline_ms = 0"),
            ("shutdown", "finish_s = 0"),
            ("booking", "listen = \"127.0.0.1:8080\""),
            ("booking", "listen = \"0.0.0.0:8080\""),
            ("booking", "metrics_listen = \"127.0.0.1:8081\""),
            ("booking", "metrics_listen = \"[::]:9080\""),
            ("booking", "signals_url = \"ftp://room\""),
            ("booking", "signals_url = \"room:8080\""),
            ("booking", "public_url = \"buchen.example.de\""),
            ("booking", "page_url = \"/termine\""),
            ("booking", "jwks = \"file:///etc/jwks.json\""),
            ("log", "filter = \"verbose\""),
            ("log", "filter = \"info,web=loud\""),
        ] {
            let found = refused(section, line);
            let setting = line.split(' ').next().unwrap_or_default();
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].starts_with(&format!("town.toml:2: `{section}.{setting}` ")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn origins_are_what_a_browser_sends() {
        let load_origin = |origin: &str| {
            let text = format!("[booking]\ncors_origins = [\"{origin}\"]\n");
            load(Some(("town.toml", &text)), Vec::new())
        };
        for right in [
            "https://termine.example.de",
            "http://localhost:5173",
            "http://127.0.0.1",
            "http://[::1]",
            "http://[::1]:3000",
        ] {
            load_origin(right).expect(right);
        }
        for wrong in [
            "*",
            "null",
            "termine.example.de",
            "https://",
            "https://a.de/",
            "https://a.de/termine",
            "https://a.de?x",
            "ftp://a.de",
            "capacitor://localhost",
            "HTTPS://a.de",
            "https://A.de",
            "https://a.de:",
            "https://a.de:0",
            "https://a.de:x",
            "https://u@a.de",
            "https://*.a.de",
        ] {
            let found = load_origin(wrong).expect_err(wrong).0;
            assert!(
                found[0].starts_with("town.toml:2: `booking.cors_origins` must list"),
                "{found:?}"
            );
        }
    }
}
