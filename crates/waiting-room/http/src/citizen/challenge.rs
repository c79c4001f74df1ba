//! `GET /v1/rooms/{room}/challenge`: what to compute before joining, where that is asked.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use waiting_room::door::proof::Terms;
use web::{Problem, Query, reply};

use crate::app::App;
use crate::refusal::{self, RoomInPath};

/// What the challenge is for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The join that it is made for, as the address in the problem says: the solution is good with that
    /// `Idempotency-Key` only.
    #[serde(rename = "for")]
    #[param(
        value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{22}$",
        example = "rLmOCaFfTGytz0a1mM8FTg",
    )]
    made_for: Option<Bond>,
    /// Whether a proof to wait for is wanted as well: an address gets few.
    #[param(example = true)]
    waiting: Option<bool>,
}

/// What a client's key is called in the address.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Bond(String);

impl TryFrom<String> for Bond {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_bond = text.len() == 22 && text.bytes().all(is_part);
        if is_bond { Ok(Self(text)) } else { Err("22 characters of base64url") }
    }
}

/// A challenge in the form of ALTCHA (proof of work v2), and the way without computing.
#[derive(Serialize, ToSchema)]
struct Challenge {
    /// What to solve, as ALTCHA's libraries and its widget take it. Send it back as it is.
    #[schema(value_type = Object)]
    parameters: Value,
    /// The signature of the parameters.
    #[schema(example = "3b1f0d9c…")]
    signature: String,
    /// A proof to wait for instead, where one was wanted; not there for an address that has taken too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waiting: Option<Waiting>,
}

/// A proof that counts from an instant on: for whoever cannot compute.
#[derive(Serialize, ToSchema)]
struct Waiting {
    /// What to send as the `proof` of joining.
    #[schema(max_length = 2048, example = "eyJjaGFsbGVuZ2UiOnsicGFyYW1ldGVycyI6eyJhbGdv…")]
    proof: String,
    /// From when on it counts, and for two minutes.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:20.000Z")]
    from: Timestamp,
    /// How long that is from now.
    #[schema(example = 20)]
    after_s: u64,
}

web::problem_responses!(
    /// What asking for a challenge can be refused with.
    ChallengeProblems of RoomInPath, Query<Asked>: RateLimited
);

/// What to compute before joining.
///
/// Needed only where joining was refused with `proof-required`, whose `challenge` leads here. The answer is a
/// challenge of ALTCHA: its widget, its libraries, or the hundred lines they come to, find the solution within
/// about a second on a phone, the longer the more entries come from the same address. Join again with what they
/// give as `proof`, within two minutes. Each challenge is worth one entry.
///
/// Whoever cannot compute, as a page without JavaScript, asks with `waiting=true` and sends `waiting.proof` when
/// its time has come.
#[utoipa::path(
    tag = "rooms",
    params(RoomInPath, Asked),
    responses(
        (
            status = 200,
            description = "A challenge.",
            body = Challenge,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        ChallengeProblems,
    ),
)]
#[get("/v1/rooms/{room}/challenge")]
pub(crate) async fn show_challenge(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
    Query(Asked { made_for, waiting }): Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let proofs = &app.limits.proofs;
    proofs.challenges.check(&request)?;
    let bond = made_for.as_ref().map(|Bond(bond)| &**bond);
    let view = app.rooms.view(room.name()).map_err(refusal::problem)?;
    let level = proofs.asked(&request, &view).max(1);
    let terms = Terms { level, work: proofs.work, bond };
    let may_wait = waiting == Some(true) && proofs.waiting.check(&request).is_ok();
    let wait = may_wait.then_some(proofs.wait);
    let offered = app.rooms.challenge(room.name(), terms, wait).map_err(refusal::problem)?;
    let (challenge, waiting) = (offered.challenge, offered.waiting);
    let body = Challenge {
        parameters: serde_json::to_value(challenge.parameters).map_err(Problem::internal)?,
        signature: challenge.signature.ok_or_else(|| Problem::internal("a challenge is signed"))?,
        waiting: waiting.map(|waiting| Waiting {
            proof: waiting.proof,
            from: waiting.from,
            after_s: proofs.wait.as_secs(),
        }),
    };
    Ok(reply::private(StatusCode::OK, &body))
}

#[cfg(test)]
mod tests;
