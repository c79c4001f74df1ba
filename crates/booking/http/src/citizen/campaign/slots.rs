//! GET /v1/campaigns/{campaign}/slots

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::campaign::{SiteId, SlotId};
use booking::{Campaign, CampaignView};
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Problem, problem_responses};

use crate::app::App;
use crate::refusal::CampaignInPath;

/// The places of a campaign at one moment, at most a second ago.
#[derive(Serialize, ToSchema)]
#[schema(as = Slots)]
pub(crate) struct SlotsBody<'a> {
    /// The moment. In an answer that a cache has kept and the service confirmed, the places have been so
    /// since then; the header `Date` says until when.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// Places bookable then, over all slots.
    places_left: u64,
    /// Whether people could join the waitlist then.
    waitlist_open: bool,
    /// In the order of the campaign.
    sites: Vec<SiteInList<'a>>,
    /// In the order of time.
    slots: Vec<SlotInList<'a>>,
}

/// What all slots of a site had.
#[derive(Serialize, ToSchema)]
pub(crate) struct SiteInList<'a> {
    #[schema(value_type = String, example = "boe-fashion")]
    site: &'a SiteId,
    /// Places that were bookable, over all slots of the site.
    places_left: u64,
    /// The earliest slot of the site with a place; null if there is none.
    #[schema(required = true)]
    first_available: Option<FirstAvailable<'a>>,
}

/// The earliest slot with a place.
#[derive(Serialize, ToSchema)]
struct FirstAvailable<'a> {
    #[schema(value_type = String, example = "boe-fashion-20210620-0700")]
    slot: &'a SlotId,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SlotInList<'a> {
    #[schema(value_type = String, example = "boe-fashion-20210620-0700")]
    id: &'a SlotId,
    #[schema(value_type = String, example = "boe-fashion")]
    site: &'a SiteId,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// Persons at most.
    capacity: u32,
    /// Places that were open.
    released: u32,
    /// Places that were bookable.
    places_left: u32,
}

impl<'a> SlotsBody<'a> {
    pub(crate) fn new(view: &'a CampaignView) -> Self {
        let mut slots: Vec<_> = view
            .availability
            .slots
            .iter()
            .filter_map(|places| {
                let slot = view.campaign.slot(&places.slot)?;
                Some(SlotInList {
                    id: &slot.id,
                    site: &slot.site,
                    starts_at: slot.starts_at,
                    ends_at: slot.ends_at,
                    capacity: places.capacity,
                    released: places.released,
                    places_left: places.places_left,
                })
            })
            .collect();
        // They come in the order of their ids, which decides between slots at the same time.
        slots.sort_by_key(|slot| slot.starts_at);
        Self {
            as_of: view.availability.as_of,
            places_left: view.availability.places_left(),
            waitlist_open: view.waitlist_status().is_some_and(|status| status.is_open),
            sites: sites(&view.campaign, &slots),
            slots,
        }
    }

    /// What a client wants to hear of when it has changed.
    pub(crate) fn without_time(&self) -> (bool, &[SiteInList<'a>], &[SlotInList<'a>]) {
        (self.waitlist_open, &self.sites, &self.slots)
    }
}

