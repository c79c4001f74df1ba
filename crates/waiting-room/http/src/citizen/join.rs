//! `POST /v1/rooms/{room}/tickets`: join the room, after the questions at the door.

mod identity;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use kernel::{Ags, Municipality, Postcode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use waiting_room::service::outcome::{Answer, CodeRefusal, JoinOutcome};
use waiting_room::service::{self, GivenIdentity, JoinRequest, Way};
use web::document::{Only, Union, Variant};
use web::reply;
use web::{Body, Code, IdempotencyKey, Mistake, Problem, optional_bearer};

use crate::app::App;
use crate::proofs::Comer;
use crate::refusal::{self, RoomInPath};
use crate::wire::{self, MunicipalityToChoose, NextOpening, Pass, TicketState};
use identity::Identity;

/// What to join with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Join {
    /// Where the citizen lives: needed where the room asks for it, as `asks_residence` in its status says.
    #[schema(nullable = false)]
    residence: Option<Residence>,
    /// Who joins: needed where the room asks for it, as the `identity` in its status says, and refused
    /// where it does not.
    #[schema(nullable = false)]
    identity: Option<Identity>,
    /// The solution of a challenge, as ALTCHA's clients write it: needed where joining was refused with
    /// `proof-required`, and otherwise ignored.
    #[schema(
        nullable = false,
        max_length = 2048,
        example = "eyJjaGFsbGVuZ2UiOnsicGFyYW1ldGVycyI6eyJhbGdv…"
    )]
    proof: Option<String>,
    /// A priority code, if the operator has sent one: whoever joins with it stands in the lane `priority`. It is
    /// good for one entry. Small letters, hyphens and spaces do not matter. With a ticket it is not looked at, and
    /// stays good.
    #[schema(nullable = false, max_length = 64, example = "0001-5XMT-KF78-70DN")]
    priority_code: Option<String>,
}

/// Where the citizen lives: a self-declaration, checked at the gate on the day.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Residence {
    /// The postcode, five digits.
    #[schema(value_type = String, pattern = "^[0-9]{5}$", example = "67346")]
    postcode: Postcode,
    /// The official key of the municipality, eight digits; needed where a postcode covers several.
    #[schema(
        value_type = Option<String>, pattern = "^[0-9]{8}$", nullable = false,
        example = "07318000",
    )]
    ags: Option<Ags>,
}

/// A ticket and where it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct JoinedRoom {
    /// The ticket. Keep it: it is the only proof of the entry, and nobody else has it.
    #[schema(example = "AgEAAAABYMcfIAAAAAAAAAAAEmcAb6cQ…")]
    ticket: String,
    #[serde(flatten)]
    state: TicketState,
    /// The pass, if nobody was waiting and the ticket was admitted at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pass: Option<Pass>,
}

/// The kinds of a ticket, with the ticket itself and with the pass of whoever is let in at once.
pub(crate) const KINDS: Union = Union {
    schema: "JoinedRoom",
    by: "state",
    known: "KnownJoined",
    other: "OtherJoined",
    variants: &[
        Variant {
            value: "gathering",
            schema: "JoinedGathering",
            description: "An entry that waits for the draw. It has no place yet.",
            always: &[],
        },
        Variant {
            value: "waiting",
            schema: "JoinedWaiting",
            description: "An entry that has its place in line and waits for its call.",
            always: &["place", "ahead"],
        },
        Variant {
            value: "called",
            schema: "JoinedCalled",
            description: "An entry that can be redeemed for a pass, or has it already.",
            always: &["ahead", "estimated_wait_s"],
        },
        Variant {
            value: "used",
            schema: "JoinedUsed",
            description: "The entry of a ticket whose pass has ended. It has no other.",
            always: &[],
        },
        Variant {
            value: "closed",
            schema: "JoinedClosed",
            description: "The entry of a ticket whose room is closed. Should it be opened again, the place is as before.",
            always: &[],
        },
    ],
    only: &[wire::MEMBERS, &[Only { member: "pass", of: &["called"] }]],
};

impl From<Answer> for JoinedRoom {
    fn from(answer: Answer) -> Self {
        let state = TicketState::from(&answer);
        Self { ticket: answer.ticket, state, pass: answer.pass.map(Pass::from) }
    }
}

