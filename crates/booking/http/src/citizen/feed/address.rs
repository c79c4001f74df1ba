//! The address of a site, taken apart.

use kernel::{Postcode, ResidenceTable};
use serde::Serialize;

/// An address as FHIR has it. What the site's address does not say is left out.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address<'a> {
    line: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
    country: &'static str,
}

impl<'a> Address<'a> {
    /// Of an address written as `Hasenpfühlerweide 1, 67346 Speyer`. The Land is that of the municipality with
    /// this postcode, or else the country. O(rows).
    pub(super) fn read(address: &'a str, residence: &ResidenceTable) -> Self {
        let (line, town) = match address.rsplit_once(',') {
            Some((line, town)) => (line.trim(), Some(town.trim())),
            None => (address, None),
        };
        let with_postcode = town.and_then(|town| town.split_once(' ')).and_then(|(first, city)| {
            first.parse::<Postcode>().ok().map(|postcode| (postcode, first, city.trim()))
        });
        let land = with_postcode.and_then(|(postcode, _, _)| {
            let row = residence.rows().iter().find(|row| row.postcode == postcode)?;
            land(row.ags.number() / 1_000_000)
        });
        Self {
            line: [line],
            city: with_postcode.map(|(_, _, city)| city).or(town),
            state: land.unwrap_or(COUNTRY),
            postal_code: with_postcode.map(|(_, postcode, _)| postcode),
            country: COUNTRY,
        }
    }
}

const COUNTRY: &str = "DE";

/// The Land (ISO 3166-2:DE) whose municipality keys begin with this number.
const fn land(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "SH",
        2 => "HH",
        3 => "NI",
        4 => "HB",
        5 => "NW",
        6 => "HE",
        7 => "RP",
        8 => "BW",
        9 => "BY",
        10 => "SL",
        11 => "BE",
        12 => "BB",
        13 => "MV",
        14 => "SN",
        15 => "ST",
        16 => "TH",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use booking::contract::scene;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_address_is_taken_apart_as_far_as_it_goes() {
        let residence = scene::campaign().residence;
        let read = |text| serde_json::to_value(Address::read(text, &residence)).expect("JSON");
        let whole = json!({
            "line": ["Am Rübsamenwühl 4"], "city": "Speyer", "state": "RP", "postalCode": "67346",
            "country": "DE",
        });
        assert_eq!(read("Am Rübsamenwühl 4, 67346 Speyer"), whole);
        assert_eq!(read("Marktplatz 1, 80331 München")["state"], "DE");
        let town = read("Haus A, Weg 1, Neustadt an der Weinstraße");
        assert_eq!(
            (&town["line"][0], &town["city"], &town["postalCode"]),
            (&json!("Haus A, Weg 1"), &json!("Neustadt an der Weinstraße"), &Value::Null)
        );
        assert_eq!(
            read("Festplatz"),
            json!({"line": ["Festplatz"], "state": "DE", "country": "DE"})
        );
    }
}
