//! A Redis Cluster: every request goes to the master that has its slot.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use kernel::Stopwatch;
use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use super::address::HostPort;
use super::config::RedisConfig;
use super::dial::Dialer;
use super::node::{Asking, Node};
use super::request::Request;
use super::slots::{SlotMap, slot_of};
use crate::failure::{Outcome, RedisFailure, casts_doubt_on_master};

/// How often a request follows a hint that its slot is elsewhere. One is usual, two while slots move.
const REDIRECTIONS_MAX: usize = 4;

/// A Cluster, as far as it is known. What a trip learns, all others use; and a master that is gone holds up
/// nobody but those whose slots it has: the others never wait for the map to be learned anew.
pub(super) struct Cluster {
    seeds: Vec<HostPort>,
    dialer: Dialer,
    config: RedisConfig,
    state: Mutex<State>,
    /// Held by whoever learns the map, so that many who miss it ask once.
    learning: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct State {
    map: Option<Arc<SlotMap>>,
    nodes: HashMap<HostPort, Arc<Node>>,
}

/// A request that has no answer yet, and where it has to go.
struct Pending {
    index: usize,
    /// Where a node has sent it; otherwise the map says it.
    target: Option<(HostPort, Asking)>,
}

type Answer = Result<Value, RedisFailure>;

impl Cluster {
    pub(super) fn new(seeds: &[HostPort], dialer: Dialer, config: &RedisConfig) -> Self {
        Self {
            seeds: seeds.to_vec(),
            dialer,
            config: config.clone(),
            state: Mutex::default(),
            learning: Arc::default(),
        }
    }

