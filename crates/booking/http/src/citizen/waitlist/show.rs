//! GET /v1/waitlist/{entry}

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::campaign::{SiteId, SlotId};
use booking::{
    BookingId, CampaignView, EntryLookup, EntryStanding, EntryState, Offer, OfferId,
    WaitlistEntryId,
};
use kernel::{CampaignId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use web::document::{Only, Union, Variant};
use web::reply;
use web::{Code, Problem, problem_responses};

use crate::app::App;
use crate::authorize::waitlist_token;
use crate::citizen::booking::PersonBody;
use crate::citizen::waitlist::WhyNobody;
use crate::refusal::EntryInPath;

/// One person's entry of the waitlist.
#[derive(Serialize, ToSchema)]
#[schema(as = WaitlistEntry)]
struct EntryBody<'a> {
    #[schema(value_type = String, example = "wait_017a09a9b40070008000000000000001")]
    id: WaitlistEntryId,
    #[schema(value_type = String, example = "speyer-2021-06-20")]
    campaign: &'a CampaignId,
    /// The how manieth of the campaign it is, those that have ended included.
    #[schema(minimum = 1, example = 330)]
    number: u64,
    #[schema(value_type = String, format = DateTime, example = "2021-06-16T12:00:41.118Z")]
    joined_at: Timestamp,
    state: State,
    /// The place in line among those who wait: 1 comes first. Who has missed an offer comes after those who have
    /// not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, example = 17)]
    position: Option<u32>,
    /// Offers that the person let pass, or declined and went on waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0)]
    offers_missed: Option<u32>,
    /// Left out while people are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    why_nobody_is_called: Option<WhyNobody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    offer: Option<OfferBody<'a>>,
    /// Not of an entry that has ended: who it was is erased with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    person: Option<PersonBody<'a>>,
    /// The booking that the person has. Its manage token is told to who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, nullable = false,
        example = "booking_017a09a9b40070008000000000000001",
    )]
    booking: Option<BookingId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-20T08:03:12.450Z",
    )]
    ended_at: Option<Timestamp>,
}

/// Where an entry of the waitlist stands.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = WaitlistEntryState)]
#[serde(rename_all = "snake_case")]
enum State {
    /// The person waits for an offer.
    Waiting,
    /// A place is kept for the person, or for the first of several, until a deadline.
    Offered,
    /// The person has a place.
    Booked,
    /// The person does not wait any more.
    Left,
}

/// A place of one slot, offered until a deadline.
#[derive(Serialize, ToSchema)]
#[schema(as = Offer)]
struct OfferBody<'a> {
    #[schema(value_type = String, example = "offer_017a09a9b40070008000000000000001")]
    id: OfferId,
    #[schema(value_type = String, example = "boe-fashion-20210620-1130")]
    slot: &'a SlotId,
    #[schema(value_type = String, example = "boe-fashion")]
    site: &'a SiteId,
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T09:30:00.000Z")]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T09:40:00.000Z")]
    ends_at: Timestamp,
    /// From then on it cannot be accepted any more.
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T08:15:00.000Z")]
    expires_at: Timestamp,
}

/// An entry of one kind has what the others have not.
pub(crate) const KINDS: Union = Union {
    schema: "WaitlistEntry",
    by: "state",
    known: "KnownWaitlistEntry",
    other: "OtherWaitlistEntry",
    variants: &[
        Variant {
            value: "waiting",
            schema: "WaitingEntry",
            description: "An entry whose person waits for an offer.",
            always: &["position", "offers_missed", "person"],
        },
        Variant {
            value: "offered",
            schema: "OfferedEntry",
            description: "An entry whose person is offered a place.",
            always: &["position", "offers_missed", "person", "offer"],
        },
        Variant {
            value: "booked",
            schema: "BookedEntry",
            description: "An entry that has ended: the person has a place. Who it was is erased from it.",
            always: &["booking", "ended_at"],
        },
        Variant {
            value: "left",
            schema: "LeftEntry",
            description: "An entry that has ended: the person does not wait any more, and who it was is erased.",
            always: &["ended_at"],
        },
    ],
    only: &[&[
        Only { member: "position", of: &["waiting", "offered"] },
        Only { member: "offers_missed", of: &["waiting", "offered"] },
        Only { member: "person", of: &["waiting", "offered"] },
        Only { member: "why_nobody_is_called", of: &["waiting"] },
        Only { member: "offer", of: &["offered"] },
        Only { member: "booking", of: &["booked"] },
        Only { member: "ended_at", of: &["booked", "left"] },
    ]],
};

impl<'a> EntryBody<'a> {
    /// The entry as it stands at `now`: an offer whose deadline has passed is none any more.
    fn new(standing: &'a EntryStanding, view: &'a CampaignView, now: Timestamp) -> Option<Self> {
        let entry = &standing.entry;
        let is_waiting = entry.state.is_waiting();
        let open = standing.offer.as_ref().filter(|offer| is_waiting && offer.is_open(now));
        let offer = match open {
            Some(offer) => Some(OfferBody::new(offer, view)?),
            None => None,
        };
        let (state, booking, ended_at) = match entry.state {
            EntryState::Waiting if offer.is_some() => (State::Offered, None, None),
            EntryState::Waiting => (State::Waiting, None, None),
            EntryState::Booked { booking, at } => (State::Booked, Some(booking), Some(at)),
            EntryState::Left { at } => (State::Left, None, Some(at)),
        };
        let why_nobody = || view.waitlist_status().and_then(|status| status.why_nobody);
        let calls_others = is_waiting && offer.is_none();
        Some(Self {
            id: entry.id,
            campaign: &entry.campaign,
            number: entry.number,
            joined_at: entry.joined_at,
            state,
            position: standing.position,
            offers_missed: is_waiting.then_some(entry.offers_missed),
            why_nobody_is_called: calls_others.then(why_nobody).flatten().and_then(WhyNobody::of),
            offer,
            person: entry.person.as_ref().map(PersonBody::from),
            booking,
            ended_at,
        })
    }
}

