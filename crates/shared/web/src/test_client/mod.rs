//! How the tests of an HTTP API ask it: no socket, and every answer held against the OpenAPI document.
//!
//! Only with the feature `test-client`, which the HTTP crates turn on for their tests.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::App;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::test::{self, TestRequest};
use actix_web::web::{Bytes, Data, ServiceConfig};
use kernel::SeededEntropy;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::health::Readiness;
use crate::{Drain, Edge, common, cors};

mod bodies;
mod documented;
mod examples;
mod wrong_bodies;

pub use self::examples::{Example, examples};

use self::documented::DocumentedAnswers;
pub use self::wrong_bodies::assert_refusals_are_described;

/// The origin whose pages may send tokens.
pub const LISTED_ORIGIN: &str = "https://impfen.example";

type Service = Rc<dyn Fn(TestRequest) -> Pin<Box<dyn Future<Output = Reply>>>>;

/// Asks one API, with everything around it that a running service has.
pub struct TestClient {
    service: Service,
}

impl TestClient {
    /// A client of `routes`, which `document` describes.
    ///
    /// # Panics
    /// Where a reply is not what the document says of the operation: its status, under it the code of a problem, a
    /// header or the body. The test that asked fails.
    pub async fn start(document: &OpenApi, routes: impl FnOnce(&mut ServiceConfig)) -> Self {
        let readiness = Data::new(Readiness::new(Drain::new()));
        let common =
            common::routes(document, readiness).expect("a document can be written as JSON");
        let app = App::new()
            .configure(routes)
            .configure(common)
            .wrap(cors::allow(&[LISTED_ORIGIN.to_owned()]))
            .wrap(Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1))));
        let service = Rc::new(test::init_service(app).await);
        let documented = Rc::new(DocumentedAnswers::of(document));
        let service: Service = Rc::new(move |request| {
            let (service, documented) = (service.clone(), documented.clone());
            Box::pin(async move {
                let request = request.to_request();
                let (method, path) = (request.method().clone(), request.path().to_owned());
                let response = test::call_service(&*service, request).await;
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                let bytes = test::read_body(response).await;
                let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                let reply = Reply { status, headers, bytes, json };
                // Nobody documents a HEAD: it is answered as its GET.
                let named = if method == Method::HEAD { &Method::GET } else { &method };
                if let Some(mistake) = documented.mistakes(named.as_str(), &path, &reply) {
                    panic!("{mistake}: {method} {path} {reply}");
                }
                reply
            })
        });
        Self { service }
    }

    /// A request of this method.
    pub fn request(&self, method: &Method, path: &str) -> Call {
        let (service, method, path) = (self.service.clone(), method.clone(), path.to_owned());
        Call { service, method, path, headers: Vec::new(), body: None, peer: None }
    }

    /// A request that reads.
    pub fn get(&self, path: &str) -> Call {
        self.request(&Method::GET, path)
    }
}

/// A request to be sent.
#[must_use]
pub struct Call {
    service: Service,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    peer: Option<SocketAddr>,
}

impl Call {
    /// The same request of another path.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// With this header, in place of an earlier one of the name.
    pub fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        let mut call = self.no_header(name);
        call.headers.push((name, value.into()));
        call
    }

    /// Without this header.
    pub fn no_header(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// With this token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With this body.
    pub fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    /// With this text as the body, which is said to be JSON.
    pub fn text(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self.header("content-type", "application/json")
    }

    /// With this text as the body, which is said to be a form.
    pub fn form(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self.header("content-type", crate::form::FORM)
    }

    /// As this machine sends it.
    pub fn from_peer(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Sends it.
    pub async fn send(self) -> Reply {
        let mut request = TestRequest::with_uri(&self.path).method(self.method);
        for header in self.headers {
            request = request.insert_header(header);
        }
        if let Some(body) = self.body {
            request = request.set_payload(body);
        }
        if let Some(peer) = self.peer {
            request = request.peer_addr(peer);
        }
        (self.service)(request).await
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub bytes: Bytes,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

impl Reply {
    /// The code of a problem, or nothing.
    #[must_use]
    pub fn code(&self) -> &str {
        self.json["code"].as_str().filter(|_| self.status >= 400).unwrap_or_default()
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The fields that a problem names.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }
}

/// Status and body.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:#}", self.status, self.json)
    }
}

#[cfg(test)]
mod tests;
