//! The lanes of a room: several lines side by side, one gate before them all.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// One of the lines of a room. The number is part of tickets and stored keys and never changes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Lane {
    /// Whoever comes over the web.
    #[default]
    Public = 0,
    /// Callers, for whom the hotline takes a ticket.
    Hotline = 1,
    /// People whom the operator invited to come first.
    Priority = 2,
}

impl Lane {
    /// Every lane, by its number.
    pub const ALL: [Self; 3] = [Self::Public, Self::Hotline, Self::Priority];

    /// The number in tickets and keys.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The lane of this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The name in stored settings, in the campaign file and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Hotline => "hotline",
            Self::Priority => "priority",
        }
    }
}

/// One value for each lane.
///
/// In JSON a map by the lane's name. A lane that is missing has the default value, and a name that
/// is unknown is skipped: what was stored before a lane existed, or after, can be read.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "ByName<T>", from = "ByName<T>")]
#[serde(bound(serialize = "T: Clone + Serialize", deserialize = "T: Default + Deserialize<'de>"))]
pub struct PerLane<T>(pub [T; 3]);

#[derive(Serialize, Deserialize)]
#[serde(default, bound(deserialize = "T: Default + Deserialize<'de>"))]
struct ByName<T> {
    public: T,
    hotline: T,
    priority: T,
}

impl<T: Default> Default for ByName<T> {
    fn default() -> Self {
        PerLane([T::default(), T::default(), T::default()]).into()
    }
}

impl<T> From<ByName<T>> for PerLane<T> {
    fn from(named: ByName<T>) -> Self {
        Self([named.public, named.hotline, named.priority])
    }
}

impl<T> From<PerLane<T>> for ByName<T> {
    fn from(PerLane([public, hotline, priority]): PerLane<T>) -> Self {
        Self { public, hotline, priority }
    }
}

impl<T> PerLane<T> {
    /// The value that `of` gives for each lane.
    #[must_use]
    pub fn from_fn(of: impl FnMut(Lane) -> T) -> Self {
        Self(Lane::ALL.map(of))
    }

    /// `value` for the public lane and the default for the others.
    #[must_use]
    pub fn public(value: T) -> Self
    where
        T: Default,
    {
        Self([value, T::default(), T::default()])
    }

    /// The lanes with their values, by the lane's number.
    pub fn iter(&self) -> impl Iterator<Item = (Lane, &T)> {
        Lane::ALL.into_iter().zip(&self.0)
    }

    /// What `join` makes of the two values of each lane.
    #[must_use]
    pub fn zip<U>(&self, other: &Self, mut join: impl FnMut(T, T) -> U) -> PerLane<U>
    where
        T: Copy,
    {
        PerLane::from_fn(|lane| join(self[lane], other[lane]))
    }

    /// Each value replaced by what `change` makes of it.
    #[must_use]
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> PerLane<U> {
        PerLane(self.0.map(change))
    }
}

impl PerLane<u64> {
    /// All lanes together; saturates.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The larger of the two values in each lane.
    #[must_use]
    pub fn at_least(&self, other: Self) -> Self {
        Self::from_fn(|lane| self[lane].max(other[lane]))
    }
}

impl<T> Index<Lane> for PerLane<T> {
    type Output = T;

    fn index(&self, lane: Lane) -> &T {
        &self.0[lane as usize]
    }
}

impl<T> IndexMut<Lane> for PerLane<T> {
    fn index_mut(&mut self, lane: Lane) -> &mut T {
        &mut self.0[lane as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_found_by_its_number() {
        for lane in Lane::ALL {
            assert_eq!(Lane::from_number(lane.number()), Some(lane));
            assert_eq!(serde_json::to_string(&lane).expect("json"), format!("\"{}\"", lane.name()));
        }
        assert_eq!(Lane::from_number(3), None);
    }

    #[test]
    fn json_names_the_lanes_and_forgives_what_is_missing_or_unknown() {
        let counts = PerLane([1_u64, 2, 3]);
        let json = serde_json::to_string(&counts).expect("json");
        assert_eq!(json, r#"{"public":1,"hotline":2,"priority":3}"#);
        assert_eq!(serde_json::from_str::<PerLane<u64>>(&json).expect("read"), counts);
        let partial = r#"{"hotline":2,"press":9}"#;
        assert_eq!(
            serde_json::from_str::<PerLane<u64>>(partial).expect("read"),
            PerLane([0, 2, 0])
        );
    }

    #[test]
    fn totals_saturate() {
        assert_eq!(PerLane([1, 2, 3]).total(), 6);
        assert_eq!(PerLane([u64::MAX, 2, 3]).total(), u64::MAX);
    }
}
