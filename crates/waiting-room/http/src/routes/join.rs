//! `POST /v1/rooms/{room}/tickets`: join the room, after the residence question.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use kernel::{Ags, Municipality, Postcode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use waiting_room::outcome::{Answer, Joined};
use web::reply;
use web::{Body, Code, Problem, optional_bearer};

use crate::app::App;
use crate::refusal::{self, RoomInPath};
use crate::wire::{NextOpening, Pass, TicketState};

/// What to join with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Join {
    residence: Residence,
}

/// Where the citizen lives: a self-declaration, checked at the gate on the day.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Residence {
    /// The postcode, five digits.
    #[schema(value_type = String, pattern = "^[0-9]{5}$", example = "67346")]
    postcode: Postcode,
    /// The official key of the municipality, eight digits; needed where a postcode covers several.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{8}$", example = "07318000")]
    ags: Option<Ags>,
}

/// A ticket and where it stands.
#[derive(Serialize, ToSchema)]
struct JoinedRoom {
    /// The ticket. Keep it: it is the only proof of the entry, and nobody else has it.
    #[schema(example = "AQEAAAAAAAAAAAAAEmcAcGwPAAABeglDxAB…")]
    ticket: String,
    #[serde(flatten)]
    state: TicketState,
    /// The pass, if nobody was waiting and the ticket was admitted at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pass: Option<Pass>,
}

impl From<Answer> for JoinedRoom {
    fn from(answer: Answer) -> Self {
        let state = TicketState::from(&answer);
        Self { ticket: answer.ticket, state, pass: answer.pass.map(Pass::from) }
    }
}

/// A municipality to choose.
#[derive(Serialize)]
struct Choice {
    ags: Ags,
    name: String,
}

web::problem_responses!(
    /// What joining can be refused with.
    JoinProblems:
        InvalidRequest,
        TicketInvalid,
        NotEligible,
        RoomNotFound,
        RequestTimeout,
        RoomNotOpen,
        RoomClosed,
        BodyTooLarge,
        UnsupportedMediaType,
        MunicipalityMismatch,
        MunicipalityRequired,
        Overloaded,
        Unavailable
);

/// Join the room.
///
/// Who may not book here is turned away before taking an entry. Who presents a ticket gets its entry
/// back with 200, so a client that has one sends it along. If nobody waits, the answer already has the
/// pass.
///
/// Members of problems: `not-eligible` has `municipality`, the name, if the postcode is known;
/// `municipality-required` has `municipalities`, a list of `{ags, name}` to choose from; `room-not-open`
/// has `next_opening` with `gathers_from`, when joining becomes possible.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    request_body = Join,
    security((), ("ticket" = [])),
    responses(
        (
            status = 201,
            description = "A new entry.",
            body = JoinedRoom,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        (status = 200, description = "The entry of the presented ticket.", body = JoinedRoom),
        JoinProblems,
    ),
)]
#[post("/v1/rooms/{room}/tickets")]
pub(crate) async fn join(
    app: Data<App>,
    request: HttpRequest,
    Body(Join { residence }): Body<Join>,
) -> Result<HttpResponse, Problem> {
    let presented = optional_bearer(&request, Code::TicketInvalid)?;
    let room = refusal::room(&request);
    let joined = app.rooms.join(room, presented, residence.postcode, residence.ags).await;
    match joined.map_err(refusal::problem)? {
        Joined::New(answer) => Ok(reply::private(StatusCode::CREATED, &JoinedRoom::from(answer))),
        Joined::Known(answer) => Ok(reply::private(StatusCode::OK, &JoinedRoom::from(answer))),
        Joined::NotEligible(known) => Err(not_eligible(known)),
        Joined::MunicipalityRequired(choices) => Err(municipality_required(choices)),
        Joined::MunicipalityMismatch => Err(Problem::new(Code::MunicipalityMismatch)),
        Joined::NotOpenYet { gathers_from: _ } => Err(not_open_yet(&app, room)),
        Joined::Closed => Err(Problem::new(Code::RoomClosed)),
    }
}

fn not_eligible(known: Option<Municipality>) -> Problem {
    let problem = Problem::new(Code::NotEligible);
    match known {
        Some(municipality) => problem.with("municipality", municipality.name),
        None => problem,
    }
}

fn municipality_required(choices: Vec<Municipality>) -> Problem {
    let choices = choices.into_iter().map(|row| Choice { ags: row.ags, name: row.name });
    Problem::new(Code::MunicipalityRequired)
        .with("municipalities", choices.map(value).collect::<Vec<Value>>())
}

fn not_open_yet(app: &App, room: &str) -> Problem {
    let problem = Problem::new(Code::RoomNotOpen);
    let Ok(view) = app.rooms.view(room) else { return problem };
    match view.next_opening().map(NextOpening::from) {
        Some(next) => problem.with("next_opening", value(next)),
        None => problem,
    }
}

