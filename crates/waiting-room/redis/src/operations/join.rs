use std::collections::{HashMap, HashSet};

use kernel::Timestamp;
use redis::Value;
use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::store::{
    Arrivals, Entered, Entries, JOIN_KEY_MEMORY, JOIN_KEYS_MAX, JoinReply, Result,
};

use super::{Operations, reply_of, take, unexpected};
use crate::failure::RedisFailure;
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn join(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        arrivals: &Arrivals,
    ) -> Result<JoinReply> {
        let [even, odd] = &keys.joins;
        let keys = [keys.state.as_str(), &keys.admitted, even, odd, &keys.codes];
        let mut call = self.begin(&self.join, &keys, digest);
        call.arg(arrivals.lane.number()).arg(arrivals.people.len());
        call.arg(u64::try_from(JOIN_KEY_MEMORY.as_millis()).unwrap_or(u64::MAX)).arg(JOIN_KEYS_MAX);
        let pass_ids: Vec<_> = arrivals.people.iter().filter_map(|person| person.pass_id).collect();
        let all_given = pass_ids.len() == arrivals.people.len();
        call.arg(if all_given { pass_ids.len() } else { 0 });
        let numbered = || (1_u64..).zip(&arrivals.people);
        let codes = || numbered().filter_map(|(number, person)| Some((number, person.code?)));
        call.arg(codes().count());
        if all_given {
            super::add_passes(&mut call, &pass_ids);
        }
        for (number, code) in codes() {
            call.arg(number).arg(code.get());
        }
        for (number, person) in numbered() {
            if let Some(key) = person.key {
                call.arg(number).arg(key.key.as_slice()).arg(key.fingerprint);
            }
        }
        let reply: Vec<Value> = self.connections.run(&call).await?;
        let (code, rest) = reply_of(room, reply)?;
        let mut rest = rest.into_iter();
        match code {
            0 => entries(arrivals.people.len(), &mut rest).map(JoinReply::Entries),
            1 => Ok(JoinReply::Quiet { until: Timestamp::from_unix_ms(take(&mut rest)?) }),
            2 => Ok(JoinReply::BoundaryDue),
            3 => Ok(JoinReply::LeversChanged),
            code => Err(unexpected(code).into()),
        }
    }
}

fn entries(count: usize, reply: &mut impl Iterator<Item = Value>) -> Result<Entries> {
    let epoch = take(reply)?;
    let now = Timestamp::from_unix_ms(take(reply)?);
    let first: u64 = take(reply)?;
    let ends: Vec<i64> = take(reply)?;
    let again: Vec<i64> = take(reply)?;
    let used: HashSet<i64> = take::<Vec<i64>>(reply)?.into_iter().collect();
    let called = take(reply)?;
    let (repeated, rest) = again.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(RedisFailure::NotUnderstood("join replied with half an entry".into()).into());
    }
    let repeated: HashMap<i64, [i64; 4]> =
        repeated.iter().map(|known| (known[0], *known)).collect();
    let mut new = (first..).zip(ends.into_iter().map(Some).chain(std::iter::repeat(None)));
    let mut people = Vec::with_capacity(count);
    for number in (1_i64..).take(count) {
        people.push(match repeated.get(&number) {
            Some([_, -1, ..]) => Entered::KeyReused,
            Some([_, epoch, entry, issued_at]) => Entered::Repeated {
                epoch: narrow(*epoch)?,
                entry: narrow(*entry)?,
                issued_at: Timestamp::from_unix_ms(*issued_at),
            },
            None if used.contains(&number) => Entered::CodeUsed,
            None => {
                let (entry, end) = new.next().unwrap_or((first, None));
                Entered::New { entry, admitted_until: end.map(Timestamp::from_unix_ms) }
            }
        });
    }
    Ok(Entries { epoch, now, called, people })
}

fn narrow<T: TryFrom<i64>>(number: i64) -> std::result::Result<T, RedisFailure> {
    T::try_from(number)
        .map_err(|_| RedisFailure::NotUnderstood(format!("{number} is out of range")))
}
