//! Each rule, with a document before and one after.

use serde_json::{Value, json};

use super::between;
use crate::document::Document;

/// The lines of what has changed when `change` is made to a small document.
fn lines(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let before = small();
    let mut after = small();
    change(&mut after);
    let found = between(&Document::new(before), &Document::new(after));
    found.iter().map(super::Change::line).collect()
}

fn small() -> Value {
    json!({
        "paths": {"/v1/things": {"post": {
            "operationId": "make",
            "parameters": [{"name": "key", "in": "header", "required": true, "schema": {"type": "string"}}],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["seats"], "properties": {
                    "seats": {"type": "integer", "minimum": 1, "maximum": 4},
                    "colour": {"type": "string", "enum": ["red", "green"]},
                    "person": {"$ref": "#/components/schemas/Person"},
                },
            }}}},
            "responses": {
                "201": {
                    "description": "Made.",
                    "headers": {"Location": {"schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"oneOf": [
                        {"type": "object", "required": ["state", "place"], "properties": {
                            "state": {"const": "waiting"}, "place": {"type": "integer"}}},
                        {"type": "object", "required": ["state"], "properties": {
                            "state": {"const": "gathering"},
                            "person": {"$ref": "#/components/schemas/Person"}}},
                    ]}}},
                },
                "409": {
                    "description": "`full`",
                    "content": {"application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/Problem"}, "examples": {"full": {}}}},
                },
            },
        }}},
        "components": {"schemas": {
            "Person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            "Problem": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}},
        }},
    })
}

const REQUEST: &str = "/paths/~1v1~1things/post/requestBody/content/application~1json/schema";
const ANSWERS: &str =
    "/paths/~1v1~1things/post/responses/201/content/application~1json/schema/oneOf";

fn at<'a>(document: &'a mut Value, pointer: &str) -> &'a mut Value {
    document.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"))
}

fn remove(document: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').expect("a parent");
    let gone = at(document, parent).as_object_mut().expect("an object").remove(name);
    assert!(gone.is_some(), "nothing at {pointer}");
}

#[test]
fn what_is_the_same_has_not_changed() {
    assert!(lines(|_| ()).is_empty());
    let renamed = lines(|document| {
        let person = document["components"]["schemas"]["Person"].clone();
        document["components"]["schemas"]["Human"] = person;
        let reference = json!({"$ref": "#/components/schemas/Human"});
        *at(document, &format!("{REQUEST}/properties/person")) = reference;
    });
    assert!(renamed.is_empty(), "the name of a schema is on no wire: {renamed:?}");
}

#[test]
fn operations_may_come_but_not_go() {
    let make = json!({"operationId": "other", "responses": {}});
    assert_eq!(
        lines(|document| document["paths"]["/v1/others"] = json!({"get": make})),
        ["`other`: `GET /v1/others` added"]
    );
    assert_eq!(
        lines(|document| document["paths"] = json!({})),
        ["**breaking** `make`: `POST /v1/things` removed"]
    );
    assert_eq!(
        lines(|document| document["paths"]["/v1/things"]["post"]["operationId"] = json!("create")),
        ["**breaking** `create`: was called `make`"]
    );
}

#[test]
fn what_was_announced_may_go() {
    let mut before = small();
    before["paths"]["/v1/things"]["post"]["deprecated"] = json!(true);
    let mut after = small();
    after["paths"]["/v1/things"] = json!({});
    let found = between(&Document::new(before), &Document::new(after));
    assert_eq!(found[0].line(), "`make`: `POST /v1/things` removed as announced");
    assert!(found[0].harmless);
    assert_eq!(
        lines(|document| at(document, "/paths/~1v1~1things/post")["deprecated"] = json!(true)),
        ["`make`: deprecated"]
    );
}

#[test]
fn a_request_may_be_asked_for_less_but_not_for_more() {
    let set = |pointer: &'static str, value: Value| {
        lines(move |document| {
            let (parent, name) = pointer.rsplit_once('/').expect("a parent");
            at(document, &format!("{REQUEST}{parent}"))[name] = value;
        })
    };
    for (pointer, value, expected) in [
        (
            "/required",
            json!(["seats", "colour"]),
            "**breaking** `make`: request member `colour` required now",
        ),
        ("/required", json!([]), "`make`: request member `seats` optional now"),
        ("/properties/note", json!({"type": "string"}), "`make`: request member `note` added"),
        (
            "/properties/seats/maximum",
            json!(3),
            "**breaking** `make`: request member `seats` has `3` as its maximum now",
        ),
        (
            "/properties/seats/maximum",
            json!(5),
            "`make`: request member `seats` has `5` as its maximum now",
        ),
        (
            "/properties/seats/minimum",
            json!(2),
            "**breaking** `make`: request member `seats` has `2` as its minimum now",
        ),
        (
            "/properties/seats/multipleOf",
            json!(2),
            "**breaking** `make`: request member `seats` has `2` as its multipleOf now",
        ),
        (
            "/properties/seats/type",
            json!(["integer", "null"]),
            "`make`: request member `seats` can be `null` now",
        ),
        (
            "/properties/colour/enum",
            json!(["red"]),
            "**breaking** `make`: request member `colour` has the value `green` no longer",
        ),
        (
            "/properties/colour/enum",
            json!(["red", "green", "blue"]),
            "`make`: request member `colour` has the value `blue` now",
        ),
    ] {
        assert_eq!(set(pointer, value), [expected]);
    }
    assert_eq!(
        lines(|document| remove(document, &format!("{REQUEST}/properties/colour"))),
        ["**breaking** `make`: request member `colour` removed"]
    );
    assert_eq!(
        lines(|document| {
            *at(document, &format!("{REQUEST}/required")) = json!(["seats", "size"]);
            at(document, &format!("{REQUEST}/properties"))["size"] = json!({"type": "string"});
        }),
        ["**breaking** `make`: request member `size` added, and required"]
    );
    assert_eq!(
        lines(|document| {
            at(document, &format!("{REQUEST}/properties"))["car"] = json!({"type": "object", "required": ["plate"], "properties": {"plate": {"type": "string"}}});
        }),
        ["`make`: request member `car` added"]
    );
}

