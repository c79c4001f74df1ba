//! The listeners of a service: one for citizens, one for the operator's metrics.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use tokio::task::JoinHandle;
use utoipa::openapi::OpenApi;
use web::health::Readiness;
use web::metrics::Metrics;
use web::server::Manners;
use web::trace::Tracing;
use web::{Edge, common, cors, server};

use crate::front;
use crate::process::{Process, StopTimes};

/// How long a client may take to send the head of its first request.
const REQUEST_HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a request may take to arrive: its head, and a body in the time that `web::json` gives it.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(20);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections that wait to be accepted: a rush comes within a second.
const BACKLOG: u32 = 8_192;

/// What distinguishes one service's public API from the other's.
pub struct PublicApi {
    /// The name in metrics.
    pub service: &'static str,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address of the metrics; empty for none.
    pub metrics_listen: String,
    /// Serving threads; 0 for one per processor.
    pub workers: usize,
    /// The CORS allow-list.
    pub cors_origins: Vec<String>,
    /// What must hold before requests are sent here.
    pub readiness: Readiness,
    /// The API's document.
    pub openapi: OpenApi,
    /// Records what is answered.
    pub tracing: Option<Tracing>,
}

/// The running listeners of one service.
pub struct Listeners {
    /// The public address, with the port that was really taken.
    pub address: SocketAddr,
    tracing: Option<Tracing>,
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<std::io::Result<()>>>,
}

impl Listeners {
    /// Starts listening. `routes` registers the service's own routes.
    pub fn start<F>(
        process: &Process,
        api: PublicApi,
        stop: StopTimes,
        routes: F,
    ) -> anyhow::Result<Self>
    where
        F: FnOnce(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let listener = bind(api.listen)?;
        let address = listener.local_addr()?;
        let metrics = match (&process.metrics, api.metrics_listen.as_str()) {
            (None, _) | (_, "") => None,
            (Some(metrics), listen) => {
                let listen = listen.parse().context("the address of the metrics is not valid")?;
                Some(metrics_server(metrics.clone(), bind(listen)?)?)
            }
        };
        let tracing = api.tracing.clone();
        let public = public_server(process, api, listener, stop, routes)?;
        let servers: Vec<Server> = std::iter::once(public).chain(metrics).collect();
        Ok(Self {
            address,
            tracing,
            handles: servers.iter().map(Server::handle).collect(),
            tasks: servers.into_iter().map(tokio::spawn).collect(),
        })
    }

    /// The public base URL on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Drains, then finishes the requests under way (P16).
    pub async fn stop(self, process: &Process, stop: StopTimes) {
        process.drain.stop(self.handles, stop.drain).await;
        for task in self.tasks {
            match task.await {
                Ok(Ok(())) => (),
                Ok(Err(error)) => tracing::error!(%error, "a server ended badly"),
                Err(error) => tracing::error!(%error, "a server crashed"),
            }
        }
        if let Some(tracing) = self.tracing
            && let Err(error) = tokio::task::spawn_blocking(move || tracing.shut_down()).await
        {
            tracing::error!(%error, "the traces ended badly");
        }
    }
}

fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(listen),
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket
        .bind(&listen.into())
        .and_then(|()| socket.listen(BACKLOG.cast_signed()))
        .with_context(|| format!("failed to listen on {listen}"))?;
    Ok(socket.into())
}

fn public_server<F>(
    process: &Process,
    api: PublicApi,
    listener: TcpListener,
    stop: StopTimes,
    routes: F,
) -> anyhow::Result<Server>
where
    F: FnOnce(&mut ServiceConfig) + Clone + Send + 'static,
{
    let edge = Edge::new(api.service, process.drain.clone(), process.entropy.clone());
    let edge = edge.traced(api.tracing);
    let common = common::routes(&api.openapi, Data::new(api.readiness))?;
    let origins = api.cors_origins;
    let front = process.front.clone();
    let manners = Manners {
        workers: api.workers,
        head: REQUEST_HEAD_TIME_MAX,
        request: REQUEST_TIME_MAX,
        keep_alive: KEEP_ALIVE,
        finish_s: stop.finish.as_secs(),
    };
    let wrapping = edge.clone();
    let app = move || {
        let is_sandbox = front.is_some();
        let pages = if is_sandbox { cors::allow_this_machine() } else { cors::allow(&origins) };
        App::new()
            .configure(routes.clone())
            .configure(common.clone())
            .wrap(Condition::new(is_sandbox, from_fn(front::before_routes(front.clone()))))
            .wrap(pages)
            .wrap(wrapping.clone())
    };
    Ok(server::listen(listener, manners, edge, app)?)
}

fn metrics_server(metrics: Metrics, listener: TcpListener) -> anyhow::Result<Server> {
    let server = HttpServer::new(move || App::new().configure(metrics.clone().routes()));
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_read_is_refused_with_a_problem() {
        let process = Process::new(None);
        let api = PublicApi {
            service: "test",
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            metrics_listen: String::new(),
            workers: 1,
            cors_origins: Vec::new(),
            readiness: Readiness::new(process.drain.clone()),
            openapi: booking_http::openapi(),
            tracing: None,
        };
        let stop = StopTimes { drain: Duration::ZERO, finish: Duration::from_secs(1) };
        let routes = |_: &mut ServiceConfig| {};
        let listeners = Listeners::start(&process, api, stop, routes).expect("it listens");
        let address = listeners.address;
        let asked = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(b"this is not HTTP\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        });
        let answer = asked.await.expect("no panic").expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
        assert!(answer.contains(r#""code":"request-malformed""#), "{answer}");
        listeners.stop(&process, stop).await;
    }
}
