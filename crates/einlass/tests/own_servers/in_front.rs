//! A waiting room alone in front of a web site, with the configurations of `deploy/` as they are: real nginx and real
//! HAProxy before a static site, no booking API and no Redis.

mod installation;

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use serde_json::Value;
use test_support::{Port, ProxyServer, eventually};

use crate::browser::{Browser, ENTER};
use installation::{Installation, OTHER_ROOM, ROOM};

const PAGE: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
const SOON: Duration = Duration::from_secs(30);
const FORM: &str = "application/x-www-form-urlencoded";
const INSIDE: &str = "what is guarded";

/// A proxy that guards the site, and how those are answered who may not see it.
struct Guarded<'a> {
    client: &'a Client,
    proxy: &'a ProxyServer,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    location: String,
    cookie: String,
    seen_pass: String,
    body: String,
}

impl Guarded<'_> {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.proxy.origin()))
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// What a browser gets that has this pass.
    async fn with_pass(&self, pass: &str) -> Answer {
        let cookie = format!("session=1; __Host-einlass-{ROOM}={pass}");
        answer(self.get("/ticket.html?day=1").header(COOKIE, cookie)).await
    }

    async fn assert_lets_in(&self, pass: &str) {
        let inside = self.with_pass(pass).await;
        assert_eq!((inside.status, inside.body.trim()), (StatusCode::OK, INSIDE), "{inside:?}");
    }

    /// A program is told so, a person sent to the waiting page.
    async fn assert_refuses(&self, pass: &str) {
        let refused = self.with_pass(pass).await;
        let problem: Value = serde_json::from_str(&refused.body).unwrap_or_default();
        let told = (refused.status.as_u16(), &problem["code"]);
        assert_eq!(told, (401, &"pass-required".into()), "{refused:?}");
        assert_eq!(problem["waiting_page"], self.waiting_page());
    }

    fn waiting_page(&self) -> String {
        let back = escaped(&format!("{}/ticket.html?day=1", self.proxy.origin()));
        format!("/einlass/rooms/{ROOM}?return_to={back}")
    }
}

/// An address as a form or a query has it.
fn escaped(address: &str) -> String {
    let escapes = [(":", "%3A"), ("/", "%2F"), ("?", "%3F"), ("=", "%3D")];
    escapes.iter().fold(address.to_owned(), |text, (plain, escape)| text.replace(plain, escape))
}

async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    Answer {
        status: response.status(),
        location: header(LOCATION.as_str()),
        cookie: header(SET_COOKIE.as_str()),
        seen_pass: header("seen-pass"),
        body: response.text().await.expect("a body"),
    }
}

/// Everybody's way in and out through one proxy.
async fn guards_a_site(guarded: &Guarded<'_>, installation: &Installation) {
    let stranger = answer(guarded.get("/ticket.html?day=1").header(ACCEPT, PAGE)).await;
    assert_eq!((stranger.status.as_u16(), &stranger.location), (303, &guarded.waiting_page()));
    guarded.assert_refuses("").await;
    let posted = answer(guarded.request(Method::POST, "/ticket.html").body("a=b")).await;
    assert_eq!(posted.status, 401, "whatever the method is");

    let pass = take_a_pass(guarded).await;
    follows_the_room(guarded).await;
    let back = format!("{}/ticket.html?day=1", guarded.proxy.origin());
    let form = format!("pass={pass}&return_to={}", escaped(&back));
    let current = format!("/einlass/v1/rooms/{ROOM}/passes/current");
    let keep = guarded.request(Method::POST, &current).header(CONTENT_TYPE, FORM).body(form);
    let kept = answer(keep).await;
    assert_eq!((kept.status.as_u16(), &kept.location), (303, &back), "{kept:?}");
    let cookie = kept.cookie.split(';').next().expect("a cookie").to_owned();
    assert_eq!(cookie, format!("__Host-einlass-{ROOM}={pass}"));
    let forged = guarded.get("/ticket.html?day=1").header("einlass-pass-id", "forged");
    let inside = answer(forged.header(COOKIE, &cookie)).await;
    assert_eq!((inside.status, inside.body.trim()), (StatusCode::OK, INSIDE));
    assert_eq!(inside.seen_pass, installation::pass_id(&pass), "what the site may know");
    let bearer = answer(guarded.get("/ticket.html").bearer_auth(&pass)).await;
    assert_eq!(bearer.body.trim(), INSIDE);

    guarded.assert_refuses(&tampered(&pass)).await;
    guarded.assert_refuses(&installation.pass_of(OTHER_ROOM)).await;
    guarded.assert_refuses(&installation.expired_pass()).await;
    let hidden = answer(guarded.get("/_einlass/authorize").header(COOKIE, &cookie)).await;
    assert_eq!(hidden.status, 404, "the question is asked by the proxy alone");

    let left = answer(guarded.request(Method::DELETE, &current).header(COOKIE, &cookie)).await;
    assert_eq!(left.status, 204, "{left:?}");
    assert!(left.cookie.contains("Max-Age=0"), "{left:?}");
    guarded.assert_refuses(&pass).await;
}

