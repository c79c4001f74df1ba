use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;

use super::Scenario;
use crate::booking::database;
use crate::booking::stage::{DRAIN_MS, Opening, Stage};
use crate::clock::now;
use crate::process::{Ended, Process};
use crate::proxy::Traffic;

/// P2, P15: without the key of personal data, or with another one, nothing starts, and it is said what to do; with the
/// key everything is there.
///
/// One instance runs on with the right key all the time.
pub struct WrongKey;

const RIGHT: &str = "keys/booking.toml";
const WRONG: &str = "keys/wrong.toml";
const OTHER: &str = "keys/other.toml";
const SETTING: &str = "EINLASS__BOOKING__KEYS_FILE";
/// Keys are 32 bytes in base64url.
const KEY_LENGTH: usize = 43;
/// What a worker says whose letters have to wait for another key file.
const BLIND: &str = "the booking store is broken: ";
const LOOK_MAX: Duration = Duration::from_secs(30);

/// A key file with which nothing may start.
struct Mistake {
    /// Of the right one and that of another installation; `None` if there is none.
    file: fn(right: &str, other: &str) -> Option<String>,
    /// What whoever starts it has to be told.
    says: &'static [&'static str],
}

const MISTAKES: &[Mistake] = &[
    Mistake { file: |_, _| None, says: &["failed to access the key file", WRONG] },
    Mistake {
        file: |right, other| Some(right.replace(master_key(right)?, master_key(other)?)),
        says: &["Nothing is lost: put the master key back", "is not the one that wrapped"],
    },
    Mistake {
        file: |right, _| Some(right.replace("\nid = 1\n", "\nid = 2\n")),
        says: &["Nothing is lost: put the master key back", "has none of this id"],
    },
    Mistake {
        file: |_, other| Some(other.to_owned()),
        says: &["Nothing is lost: put the master key back"],
    },
    Mistake {
        file: |right, _| Some(right.replace(master_key(right)?, "short")),
        says: &["is not valid", "a key must be 32 bytes in base64url"],
    },
];

#[async_trait]
impl Scenario<Stage> for WrongKey {
    fn name(&self) -> &'static str {
        "wrong-key"
    }

    fn about(&self) -> &'static str {
        "an instance and the worker are started without the key of personal data, and with wrong ones, while another instance runs"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open_post(&[None]).await?;
        stage.open(Opening { instances: 2, places: 100, passes: 180 }).await?;
        let folder = stage.installation()?.folder().to_owned();
        let settings =
            [(SETTING, OTHER), ("EINLASS__WAITING_ROOM__KEYS_FILE", "keys/other-room.toml")];
        stage.installation()?.call_with(&settings, &["keys", "generate"]).await?;
        stage.crowd()?.come(60, 1.0)?;
        stage.crowd()?.until_all_are_through().await?;
        // What a worker gives back as it ends counts as tried.
        stage.at_rest().await?;
        let keys = database::campaign_keys(stage.database_url()?).await?;
        let stopped = now();
        stage.instances[1].stop().await?;
        stage.post()?.workers[0].process.stop().await?;
        stage.crowd()?.come(60, 2.0)?;
        for mistake in MISTAKES {
            mistake.make(&folder)?;
            mistake.is_refused(&mut stage.instances[1], &folder).await?;
            mistake.is_refused(&mut stage.post()?.workers[0].process, &folder).await?;
        }
        start_blind(stage, &folder).await?;
        ensure!(database::campaign_keys(stage.database_url()?).await? == keys, "a key was touched");
        for index in [1, 0] {
            let instance = &mut stage.instances[index];
            instance.set(SETTING, RIGHT.to_owned());
            let away_since = if index == 1 { stopped + DRAIN_MS } else { now() + DRAIN_MS };
            instance.stop().await?;
            instance.start()?;
            instance.until_ready(&stage.client).await?;
            stage.instance_is_back(index, away_since);
        }
        let post = stage.post()?;
        post.workers[0].process.set(SETTING, RIGHT.to_owned());
        post.start_again(0).await?;
        stage.crowd()?.come(50, 1.0)?;
        stage.until_all_are_through().await
    }
}

/// Starts the worker with a wrong key while it cannot ask the database, and lets it ask then. It says what is wrong.
async fn start_blind(stage: &mut Stage, folder: &Path) -> Result<()> {
    MISTAKES[1].make(folder)?;
    let post = stage.post()?;
    post.workers[0].network.set(Traffic::Vanishes);
    let said_before = post.workers[0].process.times_said(BLIND);
    post.start_again(0).await?;
    let worker = &mut post.workers[0];
    worker.network.set(Traffic::Flows);
    worker.process.until_said(BLIND, said_before + 1, LOOK_MAX).await?;
    worker.process.stop().await
}

impl Mistake {
    fn make(&self, folder: &Path) -> Result<()> {
        let read = |path| fs::read_to_string(folder.join(path));
        let (right, other, wrong) = (read(RIGHT)?, read(OTHER)?, folder.join(WRONG));
        let Some(text) = (self.file)(&right, &other) else { return Ok(()) };
        ensure!(text != right, "the key file is the right one");
        // So it is readable by its owner only.
        fs::copy(folder.join(RIGHT), &wrong)?;
        fs::write(wrong, text).context("failed to write a key file")
    }

    async fn is_refused(&self, process: &mut Process, folder: &Path) -> Result<()> {
        process.set(SETTING, WRONG.to_owned());
        let Ended { status, said } = process.start_in_vain().await?;
        ensure!(!status.success(), "it ended with {status}");
        for words in self.says {
            ensure!(said.contains(words), "it does not say \"{words}\": {said}");
        }
        for path in [RIGHT, OTHER] {
            let text = fs::read_to_string(folder.join(path))?;
            let shown =
                text.split('"').find(|part| part.len() == KEY_LENGTH && said.contains(part));
            ensure!(shown.is_none(), "it shows a key of {path}");
        }
        Ok(())
    }
}

/// The first key of `[[personal_data]]`.
fn master_key(text: &str) -> Option<&str> {
    text.split("[[personal_data]]").nth(1)?.split('"').nth(1)
}
