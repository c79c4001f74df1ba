//! `POST /v1/rooms/{room}/ticket/resume-codes`: a code with which another device gets the ticket.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::service::outcome::IssuedResumeCode;
use web::{Code, Problem, bearer, reply};

use crate::app::App;
use crate::guard::Guard;
use crate::refusal::{self, RoomInPath};

web::problem_responses!(
    /// What making a code can be refused with.
    ResumeCodeProblems of RoomInPath:
        TicketInvalid, RateLimited, Overloaded, Unavailable
);

/// A code for another device.
#[derive(Serialize, ToSchema)]
struct NewResumeCode {
    /// The code, for people to read and to type.
    #[schema(value_type = String, pattern = "^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$", example = "K7Q2M-9XA4D")]
    code: String,
    /// Until when it opens something.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:10:00.000Z")]
    expires_at: Timestamp,
    /// The waiting page with the code in its fragment, which no server gets to see: show it as a QR code. Left out where
    /// the room knows no address of its page; then the page makes it of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "https://warten.example/town#resume=K7Q2M-9XA4D")]
    link: Option<String>,
}

impl NewResumeCode {
    fn new(issued: IssuedResumeCode, guard: Option<&Guard>) -> Self {
        let IssuedResumeCode { code, expires_at } = issued;
        let page = guard.and_then(Guard::waiting_page_elsewhere);
        let link = page.map(|page| format!("{page}#resume={code}"));
        Self { code: code.to_string(), expires_at, link }
    }
}

/// Make a code with which another device gets the ticket.
///
/// It opens once, and for ten minutes. Both devices have the ticket then, and so one place and one pass. Each request
/// makes another code.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    security(("ticket" = [])),
    responses(
        (
            status = 201,
            description = "The code.",
            body = NewResumeCode,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        ResumeCodeProblems,
    ),
)]
#[post("/v1/rooms/{room}/ticket/resume-codes")]
pub(crate) async fn make_resume_code(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let ticket = bearer(&request, Code::TicketInvalid)?;
    let pass_id = app.rooms.pass_id(room.name(), ticket).map_err(refusal::problem)?;
    app.limits.resume_codes_by_pass.check(&pass_id)?;
    let issued = app.rooms.make_resume_code(room.name(), ticket).await;
    let guard = room.name().parse().ok().and_then(|room| app.guards.of(&room));
    let code = NewResumeCode::new(issued.map_err(refusal::problem)?, guard);
    Ok(reply::private(StatusCode::CREATED, &code))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::http::Method;
    use kernel::SeededEntropy;
    use web::RateLimit;
    use web::limits::{Allowance, LimitClock, LimitParts};
    use web::test_client::Reply;

    use crate::RateLimits;
    use crate::harness::{Harness, after};

    async fn make(harness: &Harness, ticket: &str) -> Reply {
        let path = "/v1/rooms/town/ticket/resume-codes";
        harness.request(&Method::POST, path).header("authorization", ticket).send().await
    }

    #[actix_web::test]
    async fn whoever_has_the_ticket_gets_a_code_and_a_link() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        let made = make(&harness, &ticket).await;
        assert_eq!((made.status, made.header("cache-control")), (201, "no-store"), "{made}");
        let code = made.json["code"].as_str().expect("a code");
        assert_eq!(made.json["link"], format!("https://warten.example/town#resume={code}"));
        assert_eq!(made.json["expires_at"], after(600 - 60).to_string());
        assert_ne!(make(&harness, &ticket).await.json["code"], code, "each has its own");
        let forged = make(&harness, "Bearer AgEAAAAB").await;
        assert_eq!((forged.status, forged.code()), (401, "ticket-invalid"));
    }

    #[actix_web::test]
    async fn one_ticket_makes_a_few() {
        let parts = LimitParts {
            keys_max: 1_000,
            clock: LimitClock::of(|| Duration::ZERO),
            entropy: std::sync::Arc::new(SeededEntropy::new(4)),
        };
        let few = Allowance { per_minute: 6, burst: 2 };
        let limits = RateLimits {
            resume_codes_by_pass: RateLimit::new("resume-codes-pass", few, &parts),
            ..RateLimits::off()
        };
        let harness = Harness::start().await.limited_to(|_| limits).await;
        let (ticket, other) = (harness.join().await, harness.join().await);
        for _ in 0..2 {
            assert_eq!(make(&harness, &ticket).await.status, 201);
        }
        let refused = make(&harness, &ticket).await;
        assert_eq!((refused.status, refused.code()), (429, "rate-limited"));
        assert_eq!(make(&harness, &other).await.status, 201);
    }

    #[actix_web::test]
    async fn without_the_store_there_is_no_code() {
        let harness = Harness::start().await;
        let ticket = harness.join().await;
        harness.store.set_down(true);
        let refused = make(&harness, &ticket).await;
        assert_eq!((refused.status, refused.code()), (503, "unavailable"));
    }
}
