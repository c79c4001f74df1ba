//! Which member of staff asks, and whether they may.

use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use staff::{Role, Staff, StaffTokenError};
use waiting_room::RoomId;
use waiting_room::audit::{By, WHY_LENGTH_MAX};
use web::problem::Answers;
use web::{Code, Mistake, Problem, bearer};

use crate::app::App;

/// Those whom an operation is for.
pub(crate) trait Roles: 'static {
    /// The roles of which one is enough.
    const ANY_OF: &'static [Role];
}

/// Whoever runs the waiting room.
pub(crate) struct Operators;

impl Roles for Operators {
    const ANY_OF: &'static [Role] = &[Role::Operator];
}

/// Whoever may see how it is run.
pub(crate) struct Readers;

impl Roles for Readers {
    const ANY_OF: &'static [Role] = &[Role::Operator, Role::Auditor];
}

/// A member of staff with one of these roles for the room in the path, or, where the path names none, for some
/// room. As a parameter before the body it refuses others before anything of theirs is read.
pub(crate) struct Member<R> {
    pub(crate) staff: Staff,
    roles: PhantomData<R>,
}

impl<R: Roles> Member<R> {
    /// Refuses them if the role is not for this room.
    pub(crate) fn ensure_for(&self, room: &RoomId) -> Result<(), Problem> {
        if is_for::<R>(&self.staff, room) { Ok(()) } else { Err(not_allowed::<R>()) }
    }
}

impl<R> Member<R> {
    /// Them and their reason, for the record of what they do.
    pub(crate) fn by(&self, why: &str) -> Result<By, Problem> {
        let wrong = |mistake| Problem::new(Code::InvalidRequest).field("why", mistake);
        let why = why.trim();
        if why.is_empty() {
            return Err(wrong(Mistake::Empty));
        }
        if why.chars().count() > WHY_LENGTH_MAX {
            return Err(wrong(Mistake::TooLong(WHY_LENGTH_MAX as u64)));
        }
        Ok(By { who: self.staff.subject.clone(), why: Some(why.to_owned()) })
    }
}

impl<R: Roles> FromRequest for Member<R> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let staff = authenticate(&request).await?;
            let has_role = R::ANY_OF.iter().any(|role| staff.roles.contains(role));
            let room = request.match_info().get("room").map(str::parse::<RoomId>);
            // What can be no name is the name of no room, which the use cases say.
            let may = match room {
                Some(Ok(room)) => is_for::<R>(&staff, &room),
                Some(Err(_)) | None => has_role,
            };
            if may { Ok(Self { staff, roles: PhantomData }) } else { Err(not_allowed::<R>()) }
        })
    }
}

impl<R> Answers for Member<R> {
    const CODES: &'static [Code] = &[Code::StaffTokenInvalid, Code::NotAllowed];
}

fn is_for<R: Roles>(staff: &Staff, room: &RoomId) -> bool {
    R::ANY_OF.iter().any(|role| staff.may(*role, room))
}

/// Who shows the token. One that was signed with a new key makes the keys be read again first.
async fn authenticate(request: &HttpRequest) -> Result<Staff, Problem> {
    let app = request
        .app_data::<Data<App>>()
        .ok_or_else(|| Problem::internal("the state of the API is not registered"))?;
    let token = bearer(request, Code::StaffTokenInvalid)?;
    let verify = || app.staff.verify(token, app.rooms.now());
    let verified = match verify() {
        Err(StaffTokenError::UnknownKey) => {
            (app.refresh_staff_keys)().await;
            verify()
        }
        known => known,
    };
    verified.map_err(|error| {
        let why = format!(r#"Bearer error="invalid_token", error_description="{error}""#);
        challenged(Problem::new(Code::StaffTokenInvalid), &why)
    })
}

fn not_allowed<R: Roles>() -> Problem {
    let roles: Vec<&str> = R::ANY_OF.iter().map(|role| role.name()).collect();
    let why = format!(r#"Bearer error="insufficient_scope", scope="{}""#, roles.join(" "));
    challenged(Problem::new(Code::NotAllowed).with("roles", roles), &why)
}

/// With the challenge that says what is wrong with the token (RFC 6750, section 3.1).
fn challenged(problem: Problem, challenge: &str) -> Problem {
    match HeaderValue::from_str(challenge) {
        Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::harness::{Harness, token_for, token_of, token_of_new_key};

    const ROOM: &str = "/v1/operator/rooms/town";

    async fn refused(harness: &Harness, token: &str) -> (u16, String, String) {
        let reply = harness.get(ROOM).bearer(token).send().await;
        let challenge = reply.header("www-authenticate").to_owned();
        (reply.status, reply.code().to_owned(), challenge)
    }

    #[actix_web::test]
    async fn whoever_is_not_staff_is_told_what_is_wrong_with_the_token() {
        let harness = Harness::start().await;
        let reply = harness.get(ROOM).send().await;
        assert_eq!((reply.status, reply.code()), (401, "staff-token-invalid"));
        assert_eq!(reply.header("www-authenticate"), "Bearer", "nothing is wrong with no token");
        let invalid = |what: &str| {
            let challenge = format!(r#"Bearer error="invalid_token", error_description="{what}""#);
            (401, "staff-token-invalid".to_owned(), challenge)
        };
        let unknown = invalid("the token is not a signed JWT for staff");
        assert_eq!(refused(&harness, "nonsense").await, unknown);
        let token = token_of(&[Role::Operator]);
        harness.clock.advance(Duration::from_hours(24 * 365));
        assert_eq!(refused(&harness, &token).await, invalid("the token has expired"));
    }

    #[actix_web::test]
    async fn a_role_that_would_do_is_named() {
        let harness = Harness::start().await;
        let (status, code, challenge) = refused(&harness, &token_of(&[Role::Gate])).await;
        assert_eq!((status, code.as_str()), (403, "not-allowed"));
        assert_eq!(challenge, r#"Bearer error="insufficient_scope", scope="operator auditor""#);
        let reply = harness.get(ROOM).bearer(&token_of(&[Role::Gate])).send().await;
        assert_eq!(reply.json["roles"], serde_json::json!(["operator", "auditor"]));
    }

    /// A role is for the rooms that the token names, and says nothing of others, not even whether they are there.
    #[actix_web::test]
    async fn a_role_is_for_the_rooms_that_are_named() {
        let harness = Harness::start().await;
        let token = token_for(&[Role::Operator], &["village"]);
        for other in ["town", "nowhere"] {
            let reply = harness.get(&format!("/v1/operator/rooms/{other}")).bearer(&token);
            assert_eq!(reply.send().await.code(), "not-allowed", "{other}");
        }
        let own = harness.get("/v1/operator/rooms/village").bearer(&token).send().await;
        assert_eq!(own.status, 200);
        let list = harness.get("/v1/operator/rooms").bearer(&token).send().await;
        let names: Vec<_> = list.json["rooms"].as_array().into_iter().flatten().collect();
        assert_eq!(names.len(), 1, "{list}");
    }

    /// Nobody is refused because the keys were read a moment too early.
    #[actix_web::test]
    async fn a_token_of_a_new_key_is_accepted_at_once() {
        let harness = Harness::start().await;
        let token = token_of_new_key();
        assert_eq!(harness.get(ROOM).bearer(&token).send().await.status, 200);
    }
}
