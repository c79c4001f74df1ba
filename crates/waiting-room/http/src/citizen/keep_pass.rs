//! `POST /v1/rooms/{room}/passes/current`: keep a pass in the browser.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Code, Form, Mistake, Problem, reply};

use crate::app::App;
use crate::cookie::Cookie;
use crate::guard::Guard;
use crate::refusal::{self, RoomInPath};

/// What a browser is to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptPass {
    /// The pass.
    #[schema(max_length = 2048, example = "eyJ0eXAiOiJhZG0rand0IiwiYWxnIjoiRWREU0EiLCJraWQiOiJr…")]
    pass: String,
    /// Where to go on: an address that the room guards.
    #[schema(nullable = false, max_length = 2048, example = "https://shop.example/ticket")]
    return_to: Option<String>,
}

web::problem_responses!(
    /// What keeping a pass can be refused with.
    KeepProblems of RoomInPath, Form<KeptPass>:
        PassInvalid, OriginNotListed
);

/// Keep a pass in the browser.
///
/// For rooms in front of another system: the pass goes into the cookie `__Host-einlass-{room}`, which the
/// browser sends along from then on, and the request with it is let through (`/v1/authorize`). The cookie is
/// that of the host that this request is sent to, so the proxy hands requests below some path of the guarded
/// host on to the waiting room, and the waiting page sends a form there. That works across hosts, since a form
/// may, and keeps the pass out of addresses. Only pages of the guarded origins, and the waiting page, may.
///
/// Giving the pass back (`DELETE`) takes the cookie away.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath),
    request_body(content = KeptPass, content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 204,
            description = "The pass is kept.",
            headers(
                ("Cache-Control" = String, description = "`no-store`"),
                ("Set-Cookie" = String, description = "`__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax`, until the pass ends."),
            ),
        ),
        (
            status = 303,
            description = "The pass is kept; to the address in `return_to`.",
            headers(
                ("Cache-Control" = String, description = "`no-store`"),
                ("Location" = String, description = "The address in `return_to`."),
                ("Set-Cookie" = String, description = "As with 204."),
            ),
        ),
        KeepProblems,
    ),
)]
#[post("/v1/rooms/{room}/passes/current")]
pub(crate) async fn keep_pass(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
    Form(KeptPass { pass, return_to }): Form<KeptPass>,
) -> Result<HttpResponse, Problem> {
    let view = app.rooms.view(room.name()).map_err(refusal::problem)?;
    let nothing = Guard::default();
    let guard = app.guards.of(&view.settings.room).unwrap_or(&nothing);
    if !guard.lets_act(&request) {
        return Err(Problem::new(Code::OriginNotListed));
    }
    let claims = app.rooms.read_pass(room.name(), &pass).map_err(refusal::problem)?;
    let not_listed = || Problem::new(Code::InvalidRequest).field("return_to", Mistake::Invalid);
    let location = return_to
        .filter(|address| !address.is_empty())
        .map(|address| guard.return_address(&address).ok_or_else(not_listed))
        .transpose()?;
    let good_for = claims.expires_at.since(app.rooms.now());
    let cookie = Cookie::pass(room.name()).keep(&pass, good_for);
    let status = if location.is_some() { StatusCode::SEE_OTHER } else { StatusCode::NO_CONTENT };
    let mut response = reply::bare(status);
    let headers = response.headers_mut();
    headers.insert(SET_COOKIE, cookie.ok_or_else(|| Problem::new(Code::PassInvalid))?);
    if let Some(location) = location {
        headers.insert(LOCATION, HeaderValue::try_from(location).map_err(Problem::internal)?);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use crate::harness::Harness;
    use web::test_client::{Call, Reply};

    const URI: &str = "/v1/rooms/town/passes/current";

    async fn keep(harness: &Harness, form: &str, more: impl FnOnce(Call) -> Call) -> Reply {
        more(harness.request(&actix_web::http::Method::POST, URI).form(form)).send().await
    }

    #[actix_web::test]
    async fn a_pass_is_kept_until_it_ends() {
        let harness = Harness::start().await;
        let (_, pass) = harness.admitted().await;
        let reply = keep(&harness, &format!("pass={pass}"), |call| call).await;
        assert_eq!((reply.status, reply.header("cache-control")), (204, "no-store"));
        let expected = format!(
            "__Host-einlass-town={pass}; Max-Age=900; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(reply.header("set-cookie"), expected);
        harness.at(110).await;
        let reply = keep(&harness, &format!("pass={pass}&return_to="), |call| call).await;
        assert!(reply.header("set-cookie").contains("; Max-Age=800; "), "{reply}");
    }

    #[actix_web::test]
    async fn people_go_on_to_what_is_guarded_and_nowhere_else() {
        let harness = Harness::start().await;
        let (_, pass) = harness.admitted().await;
        let back = "https%3A%2F%2Fshop.example%2Fticket%3Fday%3D1";
        let form = format!("pass={pass}&return_to={back}");
        let reply = keep(&harness, &form, |call| call).await;
        let location = (reply.status, reply.header("location"));
        assert_eq!(location, (303, "https://shop.example/ticket?day=1"));
        assert!(reply.header("set-cookie").starts_with("__Host-einlass-town="), "{reply}");
        for address in ["https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", "%2Fticket"] {
            let form = format!("pass={pass}&return_to={address}");
            let reply = keep(&harness, &form, |call| call).await;
            assert_eq!((reply.status, reply.fields()), (400, vec!["return_to"]), "{address}");
            assert_eq!(reply.header("set-cookie"), "");
        }
    }

    #[actix_web::test]
    async fn pages_of_other_sites_cannot_put_a_pass_there() {
        let harness = Harness::start().await;
        let (_, pass) = harness.admitted().await;
        let form = format!("pass={pass}");
        let from = |origin: &'static str| {
            keep(&harness, &form, move |call| {
                call.header("origin", origin).header("host", "shop.example")
            })
        };
        for origin in ["https://shop.example", "https://warten.example"] {
            assert_eq!(from(origin).await.status, 204, "{origin}");
        }
        for origin in ["https://evil.example", "null", "https://shop.example.evil.example"] {
            let reply = from(origin).await;
            assert_eq!((reply.status, reply.code()), (403, "origin-not-listed"), "{origin}");
        }
    }

    #[actix_web::test]
    async fn only_a_pass_of_this_room_is_kept() {
        let harness = Harness::start().await;
        let (_, pass) = harness.admitted().await;
        let elsewhere = |call: Call| call.path("/v1/rooms/village/passes/current");
        assert_eq!(keep(&harness, &format!("pass={pass}"), elsewhere).await.status, 401);
        let reply = keep(&harness, "pass=nonsense", |call| call).await;
        assert_eq!((reply.status, reply.code()), (401, "pass-invalid"));
        let reply = keep(&harness, "", |call| call).await;
        assert_eq!((reply.status, reply.fields()), (400, vec!["pass"]));
        harness.at(2_000).await;
        assert_eq!(keep(&harness, &format!("pass={pass}"), |call| call).await.status, 401);
    }
}
