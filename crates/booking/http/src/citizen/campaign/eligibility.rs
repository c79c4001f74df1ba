//! GET /v1/campaigns/{campaign}/eligibility

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::{Answer, Campaign};
use kernel::{Ags, Municipality, Postcode, ResidenceAnswer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{CachedBody, Code, Problem, Query, problem_responses};

use crate::app::App;
use crate::citizen::campaign::rules::RuleName;
use crate::refusal::CampaignInPath;
use crate::rendered::to_json;

const MAX_AGE_S: u32 = 60;

/// A year in which somebody who books may be born.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "i16")]
struct YearOfBirth(i16);

impl TryFrom<i16> for YearOfBirth {
    type Error = &'static str;

    fn try_from(year: i16) -> Result<Self, Self::Error> {
        (1900..=2199).contains(&year).then_some(Self(year)).ok_or("nobody who books is born then")
    }
}

/// Where somebody lives, and in which year they were born.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Residence {
    #[param(value_type = String, pattern = "^[0-9]{5}$", example = "67346")]
    postcode: Postcode,
    /// The official municipality key, where the postcode covers several municipalities.
    #[param(value_type = Option<String>, pattern = "^[0-9]{8}$", example = "07318000")]
    ags: Option<Ags>,
    /// The year of birth. The day is not asked: addresses are written into logs.
    #[param(value_type = Option<i16>, minimum = 1900, maximum = 2199, example = 1960)]
    born_in: Option<YearOfBirth>,
}

/// What the answer is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EligibilityAnswer {
    /// They may book.
    Yes,
    /// They may not.
    No,
    /// It depends on which of the `municipalities` they live in.
    DependsOnMunicipality,
    /// It depends on when they were born: on the day, or on the year where that was not said.
    DependsOnBirth,
}

/// Whether somebody may book.
#[derive(Serialize, ToSchema)]
struct Eligibility<'a> {
    /// Whether the answer is yes.
    eligible: bool,
    answer: EligibilityAnswer,
    /// The rule that is not met, or on which it depends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rule: Option<RuleName>,
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
    fn of(
        answer: EligibilityAnswer,
        rule: Option<RuleName>,
        municipality: Option<&'a Municipality>,
    ) -> Self {
        Self {
            eligible: answer == EligibilityAnswer::Yes,
            answer,
            rule,
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
        let (answer, rule) = (EligibilityAnswer::DependsOnMunicipality, RuleName::Residence);
        Self { municipalities: Some(choices.collect()), ..Self::of(answer, Some(rule), None) }
    }

    /// The answer where somebody lives in the right place.
    fn of_resident(
        campaign: &Campaign,
        municipality: &'a Municipality,
        born_in: Option<YearOfBirth>,
    ) -> Self {
        let (answer, rule) = campaign.eligibility.of_year(born_in.map(|year| year.0));
        let answer = match answer {
            Answer::Yes => EligibilityAnswer::Yes,
            Answer::No => EligibilityAnswer::No,
            Answer::Depends => EligibilityAnswer::DependsOnBirth,
        };
        Self::of(answer, rule.map(RuleName::from), Some(municipality))
    }
}

problem_responses!(
    /// What the question can be refused with.
    EligibilityProblems of CampaignInPath, Query<Residence>:
        MunicipalityMismatch, Unavailable
);

/// Ask whether somebody may book.
///
/// Residents of a postcode, and those born in a year: nothing is asked that says who they are.
#[utoipa::path(
    tag = "campaigns",
    params(CampaignInPath, Residence),
    responses((status = 200, body = Eligibility, description = "Whether they may book."), (status = 304, description = "Unchanged."), EligibilityProblems),
)]
#[get("/v1/campaigns/{campaign}/eligibility")]
pub(crate) async fn check_eligibility(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    Query(Residence { postcode, ags, born_in }): Query<Residence>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = app.bookings.view();
    if view.generation == 0 {
        return Err(app.try_again(Code::Unavailable));
    }
    let campaign = view.campaign(&campaign).ok_or_else(|| Problem::new(Code::CampaignNotFound))?;
    let campaign = &campaign.campaign;
    let eligibility = match campaign.residence.decide(postcode, ags) {
        ResidenceAnswer::Eligible(municipality) => {
            Eligibility::of_resident(campaign, municipality, born_in)
        }
        ResidenceAnswer::NotEligible(municipality) => {
            let rule = Some(RuleName::Residence);
            Eligibility::of(EligibilityAnswer::No, rule, municipality)
        }
        ResidenceAnswer::Ambiguous(municipalities) => Eligibility::depends_on(&municipalities),
        ResidenceAnswer::Mismatch => return Err(Problem::new(Code::MunicipalityMismatch)),
    };
    Ok(CachedBody::json(to_json(&eligibility), MAX_AGE_S).respond(&request))
}

