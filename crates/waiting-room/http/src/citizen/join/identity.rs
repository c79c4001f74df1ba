//! Who joins, where a room asks for it.

use pass::IdentityKind;
use serde::Deserialize;
use utoipa::ToSchema;
use waiting_room::service::GivenIdentity;
use waiting_room::service::outcome::IdentityMistake;
use web::{Code, Mistake, Problem};

/// Who joins: names and date of birth, or the e-mail address, as the room's `identity` says. It is turned
/// into the ticket's subject at once and not kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Given name or names.
    #[schema(nullable = false, min_length = 1, max_length = 100, example = "Erika")]
    given_name: Option<String>,
    /// Family name.
    #[schema(nullable = false, min_length = 1, max_length = 100, example = "Mustermann")]
    family_name: Option<String>,
    /// The date of birth.
    #[schema(nullable = false, format = Date, example = "1964-08-12")]
    date_of_birth: Option<String>,
    /// The e-mail address, and nothing else with it.
    #[schema(nullable = false, format = Email, max_length = 254, example = "erika@example.org")]
    email: Option<String>,
}

impl Identity {
    /// What the fields make up, `None` if there are none. Every field that is missing is named.
    pub(super) fn given(self) -> Result<Option<GivenIdentity>, Problem> {
        let Self { given_name, family_name, date_of_birth, email } = self;
        match (given_name, family_name, date_of_birth, email) {
            (None, None, None, None) => Ok(None),
            (None, None, None, Some(email)) => Ok(Some(GivenIdentity::Email(email))),
            (Some(given_name), Some(family_name), Some(date_of_birth), None) => {
                Ok(Some(GivenIdentity::Person { given_name, family_name, date_of_birth }))
            }
            (given_name, family_name, date_of_birth, None) => Err(missing([
                ("identity.given_name", given_name.is_none()),
                ("identity.family_name", family_name.is_none()),
                ("identity.date_of_birth", date_of_birth.is_none()),
            ])),
            (_, _, _, Some(_)) => {
                Err(Problem::new(Code::InvalidRequest).field("identity.email", Mistake::Exclusive))
            }
        }
    }
}

