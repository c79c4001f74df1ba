//! Endpoints of both APIs: each a file, in the list of routes and in the document.

use serde_json::Value;

use super::{Source, sources};
use crate::{assert_none, read};

/// The sources of the HTTP crates, and their documents.
const APIS: &[(&str, &str)] = &[
    ("crates/booking/http/src", "api-spec/booking.json"),
    ("crates/waiting-room/http/src", "api-spec/waiting-room.json"),
];

const METHODS: &[&str] = &["get", "post", "put", "delete", "patch", "head"];

#[test]
fn every_endpoint_is_where_the_page_says() {
    let mut problems = Vec::new();
    for (folder, document) in APIS {
        let document = serde_json::from_str(&read(document)).expect("a document is JSON");
        problems.extend(misplaced(folder, &sources(folder, "rs"), &document));
    }
    assert_none(&problems);
}

/// The route of a handler.
struct Route<'a> {
    method: &'a str,
    path: &'a str,
    handler: &'a str,
}

fn misplaced(folder: &str, rust: &[Source], document: &Value) -> Vec<String> {
    let list = format!("{folder}/routes.rs");
    let list_text = rust.iter().find(|file| file.path == list).map_or("", |file| &file.text);
    let listed = listed(list_text);
    let mut problems = Vec::new();
    let mut endpoints = Vec::new();
    for file in rust {
        let routes = routes(&file.text);
        for Route { method, path, handler } in &routes {
            let mut expect = |is_so: bool, what: &str| {
                if !is_so {
                    problems.push(format!("{}: `{handler}` {what}", file.path));
                }
            };
            expect(routes.len() == 1, "is not alone: one endpoint is one file");
            let method_and_path = format!("{} {path}", method.to_uppercase());
            let first_line = file.text.lines().next().unwrap_or_default();
            expect(
                first_line.starts_with("//! ") && first_line.contains(&method_and_path),
                "is not named by the first line of its file: begin it with method and path",
            );
            expect(file.text.contains("mod tests"), "has no tests");
            let entry = (file.stem(), *handler);
            expect(listed.contains(&entry), &format!("is not in the list of {list}"));
            expect(
                document["paths"][path][method]["operationId"] == *handler,
                "is not in the document under its route and name: run the crate's tests with UPDATE_DRIFT=1",
            );
            endpoints.push(entry);
        }
    }
    let elsewhere = listed.iter().filter(|entry| !endpoints.contains(entry));
    problems.extend(elsewhere.map(|(file, handler)| {
        format!("{list} registers `{file}::{handler}`, which no file of the name defines")
    }));
    if endpoints.is_empty() {
        problems.push(format!(
            "{folder} has no endpoint: its test reads attributes such as `#[get(\"/path\")]`"
        ));
    }
    problems
}

/// The file and the handler of each registered route.
fn listed(list: &str) -> Vec<(&str, &str)> {
    list.lines()
        .filter_map(|line| line.trim().strip_prefix(".service(")?.split(')').next())
        .filter_map(|path| {
            let (file, handler) = path.rsplit_once("::")?;
            let file = file.rsplit("::").next().unwrap_or(file);
            // The file of a module whose name is a word of the language, such as `move`.
            Some((file.strip_prefix("r#").unwrap_or(file), handler))
        })
        .collect()
}

/// The handlers with the attribute of a route.
fn routes(text: &str) -> Vec<Route<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut routes = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let attribute = line.strip_prefix("#[").and_then(|rest| rest.split_once("(\""));
        let Some((method, rest)) = attribute.filter(|(method, _)| METHODS.contains(method)) else {
            continue;
        };
        let path = rest.split('"').next().unwrap_or(rest);
        let function = lines[index..].iter().find_map(|line| line.split_once("fn "));
        let handler =
            function.map_or("", |(_, rest)| rest.split(['(', '<']).next().unwrap_or(rest));
        routes.push(Route { method, path, handler });
    }
    routes
}

mod can_fail {
    use serde_json::json;

    use super::*;

    const ENDPOINT: &str = "//! GET /v1/holds/{hold}\n\
        #[get(\"/v1/holds/{hold}\")]\npub(crate) async fn show_hold(\n\
        #[cfg(test)]\nmod tests {\n";

    fn found(endpoint: &str, list: &str, document: &Value) -> Vec<String> {
        let rust =
            [Source::new("http/hold/show.rs", endpoint), Source::new("http/routes.rs", list)];
        misplaced("http", &rust, document)
    }

    #[test]
    fn every_place() {
        let list = "    config\n        .service(hold::show::show_hold)\n";
        let document =
            json!({"paths": {"/v1/holds/{hold}": {"get": {"operationId": "show_hold"}}}});
        assert_none(&found(ENDPOINT, list, &document));
        assert_none(&found(ENDPOINT, ".service(hold::r#show::show_hold)", &document));
        let twice = format!("{ENDPOINT}#[post(\"/v1/x\")]\nasync fn x()");
        for (endpoint, list, document, problem) in [
            (&*twice, list, &document, "`x` is not alone"),
            (
                &ENDPOINT.replace("//! GET", "//! PUT"),
                list,
                &document,
                "is not named by the first line",
            ),
            (&ENDPOINT.replace("mod tests", ""), list, &document, "has no tests"),
            (ENDPOINT, "", &document, "`show_hold` is not in the list of http/routes.rs"),
            (ENDPOINT, list, &json!({}), "is not in the document"),
            (&ENDPOINT.replace("#[get", "#[post"), list, &document, "is not in the document"),
            (
                &ENDPOINT.replace("fn show_hold", "fn show"),
                list,
                &document,
                "registers `show::show_hold`",
            ),
            ("", "", &document, "http has no endpoint"),
        ] {
            let found = found(endpoint, list, document);
            assert!(found.iter().any(|found| found.contains(problem)), "{problem}: {found:?}");
        }
    }
}
