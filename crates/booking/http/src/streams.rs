//! Who listens to the places of a campaign, and what they are told.
//!
//! What has changed is written once for all who listen, from the view: nobody who listens costs the store
//! anything, and one task looks for all of them (`beat.rs`). Every event has the hash of all places as its id, so another instance may go on where one ended.

mod beat;

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use booking::campaign::SlotId;
use booking::{CampaignView, View};
use kernel::{CampaignId, Timestamp};
use serde::Serialize;
use web::{ClientAddress, Drain, TrustedProxies};

use crate::rendered::to_json;
pub(crate) use beat::Beats;
use beat::Followed;

/// Changes of one campaign that are kept for those who were away for a moment.
const CHANGES_MAX: usize = 64;

/// How many may listen.
#[derive(Clone, Debug)]
pub struct StreamLimits {
    /// Streams of this process.
    pub streams_max: usize,
    /// Streams of one client address.
    pub per_address_max: usize,
    /// The proxies whose word is taken for a client's address.
    pub proxies: TrustedProxies,
    /// How often it is looked whether there is something to tell.
    pub every: Duration,
}

/// All streams of a process.
pub(crate) struct Streams {
    limits: StreamLimits,
    drain: Drain,
    open: Arc<Mutex<Open>>,
    told: Mutex<HashMap<CampaignId, Told>>,
    followed: Followed,
}

/// The streams that are open.
#[derive(Default)]
struct Open {
    count: usize,
    addresses: HashMap<ClientAddress, usize>,
}

/// The right to one stream, given back when it is dropped.
pub(crate) struct Seat {
    open: Arc<Mutex<Open>>,
    address: ClientAddress,
}

/// One event as it is sent.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) id: u64,
    pub(crate) bytes: Bytes,
}

/// What is known of a campaign by those who listen.
#[derive(Default)]
struct Told {
    generation: u64,
    id: u64,
    places: Vec<(SlotId, u32)>,
    /// All places, once somebody has asked for them.
    whole: Option<Frame>,
    /// What has changed, each with the id of what was known before.
    changes: VecDeque<(u64, Frame)>,
}

/// The data of an event.
#[derive(Serialize)]
struct StreamedPlaces<'a> {
    as_of: Timestamp,
    places_left: u64,
    slots: Vec<StreamedSlot<'a>>,
}

#[derive(Serialize)]
struct StreamedSlot<'a> {
    id: &'a SlotId,
    places_left: u32,
}

impl Streams {
    pub(crate) fn new(limits: StreamLimits, drain: Drain) -> Self {
        Self {
            limits,
            drain,
            open: Arc::default(),
            told: Mutex::default(),
            followed: Followed::default(),
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.drain.is_draining()
    }

    /// A seat for the client of `request`; `None` if there is none, at all or for its address.
    pub(crate) fn seat(&self, request: &HttpRequest) -> Option<Seat> {
        let address = ClientAddress::of(request, &self.limits.proxies);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = open.addresses.get(&address).copied().unwrap_or_default();
        if open.count >= self.limits.streams_max || of_address >= self.limits.per_address_max {
            return None;
        }
        open.count += 1;
        open.addresses.insert(address, of_address + 1);
        Some(Seat { open: Arc::clone(&self.open), address })
    }

    /// What somebody has to be told who knows the event `last`, or nothing yet; `None` if the campaign is gone.
    /// Constant time while nothing has changed.
    pub(crate) fn after(
        &self,
        view: &View,
        campaign: &CampaignId,
        last: Option<u64>,
    ) -> Option<Vec<Frame>> {
        self.with_told(view, campaign, |told, view| told.after(view, last))
    }

    /// The id of what there is to know; `None` if the campaign is gone.
    fn news(&self, view: &View, campaign: &CampaignId) -> Option<u64> {
        self.with_told(view, campaign, |told, _| told.id)
    }

    /// With what is known of a campaign in the light of this view.
    fn with_told<T>(
        &self,
        view: &View,
        campaign: &CampaignId,
        ask: impl FnOnce(&mut Told, &CampaignView) -> T,
    ) -> Option<T> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(view_of) = view.campaign(campaign) else {
            told.remove(campaign);
            return None;
        };
        let told = told.entry(campaign.clone()).or_default();
        if told.generation < view.generation {
            told.take_in(view_of);
            told.generation = view.generation;
        }
        Some(ask(told, view_of))
    }