fn value(wire: impl Serialize) -> Value {
    serde_json::to_value(wire).expect("wire types can be written as JSON")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::CONTENT_TYPE;
    use actix_web::test::TestRequest;
    use futures_util::future::join_all;
    use kernel::BatcherLimits;

    use crate::harness::{Harness, JOIN_SPEYER, post};

    const URI: &str = "/v1/rooms/town/tickets";

    fn in_german(body: &str) -> TestRequest {
        post(URI, body).insert_header(("accept-language", "de-DE,de;q=0.9,en;q=0.5"))
    }

    #[actix_web::test]
    async fn an_arrival_before_the_opening_gathers() {
        let harness = Harness::start().await;
        let reply = harness.send(post(URI, JOIN_SPEYER)).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        insta::assert_snapshot!(reply, @r#"
        201 {
          "ahead": null,
          "entry": 0,
          "estimated_wait_s": null,
          "place": null,
          "poll_after_s": 30,
          "state": "gathering",
          "ticket": "<token>"
        }
        "#);
    }

    #[actix_web::test]
    async fn an_arrival_is_let_in_at_once_if_nobody_waits() {
        let harness = Harness::start().await;
        harness.at(10).await;
        insta::assert_snapshot!(harness.send(post(URI, JOIN_SPEYER)).await, @r#"
        201 {
          "ahead": 0,
          "entry": 0,
          "estimated_wait_s": {
            "high": 0,
            "low": 0
          },
          "pass": {
            "expires_at": "2021-06-14T06:15:10.000Z",
            "pass": "<token>"
          },
          "place": 0,
          "poll_after_s": 2,
          "state": "called",
          "ticket": "<token>"
        }
        "#);
    }

    #[actix_web::test]
    async fn who_presents_a_ticket_gets_its_entry_back() {
        let harness = Harness::start().await;
        harness.crowd(3).await;
        let first = harness.send(post(URI, JOIN_SPEYER)).await;
        let bearer = format!("Bearer {}", first.body["ticket"].as_str().expect("a ticket"));
        let again = post(URI, JOIN_SPEYER).insert_header(("authorization", bearer));
        let again = harness.send(again).await;
        assert_eq!((first.status, again.status), (201, 200));
        assert_eq!(again.body, first.body);
        assert_eq!(again.body["entry"], 3);
        let invalid = post(URI, JOIN_SPEYER).insert_header(("authorization", "Bearer nonsense"));
        let invalid = harness.send(invalid).await;
        assert_eq!((invalid.status, &invalid.body["code"]), (401, &"ticket-invalid".into()));
        harness.renew().await;
        assert_eq!(harness.view().state.entered, 4, "only new arrivals take an entry");
    }

    #[actix_web::test]
    async fn who_may_not_book_is_turned_away_with_a_reason() {
        let harness = Harness::start().await;
        let hassloch = r#"{"residence":{"postcode":"67454"}}"#;
        insta::assert_snapshot!(harness.send(post(URI, hassloch)).await, @r#"
        403 {
          "code": "not-eligible",
          "detail": "Only residents of the municipalities of this campaign can book here. Please ask your own municipality which offers there are for you.",
          "municipality": "Haßloch",
          "request_id": "<id>",
          "status": 403,
          "title": "This campaign is not for your place of residence",
          "type": "urn:einlass:problem:not-eligible"
        }
        "#);
        let german = harness.send(in_german(hassloch)).await;
        assert_eq!(german.header("content-language"), Some("de"));
        insta::assert_snapshot!(german, @r#"
        403 {
          "code": "not-eligible",
          "detail": "Hier können nur Menschen aus den Gemeinden dieser Aktion buchen. Bitte fragen Sie Ihre Gemeinde, welche Angebote es für Sie gibt.",
          "municipality": "Haßloch",
          "request_id": "<id>",
          "status": 403,
          "title": "Diese Aktion gilt nicht für Ihren Wohnort",
          "type": "urn:einlass:problem:not-eligible"
        }
        "#);
        let elsewhere = harness.send(post(URI, r#"{"residence":{"postcode":"80331"}}"#)).await;
        assert_eq!((elsewhere.status, elsewhere.body.get("municipality")), (403, None));
        harness.renew().await;
        assert_eq!(harness.view().state.entered, 0);
    }

    #[actix_web::test]
    async fn an_ambiguous_postcode_asks_for_the_municipality() {
        let harness = Harness::start().await;
        let ambiguous = r#"{"residence":{"postcode":"67373"}}"#;
        insta::assert_snapshot!(harness.send(in_german(ambiguous)).await, @r#"
        422 {
          "code": "municipality-required",
          "detail": "Bitte wählen Sie Ihre aus der Liste.",
          "municipalities": [
            {
              "ags": "07332999",
              "name": "Nachbarort"
            },
            {
              "ags": "07338007",
              "name": "Dudenhofen"
            }
          ],
          "request_id": "<id>",
          "status": 422,
          "title": "Mehrere Gemeinden haben diese Postleitzahl",
          "type": "urn:einlass:problem:municipality-required"
        }
        "#);
        let residence = |ags: &str| {
            post(URI, &format!(r#"{{"residence":{{"postcode":"67373","ags":"{ags}"}}}}"#))
        };
        assert_eq!(harness.send(residence("07338007")).await.status, 201);
        assert_eq!(harness.send(residence("07332999")).await.body["code"], "not-eligible");
        let mismatch = harness.send(residence("07318000")).await;
        assert_eq!(
            (mismatch.status, &mismatch.body["code"]),
            (422, &"municipality-mismatch".into())
        );
    }

    #[actix_web::test]
    async fn an_announced_room_says_when_it_opens() {
        let harness = Harness::start_at(-4_000).await;
        insta::assert_snapshot!(harness.send(post(URI, JOIN_SPEYER)).await, @r#"
        409 {
          "code": "room-not-open",
          "detail": "Please come back at the time shown. All who come before the opening have the same chance; you need not hurry.",
          "next_opening": {
            "gathers_from": "2021-06-14T05:00:00.000Z",
            "index": 0,
            "opens_at": "2021-06-14T06:00:00.000Z"
          },
          "request_id": "<id>",
          "status": 409,
          "title": "The waiting room is not open yet",
          "type": "urn:einlass:problem:room-not-open"
        }
        "#);
    }

    #[actix_web::test]
    async fn a_closed_room_takes_nobody() {
        let harness = Harness::start().await;
        harness.at(86_400).await;
        insta::assert_snapshot!(harness.send(post(URI, JOIN_SPEYER)).await, @r#"
        410 {
          "code": "room-closed",
          "detail": "The campaign is over. Please ask your municipality about further offers.",
          "request_id": "<id>",
          "status": 410,
          "title": "This waiting room is closed",
          "type": "urn:einlass:problem:room-closed"
        }
        "#);
    }

    #[actix_web::test]
    async fn a_broken_request_is_named() {
        let harness = Harness::start().await;
        let unknown = r#"{"residence":{"postcode":"67346","name":"x"}}"#;
        insta::assert_snapshot!(harness.send(post(URI, unknown)).await, @r#"
        400 {
          "code": "invalid-request",
          "detail": "Please correct what is listed under errors and send it again.",
          "errors": [
            {
              "detail": "this field is not known",
              "field": "residence.name"
            }
          ],
          "request_id": "<id>",
          "status": 400,
          "title": "Something in the request is not right",
          "type": "urn:einlass:problem:invalid-request"
        }
        "#);
        let cases = [
            ("{}", "residence"),
            (r#"{"residence":{"postcode":"6734"}}"#, "residence.postcode"),
            (r#"{"residence":{"postcode":67346}}"#, "residence.postcode"),
            (r#"{"residence":{"postcode":"67346","ags":"x"}}"#, "residence.ags"),
            (r#"{"residence":{"postcode":"67346"},"lane":1}"#, "lane"),
            ("", "body"),
        ];
        for (body, field) in cases {
            let reply = harness.send(post(URI, body)).await;
            assert_eq!((reply.status, &reply.body["errors"][0]["field"]), (400, &field.into()));
        }
        let padded = format!("{}{JOIN_SPEYER}", " ".repeat(8 * 1024));
        assert_eq!(harness.send(post(URI, &padded)).await.body["code"], "body-too-large");
        let form = post(URI, JOIN_SPEYER).insert_header((CONTENT_TYPE, "text/plain"));
        assert_eq!(harness.send(form).await.body["code"], "unsupported-media-type");
        let nowhere = harness.send(post("/v1/rooms/nowhere/tickets", JOIN_SPEYER)).await;
        assert_eq!((nowhere.status, &nowhere.body["code"]), (404, &"room-not-found".into()));
    }

    #[actix_web::test]
    async fn a_store_that_is_down_refuses_joins_at_once() {
        let harness = Harness::start().await;
        harness.store.set_down(true);
        let reply = harness.send(post(URI, JOIN_SPEYER)).await;
        assert_eq!((reply.status, &reply.body["code"]), (503, &"unavailable".into()));
        let retry_after_s = reply.body["retry_after_s"].as_u64().expect("a number");
        assert!((1..=30).contains(&retry_after_s));
        assert_eq!(reply.header("retry-after"), Some(&*retry_after_s.to_string()));
    }

    #[actix_web::test]
    async fn a_full_queue_refuses_at_once() {
        let joins = BatcherLimits { queue_depth_max: 2, batch_max: 2 };
        let harness = Harness::with_joins(joins).await;
        let replies = join_all((0..5).map(|_| harness.send(post(URI, JOIN_SPEYER)))).await;
        let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 503).collect();
        assert_eq!(refused.len(), 3, "P14");
        assert_eq!(refused[0].body["code"], "overloaded");
        assert!(refused[0].header("retry-after").is_some());
        assert!(replies.iter().filter(|reply| reply.status == 201).count() == 2);
    }
}
