//! What is remembered for a while, and then forgotten without being looked for.

use std::collections::HashMap;
use std::time::Duration;

use kernel::Timestamp;

/// Values by key, of two successive periods: what is in neither is forgotten. So each is remembered for the length of a
/// period at least.
#[derive(Clone)]
pub(super) struct Periods<V> {
    length: Duration,
    /// Values of one period; further ones are not remembered.
    values_max: usize,
    /// The number of the current period.
    current: i64,
    /// The values of the even periods, and of the odd ones.
    even_and_odd: [Period<V>; 2],
}

#[derive(Clone)]
struct Period<V> {
    number: i64,
    by_key: HashMap<[u8; 16], V>,
}

impl<V> Periods<V> {
    pub(super) fn new(length: Duration, values_max: usize) -> Self {
        let period = || Period { number: 0, by_key: HashMap::new() };
        Self { length, values_max, current: 0, even_and_odd: [period(), period()] }
    }

    /// Goes on to the period of `now`.
    pub(super) fn turn(&mut self, now: Timestamp) {
        let length_ms = i64::try_from(self.length.as_millis()).unwrap_or(i64::MAX);
        let number = now.unix_ms().div_euclid(length_ms);
        self.current = number;
        let current = self.of(number);
        if current.number != number {
            *current = Period { number, by_key: HashMap::new() };
        }
    }

    fn of(&mut self, number: i64) -> &mut Period<V> {
        &mut self.even_and_odd[usize::from(number.rem_euclid(2) == 1)]
    }

    fn living(&mut self) -> impl Iterator<Item = &mut HashMap<[u8; 16], V>> {
        let current = self.current;
        let living = move |period: &&mut Period<V>| [current, current - 1].contains(&period.number);
        self.even_and_odd.iter_mut().filter(living).map(|period| &mut period.by_key)
    }

    pub(super) fn find(&mut self, key: &[u8; 16]) -> Option<&V> {
        self.living().find_map(|by_key| by_key.get(key))
    }

    /// Remembers a value, if there is room for it; gives whether.
    pub(super) fn remember(&mut self, key: [u8; 16], value: V) -> bool {
        let values_max = self.values_max;
        let current = self.of(self.current);
        let has_room = current.by_key.len() < values_max;
        if has_room {
            current.by_key.insert(key, value);
        }
        has_room
    }

    /// Takes a value out.
    pub(super) fn take(&mut self, key: &[u8; 16]) -> Option<V> {
        self.living().find_map(|by_key| by_key.remove(key))
    }
}
