//! POST /v1/campaigns/{campaign}/bookings

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::campaign::SlotId;
use booking::{BookSlotOutcome, CarId, SlotAndCar};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Body, Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::citizen::booking::{NewPerson, NewlyBooked, Reading};
use crate::refusal::{self, CampaignInPath};

/// The place and the person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBooking {
    #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "boe-fashion-20210620-0700")]
    slot: SlotId,
    /// The code of a car to come in, from whoever is in it. It comes in one slot.
    #[schema(
        value_type = Option<String>, nullable = false, pattern = "^car_[0-9a-f]{32}$",
        example = "car_5f0c9a41d27e4b83b6d0f2a91c7e3d58",
    )]
    car: Option<CarId>,
    person: NewPerson,
}

problem_responses!(
    /// What a booking can be refused with.
    BookingProblems of CampaignInPath, IdempotencyKey, Body<NewBooking>:
        PassInvalid, PassWrongCampaign, NotEligible, NotThePersonOfThePass, PassEnded, SlotNotFound,
        CarNotFound, AlreadyBooked, CarAtAnotherTime, CarFull, RefusedTooOften, DeclarationMissing, SlotFull,
        PassExhausted, RequestInProgress, CampaignClosed,
        IdempotencyKeyReused, Overloaded, Unavailable
);

