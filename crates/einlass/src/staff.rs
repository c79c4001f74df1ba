//! Whose tokens this process takes for those of staff.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;
use staff::{
    Campaigns, Issuer, ProviderClaims, Role, Staff, StaffKeys, StaffSigner, StaffVerifier,
};
use tokio::task::JoinHandle;
use waiting_room_http::RefreshStaffKeys;

use crate::config::StaffConfig;
use crate::jwks::{JwksSource, PublishedKeys};
use crate::keys::NewStaffKeys;
use crate::process::Process;

/// The keys of all issuers, read again and again until this is dropped.
pub struct StaffKeysInForce {
    /// Verifies tokens with them.
    pub verifier: StaffVerifier,
    /// Reads them again, when a token names one that is not known.
    pub refresh: RefreshStaffKeys,
    refreshing: Vec<JoinHandle<()>>,
}

impl StaffKeysInForce {
    /// Begins to read the keys of those whom the configuration names.
    pub fn follow(config: &StaffConfig) -> anyhow::Result<Self> {
        let every = Duration::from_secs(config.refresh_s);
        let (mut issuers, mut sources) = (Vec::new(), Vec::new());
        let mut follow = |source: JwksSource| {
            let published = PublishedKeys::<StaffKeys>::new(source);
            let keys = published.keys();
            sources.push(published);
            keys
        };
        if !config.jwks.is_empty() {
            issuers.push(Issuer::own(follow(JwksSource::new(&config.jwks)?)));
        }
        if !config.issuer.is_empty() {
            let keys = follow(JwksSource::provider(&config.issuer)?);
            let claims = ProviderClaims {
                roles: config.roles_claim.clone(),
                role_prefix: config.role_prefix.clone(),
                campaigns: config.campaigns_claim.clone(),
            };
            issuers.push(Issuer::provider(&config.issuer, &config.audience, claims, keys));
        }
        let refreshing = sources.iter().map(Arc::clone);
        let refreshing =
            refreshing.map(|published| tokio::spawn(published.keep_refreshing(every))).collect();
        let refresh: RefreshStaffKeys = Arc::new(move || {
            let refreshed: Vec<_> = sources.iter().map(PublishedKeys::refreshed).collect();
            Box::pin(async move {
                for source in refreshed {
                    source.await;
                }
            })
        });
        Ok(Self { verifier: StaffVerifier::new(issuers), refresh, refreshing })
    }
}

impl Drop for StaffKeysInForce {
    fn drop(&mut self) {
        for task in &self.refreshing {
            task.abort();
        }
    }
}

/// A token that opens everything that is the operator's.
#[must_use]
pub fn operator_token(signer: &StaffSigner, now: Timestamp, lifetime: Duration) -> String {
    let operator = Staff {
        subject: "operator".to_owned(),
        roles: BTreeSet::from([Role::Operator]),
        campaigns: Campaigns::All,
    };
    signer.issue(&operator, now, lifetime)
}

/// A process that takes tokens of a key which only it has, and the operator's token.
pub fn with_own_staff(
    mut process: Process,
    lifetime: Duration,
) -> anyhow::Result<(Process, String)> {
    let keys = NewStaffKeys::generate(&*process.entropy);
    let public = Arc::new(StaffKeys::from_jwks(&keys.jwks())?);
    process.staff = StaffVerifier::new(vec![Issuer::own(Arc::new(public.into()))]);
    let token = operator_token(&keys.signer(), process.clock.now(), lifetime);
    Ok((process, token))
}

#[cfg(test)]
mod tests {
    use kernel::Clock as _;

    use super::*;

    #[test]
    fn a_process_of_its_own_takes_the_tokens_of_its_own_key_only() {
        let set_up =
            || with_own_staff(Process::new(None), Duration::from_hours(1)).expect("set up");
        let ((process, token), (other, _)) = (set_up(), set_up());
        let now = process.clock.now();
        let staff = process.staff.verify(&token, now).expect("the operator");
        assert!(staff.may_everywhere(Role::Operator) && !staff.may_everywhere(Role::Organiser));
        assert!(other.staff.verify(&token, now).is_err());
        assert!(process.staff.verify(&token, now.plus(Duration::from_hours(2))).is_err());
    }
}