fn missing(fields: [(&'static str, bool); 3]) -> Problem {
    let missing = fields.into_iter().filter(|(_, is_missing)| *is_missing);
    missing.fold(Problem::new(Code::InvalidRequest), |problem, (field, _)| {
        problem.field(field, Mistake::Missing)
    })
}

/// The room asks for something else than was given.
pub(super) fn required(kind: IdentityKind) -> Problem {
    match kind {
        IdentityKind::Person | IdentityKind::Email => {
            Problem::new(Code::IdentityRequired).with("asks_for", kind.as_str())
        }
        IdentityKind::None => {
            Problem::new(Code::InvalidRequest).field("identity", Mistake::Unwanted)
        }
    }
}

/// What was given cannot be right.
pub(super) fn mistaken(mistakes: &[IdentityMistake]) -> Problem {
    mistakes.iter().fold(Problem::new(Code::InvalidRequest), |problem, mistake| {
        let (field, why) = match mistake {
            IdentityMistake::GivenName(why) => ("identity.given_name", why),
            IdentityMistake::FamilyName(why) => ("identity.family_name", why),
            IdentityMistake::DateOfBirth(why) => ("identity.date_of_birth", why),
            IdentityMistake::Email(why) => ("identity.email", why),
        };
        problem.field(field, *why)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use pass::identity::spellings::{OTHERS, PERSON, SAME};
    use serde_json::json;
    use web::test_client::{Call, Reply};

    use crate::harness::{Harness, JOIN_SPEYER, bearer, snapshot};

    fn join(harness: &Harness, room: &str, identity: &serde_json::Value) -> Call {
        let body = json!({"residence": {"postcode": "67346"}, "identity": identity});
        harness.post(&format!("/v1/rooms/{room}/tickets"), &body.to_string())
    }

    fn erika() -> serde_json::Value {
        json!({"given_name": "Erika", "family_name": "Mustermann", "date_of_birth": "1964-08-12"})
    }

    async fn fields(harness: &Harness, room: &str, identity: serde_json::Value) -> Vec<String> {
        let reply = join(harness, room, &identity).send().await;
        assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{reply}");
        reply.fields().into_iter().map(str::to_owned).collect()
    }

    #[actix_web::test]
    async fn a_room_that_asks_takes_whoever_says_who_they_are() {
        let harness = Harness::start().await;
        assert_eq!(join(&harness, "people", &erika()).send().await.status, 201);
        let address = json!({"email": "erika@example.org"});
        assert_eq!(join(&harness, "mailboxes", &address).send().await.status, 201);
    }

    #[actix_web::test]
    async fn what_the_room_asks_for_is_named_in_both_languages() {
        let harness = Harness::start().await;
        let nobody = || harness.post("/v1/rooms/people/tickets", JOIN_SPEYER);
        insta::assert_snapshot!(snapshot(&nobody().send().await), @r#"
        422 {
          "asks_for": "person",
          "code": "identity-required",
          "detail": "This waiting room needs what is listed under asks_for. The place is drawn for you, and only you can book with it.",
          "request_id": "<id>",
          "status": 422,
          "title": "Please say who you are",
          "type": "/problems/identity-required"
        }
        "#);
        let german = nobody().header("accept-language", "de");
        insta::assert_snapshot!(snapshot(&german.send().await), @r#"
        422 {
          "asks_for": "person",
          "code": "identity-required",
          "detail": "Dieser Warteraum braucht die Angaben, die unter asks_for stehen. Der Platz wird für Sie gelost, und nur Sie können damit buchen.",
          "request_id": "<id>",
          "status": 422,
          "title": "Bitte sagen Sie, wer Sie sind",
          "type": "/problems/identity-required"
        }
        "#);
        let asks_for = |reply: Reply| reply.json["asks_for"].clone();
        let address = join(&harness, "people", &json!({"email": "erika@example.org"}));
        assert_eq!(asks_for(address.send().await), "person");
        assert_eq!(asks_for(join(&harness, "mailboxes", &erika()).send().await), "email");
        assert_eq!(asks_for(join(&harness, "mailboxes", &json!({})).send().await), "email");
    }

    #[actix_web::test]
    async fn every_missing_field_is_named_and_so_is_what_is_too_much() {
        let harness = Harness::start().await;
        let family_name = json!({"family_name": "Mustermann"});
        assert_eq!(
            fields(&harness, "people", family_name).await,
            ["identity.given_name", "identity.date_of_birth"]
        );
        let names = json!({"given_name": "Erika", "family_name": "Mustermann"});
        assert_eq!(fields(&harness, "people", names).await, ["identity.date_of_birth"]);
        let mut both = erika();
        both["email"] = "erika@example.org".into();
        assert_eq!(fields(&harness, "people", both.clone()).await, ["identity.email"]);
        assert_eq!(fields(&harness, "mailboxes", both).await, ["identity.email"]);
        let mut unknown = erika();
        unknown["phone"] = "0".into();
        assert_eq!(fields(&harness, "people", unknown).await, ["identity.phone"]);
    }

    #[actix_web::test]
    async fn every_mistake_is_named_in_both_languages() {
        let harness = Harness::start().await;
        let nonsense = json!({"given_name": "…", "family_name": "", "date_of_birth": "12.8.1964"});
        insta::assert_json_snapshot!(
            join(&harness, "people", &nonsense).send().await.json["errors"],
            @r#"
        [
          {
            "code": "wrong-character",
            "detail": "this contains a character that cannot be part of it",
            "field": "identity.given_name"
          },
          {
            "code": "empty",
            "detail": "please fill this in",
            "field": "identity.family_name"
          },
          {
            "code": "wrong-form",
            "detail": "expected in the form YYYY-MM-DD",
            "field": "identity.date_of_birth"
          }
        ]
        "#
        );
        let german = join(&harness, "people", &nonsense).header("accept-language", "de");
        insta::assert_json_snapshot!(german.send().await.json["errors"], @r#"
        [
          {
            "code": "wrong-character",
            "detail": "darin ist ein Zeichen, das nicht dazugehören kann",
            "field": "identity.given_name"
          },
          {
            "code": "empty",
            "detail": "bitte ausfüllen",
            "field": "identity.family_name"
          },
          {
            "code": "wrong-form",
            "detail": "erwartet in der Form JJJJ-MM-TT",
            "field": "identity.date_of_birth"
          }
        ]
        "#);
        let mut unborn = erika();
        unborn["date_of_birth"] = "2021-06-15".into();
        assert_eq!(fields(&harness, "people", unborn).await, ["identity.date_of_birth"]);
        let mut never = erika();
        never["date_of_birth"] = "1964-02-30".into();
        assert_eq!(fields(&harness, "people", never).await, ["identity.date_of_birth"]);
        let mut mixed = erika();
        mixed["given_name"] = "Еrika".into();
        assert_eq!(fields(&harness, "people", mixed).await, ["identity.given_name"]);
        for no_address in ["erika", "erika@home@example.org"] {
            let no_address = json!({"email": no_address});
            assert_eq!(fields(&harness, "mailboxes", no_address).await, ["identity.email"]);
        }
    }

    #[actix_web::test]
    async fn a_room_that_does_not_ask_does_not_want_to_know() {
        let harness = Harness::start().await;
        assert_eq!(fields(&harness, "town", erika()).await, ["identity"]);
        assert_eq!(join(&harness, "town", &json!({})).send().await.status, 201);
    }

    /// P17: whoever joins under another spelling is the same person, or is asked to write it otherwise.
    #[actix_web::test]
    async fn a_person_has_one_subject_under_every_spelling() {
        let harness = Harness::start().await;
        let join_as = async |(given_name, family_name): (&str, &str)| {
            let identity = json!({
                "given_name": given_name, "family_name": family_name, "date_of_birth": "1980-02-29",
            });
            join(&harness, "people", &identity).send().await
        };
        let subject = join_as(PERSON).await.json["subject"].clone();
        for spelling in SAME {
            let reply = join_as(*spelling).await;
            match reply.status {
                400 => assert_eq!(reply.code(), "invalid-request", "{spelling:?}"),
                _ => assert_eq!(reply.json["subject"], subject, "{spelling:?}"),
            }
        }
        for other in OTHERS {
            assert_ne!(join_as(*other).await.json["subject"], subject, "{other:?}");
        }
    }

    /// P9, P17: further tickets of a person draw the same lot and get the same pass.
    #[actix_web::test]
    async fn a_person_with_two_tickets_gets_one_pass() {
        let harness = Harness::start().await;
        let first = join(&harness, "people", &erika()).send().await;
        let shouted = json!({
            "given_name": " ERIKA", "family_name": "mustermann", "date_of_birth": "1964-08-12",
        });
        let second = join(&harness, "people", &shouted).send().await;
        assert_eq!((&first.json["entry"], &second.json["entry"]), (&0.into(), &1.into()));
        assert_ne!(first.json["ticket"], second.json["ticket"]);
        assert_eq!(first.json["subject"], second.json["subject"]);
        harness.at(0).await;
        let redeem = async |ticket: &str| {
            let request = harness.request(&Method::POST, "/v1/rooms/people/passes");
            request.header("authorization", ticket).send().await
        };
        let pass = redeem(&bearer(&first)).await;
        let same = redeem(&bearer(&second)).await;
        assert_eq!((pass.status, same.status), (201, 201));
        assert_eq!(pass.json["pass"], same.json["pass"]);
        harness.at(901).await;
        for ticket in [bearer(&first), bearer(&second)] {
            assert_eq!(redeem(&ticket).await.code(), "pass-used");
        }
    }
}
