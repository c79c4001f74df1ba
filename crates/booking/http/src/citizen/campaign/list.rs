//! GET /v1/campaigns

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::Campaign;
use kernel::{CampaignId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Language, Problem, problem_responses};

use crate::app::App;
use crate::citizen::campaign::show::title;

/// All campaigns.
#[derive(Serialize, ToSchema)]
#[schema(as = Campaigns)]
pub(crate) struct CampaignsBody<'a> {
    campaigns: Vec<CampaignInList<'a>>,
}

#[derive(Serialize, ToSchema)]
struct CampaignInList<'a> {
    #[schema(value_type = String, example = "speyer-2021-06-20")]
    id: &'a CampaignId,
    /// In the language that the client prefers, German or English.
    title: &'a str,
    /// The IANA name of the time zone in which to show the slots.
    #[schema(example = "Europe/Berlin")]
    time_zone: &'a str,
    /// From then on nothing can be booked.
    #[schema(value_type = String, format = DateTime)]
    closes_at: Timestamp,
}

impl<'a> CampaignsBody<'a> {
    pub(crate) fn new(campaigns: impl Iterator<Item = &'a Campaign>, language: Language) -> Self {
        let campaigns = campaigns.map(|campaign| CampaignInList {
            id: &campaign.id,
            title: title(campaign, language),
            time_zone: &campaign.time_zone,
            closes_at: campaign.closes_at,
        });
        Self { campaigns: campaigns.collect() }
    }
}

problem_responses!(
    /// What the list can be refused with.
    CampaignsProblems:
        Unavailable
);

/// List all campaigns.
#[utoipa::path(
    tag = "campaigns",
    responses((status = 200, body = CampaignsBody, description = "The campaigns."), (status = 304, description = "Unchanged."), CampaignsProblems),
)]
#[get("/v1/campaigns")]
pub(crate) async fn list_campaigns(
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    Ok(app.rendered()?.list.respond(&request))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::Api;

    #[actix_web::test]
    async fn lists_campaigns_in_the_readers_language() {
        let api = Api::start().await;
        let list = |title: &str| {
            json!({"campaigns": [{
                "id": "rehearsal",
                "title": title,
                "time_zone": "Europe/Berlin",
                "closes_at": "2021-06-15T06:00:00.000Z",
            }]})
        };
        let english = api.get("/v1/campaigns").send().await;
        assert_eq!((english.status, english.json.clone()), (200, list("Rehearsal")));
        assert_eq!(english.header("cache-control"), "public, max-age=60");
        let german = api.get("/v1/campaigns").header("accept-language", "de").send().await;
        assert!(german.header("link").contains("rel=\"service-desc\""));
        assert_eq!(
            (german.json.clone(), german.header("vary")),
            (list("Probelauf"), "accept-language")
        );
        let again =
            api.get("/v1/campaigns").header("if-none-match", english.header("etag")).send().await;
        assert_eq!(again.status, 304);
    }
}
