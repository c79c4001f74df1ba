//! Which web pages may read the API's answers (Fetch standard, "CORS protocol").
//!
//! What everybody may read, the pages of every origin may read. So a read without a token is answered with
//! `Access-Control-Allow-Origin: *`, whoever asks, and the answer does not vary with the origin: a cache
//! in between keeps one answer for all. Everything else is for the pages of the listed origins.

mod preflight;
mod this_machine;

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready as poll_ready};

use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, AUTHORIZATION, CACHE_CONTROL,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::{Error, HttpResponse};
use futures_util::future::Either;
use pin_project_lite::pin_project;

use preflight::Preflight;

const ANY: HeaderValue = HeaderValue::from_static("*");
const VARIES: HeaderValue = HeaderValue::from_static("origin");

/// `Date` and `Age` tell the time and how old an answer from a cache is, also where the body is an old one
/// that a 304 has confirmed.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "age, date, etag, link, location, ratelimit, ratelimit-policy, retry-after, x-request-id",
);

/// Lets pages of these origins, such as `https://impfen.example`, send tokens and change things; and
/// those of all origins read what is public.
#[must_use]
pub fn allow(origins: &[String]) -> Cors {
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    Cors { origins: Origins::Listed(origins.collect()) }
}

/// Lets every page do so that is served from this machine, on whatever port, or opened from a file: for
/// whoever develops one. Never in production.
#[must_use]
pub fn allow_this_machine() -> Cors {
    Cors { origins: Origins::OfThisMachine }
}

/// The middleware.
#[derive(Clone, Debug)]
pub struct Cors {
    origins: Origins,
}

/// The origins whose pages may do everything.
#[derive(Clone, Debug)]
enum Origins {
    Listed(Arc<[HeaderValue]>),
    OfThisMachine,
}

impl Cors {
    /// The origin of the page that asks, if it is a listed one.
    fn listed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(ORIGIN)?;
        let is_listed = match &self.origins {
            Origins::Listed(origins) => origins.contains(origin),
            Origins::OfThisMachine => this_machine::is_origin(origin),
        };
        is_listed.then(|| origin.clone())
    }

    fn readers(&self, request: &ServiceRequest) -> Readers {
        if is_read(request.method()) && !request.headers().contains_key(AUTHORIZATION) {
            return Readers::Everybody;
        }
        self.listed(request.headers()).map_or(Readers::OwnOrigin, Readers::Listed)
    }

    fn preflight(&self, asked: &Preflight<'_>, request: &HeaderMap) -> Option<HttpResponse> {
        let readers = match self.listed(request) {
            Some(origin) => Readers::Listed(origin),
            None if asked.is_public_read() => Readers::Everybody,
            None => return None,
        };
        let mut response = preflight::permit(matches!(readers, Readers::Everybody));
        readers.write(response.headers_mut());
        Some(response)
    }
}

fn is_public(response: &HeaderMap) -> bool {
    response.get(CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"public"))
}

fn is_read(method: &Method) -> bool {
    [Method::GET, Method::HEAD].contains(method)
}

/// The pages that may read an answer.
#[derive(Debug)]
pub enum Readers {
    /// Those of every origin.
    Everybody,
    /// Those of one origin, which is on the list.
    Listed(HeaderValue),
    /// Only those of the API's own origin, which browsers do not ask about.
    OwnOrigin,
}

impl Readers {
    fn write(self, headers: &mut HeaderMap) {
        let allowed = match self {
            Self::Everybody => ANY,
            Self::Listed(origin) => {
                headers.append(VARY, VARIES);
                origin
            }
            Self::OwnOrigin => {
                headers.append(VARY, VARIES);
                return;
            }
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

impl<S, B> Transform<S, ServiceRequest> for Cors
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = CorsService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(CorsService { inner, cors: self.clone() }))
    }
}

/// The middleware around one worker's service.
pub struct CorsService<S> {
    inner: S,
    cors: Cors,
}

impl<S, B> Service<ServiceRequest> for CorsService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Either<Ready<Result<Self::Response, Error>>, CorsFuture<S::Future>>;

    actix_web::dev::forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if let Some(asked) = Preflight::of(request.method(), request.headers()) {
            let response = self
                .cors
                .preflight(&asked, request.headers())
                .unwrap_or_else(|| HttpResponse::from_error(preflight::refuse()));
            let answer = request.into_response(response).map_into_right_body();
            return Either::Left(ready(Ok(answer)));
        }
        let readers = self.cors.readers(&request);
        Either::Right(CorsFuture { inner: self.inner.call(request), readers: Some(readers) })
    }
}

pin_project! {
    /// A request on its way through the middleware.
    pub struct CorsFuture<F> {
        #[pin]
        inner: F,
        readers: Option<Readers>,
    }
}

impl<F, B> Future for CorsFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = poll_ready!(this.inner.poll(context))?;
        if let Some(readers) = this.readers.take() {
            let headers = response.headers_mut();
            // A cache gives a public answer to everybody, also one that was asked for with a token.
            let readers = if is_public(headers) { Readers::Everybody } else { readers };
            readers.write(headers);
        }
        Poll::Ready(Ok(response.map_into_left_body()))
    }
}

#[cfg(test)]
mod tests;
