//! The form at the door.

use std::sync::Arc;

use ::web::limits::{Allowance, LimitClock, LimitParts};
use ::web::{AddressLimit, TrustedProxies};
use kernel::SeededEntropy;
use waiting_room::lane::Lane;

use super::browser::Browser;
use crate::RateLimits;
use crate::harness::Harness;

const ERIKA: [(&str, &str); 4] = [
    ("postcode", "67346"),
    ("given_name", "Erika"),
    ("family_name", "Mustermann"),
    ("date_of_birth", "1964-08-12"),
];

async fn at(harness: &Harness, language: &'static str, path: &str) -> Browser {
    let mut browser = Browser::of(harness, language).await;
    browser.open(path).await;
    browser
}

async fn entered(harness: &Harness) -> u64 {
    harness.renew().await;
    harness.view().state.memory.entered[Lane::Public]
}

#[actix_web::test]
async fn every_field_that_is_wrong_is_named() {
    let harness = Harness::start().await;
    let mut browser = at(&harness, "de", "/rooms/people").await;
    browser.send(&[("postcode", "6734"), ("given_name", "Erika"), ("family_name", " ")]).await;
    assert_eq!(browser.status(), 400);
    assert_eq!(
        browser.mistakes(),
        [
            "Postleitzahl Ihrer Wohnung: erwartet in der Form 67346",
            "Nachname: bitte ausfüllen",
            "Geburtsdatum (JJJJ-MM-TT): bitte ausfüllen",
        ]
    );
    assert_eq!(browser.alert(), ["Etwas stimmt noch nicht", "Bitte prüfen Sie diese Angaben:"]);
    assert_eq!(browser.field("given_name", "value").as_deref(), Some("Erika"), "it is kept");
    assert_eq!(browser.field("postcode", "aria-invalid").as_deref(), Some("true"));
    assert_eq!(browser.field("given_name", "aria-invalid"), None);
    browser
        .send(&[("postcode", "67346"), ("family_name", "…"), ("date_of_birth", "1964-02-30")])
        .await;
    assert_eq!((browser.status(), browser.mistakes().len()), (400, 2), "{}", browser.source());
    browser.send(&ERIKA).await;
    assert_eq!((browser.status(), &*browser.heading()), (200, "Sie sind dabei"));
}

/// Whatever is typed in stands in the page as text.
#[actix_web::test]
async fn what_is_typed_in_is_escaped() {
    let harness = Harness::start().await;
    let nasty = "\"'><script>alert(1)</script>&amp;";
    let mut browser = at(&harness, "en", "/rooms/people").await;
    browser.send(&[("postcode", "67346"), ("given_name", nasty), ("family_name", nasty)]).await;
    assert_eq!(browser.status(), 400);
    assert_eq!(browser.field("given_name", "value").as_deref(), Some(nasty));
    assert!(!browser.source().contains("<script"), "{}", browser.source());
}

#[actix_web::test]
async fn whoever_may_not_come_in_is_told_so() {
    let harness = Harness::start().await;
    let mut browser = at(&harness, "de", "/rooms/town").await;
    browser.send(&[("postcode", "80331")]).await;
    assert_eq!((browser.status(), browser.cookies()), (403, String::new()));
    assert_eq!(browser.alert()[0], "Diese Aktion ist nicht für Sie vorgesehen");
    assert_eq!(entered(&harness).await, 0);
}

#[actix_web::test]
async fn a_postcode_of_several_municipalities_asks_which() {
    let harness = Harness::start().await;
    let mut browser = at(&harness, "en", "/rooms/town").await;
    browser.send(&[("postcode", "67373")]).await;
    assert_eq!(
        (browser.status(), &*browser.alert()[0]),
        (422, "Several municipalities share this postcode")
    );
    assert_eq!(browser.text_of("fieldset legend").as_deref(), Some("Your municipality"));
    browser.send(&[("ags", "07332999")]).await;
    assert_eq!(browser.status(), 403);
    assert_eq!(browser.field("ags-07332999", "checked").as_deref(), Some("checked"));
    browser.send(&[("ags", "07338007")]).await;
    assert_eq!((browser.status(), &*browser.heading()), (200, "You are in"));
}

#[actix_web::test]
async fn with_another_postcode_the_choice_means_nothing() {
    let harness = Harness::start().await;
    let mut browser = at(&harness, "en", "/rooms/town").await;
    browser.send(&[("postcode", "67373")]).await;
    browser.send(&[("postcode", "67346"), ("ags", "07332999")]).await;
    assert_eq!((browser.status(), &*browser.heading()), (200, "You are in"));
}

/// A form that is sent twice, or again after going back, takes one entry.
#[actix_web::test]
async fn a_form_takes_one_entry_however_often_it_is_sent() {
    let harness = Harness::start().await;
    let mut browser = at(&harness, "en", "/rooms/town").await;
    let mut impatient = browser.twin();
    browser.send(&[("postcode", "67346")]).await;
    impatient.send(&[("postcode", "67346")]).await;
    assert_eq!((browser.cookies(), entered(&harness).await), (impatient.cookies(), 1));
    // One who has a ticket gets no other, also with a new form.
    let mut again = at(&harness, "en", "/rooms/town").await;
    let mut both = again.twin();
    again.send(&[("postcode", "67346")]).await;
    assert_eq!(entered(&harness).await, 2);
    both.open("/rooms/town").await;
    let form = both.twin();
    both.send(&[("postcode", "67346")]).await;
    assert_eq!(entered(&harness).await, 3);
    let mut gone_back = both.showing(&form);
    gone_back.send(&[("postcode", "67346")]).await;
    assert_eq!((gone_back.status(), entered(&harness).await), (200, 3));
    // Without the ticket, the same form with other answers is one that must be sent anew.
    gone_back.forget();
    let mut changed = gone_back.showing(&form);
    changed.send(&[("postcode", "67373")]).await;
    changed.send(&[("ags", "07338007")]).await;
    assert_eq!((changed.status(), entered(&harness).await), (200, 4));
}

#[actix_web::test]
async fn a_browser_without_cookies_is_told_why_it_does_not_work() {
    let harness = Harness::start().await;
    let mut browser = at(&harness, "de", "/rooms/town").await;
    browser.refuse_cookies();
    browser.send(&[("postcode", "67346")]).await;
    assert_eq!((browser.status(), &*browser.alert()[0]), (200, "Ihr Browser hat kein Ticket"));
}

#[actix_web::test]
async fn one_address_is_limited_here_as_elsewhere() {
    let limits = |_| {
        let clock = LimitClock::of(|| std::time::Duration::from_secs(1));
        let entropy = Arc::new(SeededEntropy::new(4));
        let parts = LimitParts { keys_max: 1_000, clock, entropy };
        let once = Allowance { per_minute: 1, burst: 1 };
        RateLimits {
            join: AddressLimit::new("join", once, TrustedProxies::none(), &parts),
            ..RateLimits::off()
        }
    };
    let harness = Harness::start().await.limited_to(limits).await;
    let mut browser = at(&harness, "de", "/rooms/town").await;
    browser.send(&[("postcode", "80331")]).await;
    assert_eq!(browser.status(), 403);
    browser.send(&[("postcode", "67346")]).await;
    assert_eq!(browser.status(), 429);
    assert!(browser.header("ratelimit").starts_with("\"join\""), "{}", browser.source());
    assert_ne!(browser.header("retry-after"), "");
    assert_eq!(browser.alert()[0], "In kurzer Zeit kamen zu viele Anfragen");
    assert_eq!(browser.field("postcode", "value").as_deref(), Some("67346"));
}
