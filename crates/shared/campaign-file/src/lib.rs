//! The campaign as the operator writes it: a TOML file, checked as a whole.
//!
//! [`CampaignFile::parse`] names every mistake with its place in the file, not only the first. What
//! it returns is complete and consistent: local times are instants, slots are listed one by one and
//! the places of every tranche are spread over them. `deploy/campaigns/` has an annotated example.
//!
//! Pure: it knows neither of the two services, only what they have agreed on (`pass`); the binary
//! maps its output onto both.

mod alone;
mod eligibility;
mod guard;
mod limits;
mod local_time;
mod mistakes;
mod places;
mod reader;
mod reschedule;
mod residence;
mod rules;
mod schedule;
mod service_type;
mod spread;
mod waitlist;

use kernel::{CampaignId, ResidenceTable, Slug, Timestamp};
use pass::IdentityKind;

pub use eligibility::{Declaration, Eligibility};
pub use guard::{FailMode, Guard};
pub use mistakes::{CampaignError, CampaignErrors};
pub use service_type::Coding;
pub use waitlist::{QuietHours, Waitlist};

use local_time::Zone;
use reader::{Field, Keys, Reader, Section};
use schedule::{Capacities, ReadSchedule, Schedule};

/// One campaign, ready to be given to the waiting room and to the booking API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignFile {
    /// The name of the campaign in URLs and of its waiting room.
    pub id: CampaignId,
    /// Which line in front of the campaign this is; tickets and passes of another one are worth
    /// nothing. At least 1.
    pub incarnation: u32,
    /// What citizens read, in German.
    pub title_de: String,
    /// What citizens read, in English.
    pub title_en: String,
    /// What people book for, in the codes of terminologies; none if the file does not say.
    pub service_type: Vec<Coding>,
    /// The IANA name of the time zone in which the campaign's local times are meant.
    pub time_zone: String,
    /// When the room and the booking close.
    pub closes_at: Timestamp,
    /// The rules of holding and booking.
    pub booking: BookingRules,
    /// The rules of the waiting room and its gate.
    pub room: RoomRules,
    /// The public source of chance that is added to every draw, in the words in which it is
    /// announced; `None` if nothing is added.
    pub public_entropy: Option<String>,
    /// The sites, in the order of the file; none where nothing is booked here.
    pub sites: Vec<Site>,
    /// The slots: rule by rule as in the file, there site by site, there by time.
    pub slots: Vec<Slot>,
    /// The openings, strictly ascending; at least one.
    pub tranches: Vec<Tranche>,
    /// So many days after the campaign is over its personal data are purged.
    pub purge_after_days: u16,
    /// The waitlist, if the campaign has one.
    pub waitlist: Option<Waitlist>,
    /// Where those live who may book; empty where nobody is asked.
    pub residence: ResidenceTable,
    /// What the room stands in front of besides the booking API, or in its place.
    pub guard: Option<Guard>,
    /// When they are born.
    pub eligibility: Eligibility,
    /// What they declare.
    pub declarations: Vec<Declaration>,
}

/// The rules of holding and booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookingRules {
    /// Most persons one pass may book (one car).
    pub seats_max: u8,
    /// How long a hold keeps its seats, in seconds.
    pub hold_ttl_s: u32,
    /// How often a hold may be renewed.
    pub hold_renewals_max: u8,
    /// How long before it starts a slot takes nobody new any more, in seconds.
    pub lead_s: u32,
}

impl Default for BookingRules {
    fn default() -> Self {
        Self { seats_max: 4, hold_ttl_s: 480, hold_renewals_max: 1, lead_s: 0 }
    }
}

