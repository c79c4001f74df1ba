use serde_json::json;
use utoipa::PartialSchema;

use super::*;
use crate::language::Language;

fn codes(schema: Value, value: &Value) -> Vec<(String, String)> {
    let named = HashMap::from([(
        "Site".to_owned(),
        json!({
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string", "minLength": 2, "maxLength": 4}},
            "additionalProperties": false,
        }),
    )]);
    let Some(problem) = Description::new(schema, named).mistakes_in(value).into_problem() else {
        return Vec::new();
    };
    let body: Value =
        serde_json::from_slice(&problem.body(Language::De, "request-1")).expect("JSON");
    let errors = body["errors"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().map(str::to_owned).expect("a text");
    errors.map(|error| (text(&error["field"]), text(&error["code"]))).collect()
}

fn code(schema: &Value, value: &Value) -> String {
    let found = codes(
        json!({"type": "object", "properties": {"it": schema}, "required": ["it"]}),
        &json!({"it": value}),
    );
    found.into_iter().map(|(field, code)| format!("{field}: {code}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn texts() {
    let text = |members: Value| {
        let mut schema = json!({"type": "string"});
        schema
            .as_object_mut()
            .expect("an object")
            .extend(members.as_object().cloned().expect("an object"));
        schema
    };
    for (schema, value, expected) in [
        (json!({}), json!(""), ""),
        (json!({"minLength": 1}), json!("  "), "it: empty"),
        (json!({"minLength": 2}), json!("ä"), "it: too-short"),
        (json!({"maxLength": 2}), json!("äöü"), "it: too-long"),
        (json!({"maxLength": 3}), json!("äöü"), ""),
        (json!({"format": "date"}), json!("1980-02-29"), ""),
        (json!({"format": "date"}), json!("1981-02-29"), "it: wrong-form"),
        (json!({"format": "date"}), json!("29.02.1980"), "it: wrong-form"),
        (json!({"format": "email"}), json!("erika@example.org"), ""),
        (json!({"format": "email"}), json!("@example.org"), "it: wrong-form"),
        (json!({"format": "date-time"}), json!("2021-06-14T08:00:00+02:00"), ""),
        (json!({"format": "date-time"}), json!("2021-06-14T08:00:00"), "it: wrong-form"),
        (json!({"enum": ["a", "b"]}), json!("c"), "it: no-choice"),
        (json!({"pattern": "^a$", "example": "a"}), json!("b"), "it: wrong-form"),
        (json!({}), json!(7), "it: wrong-type"),
        (json!({}), Value::Null, "it: wrong-type"),
    ] {
        assert_eq!(code(&text(schema.clone()), &value), expected, "{schema} {value}");
    }
}

#[test]
fn numbers_are_bounded_by_their_format_too() {
    for (schema, value, expected) in [
        (u32::schema(), json!(4_294_967_295_u64), ""),
        (u32::schema(), json!(4_294_967_296_u64), "it: out-of-range"),
        (u32::schema(), json!(-1), "it: out-of-range"),
        (u32::schema(), json!(1.0), "it: wrong-type"),
        (i32::schema(), json!(-2_147_483_648_i64), ""),
        (i32::schema(), json!(2_147_483_648_i64), "it: out-of-range"),
        (i64::schema(), json!(i64::MIN), ""),
        (f64::schema(), json!(1.5), ""),
        (bool::schema(), json!("true"), "it: wrong-type"),
    ] {
        assert_eq!(code(&written(&schema), &value), expected, "{value}");
    }
}

#[test]
fn lists_and_what_is_in_them() {
    let sites = || json!({"type": "array", "minItems": 1, "maxItems": 2, "items": {"$ref": "#/components/schemas/Site"}});
    for (value, expected) in [
        (json!([{"name": "boe"}]), ""),
        (json!([]), "it: too-few"),
        (json!([{"name": "boe"}, {}, 7]), "it: too-many, it[1].name: missing, it[2]: wrong-type"),
        (json!({"0": 1}), "it: wrong-type"),
    ] {
        assert_eq!(code(&sites(), &value), expected, "{value}");
    }
}

#[test]
fn of_several_schemas_the_nearest_counts() {
    let site = || json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Site"}]});
    for (value, expected) in [
        (Value::Null, ""),
        (json!({"name": "boe"}), ""),
        (json!({"name": "b", "x": 1}), "it.name: too-short, it.x: unknown"),
        (json!(7), "it: wrong-type"),
    ] {
        assert_eq!(code(&site(), &value), expected, "{value}");
    }
}

#[test]
fn an_optional_text_that_says_nothing_was_left_out() {
    let schema = || {
        json!({"type": "object", "properties": {
            "email": {"type": "string", "format": "email", "minLength": 1},
            "ags": {"type": ["string", "null"], "pattern": "^[0-9]{8}$"},
            "site": {"type": "object"},
        }})
    };
    assert_eq!(codes(schema(), &json!({"email": " ", "ags": null, "other": 1})), []);
    assert_eq!(codes(schema(), &json!({"email": "x", "ags": "", "site": ""})).len(), 3);
    assert_eq!(
        codes(schema(), &json!({"email": null, "site": null})).len(),
        2,
        "null says something"
    );
}
