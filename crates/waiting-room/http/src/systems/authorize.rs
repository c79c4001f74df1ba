//! `GET /v1/authorize`: a proxy asks whether a request may go on to what a room guards.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use pass::Claims;
use serde::Deserialize;
use utoipa::IntoParams;
use waiting_room::RoomId;
use waiting_room::service::outcome::{Authorization, NoPass, Undecided};
use web::{Code, Problem, Query, optional_bearer, reply};

use crate::app::App;
use crate::cookie::Cookie;
use crate::guard::{FailMode, Guard};

/// The header of clients that have an `Authorization` of their own for what is guarded.
const PASS: &str = "einlass-pass";
/// Why the request may go on: `pass`, or `open` where nobody could decide and the room lets everybody in then.
const DECISION: HeaderName = HeaderName::from_static("einlass-decision");
const PASS_ID: HeaderName = HeaderName::from_static("einlass-pass-id");
const PASS_AGS: HeaderName = HeaderName::from_static("einlass-pass-ags");
const PASS_ENDS: HeaderName = HeaderName::from_static("einlass-pass-ends");

/// Which room is asked.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The name of the room that guards what was asked for.
    #[param(example = "speyer-2021-06-20")]
    room: String,
}

web::problem_responses!(
    /// What a request can be kept from going on with.
    AuthorizeProblems of Query<Asked>:
        PassRequired, RoomNotFound, Unavailable
);

/// Ask whether a request may go on.
///
/// For nginx (`auth_request`), HAProxy, Traefik and Envoy in front of any other system: 204 lets the request
/// pass, everything else is for whoever sent it. Whether it may is read from the pass in the cookie
/// `__Host-einlass-{room}`, in `Einlass-Pass`, or in `Authorization: Bearer`; any of them will do. Verified
/// offline; the store is asked now and then whether the pass was given back.
///
/// Without a pass, a browser that opens a page (`Accept` has `text/html`) is sent to the waiting page with 303,
/// and `return_to` says from where, if that is an address that the room guards. All others get a problem with
/// 401. A proxy that understands 401 only, such as nginx, asks with `Accept: application/json` first.
///
/// The headers of a 204 are for what is behind the proxy. With a pass, `Einlass-Pass-Id` is its id, the same for
/// a person at each request and saying nothing of who it is; `Einlass-Pass-Ags` the municipality that it is for;
/// `Einlass-Pass-Ends` when it ends.
#[utoipa::path(
    tag = "services",
    params(
        Asked,
        ("Einlass-Pass" = Option<String>, Header, description = "A pass."),
        (
            "X-Original-URL" = Option<String>, Header,
            description = "The address that was asked for, whole. Else it is put together from the next three.",
        ),
        ("X-Forwarded-Proto" = Option<String>, Header, description = "`https`, or `http`."),
        ("X-Forwarded-Host" = Option<String>, Header, description = "The host that was asked."),
        ("X-Forwarded-Uri" = Option<String>, Header, description = "The path and the query."),
        (
            "X-Forwarded-Method" = Option<String>, Header,
            description = "The method: after anything but `GET` and `HEAD` people are led to the front page.",
        ),
    ),
    security((), ("pass" = [])),
    responses(
        (
            status = 204,
            description = "The request may go on.",
            headers(
                ("Cache-Control" = String, description = "`no-store`"),
                ("Einlass-Decision" = String, description = "`pass`; or `open`, where the room could decide nothing and its `fail` is `open`."),
            ),
        ),
        (
            status = 303,
            description = "A person without a pass, who is sent to the waiting page.",
            headers(
                ("Cache-Control" = String, description = "`no-store`"),
                ("Location" = String, description = "The waiting page."),
            ),
        ),
        AuthorizeProblems,
    ),
)]
#[get("/v1/authorize")]
pub(crate) async fn authorize(
    app: Data<App>,
    Query(Asked { room }): Query<Asked>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let room: RoomId = room.parse().map_err(|_| Problem::new(Code::RoomNotFound))?;
    let guard = app.guards.of(&room);
    let tokens = presented(&request, &room);
    let authorization = app.rooms.authorize(&room, &tokens).await;
    if guard.is_none() && authorization == Authorization::Undecided(Undecided::NotServed) {
        return Err(Problem::new(Code::RoomNotFound));
    }
    let fail = guard.map_or(FailMode::Closed, |guard| guard.fail);
    count(&room, &authorization, fail);
    match (authorization, fail) {
        (Authorization::Pass(claims), _) => goes_on(&claims),
        (Authorization::Undecided(_), FailMode::Open) => Ok(let_through("open")),
        // Where the room is known its page is there, and says what is the matter.
        (Authorization::Refused(_) | Authorization::Undecided(Undecided::StoreSilent(_)), _) => {
            refused(guard, request.headers())
        }
        (Authorization::Undecided(Undecided::NotServed), FailMode::Closed) => {
            Err(Problem::new(Code::Unavailable))
        }
    }
}

