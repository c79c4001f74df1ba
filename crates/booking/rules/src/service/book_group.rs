//! Registering several persons onto a hold.

use super::registering::person_bytes;
use super::{Bookings, Failure};
use crate::booking::{BookGroup, BookGroupOutcome, GroupMember};
use crate::hold::HoldId;
use crate::pass::PassGrant;
use crate::person::Person;

impl Bookings {
    /// Registers several persons onto a hold, all of them or none.
    pub async fn book_group(
        &self,
        pass: PassGrant,
        hold: HoldId,
        persons: &[Person],
        key: &str,
    ) -> Result<BookGroupOutcome, Failure> {
        let persons_bytes: Vec<Vec<u8>> = persons.iter().map(person_bytes).collect();
        let parts = std::iter::once(&hold.as_bytes()[..]);
        let parts: Vec<&[u8]> = parts.chain(persons_bytes.iter().map(Vec::as_slice)).collect();
        let idempotency = self.idempotency(&pass, key, "book-group", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let members = persons.iter().map(|person| {
            let binding = self.check_binding(&pass, person)?;
            Ok(GroupMember { registration: self.registration(&pass.campaign, person), binding })
        });
        let members = members.collect::<Result<_, Failure>>()?;
        self.submit(BookGroup { pass, hold, members, idempotency }).await
    }
}
