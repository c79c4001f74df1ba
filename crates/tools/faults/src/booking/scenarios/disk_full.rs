use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use test_support::PostgresServer;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::clock::{Span, now, pause};

/// P2, P14: a disk that is full is an answer to come back later, and when it is no longer full all goes
/// on by itself.
///
/// All of PostgreSQL lies on a small file system, its log as well. Bookings fill it, in two ways: tables
/// can no longer grow, which fails a statement; or there is no room for the next segment of the log, which
/// ends the server, for it cannot even recover. Then it is started again as soon as there is room, as
/// whoever runs it would do. The instances are left alone.
pub struct DiskFull;

const DISK_MIB: u32 = 96;
/// How the disk becomes full.
const WAYS: [Way; 2] = [
    Way { left_bytes: 192 * 1_024, logs: "could not extend file" },
    // Less than a segment of the log, and more than the tables need until that is full.
    Way { left_bytes: 960 * 1_024, logs: "PANIC" },
];
/// In PostgreSQL's log.
const FULL: &str = "No space left on device";
const FULL_WITHIN_MS: i64 = 30_000;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One way in which a disk becomes full.
struct Way {
    /// What is left for some hundred bookings.
    left_bytes: u64,
    /// What PostgreSQL's log says when it is.
    logs: &'static str,
}

#[async_trait]
impl Scenario<Stage> for DiskFull {
    fn name(&self) -> &'static str {
        "disk-full"
    }

    fn about(&self) -> &'static str {
        "bookings fill the disk of PostgreSQL, and several seconds later there is room again"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let postgres = PostgresServer::start_on_small_disk(DISK_MIB).await?;
        stage.open_on(postgres, Opening { instances: 2, places: 2_500, passes: 2_800 }).await?;
        let postgres = stage.postgres()?;
        let disk = postgres.disk().context("PostgreSQL has no disk of its own")?;
        for Way { left_bytes, logs } in WAYS {
            stage.crowd()?.come(200, 1.0)?;
            stage.until_answered(50).await?;
            disk.fill_but(left_bytes)?;
            let began = now();
            stage.crowd()?.come(1_000, 7.0)?;
            while postgres.has_logged(logs) == 0 {
                ensure!(now() - began < FULL_WITHIN_MS, "never logged: {logs}");
                pause(LOOK_EVERY).await;
            }
            let full = now();
            pause(stage.some_seconds(4.0..8.0)).await;
            stage.course.refusing.push(Span::since(full, 0));
            let refusals = postgres.has_logged(FULL);
            let ended = !postgres.is_running();
            disk.free()?;
            if ended {
                postgres.restart().await?;
            }
            stage.fault_is_over();
            let what = if ended { "ended" } else { "went on" };
            stage.course.notes.push(format!("{refusals} times no space left; PostgreSQL {what}"));
            stage.until_answered(50).await?;
        }
        stage.crowd()?.come(400, 3.0)?;
        stage.until_all_are_through().await
    }
}
