//! `einlass mail`: letters that came back, and those that cannot be sent.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use booking::{MailId, MailReport, MailStore};
use booking_delivery::report;
use clap::Subcommand;
use kernel::CampaignId;

use crate::adapters::{self, BookingStores};
use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::mail;
use crate::process::Process;

/// Letters about bookings.
#[derive(Subcommand)]
pub enum Mail {
    /// Note what a report of a mail server says: that a letter was not delivered, or is not wanted
    Bounce {
        /// The report, as it came; without it, standard input
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// List the letters that cannot be sent or came back, with the reason
    Failed {
        /// The campaign
        campaign: CampaignId,
    },
}

const PAGE_MAX: u32 = 500;

impl Mail {
    /// Runs the command.
    pub async fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        let config = configuration(source)?.config;
        let clock = Process::new(None).embedded_clock;
        let stores = adapters::booking_stores_as_is(&config, &clock, None).await?;
        match self {
            Self::Bounce { file } => {
                note(&stores, &read(file)?, &mail::domain(&config.mail)?).await
            }
            Self::Failed { campaign } => list(&stores.mails, &campaign).await,
        }
    }
}

fn read(file: Option<PathBuf>) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let longest = MailReport::MESSAGE_LENGTH_MAX as u64 + 1;
    match file {
        Some(path) => {
            let file = std::fs::File::open(&path)
                .with_context(|| format!("failed to read the report {}", path.display()))?;
            file.take(longest).read_to_end(&mut text)?;
        }
        None => {
            std::io::stdin().lock().take(longest).read_to_end(&mut text)?;
        }
    }
    Ok(text)
}

async fn note(stores: &BookingStores, text: &[u8], domain: &str) -> anyhow::Result<u8> {
    let report = report::read(text, domain)?;
    let now = stores.bookings.now().await?;
    if !stores.mails.report_mail(&report.id, &report.reason, now).await? {
        bail!("there is no letter {}, or it was not sent", report.id);
    }
    println!("{} came back: {}", report.id, report.reason);
    Ok(0)
}

async fn list(mails: &Arc<dyn MailStore>, campaign: &CampaignId) -> anyhow::Result<u8> {
    let mut after: Option<MailId> = None;
    loop {
        let page = mails.failed_mails(campaign, after.as_ref(), PAGE_MAX).await?;
        for mail in &page {
            let reason = mail.reason.as_ref().map_or("", |reason| reason.as_str());
            println!("{} {} {} {reason}", mail.id, mail.about, mail.status.as_str());
        }
        match page.last() {
            Some(last) => after = Some(last.id.clone()),
            None => return Ok(0),
        }
    }
}
