//! What is wrong with the body of a join.

use serde_json::json;

use super::super::Join;
use super::URI;
use crate::harness::{Harness, JOIN_SPEYER, snapshot};

/// Whatever the type refuses has words in the document.
#[test]
fn the_body_is_described() {
    let body = json!({
        "residence": {"postcode": "67346", "ags": "07318000"},
        "identity": {
            "given_name": "Erika", "family_name": "Mustermann", "date_of_birth": "1964-08-12",
            "email": "erika@example.org",
        },
    });
    web::test_client::assert_refusals_are_described::<Join>(&body);
}

/// serde takes the members of an object in a list; the document does not.
#[actix_web::test]
async fn a_list_is_no_object() {
    let harness = Harness::start().await;
    for (body, field) in [
        (r#"[{"postcode":"67346"},null]"#, "body"),
        (r#"{"residence":["67346",null]}"#, "residence"),
    ] {
        let reply = harness.post(URI, body).send().await;
        assert_eq!((reply.status, reply.fields()), (400, vec![field]), "{reply}");
    }
}

#[actix_web::test]
async fn a_broken_request_is_named() {
    let harness = Harness::start().await;
    let unknown = r#"{"residence":{"postcode":"67346","name":"x"}}"#;
    insta::assert_snapshot!(snapshot(&harness.post(URI, unknown).send().await), @r#"
    400 {
      "code": "invalid-request",
      "detail": "Please correct what is listed under errors and send it again.",
      "errors": [
        {
          "code": "unknown",
          "detail": "this field is not known",
          "field": "residence.name"
        }
      ],
      "request_id": "<id>",
      "status": 400,
      "title": "Something in the request is not right",
      "type": "/problems/invalid-request"
    }
    "#);
    let cases = [
        ("{}", "residence"),
        (r#"{"residence":{"postcode":"6734"}}"#, "residence.postcode"),
        (r#"{"residence":{"postcode":67346}}"#, "residence.postcode"),
        (r#"{"residence":{"postcode":"67346","ags":"x"}}"#, "residence.ags"),
        (r#"{"residence":{"postcode":"67346"},"lane":1}"#, "lane"),
        (r#"{"residence":{"postcode":"67346"},"identity":"Erika"}"#, "identity"),
        ("", "body"),
    ];
    for (body, field) in cases {
        let reply = harness.post(URI, body).send().await;
        assert_eq!((reply.status, reply.fields()), (400, vec![field]), "{body}");
    }
    let padded = format!("{}{JOIN_SPEYER}", " ".repeat(8 * 1024));
    assert_eq!(harness.post(URI, &padded).send().await.json["code"], "body-too-large");
    let form = harness.post(URI, JOIN_SPEYER).header("content-type", "text/plain");
    assert_eq!(form.send().await.json["code"], "unsupported-media-type");
    let nowhere = harness.post("/v1/rooms/nowhere/tickets", JOIN_SPEYER).send().await;
    assert_eq!((nowhere.status, &nowhere.json["code"]), (404, &"room-not-found".into()));
}
