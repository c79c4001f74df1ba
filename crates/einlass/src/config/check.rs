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
            (
                "limits.hotline_join_burst",
                limits.hotline_join_burst,
                limits.hotline_join_per_minute,
            ),
            ("limits.redeem_burst", limits.redeem_burst, limits.redeem_per_minute),
            (
                "limits.ticket_redeem_burst",
                limits.ticket_redeem_burst,
                limits.ticket_redeem_per_minute,
            ),
            (
                "limits.ticket_resume_code_burst",
                limits.ticket_resume_code_burst,
                limits.ticket_resume_code_per_minute,
            ),
            ("limits.resume_burst", limits.resume_burst, limits.resume_per_minute),
            ("limits.room_resume_burst", limits.room_resume_burst, limits.room_resume_per_minute),
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
mod tests;
