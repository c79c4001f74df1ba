//! The people of the story: they book, wait, answer offers and cancel, many at a time.

use futures_util::{StreamExt as _, stream};
use kernel::Entropy;
use serde_json::{Value, json};

use crate::citizen::{Reply, person, send};
use crate::speyer::town::{SPEYER_AGS, Speyer, assert_refused};

/// Requests under way at a time.
const AT_ONCE: usize = 24;

/// What somebody does with an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes it.
    Eager,
    /// Does not see it: it expires.
    Silent,
    /// Has another appointment by now, and leaves the list.
    Leaving,
}

/// What came of looking into the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing was there.
    NoOffer,
    /// An offer, which is left as it is.
    Offer,
    /// An offer, which was answered.
    Answered,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Citizen {
    number: usize,
    pub manner: Manner,
    pub booking: Option<Booking>,
    pub entry: Option<Entry>,
}

/// A confirmed place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    pub id: String,
    pub code: String,
    pub token: String,
    pub slot: String,
    pub starts_at: String,
}

/// A place on the waitlist.
#[derive(Clone, Debug)]
pub struct Entry {
    id: String,
    token: String,
}

impl Citizen {
    const fn new(number: usize) -> Self {
        let manner = match number % 20 {
            0 => Manner::Silent,
            1 => Manner::Leaving,
            _ => Manner::Eager,
        };
        Self { number, manner, booking: None, entry: None }
    }

    /// One in eight has an address for letters.
    pub const fn has_address(&self) -> bool {
        self.number.is_multiple_of(8)
    }

    fn person(&self) -> Value {
        let mut person = person(self.number);
        if self.has_address() {
            person["email"] = json!(format!("person-{}@speyer.example", self.number));
        }
        person
    }

    /// How the same person is typed in by somebody in a hurry.
    fn person_in_a_hurry(&self) -> Value {
        let mut person = self.person();
        person["family_name"] =
            json!(person["family_name"].as_str().expect("a name").to_uppercase());
        person
    }

    /// Tries one slot after the other as long as the page shows a place.
    pub async fn book(&mut self, town: &Speyer, first_choice: Option<String>) {
        let pass = town.pass(SPEYER_AGS).await;
        let mut choice = first_choice;
        for attempt in 0.. {
            let Some(slot) = choice else { return };
            let body = json!({"slot": slot, "person": self.person()});
            let key = format!("{}-{attempt}", self.number);
            let ask = || send(town.post(&town.url("/bookings"), &pass, &key).json(&body));
            let reply = ask().await;
            if reply.status == 201 {
                self.booking = Some(Booking::of(&reply));
                // The page hangs, and it is sent once more.
                if self.number.is_multiple_of(7) {
                    assert_eq!(ask().await, reply, "P3: the same booking");
                }
                if self.number.is_multiple_of(11) {
                    let again = self.try_again(town).await;
                    assert!(["already-booked", "slot-full"].contains(&again.code()), "{again:?}");
                }
                return;
            }
            assert_refused(&reply, 409, "slot-full");
            choice = a_free_slot(town, self.number).await;
        }
    }

    /// No letter has come yet: some register once more, with another pass. What they are told.
    async fn try_again(&self, town: &Speyer) -> Reply {
        let pass = town.pass(SPEYER_AGS).await;
        let slot = a_free_slot(town, self.number).await;
        let slot = slot.unwrap_or_else(|| slot_at("boe-fashion", "0700"));
        let body = json!({"slot": slot, "person": self.person_in_a_hurry()});
        send(town.post(&town.url("/bookings"), &pass, "again").json(&body)).await
    }

    /// Asks for a place on the waitlist.
    pub async fn wait(&mut self, town: &Speyer) -> Reply {
        let pass = town.pass(SPEYER_AGS).await;
        let body = json!({"person": self.person()});
        let reply = send(town.post(&town.url("/waitlist"), &pass, "wait").json(&body)).await;
        if reply.status == 201 {
            let text = |name: &str| reply.text(name).to_owned();
            self.entry = Some(Entry { id: text("id"), token: text("waitlist_token") });
        }
        reply
    }

