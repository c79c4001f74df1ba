use campaign_file::{CampaignFile, FailMode, Guard};

use crate::{SPEYER, speyer};

/// A room in front of a shop, where nothing is booked.
const ALONE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../deploy/campaigns/room-alone.toml"));

fn mistakes(text: &str) -> Vec<String> {
    let errors = CampaignFile::parse(text).expect_err("refused");
    errors.mistakes.iter().map(|mistake| format!("{}: {}", mistake.path, mistake.message)).collect()
}

fn guard(lines: &str) -> Vec<String> {
    mistakes(&format!("{SPEYER}\n[guard]\n{lines}\n"))
}

#[test]
fn a_campaign_guards_nothing_but_its_booking_unless_it_says_so() {
    assert_eq!(speyer().guard, None);
    assert!(!speyer().is_room_alone());
    let text = format!(
        "{SPEYER}\n[guard]\nprotects = [\"https://speyer.example\", \"http://[::1]:3000\"]\n"
    );
    let file = CampaignFile::parse(&text).expect("valid");
    let protects = vec!["https://speyer.example".to_owned(), "http://[::1]:3000".to_owned()];
    assert_eq!(file.guard, Some(Guard { protects, waiting_page: None, fail: FailMode::Closed }));
    assert_eq!(file.slots.len(), 84, "and books as well");
}

#[test]
fn a_room_alone_needs_no_sites_no_slots_and_no_residence() {
    let file = CampaignFile::parse(ALONE).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(file.is_room_alone());
    let counts = (file.sites.len(), file.slots.len(), file.residence.rows().len(), file.places());
    assert_eq!(counts, (0, 0, 0, 0));
    assert_eq!(file.tranches.len(), 1);
    let guard = file.guard.expect("a guard");
    assert_eq!((guard.protects.len(), guard.fail), (1, FailMode::Closed));
    assert!(guard.waiting_page.is_some());
}

#[test]
fn what_is_about_bookings_has_no_place_in_a_room_alone() {
    let text = ALONE.replace("[guard]", "[booking]\nseats_max = 2\n\n[guard]");
    let found = mistakes(&text.replace("[[tranches]]", "[[tranches]]\nplaces = 7"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().any(|found| found.starts_with("booking: is about bookings")), "{found:?}");
    assert!(found.iter().any(|found| found.starts_with("tranches[0].places: without sites")));
    let sites = "[[sites]]\nid = \"a\"\nname = \"A\"\naddress = \"B\"\n\n[guard]";
    let found = mistakes(&ALONE.replace("[guard]", sites));
    assert!(found.iter().any(|found| found.starts_with("slots: missing")), "{found:?}");
}

#[test]
fn every_wrong_origin_is_named() {
    let found = guard(
        "protects = [\"https://Shop.example\", \"shop.example\", \"https://a.example/\", \"*\", \"ftp://a.example\"]",
    );
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found[0].contains("scheme, host and port alone: https://shop.example"), "{found:?}");
    assert!(found[1].contains("is no origin of a web site"), "{found:?}");
    assert_eq!(guard("fail = \"open\"").len(), 1, "protects is needed");
    assert_eq!(guard("protects = []").len(), 1);
}

#[test]
fn the_waiting_page_is_somewhere_a_browser_can_go() {
    let page = |page: &str| {
        let lines = format!("protects = [\"https://a.example\"]\nwaiting_page = \"{page}\"");
        CampaignFile::parse(&format!("{SPEYER}\n[guard]\n{lines}\n"))
    };
    for right in ["https://b.example", "/warten?room=a", "http://b.example:8080/x"] {
        page(right).unwrap_or_else(|errors| panic!("{right}: {errors}"));
    }
    for wrong in
        ["b.example", "//b.example", "ftp://b.example", "/a#b", "/\\\\b.example", "/ä", "/a b"]
    {
        assert_eq!(page(wrong).expect_err(wrong).mistakes.len(), 1, "{wrong}");
    }
    let found = guard("protects = [\"https://a.example\"]\nfail = \"ajar\"");
    assert_eq!(
        found,
        ["guard.fail: must be \"closed\" or \"open\"; write it as: fail = \"closed\""]
    );
}
