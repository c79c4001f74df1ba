//! Those who wait, and what they are told meanwhile.

use waiting_room::live::{LiveChange, Message};

use super::browser::Browser;
use crate::harness::Harness;

/// Somebody who came behind a crowd, after the opening: the place is the next one.
async fn behind_a_crowd(harness: &Harness, language: &'static str) -> Browser {
    harness.crowd(30).await;
    harness.at(0).await;
    let mut browser = Browser::of(harness, language).await;
    browser.open("/einlass/rooms/town").await;
    browser.send(&[("postcode", "67346")]).await;
    harness.renew().await;
    browser.renew().await;
    browser
}

async fn pause(harness: &Harness, message: Option<Message>) {
    harness
        .set(LiveChange { paused: Some(true), message: Some(message), ..LiveChange::default() })
        .await;
    harness.renew().await;
}

#[actix_web::test]
async fn whoever_stands_in_line_sees_place_and_what_is_ahead() {
    let harness = Harness::start().await;
    let mut browser = behind_a_crowd(&harness, "de").await;
    assert_eq!(browser.heading(), "Sie stehen in der Reihe");
    let facts = browser.facts();
    assert_eq!(facts[0], ("Ihr Platz".into(), "31".into()));
    let ahead = 30 - harness.view().state.memory.called[waiting_room::lane::Lane::Public];
    assert_eq!(facts[1], ("Vor Ihnen".into(), ahead.to_string()));
    assert!(browser.refresh_s().is_some_and(|after_s| after_s >= 5), "there is time to read");
    pause(&harness, None).await;
    browser.renew().await;
    let lines = browser.status_lines();
    assert_eq!(lines[0], "Gerade wird niemand hereingelassen. Ihr Platz in der Reihe ist sicher.");
}

#[actix_web::test]
async fn the_operators_message_is_shown_as_text() {
    let harness = Harness::start().await;
    let mut browser = behind_a_crowd(&harness, "en").await;
    let nasty = "<b onclick=\"x\">Tea</b> & cake";
    let message = Message { de: "Tee & Kuchen".to_owned(), en: nasty.to_owned() };
    pause(&harness, Some(message)).await;
    browser.renew().await;
    assert!(browser.source().contains("&lt;b onclick"), "{}", browser.source());
    assert!(!browser.source().contains("<b "), "{}", browser.source());
    browser.follow("Deutsch").await;
    assert!(browser.source().contains("Tee &amp; Kuchen"), "{}", browser.source());
}

/// Nobody has to put up with a page that moves while it is read (WCAG 2.2.1).
#[actix_web::test]
async fn the_page_can_be_kept_still() {
    let harness = Harness::start().await;
    let mut browser = behind_a_crowd(&harness, "en").await;
    browser.follow("Stop renewing it").await;
    assert_eq!((browser.refresh_s(), &*browser.heading()), (None, "You are in line"));
    browser.follow("Renew it by itself again").await;
    assert!(browser.refresh_s().is_some());
}

#[actix_web::test]
async fn a_store_that_is_away_costs_nobody_the_place() {
    let harness = Harness::start().await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open("/einlass/rooms/town").await;
    browser.send(&[("postcode", "67346")]).await;
    harness.at(0).await;
    browser.renew().await;
    harness.store.set_down(true);
    browser.send(&[]).await;
    assert_eq!((browser.status(), &*browser.heading()), (503, "It is your turn"));
    assert_eq!(browser.alert()[0], "A part of the system does not answer right now");
    harness.store.set_down(false);
    browser.send(&[]).await;
    assert_eq!(browser.gone_to(), Some("https://shop.example/"));
}

#[actix_web::test]
async fn a_room_that_is_full_for_a_moment_says_so() {
    let harness = Harness::start().await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open("/einlass/rooms/town").await;
    browser.send(&[("postcode", "67346")]).await;
    harness.at(0).await;
    browser.renew().await;
    pause(&harness, None).await;
    browser.send(&[]).await;
    assert_eq!((browser.status(), &*browser.alert()[0]), (409, "It is not your turn yet"));
    assert_eq!(browser.heading(), "It is your turn");
}

#[actix_web::test]
async fn whoever_has_had_their_turn_can_get_in_line_again() {
    let harness = Harness::start_at(10).await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open("/einlass/rooms/town").await;
    browser.send(&[("postcode", "67346")]).await;
    assert!(browser.gone_to().is_some());
    browser.open("/einlass/rooms/town").await;
    assert_eq!(browser.heading(), "It is your turn", "the button leads in once more");
    harness.at(911).await;
    browser.renew().await;
    assert_eq!(browser.heading(), "You have had your turn");
    browser.send(&[("postcode", "67346")]).await;
    assert!(browser.gone_to().is_some(), "{}", browser.source());
}

