//! `POST /v1/staff/rooms/{room}/tickets`: join for a caller, who has the chance that the web would have given.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Serialize;
use staff::Role;
use utoipa::ToSchema;
use waiting_room::live::Message;
use waiting_room::service::outcome::Answer;
use waiting_room::service::{JoinRequest, Way};
use waiting_room::view::Standing;
use web::{Body, IdempotencyKey, Problem, reply};

use crate::app::App;
use crate::citizen::join::{Join, JoinedRoom, KEY_LENGTH_MIN, admit, given};
use crate::citizen::status::Texts;
use crate::member::{Member, Roles};
use crate::refusal::{self, RoomInPath};

/// Whoever queues for callers.
pub(crate) struct Hotline;

impl Roles for Hotline {
    const ANY_OF: &'static [Role] = &[Role::Hotline];
}

/// An entry that was taken for a caller.
#[derive(Serialize, ToSchema)]
struct CallerJoined {
    /// What the caller's own page would have got. Keep the ticket until the caller has booked: it is the only proof
    /// of the entry.
    joined: JoinedRoom,
    /// What to tell the caller.
    say: Texts,
}

impl From<Answer> for CallerJoined {
    fn from(answer: Answer) -> Self {
        let say = Texts::from(&say(&answer));
        Self { joined: JoinedRoom::from(answer), say }
    }
}

/// What a caller needs to know, to be read out.
fn say(answer: &Answer) -> Message {
    let (de, en) = match answer.standing {
        Standing::Gathering { opens_at: _ } => (
            "Sie nehmen an der Auslosung teil, mit derselben Chance wie im Internet. Es ist gleich, wann Sie \
             angerufen haben."
                .to_owned(),
            "You take part in the draw, with the same chance as on the internet. It does not matter when you called."
                .to_owned(),
        ),
        Standing::Waiting { place: _, ahead, estimate } => {
            let minutes = |s: u64| s.div_ceil(60);
            let wait = estimate.wait.map(|wait| (minutes(wait.low_s), minutes(wait.high_s)));
            let (de, en) = wait.map_or_else(Default::default, |(low, high)| {
                let de = format!(" Das dauert etwa {low} bis {high} Minuten.");
                (de, format!(" That takes about {low} to {high} minutes."))
            });
            (
                format!("Sie stehen in der Reihe. Vor Ihnen sind noch {ahead} Plätze.{de}"),
                format!("You stand in line. There are {ahead} places before you.{en}"),
            )
        }
        Standing::Called { place: _ } | Standing::Admitted => (
            "Sie sind an der Reihe und können jetzt gleich buchen.".to_owned(),
            "It is your turn: you can book right now.".to_owned(),
        ),
        Standing::Used { place: _ } => (
            "Sie waren schon an der Reihe, und die Zeit zum Buchen ist vorbei.".to_owned(),
            "It was your turn before, and your time for booking is over.".to_owned(),
        ),
        Standing::Closed => {
            ("Der Warteraum ist geschlossen.".to_owned(), "The waiting room is closed.".to_owned())
        }
    };
    Message { de, en }
}

web::problem_responses!(
    /// What joining for a caller can be refused with.
    CallerProblems of RoomInPath, Member<Hotline>, Body<Join>:
        NotEligible, RoomNotOpen, RoomClosed, IdempotencyKeyReused, IdentityRequired,
        MunicipalityMismatch, MunicipalityRequired, PriorityCodeInvalid, PriorityCodeRevoked,
        PriorityCodeUsed, RateLimited, Overloaded, Unavailable
);

/// Join for a caller.
///
/// With what the caller says of residence and identity, as the caller's own page would join: the same lot in the same
/// line, so calling is no better and no worse. Only where the operator has given the hotline a share of the pace do
/// callers have a line of their own. For the hotline.
///
/// With the ticket the hotline asks, takes the pass and books as a page would. A caller who wants to go on alone is told
/// a code: `POST /v1/rooms/{room}/ticket/resume-codes` makes it.
///
/// With an `Idempotency-Key` the request can be repeated when its answer was lost, as any join.
#[utoipa::path(
    tag = "hotline",
    params(
        RoomInPath,
        (
            "Idempotency-Key" = Option<String>, Header,
            pattern = "^[!#-~][!-~]{15,63}$",
            description = "16 to 64 visible ASCII characters, chosen at random.",
        ),
    ),
    request_body(content = Join, example = json!({"residence": {"postcode": "67346"}})),
    security(("staff" = [])),
    responses(
        (
            status = 201,
            description = "A new entry.",
            body = CallerJoined,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        CallerProblems,
    ),
)]
#[post("/v1/staff/rooms/{room}/tickets")]
pub(crate) async fn join_for_caller(
    app: Data<App>,
    room: RoomInPath,
    member: Member<Hotline>,
    request: HttpRequest,
    Body(asked): Body<Join>,
) -> Result<HttpResponse, Problem> {
    app.limits.hotline_join.check(&member.staff.subject)?;
    let key = IdempotencyKey::optional(&request, KEY_LENGTH_MIN)?;
    // What one member of staff has joined with, another does not repeat, nor does a citizen.
    let key = key.map(|key| format!("hotline\0{}\0{}", member.staff.subject, key.as_str()));
    let given = given(asked)?;
    let joining = JoinRequest {
        ticket: None,
        key: key.as_deref(),
        identity: given.identity.as_ref(),
        code: given.code.as_deref(),
        way: Way::Hotline,
    };
    let joined = app.rooms.join(room.name(), given.residence, joining).await;
    let (_, answer) = admit(&app, room.name(), joined.map_err(refusal::problem)?)?;
    metrics::counter!("waiting_room_caller_tickets_total", "room" => room.name().to_owned())
        .increment(1);
    Ok(reply::private(StatusCode::CREATED, &CallerJoined::from(answer)))
}

#[cfg(test)]
mod tests;
