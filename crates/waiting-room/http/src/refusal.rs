//! What every endpoint of a room reads from its path, and the refusals they share.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use waiting_room::service::outcome::RoomError;
use web::problem::Answers;
use web::{Code, Problem};

/// The room in the path. Its name is read where it stands, so that a poll copies nothing. Room names have no
/// characters that must be escaped in a path, so an escaped one is just an unknown name.
pub(crate) struct RoomInPath(HttpRequest);

impl RoomInPath {
    /// That of a request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self(request.clone())
    }

    /// The name of the room.
    pub(crate) fn name(&self) -> &str {
        self.0.match_info().query("room")
    }
}

impl FromRequest for RoomInPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The use cases say that there is no such room.
impl Answers for RoomInPath {
    const CODES: &'static [Code] = &[Code::RoomNotFound];
}

impl IntoParams for RoomInPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "The name of the room, which is its campaign's.";
        vec![web::path::parameter("room", description, "speyer-2021-06-20")]
    }
}

/// What a client is told of an error of the use cases.
pub(crate) fn problem(error: RoomError) -> Problem {
    let problem = Problem::new(match error {
        RoomError::UnknownRoom => Code::RoomNotFound,
        RoomError::TicketInvalid => Code::TicketInvalid,
        RoomError::PassInvalid => Code::PassInvalid,
        RoomError::Overloaded => Code::Overloaded,
        RoomError::Unavailable | RoomError::Quiet { .. } => Code::Unavailable,
    });
    match error {
        RoomError::Quiet { for_s } => problem.retry_after_s(for_s),
        RoomError::UnknownRoom
        | RoomError::TicketInvalid
        | RoomError::PassInvalid
        | RoomError::Overloaded
        | RoomError::Unavailable => problem,
    }
}
