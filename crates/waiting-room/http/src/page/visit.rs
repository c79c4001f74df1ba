//! One request for the page: whose it is, what they came for, and what they get.

use std::sync::Arc;

use ::web::{Code, Language, Problem, reply};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded::{Serializer, parse};
use waiting_room::service::outcome::{Answer, IssuedPass, RoomError};
use waiting_room::view::{RoomView, Standing};

use super::document::{Alert, Page};
use super::door::Sent;
use super::{document, door, standing};
use crate::app::App;
use crate::cookie::Cookie;
use crate::guard::Guard;
use crate::refusal::{self, RoomInPath};

/// Of a room that guards nothing.
static NOTHING: Guard =
    Guard { protects: Vec::new(), waiting_page: None, fail: crate::FailMode::Closed };

/// What the address of the page says besides the room.
#[derive(Clone, Default)]
pub(super) struct Wishes {
    /// Where somebody came from and wants to go on to: an address that people may be led to.
    return_to: Option<String>,
    /// The language that was chosen on the page.
    language: Option<Language>,
    /// The page is not to be renewed by itself.
    is_still: bool,
    /// A form was sent, so the browser should have a ticket.
    has_joined: bool,
}

impl Wishes {
    fn of(request: &HttpRequest, guard: &Guard) -> Self {
        let mut wishes = Self::default();
        for (name, value) in parse(request.query_string().as_bytes()) {
            match &*name {
                "return_to" => wishes.return_to = guard.return_address(&value),
                "lang" => wishes.language = language_of(&value),
                "still" => wishes.is_still = true,
                "joined" => wishes.has_joined = true,
                // Links in letters and advertisements bring all kinds of things.
                _ => (),
            }
        }
        wishes
    }

    /// The address of the page with these wishes, seen from the page itself.
    fn address(&self, room: &str) -> String {
        let mut query = Serializer::for_suffix(format!("{room}?"), room.len() + 1);
        if let Some(language) = self.language {
            query.append_pair("lang", language.tag());
        }
        for (name, is_so) in [("still", self.is_still), ("joined", self.has_joined)] {
            if is_so {
                query.append_pair(name, "1");
            }
        }
        if let Some(address) = &self.return_to {
            query.append_pair("return_to", address);
        }
        let address = query.finish();
        address.strip_suffix('?').map_or(address.clone(), str::to_owned)
    }
}

fn language_of(tag: &str) -> Option<Language> {
    [Language::De, Language::En].into_iter().find(|language| language.tag() == tag)
}

/// One request for the page.
pub(super) struct Visit<'a> {
    pub(super) app: &'a App,
    pub(super) request: &'a HttpRequest,
    pub(super) room: &'a str,
    pub(super) view: Arc<RoomView>,
    pub(super) guard: &'a Guard,
    pub(super) language: Language,
    pub(super) wishes: Wishes,
}

impl<'a> Visit<'a> {
    /// That of this request, if there is such a room.
    pub(super) fn of(
        app: &'a App,
        room: &'a RoomInPath,
        request: &'a HttpRequest,
    ) -> Result<Self, Problem> {
        let view = app.rooms.view(room.name()).map_err(refusal::problem)?;
        let guard = app.guards.of(&view.settings.room).unwrap_or(&NOTHING);
        let wishes = Wishes::of(request, guard);
        let language = wishes.language.unwrap_or_else(|| Language::preferred(request.headers()));
        Ok(Self { app, request, room: room.name(), view, guard, language, wishes })
    }

    /// The ticket that the browser keeps.
    pub(super) fn ticket(&self) -> Option<&str> {
        Cookie::ticket(self.room).read(self.request.headers())
    }

    fn asked(&self) -> Option<Result<Answer, RoomError>> {
        self.ticket().map(|ticket| self.app.rooms.ask(self.room, ticket))
    }

    /// The ticket with which somebody waits already: who joins again with it stays where they are.
    pub(super) fn waiting_ticket(&self) -> Option<&str> {
        let standing = self.asked()?.ok()?.standing;
        self.ticket().filter(|_| !matches!(standing, Standing::Used { .. }))
    }

    /// Whether the browser has a pass of this room.
    fn has_pass(&self) -> bool {
        let pass = Cookie::pass(self.room).read(self.request.headers());
        pass.is_some_and(|pass| self.app.rooms.read_pass(self.room, pass).is_ok())
    }