/// The tokens that a request brings: each may be the pass, and `Authorization` is often for somebody else.
fn presented<'a>(request: &'a HttpRequest, room: &RoomId) -> Vec<&'a str> {
    let headers = request.headers();
    let own = headers.get(PASS).and_then(|value| value.to_str().ok());
    let cookie = Cookie::pass(room.as_str()).read(headers);
    let bearer = optional_bearer(request, Code::PassRequired).ok().flatten();
    [own, cookie, bearer].into_iter().flatten().collect()
}

fn goes_on(claims: &Claims) -> Result<HttpResponse, Problem> {
    let value = |text: String| HeaderValue::try_from(text).map_err(Problem::internal);
    let mut response = let_through("pass");
    let headers = response.headers_mut();
    headers.insert(PASS_ID, value(claims.pass_id.to_string())?);
    headers.insert(PASS_AGS, value(claims.ags.to_string())?);
    headers.insert(PASS_ENDS, value(claims.expires_at.to_string())?);
    Ok(response)
}

fn let_through(decision: &'static str) -> HttpResponse {
    let mut response = reply::bare(StatusCode::NO_CONTENT);
    response.headers_mut().insert(DECISION, HeaderValue::from_static(decision));
    response
}

fn refused(guard: Option<&Guard>, asked: &HeaderMap) -> Result<HttpResponse, Problem> {
    let page = guard.and_then(|guard| guard.waiting_page_for(asked));
    let problem = Problem::new(Code::PassRequired);
    let Some(page) = page else { return Err(problem) };
    if !opens_a_page(asked) {
        return Err(problem.with("waiting_page", page));
    }
    let mut response = reply::bare(StatusCode::SEE_OTHER);
    let location = HeaderValue::try_from(page).map_err(Problem::internal)?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Whether a person is there to see a page: a script that reads HTML could do nothing with the waiting page.
fn opens_a_page(asked: &HeaderMap) -> bool {
    let text = |name: &str| asked.get(name).and_then(|value| value.to_str().ok());
    let is_navigation = text("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    let accepts = asked.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    is_navigation && accepts.flat_map(|types| types.split(',')).any(is_html)
}

fn is_html(media_range: &str) -> bool {
    let mut parts = media_range.split(';').map(str::trim);
    let is_html = parts.next().is_some_and(|range| range.eq_ignore_ascii_case("text/html"));
    let mut weights = parts.filter_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
    is_html && weights.all(|weight| weight > 0.0)
}

fn count(room: &RoomId, authorization: &Authorization, fail: FailMode) {
    let outcome = match authorization {
        Authorization::Pass(_) => "pass",
        Authorization::Undecided(_) if fail == FailMode::Open => "open",
        Authorization::Undecided(_) => "undecided",
        Authorization::Refused(NoPass::Missing) => "missing",
        Authorization::Refused(NoPass::Invalid) => "invalid",
        Authorization::Refused(NoPass::OtherRoom) => "other-room",
        Authorization::Refused(NoPass::Expired) => "expired",
        Authorization::Refused(NoPass::GivenBack) => "given-back",
    };
    let room = room.to_string();
    metrics::counter!("room_authorizations_total", "room" => room, "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests;