/// The rules of the waiting room and its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomRules {
    /// What people are asked at the door. For `Person` and `Email` the pass is bound to them, and
    /// the booking API checks it.
    pub identity: IdentityKind,
    /// Most passes that are valid at once.
    pub max_active: u32,
    /// How low an overloaded booking API may push that number; at most `max_active`.
    pub min_active: u32,
    /// How many passes are given per minute in the long run.
    pub pace_per_minute: u32,
    /// How many passes may be given at once when the pace was not used up before.
    pub burst: u32,
    /// How long someone who is called has to come, in seconds.
    pub claim_window_s: u32,
    /// Passes that may be out for the places left, in percent: at 120, twelve for ten places.
    pub places_factor_percent: u32,
    /// How long a pass is valid, in seconds.
    pub pass_ttl_s: u32,
    /// The shortest interval in which a client is told to ask again, in seconds.
    pub poll_min_s: u32,
    /// The longest such interval, in seconds.
    pub poll_max_s: u32,
}

impl Default for RoomRules {
    fn default() -> Self {
        Self {
            identity: IdentityKind::None,
            max_active: 200,
            min_active: 20,
            pace_per_minute: 600,
            burst: 100,
            claim_window_s: 600,
            places_factor_percent: 120,
            pass_ttl_s: 900,
            poll_min_s: 2,
            poll_max_s: 30,
        }
    }
}

/// A place that people come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name in URLs and slot ids.
    pub id: Slug,
    /// Its name for people.
    pub name: String,
    /// Where it is.
    pub address: String,
}

/// A time window at a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// `<site>-<YYYYMMDD>-<HHMM>` in local time, such as `boe-fashion-20210620-0700`: it says which
    /// slot is meant, so a slot on another day is another slot, and nobody is moved by an edit.
    pub id: Slug,
    /// The site it is at.
    pub site: Slug,
    /// Its beginning.
    pub starts_at: Timestamp,
    /// Its end (exclusive).
    pub ends_at: Timestamp,
    /// How many persons it can take; at least the sum of what the tranches allot to it.
    pub capacity: u32,
    /// Nothing more is held or booked in it; what was, stays.
    pub closed: bool,
}

/// A part of the places that becomes bookable at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tranche {
    /// When its places become bookable.
    pub opens_at: Timestamp,
    /// From when on arrivals gather for this opening's draw; before `opens_at`, and not before the
    /// previous opening.
    pub gathers_from: Timestamp,
    /// How many places it has.
    pub places: u32,
    /// How many of them each slot gets, by slot index; the sum is `places`.
    pub allotments: Vec<u32>,
}

const KEYS: &Keys = &[
    ("id", "id = \"north-town-2030-05-04\""),
    ("incarnation", "incarnation = 1"),
    ("title", "title = { de = \"Impftag\", en = \"Vaccination day\" }"),
    ("service_type", "service_type = \"covid19-immunization\""),
    ("time_zone", "time_zone = \"Europe/Berlin\""),
    ("closes_at", "closes_at = 2030-05-04T14:00"),
    ("capacity_places", "capacity_places = 2500"),
    ("booking", "[booking]"),
    ("waiting_room", "[waiting_room]"),
    ("guard", "[guard]"),
    ("gate", "[gate]"),
    ("sites", "[[sites]]"),
    ("slots", "[[slots]]"),
    ("closed_slots", "closed_slots = [\"north-car-park-20300504-0700\"]"),
    ("tranches", "[[tranches]]"),
    ("waitlist", "[waitlist]"),
    ("personal_data", "[personal_data]"),
    ("residence", "[residence]"),
    ("eligibility", "[eligibility]"),
    ("declarations", "[[declarations]]"),
];

const LANGUAGE_KEYS: &Keys = &[("de", "de = \"Impftag\""), ("en", "en = \"Vaccination day\"")];

impl CampaignFile {
    /// Reads a campaign file. O(length).
    ///
    /// # Errors
    /// All mistakes of the file, in the order of their place; a file whose TOML syntax is broken
    /// has only that one.
    pub fn parse(text: &str) -> Result<Self, CampaignErrors> {
        let reader = Reader::new(text);
        let campaign = match reader.parse() {
            Some(document) => read(&reader.root(&document, KEYS)),
            None => None,
        };
        reader.conclude(campaign)
    }

    /// Whether nothing is booked here: the room stands alone in front of another system.
    #[must_use]
    pub fn is_room_alone(&self) -> bool {
        self.slots.is_empty()
    }

