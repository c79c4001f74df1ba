//! The connection to the mail server: TLS, `STARTTLS`, certificates, passwords.

use booking::{MailStanding, MailState, MailStatus, MailStore};
use test_support::{MailSecurity, TestAuthority};

use super::*;
use crate::transport::Credentials;

const PASSWORD: &str = "hT0b4TzvSFmT";

/// Which of its two ways to TLS the server goes.
type Kind = fn(&TestAuthority) -> MailSecurity<'_>;

async fn town(kind: Kind, authority: &Arc<TestAuthority>, password: Option<&'static str>) -> Town {
    let authority = Arc::clone(authority);
    let start = move || MailServer::start_with(kind(&authority), password);
    let server = tokio::task::spawn_blocking(start).await.expect("no panic");
    Town::with(scene::plan(), server.expect("a mail server")).await
}

fn authority() -> Arc<TestAuthority> {
    Arc::new(TestAuthority::new().expect("an authority"))
}

/// The same server, found by its certificate to be one of this authority.
fn trusting(server: SmtpServer, authority: &TestAuthority) -> SmtpServer {
    let authority = std::fs::read(authority.path()).expect("its certificate");
    SmtpServer { authority: Some(authority), ..server }
}

/// The same server, told who we are.
fn with_password(server: SmtpServer, password: &str) -> SmtpServer {
    let (user, password) = ("einlass".to_owned(), password.to_owned());
    SmtpServer { credentials: Some(Credentials { user, password }), ..server }
}

/// The letter of somebody new, once a worker of this server has had to put it off.
async fn put_off(town: &Town, server: SmtpServer) -> Mail {
    let booking = town.book(1, "anna@town.example").await;
    let worker = Worker::start(town.office(1), vec![Box::new(Smtp::new(server))]);
    let waits = |mail: &Mail| mail.status == MailStatus::Pending && mail.reason.is_some();
    let mail = town.letter(booking, MailKind::Confirmed, waits).await;
    worker.finish().await;
    assert_eq!(town.arrived(), Vec::<String>::new());
    mail
}

const KINDS: [(Kind, Security); 2] = [
    (|authority| MailSecurity::StartTls(authority), Security::StartTls),
    (|authority| MailSecurity::Tls(authority), Security::Tls),
];

#[tokio::test]
async fn letters_go_to_a_server_that_asks_for_tls_and_a_password() {
    for (kind, security) in KINDS {
        let authority = authority();
        let town = town(kind, &authority, Some(PASSWORD)).await;
        let booking = town.book(1, "anna@town.example").await;
        let server = SmtpServer { security, ..town.in_clear() };
        let server = with_password(trusting(server, &authority), PASSWORD);
        let worker = Worker::start(town.office(1), vec![Box::new(Smtp::new(server))]);
        town.confirmation(booking, MailStatus::Sent).await;
        worker.finish().await;
        assert_eq!(town.server.said().expect("notes"), ["AUTH", "MAIL"], "{security:?}");
    }
}

/// Neither who it is to nor the password is told to a stranger, nor to anybody in clear.
#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_told_nothing() {
    for (kind, security) in KINDS {
        let (its, ours) = (authority(), authority());
        let town = town(kind, &its, Some(PASSWORD)).await;
        let server = SmtpServer { security, ..town.in_clear() };
        let server = with_password(trusting(server, &ours), PASSWORD);
        let mail = put_off(&town, server).await;
        assert_eq!(mail.reason.expect("why").as_str(), "tls", "{security:?}");
        assert_eq!(town.server.said().expect("notes"), Vec::<String>::new());
    }
}

/// As somebody in between would have it, who takes the word `STARTTLS` out.
#[tokio::test]
async fn a_server_without_tls_is_told_nothing() {
    let town = Town::start().await;
    let server = SmtpServer { security: Security::StartTls, ..town.in_clear() };
    put_off(&town, with_password(server, PASSWORD)).await;
    assert_eq!(town.server.said().expect("notes"), Vec::<String>::new());
}

/// It shows, nobody loses a letter, and once the password is right they all go out.
#[tokio::test]
async fn a_wrong_password_is_seen_and_costs_no_letter() {
    let authority = authority();
    let (kind, security) = KINDS[0];
    let town = town(kind, &authority, Some(PASSWORD)).await;
    let server = trusting(SmtpServer { security, ..town.in_clear() }, &authority);
    let mail = put_off(&town, with_password(server.clone(), "wrong")).await;
    assert_eq!(mail.reason.as_ref().expect("why").as_str(), "535 5.7.8");
    let mails = town.store.mails_of(scene::booking_id(1)).await.expect("answers");
    let standing = MailStanding::of(&mails, true);
    assert_eq!((standing.state, standing.reason), (MailState::Pending, mail.reason));

    town.pass_time(Duration::from_mins(1));
    let right = with_password(server, PASSWORD);
    let worker = Worker::start(town.office(2), vec![Box::new(Smtp::new(right))]);
    town.confirmation(scene::booking_id(1), MailStatus::Sent).await;
    worker.finish().await;
    assert_eq!(town.arrived().len(), 1);
}
