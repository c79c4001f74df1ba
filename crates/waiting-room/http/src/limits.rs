//! How often the same client may join and redeem.

use web::{AddressLimit, RateLimit};

use crate::proofs::Proofs;

/// The rate limits of the API. Asking with a ticket has none: it costs no more than refusing would.
pub struct RateLimits {
    /// Joins from one address.
    pub join: AddressLimit,
    /// Joins of one subject from one address, where the room asks who comes.
    pub join_by_subject: AddressLimit,
    /// What is asked of those who join too often, before they are refused.
    pub proofs: Proofs,
    /// Joins for callers by one member of staff, from whatever address.
    pub hotline_join: RateLimit,
    /// Redemptions from one address.
    pub redeem: AddressLimit,
    /// Redemptions for one pass, and so with all tickets of its subject.
    pub redeem_by_pass: RateLimit,
    /// Codes that are made with the tickets of one subject.
    pub resume_codes_by_pass: RateLimit,
    /// Codes that are tried from one address.
    pub resume: AddressLimit,
    /// Codes that are tried in one room.
    pub resume_by_room: RateLimit,
}

impl RateLimits {
    /// No limits, for tests whose citizens all come from one address.
    #[must_use]
    pub fn off() -> Self {
        Self {
            join: AddressLimit::off(),
            join_by_subject: AddressLimit::off(),
            proofs: Proofs::off(),
            hotline_join: RateLimit::off(),
            redeem: AddressLimit::off(),
            redeem_by_pass: RateLimit::off(),
            resume_codes_by_pass: RateLimit::off(),
            resume: AddressLimit::off(),
            resume_by_room: RateLimit::off(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use actix_web::http::Method;
    use kernel::{Clock as _, ManualClock, SeededEntropy};
    use web::TrustedProxies;
    use web::client_address::ForwardedHeader;
    use web::limits::{Allowance, LimitClock, LimitParts};
    use web::test_client::Call;

    use super::*;
    use crate::harness::{Harness, JOIN_SPEYER, bearer};

    const PROXY: ([u8; 4], u16) = ([10, 0, 0, 1], 4_711);

    async fn limited(join: Allowance, redeem_by_pass: Allowance) -> Harness {
        limited_by(join, off(), redeem_by_pass).await
    }

    async fn limited_by(
        join: Allowance,
        by_subject: Allowance,
        redeem_by_pass: Allowance,
    ) -> Harness {
        let harness = Harness::start().await;
        let limits = |clock: Arc<ManualClock>| {
            let clock = LimitClock::of(move || {
                Duration::from_millis(u64::try_from(clock.now().unix_ms()).unwrap_or_default())
            });
            let entropy = Arc::new(SeededEntropy::new(4));
            let parts = LimitParts { keys_max: 200_000, clock, entropy };
            let proxies = TrustedProxies::parse(["10.0.0.0/8"], ForwardedHeader::default());
            let proxies = proxies.expect("a network");
            RateLimits {
                join: AddressLimit::new("join", join, proxies.clone(), &parts),
                join_by_subject: AddressLimit::new("join-person", by_subject, proxies, &parts),
                redeem_by_pass: RateLimit::new("redeem-pass", redeem_by_pass, &parts),
                ..RateLimits::off()
            }
        };
        harness.limited_to(limits).await
    }

    fn off() -> Allowance {
        Allowance { per_minute: 0, burst: 0 }
    }

    fn join_from(harness: &Harness, client: &str) -> Call {
        harness
            .post("/v1/rooms/town/tickets", JOIN_SPEYER)
            .from_peer(SocketAddr::from(PROXY))
            .header("x-forwarded-for", format!("192.0.2.1, {client}"))
    }

    /// P17: a thousand joins from one address within half a second leave the others their chance.
    #[actix_web::test]
    async fn one_address_is_cut_to_its_burst_and_the_honest_all_join() {
        let harness = limited(Allowance { per_minute: 60, burst: 100 }, off()).await;
        let join = async |client: &str| {
            let status = join_from(&harness, client).send().await.status;
            assert!([201, 429].contains(&status), "{status}");
            u32::from(status == 201)
        };
        let (mut greedy, mut honest) = (0, 0);
        for number in 0..1_000 {
            greedy += join("203.0.113.1").await;
            if number % 20 == 0 {
                honest += join(&format!("198.51.100.{}", number / 20)).await;
                harness.clock.advance(Duration::from_millis(10));
            }
        }
        assert_eq!((greedy, honest), (100, 50));
    }

    /// Nobody can try codes faster than they could join.
    #[actix_web::test]
    async fn guesses_at_codes_count_as_joins() {
        let harness = limited(Allowance { per_minute: 60, burst: 10 }, off()).await;
        let body = r#"{"residence":{"postcode":"67346"},"priority_code":"0000-0000-0000-0000"}"#;
        let guess = || harness.post("/v1/rooms/town/tickets", body).from_peer(PROXY.into());
        for _ in 0..10 {
            assert_eq!(guess().send().await.code(), "priority-code-invalid");
        }
        assert_eq!(guess().send().await.code(), "rate-limited");
    }

    #[actix_web::test]
    async fn a_ticket_that_is_redeemed_again_and_again_is_told_to_wait() {
        let harness = limited(off(), Allowance { per_minute: 60, burst: 10 }).await;
        let (ticket, other) = (harness.join().await, harness.join().await);
        let redeem = |ticket: &str| {
            let request = harness.request(&Method::POST, "/v1/rooms/town/passes");
            request.header("authorization", ticket).send()
        };
        for _ in 0..10 {
            assert_eq!(redeem(&ticket).await.status, 409);
        }
        let reply = redeem(&ticket).await;
        assert_eq!(reply.header("ratelimit-policy"), r#""redeem-pass";q=10;w=10"#);
        assert_eq!(reply.header("ratelimit"), r#""redeem-pass";r=0;t=1"#);
        assert!(["1", "2"].contains(&reply.header("retry-after")), "{reply}");
        assert_eq!((reply.status, reply.code()), (429, "rate-limited"));
        assert_eq!(redeem(&other).await.status, 409, "another ticket is not affected");
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(redeem(&ticket).await.status, 409, "P12: the place is not affected");
    }

    fn join_as(harness: &Harness, name: &str) -> Call {
        let identity = format!(
            r#""identity":{{"given_name":"{name}","family_name":"Mustermann","date_of_birth":"1964-08-12"}}"#
        );
        let body = JOIN_SPEYER.replacen('{', &format!("{{{identity},"), 1);
        harness.post("/v1/rooms/people/tickets", &body)
    }

    /// P17: a person has no use for many tickets.
    #[actix_web::test]
    async fn one_person_takes_no_pile_of_tickets() {
        let harness = limited_by(off(), Allowance { per_minute: 6, burst: 3 }, off()).await;
        for spelling in ["Erika", "ERIKA", " erika "] {
            assert_eq!(join_as(&harness, spelling).send().await.status, 201);
        }
        let reply = join_as(&harness, "Erika").send().await;
        assert_eq!((reply.status, reply.code()), (429, "rate-limited"));
        assert_eq!(reply.header("ratelimit-policy"), r#""join-person";q=3;w=30"#);
        assert_eq!(join_as(&harness, "Max").send().await.status, 201);
        let elsewhere = join_as(&harness, "Erika").from_peer(SocketAddr::from(([192, 0, 2, 9], 1)));
        assert_eq!(elsewhere.send().await.status, 201, "nobody can keep somebody else out");
        harness.clock.advance(Duration::from_secs(10));
        assert_eq!(join_as(&harness, "Erika").send().await.status, 201);
    }

    /// A person is one client, with however many tickets.
    #[actix_web::test]
    async fn the_tickets_of_one_person_share_the_limit() {
        let harness = limited(off(), Allowance { per_minute: 60, burst: 10 }).await;
        let join = async |name: &str| bearer(&join_as(&harness, name).send().await);
        let tickets = [join("Erika").await, join("Erika").await];
        let other = join("Max").await;
        let redeem = |ticket: &str| {
            let request = harness.request(&Method::POST, "/v1/rooms/people/passes");
            request.header("authorization", ticket).send()
        };
        for ticket in tickets.iter().cycle().take(10) {
            assert_eq!(redeem(ticket).await.status, 409);
        }
        for ticket in &tickets {
            assert_eq!(redeem(ticket).await.status, 429);
        }
        assert_eq!(redeem(&other).await.status, 409);
    }
}
