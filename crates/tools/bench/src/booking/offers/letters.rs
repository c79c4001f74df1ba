//! What the database says of offers and letters.

use anyhow::{Context, Result};

use crate::postgres::psql;

/// The seconds within which letters are counted.
pub const PEAK_S: u64 = 10;
/// How long people think about an offer.
const THINK_MS: u32 = 3_000;
const NOW_MS: &str = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint";

/// The letters of one campaign. Reminders, which are sent on another day, are none of them.
pub struct Letters {
    campaign: &'static str,
    database: String,
}

/// An offer that is to be answered: the ids of its entry and its own, in hexadecimal.
pub type OpenOffer = (String, String);

impl Letters {
    pub fn of(campaign: &'static str, database: String) -> Self {
        Self { campaign, database }
    }

    pub fn now_ms(&self) -> Result<u64> {
        self.number(NOW_MS)
    }

    /// Whether letters were made of all that has happened, and each was sent or dropped.
    pub fn are_settled(&self) -> Result<bool> {
        let Self { campaign, .. } = self;
        let open = self.number(&format!(
            "(SELECT COUNT(*) FROM mail WHERE campaign = '{campaign}' AND kind <> 'reminder' AND status = 'pending') \
             + (SELECT COUNT(*) FROM campaign LEFT JOIN reader ON reader.campaign = campaign.id \
             WHERE campaign.id = '{campaign}' AND campaign.event_number > COALESCE(reader.number, 0))"
        ))?;
        Ok(open == 0)
    }

    /// When letters were sent from then on, in order.
    pub fn sent_ms(&self, begun_ms: u64) -> Result<Vec<u64>> {
        let sql = format!(
            "SELECT settled_at_ms FROM mail WHERE campaign = '{}' AND status = 'sent' \
             AND settled_at_ms >= {begun_ms} ORDER BY settled_at_ms",
            self.campaign
        );
        let sent = psql(&self.database, &sql)?;
        sent.lines().map(|line| line.parse().context("an instant is no number")).collect()
    }

    /// How many offers were made, and how many of them are open.
    pub fn offers(&self) -> Result<(u32, u32)> {
        let count = |of: &str| {
            let of =
                format!("(SELECT COUNT(*) FROM offer WHERE campaign = '{}'{of})", self.campaign);
            Ok::<u32, anyhow::Error>(self.number(&of)?.try_into()?)
        };
        Ok((count("")?, count(" AND state = 'open'")?))
    }

    /// Open offers of which the letter has gone out and was thought about.
    pub fn offers_to_answer(&self) -> Result<Vec<OpenOffer>> {
        let sql = format!(
            "SELECT encode(offer.entry, 'hex') || ' ' || encode(offer.id, 'hex') FROM offer \
             JOIN mail ON mail.campaign = offer.campaign AND mail.offer = offer.id \
             WHERE offer.campaign = '{}' AND offer.state = 'open' \
             AND mail.settled_at_ms + {THINK_MS} <= {NOW_MS}",
            self.campaign
        );
        let rows = psql(&self.database, &sql)?;
        let pair = |line: &str| line.split_once(' ').map(|(entry, id)| (entry.into(), id.into()));
        rows.lines().map(|line| pair(line).context("an offer without id")).collect()
    }

    /// When the last offer was answered.
    pub fn last_answer_ms(&self) -> Result<u64> {
        self.number(&format!(
            "(SELECT MAX(ended_at_ms) FROM offer WHERE campaign = '{}')",
            self.campaign
        ))
    }

    fn number(&self, of: &str) -> Result<u64> {
        psql(&self.database, &format!("SELECT {of}"))?.trim().parse().context("not a number")
    }
}

/// The most of these instants, which are in order, that lie within [`PEAK_S`].
pub fn most_within_peak(sent_ms: &[u64]) -> usize {
    let within = |(first, from): (usize, &u64)| {
        sent_ms[first..].partition_point(|at| *at < from + PEAK_S * 1_000)
    };
    sent_ms.iter().enumerate().map(within).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_found_wherever_it_is() {
        assert_eq!(most_within_peak(&[]), 0);
        assert_eq!(most_within_peak(&[0, 1, 10_000, 10_001, 10_002, 20_000]), 3);
        assert_eq!(most_within_peak(&[0, 9_999, 10_000]), 2);
    }
}
