//! GET /fhir/schedules.ndjson

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use web::{CachedBody, Problem, problem_responses};

use super::resource::Schedule;
use super::{Feed, ndjson};
use crate::app::App;

impl Feed {
    fn schedules(&self) -> &CachedBody {
        self.schedules.get_or_init(|| {
            let sites = self.open().flat_map(|view| {
                let campaign = &*view.campaign;
                campaign.sites.iter().map(move |site| Schedule::new(campaign, site))
            });
            ndjson(sites)
        })
    }
}

problem_responses!(
    /// What the file can be refused with.
    ScheduleProblems: Unavailable
);

/// List what the feed offers at each site.
///
/// One `Schedule` a line, as the manifest's format describes it.
#[utoipa::path(
    tag = "feeds",
    responses((status = 200, description = "The campaigns at their sites.", content_type = "application/fhir+ndjson"), (status = 304, description = "Unchanged."), ScheduleProblems),
)]
#[get("/fhir/schedules.ndjson")]
pub(crate) async fn list_schedules(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(app.feed()?.schedules().respond(&request))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::harness::Api;

    #[actix_web::test]
    async fn a_campaign_is_offered_at_each_of_its_sites() {
        let api = Api::start().await;
        let reply = api.get("/fhir/schedules.ndjson").send().await;
        let text = std::str::from_utf8(&reply.bytes).expect("text");
        let first: Value =
            serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        let expected = json!({
            "resourceType": "Schedule", "id": "rehearsal.north",
            "serviceType": [{"text": "Rehearsal"}], "actor": [{"reference": "Location/rehearsal.north"}],
        });
        assert_eq!((text.lines().count(), first), (2, expected));
    }
}