/// The sites of `campaign`; `slots` are in the order of time. O(sites + slots).
fn sites<'a>(campaign: &'a Campaign, slots: &[SlotInList<'a>]) -> Vec<SiteInList<'a>> {
    let mut found: HashMap<&SiteId, (u64, Option<FirstAvailable<'a>>)> = HashMap::new();
    for slot in slots.iter().filter(|slot| slot.places_left > 0) {
        let (places_left, first) = found.entry(slot.site).or_default();
        *places_left += u64::from(slot.places_left);
        first.get_or_insert(FirstAvailable { slot: slot.id, starts_at: slot.starts_at });
    }
    let sites = campaign.sites.iter().map(|site| {
        let (places_left, first_available) = found.remove(&site.id).unwrap_or_default();
        SiteInList { site: &site.id, places_left, first_available }
    });
    sites.collect()
}

problem_responses!(
    /// What the slots can be refused with.
    SlotsProblems of CampaignInPath:
        Unavailable
);

/// List the slots of a campaign and their places.
///
/// It is a snapshot, at most a second old.
#[utoipa::path(
    tag = "campaigns",
    params(CampaignInPath),
    responses((status = 200, body = SlotsBody, description = "The slots and their places."), (status = 304, description = "Unchanged but for the time."), SlotsProblems),
)]
#[get("/v1/campaigns/{campaign}/slots")]
pub(crate) async fn list_slots(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(app.rendered()?.campaign(&campaign)?.slots.respond(&request))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use web::test_client::Reply;

    use crate::harness::Api;

    #[actix_web::test]
    async fn shows_the_places_and_follows_bookings() {
        let api = Api::start().await;
        let before = api.get("/v1/campaigns/rehearsal/slots").send().await;
        assert_eq!(before.status, 200);
        assert_eq!(before.header("cache-control"), "public, max-age=1");
        assert_eq!(before.json["places_left"], 33);
        let names: Vec<_> = before.json["slots"]
            .as_array()
            .expect("slots")
            .iter()
            .map(|slot| &slot["id"])
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        let expected = json!({
            "id": "a", "site": "north",
            "starts_at": "2021-06-20T06:00:00.000Z", "ends_at": "2021-06-20T06:10:00.000Z",
            "capacity": 3, "released": 1, "places_left": 1,
        });
        assert_eq!(before.json["slots"][0], expected);
        let first = |slot: &str| {
            json!({"slot": slot, "starts_at": if slot == "c" {
                "2021-06-20T07:00:00.000Z"
            } else {
                "2021-06-20T06:00:00.000Z"
            }})
        };
        let expected = json!([
            {"site": "north", "places_left": 31, "first_available": first("a")},
            {"site": "south", "places_left": 2, "first_available": first("b")},
        ]);
        assert_eq!(before.json["sites"], expected);

        api.clock.advance(Duration::from_secs(1));
        api.refreshed().await;
        let etag = before.header("etag");
        let unchanged =
            api.get("/v1/campaigns/rehearsal/slots").header("if-none-match", etag).send().await;
        assert_eq!(unchanged.status, 304, "only the time has changed");

        let booked = api.book_slot("a", "Anna", "k1").send().await;
        assert_eq!(booked.status, 201, "{}", booked.json);
        api.refreshed().await;
        let after =
            api.get("/v1/campaigns/rehearsal/slots").header("if-none-match", etag).send().await;
        assert_eq!((after.status, &after.json["slots"][0]["places_left"]), (200, &json!(0)));
        for name in ["Berta", "Carla"] {
            assert_eq!(api.book_slot("b", name, name).send().await.status, 201);
        }
        api.refreshed().await;
        let after = api.get("/v1/campaigns/rehearsal/slots").send().await;
        let expected = json!([
            {"site": "north", "places_left": 30, "first_available": first("c")},
            {"site": "south", "places_left": 0, "first_available": null},
        ]);
        assert_eq!(after.json["sites"], expected);
    }

    /// What is full says whether there is something left to do.
    #[actix_web::test]
    async fn says_whether_the_waitlist_is_open() {
        let open = |reply: &Reply| reply.json["waitlist_open"].clone();
        let api = Api::start().await;
        assert_eq!(open(&api.get("/v1/campaigns/rehearsal/slots").send().await), false);
        let (api, _) = Api::sold_out().await;
        assert_eq!(open(&api.get("/v1/campaigns/rehearsal/slots").send().await), true);
    }

    /// A cache in between keeps one answer for the pages of all origins.
    #[actix_web::test]
    async fn pages_of_all_origins_may_read_it() {
        let api = Api::start().await;
        let campaign = "/v1/campaigns/rehearsal";
        for (path, varies) in [("/slots", ""), ("", "accept-language")] {
            let read = api.get(&format!("{campaign}{path}")).no_header("authorization");
            let reply = read.header("origin", "https://other.example").send().await;
            let allowed = reply.header("access-control-allow-origin");
            assert_eq!((reply.status, allowed, reply.header("vary")), (200, "*", varies));
        }
    }

    #[actix_web::test]
    async fn an_unknown_campaign_is_not_found() {
        let api = Api::start().await;
        let reply = api.get("/v1/campaigns/elsewhere/slots").send().await;
        assert_eq!((reply.status, reply.code()), (404, "campaign-not-found"));
    }
}
