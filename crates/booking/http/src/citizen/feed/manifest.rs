//! GET /fhir/$bulk-publish

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use web::{CachedBody, Problem, problem_responses};

use super::{Feed, MAX_AGE_S, PublicUrls};
use crate::app::App;
use crate::rendered::to_json;

/// Where the files of the feed are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    #[schema(value_type = String, format = DateTime)]
    transaction_time: Timestamp,
    /// The URL of this manifest.
    #[schema(example = "https://termine.example.de/fhir/$bulk-publish")]
    request: String,
    output: Vec<PublishedFile>,
    /// Always empty.
    #[schema(value_type = Vec<String>, max_items = 0)]
    error: [&'static str; 0],
}

/// A file of the feed: one resource a line.
#[derive(Serialize, ToSchema)]
struct PublishedFile {
    #[serde(rename = "type")]
    kind: PublishedKind,
    #[schema(example = "https://termine.example.de/fhir/locations.ndjson")]
    url: String,
}

/// What is in a file.
#[derive(Serialize, ToSchema)]
enum PublishedKind {
    /// Sites.
    Location,
    /// A campaign at a site.
    Schedule,
    /// Slots of one campaign.
    Slot,
}

impl Feed {
    pub(super) fn manifest(&self, urls: &PublicUrls) -> &CachedBody {
        self.manifest.get_or_init(|| {
            let file =
                |kind, path: &str| PublishedFile { kind, url: format!("{}{path}", urls.api) };
            let slots = self.open().map(|view| {
                let path = format!("/fhir/campaigns/{}/slots.ndjson", view.campaign.id);
                file(PublishedKind::Slot, &path)
            });
            let mut output = vec![
                file(PublishedKind::Location, "/fhir/locations.ndjson"),
                file(PublishedKind::Schedule, "/fhir/schedules.ndjson"),
            ];
            output.extend(slots);
            let files = to_json(&output);
            let manifest = Manifest {
                transaction_time: self.at,
                request: format!("{}/fhir/$bulk-publish", urls.api),
                output,
                error: [],
            };
            // A later manifest of the same files is no news.
            CachedBody::json(to_json(&manifest), MAX_AGE_S).validated_by(&files)
        })
    }
}

problem_responses!(
    /// What the manifest can be refused with.
    ManifestProblems: Unavailable
);

