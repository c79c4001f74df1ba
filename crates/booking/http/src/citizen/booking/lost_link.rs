//! POST /v1/campaigns/{campaign}/lost-links

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{BookingCode, DateOfBirth, FieldProblem, LINK_PAUSE};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::reply;
use web::{Body, Code, Problem, problem_responses};

use crate::app::App;
use crate::refusal::CampaignInPath;

/// What whoever has lost a link still knows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LostLink {
    /// The booking code. Small letters, spaces and hyphens make no difference.
    #[schema(example = "7Q2MX4KD", min_length = 8, max_length = 32)]
    code: String,
    #[schema(format = Date, example = "1980-02-29")]
    date_of_birth: String,
}

/// The same whether there is such a booking or not.
#[derive(Serialize, ToSchema)]
struct LinkAsked {
    /// A link goes out once in so many seconds.
    #[schema(example = 900)]
    again_after_s: u64,
}

impl LostLink {
    fn parse(&self) -> Result<(BookingCode, DateOfBirth), Problem> {
        let (code, born) = (read_code(&self.code), self.date_of_birth.trim().parse());
        match (code, born) {
            (Ok(code), Ok(born)) => Ok((code, born)),
            (code, born) => {
                let mut whole = Problem::new(Code::InvalidRequest);
                for (field, wrong) in [("code", code.err()), ("date_of_birth", born.err())] {
                    if let Some(wrong) = wrong {
                        whole = whole.field(field.to_owned(), wrong);
                    }
                }
                Err(whole)
            }
        }
    }
}

/// The code as it is read out or typed in.
fn read_code(text: &str) -> Result<BookingCode, FieldProblem> {
    let typed = text.chars().filter(|character| !character.is_whitespace() && *character != '-');
    // The alphabet has no letter that looks like a digit.
    let meant = typed.map(|character| match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        character => character,
    });
    let code: String = meant.take(9).collect();
    code.parse().map_err(|_| FieldProblem::Form("7Q2MX4KD"))
}

problem_responses!(
    /// What asking for a lost link can be refused with.
    LostLinkProblems of CampaignInPath, Body<LostLink>:
        RateLimited, Overloaded, Unavailable
);

