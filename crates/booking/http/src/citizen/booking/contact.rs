//! PUT /v1/bookings/{booking}/contact

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, put};
use booking::{BookingId, ChangeContactOutcome, Contact};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::reply;
use web::{Body, Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::authorize::manage_token;
use crate::refusal::BookingInPath;

/// How a person is reached from now on. What is left out is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewContact {
    /// Where mail goes, if anywhere.
    #[schema(nullable = false, format = Email, example = "erika@example.org", max_length = 254)]
    email: Option<String>,
    /// Where a call-up may go.
    #[schema(nullable = false, example = "+49 6232 140", max_length = 32)]
    phone: Option<String>,
}

/// How the person of a booking is reached.
#[derive(Serialize, ToSchema)]
struct ContactOfBooking<'a> {
    #[schema(value_type = String, example = "booking_017a09a9b40070008000000000000001")]
    id: BookingId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "erika@example.org")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "+49 6232 140")]
    phone: Option<&'a str>,
}

impl NewContact {
    fn parse(self) -> Result<Contact, Problem> {
        Contact::parse(self.email, self.phone).map_err(|wrong| {
            let whole = Problem::new(Code::InvalidRequest);
            wrong.into_iter().fold(whole, |whole, (field, problem)| {
                whole.field(field.as_str().to_owned(), problem)
            })
        })
    }
}

problem_responses!(
    /// What changing how somebody is reached can be refused with.
    ContactProblems of BookingInPath, IdempotencyKey, Body<NewContact>:
        ManageTokenInvalid, AlreadyCancelled, PersonErased, RequestInProgress,
        IdempotencyKeyReused, Overloaded, Unavailable
);

/// Change how the person is reached.
///
/// E-mail address and telephone number as a whole; who it is stays as it was.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath, IdempotencyKey),
    request_body = NewContact,
    responses((status = 200, body = ContactOfBooking, description = "The person is reached so."), ContactProblems),
    security(("manage_token" = [])),
)]
#[put("/v1/bookings/{booking}/contact")]
pub(crate) async fn change_contact(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    key: IdempotencyKey,
    request: HttpRequest,
    body: Body<NewContact>,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&request)?;
    let contact = body.0.parse()?;
    let outcome = app.bookings.change_contact(booking, &contact, token, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        ChangeContactOutcome::Changed(changed) => {
            let (email, phone) = (contact.email(), contact.phone());
            let body = ContactOfBooking { id: changed.booking, email, phone };
            Ok(reply::private(StatusCode::OK, &body))
        }
        ChangeContactOutcome::BookingNotFound => Err(Problem::new(Code::BookingNotFound)),
        ChangeContactOutcome::TokenInvalid => Err(Problem::new(Code::ManageTokenInvalid)),
        ChangeContactOutcome::AlreadyCancelled => Err(Problem::new(Code::AlreadyCancelled)),
        ChangeContactOutcome::PersonErased => Err(Problem::new(Code::PersonErased)),
        ChangeContactOutcome::Outdated => Err(app.try_again(Code::RequestInProgress)),
        ChangeContactOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::{Value, json};
    use web::test_client::{Call, Reply};

    use super::NewContact;
    use crate::harness::Api;

    fn change(api: &Api, booked: &Reply, contact: &Value, key: &str) -> Call {
        let path = format!("{}/contact", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let call = api.request(&Method::PUT, &path).bearer(token);
        call.header("idempotency-key", key).json(contact)
    }

    async fn shown(api: &Api, booked: &Reply) -> Value {
        let token = booked.json["manage_token"].as_str().expect("a token");
        api.get(booked.header("location")).bearer(token).send().await.json
    }

    #[actix_web::test]
    async fn the_person_stays_and_is_reached_otherwise() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let contact = json!({"phone": " +49 6232 140 "});
        let changed = change(&api, &booked, &contact, "c1").send().await;
        let expected = json!({"id": booked.json["id"], "phone": "+49 6232 140"});
        assert_eq!((changed.status, &changed.json), (200, &expected));
        assert_eq!(change(&api, &booked, &contact, "c1").send().await.json, expected, "a repeat");
        let mut now = booked.json.clone();
        now.as_object_mut().expect("an object").remove("manage_token");
        let person = now["person"].as_object_mut().expect("a person");
        person.remove("email");
        person.insert("phone".to_owned(), "+49 6232 140".into());
        now["mail"] = json!({"state": "none"});
        assert_eq!(shown(&api, &booked).await, now, "the rest is as it was");
        // P4: it is the same person.
        let other = api.pass_of("07318000", "rehearsal");
        let twice = api.book_slot("c", "Anna", "k2").bearer(&other).send().await;
        assert_eq!(twice.code(), "already-booked");

        assert_eq!(change(&api, &booked, &json!({}), "c2").send().await.status, 200);
        let person = shown(&api, &booked).await["person"].clone();
        assert_eq!((person.get("email"), person.get("phone")), (None, None));
        let names = json!({"email": "a@example.org", "given_name": "Berta"});
        let refused = change(&api, &booked, &names, "c3").send().await;
        assert_eq!((refused.status, refused.fields()), (400, vec!["given_name"]));
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let to = |contact: &Value, key: &str| change(&api, &booked, contact, key);
        let reply = to(&json!({"email": "x", "phone": "12"}), "c1").send().await;
        assert_eq!((reply.status, reply.fields()), (400, vec!["email", "phone"]), "{reply}");
        let contact = json!({"email": "anna@example.org"});
        assert_eq!(to(&contact, "c1").send().await.status, 200);
        for (call, status, code) in [
            (to(&json!({}), "c1"), 422, "idempotency-key-reused"),
            (to(&contact, "c2").bearer("forged"), 401, "manage-token-invalid"),
            (to(&contact, "c2").no_header("idempotency-key"), 400, "idempotency-key-missing"),
            (
                to(&contact, "c2")
                    .path("/v1/bookings/booking_00000000000000000000000000000000/contact"),
                404,
                "booking-not-found",
            ),
        ] {
            let reply = call.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{reply}");
        }
        let path = format!("{}/cancellation", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let cancel = api.request(&Method::POST, &path).bearer(token);
        assert_eq!(cancel.header("idempotency-key", "x1").send().await.status, 200);
        let late = to(&contact, "c3").send().await;
        assert_eq!((late.status, late.code()), (409, "already-cancelled"));
    }

    /// Whatever the type refuses has words in the document.
    #[test]
    fn the_body_is_described() {
        let body = json!({"email": "erika@example.org", "phone": "+49 6232 140"});
        web::test_client::assert_refusals_are_described::<NewContact>(&body);
    }
}
