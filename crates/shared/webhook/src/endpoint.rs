//! Who gets messages, as the operator writes it: a file with one `[[endpoint]]` for each.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use kernel::Slug;
use kernel::private_file::require_private;
use reqwest::Url;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{Networks, Secrets};

const ENDPOINTS_MAX: usize = 50;
const SECRETS_MAX: usize = 4;
const URL_LENGTH_MAX: usize = 2_048;

/// The port of HTTPS, and the first one that belongs to no well-known service.
const PORT: u16 = 443;
const PORT_FREE: u16 = 1_024;

/// One who gets messages.
#[derive(Clone)]
pub struct Endpoint {
    /// What it is called: in the log, at the command line, in the store.
    pub name: Slug,
    /// Where it is. Parts of it may be secret.
    pub url: Url,
    /// What messages are signed with.
    pub secrets: Secrets,
    /// What it wants to be told.
    events: Vec<String>,
    /// Of which campaigns; of all if there are none.
    pub campaigns: Vec<Slug>,
    /// Where it may lie besides the Internet.
    pub networks: Networks,
    /// Whether messages may go there without TLS.
    pub allow_http: bool,
}

impl Endpoint {
    /// Whether it wants to be told of this.
    #[must_use]
    pub fn wants(&self, event: &str) -> bool {
        self.events.iter().any(|pattern| fits(pattern, event))
    }

    /// Where it is, as far as that may be shown.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} at {})", self.name, self.host())
    }
}

/// `booking.created` fits itself, `booking.*` all that begins with `booking.`, and `*` everything.
fn fits(pattern: &str, event: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == event, |start| event.starts_with(start))
}

/// The file cannot be used. Each line names an endpoint, what is wrong with it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct InvalidEndpoints(pub Vec<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    endpoint: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    url: String,
    secret_files: Vec<PathBuf>,
    #[serde(default = "everything")]
    events: Vec<String>,
    #[serde(default)]
    campaigns: Vec<String>,
    #[serde(default)]
    allowed_networks: Vec<String>,
    #[serde(default)]
    allow_http: bool,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Reads the file and the secrets that it names. `known` is what there is to be told.
pub fn read(path: &Path, known: &[&str]) -> Result<Vec<Endpoint>, InvalidEndpoints> {
    let text = fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        InvalidEndpoints(vec![format!("failed to read the endpoints {path}: {error}")])
    })?;
    let name = path.display().to_string();
    parse(&text, known).map_err(|InvalidEndpoints(mistakes)| {
        InvalidEndpoints(mistakes.iter().map(|mistake| format!("{name}: {mistake}")).collect())
    })
}

fn parse(text: &str, known: &[&str]) -> Result<Vec<Endpoint>, InvalidEndpoints> {
    let file: File = toml::from_str(text).map_err(|error| {
        // Without the line itself, in which a secret may stand.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        InvalidEndpoints(vec![format!("line {line}: {}", error.message())])
    })?;
    let mut mistakes = Vec::new();
    if file.endpoint.len() > ENDPOINTS_MAX {
        mistakes.push(format!("there are more than {ENDPOINTS_MAX} endpoints"));
    }
    let mut names = HashSet::new();
    let mut endpoints = Vec::new();
    for written in &file.endpoint {
        let mut found = Vec::new();
        if !names.insert(&written.name) {
            found.push("`name`: there is another endpoint of this name".to_owned());
        }
        let endpoint = Checking { written, known, found: &mut found }.endpoint();
        mistakes.extend(
            found.iter().map(|mistake| format!("endpoint \"{}\": {mistake}", written.name)),
        );
        endpoints.extend(endpoint);
    }
    if mistakes.is_empty() { Ok(endpoints) } else { Err(InvalidEndpoints(mistakes)) }
}

struct Checking<'a> {
    written: &'a Written,
    known: &'a [&'a str],
    found: &'a mut Vec<String>,
}