/// Find free slots as SMART Scheduling Links.
///
/// The manifest of a feed that other sites may read, of every campaign that can be booked:
/// [SMART Scheduling Links](https://github.com/smart-on-fhir/smart-scheduling-links).
#[utoipa::path(
    tag = "feeds",
    responses((status = 200, body = Manifest, description = "The manifest."), (status = 304, description = "Unchanged."), ManifestProblems),
)]
#[get("/fhir/$bulk-publish")]
pub(crate) async fn show_manifest(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(app.feed()?.manifest(&app.urls).respond(&request))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::harness::Api;

    /// What the format says each resource has, see <https://github.com/smart-on-fhir/smart-scheduling-links>.
    const FORMAT: &str = include_str!("format.json");

    /// Why `value` is not of the `shape`: an object of shapes, a list of one shape, or the name of a kind of
    /// text.
    fn mistake(shape: &Value, value: &Value, path: &str) -> Option<String> {
        match (shape, value) {
            (Value::Object(members), Value::Object(_)) => {
                members.iter().find_map(|(name, shape)| {
                    let optional = name.strip_suffix('?');
                    let member = &value[optional.unwrap_or(name)];
                    let left_out = optional.is_some() && member.is_null();
                    if left_out { None } else { mistake(shape, member, &format!("{path}.{name}")) }
                })
            }
            (Value::Array(shapes), Value::Array(values)) => {
                values.iter().find_map(|value| mistake(&shapes[0], value, path))
            }
            (Value::String(kind), Value::String(text)) => {
                let fits = match kind.as_str() {
                    "text" => !text.is_empty(),
                    "id" => {
                        let allowed = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
                        (1..=64).contains(&text.len()) && text.chars().all(allowed)
                    }
                    "instant" => text.parse::<kernel::Timestamp>().is_ok(),
                    "url" => text.starts_with("https://"),
                    one_of => one_of.split('|').any(|allowed| allowed == text),
                };
                (!fits).then(|| format!("{path}: '{text}' is no {kind}"))
            }
            (Value::String(kind), Value::Number(number)) => {
                let fits = kind == "count" && number.as_u64().is_some();
                (!fits).then(|| format!("{path}: {number} is no {kind}"))
            }
            _ => Some(format!("{path}: {value} is not {shape}")),
        }
    }

    fn ids(resources: &[Value]) -> BTreeSet<String> {
        resources.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
    }

    fn references(resources: &[Value], path: &str, kind: &str) -> BTreeSet<String> {
        let of = |one: &Value| {
            let reference = one.pointer(path).and_then(Value::as_str).expect("a reference");
            reference.strip_prefix(kind).expect("of that kind").to_owned()
        };
        resources.iter().map(of).collect()
    }

    /// A client goes from the manifest to every file, each line is what the format says, and what they refer
    /// to is there.
    #[actix_web::test]
    async fn the_feed_is_of_the_published_format() {
        let format: Value = serde_json::from_str(FORMAT).expect("JSON");
        let api = Api::start().await;
        let manifest = api.get("/fhir/$bulk-publish").send().await;
        assert_eq!(manifest.header("cache-control"), "public, max-age=60");
        assert_eq!(mistake(&format["Manifest"], &manifest.json, ""), None);
        let mut files: Vec<(String, Vec<Value>)> = Vec::new();
        for file in manifest.json["output"].as_array().expect("files") {
            let (kind, url) = (file["type"].as_str().expect("a kind"), file["url"].as_str());
            let path = url.and_then(|url| url.strip_prefix("https://api.example.de"));
            let reply = api.get(path.expect("at the public URL")).send().await;
            assert_eq!(
                (reply.status, reply.header("content-type")),
                (200, "application/fhir+ndjson")
            );
            assert_eq!(reply.header("cache-control"), "public, max-age=60");
            let text = std::str::from_utf8(&reply.bytes).expect("text");
            assert!(text.ends_with('\n'), "every line is ended");
            let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
            let lines: Vec<Value> = lines.collect();
            for line in &lines {
                assert_eq!(mistake(&format[kind], line, kind), None, "{line}");
            }
            assert_eq!(ids(&lines).len(), lines.len(), "every {kind} has an id of its own");
            files.push((kind.to_owned(), lines));
        }
        let kinds: Vec<_> =
            files.iter().map(|(kind, lines)| (kind.as_str(), lines.len())).collect();
        assert_eq!(kinds, [("Location", 2), ("Schedule", 2), ("Slot", 3)]);
        let [locations, schedules, slots] = [0, 1, 2].map(|place: usize| &files[place].1);
        assert_eq!(references(schedules, "/actor/0/reference", "Location/"), ids(locations));
        assert_eq!(references(slots, "/schedule/reference", "Schedule/"), ids(schedules));
    }

    /// What a client has already it need not read again, as long as there are the same files.
    #[actix_web::test]
    async fn an_unchanged_manifest_is_not_sent_again() {
        let api = Api::start().await;
        let first = api.get("/fhir/$bulk-publish").send().await;
        api.clock.set(booking::contract::scene::at(60));
        api.refreshed().await;
        let again = api.get("/fhir/$bulk-publish").header("if-none-match", first.header("etag"));
        assert_eq!(again.send().await.status, 304);
        api.clock.set(booking::contract::scene::at(86_400));
        api.refreshed().await;
        let closed = api.get("/fhir/$bulk-publish").header("if-none-match", first.header("etag"));
        let closed = closed.send().await;
        let files = closed.json["output"].as_array().map(Vec::len);
        assert_eq!((closed.status, files), (200, Some(2)), "a closed campaign is not offered");
    }
}
