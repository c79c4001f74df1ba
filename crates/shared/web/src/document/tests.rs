use serde_json::json;

use super::*;

/// A document with one operation and this schema in the place of `Thing`.
fn document(thing: &Value) -> OpenApi {
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/v1/things": {"get": {
            "summary": "List the things.",
            "responses": {
                "200": {
                    "description": "The things.",
                    "content": {"application/json": {"schema": reference("Thing")}},
                },
                "304": {"description": "Unchanged."},
            },
        }}},
        "components": {"schemas": {
            "Thing": thing,
            "Part": self::thing(),
            "Colour": {"type": "string", "enum": ["red", "blue"], "description": "A colour."},
        }},
    });
    serde_json::from_value(document).expect("a document")
}

fn finished(thing: &Value, shapes: &Shapes) -> Value {
    serde_json::to_value(finish(&document(thing), shapes)).expect("JSON")
}

fn thing() -> Value {
    json!({
        "type": "object",
        "description": "A thing.",
        "required": ["colour", "depth", "weight"],
        "properties": {
            "colour": reference("Colour"),
            "depth": {"type": ["integer", "null"]},
            "weight": {"oneOf": [{"type": "null"}, {"type": "integer"}]},
            "note": {"type": "string"},
        },
    })
}

const RED: Variant = Variant {
    value: "red",
    schema: "RedThing",
    description: "It is red.",
    always: &["depth", "weight", "note"],
};

const BLUE: Variant =
    Variant { value: "blue", schema: "BlueThing", description: "It is blue.", always: &[] };

const fn by_colour(variants: &'static [Variant]) -> Union {
    Union {
        schema: "Thing",
        by: "colour",
        known: "KnownThing",
        other: "OtherThing",
        variants,
        only: &[&[Only { member: "depth", of: &["red"] }, Only { member: "note", of: &["red"] }]],
    }
}

const SHAPES: Shapes = Shapes { flat: &[], open: &["Colour"], unions: &[by_colour(&[RED, BLUE])] };

#[test]
fn an_object_becomes_its_kinds() {
    let finished = finished(&thing(), &SHAPES);
    let schemas = &finished["components"]["schemas"];
    let red = &schemas["RedThing"];
    assert_eq!(red["required"], json!(["colour", "depth", "note", "weight"]));
    assert_eq!(red["properties"]["colour"]["enum"], json!(["red"]));
    assert_eq!(red["properties"]["depth"]["type"], "integer");
    assert_eq!(red["properties"]["weight"]["type"], "integer");
    let blue = &schemas["BlueThing"];
    assert_eq!(blue["required"], json!(["colour", "weight"]));
    assert!(blue["properties"]["depth"].is_null() && blue["properties"]["note"].is_null());
    let known = &schemas["KnownThing"];
    assert_eq!(known["oneOf"], json!([reference("RedThing"), reference("BlueThing")]));
    assert_eq!(known["discriminator"]["mapping"]["blue"], "#/components/schemas/BlueThing");
    let whole = &schemas["Thing"];
    assert_eq!(whole["anyOf"], json!([reference("KnownThing"), reference("OtherThing")]));
    assert_eq!(whole[EXTENSIBLE], true);
}

#[test]
fn parts_of_an_object_are_put_together_first() {
    let parts = json!({"allOf": [reference("Part"), {
        "type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}},
    }]});
    let finished = finished(&parts, &SHAPES);
    let red = &finished["components"]["schemas"]["RedThing"];
    assert_eq!(red["required"], json!(["colour", "depth", "note", "size", "weight"]));
    assert_eq!(red["properties"]["size"]["type"], "integer");
    assert!(finished["components"]["schemas"]["Part"].is_null(), "nothing refers to it any more");
}

#[test]
fn parts_are_written_as_one_object() {
    const FLAT: Shapes = Shapes { flat: &["Thing"], open: &[], unions: &[] };
    let parts = json!({"description": "Both.", "allOf": [reference("Colour"), thing()]});
    let finished = finished(&parts, &FLAT);
    let whole = &finished["components"]["schemas"]["Thing"];
    assert_eq!(whole["required"], thing()["required"]);
    assert_eq!((&whole["description"], &whole["allOf"]), (&json!("Both."), &Value::Null));
}

#[test]
#[should_panic(expected = "the variants of Thing are the values of its colour")]
fn a_kind_without_a_variant_is_noticed() {
    const RED_ALONE: Shapes = Shapes { flat: &[], open: &[], unions: &[by_colour(&[RED])] };
    finished(&thing(), &RED_ALONE);
}

#[test]
fn an_open_enumeration_takes_any_text() {
    let finished = finished(&thing(), &SHAPES);
    let colour = &finished["components"]["schemas"]["Colour"];
    let any_of = json!([{"type": "string", "enum": ["red", "blue"]}, {"type": "string"}]);
    assert_eq!((&colour["anyOf"], &colour["description"]), (&any_of, &json!("A colour.")));
}

#[test]
fn every_operation_says_what_all_answer() {
    let shapes = Shapes { flat: &[], open: &[], unions: &[] };
    let finished = finished(&thing(), &shapes);
    let operation = &finished["paths"]["/v1/things"]["get"];
    assert_eq!(
        (&operation["summary"], &operation["security"]),
        (&json!("List the things"), &json!([]))
    );
    assert_eq!(operation["parameters"][0]["name"], "If-None-Match");
    for status in ["200", "304"] {
        for header in ["ETag", "Cache-Control"] {
            assert!(
                operation["responses"][status]["headers"][header].is_object(),
                "{status} {header}"
            );
        }
    }
    for (status, name) in [("405", "MethodNotAllowed"), ("500", "Internal")] {
        let pointer = &operation["responses"][status]["$ref"];
        assert_eq!(*pointer, format!("#/components/responses/{name}"));
        assert!(finished["components"]["responses"][name]["content"].is_object(), "{name}");
    }
    let schemas = &finished["components"]["schemas"];
    assert_eq!(schemas["InternalProblem"]["properties"]["code"]["enum"], json!(["internal"]));
    assert_eq!(schemas["Problem"]["properties"]["code"], reference("ProblemCode"));
    assert!(schemas["SlotFullProblem"].is_null(), "no operation answers with it");
}
