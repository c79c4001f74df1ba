//! Debian's Chromium without a window, driven over `WebDriver` (W3C) as plain HTTP.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use test_support::{Port, eventually, locate_chromium};

/// How long the page may take to show something.
pub const SOON: Duration = Duration::from_secs(30);
/// What `WebDriver` calls an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Whatever somebody can type into or press.
const SHOWN: &str = ":is(input, select, button):not([hidden], [hidden] *, [type=hidden])";
/// The key that sends a form.
pub const ENTER: &str = "\u{e007}";

/// A browser with one page.
pub struct Browser {
    client: Client,
    session: String,
    driver: Child,
    _port: Port,
}

impl Browser {
    pub async fn start() -> Self {
        let programs = locate_chromium().expect("a browser");
        let port = Port::reserve().expect("a free port");
        let driver = Command::new(programs.driver)
            .arg(format!("--port={}", port.number()))
            .stdout(Stdio::null())
            .spawn()
            .expect("the driver runs");
        let (client, url) = (Client::new(), format!("http://127.0.0.1:{}", port.number()));
        let mut browser = Self { client, session: url, driver, _port: port };
        eventually("the driver is there", SOON, async || {
            browser.client.get(format!("{}/status", browser.session)).send().await.is_ok()
        })
        .await;
        // The tests run as root in a container, where Chromium has no sandbox of its own.
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
        let options = json!({"args": arguments, "binary": programs.browser});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let session = browser.call(Method::POST, "/session", wanted).await;
        let id = session["sessionId"].as_str().expect("a session");
        browser.session = format!("{}/session/{id}", browser.session);
        browser
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.session);
        let request = self.client.request(method, &url);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.expect("the driver answers");
        let status = answer.status();
        let mut answer: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "{url}: {answer}");
        answer["value"].take()
    }

    pub async fn open(&self, url: &str) {
        self.call(Method::POST, "/url", json!({"url": url})).await;
    }

    pub async fn reload(&self) {
        self.call(Method::POST, "/refresh", json!({})).await;
    }

    /// What the script returns.
    pub async fn run(&self, script: &str) -> Value {
        self.call(Method::POST, "/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Cuts the page off from the network.
    pub async fn go_offline(&self) {
        let offline = json!({"offline": true, "latency": 0, "throughput": 0});
        let conditions = json!({"network_conditions": offline});
        self.call(Method::POST, "/chromium/network_conditions", conditions).await;
    }

    /// Lets it have the network again.
    pub async fn go_online(&self) {
        self.call(Method::DELETE, "/chromium/network_conditions", Value::Null).await;
    }

    /// Puts the text into a field, in place of what is there, as a keyboard does.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.call(Method::POST, &format!("{element}/clear"), json!({})).await;
        self.call(Method::POST, &format!("{element}/value"), json!({"text": text})).await;
    }

    /// Presses a key while the focus is on the element.
    pub async fn press(&self, css: &str, key: &str) {
        let element = self.find(css).await;
        self.call(Method::POST, &format!("{element}/value"), json!({"text": key})).await;
    }

    /// The fields and buttons now shown that a screen reader has no name for.
    pub async fn nameless(&self) -> Vec<String> {
        let by = json!({"using": "css selector", "value": SHOWN});
        let found = self.call(Method::POST, "/elements", by).await;
        let mut nameless = Vec::new();
        for element in found.as_array().expect("elements") {
            let element = format!("/element/{}", element[ELEMENT].as_str().expect("an element"));
            let label =
                self.call(Method::GET, &format!("{element}/computedlabel"), Value::Null).await;
            if label.as_str().is_none_or(str::is_empty) {
                let name = format!("{element}/attribute/name");
                nameless.push(self.call(Method::GET, &name, Value::Null).await.to_string());
            }
        }
        nameless
    }

    /// The text that can be seen.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(css).await;
        let text = self.call(Method::GET, &format!("{element}/text"), Value::Null).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the element shows all of this.
    pub async fn until_shown(&self, css: &str, parts: &[&str]) {
        let what = format!("{css} shows {parts:?}");
        let shows = async || {
            let text = self.text(css).await;
            parts.iter().all(|part| text.contains(part))
        };
        eventually(&what, SOON, shows).await;
    }

    /// Waits until the element shows nothing.
    pub async fn until_empty(&self, css: &str) {
        eventually(css, SOON, async || self.text(css).await.is_empty()).await;
    }

    async fn find(&self, css: &str) -> String {
        let by = json!({"using": "css selector", "value": css});
        let found = self.call(Method::POST, "/element", by).await;
        format!("/element/{}", found[ELEMENT].as_str().expect("an element"))
    }

    /// Ends the browser; dropped, only the driver would end.
    pub async fn close(self) {
        self.call(Method::DELETE, "", Value::Null).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
