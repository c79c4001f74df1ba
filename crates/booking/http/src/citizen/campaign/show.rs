//! GET /v1/campaigns/{campaign}

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::Campaign;
use booking::campaign::SiteId;
use kernel::{Ags, CampaignId, Postcode, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Language, Problem, problem_responses};

use crate::app::App;
use crate::citizen::campaign::rules::{DeclarationBody, RuleBody};
use crate::refusal::CampaignInPath;

/// One campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = Campaign)]
pub(crate) struct CampaignBody<'a> {
    #[schema(value_type = String, example = "speyer-2021-06-20")]
    id: &'a CampaignId,
    /// In the language that the client prefers, German or English.
    title: &'a str,
    /// The IANA name of the time zone in which to show the slots.
    #[schema(example = "Europe/Berlin")]
    time_zone: &'a str,
    /// Seats of one hold at most.
    #[schema(minimum = 1, maximum = 4)]
    seats_max: u8,
    /// How long a hold lasts, in seconds.
    hold_ttl_s: u32,
    /// The openings, in the order of time.
    tranches: Vec<Tranche>,
    sites: Vec<Site<'a>>,
    /// Places on the waitlist.
    waitlist_places: u32,
    /// The rules of the waitlist, if there is one. How it stands is told at `/v1/campaigns/{campaign}/waitlist`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waitlist: Option<WaitlistRules>,
    /// From then on nothing can be booked.
    #[schema(value_type = String, format = DateTime)]
    closes_at: Timestamp,
    /// Whose residents may book.
    municipalities: Vec<EligibleMunicipality<'a>>,
    /// When people must be born to book; all of it has to be met.
    rules: Vec<RuleBody>,
    /// What is shown to people to declare when they book.
    declarations: Vec<DeclarationBody<'a>>,
}

/// A part of the places that becomes bookable at one instant.
#[derive(Serialize, ToSchema)]
struct Tranche {
    index: usize,
    #[schema(value_type = String, format = DateTime)]
    opens_at: Timestamp,
    places: u32,
}

/// What is known of a waitlist beforehand.
#[derive(Serialize, ToSchema)]
struct WaitlistRules {
    /// How many persons may wait at a time.
    #[schema(example = 800)]
    places: u32,
    /// From then on people can join. Left out where it opens when no place can be booked any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-14T15:00:00.000Z",
    )]
    opens_at: Option<Timestamp>,
    /// From then on nobody is called any more.
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T11:50:00.000Z")]
    stops_at: Timestamp,
    /// How long an offer lasts at most, in minutes.
    #[schema(example = 60)]
    offer_ttl_minutes: u32,
}

impl WaitlistRules {
    fn of(campaign: &Campaign) -> Option<Self> {
        let waitlist = campaign.waitlist?;
        Some(Self {
            places: waitlist.places,
            opens_at: waitlist.opens_at,
            stops_at: campaign.waitlist_stops_at(),
            offer_ttl_minutes: waitlist.offer_ttl_minutes,
        })
    }
}

#[derive(Serialize, ToSchema)]
struct Site<'a> {
    #[schema(value_type = String, example = "boe-fashion")]
    id: &'a SiteId,
    name: &'a str,
    address: &'a str,
}

#[derive(Serialize, ToSchema)]
struct EligibleMunicipality<'a> {
    #[schema(value_type = String, example = "67346")]
    postcode: Postcode,
    #[schema(value_type = String, example = "07318000")]
    ags: Ags,
    #[schema(example = "Speyer")]
    name: &'a str,
}

/// The title in one language.
pub(crate) fn title(campaign: &Campaign, language: Language) -> &str {
    match language {
        Language::En => &campaign.title_en,
        Language::De => &campaign.title_de,
    }
}

impl<'a> CampaignBody<'a> {
    pub(crate) fn new(campaign: &'a Campaign, language: Language) -> Self {
        let tranches = campaign.tranches.iter().enumerate().map(|(index, tranche)| Tranche {
            index,
            opens_at: tranche.opens_at,
            places: campaign.tranche_places(index),
        });
        let sites = campaign.sites.iter().map(|site| Site {
            id: &site.id,
            name: &site.name,
            address: &site.address,
        });
        let eligible = campaign.residence.rows().iter().filter(|row| row.eligible);
        Self {
            id: &campaign.id,
            title: title(campaign, language),
            time_zone: &campaign.time_zone,
            seats_max: campaign.rules.seats_max,
            hold_ttl_s: campaign.rules.hold_ttl_s,
            tranches: tranches.collect(),
            sites: sites.collect(),
            waitlist_places: campaign.waitlist.map_or(0, |waitlist| waitlist.places),
            waitlist: WaitlistRules::of(campaign),
            closes_at: campaign.closes_at,
            municipalities: eligible
                .map(|row| EligibleMunicipality {
                    postcode: row.postcode,
                    ags: row.ags,
                    name: &row.name,
                })
                .collect(),
            rules: RuleBody::all(campaign, language),
            declarations: DeclarationBody::all(campaign, language),
        }
    }
}

