mod browser;
mod doors;
mod waits;

use crate::harness::Harness;
use browser::Browser;

/// The page as the proxies send people to it.
const FROM_THE_SHOP: &str =
    "/einlass/rooms/town?return_to=https%3A%2F%2Fshop.example%2Fticket%3Fday%3D1";

#[actix_web::test]
async fn a_person_waits_and_gets_in_without_a_script() {
    let harness = Harness::start().await;
    let mut browser = Browser::of(&harness, "de-DE,de;q=0.9,en;q=0.8").await;
    browser.open(FROM_THE_SHOP).await;
    assert_eq!((browser.status(), browser.heading()), (200, "Stellen Sie sich an".to_owned()));
    assert_eq!(browser.text_of("header p").as_deref(), Some("Probe"));
    assert_eq!(browser.refresh_s(), None, "what somebody types in must not go");
    browser.send(&[("postcode", "67346")]).await;
    assert_eq!((browser.status(), browser.heading()), (200, "Sie sind dabei".to_owned()));
    let lines = browser.status_lines();
    assert!(lines[0].starts_with("In 1 Minute wird der Platz aller gelost"), "{lines:?}");
    assert!(browser.refresh_s().is_some_and(|after_s| (5..=30).contains(&after_s)));

    harness.at(0).await;
    browser.renew().await;
    assert_eq!(browser.heading(), "Sie sind an der Reihe");
    assert_eq!(browser.status_lines(), ["Bitte gehen Sie innerhalb von 10 Minuten hinein."]);
    assert_eq!(browser.refresh_s(), None, "nothing moves under the hand that presses the button");
    browser.send(&[]).await;
    assert_eq!(browser.gone_to(), Some("https://shop.example/ticket?day=1"));
    let ask = harness.get("/v1/authorize?room=town").header("cookie", browser.cookies());
    assert_eq!(ask.send().await.status, 204, "the pass is kept");
}

#[actix_web::test]
async fn an_idle_room_lets_people_in_at_once() {
    let harness = Harness::start_at(10).await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open(FROM_THE_SHOP).await;
    browser.send(&[("postcode", "67346")]).await;
    assert_eq!(browser.gone_to(), Some("https://shop.example/ticket?day=1"));
    let ask = harness.get("/v1/authorize?room=town").header("cookie", browser.cookies());
    assert_eq!(ask.send().await.status, 204);
}

#[actix_web::test]
async fn whoever_came_from_nowhere_or_elsewhere_goes_to_the_front_page() {
    for query in ["", "?return_to=https%3A%2F%2Fevil.example%2F", "?return_to=%2F%2Fevil.example"] {
        let harness = Harness::start_at(10).await;
        let mut browser = Browser::of(&harness, "en").await;
        browser.open(&format!("/einlass/rooms/town{query}")).await;
        assert!(!browser.source().contains("evil"), "{query}");
        browser.send(&[("postcode", "67346")]).await;
        assert_eq!(browser.gone_to(), Some("https://shop.example/"), "{query}");
    }
}

/// Such as one before our own booking API, whose pages take the pass themselves.
#[actix_web::test]
async fn a_room_that_guards_nothing_says_that_somebody_is_inside() {
    let harness = Harness::start_at(10).await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open("/rooms/mailboxes").await;
    browser.send(&[("postcode", "67346"), ("email", "erika@example.org")]).await;
    assert_eq!(browser.gone_to(), None);
    assert_eq!(browser.heading(), "You are inside");
    assert_eq!(browser.status_lines(), ["This ends in 15 minutes."]);
}

#[actix_web::test]
async fn both_languages_are_a_link_apart() {
    let harness = Harness::start().await;
    let mut browser = Browser::of(&harness, "fr, en;q=0.5").await;
    browser.open(FROM_THE_SHOP).await;
    assert_eq!(browser.heading(), "Please get in line");
    browser.follow("Deutsch").await;
    assert_eq!(browser.heading(), "Stellen Sie sich an");
    browser.send(&[("postcode", "67346")]).await;
    assert_eq!(browser.heading(), "Sie sind dabei", "the choice stays");
    browser.follow("English").await;
    assert_eq!(browser.heading(), "You are in");
    harness.at(0).await;
    browser.renew().await;
    browser.send(&[]).await;
    assert_eq!(browser.gone_to(), Some("https://shop.example/ticket?day=1"), "and the way back");
}

#[actix_web::test]
async fn what_is_no_page_is_refused() {
    let harness = Harness::start().await;
    let mut browser = Browser::of(&harness, "de").await;
    browser.open("/rooms/nothing").await;
    assert_eq!((browser.status(), &*browser.heading()), (404, "Diesen Warteraum gibt es nicht"));
    let answer = browser.ask("PUT", "/rooms/town", "", &[]).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, POST"));
    let head = browser.ask("HEAD", "/rooms/town", "", &[]).await;
    assert_eq!(head.status, 200);
    for form in ["", "step=leave", "step=join&step=join"] {
        let answer = browser.ask("POST", "/rooms/town", form, &[]).await;
        assert_eq!(answer.status, 400, "{form}");
    }
}

/// A form of another site must join nobody, and take no pass.
#[actix_web::test]
async fn pages_of_other_sites_cannot_send_the_forms() {
    let harness = Harness::start().await;
    let browser = Browser::of(&harness, "en").await;
    for (origin, status) in [
        ("https://shop.example", 303),
        ("https://warten.example", 303),
        ("https://evil.example", 403),
        ("null", 403),
    ] {
        for form in ["step=join&postcode=67346", "step=enter"] {
            let answer = browser.ask("POST", "/rooms/town", form, &[("origin", origin)]).await;
            assert_eq!(answer.status, status, "{origin} {form}");
        }
    }
    harness.renew().await;
    assert_eq!(harness.view().people_waiting(), 2);
}
