//! `GET /v1/operator/rooms/{room}/audit`: what operators did to a room, newest first.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use waiting_room::audit::{Record, RecordId, Wanted, What};
use web::{Problem, Query, reply};

use super::paging;
use crate::app::App;
use crate::member::{Member, Readers};
use crate::refusal::{self, RoomInPath};

/// Which of the records.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// Those before the record with this id, as `next` of the page before says.
    #[param(pattern = "^[0-9]{1,19}-[0-9]{1,19}$", example = "1623650400000-0")]
    before: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, example = 50)]
    limit: Option<u32>,
}

/// A page of the records, newest first.
#[derive(Serialize, ToSchema)]
struct AuditRecords {
    records: Vec<AuditRecord>,
    /// What `before` is for the next page; null on the last.
    #[schema(required = true, example = "1623650400000-0")]
    next: Option<String>,
}

/// What was done to a room.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditRecord {
    /// Its id; later ones are behind it.
    #[schema(example = "1623650400000-0", pattern = "^[0-9]+-[0-9]+$")]
    id: String,
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:00.000Z")]
    at: Timestamp,
    /// Who: the subject of the token; `cli:` and a name where a command was typed; `start` for a service that makes
    /// its rooms itself.
    #[schema(example = "erika")]
    who: String,
    /// What was done.
    what: Done,
    /// What is different now, as it was; null where there was nothing.
    #[schema(required = true, value_type = Option<Object>, example = json!({"version": 3, "paused": false}))]
    before: Value,
    /// What is different now, as it is; null where there is nothing.
    #[schema(required = true, value_type = Option<Object>, example = json!({"version": 4, "paused": true}))]
    after: Value,
    /// Why, in the words of whoever did it; null where nothing was said.
    #[schema(required = true, example = "The booking system is slow.")]
    why: Option<String>,
}

/// What was done: `levers` were moved, the room was `created` or a new line begun in it, it was `removed`, or the
/// public `entropy` of a draw was supplied.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Done {
    Levers,
    Created,
    Removed,
    Entropy,
    Other,
}

impl From<What> for Done {
    fn from(what: What) -> Self {
        match what {
            What::Levers => Self::Levers,
            What::Created => Self::Created,
            What::Removed => Self::Removed,
            What::Entropy => Self::Entropy,
            What::Other => Self::Other,
        }
    }
}

impl From<Record> for AuditRecord {
    fn from(Record { id, at, deed }: Record) -> Self {
        Self {
            id: id.to_string(),
            at,
            who: deed.who,
            what: deed.what.into(),
            before: deed.before,
            after: deed.after,
            why: deed.why,
        }
    }
}

web::problem_responses!(
    /// What reading the records can be refused with.
    AuditProblems of RoomInPath, Member<Readers>, Query<Page>:
        Unavailable
);

/// Read what was done to a room.
///
/// About the newest 10,000 records are kept, also when the room is removed. For operators and auditors.
#[utoipa::path(
    tag = "operator",
    params(RoomInPath, Page),
    security(("staff" = [])),
    responses((status = 200, description = "A page of them.", body = AuditRecords), AuditProblems),
)]
#[get("/v1/operator/rooms/{room}/audit")]
pub(crate) async fn list_audit_records(
    app: Data<App>,
    room: RoomInPath,
    _member: Member<Readers>,
    Query(Page { before, limit }): Query<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = paging::limit(limit)?;
    let before: Option<RecordId> = paging::start("before", before, "1623650400000-0")?;
    let records = app.rooms.audit(room.name(), Wanted::Before(before), limit + 1).await;
    let mut records = records.map_err(refusal::problem)?;
    let has_more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| has_more).map(|last| last.id.to_string());
    let records = records.into_iter().map(AuditRecord::from).collect();
    Ok(reply::private(StatusCode::OK, &AuditRecords { records, next }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use staff::Role;
    use waiting_room::live::LiveChange;
    use web::test_client::Reply;

    use crate::harness::{Harness, shown, token_of};

    async fn read(harness: &Harness, query: &str) -> Reply {
        let token = token_of(&[Role::Auditor]);
        harness.get(&format!("/v1/operator/rooms/town/audit{query}")).bearer(&token).send().await
    }

    #[actix_web::test]
    async fn records_are_read_page_by_page() {
        let harness = Harness::start().await;
        for burst in [3, 4] {
            harness.set(LiveChange { burst: Some(burst), ..LiveChange::default() }).await;
        }
        let all = read(&harness, "").await;
        insta::assert_snapshot!(format!("{:#}", shown(&all.json["records"][0])), @r#"
        {
          "after": {
            "burst": 4,
            "version": 2
          },
          "at": "2021-06-14T05:59:00.000Z",
          "before": {
            "burst": 3,
            "version": 1
          },
          "id": "1623650340000-1",
          "what": "levers",
          "who": "erika",
          "why": "a test – „ä“"
        }
        "#);
        let first = read(&harness, "?limit=2").await;
        let next = first.json["next"].as_str().expect("there is more");
        let second = read(&harness, &format!("?limit=2&before={next}")).await;
        assert_eq!(
            (&second.json["records"][0]["what"], &second.json["next"]),
            (&json!("created"), &Value::Null)
        );
    }

    /// What was done to a room can be read when the room is gone; of one that never was there is nothing.
    #[actix_web::test]
    async fn records_outlive_their_room() {
        let harness = Harness::start().await;
        harness.remove().await;
        let reply = read(&harness, "").await;
        assert_eq!(reply.json["records"][0]["what"], "removed", "{reply}");
        let token = token_of(&[Role::Auditor]);
        let unknown = harness.get("/v1/operator/rooms/nowhere/audit").bearer(&token).send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "room-not-found"));
    }

    #[actix_web::test]
    async fn what_is_no_page_is_refused() {
        let harness = Harness::start().await;
        for (query, field) in [("?limit=0", "limit"), ("?before=x", "before"), ("?a=b", "a")] {
            let reply = read(&harness, query).await;
            assert_eq!((reply.code(), reply.fields()), ("invalid-request", vec![field]), "{query}");
        }
        harness.store.set_down(true);
        assert_eq!(read(&harness, "").await.code(), "unavailable");
    }
}
