//! A browser without JavaScript: it keeps cookies, follows redirects, reads pages and sends forms.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use ::web::{Drain, Edge};
use actix_web::App;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, header};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use kernel::SeededEntropy;
use roxmltree::{Document, Node, ParsingOptions};
use url::{Url, form_urlencoded};

use crate::harness::Harness;

const HOST: &str = "shop.example";
/// Where the proxy puts the waiting room; rooms of their own host are asked without.
const BELOW: &str = "/einlass";

type Service = Rc<dyn Fn(TestRequest) -> Pin<Box<dyn Future<Output = Answer>>>>;

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The names of the cookies that it takes away.
    pub(super) fn taken_away(&self) -> Vec<&str> {
        let set = self.headers.get_all(header::SET_COOKIE).filter_map(|value| value.to_str().ok());
        set.filter(|cookie| cookie.contains("=; Max-Age=0; "))
            .filter_map(|cookie| cookie.split('=').next())
            .collect()
    }
}

pub(super) struct Browser {
    service: Service,
    language: &'static str,
    cookies: BTreeMap<String, String>,
    takes_cookies: bool,
    url: Url,
    answer: Answer,
    gone_to: Option<String>,
}

impl Browser {
    /// One whose user reads these languages, before the rooms of a harness.
    pub(super) async fn of(harness: &Harness, language: &'static str) -> Self {
        let routes = crate::routes(harness.app.clone());
        let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
        let service = Rc::new(init_service(App::new().configure(routes).wrap(edge)).await);
        let service: Service = Rc::new(move |request| {
            let service = service.clone();
            Box::pin(async move {
                let response = call_service(&*service, request.to_request()).await;
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                let text = read_body(response).await;
                let text = String::from_utf8(text.to_vec()).expect("UTF-8");
                Answer { status, headers, text }
            })
        });
        let url = Url::parse(&format!("https://{HOST}/")).expect("an address");
        let answer = Answer { status: 0, headers: HeaderMap::new(), text: String::new() };
        let (cookies, gone_to) = (BTreeMap::new(), None);
        Self { service, language, cookies, takes_cookies: true, url, answer, gone_to }
    }

    /// Another browser with the same page open, and with the same cookies.
    pub(super) fn twin(&self) -> Self {
        self.showing(self)
    }

    /// This browser with the page that another one shows.
    pub(super) fn showing(&self, other: &Self) -> Self {
        let Answer { status, headers, text } = &other.answer;
        let answer = Answer { status: *status, headers: headers.clone(), text: text.clone() };
        let (service, cookies) = (Rc::clone(&self.service), self.cookies.clone());
        Self { service, cookies, url: other.url.clone(), answer, gone_to: None, ..*self }
    }

    /// From now on another instance answers.
    pub(super) async fn is_answered_by(&mut self, harness: &Harness) {
        self.service = Self::of(harness, self.language).await.service;
    }

    pub(super) fn refuse_cookies(&mut self) {
        self.takes_cookies = false;
    }

    pub(super) fn forget(&mut self) {
        self.cookies.clear();
    }

