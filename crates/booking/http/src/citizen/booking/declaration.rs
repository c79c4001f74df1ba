//! What somebody declares with a booking.

use booking::{DeclarationVersion, Declared, Eligibility};
use kernel::{Slug, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::person::LanguageBody;

/// A text of the campaign that the person was shown and agrees to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDeclaration {
    #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "residence")]
    id: Slug,
    /// The version of the text that was shown.
    #[schema(minimum = 1, example = 1)]
    version: u32,
    /// The language in which it was shown.
    language: LanguageBody,
}

/// All that one person declares.
#[derive(Default, Deserialize, ToSchema)]
#[serde(try_from = "Vec<NewDeclaration>")]
#[schema(value_type = Vec<NewDeclaration>, max_items = 20, example = json!([]))]
pub(super) struct NewDeclarations(Vec<NewDeclaration>);

impl TryFrom<Vec<NewDeclaration>> for NewDeclarations {
    type Error = &'static str;

    fn try_from(declarations: Vec<NewDeclaration>) -> Result<Self, Self::Error> {
        let fits = declarations.len() <= Eligibility::DECLARATIONS_MAX;
        fits.then_some(Self(declarations)).ok_or("too many declarations")
    }
}

impl NewDeclarations {
    pub(super) fn made_at(self, at: Timestamp) -> Vec<Declared> {
        let declared = self.0.into_iter().map(|made| Declared {
            of: DeclarationVersion { id: made.id, version: made.version },
            language: made.language.into(),
            at,
        });
        declared.collect()
    }
}

/// What was declared with a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = Declared)]
pub(crate) struct DeclaredBody<'a> {
    #[schema(value_type = String, example = "residence")]
    id: &'a Slug,
    /// The version of the text.
    #[schema(minimum = 1, example = 1)]
    version: u32,
    /// The language in which it was shown.
    language: LanguageBody,
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:02:41.118Z")]
    declared_at: Timestamp,
}

impl<'a> From<&'a Declared> for DeclaredBody<'a> {
    fn from(declared: &'a Declared) -> Self {
        Self {
            id: &declared.of.id,
            version: declared.of.version,
            language: declared.language.into(),
            declared_at: declared.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use booking::contract::scene;
    use booking::{CampaignPlan, Declaration, DeclarationVersion, Eligibility, Rule};
    use serde_json::{Value, json};

    use crate::harness::{Api, person};

    /// A campaign for people of 41 at least who declare where they live.
    async fn api() -> Api {
        let mut campaign = scene::campaign();
        let of = DeclarationVersion { id: "residence".parse().expect("a name"), version: 2 };
        let (text_de, text_en) = ("Ich wohne hier.".to_owned(), "I live here.".to_owned());
        campaign.eligibility = Eligibility {
            rules: vec![Rule::AgeMin { years: 41, on: "2021-06-20".parse().expect("a day") }],
            declarations: vec![Declaration { of, required: true, text_de, text_en }],
        };
        let plan = CampaignPlan::new(campaign).expect("a plan");
        Api::start_with(&plan).await
    }

    fn declaring(name: &str, born: &str, declarations: Value) -> Value {
        let mut person = person(name);
        person["date_of_birth"] = born.into();
        person["declarations"] = declarations;
        json!({"slot": "c", "person": person})
    }

    #[actix_web::test]
    async fn what_was_declared_is_shown_with_the_booking() {
        let api = api().await;
        let declared = json!([{"id": "residence", "version": 2, "language": "de"}]);
        let book = |body: &Value, key: &str| api.book_slot("c", "x", key).json(body);
        let body = declaring("Anna", "1980-06-20", declared.clone());
        let booked = book(&body, "k1").send().await;
        assert_eq!(booked.status, 201, "{booked}");
        assert_eq!(book(&body, "k1").send().await.json, booked.json, "the same reply");
        let token = booked.json["manage_token"].as_str().expect("a token");
        let shown = api.get(booked.header("location")).bearer(token).send().await;
        let mut expected = declared;
        expected[0]["declared_at"] = "2021-06-14T06:00:00.000Z".into();
        assert_eq!(shown.json["declarations"], expected);

        let other = declaring("Anna", "1980-06-20", json!([]));
        let reused = book(&other, "k1").send().await;
        assert_eq!((reused.status, reused.code()), (422, "idempotency-key-reused"));
    }

    #[actix_web::test]
    async fn what_is_missing_or_not_met_is_named() {
        let api = api().await;
        let declared = json!([{"id": "residence", "version": 1, "language": "de"}]);
        let book = async |born: &str, declarations: &Value, key: &str| {
            let body = declaring("Anna", born, declarations.clone());
            api.book_slot("c", "x", key).json(&body).send().await
        };
        for made in [&json!([]), &declared] {
            let reply = book("1980-06-20", made, "k1").await;
            assert_eq!((reply.status, reply.code()), (422, "declaration-missing"));
            assert_eq!(reply.json["declarations"], json!([{"id": "residence", "version": 2}]));
        }
        let reply = book("1980-06-21", &declared, "k2").await;
        assert_eq!((reply.status, reply.code()), (403, "not-eligible"));
        assert_eq!(reply.json["rule"], "age_min");
        let stranger = api.pass_of("07332025", "rehearsal");
        let reply = api.book_slot("c", "Anna", "k3").bearer(&stranger).send().await;
        assert_eq!((reply.code(), &reply.json["rule"]), ("not-eligible", &json!("residence")));

        let held = api.hold("c", 2, "k4").send().await;
        let id = held.json["id"].as_str().expect("an id");
        let reply = api.book_group(id, &["Anna", "Berta"], "k5").send().await;
        assert_eq!((reply.status, reply.code()), (422, "declaration-missing"));
        assert_eq!(reply.json["errors"][0]["field"], "persons[0]");

        let many: Vec<Value> = vec![declared[0].clone(); 21];
        let reply = book("1980-06-20", &many.into(), "k6").await;
        assert_eq!((reply.status, reply.fields()), (400, vec!["person.declarations"]));
    }
}
