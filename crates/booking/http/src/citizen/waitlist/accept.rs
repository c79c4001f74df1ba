//! POST /v1/waitlist/{entry}/offers/{offer}/acceptance

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{AcceptOutcome, Booked};
use web::reply;
use web::{Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::authorize::waitlist_token;
use crate::citizen::booking::NewlyBooked;
use crate::refusal::{self, EntryInPath, OfferInPath};

problem_responses!(
    /// What accepting an offer can be refused with.
    AcceptProblems of EntryInPath, OfferInPath, IdempotencyKey:
        WaitlistTokenInvalid, NotEligible, AlreadyBooked, OfferExpired, OfferOver, PlaceGone, WaitlistLeft,
        RequestInProgress, CampaignClosed, IdempotencyKeyReused, Overloaded, Unavailable
);

/// Accept an offer.
///
/// The person who waits is booked in its slot. Where more was offered than there is, the first get the places;
/// whoever comes too late goes on waiting and has lost nothing.
#[utoipa::path(
    tag = "waitlist",
    params(EntryInPath, OfferInPath, IdempotencyKey),
    responses((status = 201, body = NewlyBooked, headers(("Location" = String, description = "Where the booking is.")), description = "The person is booked. A repeat says how the booking stands."), AcceptProblems),
    security(("waitlist_token" = [])),
)]
#[post("/v1/waitlist/{entry}/offers/{offer}/acceptance")]
pub(crate) async fn accept_offer(
    app: Data<App>,
    EntryInPath(entry): EntryInPath,
    OfferInPath(offer): OfferInPath,
    key: IdempotencyKey,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = waitlist_token(&request)?;
    let outcome = app.bookings.accept_offer(entry, token, offer, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        AcceptOutcome::Booked(booked) => show_booked(&app, &booked).await,
        AcceptOutcome::EntryNotFound => Err(Problem::new(Code::WaitlistEntryNotFound)),
        AcceptOutcome::TokenInvalid => Err(Problem::new(Code::WaitlistTokenInvalid)),
        AcceptOutcome::AlreadyBooked { .. } => Err(Problem::new(Code::AlreadyBooked)),
        AcceptOutcome::EntryLeft => Err(Problem::new(Code::WaitlistLeft)),
        AcceptOutcome::OfferNotFound => Err(Problem::new(Code::OfferNotFound)),
        AcceptOutcome::OfferExpired => Err(Problem::new(Code::OfferExpired)),
        AcceptOutcome::OfferEnded => Err(Problem::new(Code::OfferOver)),
        AcceptOutcome::PlaceGone => Err(Problem::new(Code::PlaceGone)),
        AcceptOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
        AcceptOutcome::NotEligible => Err(refusal::not_eligible()),
        AcceptOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

/// The person was not sent but is that of the entry, which is erased by now: they are in the booking.
async fn show_booked(app: &App, booked: &Booked) -> Result<HttpResponse, Problem> {
    let id = booked.booking;
    let manage_token = app.bookings.manage_token(id, booked.token_generation);
    // It has just been there, and was opened by this token: whoever repeats is told how it stands.
    let own = app.opened_booking(id, &manage_token).await;
    let own = own.map_err(|_| app.try_again(Code::Unavailable))?;
    reply::created(format!("/v1/bookings/{id}"), &NewlyBooked { manage_token, booking: own.body() })
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use booking::contract::scene;
    use serde_json::json;

    use crate::harness::{Api, person};

    #[actix_web::test]
    async fn the_person_who_waits_is_booked_once() {
        let (api, anna) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        api.cancel(&anna).await;
        let offer = api.offer_of(&berta).await;
        let booked = api.accept(&berta, &offer.id, "a1").send().await;
        assert_eq!((booked.status, &booked.json["person"]), (201, &person("Berta")), "{booked}");
        assert_eq!(
            (&booked.json["slot"], &booked.json["status"]),
            (&"a".into(), &"confirmed".into())
        );
        let repeat = api.accept(&berta, &offer.id, "a1").send().await;
        assert_eq!((repeat.status, &repeat.json), (201, &booked.json), "the same reply");
        let again = api.accept(&berta, &offer.id, "a2").send().await;
        assert_eq!((again.status, again.code()), (409, "already-booked"));

        let token = booked.json["manage_token"].as_str().expect("a token");
        let shown = api.get(booked.header("location")).bearer(token).send().await;
        let mut expected = booked.json.clone();
        expected.as_object_mut().expect("an object").remove("manage_token");
        expected["mail"] = json!({"state": "pending"});
        assert_eq!(shown.json, expected, "it is a booking like others");
        api.cancel(&booked).await;
        let repeat = api.accept(&berta, &offer.id, "a1").send().await;
        assert_eq!((repeat.status, &repeat.json["status"]), (201, &"cancelled".into()));
    }

    /// Programs that look at links before people do do not book: accepting is a POST.
    #[actix_web::test]
    async fn following_a_link_books_nothing() {
        let (api, anna) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        api.cancel(&anna).await;
        let offer = api.offer_of(&berta).await;
        for method in [Method::GET, Method::HEAD] {
            let path = format!("{}/acceptance", offer.path);
            let token = berta.json["waitlist_token"].as_str().expect("a token");
            assert_eq!(api.request(&method, &path).bearer(token).send().await.status, 405);
        }
        assert_eq!(api.entry(&berta).await.json["state"], "offered");
    }

    /// Where more was offered than there is, whoever is late has lost nothing.
    #[actix_web::test]
    async fn of_two_with_one_place_one_gets_it() {
        let (api, anna) = Api::sold_out_with(|waitlist| waitlist.over_offer_percent = 200).await;
        let berta = api.join("Berta", "w1").send().await;
        let carla = api.join("Carla", "w2").send().await;
        api.cancel(&anna).await;
        let (first, second) = (api.offer_of(&berta).await, api.offer_of(&carla).await);
        assert_eq!(api.accept(&carla, &second.id, "a1").send().await.status, 201);
        let late = api.accept(&berta, &first.id, "a1").send().await;
        // A call-up may have noticed meanwhile that there is nothing to offer any more.
        assert!(["place-gone", "offer-over"].contains(&late.code()), "{late}");
        let shown = api.entry(&berta).await.json;
        assert_eq!((&shown["position"], &shown["offers_missed"]), (&1.into(), &0.into()));
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let (api, anna) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        let carla = api.join("Carla", "w2").send().await;
        api.cancel(&anna).await;
        let offer = api.offer_of(&berta).await;
        let unknown = "offer_00000000000000000000000000000000";
        let cases = [
            (api.accept(&carla, &offer.id, "a1"), 404, "offer-not-found"),
            (api.accept(&berta, unknown, "a1"), 404, "offer-not-found"),
            (api.accept(&berta, "x", "a1"), 404, "offer-not-found"),
            (api.accept(&berta, &offer.id, "a1").bearer("forged"), 401, "waitlist-token-invalid"),
            (api.accept(&berta, &offer.id, "a1").bearer(&api.pass), 401, "waitlist-token-invalid"),
            (
                api.accept(&berta, &offer.id, "a1").no_header("idempotency-key"),
                400,
                "idempotency-key-missing",
            ),
        ];
        for (call, status, code) in cases {
            let reply = call.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{reply}");
        }
        api.clock.set(scene::at(3_600));
        api.refreshed().await;
        let late = api.accept(&berta, &offer.id, "a2").send().await;
        assert_eq!((late.status, late.code()), (409, "offer-expired"));
    }
}
