use anyhow::{Context, Result};
use async_trait::async_trait;

use super::Scenario;
use crate::clock::now;
use crate::installation::Installation;
use crate::room::stage::{self, Opening, Stage};
use test_support::RedisServer;

/// P12, P16: a new ticket key is brought in as the operator's guide says, and no ticket is lost.
pub struct KeyRotation;

#[async_trait]
impl Scenario<Stage> for KeyRotation {
    fn name(&self) -> &'static str {
        "key-rotation"
    }

    fn about(&self) -> &'static str {
        "the instances are restarted one by one, twice: with a new ticket key, then with it in use"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        let redis = RedisServer::start().await?;
        let store_url = redis.url();
        let opening = Opening { store_url: &store_url, people: 350, ..Opening::default() };
        stage.open(opening).await?;
        stage.until_called(20).await?;
        let new_key = new_ticket_key(stage.installation()?, &store_url).await?;
        for position in [Position::Last, Position::First] {
            add_ticket_key(stage.installation()?, &new_key, position)?;
            for index in 0..stage.instances.len() {
                stage.come(20, 2.0)?;
                let stopping = now();
                let instance = &mut stage.instances[index];
                instance.stop().await?;
                instance.start()?;
                instance.until_ready(&stage.client).await?;
                stage.instance_is_back(index, stopping);
            }
        }
        stage.until_called(20).await?;
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    Last,
    First,
}

/// The key of a new pair of key files.
async fn new_ticket_key(installation: &Installation, store_url: &str) -> Result<String> {
    let other = stage::set_up(installation.program(), store_url, "").await?;
    let keys = std::fs::read_to_string(other.folder().join(KEYS))?;
    let (_, ticket) = keys.split_once("[[ticket]]").context("the key file has no ticket key")?;
    let key = ticket.lines().find_map(|line| line.strip_prefix("key = "));
    Ok(key.context("a ticket key without a key")?.trim_matches('"').to_owned())
}

const KEYS: &str = "keys/waiting-room.toml";
const NEW_ID: u8 = 77;

/// Puts the key before or behind the one that was there at first.
fn add_ticket_key(installation: &Installation, key: &str, position: Position) -> Result<()> {
    let path = installation.folder().join(KEYS);
    let keys = std::fs::read_to_string(&path)?;
    let entry = format!("[[ticket]]\nid = {NEW_ID}\nkey = \"{key}\"\n\n");
    let mut keys = keys.replace(&entry, "");
    let at = match position {
        Position::First => keys.find("[[ticket]]"),
        Position::Last => keys.find("[draw]"),
    };
    keys.insert_str(at.context("the key file has no such section")?, &entry);
    std::fs::write(path, keys)?;
    Ok(())
}
