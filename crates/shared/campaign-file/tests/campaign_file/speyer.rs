use std::collections::BTreeSet;
use std::time::Duration;

use campaign_file::{BookingRules, CampaignFile, Coding, RoomRules};
use kernel::ResidenceAnswer;
use pass::IdentityKind;

use crate::{SPEYER, at, speyer, within_one};

#[test]
fn names_times_and_rules_are_those_of_2021() {
    let campaign = speyer();
    assert_eq!(campaign.id.as_str(), "speyer-2021-06-20");
    assert_eq!(campaign.title_en, "Drive-through vaccination in Speyer, 20 June 2021");
    assert_eq!(campaign.time_zone, "Europe/Berlin");
    assert_eq!(campaign.closes_at, at("2021-06-20T14:00:00+02:00"));
    let booking = BookingRules { seats_max: 4, hold_ttl_s: 480, hold_renewals_max: 1, lead_s: 0 };
    assert_eq!(campaign.booking, booking);
    assert_eq!(campaign.room.max_active, 200);
    assert_eq!((campaign.room.claim_window_s, campaign.room.pass_ttl_s), (600, 900));
    let waitlist = campaign.waitlist.expect("a waitlist");
    let opens_at = Some(at("2021-06-14T17:00:00+02:00"));
    assert_eq!((waitlist.places, waitlist.opens_at), (800, opens_at));
    assert_eq!((waitlist.offer_ttl_minutes, waitlist.over_offer_percent), (45, 150));
    let quiet = campaign_file::QuietHours { from_minute: 21 * 60, to_minute: 6 * 60 };
    assert_eq!(waitlist.quiet, Some(quiet));
    assert_eq!(waitlist.stops_at, Some(at("2021-06-20T13:30:00+02:00")));
    assert!(!waitlist.open_rest_to_public);
}

/// What other sites read of it has the codes of the example that the format of the feed publishes.
#[test]
fn it_is_known_to_be_about_vaccination() {
    let service_type = speyer().service_type;
    let codings = service_type.iter().map(|of| [&*of.system, &*of.code, &*of.display]);
    assert!(codings.eq([
        ["http://terminology.hl7.org/CodeSystem/service-type", "57", "Immunization"],
        [
            "http://fhir-registry.smarthealthit.org/CodeSystem/service-type",
            "covid19-immunization",
            "COVID-19 Immunization Appointment",
        ],
    ]));
    let given = "{ system = \"urn:oid:1.2.276\", code = \"7\", display = \"Ausweis\" }";
    let text = SPEYER.replace("\"covid19-immunization\"", given);
    let own = CampaignFile::parse(&text).expect("right").service_type;
    let (system, code, display) = ("urn:oid:1.2.276".into(), "7".into(), "Ausweis".into());
    assert_eq!(own, [Coding { system, code, display }]);
}

#[test]
fn there_are_84_slots_of_ten_minutes() {
    let campaign = speyer();
    let sites: Vec<_> = campaign.sites.iter().map(|site| site.id.as_str()).collect();
    assert_eq!(sites, ["boe-fashion", "edeka-stiegler"]);
    assert_eq!(campaign.slots.len(), 84);
    let ids: BTreeSet<_> = campaign.slots.iter().map(|slot| &slot.id).collect();
    assert_eq!(ids.len(), 84);
    let (first, last) = (&campaign.slots[0], &campaign.slots[83]);
    assert_eq!(
        (first.id.as_str(), first.site.as_str()),
        ("boe-fashion-20210620-0700", "boe-fashion")
    );
    assert_eq!(first.starts_at, at("2021-06-20T07:00:00+02:00"));
    assert_eq!(
        (last.id.as_str(), last.ends_at),
        ("edeka-stiegler-20210620-1350", campaign.closes_at)
    );
    assert!(campaign.slots.iter().all(|s| s.ends_at.since(s.starts_at) == Duration::from_mins(10)));
}

#[test]
fn every_place_is_spread_exactly_once_and_evenly() {
    let campaign = speyer();
    let openings: Vec<_> = campaign.tranches.iter().map(|tranche| tranche.opens_at).collect();
    let hours = ["08", "11", "14", "17"].map(|hour| at(&format!("2021-06-14T{hour}:00:00+02:00")));
    assert_eq!(openings, hours);
    for tranche in &campaign.tranches {
        assert_eq!((tranche.places, tranche.allotments.len()), (625, 84));
        assert_eq!(tranche.allotments.iter().sum::<u32>(), 625);
        assert!(within_one(tranche.allotments.iter().copied()), "{tranche:?}");
    }
    assert_eq!((campaign.places(), campaign.capacity()), (2_500, 2_500));
    assert!(within_one(campaign.slots.iter().map(|slot| slot.capacity)));
    for (index, slot) in campaign.slots.iter().enumerate() {
        let released: u32 = campaign.tranches.iter().map(|tranche| tranche.allotments[index]).sum();
        assert_eq!(released, slot.capacity, "{}", slot.id);
    }
}