/// Have a lost link sent.
///
/// To the e-mail address that is recorded in the booking and nowhere else. The answer is the same whether
/// there is such a booking or not. The link is a new one: those before are worth nothing once it is sent.
#[utoipa::path(
    tag = "bookings",
    params(CampaignInPath),
    request_body = LostLink,
    responses((status = 202, body = LinkAsked, description = "If there is such a booking, and it has an address, the link is sent there."), LostLinkProblems),
)]
#[post("/v1/campaigns/{campaign}/lost-links")]
pub(crate) async fn ask_link(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    request: HttpRequest,
    body: Body<LostLink>,
) -> Result<HttpResponse, Problem> {
    app.limits.lost_links.check(&request)?;
    let (code, date_of_birth) = body.0.parse()?;
    if app.bookings.view().campaign(&campaign).is_none() {
        return Err(Problem::new(Code::CampaignNotFound));
    }
    app.limits.lost_links_by_code.check(&(&campaign, code))?;
    let asked = app.bookings.ask_link(&campaign, code, date_of_birth).await;
    asked.map_err(|failure| app.problem(failure))?;
    let body = LinkAsked { again_after_s: LINK_PAUSE.as_secs() };
    Ok(reply::private(StatusCode::ACCEPTED, &body))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use actix_web::http::Method;
    use booking::contract::scene;
    use booking::{BookingStore as _, What};
    use kernel::SeededEntropy;
    use serde_json::{Value, json};
    use web::limits::{Allowance, LimitClock, LimitParts};
    use web::test_client::Call;
    use web::{AddressLimit, RateLimit, TrustedProxies};

    use super::LostLink;
    use crate::harness::Api;
    use crate::limits::RateLimits;

    const PATH: &str = "/v1/campaigns/rehearsal/lost-links";

    fn ask(api: &Api, code: &str, born: &str) -> Call {
        let body = json!({"code": code, "date_of_birth": born});
        api.request(&Method::POST, PATH).json(&body)
    }

    /// The bookings whose links were asked for, in order.
    async fn asked(api: &Api) -> Vec<String> {
        let links = api.store.events(&scene::slot("rehearsal"), 0, u32::MAX).await;
        let links = links.expect("the model answers");
        let events = links.iter().flat_map(|link| link.read().expect("events"));
        let asked = events.filter_map(|event| match event.what {
            What::LinkAsked { booking } => Some(booking.to_string()),
            _ => None,
        });
        asked.collect()
    }

    /// Waits until so many links were asked for.
    async fn until_asked(api: &Api, count: usize) -> Vec<String> {
        let mut interval = tokio::time::interval(Duration::from_millis(1));
        loop {
            let asked = asked(api).await;
            if asked.len() >= count {
                return asked;
            }
            interval.tick().await;
        }
    }

    /// Nobody learns from the answer whether there is such a booking, and the owner of the address gets the link.
    #[actix_web::test]
    async fn the_answer_is_the_same_and_the_right_one_is_told() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let other = api.book_slot("c", "Berta", "k2").send().await;
        let code = |of: &Value| of["code"].as_str().expect("a code").to_owned();
        let (anna, berta) = (code(&booked.json), code(&other.json));
        let expected = json!({"again_after_s": 900});
        for (code, born) in [
            (&*anna, "1970-01-30"),
            ("00000000", "1970-01-31"),
            (&*anna, "1970-01-31"),
            (&*anna, "1970-01-31"),
        ] {
            let reply = ask(&api, code, born).send().await;
            assert_eq!((reply.status, &reply.json), (202, &expected), "{code} {born}");
            assert_eq!(reply.header("cache-control"), "no-store");
        }
        let [first, second] =
            [&booked, &other].map(|reply| reply.json["id"].as_str().expect("an id"));
        assert_eq!(until_asked(&api, 1).await, [first]);
        // As people write it down.
        let spelt = format!(" {}-{} ", &berta[..4], &berta[4..]).to_lowercase().replace('0', "o");
        assert_eq!(ask(&api, &spelt, "1970-01-31").send().await.status, 202);
        assert_eq!(until_asked(&api, 2).await, [first, second], "once in a while, and no other");
    }

    #[actix_web::test]
    async fn who_has_no_address_or_no_place_gets_nothing() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let path = booked.header("location");
        let token = booked.json["manage_token"].as_str().expect("a token");
        let contact = api.request(&Method::PUT, &format!("{path}/contact")).bearer(token);
        let contact = contact.header("idempotency-key", "c1").json(&json!({"phone": "06232 140"}));
        assert_eq!(contact.send().await.status, 200);
        let given_back = api.book_slot("c", "Berta", "k2").send().await;
        let cancel = format!("{}/cancellation", given_back.header("location"));
        let cancel = api.request(&Method::POST, &cancel).header("idempotency-key", "x1");
        let token = given_back.json["manage_token"].as_str().expect("a token");
        assert_eq!(cancel.bearer(token).send().await.status, 200);
        let reached = api.book_slot("c", "Carla", "k3").send().await;
        for of in [&booked, &given_back, &reached] {
            let code = of.json["code"].as_str().expect("a code");
            assert_eq!(ask(&api, code, "1970-01-31").send().await.status, 202);
        }
        let reached = reached.json["id"].as_str().expect("an id");
        assert_eq!(until_asked(&api, 1).await, [reached], "commands keep their order");
    }

    #[actix_web::test]
    async fn what_cannot_be_meant_is_named() {
        let api = Api::start().await;
        let reply = ask(&api, "7Q2MX4K", "31.01.1970").send().await;
        assert_eq!((reply.status, reply.code()), (400, "invalid-request"));
        assert_eq!(reply.fields(), ["code", "date_of_birth"], "{reply}");
        let nowhere = ask(&api, "7Q2MX4KD", "1970-01-31").path("/v1/campaigns/x/lost-links");
        let reply = nowhere.send().await;
        assert_eq!((reply.status, reply.code()), (404, "campaign-not-found"));
    }

    /// Guessing a date of birth takes years, from however many addresses.
    #[actix_web::test]
    async fn a_code_and_an_address_can_be_tried_a_few_times() {
        let limits = || {
            let clock = LimitClock::of(|| Duration::from_secs(1));
            let parts =
                LimitParts { keys_max: 1_000, clock, entropy: Arc::new(SeededEntropy::new(4)) };
            let allowance = |burst| Allowance { per_minute: 1, burst };
            let proxies = TrustedProxies::none();
            RateLimits {
                lost_links: AddressLimit::new("lost-links", allowance(8), proxies, &parts),
                lost_links_by_code: RateLimit::new("lost-links-code", allowance(3), &parts),
            }
        };
        let api = Api::limited_to(limits()).await;
        let from = |number: u8, code: &str| {
            let peer = std::net::SocketAddr::from(([192, 0, 2, number], 4_711));
            ask(&api, code, "1970-01-31").from_peer(peer)
        };
        for number in 0..3 {
            assert_eq!(from(number, "00000000").send().await.status, 202);
        }
        let refused = from(3, "00000000").send().await;
        assert_eq!((refused.status, refused.code()), (429, "rate-limited"));
        assert!(!refused.header("retry-after").is_empty());
        for code in ["1", "2", "3", "4", "5", "6", "7"] {
            let reply = from(3, &code.repeat(8)).send().await;
            assert_eq!(reply.status, 202, "another code is not affected");
        }
        assert_eq!(from(3, "88888888").send().await.status, 429, "the address has had its share");
        assert_eq!(from(4, "88888888").send().await.status, 202);
    }

    /// Whatever the type refuses has words in the document.
    #[test]
    fn the_body_is_described() {
        let body = json!({"code": "7Q2MX4KD", "date_of_birth": "1980-02-29"});
        web::test_client::assert_refusals_are_described::<LostLink>(&body);
    }
}
