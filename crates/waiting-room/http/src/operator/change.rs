//! `PATCH /v1/operator/rooms/{room}`: the operator moves levers.

use std::collections::BTreeMap;

use actix_web::http::header::{ETAG, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpResponse, patch};
use serde::Deserialize;
use utoipa::ToSchema;
use waiting_room::lane::PerLane;
use waiting_room::live::{LiveChange, LiveMistake, MESSAGE_LENGTH_MAX, Message};
use waiting_room::service::operator::{Change, OpeningChange, SetOutcome};
use web::problem::Form;
use web::{Body, Code, Mistake, Problem};

use super::if_match::IfMatch;
use super::wire::{OperatedRoom, Shares, etag_of, operated};
use crate::app::App;
use crate::member::{Member, Operators};
use crate::refusal::{self, RoomInPath};

/// No campaign has more.
const OPENINGS_MAX: usize = 100;

/// What to change; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeverChange {
    /// Call and admit nobody for the moment, or go on.
    #[schema(nullable = false, example = false)]
    paused: Option<bool>,
    /// Close the room: nobody joins and nobody is called, and everybody is told so. Or open it again.
    #[schema(nullable = false, example = false)]
    closed: Option<bool>,
    /// Admissions per minute in the long run.
    #[schema(nullable = false, minimum = 1, example = 600)]
    pace_per_minute: Option<u32>,
    /// Admissions that may come at once after a quiet time.
    #[schema(nullable = false, minimum = 1, example = 100)]
    burst: Option<u32>,
    /// Passes that may be alive at once.
    #[schema(nullable = false, minimum = 1, example = 200)]
    max_active: Option<u32>,
    /// What everybody who waits is told; two empty texts take it away.
    #[schema(nullable = false)]
    message: Option<MessageToAll>,
    /// The share of the pace that each lane is called with.
    #[schema(nullable = false)]
    shares: Option<Shares>,
    /// The openings that are moved. Only those whose draw was not held yet, and they stay in their order.
    #[serde(default)]
    #[schema(max_items = 100, example = json!([{"index": 0, "opens": "planned"}]))]
    openings: Vec<OpeningMove>,
    /// Why, for the record of what was done.
    #[schema(min_length = 1, max_length = 500, example = "The booking system is slow.")]
    why: String,
}

/// What everybody who waits is told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MessageToAll {
    /// In German.
    #[schema(max_length = 500, example = "Es geht um 8:30 Uhr weiter.")]
    de: String,
    /// In English.
    #[schema(max_length = 500, example = "We go on at 8:30.")]
    en: String,
}

/// When an opening is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpeningMove {
    /// Its number in the room, from 0.
    #[schema(example = 0)]
    index: u16,
    /// `now`, in a second; `held`: not until it is released by another of these; an instant to come; or `planned`,
    /// as the campaign file says, at once where that was earlier.
    #[schema(pattern = "^(now|held|planned|[0-9]{4}-.*)$", example = "planned")]
    opens: String,
}

web::problem_responses!(
    /// What a change can be refused with.
    ChangeProblems of RoomInPath, Member<Operators>, IfMatch, Body<LeverChange>:
        Unavailable
);

/// Change a room while people wait.
///
/// In one step for all instances; those who wait see it within a second. `If-Match` is the `ETag` of the room as you
/// have seen it, so that no change of somebody else is undone unseen; `*` changes it whatever it is. What was
/// changed, by whom and why is recorded with it. For operators.
#[utoipa::path(
    tag = "operator",
    params(
        RoomInPath,
        ("If-Match" = String, Header, description = "The `ETag` of the room.", example = "\"1.3\""),
    ),
    request_body = LeverChange,
    security(("staff" = [])),
    responses(
        (
            status = 200,
            description = "The room with the new levers.",
            body = OperatedRoom,
            headers(
                ("Cache-Control" = String, description = "`no-store`"),
                ("ETag" = String, description = "Changes with the levers, and with them alone."),
            ),
        ),
        ChangeProblems,
    ),
)]
#[patch("/v1/operator/rooms/{room}")]
pub(crate) async fn change_room(
    app: Data<App>,
    room: RoomInPath,
    member: Member<Operators>,
    IfMatch(expected): IfMatch,
    Body(change): Body<LeverChange>,
) -> Result<HttpResponse, Problem> {
    let by = member.by(&change.why)?;
    let indices: Vec<u16> = change.openings.iter().map(|opening| opening.index).collect();
    let change = change.read()?;
    let outcome = app.rooms.change(room.name(), &change, expected, &by).await;
    match outcome.map_err(refusal::problem)? {
        SetOutcome::Set(_) => {
            let look = app.rooms.look(room.name()).await.map_err(refusal::problem)?;
            Ok(operated(&look))
        }
        SetOutcome::UnknownRoom => Err(Problem::new(Code::RoomNotFound)),
        SetOutcome::Changed { incarnation, version } => {
            let problem = Problem::new(Code::LeversChanged);
            Err(match HeaderValue::try_from(etag_of(incarnation, version)) {
                Ok(tag) => problem.header(ETAG, tag),
                Err(_) => problem,
            })
        }
        SetOutcome::Mistaken(mistakes) => Err(mistaken(&mistakes, &indices)),
    }
}

