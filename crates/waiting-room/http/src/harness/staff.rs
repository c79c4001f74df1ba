//! Members of staff, and what they show.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::SeededEntropy;
use pass::{KeySet, SigningKey};
use staff::{Campaigns, Issuer, Role, Staff, StaffKeys, StaffSigner, StaffVerifier};
use waiting_room::RoomStore as _;
use waiting_room::audit::{Record, Wanted};

use super::{CREATED_S, Harness, after};
use crate::RefreshStaffKeys;

/// Longer than a test moves the clock that does not mean it.
const LIFETIME: Duration = Duration::from_hours(24 * 30);

/// The town's keys for staff: one that is published, and one that will be when the keys are read again.
pub(super) struct TestStaff {
    published: Arc<ArcSwap<StaffKeys>>,
}

fn key(seed: u64) -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(seed))
}

fn keys(seeds: &[u64]) -> StaffKeys {
    let keys = KeySet::new(seeds.iter().map(|seed| key(*seed).public_key().clone()));
    StaffKeys::from_jwks(&keys.expect("keys").to_jwks()).expect("a JWKS")
}

impl TestStaff {
    pub(super) fn new() -> Self {
        Self { published: Arc::new(ArcSwap::from_pointee(keys(&[21]))) }
    }

    pub(super) fn verifier(&self) -> StaffVerifier {
        StaffVerifier::new(vec![Issuer::own(Arc::clone(&self.published))])
    }

    pub(super) fn refresh(&self) -> RefreshStaffKeys {
        let published = Arc::clone(&self.published);
        Arc::new(move || {
            published.store(Arc::new(keys(&[21, 22])));
            Box::pin(ready(()))
        })
    }
}

fn token(seed: u64, roles: &[Role], campaigns: Campaigns) -> String {
    let roles: BTreeSet<Role> = roles.iter().copied().collect();
    let staff = Staff { subject: "erika".into(), roles, campaigns };
    StaffSigner::new(&key(seed)).issue(&staff, after(CREATED_S), LIFETIME)
}

impl Harness {
    /// All that operators did to `town`, oldest first.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let records = self.store.audit(&super::id("town"), Wanted::After(None), 1_000).await;
        records.expect("the store answers")
    }
}

/// The token of somebody with these roles for all rooms.
pub(crate) fn token_of(roles: &[Role]) -> String {
    token(21, roles, Campaigns::All)
}

/// The token of somebody with these roles for these rooms.
pub(crate) fn token_for(roles: &[Role], rooms: &[&str]) -> String {
    let rooms = rooms.iter().map(|room| super::id(room)).collect();
    token(21, roles, Campaigns::Only(rooms))
}

/// An operator's token, signed with a key that was not published when the keys were last read.
pub(crate) fn token_of_new_key() -> String {
    token(22, &[Role::Operator], Campaigns::All)
}
