//! `POST /v1/rooms/{room}/resumptions`: go on with a ticket on another device, by the code that the first one shows.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waiting_room::resume::ResumeCode;
use web::{Body, Code, Problem, reply};

use crate::app::App;
use crate::refusal::{self, RoomInPath};

web::problem_responses!(
    /// What resuming can be refused with.
    ResumeProblems of RoomInPath, Body<Resumption>:
        ResumeCodeNotFound, RateLimited, Overloaded, Unavailable
);

/// What to resume with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resumption {
    /// The code, as people write it: capital or small letters, with or without the hyphen and spaces.
    #[schema(
        value_type = String, max_length = 40, pattern = "^[ -]*([0-9A-TV-Za-tv-z][ -]*){10}$",
        example = "K7Q2M-9XA4D",
    )]
    code: ResumeCode,
}

/// The ticket, which both devices have now.
#[derive(Serialize, ToSchema)]
struct ResumedTicket {
    /// The ticket. Keep it, as if this device had joined, and ask with it where it stands.
    #[schema(example = "AgEAAAABYMcfIAAAAAAAAAAAEmcAb6cQ…")]
    ticket: String,
}

/// Get the ticket that a code opens.
///
/// A code opens once: if the answer is lost, make another on the device that has the ticket.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    request_body = Resumption,
    responses(
        (
            status = 201,
            description = "The ticket.",
            body = ResumedTicket,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        ResumeProblems,
    ),
)]
#[post("/v1/rooms/{room}/resumptions")]
pub(crate) async fn resume(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
    Body(Resumption { code }): Body<Resumption>,
) -> Result<HttpResponse, Problem> {
    app.limits.resume.check(&request)?;
    app.rooms.view(room.name()).map_err(refusal::problem)?;
    app.limits.resume_by_room.check(&room.name())?;
    let resumed = app.rooms.resume(room.name(), &code).await.map_err(refusal::problem)?;
    let ticket = resumed.ok_or_else(|| Problem::new(Code::ResumeCodeNotFound))?;
    Ok(reply::private(StatusCode::CREATED, &ResumedTicket { ticket }))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use actix_web::http::Method;
    use kernel::SeededEntropy;
    use web::limits::{Allowance, LimitClock, LimitParts};
    use web::test_client::{Call, Reply};
    use web::{AddressLimit, RateLimit, TrustedProxies};

    use crate::RateLimits;
    use crate::harness::{Harness, bearer};

    async fn code(harness: &Harness, ticket: &str) -> String {
        let path = "/v1/rooms/town/ticket/resume-codes";
        let made =
            harness.request(&Method::POST, path).header("authorization", ticket).send().await;
        made.json["code"].as_str().expect("a code").to_owned()
    }

    fn resume(harness: &Harness, room: &str, code: &str) -> Call {
        let path = format!("/v1/rooms/{room}/resumptions");
        harness.post(&path, &format!(r#"{{"code":"{code}"}}"#))
    }

    fn opens_nothing(reply: &Reply) -> bool {
        (reply.status, reply.code()) == (404, "resume-code-not-found")
    }

    #[actix_web::test]
    async fn another_device_gets_the_place_once() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        let code = code(&harness, &ticket).await.to_lowercase().replace('-', " ");
        let resumed = resume(&harness, "town", &code).send().await;
        assert_eq!((resumed.status, resumed.header("cache-control")), (201, "no-store"));
        assert_eq!(harness.ticket(&bearer(&resumed)), harness.ticket(&ticket), "the same place");
        assert!(opens_nothing(&resume(&harness, "town", &code).send().await), "once");
    }

    #[actix_web::test]
    async fn a_code_is_of_one_room_and_has_an_end() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        let [first, second] = [code(&harness, &ticket).await, code(&harness, &ticket).await];
        assert!(opens_nothing(&resume(&harness, "village", &first).send().await));
        harness.clock.advance(Duration::from_secs(599));
        assert_eq!(resume(&harness, "town", &first).send().await.status, 201);
        harness.clock.advance(Duration::from_secs(1));
        assert!(opens_nothing(&resume(&harness, "town", &second).send().await));
        let unknown = resume(&harness, "nowhere", &second).send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "room-not-found"));
    }

    /// A ticket of an earlier line is worth nothing, and so is its code.
    #[actix_web::test]
    async fn a_code_ends_with_the_line() {
        let harness = Harness::start().await;
        let code = code(&harness, &harness.join().await).await;
        harness.begin_anew(2).await;
        assert!(opens_nothing(&resume(&harness, "town", &code).send().await));
    }

    #[actix_web::test]
    async fn what_is_no_code_is_named() {
        let harness = Harness::start().await;
        for text in ["", "K7Q2M", "K7Q2M-9XA4U", "K7Q2M-9XA4DD"] {
            let reply = resume(&harness, "town", text).send().await;
            assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{text}");
            assert_eq!(reply.json["errors"][0]["field"], "code");
        }
    }

    /// Whoever guesses is stopped, at one address and at many; and hears the same as whoever comes too late.
    #[actix_web::test]
    async fn guesses_are_limited() {
        let parts = LimitParts {
            keys_max: 1_000,
            clock: LimitClock::of(|| Duration::ZERO),
            entropy: Arc::new(SeededEntropy::new(4)),
        };
        let times = |burst| Allowance { per_minute: 6, burst };
        let limits = RateLimits {
            resume: AddressLimit::new("resume", times(3), TrustedProxies::none(), &parts),
            resume_by_room: RateLimit::new("resume-room", times(5), &parts),
            ..RateLimits::off()
        };
        let harness = Harness::start().await.limited_to(|_| limits).await;
        let code = code(&harness, &harness.join().await).await;
        let guess = |host: u8| {
            let peer = SocketAddr::from(([192, 0, 2, host], 1));
            resume(&harness, "town", "K7Q2M-9XA4D").from_peer(peer).send()
        };
        for _ in 0..3 {
            assert!(opens_nothing(&guess(1).await));
        }
        let limit = async |reply: Reply| {
            assert_eq!((reply.status, reply.code()), (429, "rate-limited"));
            reply.header("ratelimit").split(';').next().map(str::to_owned)
        };
        assert_eq!(limit(guess(1).await).await.as_deref(), Some("\"resume\""));
        for _ in 0..2 {
            assert!(opens_nothing(&guess(2).await));
        }
        assert_eq!(limit(guess(3).await).await.as_deref(), Some("\"resume-room\""));
        let elsewhere = resume(&harness, "village", &code);
        let elsewhere = elsewhere.from_peer(SocketAddr::from(([192, 0, 2, 4], 1))).send().await;
        assert!(opens_nothing(&elsewhere), "another room is not affected");
    }
}
