//! The waiting page of a room, for every browser: no script, one address, forms.
//!
//! `GET /rooms/{room}` shows where somebody stands and is renewed by the browser as often as the room says;
//! whatever changes something is a form that is sent to the same address. The ticket is in a cookie of this host, so
//! the page works where the waiting room is on the host that it guards, as the proxies of `deploy/` put it there.
//!
//! Pages are for people and no part of the API: they may change at any time, and no document describes them. What they
//! can do they do as the endpoints of [`crate::citizen`] do it.

mod document;
mod door;
mod standing;
#[cfg(test)]
mod tests;
mod texts;
mod visit;
mod words;

use ::web::{Code, Form, Problem};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use waiting_room::service::outcome::RedeemOutcome;

use crate::app::App;
use crate::citizen::join::{self, Given, Joining};
use crate::citizen::redeem;
use crate::refusal::RoomInPath;
use door::{Sent, Step};
use visit::Visit;

/// Registers the page.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let page = web::resource("/rooms/{room}").get(show).post(act);
    config.service(page.default_service(web::to(other_method)));
}

async fn other_method() -> Result<HttpResponse, Problem> {
    let allowed = HeaderValue::from_static("GET, HEAD, POST");
    Err(Problem::new(Code::MethodNotAllowed).header(ALLOW, allowed))
}

/// Shows where somebody stands. Changes nothing but the ticket in the browser, which may prove more by now.
async fn show(app: Data<App>, room: RoomInPath, request: HttpRequest) -> HttpResponse {
    match Visit::of(&app, &room, &request) {
        Ok(visit) => visit.show(),
        Err(problem) => document::refusal(&problem, &request),
    }
}

/// Does what a form asks for, and shows the page again: by a redirect, so that nothing is sent twice.
async fn act(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
    Form(sent): Form<Sent>,
) -> Result<HttpResponse, Problem> {
    let visit = match Visit::of(&app, &room, &request) {
        Ok(visit) => visit,
        Err(problem) => return Ok(document::refusal(&problem, &request)),
    };
    if !visit.guard.lets_act(&request) {
        return Err(Problem::new(Code::OriginNotListed));
    }
    Ok(match sent.step {
        Step::Join => join_by(&visit, &sent).await,
        Step::Enter => enter(&visit).await,
    })
}

async fn join_by(visit: &Visit<'_>, sent: &Sent) -> HttpResponse {
    let joined = async {
        visit.app.limits.join.check(visit.request)?;
        let (residence, identity) = sent.answers(&visit.view.settings)?;
        let given = Given { residence, identity, code: None, proof: None };
        let joining = Joining {
            request: visit.request,
            room: visit.room,
            ticket: visit.waiting_ticket(),
            key: sent.key(),
            given,
        };
        join::enter(visit.app, joining).await
    };
    match joined.await {
        Ok((_, answer)) => visit.go_on(&answer.ticket, answer.pass.as_ref()),
        Err(problem) => visit.door_again(sent, &problem),
    }
}

async fn enter(visit: &Visit<'_>) -> HttpResponse {
    let Some(ticket) = visit.ticket() else { return visit.again() };
    let redeemed = async {
        visit.app.limits.redeem.check(visit.request)?;
        redeem::redeemed(visit.app, visit.room, ticket).await
    };
    match redeemed.await {
        Ok(RedeemOutcome::Pass { pass, ticket }) => visit.go_on(&ticket, Some(&pass)),
        Ok(RedeemOutcome::Used { ticket }) => visit.go_on(&ticket, None),
        Ok(RedeemOutcome::NotYourTurn { .. }) => visit.stay(&Problem::new(Code::NotYourTurn)),
        // The page says what is the matter.
        Ok(RedeemOutcome::Closed) => visit.again(),
        Err(problem) if problem.code() == Code::TicketInvalid => visit.again(),
        Err(problem) => visit.stay(&problem),
    }
}
