//! What a sandbox puts before the routes of its services. Production has nothing there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

/// An answer that is being made.
pub type Answering = Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>;

/// It meets each request behind CORS and the edge, so what it refuses is written as every refusal is.
pub trait Front: Send + Sync {
    /// Answers the request itself, or lets `next` answer.
    fn meet(&self, request: ServiceRequest, next: Next<BoxBody>) -> Answering;
}

/// The middleware around the routes; without a front it is not there at all.
pub(crate) fn before_routes(
    front: Option<Arc<dyn Front>>,
) -> impl Fn(ServiceRequest, Next<BoxBody>) -> Answering {
    move |request, next| match &front {
        Some(front) => front.meet(request, next),
        None => Box::pin(async move { next.call(request).await }),
    }
}
