//! Rows that were loaded though no command of the batch named them. Where one cannot be read it must not keep the
//! others from what they asked for (P20).

use std::collections::HashSet;

use ::booking::{Footprint, HoldId, PassId, State, WaitlistEntryId};
use sea_orm::QueryResult;

use crate::convert;
use crate::fault::Fault;
use crate::tables::waitlist_entry;

/// What is left alone of a batch.
pub(super) struct Bystanders<'a> {
    footprint: &'a Footprint,
    /// Whether the batch does no more than call up waitlists. Any other one with a row that cannot be read is divided
    /// by its caller until the call-up is alone.
    calls_only: bool,
    entries: HashSet<WaitlistEntryId>,
    passes: HashSet<PassId>,
}

impl<'a> Bystanders<'a> {
    pub fn of(footprint: &'a Footprint) -> Self {
        let names_nothing = footprint.holds.is_empty()
            && footprint.passes.is_empty()
            && footprint.person_keys.is_empty()
            && footprint.idempotency_keys.is_empty()
            && footprint.bookings.is_empty()
            && footprint.entries.is_empty()
            && footprint.offers.is_empty();
        Self {
            footprint,
            calls_only: names_nothing && !footprint.call_ups.is_empty(),
            entries: HashSet::new(),
            passes: HashSet::new(),
        }
    }

    /// Leaves alone what the row is about, if no command named it; else gives its fault back.
    pub fn leave(&mut self, row: &QueryResult, fault: Fault) -> Result<(), Fault> {
        let Fault::Unexpected(reason) = &fault else { return Err(fault) };
        let kind: String = row.try_get("", "kind").unwrap_or_default();
        if let Some(hold) = self.hold(row, &kind) {
            tracing::error!(%hold, reason, "an overdue hold is left alone; its seats stay taken");
            return Ok(());
        }
        if !self.calls_only {
            return Err(fault);
        }
        if let Some(entry) = called(row, &kind) {
            tracing::error!(%entry, reason, "an entry of a waitlist is left alone; nobody calls it");
            self.entries.insert(entry);
            return Ok(());
        }
        let Some(pass) = paying(row, &kind) else { return Err(fault) };
        tracing::error!(%pass, reason, "who waits by this pass is left alone; nobody calls them");
        self.passes.insert(pass);
        Ok(())
    }

    /// Takes out of the state what is to be left alone, if anything.
    pub fn forget(self, state: &mut State) {
        state.entries.retain(|id, entry| {
            !self.entries.contains(id) && !self.passes.contains(&entry.pass_id)
        });
    }

    /// The hold that a row is, if it was loaded for being overdue only.
    fn hold(&self, row: &QueryResult, kind: &str) -> Option<HoldId> {
        let id: Vec<u8> = (kind == "hold").then(|| row.try_get("", "hold_id").ok())??;
        let id = HoldId::from_bytes(id.try_into().ok()?);
        (!self.footprint.holds.contains(&id)).then_some(id)
    }
}

/// The entry that a row is or is about.
fn called(row: &QueryResult, kind: &str) -> Option<WaitlistEntryId> {
    let column = match kind {
        "entry" => "entry_id",
        "offer" => "offer_entry",
        "declined" => "declined_entry",
        _ => return None,
    };
    let id: Vec<u8> = row.try_get("", column).ok()?;
    waitlist_entry::id(&id).ok()
}

/// The pass whose use a row tells.
fn paying(row: &QueryResult, kind: &str) -> Option<PassId> {
    let column = match kind {
        "pass_use" => "pass_use_pass_id",
        "paid" => "paid_pass_id",
        _ => return None,
    };
    let id: Vec<u8> = row.try_get("", column).ok()?;
    convert::pass_id(&id).ok()
}
