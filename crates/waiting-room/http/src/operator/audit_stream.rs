//! `GET /v1/operator/rooms/{room}/audit/stream`: what operators do to a room, as they do it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};
use waiting_room::audit::{Record, RecordId, Wanted};
use web::streams::event_stream;
use web::{Code, Problem};

use super::audit::AuditRecord;
use crate::app::App;
use crate::member::{Member, Readers};
use crate::refusal::{self, RoomInPath};

/// How many follow records at once: far more than a town hall has operators. Citizens take none of these seats.
pub(crate) const STREAMS_MAX: usize = 64;
/// How many records are told at once.
const RECORDS_MAX: usize = 100;
/// How often the store is asked, for each who follows.
const EVERY: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1_000 });
/// After so many looks without news it is said that the stream is there.
const QUIET_MAX: u32 = 15;
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
const GREETING: Bytes = Bytes::from_static(b"retry: 3000\n\n");

web::problem_responses!(
    /// What following the records can be refused with.
    StreamProblems of RoomInPath, Member<Readers>:
        TooManyStreams, Unavailable
);

/// Follow what is done to a room.
///
/// Server-sent events: each `record` has one as its data, as the list of them does, and its id. Who comes back with
/// `Last-Event-ID` is told what they missed, as far as it is kept; who comes first is told from then on. For operators
/// and auditors.
#[utoipa::path(
    tag = "operator",
    params(
        RoomInPath,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last record that arrived.", example = "1623650400000-0"),
    ),
    security(("staff" = [])),
    responses((status = 200, description = "The stream, which ends when the service stops.", content_type = "text/event-stream"), StreamProblems),
)]
#[get("/v1/operator/rooms/{room}/audit/stream")]
pub(crate) async fn stream_audit_records(
    app: Data<App>,
    room: RoomInPath,
    _member: Member<Readers>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    if app.drain.is_draining() {
        return Err(Problem::new(Code::Unavailable));
    }
    let seat = Arc::clone(&app.audit_seats).try_acquire_owned();
    let seat = seat.map_err(|_| Problem::new(Code::TooManyStreams))?;
    let room = room.name().to_owned();
    let newest = app.rooms.audit(&room, Wanted::Before(None), 1).await;
    let newest = newest.map_err(refusal::problem)?.pop().map(|record| record.id);
    let mut looks = interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let last = last_event_id(&request).or(newest);
    let follower =
        Follower { app, room, last, looks, quiet: 0, greeting: Some(GREETING), _seat: seat };
    let events = unfold(follower, |mut follower| async {
        let bytes = follower.next().await?;
        Some((Ok::<Bytes, Infallible>(bytes), follower))
    });
    Ok(event_stream().streaming(events))
}

fn last_event_id(request: &HttpRequest) -> Option<RecordId> {
    request.headers().get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// Somebody who follows the records of a room.
struct Follower {
    app: Data<App>,
    room: String,
    last: Option<RecordId>,
    looks: Interval,
    /// Looks since something was said.
    quiet: u32,
    greeting: Option<Bytes>,
    _seat: OwnedSemaphorePermit,
}

impl Follower {
    /// What is sent next; `None` ends the stream. While the store is away there is nothing to tell.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            self.looks.tick().await;
            // What was written before the service began to stop is told.
            let is_over = self.app.drain.is_draining();
            let wanted = Wanted::After(self.last);
            let records = self.app.rooms.audit(&self.room, wanted, RECORDS_MAX).await;
            let records = records.unwrap_or_default();
            if let Some(newest) = records.last() {
                (self.last, self.quiet) = (Some(newest.id), 0);
                let frames: Vec<Vec<u8>> = records.into_iter().map(frame).collect();
                return Some(frames.concat().into());
            }
            if is_over {
                return None;
            }
            self.quiet += 1;
            if self.quiet >= QUIET_MAX {
                self.quiet = 0;
                return Some(COMMENT);
            }
        }
    }
}

fn frame(record: Record) -> Vec<u8> {
    let id = record.id;
    let data = serde_json::to_string(&AuditRecord::from(record));
    let data = data.expect("wire types can be written as JSON");
    format!("event: record\nid: {id}\ndata: {data}\n\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use staff::Role;
    use tokio::join;
    use waiting_room::live::LiveChange;
    use web::test_client::{Call, Reply};

    use super::STREAMS_MAX;
    use crate::harness::{Harness, token_of};

    fn follow(harness: &Harness) -> Call {
        let call = harness.get("/v1/operator/rooms/town/audit/stream");
        call.bearer(&token_of(&[Role::Auditor]))
    }

    fn events(reply: &Reply) -> Vec<String> {
        let text = std::str::from_utf8(&reply.bytes).expect("text");
        let events = text.split("\n\n").filter(|event| event.starts_with("event: record\n"));
        events.map(str::to_owned).collect()
    }

    /// Waits until somebody follows.
    async fn until_seated(harness: &Harness) {
        let mut looks = tokio::time::interval(Duration::from_millis(1));
        while harness.app.audit_seats.available_permits() == STREAMS_MAX {
            looks.tick().await;
        }
    }

    async fn set(harness: &Harness, burst: u32) {
        harness.set(LiveChange { burst: Some(burst), ..LiveChange::default() }).await;
    }

    /// Who follows is told what is done from then on, and what they missed when they come back.
    #[actix_web::test]
    async fn what_is_done_is_told() {
        let harness = Harness::start().await;
        set(&harness, 2).await;
        let (first, ()) = join!(follow(&harness).send(), async {
            until_seated(&harness).await;
            set(&harness, 3).await;
            harness.drain.start();
        });
        assert_eq!((first.status, first.header("content-type")), (200, "text/event-stream"));
        let told = events(&first);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(r#""after":{"burst":3,"version":2}"#), "{told:?}");
        let id = told[0].lines().find_map(|line| line.strip_prefix("id: ")).expect("an id");
        let harness = Harness::start().await;
        for burst in [2, 3, 4] {
            set(&harness, burst).await;
        }
        let call = follow(&harness).header("last-event-id", id);
        let (again, ()) = join!(call.send(), async {
            until_seated(&harness).await;
            harness.drain.start();
        });
        let told = events(&again);
        assert!(told.len() == 1 && told[0].contains(r#""burst":4"#), "{told:?}");
        let late = follow(&harness).send().await;
        assert_eq!((late.status, late.code()), (503, "unavailable"));
    }

    #[actix_web::test]
    async fn as_many_follow_as_there_are_seats() {
        let harness = Harness::start().await;
        let all = u32::try_from(STREAMS_MAX).expect("few");
        let taken = harness.app.audit_seats.try_acquire_many(all).expect("seats");
        let reply = follow(&harness).send().await;
        assert_eq!((reply.status, reply.code()), (503, "too-many-streams"));
        drop(taken);
        let (reply, ()) = join!(follow(&harness).send(), async {
            until_seated(&harness).await;
            harness.drain.start();
        });
        assert_eq!(reply.status, 200);
    }
}
