//! The scripts in `scripts/*.lua`, one per operation, with arguments and replies as types. Each script
//! says at its top what it takes, gives and costs.
//!
//! A script runs as a whole or not at all, and no other command runs meanwhile: that is what makes the
//! operations of the port atomic. Redis may forget the scripts at any time; they are loaded again.

use std::collections::HashMap;

use kernel::Timestamp;
use redis::{Script, ScriptInvocation};
use waiting_room::PassId;
use waiting_room::gate::Ledger;
use waiting_room::state::{Floor, RoomState};
use waiting_room::store::{
    AdmissionLimits, Arrivals, Entries, FreezeAt, Reading, Redeemed, Redemption, Signals,
};

use crate::failure::RedisFailure;
use crate::fields;
use crate::keys::RoomKeys;
use crate::pool::Connections;

type Result<T> = std::result::Result<T, RedisFailure>;

/// The reply of an operation on one room; `None` if Redis does not know it.
type Known<T> = Result<Option<T>>;

/// What a batch of arrivals came to.
pub(crate) enum Joined {
    /// They got their entries.
    Entries(Entries),
    /// The room was restored a moment ago and issues no entries yet.
    Recovering,
}

/// The scripts, and the connections they run over.
pub(crate) struct Scripts {
    pub(crate) connections: Connections,
    create: Script,
    restore: Script,
    sync: Script,
    join: Script,
    freeze: Script,
    call: Script,
    redeem: Script,
    leave: Script,
    signal: Script,
}

impl Scripts {
    pub(crate) fn new(connections: Connections) -> Self {
        macro_rules! script {
            ($($file:literal),+) => {
                Script::new(concat!($(include_str!(concat!("scripts/", $file))),+))
            };
        }
        Self {
            connections,
            create: script!("create.lua"),
            restore: script!("restore.lua"),
            sync: script!("sync.lua"),
            join: script!("admission.lua", "join.lua"),
            freeze: script!("freeze.lua"),
            call: script!("call.lua"),
            redeem: script!("admission.lua", "redeem.lua"),
            leave: script!("leave.lua"),
            signal: script!("signal.lua"),
        }
    }

    /// Creates a room; gives the settings it has if it is known already.
    pub(crate) async fn create(
        &self,
        keys: &RoomKeys,
        settings: &str,
        state: &RoomState,
    ) -> Known<String> {
        let mut call = self.create.prepare_invoke();
        call.key(&keys.state).key(&keys.settings).key(&keys.redeemed).key(&keys.active);
        call.arg(settings).arg(fields::of_state(state, Timestamp::default())?);
        self.connections.run(&call).await
    }

    /// Restores a room; gives whether it was unknown.
    pub(crate) async fn restore(
        &self,
        keys: &RoomKeys,
        settings: &str,
        state: &RoomState,
        joins_from: Timestamp,
    ) -> Result<bool> {
        let mut call = self.restore.key(&keys.state);
        call.key(&keys.settings).arg(settings).arg(fields::of_state(state, joins_from)?);
        self.connections.run(&call).await
    }

    /// Raises the counters and reads the state.
    pub(crate) async fn sync(&self, keys: &RoomKeys, floor: Floor) -> Known<Reading> {
        let mut call = self.sync.key(&keys.state);
        call.key(&keys.redeemed).key(&keys.active).arg(floor.entered).arg(floor.called);
        let reply: Option<(i64, u32, u64, HashMap<String, String>)> =
            self.connections.run(&call).await?;
        reply
            .map(|(now_ms, active, redeemed, fields)| {
                let state = fields::to_state(&fields, active, redeemed)?;
                Ok(Reading { now: Timestamp::from_unix_ms(now_ms), state })
            })
            .transpose()
    }

    /// Issues entries.
    pub(crate) async fn join(
        &self,
        keys: &RoomKeys,
        arrivals: &Arrivals,
        now: Timestamp,
    ) -> Known<Joined> {
        let mut call = self.join.key(&keys.state);
        call.key(&keys.redeemed).key(&keys.active);
        call.arg(now.unix_ms()).arg(arrivals.count);
        call.arg(arrivals.floor.entered).arg(arrivals.floor.called);
        if let Some(express) = &arrivals.express {
            call.arg(express.boundaries);
            add_limits(&mut call, &express.limits);
            add_passes(&mut call, &express.pass_ids);
        }
        let reply: Option<Vec<u64>> = self.connections.run(&call).await?;
        let Some(reply) = reply else { return Ok(None) };
        match *reply.as_slice() {
            [] => Ok(Some(Joined::Recovering)),
            [epoch, first, boundaries, admitted] => Ok(Some(Joined::Entries(Entries {
                epoch: narrow(epoch)?,
                first,
                boundaries: narrow(boundaries)?,
                admitted: narrow(admitted)?,
            }))),
            _ => Err(RedisFailure::NotUnderstood(format!("join replied {reply:?}"))),
        }
    }

