//! `GET /v1/rooms/{room}/ticket`: where a ticket stands. Answered from memory, whatever the store
//! does (P13).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::service::outcome::Answer;
use web::document::{Union, Variant};
use web::reply;
use web::{Code, Problem, bearer};

use crate::app::App;
use crate::refusal::{self, RoomInPath};
use crate::wire::{self, TicketState};

web::problem_responses!(
    /// What asking with a ticket can be refused with.
    TicketProblems of RoomInPath:
        TicketInvalid
);

/// Where the presented ticket stands.
#[derive(Serialize, ToSchema)]
struct OwnTicket {
    /// The ticket signed anew, because it proves more than the one that was presented: keep it instead.
    /// Left out if there is nothing new to prove.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "AgEAAAABYMcf…")]
    ticket: Option<String>,
    #[serde(flatten)]
    state: TicketState,
}

/// A ticket has a place from the draw on, and whatever depends on it while it waits.
pub(crate) const KINDS: Union = Union {
    schema: "OwnTicket",
    by: "state",
    known: "KnownTicket",
    other: "OtherTicket",
    variants: &[
        Variant {
            value: "gathering",
            schema: "GatheringTicket",
            description: "A ticket that waits for the draw. It has no place yet.",
            always: &[],
        },
        Variant {
            value: "waiting",
            schema: "WaitingTicket",
            description: "A ticket that has its place in line and waits for its call.",
            always: &["place", "ahead"],
        },
        Variant {
            value: "called",
            schema: "CalledTicket",
            description: "A ticket that can be redeemed for a pass.",
            always: &["ahead", "estimated_wait_s"],
        },
        Variant {
            value: "used",
            schema: "UsedTicket",
            description: "A ticket whose pass has ended. It has no other.",
            always: &[],
        },
        Variant {
            value: "closed",
            schema: "ClosedTicket",
            description: "A ticket of a room that is over. There is nothing to wait for.",
            always: &[],
        },
    ],
    only: &[wire::MEMBERS],
};

impl From<Answer> for OwnTicket {
    fn from(answer: Answer) -> Self {
        let state = TicketState::from(&answer);
        Self { ticket: answer.is_renewed.then_some(answer.ticket), state }
    }
}

/// Show where a ticket stands.
///
/// Ask again after `poll_after_s`; asking more often changes nothing. Once the place is drawn, and again
/// when it is called, the answer has the ticket signed anew: it then proves the place even to a room that
/// has lost everything.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    security(("ticket" = [])),
    responses(
        (
            status = 200,
            description = "The state of the ticket.",
            body = OwnTicket,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        TicketProblems,
    ),
)]
#[get("/v1/rooms/{room}/ticket")]
pub(crate) async fn show_ticket(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let ticket = bearer(&request, Code::TicketInvalid)?;
    let answer = app.rooms.ask(room.name(), ticket).map_err(refusal::problem)?;
    Ok(reply::private(StatusCode::OK, &OwnTicket::from(answer)))
}

#[cfg(test)]
mod tests;