/// What is told on a stream, which has no end, arrives at once: the proxy does not gather it.
async fn follows_the_room(guarded: &Guarded<'_>) {
    let stream = guarded.get(&format!("/einlass/v1/rooms/{ROOM}/stream"));
    let mut stream = stream.send().await.expect("an answer");
    let mut told = String::new();
    let arrives = async {
        while !(told.contains("\ndata: {") && told.ends_with("\n\n")) {
            let part = stream.chunk().await.expect("it holds").expect("it has no end");
            told += std::str::from_utf8(&part).expect("text");
        }
    };
    tokio::time::timeout(SOON, arrives).await.expect("the status arrives");
    assert!(told.contains(&format!(r#""room":"{ROOM}""#)), "{told}");
}

/// Joins as soon as the room takes people, as one that begins late listens first; then takes the pass.
async fn take_a_pass(guarded: &Guarded<'_>) -> String {
    let ask = async |path: &str, ticket: &str| -> Value {
        let path = format!("/einlass/v1/rooms/{ROOM}/{path}");
        let mut request = guarded.request(Method::POST, &path).json(&serde_json::json!({}));
        if !ticket.is_empty() {
            request = request.bearer_auth(ticket);
        }
        serde_json::from_str(&answer(request).await.body).expect("an answer or a problem")
    };
    let ticket = tokio::sync::Mutex::new(String::new());
    eventually("the room takes people", SOON, async || {
        let joined = ask("tickets", "").await;
        let given = joined["ticket"].as_str().unwrap_or_default();
        given.clone_into(&mut *ticket.lock().await);
        !given.is_empty()
    })
    .await;
    let (ticket, pass) = (ticket.into_inner(), tokio::sync::Mutex::new(String::new()));
    eventually("somebody is let in", SOON, async || {
        let taken = ask("passes", &ticket).await;
        let given = taken["pass"].as_str().unwrap_or_default();
        given.clone_into(&mut *pass.lock().await);
        !given.is_empty()
    })
    .await;
    pass.into_inner()
}

/// The same pass with another content. (Of a pass with a code in its header the signature is not looked at.)
fn tampered(pass: &str) -> String {
    let middle = pass.len() / 2;
    let changed = if pass[middle..].starts_with('A') { 'B' } else { 'A' };
    format!("{}{changed}{}", &pass[..middle], &pass[middle + 1..])
}

/// A person who knows nothing of all this opens a page: the room's waiting page leads there and back.
async fn lets_a_person_in(browser: &Browser, guarded: &Guarded<'_>) {
    let path = "/ticket.html?day=1";
    browser.open(&format!("{}{path}", guarded.proxy.origin())).await;
    browser.until_shown("h1", &["line"]).await;
    assert_eq!(browser.nameless().await, Vec::<String>::new());
    browser.press("main button", ENTER).await;
    let look = "return location.pathname + location.search + ' ' + document.body.innerText";
    eventually("the page is shown", SOON, async || {
        browser
            .run(look)
            .await
            .as_str()
            .is_some_and(|seen| seen.trim() == format!("{path} {INSIDE}"))
    })
    .await;
    let leave = format!(
        "return fetch('/einlass/v1/rooms/{ROOM}/passes/current', {{method: 'DELETE'}}).then((answer) => answer.status)"
    );
    assert_eq!(browser.run(&leave).await, 204);
}

/// While the room cannot be asked, each proxy does what its configuration says.
async fn fails_as_configured(closed: [&Guarded<'_>; 2], open: [&Guarded<'_>; 2], pass: &str) {
    for guarded in closed {
        let refused = guarded.with_pass(pass).await;
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(!refused.body.contains(INSIDE), "{refused:?}");
    }
    for guarded in open {
        let let_in = guarded.with_pass("").await;
        assert_eq!((let_in.status, let_in.body.trim()), (StatusCode::OK, INSIDE), "{let_in:?}");
        assert_eq!(let_in.seen_pass, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_proxies_guard_a_static_site() {
    let room = Port::reserve().expect("a port");
    let site = installation::static_site(INSIDE).await;
    let proxies = installation::Proxies::start(room.number(), site.port()).await;
    let origins = [&proxies.nginx, &proxies.haproxy].map(ProxyServer::origin);
    let installation = Installation::start(room, &origins);
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy();
    let client = client.timeout(Duration::from_secs(20)).build().expect("a client");
    installation.until_ready(&client).await;
    let guarded = |proxy| Guarded { client: &client, proxy };
    let [nginx, haproxy] = [&proxies.nginx, &proxies.haproxy].map(guarded);
    let [open_nginx, open_haproxy] = [&proxies.open_nginx, &proxies.open_haproxy].map(guarded);

    guards_a_site(&nginx, &installation).await;
    guards_a_site(&haproxy, &installation).await;

    let browser = Browser::start().await;
    // Hosts have cookies, whatever the port: the second one has none, since whoever gives the pass back keeps no
    // ticket either.
    lets_a_person_in(&browser, &nginx).await;
    lets_a_person_in(&browser, &haproxy).await;
    browser.close().await;

    let pass = installation.pass_of(ROOM);
    for guarded in [&nginx, &haproxy, &open_nginx, &open_haproxy] {
        guarded.assert_lets_in(&pass).await;
    }
    for guarded in [&open_nginx, &open_haproxy] {
        assert_eq!(guarded.with_pass("").await.status, 401, "it can be asked");
    }
    let (closed, open) = ([&nginx, &haproxy], [&open_nginx, &open_haproxy]);
    installation.freeze();
    fails_as_configured(closed, open, &pass).await;
    installation.thaw();
    for guarded in closed {
        eventually("it is asked again", SOON, async || {
            guarded.with_pass(&pass).await.status == StatusCode::OK
        })
        .await;
    }
    installation.kill();
    fails_as_configured(closed, open, &pass).await;
}