    /// Sends each request to its master, those of one master at once. Each is answered by itself.
    pub(super) async fn send(
        self: &Arc<Self>,
        requests: &[Request<'_>],
        limit: Duration,
    ) -> Vec<Answer> {
        let time = Stopwatch::start();
        let mut answers: Vec<Option<Answer>> = requests.iter().map(|_| None).collect();
        let mut pending: Vec<Pending> =
            (0..requests.len()).map(|index| Pending { index, target: None }).collect();
        let mut rounds = 0;
        while !pending.is_empty() {
            let left = limit.saturating_sub(time.elapsed());
            let may_follow = rounds < REDIRECTIONS_MAX;
            let round = self.round(requests, pending, left, limit).await;
            pending = Vec::new();
            for (index, answer) in round {
                match self.follow(index, &answer).filter(|_| may_follow) {
                    Some(next) => pending.push(next),
                    None => answers[index] = Some(answer),
                }
            }
            rounds += 1;
        }
        let missing = || Err(RedisFailure::answers_missing(requests.len()));
        answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect()
    }

    /// Positions in `keys`, those of one master together.
    pub(super) async fn by_master(
        self: &Arc<Self>,
        keys: &[&[u8]],
    ) -> Result<Vec<Vec<usize>>, RedisFailure> {
        let map = self.map().await?;
        let mut groups: BTreeMap<Option<&HostPort>, Vec<usize>> = BTreeMap::new();
        for (index, key) in keys.iter().enumerate() {
            groups.entry(map.master(slot_of(key))).or_default().push(index);
        }
        Ok(groups.into_values().collect())
    }

    /// Every master.
    pub(super) async fn masters(self: &Arc<Self>) -> Result<Vec<Arc<Node>>, RedisFailure> {
        let map = self.map().await?;
        map.masters().into_iter().map(|server| self.node(server)).collect()
    }

    async fn round(
        self: &Arc<Self>,
        requests: &[Request<'_>],
        pending: Vec<Pending>,
        left: Duration,
        limit: Duration,
    ) -> Vec<(usize, Answer)> {
        let map = match tokio::time::timeout(left, self.map()).await {
            Ok(Ok(map)) => map,
            Ok(Err(failure)) => return fail_all(&pending, &failure),
            Err(_) => return fail_all(&pending, &RedisFailure::Deadline(limit)),
        };
        let mut answers = Vec::with_capacity(pending.len());
        let mut groups: BTreeMap<(HostPort, Asking), Vec<usize>> = BTreeMap::new();
        for Pending { index, target } in pending {
            match target.map_or_else(|| home(&map, &requests[index]), Ok) {
                Ok(target) => groups.entry(target).or_default().push(index),
                Err(failure) => {
                    self.learn_anew();
                    answers.push((index, Err(failure)));
                }
            }
        }
        let trips = groups.into_iter().map(|((server, asking), indices)| async move {
            let group: Vec<&Request<'_>> = indices.iter().map(|index| &requests[*index]).collect();
            let trip = async { self.node(&server)?.exchange(&group, asking).await };
            let outcome = tokio::time::timeout(left, trip)
                .await
                .unwrap_or(Err(RedisFailure::Deadline(limit)));
            if casts_doubt_on_master(&outcome) {
                self.learn_anew();
            }
            each(&indices, outcome)
        });
        answers.extend(join_all(trips).await.into_iter().flatten());
        answers
    }

    /// Where a request has to go instead, if its answer says that.
    fn follow(self: &Arc<Self>, index: usize, answer: &Answer) -> Option<Pending> {
        let Err(RedisFailure::Command(error)) = answer else { return None };
        let asking = match error.kind() {
            ErrorKind::Server(ServerErrorKind::Moved) => Asking::No,
            ErrorKind::Server(ServerErrorKind::Ask) => Asking::Yes,
            _ => return None,
        };
        let (server, slot) = redirection(error)?;
        if asking == Asking::No {
            let mut state = self.state();
            if let Some(map) = &mut state.map {
                Arc::make_mut(map).note_moved(slot, server.clone());
            }
            drop(state);
            self.learn_anew();
        }
        Some(Pending { index, target: Some((server, asking)) })
    }

    fn node(&self, server: &HostPort) -> Result<Arc<Node>, RedisFailure> {
        let mut state = self.state();
        if let Some(node) = state.nodes.get(server) {
            return Ok(Arc::clone(node));
        }
        let node = Node::new(&self.dialer, Some(server), &self.config);
        let node = Arc::new(node.map_err(RedisFailure::Command)?);
        state.nodes.insert(server.clone(), Arc::clone(&node));
        Ok(node)
    }

    /// The map; waits for it only as long as there is none at all.
    async fn map(&self) -> Result<Arc<SlotMap>, RedisFailure> {
        if let Some(map) = self.known() {
            return Ok(map);
        }
        let _learning = self.learning.lock().await;
        match self.known() {
            Some(map) => Ok(map),
            None => self.learn().await,
        }
    }

    /// Has the map learned anew beside the trips, unless somebody is at it already.
    fn learn_anew(self: &Arc<Self>) {
        if let Ok(learning) = Arc::clone(&self.learning).try_lock_owned() {
            let cluster = Arc::clone(self);
            tokio::spawn(async move {
                if let Err(failure) = cluster.learn().await {
                    let failure: &dyn std::error::Error = &failure;
                    tracing::warn!(failure, "no node of the redis cluster tells who has the slots");
                }
                drop(learning);
            });
        }
    }

    /// Asks all nodes at once and takes the first view that is sound and no older than the one at hand; if
    /// there is none, the best of the others.
    async fn learn(&self) -> Result<Arc<SlotMap>, RedisFailure> {
        let known = self.known();
        let known_epoch = known.as_ref().map_or(0, |map| map.epoch);
        let contacts: BTreeSet<HostPort> =
            known.iter().flat_map(|map| map.nodes()).chain(&self.seeds).cloned().collect();
        let mut asked: FuturesUnordered<_> =
            contacts.into_iter().map(|contact| self.learn_from(contact)).collect();
        let (mut best, mut failure): (Option<SlotMap>, _) = (None, RedisFailure::NoCluster);
        while let Some(told) = asked.next().await {
            match told {
                Ok(map) => {
                    let is_enough = map.is_sound && map.epoch >= known_epoch;
                    let rank = |map: &SlotMap| (map.is_sound, map.epoch);
                    if best.as_ref().is_none_or(|best| rank(&map) > rank(best)) {
                        best = Some(map);
                    }
                    if is_enough {
                        break;
                    }
                }
                Err(other) if failure.passes_by_itself() => failure = other,
                Err(_) => {}
            }
        }
        best.map(|map| self.take_over(map)).ok_or(failure)
    }

    async fn learn_from(&self, contact: HostPort) -> Result<SlotMap, RedisFailure> {
        let mut questions = redis::pipe();
        questions.cmd("CLUSTER").arg("INFO").cmd("CLUSTER").arg("SLOTS");
        let answers = self
            .dialer
            .ask(&contact, &questions)
            .await
            .map_err(|source| RedisFailure::Connect { at: contact.to_string(), source })?;
        let [info, slots] = answers.as_slice() else {
            return Err(RedisFailure::answers_missing(2));
        };
        let info: String = redis::from_redis_value_ref(info)?;
        SlotMap::read(&info, slots, &contact).ok_or_else(|| {
            RedisFailure::NotUnderstood(format!("{contact} does not say who has which slots"))
        })
    }

    fn take_over(&self, map: SlotMap) -> Arc<SlotMap> {
        let map = Arc::new(map);
        let mut state = self.state();
        let masters = map.masters();
        state.nodes.retain(|server, _| masters.contains(server));
        state.map = Some(Arc::clone(&map));
        map
    }

    fn known(&self) -> Option<Arc<SlotMap>> {
        self.state().map.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the map sends a request. One without a key may go to any master.
fn home(map: &SlotMap, request: &Request<'_>) -> Result<(HostPort, Asking), RedisFailure> {
    let server = match request.key().map(slot_of) {
        Some(slot) => map.master(slot).ok_or(RedisFailure::SlotWithoutMaster(slot))?,
        None => map.masters().first().copied().ok_or(RedisFailure::NoCluster)?,
    };
    Ok((server.clone(), Asking::No))
}

/// What `MOVED` and `ASK` say: host, port and slot.
fn redirection(error: &RedisError) -> Option<(HostPort, u16)> {
    let (address, slot) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    if host.is_empty() {
        return None;
    }
    Some((HostPort { host: host.to_owned(), port: port.parse().ok()? }, slot))
}

fn fail_all(pending: &[Pending], failure: &RedisFailure) -> Vec<(usize, Answer)> {
    pending.iter().map(|pending| (pending.index, Err(failure.clone()))).collect()
}

/// Hands the outcome of one trip out to the requests that were on it.
fn each(indices: &[usize], outcome: Outcome) -> Vec<(usize, Answer)> {
    match outcome {
        Ok(answers) => indices
            .iter()
            .zip(answers)
            .map(|(index, answer)| (*index, answer.map_err(RedisFailure::Command)))
            .collect(),
        Err(failure) => indices.iter().map(|index| (*index, Err(failure.clone()))).collect(),
    }
}