#[cfg(test)]
mod tests {
    use booking::contract::scene;
    use booking::{CampaignPlan, Rule};
    use serde_json::json;

    use crate::harness::Api;

    #[actix_web::test]
    async fn answers_the_residence_question() {
        let api = Api::start().await;
        let ask = async |query: &str| {
            api.get(&format!("/v1/campaigns/rehearsal/eligibility?{query}")).send().await
        };
        let speyer =
            json!({"eligible": true, "answer": "yes", "ags": "07318000", "municipality": "Speyer"});
        assert_eq!(ask("postcode=67346").await.json, speyer);
        assert_eq!(ask("postcode=67346&ags=07318000").await.json, speyer);
        let elsewhere = json!({"eligible": false, "answer": "no", "rule": "residence"});
        let mut hassloch = elsewhere.clone();
        (hassloch["ags"], hassloch["municipality"]) = ("07332025".into(), "Haßloch".into());
        assert_eq!(ask("postcode=67454").await.json, hassloch);
        assert_eq!(ask("postcode=80331").await.json, elsewhere);
        let etag = ask("postcode=80331").await.header("etag").to_owned();
        let again = api.get("/v1/campaigns/rehearsal/eligibility?postcode=80331");
        assert_eq!(again.header("if-none-match", &etag).send().await.status, 304);
        let mismatch = ask("postcode=67346&ags=07332025").await;
        assert_eq!((mismatch.status, mismatch.code()), (422, "municipality-mismatch"));
        let born = "postcode=67346&born_in=";
        let bad = ["1899", "1960-01-31", ""].map(|year| format!("{born}{year}"));
        for bad in
            ["", "postcode=6734", "postcode=67346&plz=1"].map(str::to_owned).iter().chain(&bad)
        {
            let reply = ask(bad).await;
            assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{bad}");
        }
    }

    /// What the year alone cannot say is left open, and the rule is named.
    #[actix_web::test]
    async fn answers_by_the_year_of_birth() {
        let mut campaign = scene::campaign();
        let on = "2021-06-20".parse().expect("a day");
        campaign.eligibility.rules = vec![Rule::AgeMin { years: 60, on }];
        let api = Api::start_with(&CampaignPlan::new(campaign).expect("a plan")).await;
        for (query, eligible, answer, rule) in [
            ("postcode=67346&born_in=1960", true, "yes", json!(null)),
            ("postcode=67346&born_in=1961", false, "depends_on_birth", json!("age_min")),
            ("postcode=67346&born_in=1962", false, "no", json!("age_min")),
            ("postcode=67346", false, "depends_on_birth", json!("age_min")),
            ("postcode=80331&born_in=1960", false, "no", json!("residence")),
        ] {
            let path = format!("/v1/campaigns/rehearsal/eligibility?{query}");
            let reply = api.get(&path).send().await;
            assert_eq!(
                (&reply.json["eligible"], &reply.json["answer"], &reply.json["rule"]),
                (&json!(eligible), &json!(answer), &rule),
                "{query}"
            );
            assert_eq!(reply.header("cache-control"), "public, max-age=60");
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
            "eligible": false, "answer": "depends_on_municipality", "rule": "residence",
            "municipalities": [{"ags": "01000001", "name": "Adorf"}, {"ags": "01000002", "name": "Bdorf"}],
        });
        assert_eq!(serde_json::to_value(body).expect("JSON"), expected);
    }
}
