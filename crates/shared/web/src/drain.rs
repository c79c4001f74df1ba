//! Stopping in two phases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;

/// Whether the process is about to stop. Clones share the answer.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<AtomicBool>);

impl Drain {
    /// Not draining.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins to drain: `/readyz` fails and connections are closed after their next response, so
    /// that the proxy in front sends new requests elsewhere. Requests are still answered.
    pub fn start(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether draining has begun.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Stops servers in two phases: drains for `drain_for`, the time a proxy needs to notice; then
    /// accepts no connection any more and finishes the requests that are under way, within the
    /// servers' own shutdown time-out.
    pub async fn stop(&self, servers: Vec<ServerHandle>, drain_for: Duration) {
        self.start();
        tracing::info!(drain_s = drain_for.as_secs(), "draining");
        #[expect(
            clippy::disallowed_methods,
            reason = "nothing tells that every proxy has noticed"
        )]
        tokio::time::sleep(drain_for).await;
        tracing::info!("finishing the requests under way");
        futures_util::future::join_all(servers.iter().map(|server| server.stop(true))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{App, HttpServer};

    #[actix_web::test]
    async fn a_drained_server_has_stopped() {
        let drain = Drain::new();
        let server = HttpServer::new(App::new).workers(1).bind("127.0.0.1:0").expect("a free port");
        let server = server.disable_signals().run();
        let handle = server.handle();
        let running = actix_web::rt::spawn(server);
        assert!(!drain.is_draining());
        drain.stop(vec![handle], Duration::ZERO).await;
        assert!(drain.is_draining());
        running.await.expect("not cancelled").expect("stopped cleanly");
    }
}