/// Book one person in one step.
#[utoipa::path(
    tag = "bookings",
    params(CampaignInPath, IdempotencyKey),
    request_body = NewBooking,
    responses((status = 201, body = NewlyBooked, headers(("Location" = String, description = "Where the booking is.")), description = "The person is booked. A repeat says how the booking stands."), BookingProblems),
    security(("pass" = [])),
)]
#[post("/v1/campaigns/{campaign}/bookings")]
pub(crate) async fn book_slot(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    key: IdempotencyKey,
    request: HttpRequest,
    body: Body<NewBooking>,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass(&request, &campaign).await?;
    let Body(NewBooking { slot, car, person }) = body;
    let person = person.parse(Reading::of(&request, app.bookings.now()))?;
    let outcome =
        app.bookings.book_slot(pass, SlotAndCar { slot, car }, &person, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        BookSlotOutcome::Booked(booked) => app.booked(&campaign, &booked, &person),
        BookSlotOutcome::CampaignNotFound => Err(Problem::new(Code::CampaignNotFound)),
        BookSlotOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
        BookSlotOutcome::NotEligible => Err(refusal::not_eligible()),
        BookSlotOutcome::Unmet(unmet) => Err(refusal::unmet(unmet)),
        BookSlotOutcome::PassExpired => Err(Problem::new(Code::PassInvalid)),
        BookSlotOutcome::PassEnded => Err(Problem::new(Code::PassEnded)),
        BookSlotOutcome::PersonNotOfPass => Err(Problem::new(Code::NotThePersonOfThePass)),
        BookSlotOutcome::SlotNotFound => Err(Problem::new(Code::SlotNotFound)),
        BookSlotOutcome::SlotFull => Err(refusal::slot_full(0)),
        BookSlotOutcome::PassExhausted => Err(refusal::pass_exhausted(0)),
        BookSlotOutcome::CarNotFound => Err(Problem::new(Code::CarNotFound)),
        BookSlotOutcome::CarInOtherSlot { slot } => Err(refusal::car_at_another_time(&slot)),
        BookSlotOutcome::CarFull => Err(refusal::car_full(0)),
        BookSlotOutcome::AlreadyBooked => Err(Problem::new(Code::AlreadyBooked)),
        BookSlotOutcome::RefusedTooOften => Err(Problem::new(Code::RefusedTooOften)),
        BookSlotOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use booking::contract::scene;
    use booking::{BookingLookup, Language};
    use pass::identity::spellings::{OTHERS, PERSON, SAME};
    use serde_json::json;

    use super::NewBooking;
    use crate::harness::{Api, person};

    #[actix_web::test]
    async fn books_one_person() {
        let api = Api::start().await;
        let reply = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!(reply.status, 201, "{}", reply.json);
        let text = |name: &str| reply.json[name].as_str().expect("text").to_owned();
        assert_eq!(reply.header("location"), format!("/v1/bookings/{}", text("id")));
        assert_eq!((text("code").len(), text("manage_token").len()), (8, 43));
        let expected = json!({
            "id": text("id"), "code": text("code"), "manage_token": text("manage_token"),
            "campaign": "rehearsal", "slot": "c", "site": "north",
            "starts_at": "2021-06-20T07:00:00.000Z", "ends_at": "2021-06-20T07:10:00.000Z",
            "status": "confirmed", "booked_at": "2021-06-14T06:00:00.000Z",
            "person": {
                "given_name": "Anna", "family_name": "Muster", "date_of_birth": "1970-01-31",
                "email": "m@example.org",
            },
        });
        assert_eq!(reply.json, expected);
        assert_eq!(api.book_slot("c", "Anna", "k1").send().await.json, expected, "the same reply");
    }

    /// Whoever says nothing at all is written to in German; what the body says counts more than the header.
    #[actix_web::test]
    async fn a_person_has_a_language() {
        let api = Api::start().await;
        let said = [
            (None, None, Language::De),
            (Some("en-GB,de;q=0.9"), None, Language::En),
            (Some("de"), None, Language::De),
            (Some("de"), Some("en"), Language::En),
        ];
        for (number, (header, field, language)) in said.into_iter().enumerate() {
            let mut person = person(["Anna", "Berta", "Carla", "Dora"][number]);
            if let Some(field) = field {
                person["language"] = json!(field);
            }
            let body = json!({"slot": "c", "person": person});
            let mut call = api.book_slot("c", "x", &format!("k{number}")).json(&body);
            if let Some(header) = header {
                call = call.header("accept-language", header);
            }
            let booked = call.send().await;
            let id = booked.json["id"].as_str().expect("an id").parse().expect("an id");
            let token = booked.json["manage_token"].as_str().expect("a token");
            let Ok(BookingLookup::Found(booking)) = api.bookings.booking(id, token).await else {
                panic!("not found: {booked}");
            };
            let person = booking.registration.person.as_ref().expect("a person");
            assert_eq!(person.language(), language, "{header:?} {field:?}");
        }
    }

    /// A repeat is the same request in whatever language its answer is read.
    #[actix_web::test]
    async fn a_repeat_may_prefer_another_language() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").header("accept-language", "de").send().await;
        let again = api.book_slot("c", "Anna", "k1").header("accept-language", "en").send().await;
        assert_eq!((again.status, &again.json), (201, &booked.json));
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let api = Api::start().await;
        assert_eq!(api.book_slot("a", "Anna", "k1").send().await.status, 201);
        let other = api.pass_of("07318000", "rehearsal");
        let cases = [
            (api.book_slot("a", "Berta", "k1"), 422, "idempotency-key-reused"),
            (api.book_slot("c", "ANNA", "k2").bearer(&other), 409, "already-booked"),
            (api.book_slot("a", "Berta", "k2"), 409, "slot-full"),
            (api.book_slot("x", "Berta", "k2"), 404, "slot-not-found"),
            (
                api.book_slot("c", "Berta", "k2").bearer(&api.pass_of("07332025", "rehearsal")),
                403,
                "not-eligible",
            ),
            (
                api.book_slot("c", "Berta", "k2").bearer(&api.pass_of("07318000", "x")),
                403,
                "pass-wrong-campaign",
            ),
            (
                api.book_slot("c", "Berta", "k2").no_header("idempotency-key"),
                400,
                "idempotency-key-missing",
            ),
        ];
        for (request, status, code) in cases {
            let reply = request.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{}", reply.json);
        }
        let refused = api.book_slot("c", "ANNA", "k2").bearer(&other).send().await;
        let told = refused.json.to_string();
        for secret in ["booking_", "\"a\"", "Anna", "ANNA", "Muster", "1970"] {
            assert!(!told.contains(secret), "the refusal reveals {secret}: {told}");
        }
    }

    /// P17: the pass of one person books for that person first.
    #[actix_web::test]
    async fn a_bound_pass_is_for_its_person_first() {
        let api = Api::start().await;
        let pass = api.bound_pass("Anna", "Muster", "1970-01-31");
        let other = api.book_slot("c", "Berta", "k1").bearer(&pass).send().await;
        assert_eq!((other.status, other.code()), (403, "not-the-person-of-the-pass"));
        assert!(!other.json.to_string().contains("Anna"), "{}", other.json);
        assert_eq!(api.book_slot("c", " ÄNNA", "k2").bearer(&pass).send().await.status, 201);
        assert_eq!(api.book_slot("c", "Berta", "k3").bearer(&pass).send().await.status, 201);
    }

    /// P4: however somebody writes their name, they have one place; who only has the same name has
    /// another.
    #[actix_web::test]
    async fn a_person_books_once_under_every_spelling() {
        let api = Api::start().await;
        let book = async |(given_name, family_name): (&str, &str), born: &str, key: usize| {
            let person = json!({
                "given_name": given_name, "family_name": family_name, "date_of_birth": born,
            });
            let call = api.book_slot("c", "x", &format!("k{key}"));
            let pass = api.pass_of("07318000", "rehearsal");
            call.bearer(&pass).json(&json!({"slot": "c", "person": person})).send().await
        };
        assert_eq!(book(PERSON, "1980-02-29", 0).await.status, 201);
        let mut second_places = Vec::new();
        for (key, spelling) in (1..).zip(SAME) {
            let reply = book(*spelling, "1980-02-29", key).await;
            match (reply.status, reply.code()) {
                (409, "already-booked") | (400, "invalid-request") => {}
                (status, _) => second_places.push((spelling, status)),
            }
        }
        assert!(
            second_places.is_empty(),
            "{} of {}: {second_places:?}",
            second_places.len(),
            SAME.len()
        );
        assert_eq!(book(PERSON, "1980-03-01", 1_000).await.status, 201, "a namesake");
        for (key, other) in (1_001..).zip(OTHERS) {
            assert_eq!(book(*other, "1980-02-29", key).await.status, 201, "{other:?}");
        }
    }

    /// P3: a reply that was lost at the end of the pass can be had for a day; nothing new begins.
    #[actix_web::test]
    async fn an_expired_pass_repeats_and_begins_nothing() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        api.clock.set(scene::at(3_600));
        api.refreshed().await;
        let again = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!((again.status, &again.json), (201, &booked.json));
        let new = api.book_slot("c", "Berta", "k2").send().await;
        assert_eq!((new.status, new.code()), (401, "pass-invalid"));
        api.clock.set(scene::at(85_000));
        api.refreshed().await;
        let again = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!((again.status, &again.json), (201, &booked.json));
        api.clock.set(scene::at(90_000));
        api.refreshed().await;
        let too_late = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!((too_late.status, too_late.code()), (401, "pass-invalid"));
    }

    /// What is verified is not refused by a stricter rule: the leeway is one and the same.
    #[actix_web::test]
    async fn a_pass_is_taken_for_its_leeway_and_no_longer() {
        let api = Api::start().await;
        api.clock.set(scene::at(904));
        api.refreshed().await;
        let held = api.hold("c", 1, "k1").send().await;
        assert_eq!(held.status, 201, "{held}");
        assert_eq!(held.json["expires_at"], "2021-06-14T06:15:05.000Z");
        assert_eq!(api.book_slot("c", "Anna", "k2").send().await.status, 201);
        api.clock.set(scene::at(905));
        api.refreshed().await;
        for late in [api.hold("c", 1, "k3"), api.book_slot("c", "Berta", "k4")] {
            let reply = late.send().await;
            assert_eq!((reply.status, reply.code()), (401, "pass-invalid"), "{reply}");
        }
    }

    #[actix_web::test]
    async fn a_pass_is_for_one_car() {
        let api = Api::start().await;
        for (number, name) in ["Anna", "Berta", "Carla", "Dora"].iter().enumerate() {
            let reply = api.book_slot("c", name, &format!("k{number}")).send().await;
            assert_eq!(reply.status, 201, "{}", reply.json);
        }
        let reply = api.book_slot("c", "Else", "k5").send().await;
        assert_eq!((reply.status, reply.code()), (409, "pass-exhausted"));
    }

    #[actix_web::test]
    async fn every_wrong_field_is_named_in_the_readers_language() {
        let api = Api::start().await;
        let body = json!({"slot": "c", "person": {
            "given_name": "", "family_name": "Muster", "date_of_birth": "1970-13-31", "email": "x",
        }});
        let reply =
            api.book_slot("c", "x", "k1").json(&body).header("accept-language", "de").send().await;
        assert_eq!((reply.status, reply.code()), (400, "invalid-request"));
        let expected = json!([
            {"field": "person.given_name", "code": "empty", "detail": "bitte ausfüllen"},
            {
                "field": "person.date_of_birth", "code": "wrong-form",
                "detail": "erwartet in der Form JJJJ-MM-TT",
            },
            {
                "field": "person.email", "code": "wrong-form",
                "detail": "erwartet in der Form name@example.org",
            },
        ]);
        assert_eq!(reply.json["errors"], expected);
        let body = json!({"slot": "C", "person": {
            "given_name": "", "date_of_birth": "1970-13-31", "email": "x", "age": 3,
        }});
        let reply = api.book_slot("c", "x", "k1").json(&body).send().await;
        let fields = [
            "person.family_name",
            "person.age",
            "person.date_of_birth",
            "person.email",
            "person.given_name",
            "slot",
        ];
        assert_eq!(reply.fields(), fields, "what is missing beside what is wrong: {reply}");
    }

    /// Whatever the type refuses has words in the document.
    #[test]
    fn the_body_is_described() {
        let person = json!({
            "given_name": "Erika", "family_name": "Mustermann", "date_of_birth": "1980-02-29",
            "email": "erika@example.org", "phone": "+49 6232 140",
        });
        let body = json!({"slot": "boe-fashion-20210620-0700", "person": person});
        web::test_client::assert_refusals_are_described::<NewBooking>(&body);
    }

    #[actix_web::test]
    async fn a_service_that_is_stopping_says_so() {
        let api = Api::start().await;
        api.bookings.shut_down();
        // The batcher hears of it when its task runs next.
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
        let reply = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!((reply.status, reply.code()), (503, "unavailable"));
        assert_eq!(reply.header("retry-after"), reply.json["retry_after_s"].to_string());
    }
}
