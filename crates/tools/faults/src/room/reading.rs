//! What a citizen's browser reads in a reply of the waiting room.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::clock::UnixMs;
use crate::room::history::{Pass, Standing, TicketState};

/// The ticket's state in the reply to joining or asking.
pub fn ticket_state(body: &Value) -> Option<TicketState> {
    let standing = match body["state"].as_str()? {
        "gathering" => Standing::Gathering,
        "waiting" => Standing::Waiting,
        "called" => Standing::Called,
        "used" => Standing::Used,
        _ => return None,
    };
    Some(TicketState {
        lane: body["lane"].as_str().unwrap_or("public").to_owned(),
        epoch: body["epoch"].as_u64().unwrap_or_default(),
        entry: body["entry"].as_u64()?,
        subject: body["subject"].as_str().map(str::to_owned),
        place: body["place"].as_u64(),
        standing,
    })
}

/// The pass in `{"pass": "<jwt>", "expires_at": "…"}`.
pub fn pass(body: &Value) -> Option<Pass> {
    let claims = body["pass"].as_str()?.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let id = claims["jti"].as_str()?.to_owned();
    Some(Pass { id, expires_at: unix_ms(body["expires_at"].as_str()?)? })
}

fn unix_ms(text: &str) -> Option<UnixMs> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_is_read_with_and_without_what_came_later() {
        let old = json!({"entry": 6, "state": "waiting", "place": 19, "ahead": 14});
        let state = ticket_state(&old).expect("a state");
        assert_eq!((state.lane.as_str(), state.epoch, state.place), ("public", 0, Some(19)));
        let new = json!({"entry": 6, "state": "gathering", "place": null, "lane": "hotline",
            "epoch": 3, "subject": "ab"});
        let state = ticket_state(&new).expect("a state");
        assert_eq!((state.lane.as_str(), state.epoch, state.place), ("hotline", 3, None));
        assert_eq!(state.subject.as_deref(), Some("ab"));
        assert_eq!(ticket_state(&json!({"entry": 6, "state": "lost"})), None);
    }

    #[test]
    fn the_id_of_a_pass_is_its_claim() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"jti":"00ff"}"#);
        let body =
            json!({"pass": format!("e30.{claims}.x"), "expires_at": "1970-01-01T00:00:02.500Z"});
        assert_eq!(pass(&body), Some(Pass { id: "00ff".to_owned(), expires_at: 2_500 }));
        assert_eq!(pass(&json!({"pass": "nonsense", "expires_at": "now"})), None);
    }
}
