//! One campaign file, two services: what the waiting room needs of it and what the booking API needs.

use std::path::{Path, PathBuf};

use booking::{Campaign, CampaignPlan, PlanProblem, Rule};
use campaign_file::{CampaignErrors, CampaignFile};
use waiting_room::RoomSettings;
use waiting_room::draw::DrawKey;
use waiting_room::settings::{GateSettings, Opening, PassSettings, PollSettings};
use waiting_room_http::{FailMode, Guard, Guards};

/// A campaign file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// It cannot be read.
    #[error("failed to read the campaign file {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It has mistakes; each is named with its place.
    #[error("{path}:\n{mistakes}")]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// The mistakes.
        mistakes: CampaignErrors,
    },
    /// The booking rules refuse it.
    #[error("{path}: {problem}")]
    Plan {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: PlanProblem,
    },
}

/// Reads and checks a campaign file.
pub fn read(path: &Path) -> Result<CampaignFile, CampaignError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CampaignError::Read { path: path.to_owned(), source })?;
    let file = CampaignFile::parse(&text)
        .map_err(|mistakes| CampaignError::Mistakes { path: path.to_owned(), mistakes })?;
    if !file.is_room_alone() {
        plan(&file).map_err(|problem| CampaignError::Plan { path: path.to_owned(), problem })?;
    }
    Ok(file)
}

/// The room in front of the campaign.
#[must_use]
pub fn room_settings(file: &CampaignFile, draw_key: &DrawKey) -> RoomSettings {
    let rules = file.room;
    let openings = file.tranches.iter().enumerate().map(|(index, tranche)| {
        let line = (&file.id, file.incarnation);
        Opening::committed(draw_key, line, index, tranche.gathers_from, tranche.opens_at)
    });
    RoomSettings {
        format: RoomSettings::FORMAT,
        room: file.id.clone(),
        incarnation: file.incarnation,
        title_de: file.title_de.clone(),
        title_en: file.title_en.clone(),
        openings: openings.collect(),
        public_entropy: file.public_entropy.clone(),
        closes_at: file.closes_at,
        residence: file.residence.clone(),
        identity: rules.identity,
        gate: GateSettings {
            max_active: rules.max_active,
            pace_per_minute: rules.pace_per_minute,
            burst: rules.burst,
            min_active: rules.min_active,
            claim_window_s: rules.claim_window_s,
            places_factor_percent: rules.places_factor_percent,
        },
        pass: PassSettings { ttl_s: rules.pass_ttl_s, seats_max: file.booking.seats_max },
        polling: PollSettings { min_s: rules.poll_min_s, max_s: rules.poll_max_s },
    }
}

/// What the rooms of these campaigns stand in front of.
#[must_use]
pub fn guards(campaigns: &[CampaignFile]) -> Guards {
    let guards = campaigns.iter().filter_map(|file| Some((file.id.clone(), file.guard.as_ref()?)));
    let guard = |of: &campaign_file::Guard| Guard {
        protects: of.protects.clone(),
        waiting_page: of.waiting_page.clone(),
        fail: match of.fail {
            campaign_file::FailMode::Closed => FailMode::Closed,
            campaign_file::FailMode::Open => FailMode::Open,
        },
    };
    guards.map(|(room, of)| (room, guard(of))).collect()
}

