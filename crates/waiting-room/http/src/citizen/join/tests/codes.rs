//! Joining with a priority code.

use serde_json::json;
use waiting_room::contract::by;
use waiting_room::lane::{Lane, PerLane};
use waiting_room::live::LiveChange;
use waiting_room::service::operator::{self, IssueOutcome, Revoke, RevokeOutcome};
use web::test_client::Call;

use super::URI;
use crate::harness::{Harness, draw_key, snapshot};

/// So many codes of `town`, whose lane has a share.
async fn issue(harness: &Harness, count: u32) -> Vec<String> {
    let shares = Some(PerLane([80, 0, 20]));
    harness.set(LiveChange { shares, ..LiveChange::default() }).await;
    let town = "town".parse().expect("a name");
    match operator::issue_codes(&*harness.store, &draw_key(), &town, count, &by()).await {
        Ok(IssueOutcome::Issued(issued)) => issued.codes,
        other => panic!("expected codes, got {other:?}"),
    }
}

fn with_code(harness: &Harness, code: &str) -> Call {
    with_code_in(harness, URI, code)
}

fn with_code_in(harness: &Harness, path: &str, code: &str) -> Call {
    let body = json!({"residence": {"postcode": "67346"}, "priority_code": code});
    harness.post(path, &body.to_string())
}

#[actix_web::test]
async fn whoever_has_a_code_stands_in_another_lane_and_uses_it_up() {
    let harness = Harness::start().await;
    let codes = issue(&harness, 2).await;
    harness.crowd(3).await;
    let typed = codes[0].to_lowercase().replace('-', " ");
    let reply = with_code(&harness, &typed).send().await;
    assert_eq!((reply.status, &reply.json["entry"]), (201, &0.into()), "{reply}");
    harness.renew().await;
    assert_eq!(harness.view().state.memory.entered, PerLane([3, 0, 1]));
    insta::assert_snapshot!(snapshot(&with_code(&harness, &codes[0]).send().await), @r#"
    409 {
      "code": "priority-code-used",
      "detail": "Each code is good for one entry. If it was you, go on with the ticket that you got; you can also join without a code.",
      "request_id": "<id>",
      "status": 409,
      "title": "This priority code was used before",
      "type": "/problems/priority-code-used"
    }
    "#);
    assert_eq!(with_code(&harness, &codes[1]).send().await.status, 201);
}

#[actix_web::test]
async fn a_lost_answer_does_not_cost_the_code() {
    let harness = Harness::start().await;
    let codes = issue(&harness, 1).await;
    let keyed = || with_code(&harness, &codes[0]).header("idempotency-key", "0123456789abcdef");
    let (first, again) = (keyed().send().await, keyed().send().await);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json["ticket"], again.json["ticket"]);
    let without = harness.post(URI, crate::harness::JOIN_SPEYER);
    let without = without.header("idempotency-key", "0123456789abcdef").send().await;
    assert_eq!((without.status, without.code()), (422, "idempotency-key-reused"));
}

/// Whatever is wrong with a code that was not issued here is told with the same words, and costs nothing.
#[actix_web::test]
async fn a_code_that_is_none_is_told_so_in_both_languages() {
    let harness = Harness::start().await;
    let codes = issue(&harness, 1).await;
    let nonsense = with_code(&harness, "67346").send().await;
    insta::assert_snapshot!(snapshot(&nonsense), @r#"
    422 {
      "code": "priority-code-invalid",
      "detail": "Please compare it with your letter, all 16 characters. A code is good for the campaign that it was sent for; you can also join without one.",
      "request_id": "<id>",
      "status": 422,
      "title": "This is no priority code of this waiting room",
      "type": "/problems/priority-code-invalid"
    }
    "#);
    let german = with_code(&harness, "67346").header("accept-language", "de").send().await;
    insta::assert_snapshot!(snapshot(&german), @r#"
    422 {
      "code": "priority-code-invalid",
      "detail": "Bitte vergleichen Sie ihn mit Ihrem Schreiben, alle 16 Zeichen. Ein Code gilt für die Aktion, für die er geschickt wurde; ohne Code können Sie sich auch anstellen.",
      "request_id": "<id>",
      "status": 422,
      "title": "Das ist kein Vorrang-Code dieses Warteraums",
      "type": "/problems/priority-code-invalid"
    }
    "#);
    let mistyped = codes[0].replace(&codes[0][5..9], "0000");
    for none in ["", &mistyped, &codes[0][..18], &"0".repeat(500)] {
        let reply = with_code(&harness, none).send().await;
        assert_eq!(snapshot(&reply), snapshot(&nonsense), "{none}");
    }
    let elsewhere = with_code_in(&harness, "/v1/rooms/village/tickets", &codes[0]).send().await;
    assert_eq!(snapshot(&elsewhere), snapshot(&nonsense), "of another room");
    harness.renew().await;
    assert_eq!(harness.view().state.memory.entered[Lane::Priority], 0);
}

#[actix_web::test]
async fn a_revoked_code_is_told_to_be_revoked() {
    let harness = Harness::start().await;
    let codes = issue(&harness, 2).await;
    let town = "town".parse().expect("a name");
    let one = Revoke::Code(&codes[0]);
    let revoked = operator::revoke_codes(&*harness.store, &draw_key(), &town, one, &by()).await;
    assert_eq!(revoked.expect("the store answers"), RevokeOutcome::Revoked);
    insta::assert_snapshot!(snapshot(&with_code(&harness, &codes[0]).send().await), @r#"
    410 {
      "code": "priority-code-revoked",
      "detail": "The operator has revoked it. Please ask whoever sent it to you; you can also join without a code.",
      "request_id": "<id>",
      "status": 410,
      "title": "This priority code is not good any more",
      "type": "/problems/priority-code-revoked"
    }
    "#);
    assert_eq!(with_code(&harness, &codes[1]).send().await.status, 201);
}
