//! POST /v1/bookings/{booking}/mail

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::secrets::idempotency_key;
use booking::{Booking, BookingLookup, BookingStatus, Failure, MailStanding, MailState, Resent};
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use web::reply;
use web::{Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::authorize::manage_token;
use crate::refusal::BookingInPath;

/// How the mail about a booking stands: as its last letter does. The booking does not depend on it.
#[derive(Serialize, ToSchema)]
#[schema(as = BookingMail)]
pub(crate) struct MailBody {
    state: MailStateBody,
    /// Since when, unless it is on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-14T06:02:43.007Z",
    )]
    since: Option<Timestamp>,
    /// Why it has not arrived, for the support: such as the numbers that the mail server answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "550 5.1.1")]
    reason: Option<String>,
}

/// Where the last letter stands.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = MailState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailStateBody {
    /// Nothing is sent: there is no address, or no mail.
    None,
    /// It is on its way to the mail server.
    Pending,
    /// The mail server has taken it.
    Sent,
    /// It cannot be sent.
    Failed,
    /// It was sent and came back.
    Bounced,
}

impl From<MailStanding> for MailBody {
    fn from(standing: MailStanding) -> Self {
        let state = match standing.state {
            MailState::None => MailStateBody::None,
            MailState::Pending => MailStateBody::Pending,
            MailState::Sent => MailStateBody::Sent,
            MailState::Failed => MailStateBody::Failed,
            MailState::Bounced => MailStateBody::Bounced,
        };
        let reason = standing.reason.map(|reason| reason.to_string());
        Self { state, since: standing.since, reason }
    }
}

impl App {
    /// How the mail about a booking stands; `None` if that cannot be said now, which is no reason not to show it.
    pub(crate) async fn mail_of(&self, booking: &Booking) -> Option<MailBody> {
        let Some(mails) = &self.mails else { return Some(MailStanding::NONE.into()) };
        let has_address = has_address(booking);
        let mails = mails.mails_of(booking.registration.booking).await;
        let mails = mails.inspect_err(|error| tracing::warn!(%error, "failed to read letters"));
        Some(MailStanding::of(&mails.ok()?, has_address).into())
    }
}

/// Whether there is an address, or was one to which the cancellation is told.
fn has_address(booking: &Booking) -> bool {
    match booking.status {
        BookingStatus::Confirmed => {
            booking.registration.person.as_ref().is_some_and(|person| person.email().is_some())
        }
        BookingStatus::Cancelled { .. } => false,
    }
}

problem_responses!(
    /// What sending the confirmation again can be refused with.
    MailProblems of BookingInPath, IdempotencyKey:
        ManageTokenInvalid, AlreadyCancelled, MailNotPossible, Overloaded, Unavailable
);