    /// The generation of the view that was looked at last.
    #[cfg(test)]
    fn looked_at(&self, campaign: &CampaignId) -> u64 {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.get(campaign).map_or(0, |told| told.generation)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.count = open.count.saturating_sub(1);
        if let Some(count) = open.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.addresses.remove(&self.address);
            }
        }
    }
}

impl Told {
    /// Takes in a later count of the places.
    fn take_in(&mut self, view: &CampaignView) {
        let counted = &view.availability.slots;
        let is_known = counted.len() == self.places.len()
            && counted.iter().zip(&self.places).all(|(now, (slot, _))| now.slot == *slot);
        let changed: Vec<_> = counted
            .iter()
            .zip(&self.places)
            .filter(|(now, (_, before))| now.places_left != *before)
            .map(|(now, _)| StreamedSlot { id: &now.slot, places_left: now.places_left })
            .collect();
        if is_known && changed.is_empty() && self.id != 0 {
            return;
        }
        let places: Vec<_> = counted.iter().map(|of| (of.slot.clone(), of.places_left)).collect();
        let before = std::mem::replace(&mut self.id, id_of(&places));
        if is_known {
            if self.changes.len() == CHANGES_MAX {
                self.changes.pop_front();
            }
            self.changes.push_back((before, frame("changes", self.id, view, changed)));
        } else {
            // Other slots: nobody can go on from what they know.
            self.changes.clear();
        }
        (self.places, self.whole) = (places, None);
    }

    fn after(&mut self, view: &CampaignView, last: Option<u64>) -> Vec<Frame> {
        if last == Some(self.id) {
            return Vec::new();
        }
        let known =
            last.and_then(|last| self.changes.iter().rposition(|(before, _)| *before == last));
        if let Some(known) = known {
            return self.changes.iter().skip(known).map(|(_, frame)| frame.clone()).collect();
        }
        let whole = self.whole.get_or_insert_with(|| {
            let slots = self.places.iter();
            let slots =
                slots.map(|(id, places_left)| StreamedSlot { id, places_left: *places_left });
            frame("places", self.id, view, slots.collect())
        });
        vec![whole.clone()]
    }
}

