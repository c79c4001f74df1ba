//! What joins cost Redis.

use super::f64_of;
use super::pairs::{JOIN, JOIN_FEW};
use crate::figure::{Aim, Figure};
use crate::redis::Commands;

/// What the joins cost Redis, counted while they are measured.
pub struct CommandFigures {
    rush: Figure,
    rush_sent: Figure,
    few: Figure,
}

impl CommandFigures {
    pub fn new() -> Self {
        const COUNTED: &str = "total_commands_processed of INFO stats, which counts what scripts execute \
            and the background's reading too";
        Self {
            rush: Figure::new(
                "redis_commands_per_1000_joins",
                Some(Aim::AtMost(60.0)),
                format!("{COUNTED}; during {JOIN}"),
            ),
            rush_sent: Figure::new(
                "redis_commands_sent_per_1000_joins",
                None,
                format!("of these, EVALSHA, PING and UNWATCH, which clients send; during {JOIN}"),
            ),
            few: Figure::new(
                "redis_commands_per_1000_joins_64_connections",
                None,
                format!("{COUNTED}; during {JOIN_FEW}"),
            ),
        }
    }

    pub fn add(&mut self, during: &str, executed: Commands, joins: u64) {
        let per_1000 = |commands: u64| f64_of(commands) * 1_000.0 / f64_of(joins);
        match during {
            JOIN => {
                self.rush.add(per_1000(executed.processed));
                self.rush_sent.add(per_1000(executed.sent));
            }
            JOIN_FEW => self.few.add(per_1000(executed.processed)),
            _ => {}
        }
    }

    pub fn figures(self) -> [Figure; 3] {
        [self.rush, self.rush_sent, self.few]
    }
}
