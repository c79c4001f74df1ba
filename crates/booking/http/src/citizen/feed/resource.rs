//! The three kinds of resources, as SMART Scheduling Links describes them.

use aws_lc_rs::digest;
use booking::{Campaign, Coding, Site, Slot, SlotAvailability};
use kernel::{CampaignId, Slug, Timestamp};
use serde::Serialize;

use super::PublicUrls;
use super::address::Address;

/// Where people go.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location<'a> {
    resource_type: &'static str,
    id: String,
    identifier: [Identifier<'a>; 1],
    name: &'a str,
    telecom: [Telecom; 1],
    address: Address<'a>,
}

#[derive(Serialize)]
struct Identifier<'a> {
    system: String,
    value: &'a Slug,
}

#[derive(Serialize)]
struct Telecom {
    system: &'static str,
    value: String,
}

/// What is offered at one site.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Schedule<'a> {
    resource_type: &'static str,
    id: String,
    service_type: [ServiceType<'a>; 1],
    actor: [Reference; 1],
}

#[derive(Serialize)]
struct ServiceType<'a> {
    #[serde(skip_serializing_if = "<[Coding]>::is_empty")]
    coding: &'a [Coding],
    text: &'a str,
}

#[derive(Serialize)]
struct Reference {
    reference: String,
}

/// A time at a site, with its places.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SlotResource {
    resource_type: &'static str,
    id: String,
    schedule: Reference,
    status: &'static str,
    start: Timestamp,
    end: Timestamp,
    extension: Vec<Extension>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Extension {
    Capacity {
        url: &'static str,
        #[serde(rename = "valueInteger")]
        value: u32,
    },
    Link {
        url: &'static str,
        #[serde(rename = "valueUrl")]
        value: String,
    },
}

const CAPACITY: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/slot-capacity";
const LINK: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/booking-deep-link";

impl<'a> Location<'a> {
    pub(super) fn new(campaign: &'a Campaign, site: &'a Site, urls: &PublicUrls) -> Self {
        let of_campaign = urls.campaign(&campaign.id);
        let page = urls.page.clone().unwrap_or_else(|| of_campaign.clone());
        Self {
            resource_type: "Location",
            id: id_of(&campaign.id, &site.id),
            identifier: [Identifier { system: of_campaign, value: &site.id }],
            name: &site.name,
            telecom: [Telecom { system: "url", value: page }],
            address: Address::read(&site.address, &campaign.residence),
        }
    }
}

impl<'a> Schedule<'a> {
    pub(super) fn new(campaign: &'a Campaign, site: &Site) -> Self {
        let id = id_of(&campaign.id, &site.id);
        Self {
            resource_type: "Schedule",
            actor: [Reference { reference: format!("Location/{id}") }],
            id,
            service_type: [ServiceType {
                coding: &campaign.service_type,
                text: &campaign.title_en,
            }],
        }
    }
}

impl SlotResource {
    pub(super) fn new(
        campaign: &Campaign,
        slot: &Slot,
        places: &SlotAvailability,
        urls: &PublicUrls,
    ) -> Self {
        let is_free = places.places_left > 0;
        let value = if is_free { places.places_left } else { places.released };
        let mut extension = vec![Extension::Capacity { url: CAPACITY, value }];
        if let Some(page) = &urls.page {
            let value = format!("{page}#campaign={}&slot={}", campaign.id, slot.id);
            extension.push(Extension::Link { url: LINK, value });
        }
        let schedule = id_of(&campaign.id, &slot.site);
        Self {
            resource_type: "Slot",
            id: id_of(&campaign.id, &slot.id),
            schedule: Reference { reference: format!("Schedule/{schedule}") },
            status: if is_free { "free" } else { "busy" },
            start: slot.starts_at,
            end: slot.ends_at,
            extension,
        }
    }
}

/// The id of what is called `name` in a campaign: a FHIR id has at most 64 characters, so names that are too
/// long are hashed.
fn id_of(campaign: &CampaignId, name: &Slug) -> String {
    const LENGTH_MAX: usize = 64;
    let id = format!("{campaign}.{name}");
    if id.len() <= LENGTH_MAX {
        return id;
    }
    let hash = digest::digest(&digest::SHA256, id.as_bytes());
    let mut id = String::with_capacity(LENGTH_MAX);
    for byte in hash.as_ref() {
        for digit in [byte >> 4, byte & 15] {
            id.extend(char::from_digit(digit.into(), 16));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fit_and_differ() {
        let name = |text: &str| text.parse::<Slug>().expect("a name");
        assert_eq!(id_of(&name("town"), &name("north-0700")), "town.north-0700");
        let long = name(&"a".repeat(40));
        let ids = ["b", "c"].map(|end| id_of(&long, &name(&("a".repeat(39) + end))));
        assert!(ids.iter().all(|id| id.len() == 64));
        assert_ne!(ids[0], ids[1]);
    }
}
