//! POST /v1/mail-reports

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, post};
use booking::{Failure, MailId, MailReport, Reason, TokenHash};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::reply;
use web::{Code, JsonOrMessage, Mistake, Problem, bearer, problem_responses};

use crate::app::App;

const MESSAGE_LENGTH_MAX: usize = MailReport::MESSAGE_LENGTH_MAX;

/// That a letter came back, or is not wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMailReport {
    /// The `Message-ID` of the letter, with its angle brackets or without.
    #[schema(max_length = 300, example = "<speyer-2021-06-20.17.confirmed.0@speyer.example>")]
    message_id: String,
    event: MailReportEvent,
    /// What the mail server of the receiver said. Of it the status code (RFC 3463) is kept, and nothing else.
    #[schema(max_length = 2_000, nullable = false, example = "550 5.1.1 no such user")]
    detail: Option<String>,
}

/// What has become of it.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(example = "bounced")]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailReportEvent {
    /// It was not delivered, and nobody tries any more.
    Bounced,
    /// The receiver says that it is not wanted.
    Complained,
}

/// What has become of a report.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailReportNoted {
    /// Whether it is about a letter of this system that somebody has tried to send; otherwise nothing was noted.
    noted: bool,
}

/// The proof that the operator's mail provider sent the request. As a parameter before the body it refuses others before
/// anything of theirs is read.
pub(crate) struct MailProvider;

impl FromRequest for MailProvider {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request))
    }
}

fn authenticate(request: &HttpRequest) -> Result<MailProvider, Problem> {
    let presented = bearer(request, Code::MailReportTokenInvalid)?;
    let app = request
        .app_data::<Data<App>>()
        .ok_or_else(|| Problem::internal("the state of the API is not registered"))?;
    // Without one nobody is accepted.
    let wanted = app.reports.as_ref().map(|reports| reports.token);
    let is_accepted = wanted == Some(TokenHash::of(presented));
    is_accepted.then_some(MailProvider).ok_or_else(|| Problem::new(Code::MailReportTokenInvalid))
}

problem_responses!(
    /// What a report about a letter can be refused with.
    ReportProblems of JsonOrMessage<NewMailReport, MESSAGE_LENGTH_MAX>:
        MailReportTokenInvalid, Overloaded, Unavailable
);

/// Report that a letter came back, or is not wanted.
///
/// As JSON, or as the report of a mail server as it came (RFC 3464, RFC 5965), up to 256 KiB long. Repeatable. A report
/// about a letter of somebody else is answered alike, so that nobody sends it again.
#[utoipa::path(
    tag = "services",
    request_body(content((NewMailReport = "application/json"), (String = "message/rfc822"))),
    responses((status = 200, body = MailReportNoted, description = "It was read."), ReportProblems),
    security(("mail_reports" = [])),
)]
#[post("/v1/mail-reports")]
pub(crate) async fn take_mail_report(
    app: Data<App>,
    _from: MailProvider,
    body: JsonOrMessage<NewMailReport, MESSAGE_LENGTH_MAX>,
) -> Result<HttpResponse, Problem> {
    if let JsonOrMessage::Json(report) = &body {
        bounded(report)?;
    }
    let report = app.reports.as_ref().and_then(|reports| match body {
        JsonOrMessage::Json(report) => told(&report, &reports.domain),
        JsonOrMessage::Message(message) => (reports.read)(&message, &reports.domain),
    });
    let noted = match (report, &app.mails) {
        (Some(MailReport { id, reason }), Some(mails)) => {
            let noted = mails.report_mail(&id, &reason, app.bookings.now()).await;
            noted.map_err(|error| app.problem(Failure::from(&error)))?
        }
        (None, _) | (_, None) => false,
    };
    Ok(reply::private(StatusCode::OK, &MailReportNoted { noted }))
}

/// The longest `Message-ID` that is looked at, and the longest word of a mail server, in characters.
const MESSAGE_ID_LENGTH_MAX: usize = 300;
const DETAIL_LENGTH_MAX: usize = 2_000;

fn bounded(report: &NewMailReport) -> Result<(), Problem> {
    let texts = [
        ("message_id", Some(&report.message_id), MESSAGE_ID_LENGTH_MAX),
        ("detail", report.detail.as_ref(), DETAIL_LENGTH_MAX),
    ];
    let is_long =
        |text: Option<&String>, most| text.is_some_and(|text| text.chars().count() > most);
    let long = texts.into_iter().filter(|(_, text, most)| is_long(*text, *most));
    let problem = long.fold(None, |problem: Option<Problem>, (field, _, most)| {
        let problem = problem.unwrap_or_else(|| Problem::new(Code::InvalidRequest));
        Some(problem.field(field, Mistake::TooLong(most as u64)))
    });
    problem.map_or(Ok(()), Err)
}

