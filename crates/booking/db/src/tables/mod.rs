//! The tables, one a file: the SeaORM entity, what a batch knows of it, and what its rows mean.
//!
//! The entities read single rows; batches go set by set, by statements made from [`Table`]. Tests hold
//! the entities to the migrated schema, and each [`Table`] to its entity.

pub mod booking;
pub mod campaign;
pub mod campaign_key;
pub mod campaign_purge;
pub mod campaign_revision;
pub mod event;
pub mod hold;
pub mod idempotency;
pub mod mail;
pub mod offer;
pub mod pass_use;
pub mod reader;
pub mod slot;
pub mod waitlist_entry;
pub mod webhook_delivery;
pub mod webhook_endpoint;

#[cfg(test)]
mod drift;

use crate::dialect::Column;

/// A table as batches see it.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: &'static str,
    /// The columns of its primary key.
    pub key: &'static [&'static str],
    pub columns: &'static [Column],
}

impl Table {
    /// The statement that inserts the rows of `set`, which have all columns.
    pub fn insert(&self, set: &str) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|(column, _)| *column).collect();
        let (table, columns) = (self.name, columns.join(", "));
        format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {{{set}}}")
    }

    /// The statement that updates the rows of `set`, which have `columns`, the key among them.
    ///
    /// The key is asked for twice: joined, and as a condition on the index, which leaves the planner
    /// no other way, whatever it believes about the sizes of the tables.
    pub fn update(&self, columns: &[Column], set: &str) -> String {
        let table = self.name;
        let changes: Vec<String> = columns
            .iter()
            .filter(|(column, _)| !self.key.contains(column))
            .map(|(column, _)| format!("{column} = {set}.{column}"))
            .collect();
        let joined = self.key.iter().map(|column| format!("{table}.{column} = {set}.{column}"));
        let found = self.key.iter().map(|column| format!("{table}.{column} {{in {set}.{column}}}"));
        let conditions: Vec<String> = joined.chain(found).collect();
        let (changes, conditions) = (changes.join(", "), conditions.join(" AND "));
        format!("UPDATE {table} SET {changes} FROM {{{set}}} WHERE {conditions}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_name_every_column() {
        assert_eq!(
            slot::TABLE.insert("new"),
            "INSERT INTO slot (campaign, id, capacity, released, taken, reserved) \
             SELECT campaign, id, capacity, released, taken, reserved FROM {new}"
        );
        assert_eq!(
            slot::TABLE.update(slot::CHANGES, "slots"),
            "UPDATE slot SET released = slots.released, taken = slots.taken, \
             reserved = slots.reserved FROM {slots} \
             WHERE slot.campaign = slots.campaign AND slot.id = slots.id \
             AND slot.campaign {in slots.campaign} AND slot.id {in slots.id}"
        );
    }
}
