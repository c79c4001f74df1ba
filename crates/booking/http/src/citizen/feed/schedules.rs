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
    use booking::contract::scene;
    use booking::{CampaignPlan, Coding};
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

    /// The `serviceType` of the `Schedule` that the format's specification shows.
    const PUBLISHED: &str = r#"[{"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/service-type", "code": "57", "display": "Immunization"},
        {"system": "http://fhir-registry.smarthealthit.org/CodeSystem/service-type", "code": "covid19-immunization",
         "display": "COVID-19 Immunization Appointment"}]}]"#;

    /// What a campaign says it is about is written as the published example writes it, beside the words.
    #[actix_web::test]
    async fn a_service_has_the_codes_of_the_campaign() {
        let published: Value = serde_json::from_str(PUBLISHED).expect("JSON");
        let codes = published[0]["coding"].as_array().expect("codes").iter();
        let codes =
            codes.map(|code| serde_json::from_value::<Coding>(code.clone()).expect("a code"));
        let campaign = booking::Campaign { service_type: codes.collect(), ..scene::campaign() };
        let api = Api::start_with(&CampaignPlan::new(campaign).expect("a plan")).await;
        let reply = api.get("/fhir/schedules.ndjson").send().await;
        let text = std::str::from_utf8(&reply.bytes).expect("text");
        for line in text.lines() {
            let schedule: Value = serde_json::from_str(line).expect("JSON");
            let expected = json!([{"coding": published[0]["coding"], "text": "Rehearsal"}]);
            assert_eq!(schedule["serviceType"], expected);
        }
    }
}
