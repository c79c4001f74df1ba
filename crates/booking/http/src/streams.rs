//! What those who listen to the places of a campaign are told.
//!
//! What has changed is written once for all who listen, from the view: nobody who listens costs the store
//! anything. Every event has the hash of all places as its id, so another instance may go on where one ended.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;
use booking::campaign::SlotId;
use booking::{Bookings, CampaignView, View};
use kernel::{CampaignId, Timestamp};
use serde::Serialize;
use web::streams::{Beats, Look, StreamParts, Told};

use crate::rendered::to_json;

/// Changes of one campaign that are kept for those who were away for a moment.
const CHANGES_MAX: usize = 64;

/// All streams of a process, and what was told on them.
pub(crate) struct Streams {
    pub(crate) listening: Arc<web::streams::Streams<CampaignId, ()>>,
    known: Mutex<HashMap<CampaignId, Known>>,
}

/// One event as it is sent.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) id: u64,
    pub(crate) bytes: Bytes,
}

/// What is known of a campaign by those who listen.
#[derive(Default)]
struct Known {
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
    pub(crate) fn new(listening: StreamParts) -> Self {
        let listening = web::streams::Streams::new("booking", listening);
        Self { listening: Arc::new(listening), known: Mutex::default() }
    }

    /// The beats of a campaign: when to look what there is to tell.
    pub(crate) fn follow(
        self: &Arc<Self>,
        bookings: &Arc<Bookings>,
        campaign: &CampaignId,
    ) -> Beats<()> {
        self.listening.follow(campaign, || {
            let (streams, bookings) = (Arc::clone(self), Arc::clone(bookings));
            let campaign = campaign.clone();
            // Whoever asks looks for themselves after this, so nothing is missed.
            let mut known = streams.news(&bookings.view(), &campaign);
            let look = move |_quiet| match streams.news(&bookings.view(), &campaign) {
                None => Look::Over,
                news if news == known => Look::Nothing,
                news => {
                    known = news;
                    Look::News(())
                }
            };
            ((), look)
        })
    }

    /// What somebody has to be told who knows the event `last`, or nothing yet; and what they know then.
    pub(crate) fn tell(&self, view: &View, campaign: &CampaignId, last: &mut Option<u64>) -> Told {
        let Some(frames) = self.after(view, campaign, *last) else { return Told::Over };
        let Some(newest) = frames.last() else { return Told::Nothing };
        *last = Some(newest.id);
        Told::Events(match &*frames {
            [only] => only.bytes.clone(),
            _ => frames.iter().map(|frame| &*frame.bytes).collect::<Vec<_>>().concat().into(),
        })
    }

    /// The same as events; `None` if the campaign is gone. Constant time while nothing has changed.
    fn after(&self, view: &View, campaign: &CampaignId, last: Option<u64>) -> Option<Vec<Frame>> {
        self.with_known(view, campaign, |known, view| known.after(view, last))
    }

    /// The id of what there is to know; `None` if the campaign is gone.
    fn news(&self, view: &View, campaign: &CampaignId) -> Option<u64> {
        self.with_known(view, campaign, |known, _| known.id)
    }

    /// With what is known of a campaign in the light of this view.
    fn with_known<T>(
        &self,
        view: &View,
        campaign: &CampaignId,
        ask: impl FnOnce(&mut Known, &CampaignView) -> T,
    ) -> Option<T> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(view_of) = view.campaign(campaign) else {
            known.remove(campaign);
            return None;
        };
        let known = known.entry(campaign.clone()).or_default();
        if known.generation < view.generation {
            known.take_in(view_of);
            known.generation = view.generation;
        }
        Some(ask(known, view_of))
    }
}

impl Known {
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
    let data = to_json(&StreamedPlaces { as_of, places_left, slots });
    Frame { id, bytes: web::streams::event(event, id, &data) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use booking::contract::scene;
    use booking::{Availability, Held, SlotAvailability, WaitlistCounts};
    use kernel::SeededEntropy;
    use web::streams::StreamLimits;
    use web::{Drain, TrustedProxies};

    use super::*;

    fn streams() -> Streams {
        let (proxies, every) = (TrustedProxies::none(), Duration::from_secs(1));
        let limits = StreamLimits { streams_max: 1, per_address_max: 1, proxies, every };
        let entropy = Arc::new(SeededEntropy::new(1));
        Streams::new(StreamParts { limits, drain: Drain::new(), entropy })
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
        let streams = streams();
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
        let streams = streams();
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
        let [one, other] = [(); 2].map(|()| streams());
        let last = tell(&one, &view(9, &[3, 2]), None).1;
        assert!(tell(&other, &view(1, &[3, 2]), last).0.is_empty());
    }

    #[test]
    fn other_slots_are_told_as_a_whole() {
        let streams = streams();
        let last = tell(&streams, &view(1, &[3, 2]), None).1;
        let (told, last) = tell(&streams, &view(2, &[3, 2, 30]), last);
        assert!(told.len() == 1 && told[0].starts_with("event: places"), "{told:?}");
        assert!(last.is_some());
        let gone = View { generation: 3, ..View::default() };
        assert!(streams.after(&gone, &scene::slot("rehearsal"), last).is_none());
    }
}