problem_responses!(
    /// What a campaign can be refused with.
    CampaignProblems of CampaignInPath:
        Unavailable
);

/// Show a campaign.
#[utoipa::path(
    tag = "campaigns",
    params(CampaignInPath),
    responses((status = 200, body = CampaignBody, description = "The campaign."), (status = 304, description = "Unchanged."), CampaignProblems),
)]
#[get("/v1/campaigns/{campaign}")]
pub(crate) async fn show_campaign(
    app: Data<App>,
    CampaignInPath(campaign): CampaignInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(app.rendered()?.campaign(&campaign)?.body.respond(&request))
}

#[cfg(test)]
mod tests {
    use booking::contract::scene;
    use booking::{CampaignPlan, Declaration, DeclarationVersion, Eligibility, Rule};
    use serde_json::json;

    use crate::harness::Api;

    #[actix_web::test]
    async fn shows_a_campaign() {
        let api = Api::start().await;
        let reply = api.get("/v1/campaigns/rehearsal").send().await;
        assert_eq!(reply.status, 200);
        let expected = json!({
            "id": "rehearsal",
            "title": "Rehearsal",
            "time_zone": "Europe/Berlin",
            "seats_max": 4,
            "hold_ttl_s": 480,
            "tranches": [
                {"index": 0, "opens_at": "2021-06-14T06:00:00.000Z", "places": 33},
                {"index": 1, "opens_at": "2021-06-14T09:00:00.000Z", "places": 22},
            ],
            "sites": [
                {"id": "north", "name": "Parkplatz north", "address": "Hasenpfühlerweide 1, 67346 Speyer"},
                {"id": "south", "name": "Parkplatz south", "address": "Hasenpfühlerweide 1, 67346 Speyer"},
            ],
            "waitlist_places": 5,
            "waitlist": {
                "places": 5, "stops_at": "2021-06-15T06:00:00.000Z", "offer_ttl_minutes": 60,
            },
            "closes_at": "2021-06-15T06:00:00.000Z",
            "municipalities": [{"postcode": "67346", "ags": "07318000", "name": "Speyer"}],
            "rules": [],
            "declarations": [],
        });
        assert_eq!(reply.json, expected);
    }

    #[actix_web::test]
    async fn says_what_it_asks_of_people() {
        let mut campaign = scene::campaign();
        let of = DeclarationVersion { id: "residence".parse().expect("a name"), version: 2 };
        let (text_de, text_en) = ("Ich wohne hier.".to_owned(), "I live here.".to_owned());
        campaign.eligibility = Eligibility {
            rules: vec![Rule::BornUntil { day: "1961-06-20".parse().expect("a day") }],
            declarations: vec![Declaration { of, required: true, text_de, text_en }],
        };
        let api = Api::start_with(&CampaignPlan::new(campaign).expect("a plan")).await;
        let path = "/v1/campaigns/rehearsal";
        let shown = api.get(path).header("accept-language", "de").send().await;
        let text = "Geboren am 20.06.1961 oder früher";
        let rules = json!([{"rule": "born_until", "text": text, "day": "1961-06-20"}]);
        assert_eq!(shown.json["rules"], rules);
        let text =
            |text: &str| json!([{"id": "residence", "version": 2, "required": true, "text": text}]);
        assert_eq!(shown.json["declarations"], text("Ich wohne hier."));
        let shown = api.get(path).send().await;
        assert_eq!(shown.json["declarations"], text("I live here."));
    }

    #[actix_web::test]
    async fn an_unknown_campaign_is_not_found() {
        let api = Api::start().await;
        for path in ["/v1/campaigns/elsewhere", "/v1/campaigns/Not%20a%20name"] {
            let reply = api.get(path).send().await;
            assert_eq!((reply.status, reply.code()), (404, "campaign-not-found"), "{path}");
        }
    }
}
