//! GET /fhir/campaigns/{campaign}/slots.ndjson

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use kernel::CampaignId;
use web::{CachedBody, Code, Problem, problem_responses};

use super::resource::SlotResource;
use super::{Feed, PublicUrls, ndjson};
use crate::app::App;
use crate::refusal::CampaignInPath;

impl Feed {
    /// The slots of a campaign that have not begun; `None` if nothing in it can be booked.
    fn slots(&self, campaign: &CampaignId, urls: &PublicUrls) -> Option<&CachedBody> {
        let file = self.slots.get(campaign)?;
        let view = self.view.campaign(campaign)?;
        let body = file.get_or_init(|| {
            let slots = view.availability.slots.iter().filter_map(|places| {
                let slot = view.campaign.slot(&places.slot)?;
                let is_ahead = slot.starts_at > self.at;
                is_ahead.then(|| SlotResource::new(&view.campaign, slot, places, urls))
            });
            ndjson(slots)
        });
        Some(body)
    }
}

problem_responses!(
    /// What the file can be refused with.
    SlotFileProblems of CampaignInPath:
        Unavailable
);

/// List the slots of a campaign for the feed.
///
/// One `Slot` a line, as the manifest's format describes it. A free one has as its capacity the places that are
/// left.
#[utoipa::path(
    tag = "feeds",
    params(CampaignInPath),
    responses((status = 200, description = "The slots.", content_type = "application/fhir+ndjson"), (status = 304, description = "Unchanged."), SlotFileProblems),
)]
#[get("/fhir/campaigns/{campaign}/slots.ndjson")]
pub(crate) async fn list_slot_resources(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let feed = app.feed()?;
    let slots = feed.slots(&campaign, &app.urls);
    Ok(slots.ok_or_else(|| Problem::new(Code::CampaignNotFound))?.respond(&request))
}

#[cfg(test)]
mod tests {
    use booking::contract::scene;
    use serde_json::{Value, json};

    use crate::harness::Api;

    const PATH: &str = "/fhir/campaigns/rehearsal/slots.ndjson";

    async fn slots(api: &Api) -> Vec<Value> {
        let reply = api.get(PATH).send().await;
        assert_eq!(reply.status, 200, "{reply}");
        let text = std::str::from_utf8(&reply.bytes).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    #[actix_web::test]
    async fn a_slot_is_free_while_it_has_places() {
        let api = Api::start().await;
        assert_eq!(api.book_slot("a", "Anna", "k1").send().await.status, 201);
        assert_eq!(api.book_slot("b", "Berta", "k2").send().await.status, 201);
        api.refreshed().await;
        let listed = slots(&api).await;
        let capacity = "http://fhir-registry.smarthealthit.org/StructureDefinition/slot-capacity";
        let link = "http://fhir-registry.smarthealthit.org/StructureDefinition/booking-deep-link";
        let expected = json!({
            "resourceType": "Slot", "id": "rehearsal.b",
            "schedule": {"reference": "Schedule/rehearsal.south"}, "status": "free",
            "start": "2021-06-20T06:00:00.000Z", "end": "2021-06-20T06:10:00.000Z",
            "extension": [
                {"url": capacity, "valueInteger": 1},
                {"url": link, "valueUrl": "https://termine.example.de/#campaign=rehearsal&slot=b"},
            ],
        });
        assert_eq!(listed[1], expected);
        assert_eq!(
            (&listed[0]["id"], &listed[0]["status"]),
            (&json!("rehearsal.a"), &json!("busy"))
        );
        let all = Value::Array(listed).to_string();
        for secret in ["Anna", "Muster", "1970", "booking_"] {
            assert!(!all.contains(secret), "{secret}");
        }
    }

    /// Who asks again within seconds gets the file that is there; later it is written anew.
    #[actix_web::test]
    async fn the_file_is_written_anew_after_some_seconds() {
        let api = Api::start().await;
        let first = slots(&api).await;
        assert_eq!(api.book_slot("a", "Anna", "k1").send().await.status, 201);
        api.refreshed().await;
        assert_eq!(slots(&api).await, first);
        api.clock.set(scene::at(11));
        api.refreshed().await;
        assert_ne!(slots(&api).await, first);
        let unknown = api.get("/fhir/campaigns/elsewhere/slots.ndjson").send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "campaign-not-found"));
    }
}