    /// How the entry stands.
    pub async fn entry(&self, town: &Speyer) -> Value {
        let entry = self.entry.as_ref().expect("an entry");
        let url = town.api(&format!("/waitlist/{}", entry.id));
        let shown = send(town.client.get(url).bearer_auth(&entry.token)).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        shown.body
    }

    /// Looks whether there is an offer, and answers it.
    pub async fn look(&mut self, town: &Speyer) -> Look {
        let shown = self.entry(town).await;
        let Some(offer) = shown["offer"]["id"].as_str() else { return Look::NoOffer };
        let entry = self.entry.clone().expect("an entry");
        let url = town.api(&format!("/waitlist/{}/offers/{offer}", entry.id));
        match self.manner {
            Manner::Silent => Look::Offer,
            Manner::Leaving => {
                let decline = town.client.post(format!("{url}/decline")).bearer_auth(&entry.token);
                let declined = send(decline.json(&json!({"stay": false}))).await;
                if declined.status == 204 {
                    self.entry = None;
                } else {
                    // Others were quicker, and it was taken back; or it has run out since it was looked at.
                    let code = declined.code();
                    assert!(["offer-over", "offer-expired"].contains(&code), "{declined:?}");
                }
                Look::Answered
            }
            Manner::Eager => {
                let accept = || send(town.post(&format!("{url}/acceptance"), &entry.token, offer));
                let reply = accept().await;
                if reply.status == 201 {
                    assert_eq!(reply.text("slot"), shown["offer"]["slot"], "the slot offered");
                    (self.booking, self.entry) = (Some(Booking::of(&reply)), None);
                    return Look::Answered;
                }
                // More were asked than there are places, and others were quicker; or it has run out since.
                let too_late = ["place-gone", "offer-over", "offer-expired"];
                assert!(too_late.contains(&reply.code()), "{reply:?}");
                Look::Answered
            }
        }
    }

    /// Gives the place back.
    pub async fn cancel(&mut self, town: &Speyer) {
        let booking = self.booking.take().expect("a booking");
        let url = town.api(&format!("/bookings/{}/cancellation", booking.id));
        let cancelled = send(town.post(&url, &booking.token, "cancel")).await;
        assert_eq!((cancelled.status.as_u16(), cancelled.text("status")), (200, "cancelled"));
    }
}

impl Booking {
    fn of(reply: &Reply) -> Self {
        let text = |name: &str| reply.text(name).to_owned();
        let [id, code, token] = ["id", "code", "manage_token"].map(text);
        Self { id, code, token, slot: text("slot"), starts_at: text("starts_at") }
    }
}

/// The id of a slot.
pub fn slot_at(site: &str, time: &str) -> String {
    format!("{site}-20210620-{time}")
}

/// A slot that the page shows a place in.
async fn a_free_slot(town: &Speyer, number: usize) -> Option<String> {
    let slots = free_places(town).await;
    (!slots.is_empty()).then(|| slots[number % slots.len()].clone())
}

/// Every place that the page shows, as the slot it is in.
pub async fn free_places(town: &Speyer) -> Vec<String> {
    let shown = town.read("/slots").await;
    let slots = shown["slots"].as_array().expect("slots");
    let places = slots.iter().flat_map(|slot| {
        let places = slot["places_left"].as_u64().expect("a number");
        (0..places).map(|_| slot["id"].as_str().expect("an id").to_owned())
    });
    places.collect()
}

/// Everybody in the story. Who comes gets the next number.
#[derive(Default)]
pub struct Citizens(pub Vec<Citizen>);

impl Citizens {
    /// So many more people.
    pub fn come(&mut self, people: usize) -> Vec<Citizen> {
        let from = self.0.len();
        self.0.extend((from..from + people).map(Citizen::new));
        self.0[from..].to_vec()
    }

