use kernel::Timestamp;
use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::store::{Redeemed, Redemption, Result};

use super::{Operations, pass_keys, take};
use crate::failure::RedisFailure;
use crate::keys::RoomKeys;

/// The largest place that a script compares exactly.
const PLACE_MAX: u64 = 1 << 53;

impl Operations {
    pub(crate) async fn redeem(
        &self,
        keys: &RoomKeys,
        room: &RoomId,
        digest: &Digest,
        redemptions: &[Redemption],
    ) -> Result<Vec<Redeemed>> {
        let mut call = self.begin(&self.redeem, &pass_keys(keys), digest);
        for Redemption { lane, place, step, pass_id } in redemptions {
            call.arg(lane.number()).arg((*place).min(PLACE_MAX));
            call.arg(step.map_or_else(String::new, |step| step.to_string()));
            call.arg(pass_id.as_bytes().as_slice());
        }
        let rest = self.run(room, &call).await?;
        let answers: Vec<i64> = take(&mut rest.into_iter())?;
        if answers.len() != redemptions.len() {
            let (given, asked) = (answers.len(), redemptions.len());
            let what = format!("redeem replied with {given} answers to {asked} redemptions");
            return Err(RedisFailure::NotUnderstood(what).into());
        }
        Ok(answers.into_iter().map(redeemed).collect::<std::result::Result<_, _>>()?)
    }
}

fn redeemed(answer: i64) -> std::result::Result<Redeemed, RedisFailure> {
    match answer {
        1.. => Ok(Redeemed::Admitted { expires_at: Timestamp::from_unix_ms(answer) }),
        0 => Ok(Redeemed::NotCalled),
        -1 => Ok(Redeemed::Busy),
        -2 => Ok(Redeemed::Used),
        _ => Err(RedisFailure::NotUnderstood(format!("redeem replied {answer}"))),
    }
}
