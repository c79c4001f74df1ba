//! The master that Sentinels name.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use redis::{ErrorKind, ServerErrorKind, Value};

use super::address::{HostPort, Login};
use super::config::RedisConfig;
use super::dial::Dialer;
use super::node::{Asking, Node};
use super::request::Request;
use crate::failure::{Outcome, RedisFailure, casts_doubt_on_master, was_not_carried_out};

/// A master behind Sentinels. Who it is, is asked when it is first needed, and again when a trip to it fails in
/// a way that may mean there is another one.
pub(super) struct Sentinel {
    sentinels: Vec<HostPort>,
    master_name: String,
    to_sentinels: Dialer,
    to_master: Dialer,
    config: RedisConfig,
    master: Mutex<Option<Arc<Node>>>,
    /// Held by whoever asks, so that many who miss the master ask once.
    asking: tokio::sync::Mutex<()>,
}

impl Sentinel {
    pub(super) fn new(
        sentinels: &[HostPort],
        master_name: &str,
        login: Option<&Login>,
        to_master: Dialer,
        config: &RedisConfig,
    ) -> Self {
        Self {
            sentinels: sentinels.to_vec(),
            master_name: master_name.to_owned(),
            to_sentinels: to_master.with_login(login),
            to_master,
            config: config.clone(),
            master: Mutex::new(None),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// Sends the requests to the master. What was certainly not carried out, because the server was no
    /// master or could not be reached, is sent once more, to the master as it is named then.
    pub(super) async fn send(&self, requests: &[&Request<'_>], limit: Duration) -> Outcome {
        let outcome = tokio::time::timeout(limit, async {
            let first = self.attempt(requests).await;
            if was_not_carried_out(&first) { self.attempt(requests).await } else { first }
        });
        outcome.await.unwrap_or_else(|_| {
            self.forget();
            Err(RedisFailure::Deadline(limit))
        })
    }

    async fn attempt(&self, requests: &[&Request<'_>]) -> Outcome {
        let master = self.master().await?;
        let outcome = master.exchange(requests, Asking::No).await;
        if casts_doubt_on_master(&outcome) {
            self.forget_if(|current| Arc::ptr_eq(current, &master));
        }
        outcome
    }

    /// The master: the one in use, or the one that is named now.
    pub(super) async fn master(&self) -> Result<Arc<Node>, RedisFailure> {
        if let Some(master) = self.known() {
            return Ok(master);
        }
        let _asking = self.asking.lock().await;
        if let Some(master) = self.known() {
            return Ok(master);
        }
        let master = Arc::new(self.find().await?);
        tracing::info!(master = self.master_name, at = master.name(), "sentinel named the master");
        *self.slot() = Some(Arc::clone(&master));
        Ok(master)
    }

    fn known(&self) -> Option<Arc<Node>> {
        self.slot().clone()
    }

    fn forget(&self) {
        self.forget_if(|_| true);
    }

    fn forget_if(&self, is_meant: impl FnOnce(&Arc<Node>) -> bool) {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(is_meant) {
            *slot = None;
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Node>>> {
        self.master.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks all Sentinels at once and takes the first master that says itself that it is one: a Sentinel
    /// that was cut off may name the last one, and a hung one must not hold anybody up.
    async fn find(&self) -> Result<Node, RedisFailure> {
        let mut asked: FuturesUnordered<_> =
            self.sentinels.iter().map(|sentinel| self.find_through(sentinel)).collect();
        let mut failure = RedisFailure::NoMaster(self.master_name.clone());
        while let Some(found) = asked.next().await {
            match found {
                Ok(master) => return Ok(master),
                // What somebody has to mend says more than that a Sentinel is away.
                Err(other) if failure.passes_by_itself() => failure = other,
                Err(_) => {}
            }
        }
        Err(failure)
    }

    async fn find_through(&self, sentinel: &HostPort) -> Result<Node, RedisFailure> {
        let mut question = redis::pipe();
        question.cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master_name);
        let answers = self.to_sentinels.ask(sentinel, &question).await.map_err(|source| {
            RedisFailure::Connect { at: format!("sentinel {sentinel}"), source }
        })?;
        let answer = answers.into_iter().next().unwrap_or(Value::Nil);
        let Some((host, port)) = redis::from_redis_value::<Option<(String, u16)>>(answer)? else {
            return Err(RedisFailure::UnknownMaster(self.master_name.clone()));
        };
        let server = HostPort { host, port };
        let node = Node::new(&self.to_master, Some(&server), &self.config)
            .map_err(RedisFailure::Command)?;
        match node.query::<Vec<Value>>(&redis::cmd("ROLE"), self.config.response_timeout).await {
            Ok(role) if role.first() == Some(&Value::BulkString(b"master".into())) => Ok(node),
            Ok(_) => Err(RedisFailure::NoMaster(self.master_name.clone())),
            // Whoever may not ask finds out with the first write.
            Err(RedisFailure::Command(error))
                if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) =>
            {
                Ok(node)
            }
            Err(failure) => Err(failure),
        }
    }
}
