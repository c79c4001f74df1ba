//! POST /v1/campaigns/{campaign}/waitlist

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{JoinOutcome, Joined, WaitlistEntryId};
use kernel::{CampaignId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::reply;
use web::{Body, Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::citizen::booking::{NewPerson, Reading};
use crate::refusal::{self, CampaignInPath};

/// Who is to wait.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWaitlistEntry {
    person: NewPerson,
}

/// An entry of the waitlist as whoever joined is told it: with its token.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewlyWaiting<'a> {
    #[schema(value_type = String, example = "wait_017a09a9b40070008000000000000001")]
    id: WaitlistEntryId,
    /// Shows and ends the entry and answers its offers, as a bearer token. It is told to nobody else.
    #[schema(example = "hT0b4TzvSFmTkYqIabhIuNe1tX4YcZdyA9qLr6gWc3o")]
    waitlist_token: String,
    #[schema(value_type = String, example = "speyer-2021-06-20")]
    campaign: &'a CampaignId,
    /// The how manieth of the campaign it is, those that have ended included. How many come first is the `position`
    /// of the entry.
    #[schema(minimum = 1, example = 330)]
    number: u64,
    #[schema(value_type = String, format = DateTime, example = "2021-06-16T12:00:41.118Z")]
    joined_at: Timestamp,
}

problem_responses!(
    /// What joining a waitlist can be refused with.
    JoinProblems of CampaignInPath, IdempotencyKey, Body<NewWaitlistEntry>:
        PassInvalid, PassWrongCampaign, NotEligible, NotThePersonOfThePass, PassEnded, AlreadyBooked,
        AlreadyWaiting, RefusedTooOften, PassExhausted, WaitlistFull, WaitlistNotOpen, RequestInProgress,
        CampaignClosed, IdempotencyKeyReused, DeclarationMissing, Overloaded, Unavailable
);

