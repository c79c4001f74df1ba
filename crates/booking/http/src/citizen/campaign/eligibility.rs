//! GET /v1/campaigns/{campaign}/eligibility

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use kernel::{Ags, Municipality, Postcode, ResidenceAnswer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{CachedBody, Code, Problem, Query, problem_responses};

use crate::app::App;
use crate::refusal::CampaignInPath;
use crate::rendered::to_json;

const MAX_AGE_S: u32 = 60;

/// Where somebody lives.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Residence {
    #[param(value_type = String, pattern = "^[0-9]{5}$", example = "67346")]
    postcode: Postcode,
    /// The official municipality key, where the postcode covers several municipalities.
    #[param(value_type = Option<String>, pattern = "^[0-9]{8}$", example = "07318000")]
    ags: Option<Ags>,
}

/// Whether residents may book.
#[derive(Serialize, ToSchema)]
struct Eligibility<'a> {
    eligible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "07318000")]
    ags: Option<Ags>,
    /// The name of the municipality, if the campaign knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Speyer")]
    municipality: Option<&'a str>,
    /// The municipalities of the postcode, if it depends on which of them: ask again with one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    municipalities: Option<Vec<MunicipalityToChoose<'a>>>,
}

#[derive(Serialize, ToSchema)]
struct MunicipalityToChoose<'a> {
    #[schema(value_type = String, example = "07318000")]
    ags: Ags,
    #[schema(example = "Speyer")]
    name: &'a str,
}

impl<'a> Eligibility<'a> {
    fn of(eligible: bool, municipality: Option<&'a Municipality>) -> Self {
        Self {
            eligible,
            ags: municipality.map(|municipality| municipality.ags),
            municipality: municipality.map(|municipality| municipality.name.as_str()),
            municipalities: None,
        }
    }

    fn depends_on(municipalities: &[&'a Municipality]) -> Self {
        let choices = municipalities.iter().map(|municipality| MunicipalityToChoose {
            ags: municipality.ags,
            name: &municipality.name,
        });
        Self { municipalities: Some(choices.collect()), ..Self::of(false, None) }
    }
}

problem_responses!(
    /// What the question can be refused with.
    EligibilityProblems of CampaignInPath, Query<Residence>:
        MunicipalityMismatch, Unavailable
);

/// Ask whether residents of a postcode may book.
#[utoipa::path(
    tag = "campaigns",
    params(CampaignInPath, Residence),
    responses((status = 200, body = Eligibility, description = "Whether residents may book."), (status = 304, description = "Unchanged."), EligibilityProblems),
)]
#[get("/v1/campaigns/{campaign}/eligibility")]
pub(crate) async fn check_eligibility(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    Query(Residence { postcode, ags }): Query<Residence>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = app.bookings.view();
    if view.generation == 0 {
        return Err(app.try_again(Code::Unavailable));
    }
    let campaign = view.campaign(&campaign).ok_or_else(|| Problem::new(Code::CampaignNotFound))?;
    let eligibility = match campaign.campaign.residence.decide(postcode, ags) {
        ResidenceAnswer::Eligible(municipality) => Eligibility::of(true, Some(municipality)),
        ResidenceAnswer::NotEligible(municipality) => Eligibility::of(false, municipality),
        ResidenceAnswer::Ambiguous(municipalities) => Eligibility::depends_on(&municipalities),
        ResidenceAnswer::Mismatch => return Err(Problem::new(Code::MunicipalityMismatch)),
    };
    Ok(CachedBody::json(to_json(&eligibility), MAX_AGE_S).respond(&request))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::Api;

    #[actix_web::test]
    async fn answers_the_residence_question() {
        let api = Api::start().await;
        let ask = async |query: &str| {
            api.get(&format!("/v1/campaigns/rehearsal/eligibility?{query}")).send().await
        };
        let speyer = json!({"eligible": true, "ags": "07318000", "municipality": "Speyer"});
        assert_eq!(ask("postcode=67346").await.json, speyer);
        assert_eq!(ask("postcode=67346&ags=07318000").await.json, speyer);
        let hassloch = json!({"eligible": false, "ags": "07332025", "municipality": "Haßloch"});
        assert_eq!(ask("postcode=67454").await.json, hassloch);
        assert_eq!(ask("postcode=80331").await.json, json!({"eligible": false}));
        let etag = ask("postcode=80331").await.header("etag").to_owned();
        let again = api.get("/v1/campaigns/rehearsal/eligibility?postcode=80331");
        assert_eq!(again.header("if-none-match", &etag).send().await.status, 304);
        let mismatch = ask("postcode=67346&ags=07332025").await;
        assert_eq!((mismatch.status, mismatch.code()), (422, "municipality-mismatch"));
        for bad in ["", "postcode=6734", "postcode=67346&plz=1"] {
            let reply = ask(bad).await;
            assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{bad}");
        }
    }

    #[test]
    fn an_ambiguous_postcode_offers_its_municipalities() {
        let municipality = |ags: &str, name: &str| kernel::Municipality {
            postcode: "12345".parse().expect("a postcode"),
            ags: ags.parse().expect("a municipality key"),
            name: name.to_owned(),
            eligible: true,
        };
        let rows = [municipality("01000001", "Adorf"), municipality("01000002", "Bdorf")];
        let body = super::Eligibility::depends_on(&[&rows[0], &rows[1]]);
        let expected = json!({
            "eligible": false,
            "municipalities": [{"ags": "01000001", "name": "Adorf"}, {"ags": "01000002", "name": "Bdorf"}],
        });
        assert_eq!(serde_json::to_value(body).expect("JSON"), expected);
    }
}
