//! Those whose tokens are taken.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Map, Value};

use crate::member::CAMPAIGNS_MAX;
use crate::sign::{ALL, AUDIENCE, ISSUER, TOKEN_TYPE};
use crate::verify::StaffTokenError;
use crate::{Campaigns, Role, StaffKeys};

/// Where an `OpenID` Connect provider writes what somebody may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderClaims {
    /// The claim with the list of roles; dots lead into objects: `realm_access.roles`.
    pub roles: String,
    /// What the names of our roles begin with there, so that its other roles are not taken for ours:
    /// `einlass-` makes `einlass-operator` an operator. May be empty.
    pub role_prefix: String,
    /// The claim with the list of campaigns; whoever has none has the roles for all campaigns.
    pub campaigns: String,
}

impl Default for ProviderClaims {
    fn default() -> Self {
        Self {
            roles: "roles".into(),
            role_prefix: "einlass-".into(),
            campaigns: "einlass_campaigns".into(),
        }
    }
}

/// One issuer of tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    pub(crate) name: String,
    pub(crate) audience: String,
    /// The `typ` that its tokens must have.
    pub(crate) token_type: Option<&'static str>,
    pub(crate) keys: Arc<ArcSwap<StaffKeys>>,
    claims: ProviderClaims,
    names_campaigns: bool,
}

impl Issuer {
    /// The town itself, by its own keys.
    #[must_use]
    pub fn own(keys: Arc<ArcSwap<StaffKeys>>) -> Self {
        let claims = ProviderClaims {
            roles: "roles".into(),
            role_prefix: String::new(),
            campaigns: "campaigns".into(),
        };
        Self {
            name: ISSUER.into(),
            audience: AUDIENCE.into(),
            token_type: Some(TOKEN_TYPE),
            keys,
            claims,
            names_campaigns: true,
        }
    }

    /// An `OpenID` Connect provider: `name` is its `iss`, `audience` what it calls us.
    #[must_use]
    pub fn provider(
        name: &str,
        audience: &str,
        claims: ProviderClaims,
        keys: Arc<ArcSwap<StaffKeys>>,
    ) -> Self {
        Self {
            name: name.into(),
            audience: audience.into(),
            token_type: None,
            keys,
            claims,
            names_campaigns: false,
        }
    }

    /// The roles that a token names; those that are not known here are skipped.
    pub(crate) fn roles(
        &self,
        payload: &Map<String, Value>,
    ) -> Result<BTreeSet<Role>, StaffTokenError> {
        let role = |name: &str| name.strip_prefix(&self.claims.role_prefix)?.parse::<Role>().ok();
        let names = claim(payload, &self.claims.roles).and_then(texts).unwrap_or_default();
        let roles: BTreeSet<Role> = names.into_iter().filter_map(role).collect();
        if roles.is_empty() { Err(StaffTokenError::NoRole) } else { Ok(roles) }
    }

    /// The campaigns that a token names.
    pub(crate) fn campaigns(
        &self,
        payload: &Map<String, Value>,
    ) -> Result<Campaigns, StaffTokenError> {
        let invalid = StaffTokenError::ClaimInvalid("campaigns");
        let names = match claim(payload, &self.claims.campaigns) {
            None if self.names_campaigns => return Err(invalid),
            None => return Ok(Campaigns::All),
            Some(names) => texts(names).filter(|names| names.len() <= CAMPAIGNS_MAX),
        };
        let names = names.ok_or(invalid.clone())?;
        if names.contains(&ALL) {
            return Ok(Campaigns::All);
        }
        let names: Result<_, _> = names.into_iter().map(str::parse).collect();
        names.map(Campaigns::Only).map_err(|_| invalid)
    }
}

/// A claim. Its name may have dots in it, as some providers make them a URL; else they lead into objects.
fn claim<'a>(payload: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let inside = || {
        let (objects, name) = path.rsplit_once('.')?;
        claim(payload, objects)?.as_object()?.get(name)
    };
    payload.get(path).or_else(inside)
}

/// The texts of a list, if it is one.
fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}
