//! What some problems have besides what all have.

use serde_json::{Value, json};

use super::Code;
use crate::document::reference;

/// A member that only the problems of one code have.
pub(super) struct Member {
    pub(super) name: &'static str,
    /// Whether it is always there.
    pub(super) is_always: bool,
    pub(super) schema: Value,
    pub(super) example: Value,
}

/// The members of the problems with this code that others do not have.
pub(super) fn of(code: Code) -> impl Iterator<Item = Member> {
    all().into_iter().filter(move |(of, _)| *of == code).map(|(_, member)| member)
}

fn waiting_page() -> Member {
    let schema = json!({
        "type": "string",
        "description": "The page of the waiting room, which leads back here; not there where the room has none.",
    });
    let example = "https://shop.example/warten?return_to=https%3A%2F%2Fshop.example%2Fticket";
    some("waiting_page", schema, json!(example))
}

fn challenge() -> Member {
    let schema = json!({
        "type": "string",
        "format": "uri-reference",
        "description": "Where a challenge is to be had whose solution this request needs. Follow it as it is.",
    });
    let example = "/v1/rooms/speyer-2021-06-20/challenge?for=rLmOCaFfTGytz0a1mM8FTg";
    always("challenge", schema, json!(example))
}

fn all() -> [(Code, Member); 15] {
    let municipality = json!({
        "type": "string",
        "description": "The name of the municipality, where the postcode says it.",
    });
    let municipalities = json!({
        "type": "array",
        "description": "The municipalities of the postcode, to choose one from.",
        "items": reference("MunicipalityToChoose"),
    });
    let ticket = json!({
        "type": "string",
        "description": "The ticket signed anew: asking with it says that its pass is used.",
    });
    let opens_at = json!({
        "type": "string",
        "format": "date-time",
        "description": "When people can join, where that is a time to come.",
    });
    [
        (Code::NotAllowed, roles()),
        (Code::NotEligible, rule()),
        (Code::PassRequired, waiting_page()),
        (Code::ProofRequired, challenge()),
        (Code::DeclarationMissing, declarations()),
        (Code::WaitlistNotOpen, some("opens_at", opens_at, json!("2021-06-14T15:00:00.000Z"))),
        (Code::NotEligible, some("municipality", municipality, json!("Haßloch"))),
        (
            Code::RoomNotOpen,
            some(
                "next_opening",
                reference("NextOpening"),
                json!({
                    "index": 0,
                    "opens_at": "2021-06-14T06:00:00.000Z",
                    "held": false,
                    "gathers_from": "2021-06-14T05:00:00.000Z",
                }),
            ),
        ),
        (Code::IdentityRequired, always("asks_for", reference("Asked"), json!("person"))),
        (
            Code::MunicipalityRequired,
            always(
                "municipalities",
                municipalities,
                json!([
                    {"ags": "07338007", "name": "Dudenhofen"},
                    {"ags": "07338020", "name": "Otterstadt"},
                ]),
            ),
        ),
        (Code::PassUsed, some("ticket", ticket, json!("AgEAAAABYMcf…"))),
        (
            Code::SlotFull,
            always("places_left", count("How many places are left in the slot."), json!(1)),
        ),
        (
            Code::CarAtAnotherTime,
            always(
                "slot",
                json!({"type": "string", "description": "The slot in which the car comes."}),
                json!("boe-fashion-20210620-0700"),
            ),
        ),
        (Code::CarFull, always("seats_left", count("How many seats the car has left."), json!(0))),
        (
            Code::PassExhausted,
            always("seats_left", count("How many seats the pass has left."), json!(1)),
        ),
    ]
}

fn roles() -> Member {
    let roles = json!({
        "type": "array",
        "description": "The roles of which one is needed.",
        "items": {"type": "string"},
    });
    always("roles", roles, json!(["operator"]))
}

fn rule() -> Member {
    let rule = json!({
        "type": "string",
        "description": "The rule that is not met: `residence`, or one of those that the campaign lists. More may be added.",
    });
    always("rule", rule, json!("residence"))
}

fn declarations() -> Member {
    let declarations = json!({
        "type": "array",
        "description": "The required declarations that were not made in the version in force.",
        "items": {
            "type": "object",
            "required": ["id", "version"],
            "properties": {
                "id": {"type": "string", "description": "The name of the declaration."},
                "version": count("The version of its text that is in force."),
            },
        },
    });
    always("declarations", declarations, json!([{"id": "residence", "version": 2}]))
}

fn always(name: &'static str, schema: Value, example: Value) -> Member {
    Member { name, is_always: true, schema, example }
}

fn some(name: &'static str, schema: Value, example: Value) -> Member {
    Member { name, is_always: false, schema, example }
}

fn count(description: &str) -> Value {
    json!({"type": "integer", "format": "int32", "minimum": 0, "description": description})
}
