//! How people who wait answer their offers.

use std::collections::HashMap;

use anyhow::{Context, Result};
use loadtest::closed_loop::request_bytes;
use serde_json::Value;

use super::letters::{Letters, OpenOffer};
use super::send_all;
use crate::booking::services::Services;

/// One in so many declines. The last of all does not, so that everybody is asked.
const DECLINES_ONE_IN: u64 = 4;

/// Who waits: by the id of their entry, in hexadecimal.
pub struct Waiting(HashMap<String, Person>);

struct Person {
    number: u64,
    token: String,
}

impl Waiting {
    /// Those who got these replies when they joined.
    pub fn new(replies: &[Vec<u8>]) -> Result<Self> {
        let person = |body: &Vec<u8>| {
            let joined: Value = serde_json::from_slice(body)?;
            let id = joined["id"].as_str().and_then(|id| id.strip_prefix("wait_"));
            let token = joined["waitlist_token"].as_str().context("an entry without token")?;
            let number = joined["number"].as_u64().context("an entry without number")?;
            let person = Person { number, token: token.to_owned() };
            Ok((id.context("an entry without id")?.to_owned(), person))
        };
        replies.iter().map(person).collect::<Result<_>>().map(Self)
    }

    /// Answers all that is to be answered.
    pub fn answer(&self, services: &Services, letters: &Letters) -> Result<()> {
        let offers = letters.offers_to_answer()?;
        let requests: Vec<Vec<u8>> =
            offers.iter().map(|offer| self.request(offer)).collect::<Result<_>>()?;
        if !requests.is_empty() {
            send_all(services, &requests)?;
        }
        Ok(())
    }

    fn request(&self, (entry, offer): &OpenOffer) -> Result<Vec<u8>> {
        let person = self.0.get(entry).context("an offer for somebody who does not wait")?;
        let bearer = format!("Bearer {}", person.token);
        let path = format!("/v1/waitlist/wait_{entry}/offers/offer_{offer}");
        Ok(if person.number % DECLINES_ONE_IN == 1 {
            let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
            request_bytes("POST", &format!("{path}/decline"), &headers, br#"{"stay":false}"#)
        } else {
            let key = format!("acceptance-of-{offer}");
            let headers = [("Authorization", &*bearer), ("Idempotency-Key", &*key)];
            request_bytes("POST", &format!("{path}/acceptance"), &headers, &[])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fourth_declines() {
        let reply = |number| {
            format!(r#"{{"id":"wait_0{number}","waitlist_token":"t{number}","number":{number}}}"#)
        };
        let waiting = Waiting::new(&[reply(4).into(), reply(5).into()]).expect("entries");
        let request = |entry: &str| {
            let request = waiting.request(&(entry.to_owned(), "ff".to_owned())).expect("a request");
            String::from_utf8(request).expect("text")
        };
        let accepted = request("04");
        assert!(accepted.starts_with("POST /v1/waitlist/wait_04/offers/offer_ff/acceptance "));
        assert!(accepted.contains("Authorization: Bearer t4\r\n"), "{accepted}");
        assert!(request("05").starts_with("POST /v1/waitlist/wait_05/offers/offer_ff/decline "));
        assert!(waiting.request(&("06".to_owned(), "ff".to_owned())).is_err());
    }
}
