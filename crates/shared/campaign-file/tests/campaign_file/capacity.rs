//! Slots with a capacity of their own, and slots that are closed.

use campaign_file::CampaignFile;

use crate::{SPEYER, speyer};

const RULE: &str = "[[slots]]\nsites = [\"boe-fashion\", \"edeka-stiegler\"]\ndate = 2021-06-20\nfrom = 07:00\nto = 14:00\nevery_minutes = 10\n";

/// The Speyer campaign in which these rules make the slots, each with a capacity of its own.
fn with_rules(rules: &str) -> String {
    let text = SPEYER.replace("capacity_places = 2500\n", "").replace(RULE, rules);
    assert!(!text.contains("capacity_places ="), "it is left out");
    text
}

fn read(text: &str) -> CampaignFile {
    CampaignFile::parse(text).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn a_smaller_site_gets_its_share_of_every_tranche() {
    let rule = |site: &str, capacity: u32| {
        let sites = format!("sites = [\"{site}\"]");
        let rule = RULE.replace("sites = [\"boe-fashion\", \"edeka-stiegler\"]", &sites);
        format!("{rule}capacity = {capacity}\n\n")
    };
    let campaign = read(&with_rules(&(rule("boe-fashion", 45) + &rule("edeka-stiegler", 15))));
    assert_eq!((campaign.capacity(), campaign.places()), (42 * 60, 2_500));
    let mut allotted = vec![0; campaign.slots.len()];
    for tranche in &campaign.tranches {
        assert_eq!(tranche.allotments.iter().sum::<u32>(), 625);
        let (large, small) = tranche.allotments.split_at(42);
        let (large, small) = (large.iter().sum::<u32>(), small.iter().sum::<u32>());
        assert!(large.abs_diff(3 * small) <= 4, "in proportion: {large} and {small}");
        allotted.iter_mut().zip(&tranche.allotments).for_each(|(sum, places)| *sum += places);
    }
    for (slot, allotted) in campaign.slots.iter().zip(allotted) {
        assert!(allotted <= slot.capacity, "{}: {allotted} of {}", slot.id, slot.capacity);
    }
}

/// The way of dealing is one: who says for each slot what would have come out anyway changes nothing.
#[test]
fn equal_capacities_deal_as_ever() {
    let campaign = read(&with_rules(&format!("{RULE}capacity = 30\n")));
    let shared = read(&SPEYER.replace("capacity_places = 2500", "capacity_places = 2520"));
    assert_eq!(campaign, shared);
}

/// A nation's campaign: the most places, unevenly over the most slots.
#[test]
fn a_million_places_are_dealt_in_full() {
    const DAYS: usize = 7;
    let day = |day: usize| {
        let date = format!("date = 2021-06-{}", 20 + day);
        let rule = RULE.replace("date = 2021-06-20", &date).replace("10\n", "1\n");
        rule.replace("07:00", "00:00").replace("14:00", "11:00") + "capacity = 1\n\n"
    };
    let small: String = (1..=DAYS).map(day).collect();
    let one_large = RULE.replace("\"boe-fashion\", ", "").replace("07:00", "13:50");
    let slots = 660 * 2 * DAYS;
    let large = 1_000_000 - slots;
    let rules = format!("{one_large}capacity = {large}\n\n{small}");
    let text = with_rules(&rules).replace("places = 625", "places = 250_000");
    let campaign = read(&text);
    assert_eq!((campaign.capacity(), campaign.places()), (1_000_000, 1_000_000));
    let mut left: Vec<u32> = campaign.slots.iter().map(|slot| slot.capacity).collect();
    for tranche in &campaign.tranches {
        let largest = tranche.allotments.iter().max().copied().unwrap_or_default();
        assert!(largest.abs_diff(250_000 - 9_240 / 4) < 10, "a quarter: {largest}");
        left.iter_mut().zip(&tranche.allotments).for_each(|(left, places)| *left -= places);
    }
    assert!(left.iter().all(|left| *left == 0), "all places are dealt");
}

#[test]
fn a_site_a_rule_or_one_slot_can_be_closed() {
    let closed = |text: &str| -> Vec<String> {
        let slots = read(text).slots.into_iter().filter(|slot| slot.closed);
        slots.map(|slot| slot.id.to_string()).collect()
    };
    assert_eq!(closed(SPEYER), Vec::<String>::new());
    let id = "id = \"boe-fashion\"\n";
    let site = closed(&SPEYER.replace(id, &format!("{id}closed = true\n")));
    assert_eq!((site.len(), site[0].as_str()), (42, "boe-fashion-20210620-0700"));
    assert_eq!(closed(&SPEYER.replace(RULE, &format!("{RULE}closed = true\n"))).len(), 84);
    let one = "closed_slots = [\"edeka-stiegler-20210620-1350\"]\ncapacity_places = 2500";
    let text = SPEYER.replace("capacity_places = 2500", one);
    assert_eq!(closed(&text), ["edeka-stiegler-20210620-1350"]);
    assert_eq!(read(&text).tranches, speyer().tranches, "closing moves no places");
}