/// The ticket has no other pass, so it would only be in the way.
#[actix_web::test]
async fn whoever_gives_the_pass_back_keeps_no_ticket() {
    let harness = Harness::start_at(10).await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open("/einlass/rooms/town").await;
    browser.send(&[("postcode", "67346")]).await;
    let left = browser.ask("DELETE", "/v1/rooms/town/passes/current", "", &[]).await;
    assert_eq!(left.status, 204);
    assert_eq!(left.taken_away(), ["__Host-einlass-town", "__Host-einlass-town.ticket"]);
}

/// P12 holds for tickets of this line; a new line begins with a new ticket.
#[actix_web::test]
async fn a_ticket_of_an_earlier_line_is_kept_until_there_is_another() {
    let harness = Harness::start().await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open("/einlass/rooms/town").await;
    browser.send(&[("postcode", "67346")]).await;
    let first = browser.cookies();
    harness.begin_anew(2).await;
    browser.renew().await;
    assert_eq!((browser.status(), browser.cookies()), (200, first.clone()));
    assert_eq!(browser.alert()[0], "Your ticket is not accepted right now");
    let taken = browser.ask("POST", "/rooms/town", "step=enter", &[]).await;
    assert_eq!((taken.status, taken.header("location")), (303, "town?joined=1"));
    browser.send(&[("postcode", "80331")]).await;
    assert_eq!((browser.status(), browser.cookies()), (403, first.clone()), "nobody joined");
    browser.send(&[("postcode", "67346")]).await;
    assert_eq!((browser.status(), &*browser.heading()), (200, "You are in"));
    assert_ne!(browser.cookies(), first);
}

/// Such as one that has not read yet that the line began anew, or has not got the newest key.
#[actix_web::test]
async fn an_instance_that_is_behind_costs_nobody_the_place() {
    let (behind, harness) = (Harness::start().await, Harness::start().await);
    harness.begin_anew(2).await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open("/einlass/rooms/town").await;
    browser.send(&[("postcode", "67346")]).await;
    let ticket = browser.cookies();
    browser.is_answered_by(&behind).await;
    browser.renew().await;
    assert_eq!(browser.alert()[0], "Your ticket is not accepted right now");
    browser.is_answered_by(&harness).await;
    browser.renew().await;
    assert_eq!((&*browser.heading(), browser.cookies()), ("You are in", ticket));
}

/// What was closed by hand may be opened again.
#[actix_web::test]
async fn whoever_waits_goes_on_when_the_room_is_opened_again() {
    let harness = Harness::start().await;
    let mut browser = Browser::of(&harness, "en").await;
    browser.open("/einlass/rooms/town").await;
    browser.send(&[("postcode", "67346")]).await;
    let mut late = Browser::of(&harness, "en").await;
    close(&harness, true).await;
    browser.renew().await;
    late.open("/einlass/rooms/town").await;
    for closed in [&browser, &late] {
        assert_eq!((closed.status(), &*closed.heading()), (200, "The waiting room is closed"));
        assert!(closed.status_lines()[0].contains("keeps the place"), "{}", closed.source());
        assert!(closed.refresh_s().is_some_and(|after_s| after_s > 5), "it asks slowly");
        assert!(!closed.source().contains("<form"));
    }
    let sent = browser.ask("POST", "/rooms/town", "step=join&postcode=67346", &[]).await;
    assert_eq!(sent.status, 303, "a form that was open shows where its ticket stands");
    close(&harness, false).await;
    browser.renew().await;
    late.renew().await;
    assert_eq!((&*browser.heading(), &*late.heading()), ("You are in", "Please get in line"));
    harness.at(86_400).await;
    browser.renew().await;
    assert_eq!((&*browser.heading(), browser.refresh_s()), ("It is over", None));
}

async fn close(harness: &Harness, closed: bool) {
    harness.set(LiveChange { closed: Some(closed), ..LiveChange::default() }).await;
    harness.renew().await;
}

#[actix_web::test]
async fn before_and_after_nobody_can_join() {
    let harness = Harness::start_at(-3_800).await;
    let mut browser = Browser::of(&harness, "de").await;
    browser.open("/einlass/rooms/town").await;
    assert_eq!(browser.heading(), "Der Warteraum ist noch nicht geöffnet");
    assert_eq!(browser.status_lines()[0], "Anstellen können Sie sich in 4 Minuten.");
    assert!(browser.refresh_s().is_some() && !browser.source().contains("<form"));
    let early = browser.ask("POST", "/rooms/town", "step=join&postcode=67346", &[]).await;
    assert_eq!(early.status, 409);
    harness.at(86_400).await;
    browser.renew().await;
    assert_eq!(browser.heading(), "Es ist vorbei");
    assert!(browser.refresh_s().is_none() && !browser.source().contains("<form"));
    let late = browser.ask("POST", "/rooms/town", "step=join&postcode=67346", &[]).await;
    assert_eq!(late.status, 410);
}