/// The shortest key of a join. Whoever knows a key gets the entry that was issued under it, so a key must not be one
/// that others choose too.
pub(crate) const KEY_LENGTH_MIN: usize = 16;

web::problem_responses!(
    /// What joining can be refused with.
    JoinProblems of RoomInPath, Body<Join>:
        TicketInvalid, NotEligible, RoomNotOpen, RoomClosed, IdempotencyKeyReused, IdentityRequired,
        MunicipalityMismatch, MunicipalityRequired, PriorityCodeInvalid, PriorityCodeRevoked,
        PriorityCodeUsed, ProofRequired, RateLimited, Overloaded, Unavailable
);

/// Join the room.
///
/// People who may not book here are turned away before they take an entry. Whoever presents a ticket gets
/// its entry back with 200, so a client that has one sends it along. Another residence than the ticket's is
/// taken into it, if people from there may book; an `identity` does not count then. If nobody waits, the
/// answer already has the pass.
///
/// With an `Idempotency-Key` the request can be repeated when its answer was lost: for two minutes at
/// least, the same key gets the same entry and a ticket for it; if the entry was let in at once, redeem
/// the ticket for its pass. Send a new random key for each new entry.
///
/// Where very many come from one address, the refusal `proof-required` says where a challenge is to be had,
/// whose solution is then sent as `proof`. Each is worth one entry. Without a proof it works after
/// `retry_after_s`.
///
/// A `priority_code` is used up with the answer 201, and only then. If that answer is lost, the same request under
/// the same `Idempotency-Key` gets the entry.
///
/// A page that has a ticket already sends it along in `Authorization: Bearer …`. None is needed, so a program
/// made from this document joins without one.
#[utoipa::path(
    tag = "rooms",
    params(
        RoomInPath,
        (
            "Idempotency-Key" = Option<String>, Header,
            pattern = "^[!#-~][!-~]{15,63}$",
            description = "16 to 64 visible ASCII characters, chosen at random.",
        ),
    ),
    request_body(content = Join, example = json!({"residence": {"postcode": "67346"}})),
    responses(
        (
            status = 201,
            description = "A new entry.",
            body = JoinedRoom,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        (
            status = 200,
            description = "The entry of the presented ticket, which is signed anew if its residence has changed.",
            body = JoinedRoom,
            headers(("Cache-Control" = String, description = "`no-store`")),
        ),
        JoinProblems,
    ),
)]
#[post("/v1/rooms/{room}/tickets")]
pub(crate) async fn join(
    app: Data<App>,
    room: RoomInPath,
    request: HttpRequest,
    Body(asked): Body<Join>,
) -> Result<HttpResponse, Problem> {
    app.limits.join.check(&request)?;
    let ticket = optional_bearer(&request, Code::TicketInvalid)?;
    let key = IdempotencyKey::optional(&request, KEY_LENGTH_MIN)?;
    let own = key.as_ref().map(IdempotencyKey::as_str);
    let joining =
        Joining { request: &request, room: room.name(), ticket, key: own, given: given(asked)? };
    let (status, answer) = enter(&app, joining).await?;
    Ok(reply::private(status, &JoinedRoom::from(answer)))
}

/// What somebody says of themselves who joins.
pub(crate) struct Given {
    pub(crate) residence: Option<service::Residence>,
    pub(crate) identity: Option<GivenIdentity>,
    pub(crate) code: Option<String>,
    pub(crate) proof: Option<String>,
}

/// Reads what somebody joins with.
pub(crate) fn given(asked: Join) -> Result<Given, Problem> {
    let Join { residence, identity, proof, priority_code: code } = asked;
    let residence = residence.map(|residence| (residence.postcode, residence.ags));
    let identity = identity.map(Identity::given).transpose()?.flatten();
    Ok(Given { residence, identity, code, proof })
}

/// Somebody who joins over the web, by the API or on the page.
pub(crate) struct Joining<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) room: &'a str,
    pub(crate) ticket: Option<&'a str>,
    /// The client's key of the request.
    pub(crate) key: Option<&'a str>,
    pub(crate) given: Given,
}

