//! What comes of a message.

use std::time::Duration;

use kernel::{Clock as _, SystemClock};
use test_support::{Receiver, Reply};
use webhook::{Answer, Limits, Reason, Secrets};

use crate::endpoints::{FORMER, Folder, HERE, LIMITS, SECRET, message, reason, send, sender};

fn answering(reply: Reply) -> Receiver {
    Receiver::start(move |_, _| reply.clone()).expect("a receiver")
}

/// What one message to somebody who answers so comes to.
async fn sent_to(receiver: &Receiver, limits: Limits) -> Answer {
    let folder = Folder::new();
    send(&sender(&folder.endpoint(&receiver.url("/hook"), HERE), limits), 1).await
}

#[tokio::test]
async fn a_message_arrives_as_the_standard_has_it() {
    let receiver = answering(Reply::Status(204, Vec::new()));
    let folder = Folder::new();
    let sender = sender(&folder.endpoint(&receiver.url("/hook?token=1"), HERE), LIMITS);
    let now = SystemClock.now();
    let message = message(17);
    assert_eq!(sender.send(&message, now).await, Answer::Taken);
    let [arrived] = receiver.delivered().try_into().expect("one message");
    assert_eq!((&arrived.path, &arrived.body), (&"/hook?token=1".to_owned(), &message.body));
    assert_eq!(arrived.header("content-type"), "application/json");
    assert_eq!(arrived.header("webhook-id"), "speyer_17");
    assert_eq!(arrived.header("webhook-timestamp"), now.unix_s().to_string());
    let secrets = Secrets::parse([SECRET, FORMER]).expect("secrets");
    let expected = secrets.sign("speyer_17", now, &message.body);
    assert_eq!(arrived.header("webhook-signature"), expected);
    assert_eq!(expected.split(' ').count(), 2, "as long as a secret is being replaced, both sign");
}

#[tokio::test]
async fn a_status_says_whether_it_was_taken() {
    for (status, expected) in [(200, Answer::Taken), (202, Answer::Taken), (410, Answer::Gone)] {
        assert_eq!(sent_to(&answering(Reply::Status(status, Vec::new())), LIMITS).await, expected);
    }
    for status in [400, 401, 404, 429, 500, 503] {
        let answer = sent_to(&answering(Reply::Status(status, Vec::new())), LIMITS).await;
        assert_eq!(reason(&answer), Reason::Status(status));
    }
}

#[tokio::test]
async fn who_is_overloaded_says_for_how_long() {
    let busy = answering(Reply::Status(503, vec![("retry-after", "120".to_owned())]));
    let Answer::NotTaken(refused) = sent_to(&busy, LIMITS).await else {
        panic!("it was not taken")
    };
    assert_eq!(refused.retry_after, Some(Duration::from_mins(2)));
    let date = "Sun, 06 Nov 1994 08:49:37 GMT".to_owned();
    let busy = answering(Reply::Status(503, vec![("retry-after", date)]));
    let Answer::NotTaken(refused) = sent_to(&busy, LIMITS).await else {
        panic!("it was not taken")
    };
    assert_eq!(refused.retry_after, None);
}

#[tokio::test]
async fn who_hangs_is_left_alone() {
    let limits = Limits { total_max: Duration::from_millis(300), ..LIMITS };
    let silent = answering(Reply::Silence);
    assert_eq!(reason(&sent_to(&silent, limits).await), Reason::Silent);
    assert_eq!(silent.delivered().len(), 1, "it has the message all the same");
}

/// What an endpoint says beyond its status is of no interest, however much it is.
#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    assert_eq!(sent_to(&answering(Reply::Endless), LIMITS).await, Answer::Taken);
}

#[tokio::test]
async fn a_connection_that_breaks_or_is_not_there_is_told_apart() {
    assert_eq!(reason(&sent_to(&answering(Reply::Closed), LIMITS).await), Reason::Broken);
    let nobody = test_support::Port::reserve().expect("a port");
    let folder = Folder::new();
    let url = format!("http://127.0.0.1:{}/", nobody.number());
    let answer = send(&sender(&folder.endpoint(&url, HERE), LIMITS), 1).await;
    assert_eq!(reason(&answer), Reason::Unreachable);
    let Answer::NotTaken(refused) = answer else { panic!("it was not taken") };
    let detail = refused.detail.expect("in words");
    assert!(detail.to_lowercase().contains("refused"), "{detail}");
}
