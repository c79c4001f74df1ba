use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::Result;
use async_trait::async_trait;

use super::Scenario;
use crate::clock::now;
use crate::room::redis;
use crate::room::stage::{Opening, Stage};
use test_support::RedisServer;

/// P8, P12, P13: what Redis has acknowledged it keeps, however slow its disk was at the power cut.
pub struct RedisKilled;

#[async_trait]
impl Scenario<Stage> for RedisKilled {
    fn name(&self) -> &'static str {
        "redis-killed"
    }

    fn about(&self) -> &'static str {
        "Redis is killed while its disk is slow, and comes back from its log, twice"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        stage.open(Opening { store_url: &store_url, ..Opening::default() }).await?;
        stage.until_called(20).await?;
        for _ in 0..2 {
            let slow_disk = SlowDisk::start(&redis::folder(&redis)?)?;
            stage.come(60, 2.0)?;
            stage.go_on(0.5..1.5).await;
            let killed = now();
            redis.kill9()?;
            drop(slow_disk);
            stage.go_on(0.5..2.0).await;
            redis.restart().await?;
            stage.store_is_back(killed, 0)?;
            stage.until_calls_go_on(10).await?;
        }
        Ok(())
    }
}

/// Somebody else writes to the disk and syncs without end, so a sync of Redis takes its time.
struct SlowDisk {
    enough: Arc<AtomicBool>,
    writer: Option<JoinHandle<()>>,
}

impl SlowDisk {
    fn start(folder: &Path) -> Result<Self> {
        const CHUNK_BYTES: usize = 8 << 20;
        let mut file = tempfile::tempfile_in(folder)?;
        let enough = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&enough);
        let writer = std::thread::spawn(move || {
            let chunk = vec![1; CHUNK_BYTES];
            while !told.load(Ordering::Relaxed) && write(&mut file, &chunk).is_ok() {}
        });
        Ok(Self { enough, writer: Some(writer) })
    }
}

fn write(file: &mut File, chunk: &[u8]) -> std::io::Result<()> {
    file.rewind()?;
    file.write_all(chunk)?;
    file.sync_all()
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}
