//! One request, in the language of Bruno's files.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::document::{Document, Service};

use super::KEPT;
use super::example;

/// Sent anew with each request: Bruno makes a random UUID of it.
const RANDOM: &str = "{{$guid}}";

pub struct Request {
    /// The name of the operation.
    pub name: String,
    /// Its place in the folder.
    pub position: usize,
    /// The variable that holds its bearer token.
    pub token: Option<String>,
    method: String,
    url: String,
    path: Vec<(String, String)>,
    query: Vec<Parameter>,
    headers: Vec<Parameter>,
    body: Option<Value>,
    answers: Vec<String>,
    docs: String,
}

struct Parameter {
    name: String,
    value: String,
    sent: bool,
}

impl Parameter {
    fn line(&self) -> String {
        let off = if self.sent { "" } else { "~" };
        format!("{off}{}: {}", self.name, self.value)
    }
}

impl Request {
    pub fn new(
        service: Service,
        document: &Document,
        (method, path): (&str, &str),
        (operation, item): (&Value, &Value),
    ) -> Self {
        let mut request = Self {
            name: Document::operation_id(operation).to_owned(),
            position: 0,
            token: token(document, operation),
            method: method.to_owned(),
            url: url(service, path),
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            answers: answers(operation),
            docs: docs(operation),
        };
        for parameter in document.parameters(operation, item) {
            request.add(document, parameter);
        }
        let body = document.resolved(&operation["requestBody"]);
        if let Some(content) = body["content"].get("application/json") {
            let variables: Vec<&str> = KEPT.iter().map(|(_, variable, _)| *variable).collect();
            request.body = Some(example::body(document, content, &variables));
        }
        let sent: Vec<String> = request
            .query
            .iter()
            .filter(|parameter| parameter.sent)
            .map(|parameter| format!("{}={}", parameter.name, parameter.value))
            .collect();
        if !sent.is_empty() {
            write!(request.url, "?{}", sent.join("&")).expect("writing to text succeeds");
        }
        request
    }

    fn add(&mut self, document: &Document, parameter: &Value) {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        let shown = parameter.get("example").cloned();
        let shown = shown.unwrap_or_else(|| example::of_schema(document, &parameter["schema"]));
        let value = shown.as_str().map_or_else(|| shown.to_string(), str::to_owned);
        let required = parameter["required"] == true;
        match parameter["in"].as_str() {
            Some("path") => self.path.push((name, value)),
            Some("query") => self.query.push(Parameter { name, value, sent: required }),
            // A request that can be repeated is the better one, also where the key may be left out.
            Some("header") if name == "Idempotency-Key" => {
                self.headers.push(Parameter { name, value: RANDOM.to_owned(), sent: true });
            }
            Some("header") if required || parameter.get("example").is_some() => {
                self.headers.push(Parameter { name, value, sent: required });
            }
            _ => {}
        }
    }

    /// The variables that its address needs, with examples.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let body = self.body.iter().filter(|body| body.to_string().contains("{{slot}}"));
        let slot = body.map(|_| ("slot".to_owned(), "boe-fashion-20210620-0700".to_owned()));
        self.path.iter().cloned().chain(slot).collect()
    }

    pub fn text(&self) -> String {
        let body = if self.body.is_some() { "json" } else { "none" };
        let auth = if self.token.is_some() { "bearer" } else { "none" };
        let mut blocks = vec![
            block(
                "meta",
                [
                    format!("name: {}", self.name),
                    "type: http".to_owned(),
                    format!("seq: {}", self.position),
                ],
            ),
            block(
                &self.method,
                [format!("url: {}", self.url), format!("body: {body}"), format!("auth: {auth}")],
            ),
        ];
        blocks.push(block("params:query", self.query.iter().map(Parameter::line)));
        blocks.push(block(
            "params:path",
            self.path.iter().map(|(name, _)| format!("{name}: {{{{{name}}}}}")),
        ));
        blocks.push(block("headers", self.headers.iter().map(Parameter::line)));
        blocks.push(block(
            "auth:bearer",
            self.token.iter().map(|token| format!("token: {{{{{token}}}}}")),
        ));
        if let Some(body) = &self.body {
            let text = serde_json::to_string_pretty(body).expect("JSON can be written");
            blocks.push(block("body:json", text.lines().map(str::to_owned)));
        }
        blocks.push(block("assert", [format!("res.status: in {}", self.answers.join(", "))]));
        blocks.push(block("script:post-response", self.kept()));
        blocks.push(block("docs", self.docs.lines().map(str::to_owned)));
        blocks.retain(|block| !block.is_empty());
        blocks.join("\n")
    }

    /// The lines of the script that keeps what later requests need, where the answer has it.
    fn kept(&self) -> Vec<String> {
        let mine = KEPT.iter().filter(|(operation, ..)| *operation == self.name);
        mine.map(|(_, variable, member)| {
            let path = member.replace("[].", "?.[0]?.").replace('.', "?.").replace("??.", "?.");
            format!("if (res.body?.{path}) bru.setVar(\"{variable}\", res.body.{path});")
        })
        .collect()
    }
}

/// Path parameters are written with a colon.
fn url(service: Service, path: &str) -> String {
    let base = service.name().replace('-', "_");
    let path = path.replace('{', ":").replace('}', "");
    format!("{{{{{base}_url}}}}{path}")
}

/// The scheme that the operation needs; none where it can do without.
fn token(document: &Document, operation: &Value) -> Option<String> {
    let alternatives = document.security(operation);
    if alternatives.iter().any(String::is_empty) { None } else { alternatives.into_iter().next() }
}

fn answers(operation: &Value) -> Vec<String> {
    let statuses = operation["responses"].as_object().into_iter().flat_map(|all| all.keys());
    statuses.filter(|status| status.starts_with('2')).cloned().collect()
}

fn docs(operation: &Value) -> String {
    let text = |name: &str| operation[name].as_str().unwrap_or_default();
    format!("{}\n\n{}", text("summary"), text("description")).trim().to_owned()
}

/// A block with its lines; nothing, if it has none.
fn block(name: &str, lines: impl IntoIterator<Item = String>) -> String {
    let lines: Vec<String> = lines
        .into_iter()
        .map(|line| if line.is_empty() { line } else { format!("  {line}") })
        .collect();
    if lines.is_empty() { String::new() } else { format!("{name} {{\n{}\n}}\n", lines.join("\n")) }
}