/// Wait for a place that comes back.
///
/// It takes a seat of the pass, as a booking does. Offers are for the person named here. A repeat gets the same
/// reply, whatever has become of the entry since.
#[utoipa::path(
    tag = "waitlist",
    params(CampaignInPath, IdempotencyKey),
    request_body = NewWaitlistEntry,
    responses((status = 201, body = NewlyWaiting, headers(("Location" = String, description = "Where the entry is.")), description = "The person waits."), JoinProblems),
    security(("pass" = [])),
)]
#[post("/v1/campaigns/{campaign}/waitlist")]
pub(crate) async fn join_waitlist(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    key: IdempotencyKey,
    request: HttpRequest,
    body: Body<NewWaitlistEntry>,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass(&request, &campaign).await?;
    let person = body.0.person.parse(Reading::of(&request, app.bookings.now()))?;
    let outcome = app.bookings.join_waitlist(pass, &person, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        JoinOutcome::Joined(joined) => waits(&app, &campaign, joined),
        JoinOutcome::CampaignNotFound => Err(Problem::new(Code::CampaignNotFound)),
        JoinOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
        JoinOutcome::NotEligible => Err(refusal::not_eligible()),
        JoinOutcome::Unmet(unmet) => Err(refusal::unmet(unmet)),
        JoinOutcome::PassExpired => Err(Problem::new(Code::PassInvalid)),
        JoinOutcome::PassEnded => Err(Problem::new(Code::PassEnded)),
        JoinOutcome::PersonNotOfPass => Err(Problem::new(Code::NotThePersonOfThePass)),
        JoinOutcome::NotOpen { opens_at: None } => Err(Problem::new(Code::WaitlistNotOpen)),
        JoinOutcome::NotOpen { opens_at: Some(opens_at) } => {
            Err(Problem::new(Code::WaitlistNotOpen).with("opens_at", opens_at.to_string()))
        }
        JoinOutcome::PassExhausted => Err(refusal::pass_exhausted(0)),
        JoinOutcome::WaitlistFull => Err(Problem::new(Code::WaitlistFull)),
        JoinOutcome::AlreadyBooked => Err(Problem::new(Code::AlreadyBooked)),
        JoinOutcome::AlreadyWaiting => Err(Problem::new(Code::AlreadyWaiting)),
        JoinOutcome::RefusedTooOften => Err(Problem::new(Code::RefusedTooOften)),
        JoinOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

fn waits(app: &App, campaign: &CampaignId, joined: Joined) -> Result<HttpResponse, Problem> {
    let Joined { entry, number, joined_at, pass_used_up: _ } = joined;
    let waitlist_token = app.bookings.entry_token(entry);
    let body = NewlyWaiting { id: entry, waitlist_token, campaign, number, joined_at };
    reply::created(format!("/v1/waitlist/{entry}"), &body)
}

#[cfg(test)]
mod tests {
    use booking::contract::scene;
    use serde_json::json;

    use super::NewWaitlistEntry;
    use crate::harness::{Api, small};

    #[actix_web::test]
    async fn a_person_waits_once_and_a_repeat_gets_the_same_reply() {
        let (api, _) = Api::sold_out().await;
        let joined = api.join("Berta", "w1").send().await;
        assert_eq!(joined.status, 201, "{joined}");
        let text = |name: &str| joined.json[name].as_str().expect("text").to_owned();
        assert_eq!(joined.header("location"), format!("/v1/waitlist/{}", text("id")));
        assert_eq!(text("waitlist_token").len(), 43);
        let expected = json!({
            "id": text("id"), "waitlist_token": text("waitlist_token"), "campaign": "rehearsal",
            "number": 1, "joined_at": "2021-06-14T06:00:00.000Z",
        });
        assert_eq!(joined.json, expected);
        assert_eq!(api.join("Berta", "w1").send().await.json, expected, "the same reply");
        assert_eq!(api.join("Carla", "w2").send().await.json["number"], 2);
    }

    #[actix_web::test]
    async fn refusals_are_problems_and_tell_nothing_of_others() {
        let (api, _) = Api::sold_out().await;
        assert_eq!(api.join("Berta", "w1").send().await.status, 201);
        let other = api.pass_of("07318000", "rehearsal");
        let cases = [
            (api.join("Carla", "w1"), 422, "idempotency-key-reused"),
            (api.join("ANNA", "w2").bearer(&other), 409, "already-booked"),
            (api.join("BERTA", "w2").bearer(&other), 409, "already-waiting"),
            (
                api.join("Carla", "w2").bearer(&api.pass_of("07332025", "rehearsal")),
                403,
                "not-eligible",
            ),
            (
                api.join("Carla", "w2").bearer(&api.pass_of("07318000", "x")),
                403,
                "pass-wrong-campaign",
            ),
            (api.join("Carla", "w2").bearer("forged"), 401, "pass-invalid"),
            (api.join("", "w2"), 400, "invalid-request"),
            (api.join("Carla", "w2").no_header("idempotency-key"), 400, "idempotency-key-missing"),
        ];
        for (request, status, code) in cases {
            let reply = request.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{reply}");
            let told = reply.json.to_string();
            for secret in ["booking_", "wait_", "ANNA", "BERTA", "Muster", "1970"] {
                assert!(!told.contains(secret), "the refusal reveals {secret}: {told}");
            }
        }
        assert_eq!(api.join("Carla", "w3").send().await.status, 201);
        let full = api.join("Dora", "w4").send().await;
        assert_eq!((full.status, full.code()), (409, "waitlist-full"));
    }

    /// Asking who waits costs as much as asking who is booked.
    #[actix_web::test]
    async fn guesses_are_counted() {
        let (api, _) = Api::sold_out().await;
        assert_eq!(api.join("Berta", "w1").send().await.status, 201);
        let guesser = api.pass_of("07318000", "rehearsal");
        for key in 0..8 {
            let (name, code) = [("Berta", "already-waiting"), ("Anna", "already-booked")][key % 2];
            let guess = api.join(name, &format!("g{key}")).bearer(&guesser).send().await;
            assert_eq!(guess.code(), code);
        }
        for name in ["Berta", "Anna", "Carla"] {
            let refused = api.join(name, "g9").bearer(&guesser).send().await;
            assert_eq!((refused.status, refused.code()), (409, "refused-too-often"));
        }
    }

    #[actix_web::test]
    async fn a_list_that_is_not_open_says_when_it_opens() {
        let api = Api::start().await;
        let reply = api.join("Anna", "w1").send().await;
        assert_eq!((reply.status, reply.code()), (409, "waitlist-not-open"));
        assert_eq!(reply.json.get("opens_at"), None, "there are places to book");
        let api = Api::start_with(&small(|waitlist| waitlist.opens_at = Some(scene::at(60)))).await;
        let reply = api.join("Anna", "w1").send().await;
        assert_eq!(
            (reply.code(), &reply.json["opens_at"]),
            ("waitlist-not-open", &json!("2021-06-14T06:01:00.000Z"))
        );
    }

    #[test]
    fn the_body_is_described() {
        let person = json!({
            "given_name": "Erika", "family_name": "Mustermann", "date_of_birth": "1980-02-29",
            "email": "erika@example.org", "phone": "+49 6232 140",
        });
        web::test_client::assert_refusals_are_described::<NewWaitlistEntry>(
            &json!({"person": person}),
        );
    }
}
