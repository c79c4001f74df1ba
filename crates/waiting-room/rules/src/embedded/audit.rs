//! What operators have done to a room, in memory.

use std::collections::VecDeque;

use kernel::Timestamp;

use crate::audit::{Deed, RECORDS_MAX, Record, RecordId, Wanted};

/// The newest records of one room, oldest first.
#[derive(Clone, Default)]
pub(super) struct Records(VecDeque<Record>);

impl Records {
    pub(super) fn write(&mut self, deed: &Deed, now: Timestamp) {
        let ms = u64::try_from(now.unix_ms()).unwrap_or(0);
        let id = match self.0.back() {
            // The clock may have been set back; ids go on.
            Some(last) if last.id.ms >= ms => {
                RecordId { ms: last.id.ms, number: last.id.number + 1 }
            }
            Some(_) | None => RecordId { ms, number: 0 },
        };
        if self.0.len() == RECORDS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Record { id, at: now, deed: deed.clone() });
    }

    pub(super) fn read(&self, wanted: Wanted, limit: usize) -> Vec<Record> {
        let records = self.0.iter();
        match wanted {
            Wanted::After(after) => {
                let is_known = |record: &&Record| after.is_some_and(|after| record.id <= after);
                records.skip_while(is_known).take(limit).cloned().collect()
            }
            Wanted::Before(before) => {
                let is_later = |record: &&Record| before.is_some_and(|before| record.id >= before);
                records.rev().skip_while(is_later).take(limit).cloned().collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::By;

    #[test]
    fn the_newest_are_kept_and_ids_rise_whatever_the_clock_does() {
        let mut records = Records::default();
        let deed = By::start().removed();
        for number in 0..RECORDS_MAX + 2 {
            let at = Timestamp::from_unix_s(if number % 3 == 0 { 100 } else { 7 });
            records.write(&deed, at);
        }
        let all = records.read(Wanted::After(None), usize::MAX);
        assert_eq!(all.len(), RECORDS_MAX);
        assert!(all.is_sorted_by(|one, other| one.id < other.id));
        assert_eq!(all[0].id, RecordId { ms: 100_000, number: 2 });
    }
}