#[test]
fn an_answer_may_say_more_but_not_less() {
    for (pointer, value, expected) in [
        ("/0/required", json!(["state"]), ""),
        (
            "/1/required",
            json!([]),
            "**breaking** `make`: answer member `state` not always there any longer",
        ),
        (
            "/0/properties/place/type",
            json!(["integer", "null"]),
            "**breaking** `make`: answer member `place` can be `null` now",
        ),
        (
            "/0/properties/place/format",
            json!("int64"),
            "`make`: answer member `place` has `int64` as its format now",
        ),
        (
            "/0/properties/state",
            json!({"const": "called"}),
            "**breaking** `make`: answer member `state` has the value `called` now",
        ),
        (
            "/0/properties/state",
            json!({"type": "string"}),
            "**breaking** `make`: answer member `state` has an open list of values now",
        ),
    ] {
        let found = lines(|document| {
            let (parent, name) = pointer.rsplit_once('/').expect("a parent");
            at(document, &format!("{ANSWERS}{parent}"))[name] = value;
        });
        assert_eq!(found.first().map_or("", String::as_str), expected);
    }
    assert_eq!(
        lines(|document| remove(document, &format!("{ANSWERS}/0/properties/place"))),
        ["**breaking** `make`: answer member `place` removed"]
    );
    assert_eq!(
        lines(|document| {
            let name = at(document, "/components/schemas/Person/properties");
            name["email"] = json!({"type": "string"});
        }),
        [
            "`make`: answer member `person.email` added",
            "`make`: request member `person.email` added"
        ]
    );
}

/// Of the two answers only one has a person, but whoever is in it has a name.
#[test]
fn what_is_always_there_depends_on_the_object_around_it() {
    let lines = |alternatives: Value| {
        lines(move |document| {
            at(document, &format!("{ANSWERS}/1/properties"))["person"] =
                json!({"oneOf": alternatives});
        })
    };
    let person = json!({"$ref": "#/components/schemas/Person"});
    assert!(lines(json!([person, person])).is_empty());
    assert_eq!(
        lines(json!([person, {"type": "object", "properties": {}}])),
        ["**breaking** `make`: answer member `person.name` not always there any longer"]
    );
}

#[test]
fn headers_statuses_and_tokens() {
    let operation = "/paths/~1v1~1things/post";
    assert_eq!(
        lines(|document| remove(document, &format!("{operation}/responses/201/headers/Location"))),
        ["**breaking** `make`: header `201 Location` removed"]
    );
    assert_eq!(
        lines(|document| {
            let made = at(document, &format!("{operation}/responses/201")).clone();
            at(document, &format!("{operation}/responses"))["200"] = made;
        }),
        ["`make`: answer `200` added", "`make`: header `200 Location` added"]
    );
    assert_eq!(
        lines(|document| at(document, operation)["parameters"] = json!([])),
        ["`make`: parameter `key (header)` removed"]
    );
    assert_eq!(
        lines(|document| at(document, &format!("{operation}/parameters/0"))["in"] = json!("query")),
        [
            "**breaking** `make`: parameter `key (query)` added, and required",
            "`make`: parameter `key (header)` removed"
        ]
    );
    assert_eq!(
        lines(|document| at(document, operation)["security"] = json!([{"pass": []}])),
        ["**breaking** `make`: needs another token"]
    );
    assert!(
        lines(|document| at(document, operation)["security"] = json!([{}, {"pass": []}]))
            .is_empty()
    );
}

/// A client that meets a problem it does not know goes by the status.
#[test]
fn problems_may_come_and_go() {
    let problem = "/paths/~1v1~1things/post/responses/409/content/application~1problem+json";
    assert_eq!(
        lines(|document| at(document, problem)["examples"] = json!({"closed": {}})),
        ["`make`: problem `409 closed` added", "`make`: problem `409 full` removed"]
    );
    assert_eq!(
        lines(|document| {
            let schema = at(document, "/components/schemas/Problem");
            schema["properties"] =
                json!({"code": {"const": "full"}, "places_left": {"type": "integer"}});
        }),
        ["`every problem`: `places_left` added"]
    );
}
