//! The listeners of a service: one for citizens, one for the operator's metrics.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use tokio::task::JoinHandle;
use utoipa::openapi::OpenApi;
use web::docs_page::DocsPage;
use web::health::Readiness;
use web::metrics::Metrics;
use web::server::Manners;
use web::{Edge, cors, fallback, health, server};

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
}

/// The running listeners of one service.
pub struct Listeners {
    /// The public address, with the port that was really taken.
    pub address: SocketAddr,
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
        let public = public_server(process, api, listener, stop, routes)?;
        let servers: Vec<Server> = std::iter::once(public).chain(metrics).collect();
        Ok(Self {
            address,
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
    let readiness = Data::new(api.readiness);
    let docs = DocsPage::new(&api.openapi)?.routes();
    let fallback = fallback::problems(&api.openapi);
    let origins = api.cors_origins;
    let manners = Manners {
        workers: api.workers,
        head: REQUEST_HEAD_TIME_MAX,
        request: REQUEST_TIME_MAX,
        keep_alive: KEEP_ALIVE,
        finish_s: stop.finish.as_secs(),
    };
    let wrapping = edge.clone();
    let app = move || {
        App::new()
            .configure(routes.clone())
            .configure(health::routes(readiness.clone()))
            .configure(docs.clone())
            .configure(fallback.clone())
            .wrap(cors::allow(&origins))
            .wrap(wrapping.clone())
    };
    Ok(server::listen(listener, manners, edge, app)?)
}

fn metrics_server(metrics: Metrics, listener: TcpListener) -> anyhow::Result<Server> {
    let server = HttpServer::new(move || App::new().configure(metrics.clone().routes()));
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}