    /// The first opening.
    #[must_use]
    pub fn opens_at(&self) -> Timestamp {
        self.tranches.first().map_or(self.closes_at, |first| first.opens_at)
    }

    /// The places of all tranches together.
    #[must_use]
    pub fn places(&self) -> u32 {
        self.tranches.iter().map(|tranche| tranche.places).sum()
    }

    /// The capacity of all slots together.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.slots.iter().map(|slot| slot.capacity).sum()
    }
}

/// Reads every part before the first `?`, so that all mistakes are found.
fn read(file: &Section<'_>) -> Option<CampaignFile> {
    let id = file.required("id").and_then(|field| field.parsed::<CampaignId>());
    let incarnation = match file.optional("incarnation") {
        Some(field) => field.whole(limits::INCARNATION),
        None => Some(*limits::INCARNATION.start()),
    };
    let title = file
        .required("title")
        .and_then(|field| read_both_languages(&field, limits::TEXT_LENGTH_MAX));
    let service_type = service_type::read(file);
    let zone_field = file.required("time_zone");
    let zone = zone_field.as_ref().and_then(Zone::read);
    let zone = zone.unwrap_or_else(Zone::stand_in);
    let booking = rules::read_booking(file);
    let rules::ReadRoom { rules: room, gathers_before_s, public_entropy } = rules::read_room(file);
    rules::check_together(file, booking.filter(|_| !alone::is_room_alone(file)), room);
    let purge_after_days = rules::read_personal_data(file);
    let guard = guard::read(file);
    let is_alone = alone::is_room_alone(file);
    let (sites, slots) = if is_alone {
        alone::complain_about_bookings(file);
        (Some(Vec::new()), Some(Vec::new()))
    } else {
        let sites = file.required("sites").map(|field| places::read_sites(&field));
        let slots = places::read_slots(file, sites.as_ref(), &zone);
        (sites.and_then(|sites| sites.complete), slots)
    };
    let slots_end_at = slots.as_ref().and_then(|s| s.iter().map(|slot| slot.ends_at).max());
    let capacities = match slots.as_deref() {
        Some([]) => Capacities::NoSlots,
        Some(slots) => places::capacities(slots),
        None => Capacities::Unknown,
    };
    let schedule =
        ReadSchedule { file, zone: &zone, gathers_before_s, slots_end_at, capacities }.read();
    let residence = match file.optional("residence") {
        None if is_alone => Some(ResidenceTable::new(Vec::new())),
        _ => file.required("residence").and_then(|field| residence::read(&field)),
    };
    let eligibility = eligibility::read(file);
    let declarations = eligibility::read_declarations(file);

    let (title_de, title_en) = title?;
    let Schedule { closes_at, capacity_places, openings, waitlist } = schedule?;
    let (slots, tranches) = match capacities {
        Capacities::NoSlots => (Vec::new(), alone::tranches(openings)),
        Capacities::OfEachSlot(_) => spread::spread_by_capacity(slots?, openings),
        Capacities::Shared | Capacities::Unknown => {
            spread::spread(slots?, openings, capacity_places)
        }
    };
    Some(CampaignFile {
        id: id?,
        incarnation: incarnation?,
        title_de,
        title_en,
        service_type: service_type?,
        time_zone: zone.name().to_owned(),
        closes_at,
        booking: booking?,
        room: room?,
        public_entropy,
        sites: sites?,
        slots,
        tranches,
        purge_after_days: purge_after_days?,
        waitlist,
        residence: residence?,
        guard: guard?,
        eligibility: eligibility?,
        declarations: declarations?,
    })
}

/// One text for both languages, or a table with one for each.
fn read_both_languages(field: &Field<'_>, length_max: usize) -> Option<(String, String)> {
    if field.is_text() {
        let text = field.text(length_max)?;
        return Some((text.clone(), text));
    }
    let section = field.section(LANGUAGE_KEYS)?;
    let read = |key| section.required(key).and_then(|text| text.text(length_max));
    let (de, en) = (read("de"), read("en"));
    Some((de?, en?))
}