/// What the booking API gives away; nothing of a room alone.
pub fn plan(file: &CampaignFile) -> Result<CampaignPlan, PlanProblem> {
    let slots = file.slots.iter().enumerate().map(|(index, slot)| booking::Slot {
        id: slot.id.clone(),
        site: slot.site.clone(),
        starts_at: slot.starts_at,
        ends_at: slot.ends_at,
        capacity: slot.capacity,
        allotments: file.tranches.iter().map(|tranche| tranche.allotments[index]).collect(),
        closed: slot.closed,
    });
    let sites = file.sites.iter().map(|site| booking::Site {
        id: site.id.clone(),
        name: site.name.clone(),
        address: site.address.clone(),
    });
    let service_type = file.service_type.iter().map(|coding| booking::Coding {
        system: coding.system.clone(),
        code: coding.code.clone(),
        display: coding.display.clone(),
    });
    CampaignPlan::new(Campaign {
        id: file.id.clone(),
        title_de: file.title_de.clone(),
        title_en: file.title_en.clone(),
        service_type: service_type.collect(),
        time_zone: file.time_zone.clone(),
        residence: file.residence.clone(),
        eligibility: eligibility(file),
        sites: sites.collect(),
        slots: slots.collect(),
        tranches: file
            .tranches
            .iter()
            .map(|tranche| booking::Tranche { opens_at: tranche.opens_at })
            .collect(),
        identity: file.room.identity,
        rules: booking::Rules {
            seats_max: file.booking.seats_max,
            hold_ttl_s: file.booking.hold_ttl_s,
            hold_renewals_max: file.booking.hold_renewals_max,
            lead_s: file.booking.lead_s,
        },
        personal_data: booking::PersonalData { purge_after_days: file.purge_after_days },
        waitlist: file.waitlist.map(waitlist),
        closes_at: file.closes_at,
    })
}

fn waitlist(of: campaign_file::Waitlist) -> booking::Waitlist {
    let campaign_file::Waitlist {
        places,
        opens_at,
        offer_ttl_minutes,
        over_offer_percent,
        quiet,
        stops_at,
        open_rest_to_public,
    } = of;
    booking::Waitlist {
        places,
        opens_at,
        offer_ttl_minutes,
        over_offer_percent,
        quiet: quiet.map(|quiet| booking::QuietHours {
            from: booking::TimeOfDay::at_minute(quiet.from_minute),
            to: booking::TimeOfDay::at_minute(quiet.to_minute),
        }),
        stops_at,
        open_rest_to_public,
    }
}

/// What the booking API asks of people besides where they live.
fn eligibility(file: &CampaignFile) -> booking::Eligibility {
    let asked = file.eligibility;
    let rules = [
        asked.born_from.map(|day| Rule::BornFrom { day: day.into() }),
        asked.born_until.map(|day| Rule::BornUntil { day: day.into() }),
        asked.age_min.map(|(years, on)| Rule::AgeMin { years, on: on.into() }),
        asked.age_max.map(|(years, on)| Rule::AgeMax { years, on: on.into() }),
    ];
    let declarations = file.declarations.iter().map(|declaration| booking::Declaration {
        of: booking::DeclarationVersion {
            id: declaration.id.clone(),
            version: declaration.version,
        },
        required: declaration.required,
        text_de: declaration.text_de.clone(),
        text_en: declaration.text_en.clone(),
    });
    booking::Eligibility {
        rules: rules.into_iter().flatten().collect(),
        declarations: declarations.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speyer_fits_both_services() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../deploy/campaigns/speyer-2021-06-20.toml");
        let file = read(&path).expect("valid");
        let plan = plan(&file).expect("valid");
        let open: u32 = (0..4).map(|index| plan.campaign().tranche_places(index)).sum();
        assert_eq!((plan.campaign().slots.len(), open), (84, 2_500));
        let codes = plan.campaign().service_type.iter().map(|coding| coding.code.as_str());
        assert!(codes.eq(["57", "covid19-immunization"]));
        let waitlist = plan.campaign().waitlist.expect("a waitlist");
        let quiet = waitlist.quiet.expect("quiet hours");
        assert_eq!(
            (quiet.from.to_string(), quiet.to.to_string()),
            ("21:00".into(), "06:00".into())
        );
        assert_eq!((waitlist.places, waitlist.over_offer_percent), (800, 150));
        assert_eq!(Some(plan.campaign().waitlist_stops_at()), waitlist.stops_at);
        let room = room_settings(&file, &DrawKey::new(&[1; 32]));
        assert_eq!(room.openings.len(), 4);
        assert!(room.openings.iter().all(|opening| opening.gathers_from < opening.opens_at));
        assert_eq!((room.gate.max_active, room.pass.seats_max), (200, 4));
    }
}