    /// Where somebody goes on to with a pass.
    fn way_on(&self) -> Option<String> {
        self.wishes.return_to.clone().or_else(|| self.guard.front_page(self.request.headers()))
    }

    /// The address of the page with other wishes.
    pub(super) fn with(&self, change: impl FnOnce(&mut Wishes)) -> String {
        let mut wishes = self.wishes.clone();
        change(&mut wishes);
        wishes.address(self.room)
    }

    /// The page in the other language.
    pub(super) fn in_language(&self, language: Language) -> String {
        self.with(|wishes| wishes.language = Some(language))
    }

    /// The page that is, or is not, renewed by itself: the other way than now.
    pub(super) fn moving_or_still(&self) -> String {
        self.with(|wishes| wishes.is_still = !wishes.is_still)
    }

    /// Whether the page is not to be renewed by itself.
    pub(super) fn is_still(&self) -> bool {
        self.wishes.is_still
    }

    /// Where somebody stands.
    pub(super) fn show(&self) -> HttpResponse {
        let (page, ticket) = match self.asked() {
            None if self.wishes.has_joined => {
                (self.door(&Sent::default(), Some(Alert::no_cookies(self.language))), None)
            }
            None => (self.door(&Sent::default(), None), None),
            Some(Ok(answer)) => {
                let ticket = answer.is_renewed.then(|| self.keep_ticket(&answer.ticket)).flatten();
                (self.standing(&answer), ticket)
            }
            // The ticket stays until there is another: an instance that is behind does not know it yet.
            Some(Err(error)) => {
                let alert = Alert::of(&refusal::problem(error), self.language);
                (self.door(&Sent::default(), Some(alert)), None)
            }
        };
        let mut response = page.respond(StatusCode::OK, self);
        if let Some(ticket) = ticket {
            response.headers_mut().append(SET_COOKIE, ticket);
        }
        response
    }

    fn standing(&self, answer: &Answer) -> Page {
        let is_inside = self.way_on().is_none() && self.has_pass();
        standing::page(self, answer, is_inside)
    }

    fn door(&self, sent: &Sent, alert: Option<Alert>) -> Page {
        Page { alert, ..door::page(self, sent, &[]) }
    }

    /// The form once more, with what is wrong.
    pub(super) fn door_again(&self, sent: &Sent, problem: &Problem) -> HttpResponse {
        let mistakes: Vec<_> = problem.fields().collect();
        let alert = Some(Alert::of(problem, self.language));
        let mut page = Page { alert, ..door::page(self, sent, &mistakes) };
        if problem.code() == Code::ProofRequired {
            page.door = page.door.map(|door| door.in_a_while(self, sent));
        }
        document::refused(problem, page.respond(problem.code().status(), self))
    }

    /// The same page, which says why it could not go on.
    pub(super) fn stay(&self, problem: &Problem) -> HttpResponse {
        let page = match self.asked() {
            Some(Ok(answer)) => self.standing(&answer),
            Some(Err(_)) | None => self.door(&Sent::default(), None),
        };
        let page = Page { alert: Some(Alert::of(problem, self.language)), ..page };
        document::refused(problem, page.respond(problem.code().status(), self))
    }

    /// To the page.
    pub(super) fn again(&self) -> HttpResponse {
        self.lead(self.with(|wishes| wishes.has_joined = true))
    }

    /// On with this ticket: to the page, or with a pass to what the room guards.
    pub(super) fn go_on(&self, ticket: &str, pass: Option<&IssuedPass>) -> HttpResponse {
        let kept = pass.and_then(|issued| {
            let good_for = issued.expires_at.since(self.app.rooms.now());
            Cookie::pass(self.room).keep(&issued.pass, good_for)
        });
        let mut response = match self.way_on().filter(|_| kept.is_some()) {
            Some(address) => self.lead(address),
            None => self.again(),
        };
        for cookie in [self.keep_ticket(ticket), kept].into_iter().flatten() {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    /// The browser keeps the ticket until the room is over.
    fn keep_ticket(&self, ticket: &str) -> Option<HeaderValue> {
        let until = self.view.settings.closes_at;
        Cookie::ticket(self.room).keep(ticket, until.since(self.app.rooms.now()))
    }

    fn lead(&self, address: String) -> HttpResponse {
        let mut response = reply::bare(StatusCode::SEE_OTHER);
        match HeaderValue::try_from(address) {
            Ok(address) => {
                response.headers_mut().insert(LOCATION, address);
                response
            }
            Err(error) => document::refusal(&Problem::internal(error), self.request),
        }
    }
}
