use std::time::Duration;

use campaign_file::CampaignFile;
use kernel::Timestamp;

use crate::{at, speyer};

/// What every parsed file satisfies.
fn assert_consistent(campaign: &CampaignFile) {
    let mut previous: Option<Timestamp> = None;
    for tranche in &campaign.tranches {
        assert!(tranche.gathers_from < tranche.opens_at, "{tranche:?}");
        assert!(previous.is_none_or(|at| at <= tranche.gathers_from && at < tranche.opens_at));
        previous = Some(tranche.opens_at);
    }
    assert!(previous < Some(campaign.closes_at));
    assert!(campaign.waitlist.is_none_or(|waitlist| waitlist.opens_at < Some(campaign.closes_at)));
    assert!(campaign.slots.iter().all(|slot| slot.starts_at < slot.ends_at));
    assert!(campaign.slots.iter().any(|slot| slot.ends_at >= campaign.closes_at));
}

#[test]
fn openings_follow_each_other_within_seconds() {
    let first_opening = at("2026-11-22T09:00:05Z");
    let campaign = speyer().reschedule(first_opening, Duration::from_secs(3));
    let openings: Vec<_> =
        campaign.tranches.iter().map(|t| t.opens_at.since(first_opening).as_secs()).collect();
    assert_eq!(openings, [0, 3, 6, 9]);
    assert_eq!(campaign.tranches[0].gathers_from, at("2026-11-22T07:30:05Z"));
    assert_eq!(campaign.tranches[1].gathers_from, first_opening);
    let waitlist = campaign.waitlist.expect("a waitlist");
    assert_eq!(waitlist.opens_at, Some(at("2026-11-22T09:00:14Z")));
    assert_eq!(waitlist.stops_at, Some(at("2026-11-28T13:30:00+01:00")));
    assert_consistent(&campaign);
}

#[test]
fn slots_keep_their_time_of_day_across_the_change_of_clocks() {
    let campaign = speyer().reschedule(at("2026-11-22T09:00:05Z"), Duration::from_secs(3));
    assert_eq!(campaign.slots[0].id.as_str(), "boe-fashion-20261128-0700");
    assert_eq!(campaign.slots[0].starts_at, at("2026-11-28T07:00:00+01:00"));
    assert_eq!(campaign.closes_at, at("2026-11-28T14:00:00+01:00"));
    assert_eq!(campaign.tranches[2].allotments, speyer().tranches[2].allotments);
}

#[test]
fn the_same_times_change_nothing() {
    let campaign = speyer();
    assert_eq!(campaign.reschedule(campaign.opens_at(), Duration::from_hours(3)), campaign);
}

#[test]
fn any_spacing_leaves_a_consistent_campaign() {
    for spacing_s in [0, 1, 3_600, 86_400, 10 * 86_400, 300 * 86_400] {
        for first_opening in
            ["2021-06-14T06:00:00Z", "1999-03-28T01:30:00Z", "2050-10-30T22:59:59Z"]
        {
            let spacing = Duration::from_secs(spacing_s);
            assert_consistent(&speyer().reschedule(at(first_opening), spacing));
        }
    }
}