impl Checking<'_> {
    fn endpoint(&mut self) -> Option<Endpoint> {
        let name = self.slug("name", &self.written.name);
        let (url, secrets) = (self.url(), self.secrets());
        self.events();
        let campaigns = self.written.campaigns.iter();
        let campaigns = campaigns.filter_map(|name| self.slug("campaigns", name)).collect();
        let networks = match Networks::parse(&self.written.allowed_networks) {
            Ok(networks) => Some(networks),
            Err(text) => {
                self.wrong("allowed_networks", &format!(
                    "\"{text}\" is no network in CIDR notation, such as \"10.1.0.0/16\" or \"fd00:1::/64\""
                ));
                None
            }
        };
        Some(Endpoint {
            name: name?,
            url: url?,
            secrets: secrets?,
            events: self.written.events.clone(),
            campaigns,
            networks: networks?,
            allow_http: self.written.allow_http,
        })
    }

    fn wrong(&mut self, field: &str, what: &str) {
        self.found.push(format!("`{field}`: {what}"));
    }

    fn slug(&mut self, field: &str, text: &str) -> Option<Slug> {
        let slug = text.parse().map_err(|error| self.wrong(field, &format!("{error}")));
        slug.ok()
    }

    /// The URL itself is not shown: parts of it may be secret.
    fn url(&mut self) -> Option<Url> {
        let written = &self.written.url;
        let url = Url::parse(written).ok().filter(Url::has_host);
        let Some(url) = url.filter(|_| written.len() <= URL_LENGTH_MAX) else {
            self.wrong("url", "is no URL with a host, such as https://hooks.example.org/einlass");
            return None;
        };
        let is_http = url.scheme() == "http";
        if !(url.scheme() == "https" || is_http && self.written.allow_http) {
            self.wrong(
                "url",
                "must begin with https:// (for tests on one machine, set `allow_http`)",
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            self.wrong(
                "url",
                "must have no user and no password: the receiver verifies the signature",
            );
        }
        if url.fragment().is_some() {
            self.wrong("url", "must have no \"#\": what follows it is sent to nobody");
        }
        let port = url.port_or_known_default().unwrap_or(PORT);
        if port != PORT && port < PORT_FREE {
            let what = "must have the port 443, or one from 1024 on: below, other services listen";
            self.wrong("url", what);
        }
        Some(url)
    }

    fn secrets(&mut self) -> Option<Secrets> {
        let files = &self.written.secret_files;
        if files.is_empty() || files.len() > SECRETS_MAX {
            let what = format!(
                "must name 1 to {SECRETS_MAX} files, each with one secret: the current one, then those that \
                 are being replaced"
            );
            self.wrong("secret_files", &what);
            return None;
        }
        let mut texts = Vec::new();
        for file in files {
            match secret(file) {
                Ok(text) => texts.push(text),
                Err(what) => self.wrong("secret_files", &what),
            }
        }
        if texts.len() < files.len() {
            return None;
        }
        Secrets::parse(texts.iter().map(|text| text.as_str())).ok()
    }

    fn events(&mut self) {
        for pattern in &self.written.events {
            if !self.known.iter().any(|event| fits(pattern, event)) {
                let known = self.known.join(", ");
                self.wrong("events", &format!("\"{pattern}\" is none of {known}, and fits none"));
            }
        }
        if self.written.events.is_empty() {
            self.wrong("events", "is empty: leave it out for everything, or take the endpoint out");
        }
    }
}

fn secret(file: &Path) -> Result<Zeroizing<String>, String> {
    require_private(file).map_err(|error| error.to_string())?;
    let text = fs::read_to_string(file)
        .map_err(|error| format!("failed to read {}: {error}", file.display()))?;
    let text = Zeroizing::new(text);
    match Secrets::parse([text.as_str()]) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{} {error}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const KNOWN: &[&str] = &["booking.created", "booking.moved", "campaign.changed"];

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().expect("a folder"));
            folder.secret("s", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
            folder
        }

        fn secret(&self, name: &str, text: &str) {
            let mut file = kernel::private_file::create(&self.0.path().join(name)).expect("a file");
            file.write_all(text.as_bytes()).expect("written");
        }

        fn read(&self, text: &str) -> Result<Vec<Endpoint>, InvalidEndpoints> {
            let folder = self.0.path().display();
            let path = self.0.path().join("endpoints.toml");
            fs::write(&path, text.replace("secrets/", &format!("{folder}/"))).expect("written");
            read(&path, KNOWN)
        }
    }

    const GOOD: &str = r#"