/// Send the confirmation again.
///
/// To the address of the booking, at most three times and not twice within five minutes.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath, IdempotencyKey),
    responses((status = 202, body = MailBody, description = "It is on its way."), MailProblems),
    security(("manage_token" = [])),
)]
#[post("/v1/bookings/{booking}/mail")]
pub(crate) async fn send_mail_again(
    app: Data<App>,
    BookingInPath(id): BookingInPath,
    key: IdempotencyKey,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&request)?;
    let lookup = app.bookings.booking(id, token).await;
    let booking = match lookup.map_err(|failure| app.problem(failure))? {
        BookingLookup::Found(booking) => booking,
        BookingLookup::BookingNotFound => return Err(Problem::new(Code::BookingNotFound)),
        BookingLookup::TokenInvalid => return Err(Problem::new(Code::ManageTokenInvalid)),
    };
    if matches!(booking.status, BookingStatus::Cancelled { .. }) {
        return Err(Problem::new(Code::AlreadyCancelled));
    }
    let Some(mails) = app.mails.as_ref().filter(|_| has_address(&booking)) else {
        return Err(Problem::new(Code::MailNotPossible));
    };
    let now = app.bookings.now();
    let asked = idempotency_key(id.into(), key.as_str());
    let resent = mails.resend_confirmation(id, asked, now).await;
    match resent.map_err(|error| app.problem(Failure::from(&error)))? {
        Resent::Pending => {
            let standing = MailStanding { state: MailState::Pending, ..MailStanding::NONE };
            Ok(reply::private(StatusCode::ACCEPTED, &MailBody::from(standing)))
        }
        Resent::TooSoon(_) | Resent::TooOften => Err(Problem::new(Code::MailNotPossible)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use booking::contract::scene;
    use booking::mail::resend::{COPIES_MAX, PAUSE};
    use booking::{Lease, LeaseId, MailEnd, MailId, MailRules, MailStore, Reason, Settlement};
    use kernel::Timestamp;
    use serde_json::json;
    use web::test_client::{Call, Reply};

    use crate::harness::{Api, person};

    fn again(api: &Api, booked: &Reply, key: &str) -> Call {
        let path = format!("{}/mail", booked.header("location"));
        let call = api.request(&Method::POST, &path).bearer(token(booked));
        call.header("idempotency-key", key)
    }

    fn token(booked: &Reply) -> &str {
        booked.json["manage_token"].as_str().expect("a token")
    }

    /// What a worker would do: what came of the letter that is due.
    async fn sent(api: &Api, at: Timestamp, end: MailEnd) -> MailId {
        let rules = MailRules { remind_before: None };
        let campaign = scene::slot("rehearsal");
        api.store.follow_events(&campaign, &rules, 100).await.expect("answers");
        let id = LeaseId([1; 16]);
        let lease = Lease { id, from: at, until: at.plus(PAUSE), mails_max: 1 };
        let mail = api.store.lease_mails(&lease).await.expect("answers").remove(0);
        let settlement = Settlement { id: mail.id.clone(), lease: id, at, end };
        api.store.settle_mails(&[settlement]).await.expect("answers");
        mail.id
    }

    async fn mail_of(api: &Api, booked: &Reply) -> serde_json::Value {
        let shown = api.get(booked.header("location")).bearer(token(booked)).send().await;
        shown.json["mail"].clone()
    }

    #[actix_web::test]
    async fn a_booking_shows_how_its_mail_stands() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!(mail_of(&api, &booked).await, json!({"state": "pending"}));
        let id = sent(&api, scene::at(1), MailEnd::Sent).await;
        let since = "2021-06-14T06:00:01.000Z";
        assert_eq!(mail_of(&api, &booked).await, json!({"state": "sent", "since": since}));
        let reason = Reason::new("5.1.1");
        assert!(api.store.report_mail(&id, &reason, scene::at(1)).await.expect("answers"));
        let bounced = json!({"state": "bounced", "since": since, "reason": "5.1.1"});
        assert_eq!(mail_of(&api, &booked).await, bounced);
        let mut nobody = person("Berta");
        nobody.as_object_mut().expect("an object").remove("email");
        let body = json!({"slot": "c", "person": nobody});
        let without = api.book_slot("c", "x", "k2").json(&body).send().await;
        assert_eq!(mail_of(&api, &without).await, json!({"state": "none"}));
        let refused = again(&api, &without, "m1").send().await;
        assert_eq!((refused.status, refused.code()), (409, "mail-not-possible"));
    }

    #[actix_web::test]
    async fn the_confirmation_is_sent_again_a_few_times() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        sent(&api, scene::at(0), MailEnd::Sent).await;
        for copy in 1..=COPIES_MAX {
            let at = scene::at(PAUSE.as_secs() * u64::from(copy));
            api.clock.set(at);
            api.refreshed().await;
            for _repeat in 0..2 {
                let asked = again(&api, &booked, &format!("m{copy}")).send().await;
                assert_eq!((asked.status, &asked.json), (202, &json!({"state": "pending"})));
            }
            assert_eq!(sent(&api, at, MailEnd::Sent).await.copy, copy);
            if copy < COPIES_MAX {
                let soon = again(&api, &booked, "soon").send().await;
                assert_eq!((soon.status, soon.code()), (409, "mail-not-possible"));
            }
        }
        let often = again(&api, &booked, "often").send().await;
        assert_eq!((often.status, often.code()), (409, "mail-not-possible"));
    }

    #[actix_web::test]
    async fn only_whoever_has_the_token_asks_and_only_for_a_booking_that_is() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let forged = again(&api, &booked, "m1").bearer("forged").send().await;
        assert_eq!((forged.status, forged.code()), (401, "manage-token-invalid"));
        let path = format!("{}/cancellation", booked.header("location"));
        let cancel = api.request(&Method::POST, &path).bearer(token(&booked));
        assert_eq!(cancel.header("idempotency-key", "c1").send().await.status, 200);
        let gone = again(&api, &booked, "m1").send().await;
        assert_eq!((gone.status, gone.code()), (409, "already-cancelled"));
    }
}