/// The same places have the same id in every process, and none has 0.
fn id_of(places: &[(SlotId, u32)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (slot, places_left) in places {
        (slot.as_str(), places_left).hash(&mut hasher);
    }
    hasher.finish().max(1)
}

fn frame(event: &str, id: u64, view: &CampaignView, slots: Vec<StreamedSlot<'_>>) -> Frame {
    let (as_of, places_left) = (view.availability.as_of, view.availability.places_left());
    let mut bytes = format!("event: {event}\nid: {id:016x}\ndata: ").into_bytes();
    bytes.extend(to_json(&StreamedPlaces { as_of, places_left, slots }));
    bytes.extend(b"\n\n");
    Frame { id, bytes: bytes.into() }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use booking::contract::scene;
    use booking::{Availability, Held, SlotAvailability, WaitlistCounts};

    use super::*;

    fn streams(streams_max: usize, per_address_max: usize) -> Streams {
        let (proxies, every) = (TrustedProxies::none(), Duration::from_secs(1));
        let limits = StreamLimits { streams_max, per_address_max, proxies, every };
        Streams::new(limits, Drain::new())
    }

    /// The scene's campaign with so many places left in its slots `a` and `b`.
    fn view(generation: u64, places: &[u32]) -> View {
        let slots =
            ["a", "b", "c"].iter().zip(places).map(|(name, places_left)| SlotAvailability {
                reserved: 0,
                slot: scene::slot(name),
                capacity: 50,
                released: 30,
                places_left: *places_left,
            });
        let availability = Availability {
            waitlist: WaitlistCounts::default(),
            as_of: scene::at(generation),
            slots: slots.collect(),
            held: Held::default(),
        };
        let campaign = Arc::new(scene::campaign());
        let id = campaign.id.clone();
        View { generation, campaigns: [(id, CampaignView { campaign, availability })].into() }
    }

    /// What is told to who knows `last`, as event and data, and the id of the last event.
    fn tell(streams: &Streams, view: &View, last: Option<u64>) -> (Vec<String>, Option<u64>) {
        let frames = streams.after(view, &scene::slot("rehearsal"), last).expect("is there");
        let last = frames.last().map_or(last, |frame| Some(frame.id));
        let texts = frames.iter().map(|frame| {
            let text = std::str::from_utf8(&frame.bytes).expect("text");
            let mut lines = text.lines();
            let (event, _id, data) = (lines.next(), lines.next(), lines.next());
            format!("{} {}", event.expect("an event"), data.expect("data"))
        });
        (texts.collect(), last)
    }

    #[test]
    fn what_has_changed_is_told_and_nothing_else() {
        let streams = streams(1, 1);
        let (first, last) = tell(&streams, &view(1, &[3, 2]), None);
        let whole = r#"event: places data: {"as_of":"2021-06-14T06:00:01.000Z","places_left":5,"slots":[{"id":"a","places_left":3},{"id":"b","places_left":2}]}"#;
        assert_eq!(first, [whole]);
        assert!(tell(&streams, &view(2, &[3, 2]), last).0.is_empty());
        let (changes, later) = tell(&streams, &view(3, &[3, 1]), last);
        let change = r#"event: changes data: {"as_of":"2021-06-14T06:00:03.000Z","places_left":4,"slots":[{"id":"b","places_left":1}]}"#;
        assert_eq!(changes, [change]);
        assert!(tell(&streams, &view(3, &[3, 1]), later).0.is_empty());
    }

    /// Who was away is told what they missed, and who was away too long everything.
    #[test]
    fn a_stream_goes_on_where_it_ended() {
        let streams = streams(1, 1);
        let last = tell(&streams, &view(1, &[3, 2]), None).1;
        let second = tell(&streams, &view(2, &[2, 2]), last).1;
        tell(&streams, &view(3, &[1, 2]), second);
        let (missed, _) = tell(&streams, &view(4, &[0, 2]), second);
        assert!(missed.len() == 2 && missed.iter().all(|text| text.starts_with("event: changes")));
        for generation in 5..5 + CHANGES_MAX as u64 {
            tell(
                &streams,
                &view(generation, &[u32::try_from(generation).unwrap_or_default(), 2]),
                None,
            );
        }
        let (all, _) = tell(&streams, &view(100, &[7, 7]), second);
        assert!(all.len() == 1 && all[0].starts_with("event: places"), "{all:?}");
        let (all, _) = tell(&streams, &view(100, &[7, 7]), Some(42));
        assert!(all.len() == 1 && all[0].starts_with("event: places"), "{all:?}");
    }

    /// An id says what somebody knows, whichever process they knew it from.
    #[test]
    fn another_process_goes_on() {
        let [one, other] = [(); 2].map(|()| streams(1, 1));
        let last = tell(&one, &view(9, &[3, 2]), None).1;
        assert!(tell(&other, &view(1, &[3, 2]), last).0.is_empty());
    }

    #[test]
    fn other_slots_are_told_as_a_whole() {
        let streams = streams(1, 1);
        let last = tell(&streams, &view(1, &[3, 2]), None).1;
        let (told, last) = tell(&streams, &view(2, &[3, 2, 30]), last);
        assert!(told.len() == 1 && told[0].starts_with("event: places"), "{told:?}");
        assert!(last.is_some());
        let gone = View { generation: 3, ..View::default() };
        assert!(streams.after(&gone, &scene::slot("rehearsal"), last).is_none());
    }

    #[test]
    fn seats_are_limited_and_come_back() {
        let streams = streams(3, 2);
        let from = |address: &str| {
            let peer = address.parse().expect("an address");
            TestRequest::default().peer_addr(peer).to_http_request()
        };
        let (one, other) = (from("192.0.2.1:1"), from("192.0.2.2:1"));
        let first = streams.seat(&one).expect("a seat");
        let _second = streams.seat(&one).expect("a seat");
        assert!(streams.seat(&one).is_none(), "two of an address");
        let _third = streams.seat(&other).expect("a seat");
        assert!(streams.seat(&other).is_none(), "three at all");
        drop(first);
        assert!(streams.seat(&one).is_some());
    }
}
