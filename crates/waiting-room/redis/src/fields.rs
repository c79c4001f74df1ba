//! How a room's state lies in its hash: one field per number that a script compares, so that no script
//! has to parse anything.

use std::collections::HashMap;
use std::str::FromStr;

use kernel::Timestamp;
use waiting_room::draw::Secret;
use waiting_room::state::{Frozen, PlacesLeft, RoomState};

use crate::failure::RedisFailure;

/// Field and value of each part of `state`. What the store counts is not among them.
pub(crate) fn of_state(
    state: &RoomState,
    joins_from: Timestamp,
) -> Result<Vec<(String, String)>, RedisFailure> {
    let mut fields: Vec<(String, String)> = [
        ("epoch", state.epoch.to_string()),
        ("entered", state.entered.to_string()),
        ("called", state.called.to_string()),
        ("joins_from_ms", joins_from.unix_ms().to_string()),
        ("tat_us", state.admission_tat_us.to_string()),
        ("boundaries", state.frozen.len().to_string()),
        ("ledger_version", state.ledger.version.to_string()),
        ("claim_from", state.ledger.claim_from.to_string()),
        ("ledger", serde_json::to_string(&state.ledger)?),
    ]
    .map(|(field, value)| (field.to_owned(), value))
    .into();
    for (index, frozen) in state.frozen.iter().enumerate() {
        let Frozen { entry, at, secret } = frozen;
        let value = format!("{entry} {} {}", at.unix_ms(), secret_text(secret.as_ref()));
        fields.push((format!("frozen:{index}"), value));
    }
    if let Some(left) = state.places_left {
        fields.push(("places_left".into(), left.count.to_string()));
        fields.push(("places_as_of_ms".into(), left.as_of.unix_ms().to_string()));
    }
    Ok(fields)
}

/// A boundary's secret as text; empty if it has none.
pub(crate) fn secret_text(secret: Option<&Secret>) -> String {
    secret.map_or_else(String::new, |secret| secret.0.to_string())
}

/// What lies in the hash, with what the store counted.
pub(crate) fn to_state(
    fields: &HashMap<String, String>,
    active: u32,
    redeemed_in_claim_window: u64,
) -> Result<RoomState, RedisFailure> {
    let boundaries: usize = number(fields, "boundaries")?;
    let frozen = (0..boundaries).map(|index| frozen(fields, index)).collect::<Result<_, _>>()?;
    let places_left = if fields.contains_key("places_left") {
        let as_of = Timestamp::from_unix_ms(number(fields, "places_as_of_ms")?);
        Some(PlacesLeft { count: number(fields, "places_left")?, as_of })
    } else {
        None
    };
    Ok(RoomState {
        epoch: number(fields, "epoch")?,
        entered: number(fields, "entered")?,
        called: number(fields, "called")?,
        frozen,
        ledger: serde_json::from_str(text(fields, "ledger")?)?,
        active,
        redeemed_in_claim_window,
        admission_tat_us: number(fields, "tat_us")?,
        places_left,
    })
}

fn frozen(fields: &HashMap<String, String>, index: usize) -> Result<Frozen, RedisFailure> {
    let field = format!("frozen:{index}");
    let value = text(fields, &field)?;
    let parse = || {
        let mut parts = value.split(' ');
        let entry = parts.next()?.parse().ok()?;
        let at = Timestamp::from_unix_ms(parts.next()?.parse().ok()?);
        let secret = match parts.next()? {
            "" => None,
            hex => Some(Secret(hex.parse().ok()?)),
        };
        parts.next().is_none().then_some(Frozen { entry, at, secret })
    };
    parse().ok_or_else(|| RedisFailure::NotUnderstood(format!("field {field} is malformed")))
}

fn text<'a>(fields: &'a HashMap<String, String>, field: &str) -> Result<&'a str, RedisFailure> {
    let missing = || RedisFailure::NotUnderstood(format!("field {field} is missing"));
    fields.get(field).map(String::as_str).ok_or_else(missing)
}

fn number<T: FromStr>(fields: &HashMap<String, String>, field: &str) -> Result<T, RedisFailure> {
    let value = text(fields, field)?;
    let malformed = |_| RedisFailure::NotUnderstood(format!("field {field} is '{value}'"));
    value.parse().map_err(malformed)
}

#[cfg(test)]
mod tests {
    use waiting_room::contract::START;
    use waiting_room::draw::Digest;
    use waiting_room::gate::{Ledger, Step};

    use super::*;

    fn full() -> RoomState {
        RoomState {
            epoch: 3,
            entered: 4_000_000_000,
            called: 70,
            frozen: vec![
                Frozen { entry: 0, at: START, secret: None },
                Frozen { entry: 90, at: START, secret: Some(Secret(Digest([7; 32]))) },
            ],
            ledger: Ledger {
                version: 5,
                call_tat_us: 1_623_650_400_123_456,
                claim_from: 12,
                steps: vec![Step { at: START, called: 70 }],
            },
            active: 4,
            redeemed_in_claim_window: 6,
            admission_tat_us: 1_623_650_400_123_457,
            places_left: Some(PlacesLeft { count: 9, as_of: START }),
        }
    }

    fn fields(state: &RoomState) -> HashMap<String, String> {
        of_state(state, START).expect("fields").into_iter().collect()
    }

    #[test]
    fn a_state_survives_the_way_there_and_back() {
        for state in [full(), RoomState::empty()] {
            let (active, redeemed) = (state.active, state.redeemed_in_claim_window);
            assert_eq!(to_state(&fields(&state), active, redeemed).expect("understood"), state);
        }
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        for field in ["epoch", "entered", "tat_us", "ledger", "frozen:1", "places_as_of_ms"] {
            for damage in [None, Some("x")] {
                let mut fields = fields(&full());
                fields.remove(field);
                fields.extend(damage.map(|value| (field.to_owned(), value.to_owned())));
                let failure = to_state(&fields, 0, 0).expect_err("damaged").to_string();
                let is_named = failure.contains(field) || field == "ledger";
                assert!(is_named, "{field}: {failure}");
            }
        }
    }
}