#[test]
fn a_raised_capacity_moves_nothing_that_was_given() {
    let before = speyer();
    let text = SPEYER.replace("capacity_places = 2500", "capacity_places = 3500");
    let after = CampaignFile::parse(&text).expect("still right");
    assert_eq!(after.capacity(), 3_500);
    assert!(within_one(after.slots.iter().map(|slot| slot.capacity)));
    assert_eq!(after.tranches, before.tranches);
    let raised =
        before.slots.iter().zip(&after.slots).all(|(old, new)| old.capacity < new.capacity);
    assert!(raised, "1,000 more over 84 slots reach every one");
}

#[test]
fn people_gather_before_each_opening() {
    let gathers: Vec<_> = speyer().tranches.iter().map(|tranche| tranche.gathers_from).collect();
    let expected =
        ["06:30", "10:00", "13:00", "16:00"].map(|time| at(&format!("2021-06-14T{time}:00+02:00")));
    assert_eq!(gathers, expected);
}

#[test]
fn eleven_municipalities_may_book_and_the_neighbours_are_named() {
    let residence = speyer().residence;
    assert_eq!(residence.rows().len(), 18);
    assert_eq!(residence.rows().iter().filter(|row| row.eligible).count(), 11);
    let decide = |postcode: &str| residence.decide(postcode.parse().expect("postcode"), None);
    assert!(matches!(decide("67459"), ResidenceAnswer::Eligible(m) if m.name == "Böhl-Iggelheim"));
    assert!(
        matches!(decide("67454"), ResidenceAnswer::NotEligible(Some(m)) if m.name == "Haßloch")
    );
    assert_eq!(decide("80331"), ResidenceAnswer::NotEligible(None));
}

/// What is left out has the documented defaults, which are those of Speyer's size.
#[test]
fn the_rules_may_be_left_out() {
    let booking_to_sites = SPEYER.find("[booking]").zip(SPEYER.find("[[sites]]"));
    let (from, to) = booking_to_sites.expect("both are there");
    let text = format!("{}{}", &SPEYER[..from], &SPEYER[to..]);
    let campaign = CampaignFile::parse(&text).expect("still right");
    assert_eq!(campaign, speyer());
    assert_eq!(campaign.room, RoomRules::default());
    assert_eq!(campaign.booking, BookingRules::default());
}

#[test]
fn what_concerns_the_draw_may_be_said() {
    let campaign = speyer();
    assert_eq!((campaign.incarnation, campaign.room.identity), (1, IdentityKind::None));
    assert_eq!((campaign.public_entropy, campaign.room.min_active), (None, 20));
    let text = SPEYER
        .replace("incarnation = 1", "incarnation = 2")
        .replace("identity = \"none\"", "identity = \"person\"\npublic_entropy = \"Lotto\"")
        .replace("max_active = 200", "max_active = 55")
        .replace("min_active = 20\n", "");
    let campaign = CampaignFile::parse(&text).expect("still right");
    assert_eq!((campaign.incarnation, campaign.room.identity), (2, IdentityKind::Person));
    assert_eq!(campaign.public_entropy.as_deref(), Some("Lotto"));
    assert_eq!(campaign.room.min_active, 5, "a tenth, if it is not given");
    let text = text.replace("max_active = 55", "max_active = 7\nmin_active = 3");
    assert_eq!(CampaignFile::parse(&text).expect("still right").room.min_active, 3);
}

/// Ids that did not carry the date would give everybody who has booked another day.
#[test]
fn another_date_makes_other_slots() {
    let before = speyer();
    let text = SPEYER
        .replace("\ndate = 2021-06-20", "\ndate = 2021-06-27")
        .replace("closes_at = 2021-06-20T14:00", "closes_at = 2021-06-27T14:00");
    let after = CampaignFile::parse(&text).expect("still right");
    assert_eq!(after.slots.len(), before.slots.len());
    for slot in &after.slots {
        assert!(before.slots.iter().all(|earlier| earlier.id != slot.id), "{}", slot.id);
    }
}

#[test]
fn further_days_keep_the_ids_of_the_first() {
    let rule = "[[slots]]\nsites = [\"boe-fashion\"]\ndate = 2021-06-21\nfrom = 07:00\nto = 08:00\nevery_minutes = 30\n";
    let campaign = CampaignFile::parse(&format!("{SPEYER}\n{rule}")).expect("right");
    let ids: Vec<_> = campaign.slots.iter().map(|slot| slot.id.as_str()).collect();
    assert_eq!(ids[0], "boe-fashion-20210620-0700");
    assert_eq!(ids[84..], ["boe-fashion-20210621-0700", "boe-fashion-20210621-0730"]);
}
