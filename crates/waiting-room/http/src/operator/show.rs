//! `GET /v1/operator/rooms/{room}`: a room with its levers, and how it goes.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use web::Problem;

use super::wire::{OperatedRoom, operated};
use crate::app::App;
use crate::member::{Member, Readers};
use crate::refusal::{self, RoomInPath};

web::problem_responses!(
    /// What looking at a room can be refused with.
    ShowProblems of RoomInPath, Member<Readers>:
        RoomNotFound
);

/// Look at a room.
///
/// Read from the store at this moment; while the store is away, what is known of it, as `read_ago_s` says. The
/// `ETag` is that of the levers, for the `If-Match` of a change; the figures move without it. For operators
/// and auditors.
#[utoipa::path(
    tag = "operator",
    params(RoomInPath),
    security(("staff" = [])),
    responses(
        (
            status = 200,
            description = "The room.",
            body = OperatedRoom,
            headers(
                ("Cache-Control" = String, description = "`no-store`"),
                ("ETag" = String, description = "Changes with the levers, and with them alone."),
            ),
        ),
        ShowProblems,
    ),
)]
#[get("/v1/operator/rooms/{room}")]
pub(crate) async fn show_operated_room(
    app: Data<App>,
    room: RoomInPath,
    _member: Member<Readers>,
) -> Result<HttpResponse, Problem> {
    let look = app.rooms.look(room.name()).await.map_err(refusal::problem)?;
    Ok(operated(&look))
}

#[cfg(test)]
mod tests {
    use staff::Role;

    use crate::harness::{Harness, shown, token_of};

    const TOWN: &str = "/v1/operator/rooms/town";

    #[actix_web::test]
    async fn a_room_is_shown_as_it_is_now() {
        let harness = Harness::start().await;
        let token = token_of(&[Role::Auditor]);
        let reply = harness.get(TOWN).bearer(&token).send().await;
        assert_eq!((reply.header("etag"), reply.header("cache-control")), ("\"1.0\"", "no-store"));
        let lane = &reply.json["lanes"]["public"];
        assert_eq!((&lane["entered"], &lane["gathering"]), (&0.into(), &0.into()));
        harness.admitted().await;
        harness.report(7).await;
        harness.crowd(3).await;
        let reply = harness.get(TOWN).bearer(&token).send().await;
        insta::assert_snapshot!(format!("{:#}", shown(&reply.json)), @r#"
        {
          "epoch": 1623646400,
          "incarnation": 1,
          "lanes": {
            "hotline": {
              "called": 0,
              "entered": 0,
              "gathering": 0,
              "in_line": 0
            },
            "priority": {
              "called": 0,
              "entered": 0,
              "gathering": 0,
              "in_line": 0
            },
            "public": {
              "called": 4,
              "entered": 4,
              "gathering": 0,
              "in_line": 0
            }
          },
          "levers": {
            "burst": 10,
            "closed": false,
            "max_active": 5,
            "message": null,
            "pace_per_minute": 60,
            "paused": false,
            "shares": {
              "hotline": 0,
              "priority": 0,
              "public": 100
            },
            "version": 0
          },
          "now": "<time>",
          "openings": [
            {
              "held": false,
              "index": 0,
              "is_over": true,
              "opens_at": "2021-06-14T06:00:00.000Z",
              "planned_at": "2021-06-14T06:00:00.000Z"
            },
            {
              "held": false,
              "index": 1,
              "is_over": false,
              "opens_at": "2021-06-14T07:00:00.000Z",
              "planned_at": "2021-06-14T07:00:00.000Z"
            }
          ],
          "phase": "open",
          "read_ago_s": 0,
          "report": {
            "age_s": 0,
            "counted_at": "2021-06-14T06:00:10.000Z",
            "held_passes": 0,
            "held_seats": 0,
            "places_left": 7,
            "queue_depth": 0
          },
          "room": "town",
          "seats": {
            "allowed": 5,
            "used": 4
          },
          "title": {
            "de": "Probe",
            "en": "Test"
          }
        }
        "#);
    }

    /// P13: an operator sees how the room stood, and when that was.
    #[actix_web::test]
    async fn while_the_store_is_away_the_last_reading_is_shown() {
        let harness = Harness::start().await;
        let token = token_of(&[Role::Operator]);
        harness.crowd(2).await;
        harness.renew().await;
        harness.store.set_down(true);
        let reply = harness.get(TOWN).bearer(&token).send().await;
        assert_eq!(reply.status, 200, "{reply}");
        assert_eq!(reply.json["lanes"]["public"]["entered"], 2);
        let unknown = harness.get("/v1/operator/rooms/nowhere").bearer(&token).send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "room-not-found"));
    }
}
