//! Campaigns, as everybody may read them.

pub(crate) mod eligibility;
pub(crate) mod list;
pub(crate) mod rules;
pub(crate) mod show;
pub(crate) mod slots;
pub(crate) mod stream;
