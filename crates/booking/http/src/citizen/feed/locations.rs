//! GET /fhir/locations.ndjson

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use web::{CachedBody, Problem, problem_responses};

use super::resource::Location;
use super::{Feed, PublicUrls, ndjson};
use crate::app::App;

impl Feed {
    fn locations(&self, urls: &PublicUrls) -> &CachedBody {
        self.locations.get_or_init(|| {
            let sites = self.open().flat_map(|view| {
                let campaign = &*view.campaign;
                campaign.sites.iter().map(move |site| Location::new(campaign, site, urls))
            });
            ndjson(sites)
        })
    }
}

problem_responses!(
    /// What the file can be refused with.
    LocationProblems: Unavailable
);

/// List the sites of the feed.
///
/// One `Location` a line, as the manifest's format describes it.
#[utoipa::path(
    tag = "feeds",
    responses((status = 200, description = "The sites.", content_type = "application/fhir+ndjson"), (status = 304, description = "Unchanged."), LocationProblems),
)]
#[get("/fhir/locations.ndjson")]
pub(crate) async fn list_locations(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(app.feed()?.locations(&app.urls).respond(&request))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::harness::Api;

    #[actix_web::test]
    async fn lists_each_site_with_its_address() {
        let api = Api::start().await;
        let reply = api.get("/fhir/locations.ndjson").send().await;
        let text = std::str::from_utf8(&reply.bytes).expect("text");
        let first: Value =
            serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        let campaign = "https://api.example.de/v1/campaigns/rehearsal";
        let expected = json!({
            "resourceType": "Location", "id": "rehearsal.north",
            "identifier": [{"system": campaign, "value": "north"}],
            "name": "Parkplatz north",
            "telecom": [{"system": "url", "value": "https://termine.example.de/"}],
            "address": {
                "line": ["Hasenpfühlerweide 1"], "city": "Speyer", "state": "RP",
                "postalCode": "67346", "country": "DE",
            },
        });
        assert_eq!(first, expected);
    }
}
