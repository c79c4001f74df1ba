//! Waiting for a place that comes back.

use std::sync::Arc;

use super::registering::person_bytes;
use super::{Bookings, Failure};
use crate::booking::TokenHash;
use crate::pass::PassGrant;
use crate::person::Person;
use crate::waitlist::{JoinOutcome, JoinWaitlist, Joining, WaitlistEntryId};

impl Bookings {
    /// Puts a person on the waitlist.
    pub async fn join_waitlist(
        &self,
        pass: PassGrant,
        person: &Person,
        key: &str,
    ) -> Result<JoinOutcome, Failure> {
        let person_bytes = person_bytes(person);
        let parts = [pass.campaign.as_str().as_bytes(), &person_bytes];
        let idempotency = self.idempotency(&pass, key, "join-waitlist", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let binding = self.check_binding(&pass, person)?;
        let entry = WaitlistEntryId::new(self.now(), &*self.entropy);
        let joining = Arc::new(Joining {
            entry,
            person: person.clone(),
            person_key: self.secrets.person_key(&pass.campaign, person),
            former_person_key: self.secrets.former_person_key(&pass.campaign, person),
            token_hash: TokenHash::of(&self.secrets.entry_token(entry)),
        });
        self.submit(JoinWaitlist { pass, joining, binding, idempotency }).await
    }
}