impl<'a> OfferBody<'a> {
    fn new(offer: &Offer, view: &'a CampaignView) -> Option<Self> {
        let slot = view.campaign.slot(&offer.slot)?;
        Some(Self {
            id: offer.id,
            slot: &slot.id,
            site: &slot.site,
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            expires_at: offer.expires_at,
        })
    }
}

problem_responses!(
    /// What looking at an entry can be refused with.
    EntryProblems of EntryInPath:
        WaitlistTokenInvalid, Overloaded, Unavailable
);

/// Show an entry of the waitlist.
///
/// Only to whoever has its token. Reading it changes nothing: an offer is taken by accepting it.
#[utoipa::path(
    tag = "waitlist",
    params(EntryInPath),
    responses((status = 200, body = EntryBody, description = "The entry."), EntryProblems),
    security(("waitlist_token" = [])),
)]
#[get("/v1/waitlist/{entry}")]
pub(crate) async fn show_waitlist_entry(
    app: Data<App>,
    EntryInPath(entry): EntryInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = waitlist_token(&request)?;
    let lookup = app.bookings.waitlist_entry(entry, token).await;
    match lookup.map_err(|failure| app.problem(failure))? {
        EntryLookup::Found(standing) => show(&app, &standing),
        EntryLookup::EntryNotFound => Err(Problem::new(Code::WaitlistEntryNotFound)),
        EntryLookup::TokenInvalid => Err(Problem::new(Code::WaitlistTokenInvalid)),
    }
}

fn show(app: &App, standing: &EntryStanding) -> Result<HttpResponse, Problem> {
    let view = app.bookings.view();
    let campaign = view.campaign(&standing.entry.campaign);
    // A slot that is offered is never removed, so only a view that is not there yet lacks it.
    let body = campaign.and_then(|view| EntryBody::new(standing, view, app.bookings.now()));
    let body = body.ok_or_else(|| app.try_again(Code::Unavailable))?;
    Ok(reply::private(StatusCode::OK, &body))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Api, OfferOf, person};

    #[actix_web::test]
    async fn shows_where_one_stands_to_who_has_the_token() {
        let (api, anna) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        let carla = api.join("Carla", "w2").send().await;
        let shown = api.entry(&carla).await;
        let expected = json!({
            "id": carla.json["id"], "campaign": "rehearsal", "number": 2,
            "joined_at": "2021-06-14T06:00:00.000Z", "state": "waiting", "position": 2,
            "offers_missed": 0, "person": person("Carla"), "why_nobody_is_called": "no_place_free",
        });
        api.refreshed().await;
        assert_eq!((shown.status, api.entry(&carla).await.json), (200, expected));

        api.cancel(&anna).await;
        api.until_offered(1).await;
        let offered = api.entry(&berta).await;
        let expected = json!({
            "id": berta.json["id"], "campaign": "rehearsal", "number": 1,
            "joined_at": "2021-06-14T06:00:00.000Z", "state": "offered", "position": 1,
            "offers_missed": 0, "person": person("Berta"),
            "offer": {
                "id": offered.json["offer"]["id"], "slot": "a", "site": "north",
                "starts_at": "2021-06-20T06:00:00.000Z", "ends_at": "2021-06-20T06:10:00.000Z",
                "expires_at": "2021-06-14T07:00:00.000Z",
            },
        });
        assert_eq!(offered.json, expected);
        assert_eq!(api.entry(&berta).await.json, expected, "reading has changed nothing");
        assert_eq!(offered.header("cache-control"), "no-store");

        let OfferOf { id, path } = api.offer_of(&berta).await;
        assert!(path.ends_with(&id));
        let booked = api.accept(&berta, &id, "a1").send().await;
        assert_eq!(booked.status, 201, "{booked}");
        let shown = api.entry(&berta).await.json;
        assert_eq!((&shown["state"], &shown["booking"]), (&json!("booked"), &booked.json["id"]));
        for gone in ["person", "position", "offer", "offers_missed"] {
            assert_eq!(shown.get(gone), None, "{gone}");
        }
        assert_eq!(api.entry(&carla).await.json["position"], 1);
    }

    #[actix_web::test]
    async fn nobody_else_sees_it() {
        let (api, _) = Api::sold_out().await;
        let berta = api.join("Berta", "w1").send().await;
        let carla = api.join("Carla", "w2").send().await;
        let path = berta.header("location");
        let others = carla.json["waitlist_token"].as_str().expect("a token");
        for (call, status, code) in [
            (api.get(path), 401, "waitlist-token-invalid"),
            (api.get(path).bearer("forged"), 401, "waitlist-token-invalid"),
            (api.get(path).bearer(others), 401, "waitlist-token-invalid"),
            (api.get("/v1/waitlist/x").bearer(others), 404, "waitlist-entry-not-found"),
            (
                api.get("/v1/waitlist/wait_00000000000000000000000000000000").bearer(others),
                404,
                "waitlist-entry-not-found",
            ),
        ] {
            let reply = call.send().await;
            assert_eq!((reply.status, reply.code()), (status, code));
        }
    }
}
