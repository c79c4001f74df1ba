//! The figures of the booking API. Services, database and load share all cores, and so do pgbench and the
//! database when it is their turn.

mod against_pgbench;
mod closed;
mod million;
mod offers;
mod overload;
mod people;
mod purge;
mod sealing;
mod services;
mod slots;
mod sqlite;

use anyhow::Result;

use crate::Bench;
use crate::figure::Report;

/// What is measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Group {
    /// Everybody wants the same slot
    BookHot,
    /// Everybody wants one of 84 slots
    BookSpread,
    /// The same with SQLite
    BookSqlite,
    /// Everybody wants the same slot, and letters are made meanwhile
    BookLetters,
    /// The slots that everybody reads
    Slots,
    /// A campaign with 1,000,000 places
    BookMillion,
    /// A campaign beside 200 that are over
    ClosedCampaigns,
    /// Ten times as many bookings as can be made
    Overload,
    /// Bookings while a campaign that is over is purged
    Purge,
    /// 800 offers of places that came back, and the letters about them
    Offers,
}

/// Measures these groups, or all.
pub fn measure(bench: &Bench, only: &[Group], report: &mut Report) -> Result<()> {
    let all = <Group as clap::ValueEnum>::value_variants();
    let groups = if only.is_empty() { all } else { only };
    for group in groups {
        report.add(match group {
            Group::BookHot => against_pgbench::hot(bench)?,
            Group::BookSpread => against_pgbench::spread(bench)?,
            Group::BookLetters => against_pgbench::with_letters(bench)?,
            Group::BookSqlite => sqlite::measure(bench)?,
            Group::Slots => slots::measure(bench)?,
            Group::BookMillion => million::measure(bench)?,
            Group::ClosedCampaigns => closed::measure(bench)?,
            Group::Overload => overload::measure(bench)?,
            Group::Purge => purge::measure(bench)?,
            Group::Offers => offers::measure(bench)?,
        });
    }
    Ok(())
}
