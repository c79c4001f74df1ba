//! What every endpoint of a room reads from its path, and the refusals they share.

use actix_web::HttpRequest;
use utoipa::IntoParams;
use waiting_room::service::outcome::RoomError;
use web::{Code, Problem};

/// The room in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; handlers read it with `room`")]
pub(crate) struct RoomInPath {
    /// The name of the room, which is its campaign's.
    #[param(example = "speyer-2021-06-20")]
    room: String,
}

/// The room that the path names. Room names have no characters that must be escaped in a path, so an
/// escaped one is just an unknown name.
pub(crate) fn room(request: &HttpRequest) -> &str {
    request.match_info().query("room")
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
