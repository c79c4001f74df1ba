//! What is wrong with the body of a join.

use serde_json::json;

use super::super::Join;
use super::URI;
use crate::harness::Harness;

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
