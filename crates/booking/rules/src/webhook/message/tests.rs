use std::collections::BTreeSet;
use std::path::Path;

use boon::{Compiler, Schemas};

use super::*;
use crate::contract::scene;
use crate::event::chain::ChainEnd;
use crate::event::{Actor, HoldEnd};

fn everything() -> Subscription {
    Subscription {
        endpoint: scene::slot("town"),
        kinds: MessageKind::ALL.to_vec(),
        campaigns: Vec::new(),
    }
}

fn link(happened: Vec<What>) -> Link {
    let happened = happened.into_iter().map(|what| (Actor::Clock, what)).collect();
    ChainEnd::default().continued(&scene::slot("speyer"), scene::at(10), happened).link
}

/// One event of each kind that is told.
fn every_kind() -> Vec<What> {
    let (booking, slot) = (scene::booking_id(1), scene::slot("a"));
    let (entry, offer) = (scene::waitlist::entry_id(1), scene::waitlist::offer_id(1));
    vec![
        What::Booked { booking, slot: slot.clone(), hold: None },
        What::Moved { booking, from: slot.clone(), to: scene::slot("b") },
        What::PersonCorrected { booking },
        What::Cancelled { booking, slot: slot.clone() },
        What::PlacesFreed { slot: slot.clone(), places: 3 },
        What::WaitlistJoined { entry, number: 1 },
        What::WaitlistLeft { entry, booking: None },
        What::WaitlistLeft { entry, booking: Some(booking) },
        What::OfferMade { offer, entry, slot: slot.clone(), expires_at: scene::at(60) },
        What::OfferAccepted { offer, entry, booking, slot },
        What::OfferDeclined { offer, entry },
        What::OfferExpired { offer, entry },
        What::OfferWithdrawn { offer, entry },
        What::CampaignChanged { revision: 2 },
        What::CampaignRemoved { revision: 3, bookings: 330 },
        What::CampaignPurged,
    ]
}

#[test]
fn a_message_has_ids_and_when_and_nothing_else() {
    let deliveries = follow(&link(every_kind()), 0, &everything());
    let created = &deliveries[0];
    assert_eq!(created.id.to_string(), "speyer_1");
    assert_eq!((created.kind, created.made_at), (MessageKind::BookingCreated, scene::at(10)));
    let document: Value = serde_json::from_str(&created.body).expect("JSON");
    let data = json!({
        "campaign": "speyer",
        "number": 1,
        "booking": "booking_00000001030303030303030303030303",
        "slot": "a",
    });
    let expected = json!({
        "type": "booking.created",
        "timestamp": "2021-06-14T06:00:10.000Z",
        "data": data,
    });
    assert_eq!(document, expected);
}

/// Receivers write programs by `api-spec/webhooks.json`: it has every message, and every message is as it says.
#[test]
fn every_message_is_as_the_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../api-spec/webhooks.json");
    let text = std::fs::read_to_string(path).expect("the schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("webhooks.json", schema.clone()).expect("a resource");
    let mut schemas = Schemas::new();
    let messages = compiler.compile("webhooks.json", &mut schemas).expect("a schema");

    let mut told = BTreeSet::new();
    for delivery in follow(&link(every_kind()), 0, &everything()) {
        let document: Value = serde_json::from_str(&delivery.body).expect("JSON");
        let valid = schemas.validate(&document, messages);
        assert!(valid.is_ok(), "{}: {valid:?}", delivery.body);
        let of_kind = schema["oneOf"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|schema| schema["properties"]["type"]["const"] == document["type"]);
        let described = &of_kind.expect("its schema")["properties"]["data"]["properties"];
        let members = document["data"].as_object().expect("an object").keys();
        let more: Vec<&String> = members.filter(|member| described.get(member).is_none()).collect();
        assert_eq!(more, [""; 0], "{}: members that the schema does not have", delivery.body);
        told.insert(delivery.kind.as_str());
    }
    let all: BTreeSet<&str> = MessageKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(told, all, "each kind was tried");
    let one_of = schema["oneOf"].as_array().expect("a list");
    let described =
        one_of.iter().filter_map(|schema| schema["properties"]["type"]["const"].as_str());
    let described = described.filter(|name| !name.starts_with("room."));
    let mut described: BTreeSet<&str> = described.collect();
    assert!(described.remove("webhook.test"), "what the operator sends to try an endpoint");
    assert_eq!(described, all, "api-spec/webhooks.json has each kind");
}

#[test]
fn who_wants_some_gets_these() {
    let some = Subscription {
        kinds: vec![MessageKind::BookingMoved, MessageKind::CampaignPurged],
        ..everything()
    };
    let kinds = |after| -> Vec<_> {
        let deliveries = follow(&link(every_kind()), after, &some);
        deliveries.into_iter().map(|delivery| (delivery.id.number, delivery.kind)).collect()
    };
    let [moved, purged] = [(2, MessageKind::BookingMoved), (16, MessageKind::CampaignPurged)];
    assert_eq!(kinds(0), [moved, purged]);
    assert_eq!(kinds(2), [purged], "from there on");
}

#[test]
fn what_is_between_a_citizen_and_the_booking_api_is_told_to_nobody() {
    let (hold, booking, pass) =
        (scene::hold_id(1), scene::booking_id(1), scene::grant(1, 4, scene::at(0)).pass_id);
    let expires_at = scene::at(60);
    let link = link(vec![
        What::SeatsHeld { hold, slot: scene::slot("a"), seats: 2, expires_at },
        What::HoldRenewed { hold, expires_at },
        What::HoldEnded { hold, by: HoldEnd::Expired },
        What::ContactChanged { booking },
        What::PersonErased { booking },
        What::TokenRotated { booking },
        What::LinkAsked { booking },
        What::PassEnded { pass },
        What::PassUsedUp { pass },
    ]);
    assert_eq!(follow(&link, 0, &everything()), []);
}

#[test]
fn what_only_a_later_program_knows_is_passed_over() {
    let mut link = link(vec![What::CampaignChanged { revision: 1 }, What::CampaignPurged]);
    link.events = link.events.replacen("campaign_changed", "campaign_danced", 1);
    let kinds: Vec<_> = follow(&link, 0, &everything()).iter().map(|new| new.kind).collect();
    assert_eq!(kinds, [MessageKind::CampaignPurged]);
}

#[test]
fn a_name_reads_back() {
    for kind in MessageKind::ALL {
        assert_eq!(MessageKind::from_name(kind.as_str()), Some(*kind));
    }
    assert_eq!(MessageKind::from_name("booking.danced"), None);
}
