//! The campaigns of the sandbox: one in every phase.

use std::time::Duration;

use anyhow::Context as _;
use campaign_file::CampaignFile;
use kernel::Timestamp;
use pass::IdentityKind;

const TEMPLATE: &str = include_str!("campaign.toml");

/// All of them begin within this time before the sandbox shows itself.
pub const PAST: Duration = Duration::from_hours(3);

/// A campaign of the sandbox, by what it is there for.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// The name of the campaign, and of its room.
    pub id: &'static str,
    /// What a frontend sees there.
    pub shows: &'static str,
    /// The phase in which it stands when the sandbox shows itself.
    pub phase: &'static str,
    times: Times,
}

/// Minutes from the instant in which the sandbox shows itself.
#[derive(Clone, Copy, Debug)]
struct Times {
    gathers_from: i64,
    opens_at: i64,
    closes_at: Option<i64>,
}

const OPEN: Times = Times { gathers_from: -40, opens_at: -20, closes_at: None };

/// Every campaign there is.
pub const SCENES: &[Scene] = &[
    Scene {
        id: "announced",
        shows: "nobody can join yet; people gather in an hour, it opens in two",
        phase: "announced",
        times: Times { gathers_from: 60, opens_at: 120, closes_at: None },
    },
    Scene {
        id: "gathering",
        shows: "twelve others wait for the draw, which is in 30 minutes",
        phase: "gathering",
        times: Times { gathers_from: -30, opens_at: 30, closes_at: None },
    },
    Scene {
        id: "open",
        shows: "nobody waits: whoever joins has the pass at once",
        phase: "open",
        times: OPEN,
    },
    Scene {
        id: "waiting",
        shows: "a crowd that moves: some twenty stand before you, and one is called every two seconds",
        phase: "open",
        times: OPEN,
    },
    Scene {
        id: "paused",
        shows: "the operator has stopped calling, and says why",
        phase: "paused",
        times: OPEN,
    },
    Scene { id: "sold-out", shows: "every place is taken", phase: "sold_out", times: OPEN },
    Scene {
        id: "waitlist",
        shows: "every place is taken, and the waitlist is open; soon after you join, somebody cancels",
        phase: "open",
        times: OPEN,
    },
    Scene {
        id: "closed",
        shows: "it is over",
        phase: "closed",
        times: Times { closes_at: Some(-1), ..OPEN },
    },
    Scene {
        id: "person",
        shows: "as `open`, and the room asks for names and date of birth",
        phase: "open",
        times: OPEN,
    },
];

/// How many places the campaigns have that are sold out: one in each slot.
pub const SOLD_OUT_PLACES: usize = 8;

impl Scene {
    /// Its campaign, when the sandbox shows itself at `shown_at`.
    pub fn campaign(&self, shown_at: Timestamp) -> anyhow::Result<CampaignFile> {
        let at = |minutes: i64| Timestamp::from_unix_s(shown_at.unix_s() + minutes * 60);
        let opens_at = at(self.times.opens_at);
        let template = match self.id {
            "sold-out" => with_few_places(),
            "waitlist" => with_few_places() + WAITLIST,
            _ => TEMPLATE.to_owned(),
        };
        let mut file = CampaignFile::parse(&template)
            .context("the sandbox's campaign has mistakes")?
            .reschedule(opens_at, Duration::from_secs(1));
        file.id = self.id.parse()?;
        file.title_de = format!("Sandkasten: {}", self.id);
        file.title_en = format!("Sandbox: {}", self.id);
        file.tranches[0].gathers_from = at(self.times.gathers_from);
        file.closes_at = self.times.closes_at.map_or(file.closes_at, at);
        match self.id {
            "waiting" => {
                file.room.pace_per_minute = 30;
                file.room.burst = 1;
            }
            "person" => file.room.identity = IdentityKind::Person,
            _ => {}
        }
        Ok(file)
    }
}

/// It opens as soon as every place is taken.
const WAITLIST: &str = "\n[waitlist]\nplaces = 20\noffer_ttl_minutes = 15\n";

fn with_few_places() -> String {
    TEMPLATE.replace("= 800", &format!("= {SOLD_OUT_PLACES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_campaign() {
        let page = include_str!("../../../../../docs/sandbox.md");
        for Scene { id, phase, shows, .. } in SCENES {
            let row = format!("| `{id}` | `{phase}` | {shows} |");
            assert!(page.lines().any(|line| line == row), "{row}");
        }
    }

    #[test]
    fn every_campaign_is_a_valid_one_that_begins_after_the_clock_starts() {
        let shown_at = Timestamp::from_unix_s(1_893_456_000);
        for scene in SCENES {
            let file = scene.campaign(shown_at).expect("a campaign");
            crate::campaign::plan(&file).expect("a plan");
            let tranche = &file.tranches[0];
            assert!(tranche.gathers_from > shown_at.minus(PAST), "{}", scene.id);
            assert!(tranche.gathers_from < tranche.opens_at, "{}", scene.id);
            assert!(tranche.opens_at < file.closes_at, "{}", scene.id);
        }
    }
}
