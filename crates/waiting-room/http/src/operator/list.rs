//! `GET /v1/operator/rooms`: the rooms that somebody runs, or looks after.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waiting_room::RoomId;
use waiting_room::view::RoomView;
use web::{Problem, Query, reply};

use super::paging;
use crate::app::App;
use crate::citizen::status::{RoomPhase, Texts};
use crate::member::{Member, Readers};

/// Which of the rooms.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// The rooms behind this name, as `next` of the page before says.
    #[param(pattern = "^[a-z0-9-]{1,64}$", example = "speyer-2021-06-20")]
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, example = 50)]
    limit: Option<u32>,
}

/// A page of the rooms, by their names.
#[derive(Serialize, ToSchema)]
struct OperatedRooms {
    rooms: Vec<RoomInList>,
    /// What `after` is for the next page; null on the last.
    #[schema(required = true, example = "speyer-2021-06-20")]
    next: Option<String>,
}

/// A room in the list.
#[derive(Serialize, ToSchema)]
struct RoomInList {
    /// The name of the room, which is its campaign's.
    #[schema(example = "speyer-2021-06-20")]
    room: String,
    /// The title of the campaign.
    title: Texts,
    /// What the room does at the moment.
    phase: RoomPhase,
    /// Which line of this name it is.
    #[schema(example = 1)]
    incarnation: u32,
    /// The version of its levers.
    #[schema(example = 3)]
    version: u64,
    /// How many people wait, in all lanes.
    #[schema(example = 20_000)]
    waiting: u64,
    /// How many have a living pass.
    #[schema(example = 187)]
    present: u32,
}

impl From<&RoomView> for RoomInList {
    fn from(view: &RoomView) -> Self {
        let settings = &view.settings;
        Self {
            room: settings.room.to_string(),
            title: Texts::title(settings),
            phase: view.phase.into(),
            incarnation: settings.incarnation,
            version: view.state.memory.live.version,
            waiting: view.people_waiting(),
            present: view.state.active,
        }
    }
}

web::problem_responses!(
    /// What the list can be refused with.
    ListProblems of Member<Readers>, Query<Page>:
        InvalidRequest
);

/// List the rooms.
///
/// Those that this instance serves and for which the token is, from memory. For operators and auditors.
#[utoipa::path(
    tag = "operator",
    params(Page),
    security(("staff" = [])),
    responses((status = 200, description = "A page of them.", body = OperatedRooms), ListProblems),
)]
#[get("/v1/operator/rooms")]
pub(crate) async fn list_operated_rooms(
    app: Data<App>,
    member: Member<Readers>,
    Query(Page { after, limit }): Query<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = paging::limit(limit)?;
    let after: Option<RoomId> = paging::start("after", after, "speyer-2021-06-20")?;
    let is_behind = |room: &RoomId| after.as_ref().is_none_or(|after| room > after);
    let mut views = app.rooms.views();
    views.retain(|view| {
        let room = &view.settings.room;
        is_behind(room) && member.ensure_for(room).is_ok()
    });
    views.sort_unstable_by(|one, other| one.settings.room.cmp(&other.settings.room));
    let next = views.get(limit - 1).filter(|_| views.len() > limit);
    let next = next.map(|last| last.settings.room.to_string());
    let rooms = views.iter().take(limit).map(|view| RoomInList::from(&**view)).collect();
    Ok(reply::private(StatusCode::OK, &OperatedRooms { rooms, next }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use staff::Role;
    use web::test_client::Reply;

    use crate::harness::{Harness, snapshot, token_of};

    async fn list(harness: &Harness, query: &str) -> Reply {
        let token = token_of(&[Role::Auditor]);
        harness.get(&format!("/v1/operator/rooms{query}")).bearer(&token).send().await
    }

    fn names(reply: &Reply) -> Vec<&str> {
        let rooms = reply.json["rooms"].as_array().expect("a list").iter();
        rooms.filter_map(|room| room["room"].as_str()).collect()
    }

    #[actix_web::test]
    async fn rooms_are_listed_page_by_page() {
        let harness = Harness::start().await;
        let all = list(&harness, "").await;
        assert_eq!(names(&all), ["mailboxes", "people", "town", "village"]);
        assert_eq!(all.json["next"], Value::Null);
        let first = list(&harness, "?limit=3").await;
        assert_eq!(names(&first), ["mailboxes", "people", "town"]);
        assert_eq!(first.json["next"], json!("town"));
        let second = list(&harness, "?limit=3&after=town").await;
        assert_eq!((names(&second), &second.json["next"]), (vec!["village"], &Value::Null));
        let whole = list(&harness, "?limit=4").await;
        assert_eq!(whole.json["next"], Value::Null, "nothing is behind the last");
    }

    #[actix_web::test]
    async fn a_room_is_listed_with_how_it_stands() {
        let harness = Harness::start().await;
        harness.crowd(3).await;
        harness.renew().await;
        let reply = list(&harness, "?after=people&limit=1").await;
        insta::assert_snapshot!(snapshot(&reply), @r#"
        200 {
          "next": "town",
          "rooms": [
            {
              "incarnation": 1,
              "phase": "gathering",
              "present": 0,
              "room": "town",
              "title": {
                "de": "Probe",
                "en": "Test"
              },
              "version": 0,
              "waiting": 3
            }
          ]
        }
        "#);
    }

    #[actix_web::test]
    async fn what_is_no_page_is_refused() {
        let harness = Harness::start().await;
        for (query, field) in [
            ("?limit=0", "limit"),
            ("?limit=201", "limit"),
            ("?limit=x", "limit"),
            ("?after=A%20B", "after"),
            ("?colour=red", "colour"),
        ] {
            let reply = list(&harness, query).await;
            assert_eq!((reply.code(), reply.fields()), ("invalid-request", vec![field]), "{query}");
        }
    }
}
