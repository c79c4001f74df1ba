use std::time::Duration;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Scenario;
use crate::booking::campaign::OtherSlot;
use crate::booking::post::REMIND_BEFORE_MS;
use crate::booking::stage::{Opening, Stage};
use crate::clock::{UnixMs, now, until};

/// P19: letters go by the time of the database, whatever a worker takes for the time of day.
///
/// Some have an appointment of which they are to be reminded about a minute and a half after the beginning. One worker takes the
/// time for an hour later and one for an hour earlier, and then the other way round.
pub struct WorkerClocks;

const MINUTE_MS: i64 = 60_000;
/// All have booked by then.
const BOOKED_WITHIN_MS: i64 = 75_000;
const WAITS: Duration = Duration::from_secs(20);
/// A worker whose clock goes by another one would have shown it.
const AFTERWARDS_MS: i64 = 10_000;

#[async_trait]
impl Scenario<Stage> for WorkerClocks {
    fn name(&self) -> &'static str {
        "worker-clocks"
    }

    fn about(&self) -> &'static str {
        "of two workers one is an hour ahead and one an hour behind, and then the other way round, when reminders are due"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let due_at = whole_minute(now() + BOOKED_WITHIN_MS);
        stage.other_slot = OtherSlot { places: 40, starts_at: due_at + REMIND_BEFORE_MS };
        stage.course.reminders_due_at = Some(due_at);
        stage.open_post(&[Some("+1h"), Some("-1h")]).await?;
        stage.open(Opening { instances: 2, places: 150, passes: 200 }).await?;
        stage.crowd()?.come(150, 5.0)?;
        stage.crowd()?.wait(20, 5.0, WAITS)?;
        stage.crowd()?.until_all_are_through().await?;
        ensure!(now() < due_at, "reminders were due before all had booked");
        for (worker, shift) in stage.post()?.workers.iter_mut().zip(["-1h", "+1h"]) {
            worker.process.set_clock(shift)?;
        }
        until(due_at + AFTERWARDS_MS).await;
        stage.until_all_are_through().await
    }
}

/// The next whole minute for which the other slot can be set up.
fn whole_minute(at: UnixMs) -> UnixMs {
    let minute = (at / MINUTE_MS + 1) * MINUTE_MS;
    let starts_at = Timestamp::from_millisecond(minute + REMIND_BEFORE_MS).unwrap_or_default();
    let starts_at = starts_at.to_zoned(TimeZone::UTC);
    let is_last = (starts_at.hour(), starts_at.minute()) == (23, 59);
    if is_last { minute + MINUTE_MS } else { minute }
}
