//! `einlass token …`

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use kernel::{CampaignId, Clock as _, SteadyClock};
use staff::{Campaigns, Role, Staff};

use crate::cli::ConfigSource;
use crate::commands::configuration;
use crate::keys::{StaffKeyFile, TOKEN_HOURS_MAX};

/// Tokens of staff, for towns without an identity provider.
#[derive(Subcommand)]
pub enum Token {
    /// Print a token for a member of staff
    ///
    /// Whoever has it may do what the roles may, until it expires: give it to that person only. What is done with it is
    /// recorded under the name given here.
    Issue {
        /// Who gets it, such as an address in the town hall
        #[arg(long, value_parser = subject)]
        subject: String,
        /// What they do: operator, organiser, hotline, gate or auditor; may be given several times
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
        /// The campaigns for which they do it; may be given several times. All if it is not given
        #[arg(long = "campaign")]
        campaigns: Vec<CampaignId>,
        /// How long it is valid, in hours; at most 744, a month
        #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=TOKEN_HOURS_MAX))]
        hours: u64,
    },
}

/// As the verifier takes it.
fn subject(name: &str) -> Result<String, String> {
    let why =
        "a name of 1 to 200 characters on one line; not `start`, nor one that begins with `cli:`";
    if staff::is_subject(name) { Ok(name.to_owned()) } else { Err(why.to_owned()) }
}

impl Token {
    /// Runs the command.
    pub fn run(self, source: &ConfigSource) -> anyhow::Result<u8> {
        let config = configuration(source)?.config;
        let Self::Issue { subject, roles, campaigns, hours } = self;
        let keys = StaffKeyFile::read(&config.staff.keys_file).context(
            "the key that signs tokens of staff cannot be used; `einlass keys staff` makes one",
        )?;
        let campaigns = if campaigns.is_empty() {
            Campaigns::All
        } else {
            Campaigns::Only(campaigns.into_iter().collect())
        };
        let staff = Staff { subject, roles: roles.into_iter().collect::<BTreeSet<_>>(), campaigns };
        let lifetime = Duration::from_hours(hours);
        println!("{}", keys.signer().issue(&staff, SteadyClock::start().now(), lifetime));
        Ok(0)
    }
}
