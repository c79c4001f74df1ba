//! POST /v1/campaigns/{campaign}/holds

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::campaign::SlotId;
use booking::{CarId, HoldOutcome, HoldState, SlotAndCar};
use serde::Deserialize;
use utoipa::ToSchema;
use web::reply;
use web::{Body, Code, IdempotencyKey, Mistake, Problem, problem_responses};

use crate::app::App;
use crate::citizen::hold::HoldBody;
use crate::refusal::{self, CampaignInPath};

/// The seats to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewHold {
    #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "boe-fashion-20210620-0700")]
    slot: SlotId,
    /// One for each person in the car.
    #[schema(minimum = 1, maximum = 4, example = 2)]
    seats: u8,
    /// The code of a car to come in, from whoever is in it. It comes in one slot, and has four seats in all.
    #[schema(
        value_type = Option<String>, nullable = false, pattern = "^car_[0-9a-f]{32}$",
        example = "car_5f0c9a41d27e4b83b6d0f2a91c7e3d58",
    )]
    car: Option<CarId>,
}

problem_responses!(
    /// What a hold can be refused with.
    HoldProblems of CampaignInPath, IdempotencyKey, Body<NewHold>:
        PassInvalid, PassWrongCampaign, NotEligible, SlotNotFound, CarNotFound, CarAtAnotherTime, CarFull,
        PassEnded, SlotFull, PassExhausted, RequestInProgress, CampaignClosed, IdempotencyKeyReused, Overloaded, Unavailable
);

/// Hold seats of one slot for a few minutes.
///
/// Each seat is registered with a person afterwards.
#[utoipa::path(
    tag = "holds",
    params(CampaignInPath, IdempotencyKey),
    request_body = NewHold,
    responses((status = 201, body = HoldBody, headers(("Location" = String, description = "Where the hold is.")), description = "The seats are kept."), HoldProblems),
    security(("pass" = [])),
)]
#[post("/v1/campaigns/{campaign}/holds")]
pub(crate) async fn create_hold(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    key: IdempotencyKey,
    request: HttpRequest,
    body: Body<NewHold>,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass(&request, &campaign).await?;
    let Body(NewHold { slot, seats, car }) = body;
    let slot = SlotAndCar { slot, car };
    let outcome = app.bookings.hold(pass, slot, seats, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        HoldOutcome::Held(facts) => {
            let location = format!("/v1/holds/{}", facts.hold);
            reply::created(location, &HoldBody::new(&facts, HoldState::Active))
        }
        HoldOutcome::CampaignNotFound => Err(Problem::new(Code::CampaignNotFound)),
        HoldOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
        HoldOutcome::NotEligible => Err(refusal::not_eligible()),
        HoldOutcome::PassExpired => Err(Problem::new(Code::PassInvalid)),
        HoldOutcome::PassEnded => Err(Problem::new(Code::PassEnded)),
        HoldOutcome::SlotNotFound => Err(Problem::new(Code::SlotNotFound)),
        HoldOutcome::SlotFull { places_left } => Err(refusal::slot_full(places_left)),
        HoldOutcome::PassExhausted { seats_left } => Err(refusal::pass_exhausted(seats_left)),
        HoldOutcome::CarNotFound => Err(Problem::new(Code::CarNotFound)),
        HoldOutcome::CarInOtherSlot { slot } => Err(refusal::car_at_another_time(&slot)),
        HoldOutcome::CarFull { seats_left } => Err(refusal::car_full(seats_left)),
        HoldOutcome::SeatsOutOfRange { seats_max } => Err(seats_out_of_range(seats_max)),
        HoldOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

fn seats_out_of_range(seats_max: u8) -> Problem {
    let mistake = Mistake::OutOfRange { least: 1, most: seats_max.into() };
    Problem::new(Code::InvalidRequest).field("seats", mistake)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::NewHold;
    use crate::harness::Api;

    #[test]
    fn the_body_is_described() {
        let body = json!({"slot": "boe-fashion-20210620-0700", "seats": 2});
        web::test_client::assert_refusals_are_described::<NewHold>(&body);
    }

    #[actix_web::test]
    async fn keeps_seats() {
        let api = Api::start().await;
        let hold = || api.hold("c", 2, "k1");
        let reply = hold().send().await;
        assert_eq!(reply.status, 201, "{}", reply.json);
        let id = reply.json["id"].as_str().expect("an id");
        assert_eq!(reply.header("location"), format!("/v1/holds/{id}"));
        assert_eq!(reply.header("cache-control"), "no-store");
        let expected = json!({
            "id": id, "slot": "c", "site": "north",
            "starts_at": "2021-06-20T07:00:00.000Z", "ends_at": "2021-06-20T07:10:00.000Z",
            "state": "active", "seats": 2, "seats_booked": 0,
            "expires_at": "2021-06-14T06:08:00.000Z", "renewable": true, "seats_left": 2,
        });
        assert_eq!(reply.json, expected);
        assert_eq!(hold().send().await.json, reply.json, "the same reply to a repeat");
        let other = api.hold("c", 1, "k1").send().await;
        assert_eq!((other.status, other.code()), (422, "idempotency-key-reused"));
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let api = Api::start().await;
        let cases = [
            (api.hold("nowhere", 1, "k1"), 404, "slot-not-found"),
            (api.hold("a", 2, "k1"), 409, "slot-full"),
            (api.hold("c", 5, "k1"), 400, "invalid-request"),
            (api.hold("c", 0, "k1"), 400, "invalid-request"),
            (api.hold("c", 1, ""), 400, "invalid-request"),
            (api.hold("c", 1, "k1").no_header("idempotency-key"), 400, "idempotency-key-missing"),
            (api.hold("c", 1, "k1").no_header("authorization"), 401, "pass-invalid"),
            (api.hold("c", 1, "k1").bearer("no.pass.this"), 401, "pass-invalid"),
            (
                api.hold("c", 1, "k1").bearer(&api.pass_of("07332025", "rehearsal")),
                403,
                "not-eligible",
            ),
            (
                api.hold("c", 1, "k1").bearer(&api.pass_of("07318000", "other")),
                403,
                "pass-wrong-campaign",
            ),
            (
                api.hold("c", 1, "k1").json(&json!({"slot": "c", "seats": 1, "x": 1})),
                400,
                "invalid-request",
            ),
            (
                api.hold("c", 1, "k1").json(&json!({"slot": "A b", "seats": 1})),
                400,
                "invalid-request",
            ),
        ];
        for (request, status, code) in cases {
            let reply = request.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{}", reply.json);
        }
        let full = api.hold("a", 2, "k1").send().await;
        assert_eq!(full.json["places_left"], 1);
    }

    #[actix_web::test]
    async fn a_campaign_that_is_over_takes_no_holds() {
        let api = Api::start().await;
        api.clock.set(booking::contract::scene::at(86_400));
        api.refreshed().await;
        let pass = api.pass_at(booking::contract::scene::at(86_400));
        let reply = api.hold("c", 1, "k1").bearer(&pass).send().await;
        assert_eq!((reply.status, reply.code()), (410, "campaign-closed"));
    }
}