    /// Freezes a boundary.
    pub(crate) async fn freeze(
        &self,
        keys: &RoomKeys,
        index: usize,
        boundary: FreezeAt,
    ) -> Known<()> {
        let secret = fields::secret_text(boundary.secret.as_ref());
        let mut call = self.freeze.key(&keys.state);
        call.arg(index).arg(boundary.now.unix_ms()).arg(secret);
        self.connections.run::<Option<bool>>(&call).await.map(|reply| reply.map(|_| ()))
    }

    /// Moves the gate; gives whether nobody was first.
    pub(crate) async fn call(&self, keys: &RoomKeys, call_to: u64, ledger: &Ledger) -> Known<bool> {
        let mut call = self.call.key(&keys.state);
        call.arg(call_to).arg(ledger.version).arg(ledger.claim_from);
        call.arg(serde_json::to_string(ledger)?);
        self.connections.run(&call).await
    }

    /// Redeems places.
    pub(crate) async fn redeem(
        &self,
        keys: &RoomKeys,
        redemptions: &[Redemption],
        limits: &AdmissionLimits,
        now: Timestamp,
    ) -> Known<Vec<Redeemed>> {
        let mut call = self.redeem.key(&keys.state);
        call.key(&keys.redeemed).key(&keys.active).arg(now.unix_ms());
        add_limits(&mut call, limits);
        for Redemption { place, pass_id } in redemptions {
            call.arg(place).arg(pass_id.as_bytes().as_slice());
        }
        let reply: Option<Vec<i64>> = self.connections.run(&call).await?;
        let Some(reply) = reply else { return Ok(None) };
        if reply.len() != redemptions.len() {
            let (given, asked) = (reply.len(), redemptions.len());
            let what = format!("redeem replied with {given} answers to {asked} redemptions");
            return Err(RedisFailure::NotUnderstood(what));
        }
        reply.into_iter().map(redeemed).collect::<Result<_>>().map(Some)
    }

    /// Ends passes.
    pub(crate) async fn leave(&self, keys: &RoomKeys, pass_ids: &[PassId]) -> Known<()> {
        let mut call = self.leave.key(&keys.state);
        call.key(&keys.active);
        add_passes(&mut call, pass_ids);
        self.connections.run::<Option<bool>>(&call).await.map(|reply| reply.map(|_| ()))
    }

    /// Takes a report over.
    pub(crate) async fn signal(&self, keys: &RoomKeys, signals: &Signals) -> Known<()> {
        let mut call = self.signal.key(&keys.state);
        call.key(&keys.active);
        call.arg(signals.places_left.count).arg(signals.places_left.as_of.unix_ms());
        add_passes(&mut call, &signals.departures);
        self.connections.run::<Option<bool>>(&call).await.map(|reply| reply.map(|_| ()))
    }
}

fn add_limits(call: &mut ScriptInvocation<'_>, limits: &AdmissionLimits) {
    call.arg(limits.max_active).arg(limits.pace.interval_us).arg(limits.pace.burst);
    call.arg(limits.expires_at.unix_ms());
}

fn add_passes(call: &mut ScriptInvocation<'_>, pass_ids: &[PassId]) {
    for pass_id in pass_ids {
        call.arg(pass_id.as_bytes().as_slice());
    }
}

fn redeemed(answer: i64) -> Result<Redeemed> {
    match answer {
        1.. => Ok(Redeemed::Admitted { expires_at: Timestamp::from_unix_ms(answer) }),
        0 => Ok(Redeemed::NotCalled),
        -1 => Ok(Redeemed::Busy),
        -2 => Ok(Redeemed::Used),
        _ => Err(RedisFailure::NotUnderstood(format!("redeem replied {answer}"))),
    }
}

fn narrow<T: TryFrom<u64>>(number: u64) -> Result<T> {
    let too_large = |_| RedisFailure::NotUnderstood(format!("{number} is too large"));
    T::try_from(number).map_err(too_large)
}
