//! The operations of the port, each one script: one `.rs` beside one `.lua`. Each script says at its top what
//! it takes, gives and costs.
//!
//! A script runs as a whole or not at all, and no other command runs meanwhile: that is what makes the
//! operations of the port atomic. Redis may forget the scripts at any time; they are loaded again.

mod audit;
mod call;
mod create;
mod end_passes;
mod freeze;
mod join;
mod keep_tickets;
mod pass_ends;
mod read;
mod redeem;
mod remove;
mod replace;
mod report;
mod set_live;
mod set_notices;
mod supply_entropy;
mod take_tickets;

use std::sync::Arc;

use kernel::Clock;
use redis::{FromRedisValue, Script, ScriptInvocation, Value};
use waiting_room::memory::digest::Digest;
use waiting_room::store::{Result, RoomStoreError};
use waiting_room::{PassId, RoomId};

use crate::failure::RedisFailure;
use crate::keys::RoomKeys;
use crate::topology::Connections;

pub(crate) use replace::Replaced;

/// The scripts, and the connections they run over.
pub(crate) struct Operations {
    pub(crate) connections: Connections,
    /// The time that scripts go by instead of Redis's own: for tests.
    clock: Option<Arc<dyn Clock>>,
    create: Script,
    replace: Script,
    read: Script,
    join: Script,
    freeze: Script,
    call: Script,
    redeem: Script,
    end_passes: Script,
    pass_ends: Script,
    keep_tickets: Script,
    take_tickets: Script,
    report: Script,
    set_live: Script,
    set_notices: Script,
    supply_entropy: Script,
    remove: Script,
}

impl Operations {
    pub(crate) fn new(connections: Connections, clock: Option<Arc<dyn Clock>>) -> Self {
        macro_rules! script {
            ($($file:literal),+) => {
                Script::new(concat!($(include_str!($file)),+))
            };
        }
        Self {
            connections,
            clock,
            create: script!("room.lua", "audit.lua", "create.lua"),
            replace: script!("room.lua", "replace.lua"),
            read: script!("room.lua", "read.lua"),
            join: script!("room.lua", "admission.lua", "join.lua"),
            freeze: script!("room.lua", "freeze.lua"),
            call: script!("room.lua", "call.lua"),
            redeem: script!("room.lua", "admission.lua", "redeem.lua"),
            end_passes: script!("room.lua", "end_passes.lua"),
            pass_ends: script!("room.lua", "pass_ends.lua"),
            keep_tickets: script!("room.lua", "keep_tickets.lua"),
            take_tickets: script!("room.lua", "take_tickets.lua"),
            report: script!("room.lua", "report.lua"),
            set_live: script!("room.lua", "audit.lua", "set_live.lua"),
            set_notices: script!("room.lua", "set_notices.lua"),
            supply_entropy: script!("room.lua", "audit.lua", "supply_entropy.lua"),
            remove: script!("room.lua", "audit.lua", "remove.lua"),
        }
    }

    /// The argument that says what time it is; empty for Redis's own clock.
    fn now(&self) -> String {
        self.clock.as_ref().map_or_else(String::new, |clock| clock.now().unix_ms().to_string())
    }

    /// A call with the arguments that every operation begins with.
    fn begin<'a>(
        &self,
        script: &'a Script,
        keys: &[&str],
        digest: &Digest,
    ) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(*key);
        }
        call.arg(self.now());
        add_digest(&mut call, digest);
        call
    }

    /// Runs an operation on a room; the reply without its code.
    async fn run(&self, room: &RoomId, call: &ScriptInvocation<'_>) -> Result<Vec<Value>> {
        let reply: Vec<Value> = self.connections.run(call).await?;
        let (code, rest) = reply_of(room, reply)?;
        if code == 0 { Ok(rest) } else { Err(unexpected(code).into()) }
    }

    /// Runs an operation that says whether it did something.
    async fn run_if(&self, room: &RoomId, call: &ScriptInvocation<'_>) -> Result<bool> {
        let rest = self.run(room, call).await?;
        Ok(take::<u8>(&mut rest.into_iter())? == 1)
    }
}

fn add_digest(call: &mut ScriptInvocation<'_>, digest: &Digest) {
    call.arg(digest.incarnation).arg(digest.epoch).arg(digest.live_version);
    for counters in [&digest.entered, &digest.called] {
        for (_, count) in counters.iter() {
            call.arg(*count);
        }
    }
    call.arg(&digest.frozen).arg(&digest.entropy);
}

fn add_passes(call: &mut ScriptInvocation<'_>, pass_ids: &[PassId]) {
    for pass_id in pass_ids {
        call.arg(pass_id.as_bytes().as_slice());
    }
}

/// The code that a reply begins with, and the rest.
fn reply_of(room: &RoomId, reply: Vec<Value>) -> Result<(i64, Vec<Value>)> {
    let mut reply = reply.into_iter();
    match take::<i64>(&mut reply)? {
        -1 => Err(RoomStoreError::Behind(room.clone())),
        -2 => Err(RoomStoreError::Replaced(room.clone())),
        code => Ok((code, reply.collect())),
    }
}

fn unexpected(code: i64) -> RedisFailure {
    RedisFailure::NotUnderstood(format!("a script replied with the code {code}"))
}

/// The next part of a reply.
fn take<T: FromRedisValue>(
    reply: &mut impl Iterator<Item = Value>,
) -> std::result::Result<T, RedisFailure> {
    let missing = || RedisFailure::NotUnderstood("a reply is too short".to_owned());
    Ok(redis::from_redis_value(reply.next().ok_or_else(missing)?)?)
}

/// The answers of a batch, one for each of `count`.
fn answers<T: FromRedisValue>(
    name: &str,
    count: usize,
    reply: Vec<Value>,
) -> std::result::Result<Vec<T>, RedisFailure> {
    let answers: Vec<T> = take(&mut reply.into_iter())?;
    if answers.len() == count {
        return Ok(answers);
    }
    let what = format!("{name} replied with {} answers to {count} questions", answers.len());
    Err(RedisFailure::NotUnderstood(what))
}

fn state_keys(keys: &RoomKeys) -> [&str; 1] {
    [&keys.state]
}

fn resume_keys(keys: &RoomKeys) -> [&str; 3] {
    let [even, odd] = &keys.resumes;
    [&keys.state, even, odd]
}

fn recorded_keys(keys: &RoomKeys) -> [&str; 2] {
    [&keys.state, &keys.audit]
}

fn pass_keys(keys: &RoomKeys) -> [&str; 2] {
    [&keys.state, &keys.admitted]
}