[[endpoint]]
name = "health-office"
url = "https://hooks.example.org/einlass?token=geheim"
secret_files = ["secrets/s"]
"#;

    #[test]
    fn an_endpoint_says_what_it_wants() {
        let folder = Folder::new();
        let endpoints = folder.read(GOOD).expect("valid");
        assert!(KNOWN.iter().all(|event| endpoints[0].wants(event)), "everything by default");
        let shown = format!("{endpoints:?}");
        assert_eq!(shown, "[Endpoint(health-office at hooks.example.org)]");

        let some = format!("{GOOD}events = [\"booking.*\", \"campaign.changed\"]\n");
        let endpoint = &folder.read(&some).expect("valid")[0];
        assert!(KNOWN.iter().all(|event| endpoint.wants(event)));
        let one = format!("{GOOD}events = [\"booking.moved\"]\ncampaigns = [\"speyer\"]\n");
        let endpoint = &folder.read(&one).expect("valid")[0];
        assert!(endpoint.wants("booking.moved") && !endpoint.wants("booking.created"));
        assert_eq!(endpoint.campaigns, ["speyer".parse().expect("a name")]);
    }

    #[test]
    fn every_mistake_is_named_and_no_secret() {
        let folder = Folder::new();
        folder.secret("none", "geheim");
        fs::write(folder.0.path().join("open"), "whsec_geheim").expect("written");
        let url = "https://hooks.example.org/einlass?token=geheim";
        for (from, to, expected) in [
            ("health-office", "Health", "endpoint \"Health\": `name`: 'Health' is not a name"),
            (url, "geheim", "`url`: is no URL with a host"),
            (url, "http://a.example/geheim", "`url`: must begin with https://"),
            (url, "ftp://a.example/geheim", "`url`: must begin with https://"),
            (url, "https://u:geheim@a.example", "`url`: must have no user"),
            (url, "https://a.example/#geheim", "`url`: must have no \"#\""),
            (url, "https://a.example:25/", "`url`: must have the port 443"),
            ("\"secrets/s\"", "", "`secret_files`: must name 1 to 4 files"),
            ("secrets/s", "secrets/none", "none has no secret: write \"whsec_\""),
            ("secrets/s", "secrets/open", "open can be opened by others"),
            ("secrets/s", "secrets/gone", "failed to read"),
            ("secret_files", "events = []\nsecret_files", "`events`: is empty"),
            (
                "secret_files",
                "events = [\"booking.danced\"]\nsecret_files",
                "is none of booking.created, ",
            ),
            (
                "secret_files",
                "campaigns = [\"A b\"]\nsecret_files",
                "`campaigns`: 'A b' is not a name",
            ),
            ("secret_files", "allowed_networks = [\"ten\"]\nsecret_files", "\"ten\" is no network"),
            ("secret_files", "secret = 1\nsecret_files", "unknown field `secret`"),
        ] {
            let found = folder.read(&GOOD.replacen(from, to, 1)).expect_err(to).to_string();
            assert!(found.contains(expected), "{to}: {found}");
            assert!(found.contains("endpoints.toml: "), "{found}");
            assert!(!found.contains("geheim"), "{found}");
        }
        let twice = folder.read(&GOOD.repeat(2)).expect_err("refused").to_string();
        assert!(twice.contains("there is another endpoint of this name"), "{twice}");
        let many: String =
            (0..=ENDPOINTS_MAX).map(|n| GOOD.replace("health-office", &format!("e-{n}"))).collect();
        assert_eq!(folder.read(&many).expect_err("refused").0.len(), 1);
    }

    #[test]
    fn http_is_for_tests() {
        let folder = Folder::new();
        let http = GOOD.replace("https://hooks.example.org", "http://127.0.0.1:8000");
        let endpoints = folder.read(&format!("{http}allow_http = true\n")).expect("valid");
        assert!(endpoints[0].allow_http);
        assert!(folder.read(&http).is_err());
        let without = http.replace("127.0.0.1:8000", "127.0.0.1");
        let found = folder.read(&format!("{without}allow_http = true\n")).expect_err("port 80");
        assert!(found.to_string().contains("`url`: must have the port 443"), "{found}");
    }
}
