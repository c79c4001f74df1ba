//! One stream: what is sent of what there is to tell.

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, body};
use futures_util::stream::unfold;
use kernel::Entropy;

use super::Streams;
use super::beats::Beats;
use super::seats::Seat;
use crate::head;

/// Says that the stream is there.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// When a client whose stream ended comes back, at the earliest.
const RETRY_MIN_MS: u64 = 2_000;
/// Over how long they come back who listen, at least. More than a thousand take a millisecond each.
const RETURN_MIN_MS: u64 = 1_000;

/// The head of an answer that is a stream of events.
#[must_use]
pub fn event_stream() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "text/event-stream"));
    response.insert_header((CACHE_CONTROL, "no-store"));
    // Proxies that gather an answer would keep it for ever.
    response.insert_header(("x-accel-buffering", "no"));
    response
}

/// What somebody who listens has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// These events.
    Events(Bytes),
    /// Nothing that they do not know.
    Nothing,
    /// That there is nothing more to come.
    Over,
}

/// Somebody who listens.
struct Listener<T, F> {
    beats: Beats<T>,
    tell: F,
    seat: Seat,
    entropy: Arc<dyn Entropy>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Nothing was sent yet.
    New,
    Listening,
    /// Woken, and nothing was said since.
    Woken,
    /// There are no more beats, but there may be something left to tell.
    Ending,
    Over,
}

impl<K, T: Send + Sync + 'static> Streams<K, T> {
    /// The stream of somebody who has a seat. `tell` gives what they have to be told, of what there is to tell; it is
    /// asked again after every beat.
    pub fn respond(
        &self,
        request: &HttpRequest,
        seat: Seat,
        beats: Beats<T>,
        tell: impl FnMut(&T) -> Told + 'static,
    ) -> HttpResponse {
        let mut response = event_stream();
        if head::is_head(request) {
            return response.body(body::None::new());
        }
        let entropy = Arc::clone(&self.entropy);
        let listener = Listener { beats, tell, seat, entropy, state: State::New };
        response.streaming(unfold(listener, |mut listener| async {
            let bytes = listener.next().await?;
            Some((Ok::<Bytes, Infallible>(bytes), listener))
        }))
    }
}

impl<T, F: FnMut(&T) -> Told> Listener<T, F> {
    /// What is sent next; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        match self.state {
            State::New => {
                self.state = State::Listening;
                return Some(self.retry());
            }
            State::Over => return None,
            State::Listening | State::Woken | State::Ending => (),
        }
        loop {
            let told = (self.tell)(&self.beats.borrow_and_update());
            match told {
                Told::Events(bytes) => {
                    if self.state == State::Woken {
                        self.state = State::Listening;
                    }
                    return Some(bytes);
                }
                Told::Over => self.state = State::Ending,
                Told::Nothing => (),
            }
            match self.state {
                State::Ending => {
                    self.state = State::Over;
                    return Some(self.retry());
                }
                State::Woken => {
                    self.state = State::Listening;
                    return Some(COMMENT);
                }
                State::New | State::Listening | State::Over => (),
            }
            let has_ended = self.beats.changed().await.is_err();
            self.state = if has_ended { State::Ending } else { State::Woken };
        }
    }

    /// Says when to come back after an end. Those of a service that stops all come back elsewhere, so the more there are
    /// the longer they take.
    fn retry(&self) -> Bytes {
        let listening = u64::try_from(self.seat.taken()).unwrap_or(u64::MAX);
        let retry_ms = RETRY_MIN_MS + self.entropy.u64() % listening.max(RETURN_MIN_MS);
        format!("retry: {retry_ms}\n\n").into()
    }
}
