//! The one middleware that every request passes.
//!
//! It gives the request an id, counts it, lets a HEAD be answered as its GET, and writes problems in the
//! reader's language. It is on the way of every poll, so when nothing is wrong it allocates once (the id) and
//! takes no lock.

mod log;
mod measure;

use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use kernel::{Entropy, Stopwatch};
use pin_project_lite::pin_project;

use crate::drain::Drain;
use crate::head;
use crate::language::Language;
use crate::problem::{self, Code, Problem};
use crate::request_id::{self, RequestIds};
use crate::trace::{RequestSpan, Tracing};

use log::{Ids, RequestLog};
use measure::Measures;

/// What `Retry-After` says at least when a handler has not said when to come back.
const RETRY_AFTER_BASE_S: u64 = 2;

/// The middleware. Wrap it last, so that it is the outermost: `App::new().wrap(cors).wrap(edge)`.
#[derive(Clone)]
pub struct Edge {
    measures: Arc<Measures>,
    drain: Drain,
    entropy: Arc<dyn Entropy>,
    tracing: Option<Tracing>,
}

impl Edge {
    /// The middleware of the service called `service` in metrics. Make it after the metrics
    /// recorder is installed and clone it into the workers.
    #[must_use]
    pub fn new(service: &'static str, drain: Drain, entropy: Arc<dyn Entropy>) -> Self {
        Self { measures: Arc::new(Measures::register(service)), drain, entropy, tracing: None }
    }

    /// The same, and every request is a span of its trace.
    #[must_use]
    pub fn traced(self, tracing: Option<Tracing>) -> Self {
        Self { tracing, ..self }
    }

    /// Ids for requests that never become one.
    pub(crate) fn request_ids(&self) -> RequestIds {
        RequestIds::new(&*self.entropy)
    }

    /// Counts a request that was refused before it became one.
    pub(crate) fn refused(&self, code: Code) {
        // Its method is not known; this one is counted among the others.
        self.measures.request(&Method::CONNECT, code.status(), Duration::ZERO);
        self.measures.problem(code);
    }
}

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = EdgeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let worker = Worker {
            ids: RequestIds::new(&*self.entropy),
            edge: self.clone(),
            log: RequestLog::default(),
        };
        ready(Ok(EdgeService { inner, worker: Rc::new(worker) }))
    }
}

/// The middleware around one worker's service.
pub struct EdgeService<S> {
    inner: S,
    worker: Rc<Worker>,
}

impl<S, B> Service<ServiceRequest> for EdgeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = EdgeFuture<S::Future, B>;

    actix_web::dev::forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let started = Stopwatch::start();
        head::as_get(&mut request);
        let worker = self.worker.clone();
        let span = worker.edge.tracing.as_ref().map(|tracing| tracing.request(request.headers()));
        EdgeFuture { inner: self.inner.call(request), started, span, worker, body: PhantomData }
    }
}

pin_project! {
    /// A request on its way through the middleware.
    pub struct EdgeFuture<F, B> {
        #[pin]
        inner: F,
        started: Stopwatch,
        span: Option<RequestSpan>,
        worker: Rc<Worker>,
        body: PhantomData<B>,
    }
}

impl<F, B> Future for EdgeFuture<F, B>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = poll_ready!(this.inner.poll(context))?;
        Poll::Ready(Ok(this.worker.finish(response, this.span.take(), this.started.elapsed())))
    }
}

/// What one worker thread needs for its requests.
struct Worker {
    edge: Edge,
    ids: RequestIds,
    log: RequestLog,
}

impl Worker {
    fn finish<B: MessageBody>(
        &self,
        mut response: ServiceResponse<B>,
        span: Option<RequestSpan>,
        took: Duration,
    ) -> ServiceResponse<EitherBody<B>> {
        let request_id = self.ids.of(response.request().headers());
        let status = response.status();
        self.edge.measures.request(response.request().method(), status, took);
        response.headers_mut().insert(request_id::HEADER, request_id.clone());
        if self.edge.drain.is_draining() {
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        let problem = (status.as_u16() >= 400).then(|| problem_of(&mut response)).flatten();
        let ids =
            Ids { request: &request_id, trace: span.as_ref().and_then(RequestSpan::trace_id) };
        self.log.request(&response, &ids, problem.as_ref(), took);
        if let Some(span) = span {
            let request = response.request();
            span.answered(request.method(), request.match_pattern().as_deref(), status);
        }
        match problem {
            None => response.map_into_left_body(),
            Some(problem) => self.write(problem, response, &request_id),
        }
    }

    fn write<B>(
        &self,
        mut problem: Problem,
        mut response: ServiceResponse<B>,
        request_id: &HeaderValue,
    ) -> ServiceResponse<EitherBody<B>> {
        self.edge.measures.problem(problem.code());
        if problem.code().tells_when_to_retry() && problem.retry_after().is_none() {
            problem =
                problem.retry_after_s(problem::jittered_s(RETRY_AFTER_BASE_S, &*self.edge.entropy));
        }
        let language = Language::preferred(response.request().headers());
        let body = problem.body(language, request_id.to_str().unwrap_or_default());
        let headers = response.headers_mut();
        headers.append(header::LINK, HeaderValue::from_static(problem.code().entry().link));
        if let Some(seconds) = problem.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if problem.code().status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        for (name, value) in problem.headers() {
            headers.insert(name.clone(), value.clone());
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        // A refusal is true for one request at one moment; a cache must not repeat it.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.map_body(|_, _| EitherBody::right(BoxBody::new(body)))
    }
}

/// The problem a failed response stands for. Failures of the framework, which are plain text or
/// empty, become the problem of their status; other responses stay as they are.
fn problem_of<B>(response: &mut ServiceResponse<B>) -> Option<Problem> {
    let ours = response.response_mut().extensions_mut().remove::<Problem>();
    if ours.is_some() {
        return ours;
    }
    let is_text = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|value| value.as_bytes().starts_with(b"text/plain"));
    let code = is_text.then(|| code_of(response.status())).flatten()?;
    Some(match response.response().error() {
        Some(error) if code == Code::Internal => Problem::internal(error),
        Some(_) | None => Problem::new(code),
    })
}

fn code_of(status: StatusCode) -> Option<Code> {
    match status.as_u16() {
        400 => Some(Code::InvalidRequest),
        404 => Some(Code::NotFound),
        405 => Some(Code::MethodNotAllowed),
        408 => Some(Code::RequestTimeout),
        413 => Some(Code::BodyTooLarge),
        415 => Some(Code::UnsupportedMediaType),
        500 => Some(Code::Internal),
        503 => Some(Code::Unavailable),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