/// The answer to a join and its status, once the proof of work that is asked for is there and the person does not join too
/// often; or why there is none.
pub(crate) async fn enter(
    app: &App,
    joining: Joining<'_>,
) -> Result<(StatusCode, Answer), Problem> {
    let Joining { request, room, ticket, key, given } = joining;
    let Given { residence, identity, code, proof } = given;
    let comer = Comer { request, room, key };
    let proof = match ticket {
        // Whoever has a ticket takes no further entry.
        Some(_) => None,
        None => app.limits.proofs.admit(app, comer, proof.as_deref())?,
    };
    if let Some(identity) = &identity {
        let subject = app.rooms.subject(room, identity).map_err(refusal::problem)?;
        let limit = &app.limits.join_by_subject;
        subject.map_or(Ok(()), |subject| limit.check_about(request, &subject))?;
    }
    let proven = proof.as_ref().and_then(|proof| proof.key(key));
    let asked = JoinRequest {
        ticket,
        key: proven.or(key),
        identity: identity.as_ref(),
        code: code.as_deref(),
        way: Way::Web,
    };
    let joined = app.rooms.join(room, residence, asked).await.map_err(refusal::problem)?;
    if matches!(joined, JoinOutcome::KeyReused) && key.is_none() {
        // The challenge was solved for somebody else.
        let view = app.rooms.view(room).map_err(refusal::problem)?;
        return Err(app.limits.proofs.required(comer, &view));
    }
    admit(app, room, joined)
}

/// The answer to a join and its status; or why there is none.
pub(crate) fn admit(
    app: &App,
    room: &str,
    joined: JoinOutcome,
) -> Result<(StatusCode, Answer), Problem> {
    match joined {
        JoinOutcome::New(answer) => Ok((StatusCode::CREATED, answer)),
        JoinOutcome::Known(answer) => Ok((StatusCode::OK, answer)),
        JoinOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
        JoinOutcome::CodeRefused(refusal) => Err(Problem::new(code_refused(refusal))),
        JoinOutcome::NotEligible(known) => Err(not_eligible(known)),
        JoinOutcome::ResidenceRequired => {
            Err(Problem::new(Code::InvalidRequest).field("residence", Mistake::Missing))
        }
        JoinOutcome::MunicipalityRequired(choices) => Err(municipality_required(choices)),
        JoinOutcome::MunicipalityMismatch => Err(Problem::new(Code::MunicipalityMismatch)),
        JoinOutcome::IdentityRequired(kind) => Err(identity::required(kind)),
        JoinOutcome::IdentityMistaken(mistakes) => Err(identity::mistaken(&mistakes)),
        JoinOutcome::NotOpenYet { gathers_from: _ } => Err(not_open_yet(app, room)),
        JoinOutcome::Closed => Err(Problem::new(Code::RoomClosed)),
    }
}

const fn code_refused(refusal: CodeRefusal) -> Code {
    match refusal {
        CodeRefusal::Invalid => Code::PriorityCodeInvalid,
        CodeRefusal::Used => Code::PriorityCodeUsed,
        CodeRefusal::Revoked => Code::PriorityCodeRevoked,
    }
}

fn not_eligible(known: Option<Municipality>) -> Problem {
    let problem = Problem::new(Code::NotEligible).with("rule", "residence");
    match known {
        Some(municipality) => problem.with("municipality", municipality.name),
        None => problem,
    }
}

fn municipality_required(choices: Vec<Municipality>) -> Problem {
    let choices =
        choices.into_iter().map(|row| MunicipalityToChoose { ags: row.ags, name: row.name });
    Problem::new(Code::MunicipalityRequired)
        .with("municipalities", choices.map(value).collect::<Vec<Value>>())
}

fn not_open_yet(app: &App, room: &str) -> Problem {
    let problem = Problem::new(Code::RoomNotOpen);
    let Ok(view) = app.rooms.view(room) else { return problem };
    match view.next_opening().map(NextOpening::from) {
        Some(next) => problem.with("next_opening", value(next)),
        None => problem,
    }
}

fn value(wire: impl Serialize) -> Value {
    serde_json::to_value(wire).expect("wire types can be written as JSON")
}

#[cfg(test)]
mod tests;
