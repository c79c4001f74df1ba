//! What a campaign says of its waitlist, and what follows from it at an instant.

use std::time::Duration;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::QuietHours;
use crate::campaign::{Campaign, Slot};

/// The rules of a waitlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waitlist {
    /// How many persons may wait at a time.
    pub places: u32,
    /// From then on people may join; `None`: once every opening has passed and no place is left.
    #[serde(default)]
    pub opens_at: Option<Timestamp>,
    /// How long an offer lasts, in minutes.
    #[serde(default = "Waitlist::default_offer_ttl")]
    pub offer_ttl_minutes: u32,
    /// How many offers of a slot may be open at once, in percent of the places reserved in it.
    #[serde(default = "Waitlist::default_over_offer")]
    pub over_offer_percent: u32,
    /// When nobody is called.
    #[serde(default)]
    pub quiet: Option<QuietHours>,
    /// From then on nobody is called any more; `None`: from the start of the last slot.
    #[serde(default)]
    pub stops_at: Option<Timestamp>,
    /// What comes back is everybody's, and nobody new may join.
    #[serde(default)]
    pub open_rest_to_public: bool,
}

impl Waitlist {
    /// So many persons may wait at most, as a call-up may have to look at everybody.
    pub const PLACES_MAX: u32 = 10_000;
    /// The least and the most minutes of an offer: up to a week.
    pub const OFFER_TTL_MINUTES: (u32, u32) = (1, 10_080);
    /// The least and the most that may be offered at once.
    pub const OVER_OFFER_PERCENT: (u32, u32) = (100, 300);

    /// A waitlist of so many places with the rules that apply where none are given.
    #[must_use]
    pub const fn of(places: u32) -> Self {
        Self {
            places,
            opens_at: None,
            offer_ttl_minutes: Self::default_offer_ttl(),
            over_offer_percent: Self::default_over_offer(),
            quiet: None,
            stops_at: None,
            open_rest_to_public: false,
        }
    }

    const fn default_offer_ttl() -> u32 {
        60
    }

    const fn default_over_offer() -> u32 {
        100
    }

    /// How long an offer lasts.
    #[must_use]
    pub fn offer_ttl(&self) -> Duration {
        Duration::from_mins(self.offer_ttl_minutes.into())
    }

    /// How many offers of a slot may be open at once when so many of its places are reserved.
    #[must_use]
    pub fn offers_max(&self, reserved: u32) -> u32 {
        let offers = (u64::from(reserved) * u64::from(self.over_offer_percent)).div_ceil(100);
        u32::try_from(offers).unwrap_or(u32::MAX)
    }
}

impl Campaign {
    /// When the waitlist stops calling people: never later than the campaign closes.
    #[must_use]
    pub fn waitlist_stops_at(&self) -> Timestamp {
        let given = self.waitlist.and_then(|waitlist| waitlist.stops_at);
        let last_start = || self.slots.iter().map(|slot| slot.starts_at).max();
        let stops_at = given.or_else(last_start).unwrap_or(self.closes_at);
        stops_at.min(self.closes_at)
    }

    /// The waitlist, if places are kept for those who wait at `now`.
    #[must_use]
    pub fn waitlist_in_force(&self, now: Timestamp) -> Option<&Waitlist> {
        self.waitlist.as_ref().filter(|waitlist| {
            !waitlist.open_rest_to_public
                && waitlist.opens_at.is_none_or(|opens_at| opens_at <= now)
                && now < self.waitlist_stops_at()
        })
    }

    /// The waitlist, if people may join it at `now` where so many places can be booked: where no time
    /// is given, people who could book are not made to wait, nor those who still gather for an opening.
    #[must_use]
    pub fn waitlist_to_join(&self, places_bookable: u64, now: Timestamp) -> Option<&Waitlist> {
        let is_gone =
            || places_bookable == 0 && self.tranches.iter().all(|tranche| tranche.opens_at <= now);
        let waitlist = self.waitlist_in_force(now)?;
        (waitlist.opens_at.is_some() || is_gone()).then_some(waitlist)
    }

    /// Until when an offer of a place in `slot` lasts if it is made at `now` for so long; `None` if
    /// no time is left to accept it.
    #[must_use]
    pub fn offer_end(&self, slot: &Slot, ttl: Duration, now: Timestamp) -> Option<Timestamp> {
        let lead = Duration::from_secs(self.rules.lead_s.into());
        let latest = slot.starts_at.minus(lead).min(self.waitlist_stops_at());
        let end = now.plus(ttl).min(latest);
        (!slot.closed && end >= now.plus(OFFER_LASTS_MIN)).then_some(end)
    }
}

/// Nobody can do anything with an offer that ends sooner.
const OFFER_LASTS_MIN: Duration = Duration::from_mins(1);

/// How the waitlist of a campaign is stored: earlier programs knew no more than its places.
pub(crate) mod stored {
    use serde::{Deserialize, Deserializer};

    use super::Waitlist;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Places(u32),
        Rules(Waitlist),
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Waitlist>, D::Error> {
        Ok(match Option::<Stored>::deserialize(deserializer)? {
            None | Some(Stored::Places(0)) => None,
            Some(Stored::Places(places)) => Some(Waitlist::of(places)),
            Some(Stored::Rules(waitlist)) => Some(waitlist),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scene;

    #[test]
    fn what_earlier_programs_stored_is_read() {
        let json = |waitlist: &str| {
            let mut campaign = serde_json::to_value(scene::campaign()).expect("JSON");
            let members = campaign.as_object_mut().expect("an object");
            members.remove("waitlist");
            if !waitlist.is_empty() {
                members.insert(
                    "waitlist_places".into(),
                    serde_json::from_str(waitlist).expect("JSON"),
                );
            }
            serde_json::from_value::<Campaign>(campaign).expect("readable").waitlist
        };
        assert_eq!(json("800"), Some(Waitlist::of(800)));
        assert_eq!((json("0"), json("")), (None, None));
    }

    #[test]
    fn what_is_stored_reads_back() {
        let mut campaign = scene::campaign();
        for waitlist in [None, Some(Waitlist { opens_at: Some(scene::at(1)), ..Waitlist::of(7) })] {
            campaign.waitlist = waitlist;
            let json = serde_json::to_string(&campaign).expect("JSON");
            assert_eq!(serde_json::from_str::<Campaign>(&json).expect("readable"), campaign);
        }
    }

    #[test]
    fn more_is_offered_than_reserved_rounded_up() {
        let offers = |percent, reserved| {
            Waitlist { over_offer_percent: percent, ..Waitlist::of(1) }.offers_max(reserved)
        };
        assert_eq!((offers(100, 7), offers(150, 7), offers(150, 1), offers(300, 0)), (7, 11, 2, 0));
    }
}
