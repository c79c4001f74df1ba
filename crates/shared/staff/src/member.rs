//! A member of staff, as a token names them.

use std::collections::BTreeSet;

use kernel::CampaignId;

use crate::Role;

/// The campaigns, and so the rooms, that somebody's roles hold for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Campaigns {
    /// All that there are and will be.
    All,
    /// These.
    Only(BTreeSet<CampaignId>),
}

/// The most campaigns that one token names.
pub(crate) const CAMPAIGNS_MAX: usize = 100;

/// The longest name of a person, in characters. It goes into the record of what was done.
pub(crate) const SUBJECT_LENGTH_MAX: usize = 200;

/// Whether somebody can be named so: on one line, and not as the records of what was done name a typed command or a
/// starting service.
#[must_use]
pub fn is_subject(name: &str) -> bool {
    let is_reserved = name == "start" || name.starts_with("cli:");
    (1..=SUBJECT_LENGTH_MAX).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && !is_reserved
}

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Who it is, in the words of whoever issued the token: the same person has always the same.
    pub subject: String,
    /// What they do; at least one, or the token would be refused.
    pub roles: BTreeSet<Role>,
    /// For which campaigns.
    pub campaigns: Campaigns,
}

impl Staff {
    /// Whether they have this role for a campaign.
    #[must_use]
    pub fn may(&self, role: Role, campaign: &CampaignId) -> bool {
        self.roles.contains(&role) && self.campaigns.include(campaign)
    }

    /// Whether they have this role for every campaign, as is needed to make a new one.
    #[must_use]
    pub fn may_everywhere(&self, role: Role) -> bool {
        self.roles.contains(&role) && self.campaigns == Campaigns::All
    }
}

impl Campaigns {
    /// Whether this one is among them.
    #[must_use]
    pub fn include(&self, campaign: &CampaignId) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(campaign),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_holds_for_the_campaigns_that_are_named() {
        let campaign = |name: &str| name.parse::<CampaignId>().expect("a name");
        let of = |campaigns| Staff {
            subject: "erika".into(),
            roles: BTreeSet::from([Role::Hotline]),
            campaigns,
        };
        let one = of(Campaigns::Only(BTreeSet::from([campaign("speyer")])));
        assert!(one.may(Role::Hotline, &campaign("speyer")));
        assert!(!one.may(Role::Hotline, &campaign("worms")), "another campaign");
        assert!(!one.may(Role::Operator, &campaign("speyer")), "another role");
        assert!(!one.may_everywhere(Role::Hotline));
        let all = of(Campaigns::All);
        assert!(all.may(Role::Hotline, &campaign("worms")) && all.may_everywhere(Role::Hotline));
        assert!(!all.may_everywhere(Role::Gate));
    }
}
