//! The server below the API: connections that nobody can hold for ever, and refusals that are problems even where
//! the request could not be read.
//!
//! [`actix_web::HttpServer`] offers no place for either: it bounds only how long the first head of a connection takes,
//! and what its parser refuses never reaches a middleware. So the same parts are put together here, with a
//! [`Connection`](connection::Connection) between them and the socket.

mod connection;
mod refusal;

use std::future::ready;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;

use actix_http::{HttpService, Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, map_config};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, Service, fn_service};
use actix_web::rt::net::TcpStream;

use crate::Edge;

use connection::Connection;
use refusal::Refusals;

/// How long the end of a connection may take.
const DISCONNECT_TIME_MAX: Duration = Duration::from_secs(1);

/// Connections of one worker at once: more than a process may open files, which is the limit that counts. The usual
/// 25,600 would leave those beyond unanswered while streams hold them.
const CONNECTIONS_MAX: usize = 1 << 20;

/// How a server deals with its connections.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// Serving threads; 0 for one per processor.
    pub workers: usize,
    /// How long the first head of a connection may take.
    pub head: Duration,
    /// How long any request may take from its first byte until there is a byte of its answer, or until its body, which
    /// nobody reads any more, has ended. Then the connection counts as closed by the client: a handler that is still at
    /// work may answer.
    pub request: Duration,
    /// How long a connection is kept between two requests.
    pub keep_alive: Duration,
    /// How long requests under way may take when the server stops, in seconds.
    pub finish_s: u64,
}

/// Serves the application on this listener. `edge` is the one that wraps the application.
pub fn listen<F, I, S, B>(
    listener: TcpListener,
    manners: Manners,
    edge: Edge,
    app: F,
) -> std::io::Result<Server>
where
    F: Fn() -> I + Clone + Send + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let builder = if manners.workers == 0 { builder } else { builder.workers(manners.workers) };
    let builder = builder.shutdown_timeout(manners.finish_s).disable_signals();
    let builder = builder.max_concurrent_connections(CONNECTIONS_MAX);
    let service = move || {
        let stopping = stopping.clone();
        let app = app().into_factory().map_err(|error| error.into().error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(manners.head)
            .client_disconnect_timeout(DISCONNECT_TIME_MAX)
            .keep_alive(manners.keep_alive)
            .h1(map_config(app, |()| AppConfig::default()));
        let refusals = Rc::new(Refusals::of(&edge));
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            ready(Ok((Connection::new(stream, manners, refusals.clone()), peer)))
        })
        .and_then(http)
    };
    Ok(builder.listen("http", listener, service)?.run())
}

#[cfg(test)]
mod tests;