    pub(super) fn cookies(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// A request without anything that follows from it.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        form: &str,
        headers: &[(&'static str, &str)],
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let path = path.strip_prefix(BELOW).unwrap_or(path);
        let mut request = TestRequest::with_uri(path)
            .method(method.clone())
            .insert_header((header::HOST, HOST))
            .insert_header((header::ACCEPT_LANGUAGE, self.language))
            .insert_header((header::COOKIE, self.cookies()));
        if method == Method::POST {
            request = request
                .insert_header((header::ORIGIN, format!("https://{HOST}")))
                .insert_header((header::CONTENT_TYPE, ::web::form::FORM))
                .set_payload(form.to_owned());
        }
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        (self.service)(request).await
    }

    pub(super) async fn open(&mut self, address: &str) {
        let url = self.url.join(address).expect("an address");
        self.go("GET", url, "").await;
    }

    /// The page once more, as it asks for itself.
    pub(super) async fn renew(&mut self) {
        self.go("GET", self.url.clone(), "").await;
    }

    async fn go(&mut self, method: &str, url: Url, form: &str) {
        self.gone_to = None;
        self.get_page(method, url, form).await;
        for _ in 0..3 {
            if self.answer.status != 303 {
                break;
            }
            let location = self.answer.header("location");
            let next = self.url.join(location).expect("an address");
            let is_waiting_room = next.path().contains("/rooms/");
            if next.host_str() != Some(HOST) || !is_waiting_room {
                self.gone_to = Some(next.into());
                return;
            }
            self.get_page("GET", next, "").await;
        }
        self.judge();
    }

    async fn get_page(&mut self, method: &str, url: Url, form: &str) {
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.answer = self.ask(method, &format!("{}{query}", url.path()), form, &[]).await;
        self.url = url;
        for cookie in self.answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            assert!(cookie.starts_with("__Host-einlass-"), "{cookie}");
            assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
            let (name, value) = cookie.split_once('=').expect("a cookie");
            let value = value.split(';').next().unwrap_or_default();
            if cookie.contains("; Max-Age=0;") {
                self.cookies.remove(name);
            } else if self.takes_cookies {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// What holds for every page: it is well-formed, loads and runs nothing, and can be used without seeing it.
    fn judge(&self) {
        let answer = &self.answer;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("form-action 'self'"), "{policy}");
        assert!(answer.text.len() < 8 * 1024, "it is small");
        self.read(|page| {
            let elements = || page.descendants().filter(Node::is_element);
            let named = |name: &'static str| elements().filter(move |node| node.has_tag_name(name));
            let language = page.root_element().attribute("lang");
            assert_eq!(language, Some(answer.header("content-language")));
            for (name, count) in [("h1", 1), ("main", 1), ("title", 1), ("script", 0), ("img", 0)] {
                assert_eq!(named(name).count(), count, "{name} in {}", answer.text);
            }
            let statuses = elements().filter(|node| node.attribute("role") == Some("status"));
            assert_eq!(statuses.count(), 1);
            let ids: Vec<&str> = elements().filter_map(|node| node.attribute("id")).collect();
            let different: BTreeSet<&str> = ids.iter().copied().collect();
            assert_eq!(ids.len(), different.len(), "{ids:?}");
            let labels: BTreeSet<&str> =
                named("label").filter_map(|label| label.attribute("for")).collect();
            let typed = named("input").filter(|input| input.attribute("type") != Some("hidden"));
            for input in typed {
                assert!(input.attribute("id").is_some_and(|id| labels.contains(id)), "{input:?}");
            }
            for attribute in ["aria-describedby", "for"] {
                let mut references = elements().filter_map(|node| node.attribute(attribute));
                assert!(references.all(|id| different.contains(id)), "{}", answer.text);
            }
            for link in named("a").filter_map(|link| link.attribute("href")) {
                let is_here = self.url.join(link).is_ok_and(|to| to.path() == self.url.path());
                let anchor = link.strip_prefix('#');
                assert!(is_here && anchor.is_none_or(|id| different.contains(id)), "{link}");
            }
        });
    }

    /// Reads the page, which is XML as well.
    fn read<T>(&self, read: impl FnOnce(&Document<'_>) -> T) -> T {
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        let page = Document::parse_with_options(&self.answer.text, options);
        read(&page.unwrap_or_else(|error| panic!("{error}: {}", self.answer.text)))
    }

    /// Fills in the form, and sends it.
    pub(super) async fn send(&mut self, typed: &[(&str, &str)]) {
        let form = self.read(|page| {
            let forms: Vec<_> =
                page.descendants().filter(|node| node.has_tag_name("form")).collect();
            let [form] = forms[..] else { panic!("{} forms: {}", forms.len(), self.answer.text) };
            assert_eq!((form.attribute("method"), form.attribute("action")), (Some("post"), None));
            assert!(form.descendants().any(|node| node.has_tag_name("button")));
            filled_in(form, typed)
        });
        self.go("POST", self.url.clone(), &form).await;
    }

    /// Follows the link with this text.
    pub(super) async fn follow(&mut self, text: &str) {
        let link = self.read(|page| {
            let mut links = page.descendants().filter(|node| node.has_tag_name("a"));
            let link = links.find(|link| link.text() == Some(text));
            link.and_then(|link| link.attribute("href")).map(str::to_owned)
        });
        self.open(&link.unwrap_or_else(|| panic!("no link {text}: {}", self.answer.text))).await;
    }

    pub(super) fn status(&self) -> u16 {
        self.answer.status
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.answer.header(name)
    }

    pub(super) fn source(&self) -> &str {
        &self.answer.text
    }

    pub(super) fn gone_to(&self) -> Option<&str> {
        self.gone_to.as_deref()
    }

    /// After how many seconds the page is asked for again.
    pub(super) fn refresh_s(&self) -> Option<u32> {
        self.read(|page| {
            let mut metas = page.descendants().filter(|node| node.has_tag_name("meta"));
            let refresh = metas.find(|meta| meta.attribute("http-equiv") == Some("refresh"))?;
            refresh.attribute("content")?.parse().ok()
        })
    }

    pub(super) fn heading(&self) -> String {
        self.text_of("h1").expect("a heading")
    }

    /// The text of the first element in the last element that is named.
    pub(super) fn text_of(&self, names: &str) -> Option<String> {
        self.read(|page| {
            let mut found = page.root();
            for name in names.split(' ') {
                found = found.descendants().find(|node| node.has_tag_name(name))?;
            }
            Some(text(found))
        })
    }

    pub(super) fn status_lines(&self) -> Vec<String> {
        self.with_role("status", "p")
    }

    pub(super) fn alert(&self) -> Vec<String> {
        self.with_role("alert", "p")
    }

    /// What is wrong with which field, as the list at the top says.
    pub(super) fn mistakes(&self) -> Vec<String> {
        self.with_role("alert", "li")
    }

    fn with_role(&self, role: &str, name: &str) -> Vec<String> {
        self.read(|page| {
            let parts = page.descendants().filter(|node| node.attribute("role") == Some(role));
            let inner = parts.flat_map(|part| part.descendants());
            inner.filter(|node| node.has_tag_name(name)).map(text).collect()
        })
    }

    /// The numbers, with their names.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        self.read(|page| {
            let facts = page.descendants().filter(|node| node.has_tag_name("dt"));
            let value = |name: Node<'_, '_>| name.next_sibling_element().map(text);
            facts.map(|name| (text(name), value(name).expect("a value"))).collect()
        })
    }

    /// The attribute of the field with this id.
    pub(super) fn field(&self, id: &str, attribute: &str) -> Option<String> {
        self.read(|page| {
            let field = page.descendants().find(|node| node.attribute("id") == Some(id))?;
            field.attribute(attribute).map(str::to_owned)
        })
    }
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect()
}

/// The form as it is sent: what is in it, and what was typed in.
fn filled_in(form: Node<'_, '_>, typed: &[(&str, &str)]) -> String {
    let inputs = || form.descendants().filter(|node| node.has_tag_name("input"));
    for (name, value) in typed {
        let is_there = inputs().any(|input| {
            let is_choice = input.attribute("type") == Some("radio");
            input.attribute("name") == Some(*name)
                && (!is_choice || input.attribute("value") == Some(*value))
        });
        assert!(is_there, "the form has no {name} that can be {value}");
    }
    let mut sent = form_urlencoded::Serializer::new(String::new());
    for input in inputs() {
        let name = input.attribute("name").expect("a name");
        let value = input.attribute("value").unwrap_or_default();
        let given = typed.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
        let is_sent = match (input.attribute("type"), given) {
            (Some("radio"), Some(given)) => given == value,
            (Some("radio"), None) => input.has_attribute("checked"),
            _ => true,
        };
        if is_sent {
            sent.append_pair(name, given.unwrap_or(value));
        }
    }
    sent.finish()
}