fn told(report: &NewMailReport, domain: &str) -> Option<MailReport> {
    let id = MailId::of_message_id(&report.message_id, domain)?;
    let reason = match report.event {
        MailReportEvent::Complained => Reason::COMPLAINT,
        MailReportEvent::Bounced => {
            report.detail.as_deref().and_then(Reason::status_in).unwrap_or(Reason::UNDELIVERED)
        }
    };
    Some(MailReport { id, reason: Reason::new(reason) })
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use booking::contract::scene;
    use booking::{Lease, LeaseId, MailEnd, MailRules, MailStatus, MailStore, Settlement};
    use serde_json::{Value, json};
    use web::test_client::Call;

    use super::NewMailReport;
    use crate::harness::{Api, REPORT_TOKEN};

    fn report(api: &Api, body: &Value) -> Call {
        api.request(&Method::POST, "/v1/mail-reports").bearer(REPORT_TOKEN).json(body)
    }

    /// A letter that was sent: its `Message-ID`.
    async fn sent(api: &Api) -> String {
        assert_eq!(api.book_slot("c", "Anna", "k1").send().await.status, 201);
        let rules = MailRules { remind_before: None };
        api.store.follow_events(&scene::slot("rehearsal"), &rules, 100).await.expect("answers");
        let (id, from) = (LeaseId([1; 16]), scene::at(1));
        let lease = Lease { id, from, until: scene::at(300), mails_max: 1 };
        let mail = api.store.lease_mails(&lease).await.expect("answers").remove(0);
        let message_id = format!("<{}@speyer.example>", mail.id);
        let settlement =
            Settlement { id: mail.id, lease: id, at: scene::at(2), end: MailEnd::Sent };
        api.store.settle_mails(&[settlement]).await.expect("answers");
        message_id
    }

    fn standing(api: &Api) -> (MailStatus, Option<String>) {
        let mail = api.store.mails().remove(0);
        (mail.status, mail.reason.map(|reason| reason.to_string()))
    }

    /// Nothing of what servers say is kept but the code: it may quote addresses (P15).
    #[actix_web::test]
    async fn a_letter_that_came_back_is_noted() {
        let api = Api::start().await;
        let id = sent(&api).await;
        let detail = "550 5.1.1 <anna@example.org> anna muster unknown";
        let body = json!({"message_id": id, "event": "bounced", "detail": detail});
        for _repeat in 0..2 {
            let reply = report(&api, &body).send().await;
            assert_eq!((reply.status, &reply.json), (200, &json!({"noted": true})), "{reply}");
        }
        assert_eq!(standing(&api), (MailStatus::Bounced, Some("5.1.1".to_owned())));
        let bare = id.trim_matches(['<', '>']);
        let body = json!({"message_id": bare, "event": "complained"});
        assert_eq!(report(&api, &body).send().await.json, json!({"noted": true}));
        assert_eq!(standing(&api), (MailStatus::Bounced, Some("complaint".to_owned())));
    }

    #[actix_web::test]
    async fn a_report_of_a_mail_server_is_read_as_it_is() {
        let api = Api::start().await;
        let id = sent(&api).await;
        let message = |text: &str| {
            let call = api.request(&Method::POST, "/v1/mail-reports").bearer(REPORT_TOKEN);
            call.text(text).header("content-type", "message/rfc822")
        };
        let reply = message("holiday").send().await;
        assert_eq!((reply.status, &reply.json), (200, &json!({"noted": false})), "{reply}");
        assert_eq!(message(&id).send().await.json, json!({"noted": true}));
        assert_eq!(standing(&api), (MailStatus::Bounced, Some("5.0.0".to_owned())));
        let long = message(&"x".repeat(super::MESSAGE_LENGTH_MAX + 1)).send().await;
        assert_eq!((long.status, long.code()), (413, "body-too-large"));
    }

    #[actix_web::test]
    async fn what_is_not_ours_is_read_and_not_noted() {
        let api = Api::start().await;
        let foreign = sent(&api).await.replace("@speyer.example", "@worms.example");
        for id in ["<x@y>", "", "<speyer.1.confirmed.0@speyer.example>", &foreign] {
            let body = json!({"message_id": id, "event": "bounced"});
            let reply = report(&api, &body).send().await;
            assert_eq!((reply.status, &reply.json), (200, &json!({"noted": false})), "{id}");
        }
        assert_eq!(standing(&api).0, MailStatus::Sent);
    }

    #[actix_web::test]
    async fn only_the_provider_reports_and_only_where_it_is_wanted() {
        let api = Api::start().await;
        let body = json!({"message_id": sent(&api).await, "event": "bounced"});
        let forged = report(&api, &body).bearer("forged").send().await;
        assert_eq!((forged.status, forged.code()), (401, "mail-report-token-invalid"));
        let wrong = report(&api, &json!({"message_id": "x", "event": "opened"})).send().await;
        assert_eq!((wrong.status, wrong.fields()), (400, vec!["event"]));
        let long =
            json!({"message_id": "x".repeat(301), "event": "bounced", "detail": "x".repeat(2_001)});
        let long = report(&api, &long).send().await;
        assert_eq!((long.status, long.fields()), (400, vec!["message_id", "detail"]));
        assert_eq!(standing(&api).0, MailStatus::Sent);
    }

    #[test]
    fn the_body_is_described() {
        let id = "<speyer-2021-06-20.17.confirmed.0@speyer.example>";
        let body = json!({"message_id": id, "event": "bounced", "detail": "550 5.1.1"});
        web::test_client::assert_refusals_are_described::<NewMailReport>(&body);
    }
}
