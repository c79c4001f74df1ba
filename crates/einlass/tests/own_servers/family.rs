//! The page of docs/examples in a real browser: a family of two, from the first look to the end, through two
//! reloads, a minute without a network, and every refusal there is.

use reqwest::Client;
use serde_json::json;
use test_support::eventually;

use crate::browser::{Browser, ENTER, SOON};
use crate::citizen::send;
use crate::sandbox::{Sandbox, magic};

const PAGE: &str = include_str!("../../../../docs/examples/family.html");

/// More often than anybody asks here.
const UNTIL_FORGOTTEN: u32 = 1_000_000;

#[test]
fn the_page_is_a_short_one() {
    assert!(PAGE.lines().count() <= 150, "{} lines", PAGE.lines().count());
    assert!(PAGE.lines().all(|line| line.chars().count() <= 120));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_of_two_books_through_reloads_and_refusals() {
    let client = Client::new();
    let sandbox = Sandbox::start(&client).await;
    let browser = Browser::start().await;
    let (room, campaign) = (sandbox.url("room", "gathering"), sandbox.url("campaign", "gathering"));
    let (booking, _) = campaign.split_once("/campaigns/").expect("an address of the booking api");
    // The page comes from a third origin.
    browser.open(&format!("{}/family.html?room={room}&booking={booking}", sandbox.control)).await;
    browser.until_shown("#title", &["Sandkasten"]).await;
    browser.until_shown("#progress", &["Start in 30 Minuten"]).await;
    every_refusal_is_shown(&browser).await;
    joins(&browser).await;
    an_offline_minute(&browser, &sandbox, &client).await;

    sandbox.advance(&client, 1_800).await;
    browser.until_shown("#state", &["Sie sind an der Reihe"]).await;
    books_for_two(&browser, &sandbox, &client).await;

    let origins = "return [...new Set(performance.getEntriesByType('resource').map(\
                   (entry) => new URL(entry.name).hostname))]";
    assert_eq!(browser.run(origins).await, json!(["127.0.0.1"]), "no third party");
    browser.close().await;
}

/// Title and detail of a problem.
fn german(code: &str) -> [&'static str; 2] {
    let entry = web::problem::CATALOGUE.iter().find(|entry| entry.name == code);
    let text = entry.expect("of the catalogue").de;
    [text.title, text.detail]
}

/// Each problem of the catalogue, in German, and the page goes on.
async fn every_refusal_is_shown(browser: &Browser) {
    assert_eq!(browser.nameless().await, [""; 0]);
    for (code, _, postcode) in magic() {
        browser.fill("[name=postcode]", &postcode).await;
        browser.press("[name=postcode]", ENTER).await;
        browser.until_shown("#alert", &german(&code)).await;
    }
    // Two municipalities share this postcode, and only one of them takes part.
    browser.fill("[name=postcode]", "67373").await;
    browser.press("[name=postcode]", ENTER).await;
    browser.until_shown("#choice", &["Dudenhofen", "Hanhofen"]).await;
    browser.press("[name=ags]", "Han").await;
    browser.press("[name=postcode]", ENTER).await;
    browser.until_shown("#alert", &german("not-eligible")).await;
}

/// One entry, also after a reload.
async fn joins(browser: &Browser) {
    browser.fill("[name=postcode]", "67346").await;
    browser.press("[name=postcode]", ENTER).await;
    browser.until_shown("#state", &["Sie nehmen an der Verlosung"]).await;
    let ticket = ticket(browser).await;
    browser.reload().await;
    browser.until_shown("#state", &["Sie nehmen an der Verlosung"]).await;
    assert_eq!(self::ticket(browser).await, ticket);
}

async fn ticket(browser: &Browser) -> serde_json::Value {
    browser.run("return JSON.parse(Object.values(localStorage)[0]).ticket").await
}

async fn an_offline_minute(browser: &Browser, sandbox: &Sandbox, client: &Client) {
    browser.go_offline().await;
    browser.until_shown("#network", &["Keine Verbindung", "verlieren nichts"]).await;
    sandbox.advance(client, 60).await;
    browser.until_shown("#state", &["Sie nehmen an der Verlosung"]).await;
    browser.go_online().await;
    browser.until_shown("#progress", &["Start in 29 Minuten"]).await;
    browser.until_empty("#network").await;
    // A service that cannot answer for a moment changes nothing either.
    let away = json!({"path": "/ticket", "code": "unavailable", "times": UNTIL_FORGOTTEN});
    sandbox.order(client, away).await;
    browser.until_shown("#network", &german("unavailable")[..1]).await;
    sandbox.forget_orders(client).await;
    browser.until_empty("#network").await;
}

async fn books_for_two(browser: &Browser, sandbox: &Sandbox, client: &Client) {
    browser.until_shown("[name=slot]", &["Marktplatz", "Bahnhof"]).await;
    assert_eq!(browser.nameless().await, [""; 0]);
    browser.press("[name=slot]", "B").await;
    browser.press("[name=seats]", ENTER).await;
    browser.until_shown("#state", &["Reserviert bis"]).await;
    browser.until_shown("#who", &["Person 1 von 2"]).await;
    assert_eq!(browser.nameless().await, [""; 0]);

    for code in ["already-booked", "slot-full", "overloaded"] {
        person(browser, "Erika", code, "1980-02-29").await;
        browser.until_shown("#alert", &german(code)).await;
    }
    person(browser, "Erika", "Mustermann", "1980-02-31").await;
    browser.until_shown("#alert", &german("invalid-request")).await;
    browser.until_shown("[name=date_of_birth] + small", &["erwartet"]).await;

    person(browser, "Erika", "Mustermann", "1980-02-29").await;
    browser.until_shown("#bookings", &["Erika Mustermann", "Bahnhof"]).await;
    browser.reload().await;
    browser.until_shown("#who", &["Person 2 von 2"]).await;

    // Every answer is lost on its way, and the page asks again under the same key.
    let lost = json!({"path": "/bookings", "lost": true, "times": UNTIL_FORGOTTEN});
    sandbox.order(client, lost).await;
    person(browser, "Max", "Mustermann", "2012-08-12").await;
    browser.until_shown("#alert", &["Keine Verbindung"]).await;
    sandbox.forget_orders(client).await;
    browser.until_shown("#state", &["Fertig"]).await;
    browser.until_shown("#bookings", &["Erika Mustermann", "Max Mustermann"]).await;
    let slots = format!("{}/slots", sandbox.url("campaign", "gathering"));
    eventually("two places are taken, and no third one", SOON, async || {
        send(client.get(&slots)).await.body["places_left"] == 798
    })
    .await;
}

async fn person(browser: &Browser, given_name: &str, family_name: &str, date_of_birth: &str) {
    browser.fill("[name=given_name]", given_name).await;
    browser.fill("[name=family_name]", family_name).await;
    browser.fill("[name=date_of_birth]", date_of_birth).await;
    browser.press("[name=date_of_birth]", ENTER).await;
}
