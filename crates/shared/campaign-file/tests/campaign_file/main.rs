//! The campaign file from the outside: the real campaign, and everything that can be wrong.

mod capacity;
mod eligibility;
mod guard;
mod mistakes;
mod reschedule;
mod speyer;

use campaign_file::CampaignFile;
use kernel::Timestamp;

const SPEYER: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../deploy/campaigns/speyer-2021-06-20.toml"
));

fn speyer() -> CampaignFile {
    CampaignFile::parse(SPEYER).unwrap_or_else(|errors| panic!("{errors}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Whether no two shares differ by more than one.
fn within_one(shares: impl IntoIterator<Item = u32>) -> bool {
    let shares: Vec<_> = shares.into_iter().collect();
    let (low, high) = (shares.iter().min(), shares.iter().max());
    high.zip(low).is_some_and(|(high, low)| high - low <= 1)
}