    /// What became of them.
    pub fn note(&mut self, citizens: Vec<Citizen>) {
        for citizen in citizens {
            let number = citizen.number;
            self.0[number] = citizen;
        }
    }

    /// One person books, and once more while there are places everywhere.
    pub async fn one_registers_twice(&mut self, town: &Speyer) {
        let mut citizens = self.come(1);
        citizens[0].book(town, Some(slot_at("edeka-stiegler", "1000"))).await;
        assert_refused(&citizens[0].try_again(town).await, 409, "already-booked");
        self.note(citizens);
    }

    /// So many people try to book at once, each a place of their own first, as far as there are any.
    pub async fn rush(&mut self, town: &Speyer, people: usize) {
        let citizens = self.come(people);
        let mut places = free_places(town).await;
        shuffle(&mut places, &*town.entropy);
        let tried = citizens.into_iter().map(|mut citizen| {
            let choice = places.get(citizen.number % places.len().max(1)).cloned();
            async move {
                citizen.book(town, choice).await;
                citizen
            }
        });
        let tried: Vec<_> = stream::iter(tried).buffer_unordered(AT_ONCE).collect().await;
        self.note(tried);
    }

    /// These ask for the waitlist, all at once. The codes of those who were refused.
    pub async fn queue(&mut self, town: &Speyer, citizens: Vec<Citizen>) -> Vec<String> {
        let asked = citizens.into_iter().map(|mut citizen| async move {
            let reply = citizen.wait(town).await;
            (citizen, reply)
        });
        let asked: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        let refused = asked.iter().filter(|(_, reply)| reply.status != 201);
        let refused = refused.map(|(_, reply)| reply.code().to_owned()).collect();
        self.note(asked.into_iter().map(|(citizen, _)| citizen).collect());
        refused
    }

    /// Everybody who waits looks once.
    pub async fn look(&mut self, town: &Speyer) -> Vec<Look> {
        let waiting: Vec<Citizen> = self.waiting().cloned().collect();
        let looked = waiting.into_iter().map(|mut citizen| async move {
            let look = citizen.look(town).await;
            (citizen, look)
        });
        let looked: Vec<_> = stream::iter(looked).buffer_unordered(AT_ONCE).collect().await;
        let (citizens, looks) = looked.into_iter().unzip();
        self.note(citizens);
        looks
    }

    /// So many of those whose bookings are meant give them back, chosen by chance.
    pub async fn cancel(
        &mut self,
        town: &Speyer,
        people: usize,
        is_meant: impl Fn(&Booking) -> bool,
    ) {
        let meant = self.0.iter().filter(|citizen| citizen.booking.as_ref().is_some_and(&is_meant));
        let mut meant: Vec<Citizen> = meant.cloned().collect();
        shuffle(&mut meant, &*town.entropy);
        assert!(meant.len() >= people, "{people} people can cancel");
        meant.truncate(people);
        let gone = meant.into_iter().map(|mut citizen| async move {
            citizen.cancel(town).await;
            citizen
        });
        let gone = stream::iter(gone).buffer_unordered(AT_ONCE).collect().await;
        self.note(gone);
    }

    pub fn booked(&self) -> impl Iterator<Item = (&Citizen, &Booking)> {
        self.0.iter().filter_map(|citizen| Some((citizen, citizen.booking.as_ref()?)))
    }

    pub fn waiting(&self) -> impl Iterator<Item = &Citizen> {
        self.0.iter().filter(|citizen| citizen.entry.is_some())
    }

    /// Who has neither.
    pub fn empty_handed(&self) -> Vec<Citizen> {
        let has_nothing = |citizen: &&Citizen| citizen.booking.is_none() && citizen.entry.is_none();
        self.0.iter().filter(has_nothing).cloned().collect()
    }
}

fn shuffle<T>(list: &mut [T], entropy: &dyn Entropy) {
    for last in (1..list.len()).rev() {
        let bound = u64::try_from(last + 1).expect("a length");
        list.swap(last, usize::try_from(entropy.u64() % bound).expect("an index"));
    }
}