impl LeverChange {
    fn read(self) -> Result<Change, Problem> {
        let invalid =
            |field: String, mistake| Err(Problem::new(Code::InvalidRequest).field(field, mistake));
        if self.openings.len() > OPENINGS_MAX {
            return invalid("openings".to_owned(), Mistake::TooMany(OPENINGS_MAX as u64));
        }
        let mut openings = BTreeMap::new();
        for (entry, OpeningMove { index, opens }) in self.openings.into_iter().enumerate() {
            let Some(change) = opening_change(&opens) else {
                return invalid(format!("openings[{entry}].opens"), Mistake::Form(Form::Instant));
            };
            if openings.insert(index, change).is_some() {
                return invalid(format!("openings[{entry}].index"), Mistake::Repeated);
            }
        }
        let message = match self.message {
            Some(MessageToAll { de, en }) if de.is_empty() != en.is_empty() => {
                let missing = if de.is_empty() { "message.de" } else { "message.en" };
                return invalid(missing.to_owned(), Mistake::Empty);
            }
            Some(MessageToAll { de, en }) => Some((!de.is_empty()).then_some(Message { de, en })),
            None => None,
        };
        let shares = self
            .shares
            .map(|Shares { public, hotline, priority }| PerLane([public, hotline, priority]));
        let levers = LiveChange {
            paused: self.paused,
            closed: self.closed,
            pace_per_minute: self.pace_per_minute,
            burst: self.burst,
            max_active: self.max_active,
            message,
            shares,
            codes: None,
        };
        if levers == LiveChange::default() && openings.is_empty() {
            return invalid("body".to_owned(), Mistake::Empty);
        }
        Ok(Change { levers, openings })
    }
}

fn opening_change(text: &str) -> Option<OpeningChange> {
    match text {
        "now" => Some(OpeningChange::Now),
        "held" => Some(OpeningChange::Held),
        "planned" => Some(OpeningChange::Planned),
        instant => instant.parse().ok().map(OpeningChange::At),
    }
}

fn mistaken(mistakes: &[LiveMistake], indices: &[u16]) -> Problem {
    let at_least_one = || Mistake::OutOfRange { least: 1, most: u32::MAX.into() };
    let opening = |number: u16| {
        let entry = indices.iter().position(|index| *index == number).unwrap_or_default();
        format!("openings[{entry}]")
    };
    let named = |problem: Problem, mistake: &LiveMistake| match *mistake {
        LiveMistake::PaceIsZero => problem.field("pace_per_minute", at_least_one()),
        LiveMistake::BurstIsZero => problem.field("burst", at_least_one()),
        LiveMistake::MaxActiveIsZero => problem.field("max_active", at_least_one()),
        LiveMistake::MessageTooLong => {
            problem.field("message", Mistake::TooLong(MESSAGE_LENGTH_MAX as u64))
        }
        LiveMistake::SharesAreNotWhole => problem.field("shares", Mistake::Sum(100)),
        LiveMistake::NoSuchOpening(number) => problem.field(opening(number), Mistake::Unknown),
        LiveMistake::OpeningIsOver(number) => problem.field(opening(number), Mistake::Over),
        LiveMistake::OpeningInThePast(number) => problem.field(opening(number), Mistake::TooEarly),
        LiveMistake::OpeningAfterTheEnd(number) => problem.field(opening(number), Mistake::TooLate),
        LiveMistake::OpeningOutOfOrder(number) => problem.field(opening(number), Mistake::Order),
    };
    mistakes.iter().fold(Problem::new(Code::InvalidRequest), named)
}

#[cfg(test)]
mod tests;
