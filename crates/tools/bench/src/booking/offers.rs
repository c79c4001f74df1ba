//! 800 offers of places that came back, and all letters about that, sent by two processes at a provider's rate.
//!
//! 600 people who have a place cancel it, and 800 wait. Every fourth of them declines, so the place is offered to the
//! next, until everybody was asked. Who is asked answers once the letter about the offer has gone out, and thinks for
//! a while. The letters go to a real mail server, which takes them faster than the rate. One run takes minutes, so it is
//! measured once, whatever the number of rounds.

mod answers;
mod letters;

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use loadtest::closed_loop::{Limit, request_bytes};
use serde_json::Value;
use test_support::MailServer;

use self::answers::Waiting;
use self::letters::Letters;
use super::people::{self, People, booking, booking_requests, joining_requests};
use super::services::{self, Services};
use crate::Bench;
use crate::campaigns::{Campaign, Gate};
use crate::cores::Place;
use crate::figure::{Aim, Figure};
use crate::load;
use crate::service::{holds_within, pause};

const DATABASE: &str = "offers";
const CAMPAIGN: &str = "waitlist";
const PLACES: u32 = 600;
const WAITING: u32 = 800;
const WORKERS: u32 = 2;
/// What the provider takes.
const MAILS_PER_MINUTE: u32 = 1_200;
/// Of the letters about the bookings that are there before.
const SENT_WITHIN: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Twenty minutes: something hangs.
const LOOKS_MAX: u32 = 6_000;

/// Measures all.
pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let server = MailServer::start()?;
    let mail = format!(
        "[mail]\ntransport = \"smtp\"\nworker = false\nfrom = \"Town <town@example.org>\"\n\
         smtp_host = \"127.0.0.1\"\nsmtp_port = {}\nsmtp_security = \"none\"\n\
         public_url = \"https://town.example.org/\"\nmails_per_minute = {}\n",
        server.port(),
        MAILS_PER_MINUTE / WORKERS
    );
    let einlass = services::set_up_with(bench, DATABASE, bench.workers, &mail)?;
    let waitlist = format!("\n[waitlist]\nplaces = {WAITING}\n");
    einlass.apply(&Campaign {
        places: PLACES,
        further: &waitlist,
        ..Campaign::opening_now(CAMPAIGN, Gate::Wide)
    })?;
    let services = Services::start(&einlass, Place::Anywhere)?;
    services.wait_until_open(CAMPAIGN)?;
    let _workers =
        (0..WORKERS).map(|number| einlass.mail_worker(number)).collect::<Result<Vec<_>>>()?;

    let cancellations = book_all(&services)?;
    let waiting = Waiting::new(&join_all(&services)?)?;
    let letters = Letters::of(CAMPAIGN, bench.postgres.url_of(DATABASE)?);
    let are_sent = holds_within(SENT_WITHIN, || letters.are_settled().unwrap_or(false));
    ensure!(are_sent, "the letters about {PLACES} bookings are not sent after {SENT_WITHIN:?}");

    let begun_ms = letters.now_ms()?;
    send_all(&services, &cancellations)?;
    settle(&services, &waiting, &letters)?;
    let sent_ms = letters.sent_ms(begun_ms)?;
    let taken = server.inbox()?.len();
    ensure!(taken >= sent_ms.len(), "{taken} letters have arrived of {} sent", sent_ms.len());
    figures(begun_ms, &sent_ms, letters.last_answer_ms()?)
}

/// Takes every place; gives the requests that give them back.
fn book_all(services: &Services) -> Result<Vec<Vec<u8>>> {
    people::wait_until_left(services, CAMPAIGN, PLACES)?;
    let people = People { campaign: CAMPAIGN, before: 0, number: PLACES };
    let cancellation = |body: Vec<u8>| {
        let booked: Value = serde_json::from_slice(&body)?;
        let id = booked["id"].as_str().context("a booking without id")?;
        let token = booked["manage_token"].as_str().context("a booking without token")?;
        let headers = [
            ("Authorization", &*format!("Bearer {token}")),
            ("Idempotency-Key", &*format!("cancellation-of-{id}")),
        ];
        Ok(request_bytes("POST", &format!("/v1/bookings/{id}/cancellation"), &headers, &[]))
    };
    let replies = send_all(services, &booking_requests(services, &people)?)?;
    replies.into_iter().map(cancellation).collect()
}

fn join_all(services: &Services) -> Result<Vec<Vec<u8>>> {
    people::wait_until_left(services, CAMPAIGN, 0)?;
    let people = People { campaign: CAMPAIGN, before: PLACES, number: WAITING };
    send_all(services, &joining_requests(services, &people)?)
}

fn send_all(services: &Services, requests: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    load::collect(&services.booking, &booking(requests, Limit::Requests(requests.len() as u64)))
}

/// Answers offers until everybody was asked and all letters are sent.
fn settle(services: &Services, waiting: &Waiting, letters: &Letters) -> Result<()> {
    let mut offers = (0, 0);
    for _ in 0..LOOKS_MAX {
        pause(LOOK_EVERY);
        waiting.answer(services, letters)?;
        offers = letters.offers()?;
        if offers == (WAITING, 0) && letters.are_settled()? {
            return Ok(());
        }
    }
    let (made, open) = offers;
    bail!("{made} offers are made and {open} of them open, and the letters are not all sent")
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of minutes, and thousands of letters")]
fn figures(begun_ms: u64, sent_ms: &[u64], last_answer_ms: u64) -> Result<Vec<Figure>> {
    let last_ms = sent_ms.last().copied().context("no letter was sent")?.max(last_answer_ms);
    let settled_s = (last_ms - begun_ms) as f64 / 1e3;
    let per_s = f64::from(MAILS_PER_MINUTE) / 60.0;
    let ideal_s = sent_ms.len() as f64 / per_s;
    eprintln!("offers: {} letters in {settled_s:.1} s, at best in {ideal_s:.1} s", sent_ms.len());
    let one = |name, aim, counted: String, value: f64| {
        let mut figure = Figure::new(name, aim, counted);
        figure.add(value);
        figure
    };
    Ok(vec![
        one(
            "offers_settled_ratio",
            Some(Aim::AtMost(1.25)),
            format!(
                "the time until {WAITING} offers are answered, a quarter of them declined, and all letters \
                 about them are sent by {WORKERS} workers, to the letters at {MAILS_PER_MINUTE} a minute"
            ),
            settled_s / ideal_s,
        ),
        one(
            "mails_peak_ratio",
            Some(Aim::AtMost(1.05)),
            format!("the most letters sent within {} s, to the provider's rate", letters::PEAK_S),
            letters::most_within_peak(sent_ms) as f64 / (per_s * letters::PEAK_S as f64),
        ),
        one("offers_settled_s", None, "that time".to_owned(), settled_s),
        one("offers_letters", None, "letters sent meanwhile".to_owned(), sent_ms.len() as f64),
    ])
}
