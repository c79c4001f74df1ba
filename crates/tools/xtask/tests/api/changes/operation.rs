//! An operation as its clients see it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::Document;

use super::member::{self, BODY, Members};

/// All that a document says to clients.
pub struct Api {
    /// By method and path.
    pub operations: BTreeMap<String, Operation>,
    /// The members of all problems.
    pub problems: Members,
}

pub struct Operation {
    pub id: String,
    pub deprecated: bool,
    /// The alternatives; an empty one asks for nothing.
    pub security: BTreeSet<String>,
    pub parameters: Members,
    pub request: Members,
    /// The members of all answers that are no problems.
    pub answer: Members,
    /// The statuses of these.
    pub answers: BTreeSet<String>,
    /// Statuses and names.
    pub headers: BTreeSet<String>,
    /// Of request and answers, with the side.
    pub media_types: BTreeSet<String>,
    /// Statuses and codes.
    pub problems: BTreeSet<String>,
}

impl Api {
    pub fn of(document: &Document) -> Self {
        let mut operations = BTreeMap::new();
        let mut problems = Vec::new();
        for (method, path, operation, item) in document.operations() {
            let read = Reading { document, operation };
            problems.extend(read.problem_bodies());
            operations.insert(format!("{} {path}", method.to_uppercase()), read.operation(item));
        }
        Self { operations, problems: without_texts(member::either(problems)) }
    }
}

/// Which problems there are is said of each operation, by their codes; here it is only their shape.
fn without_texts(mut problems: Members) -> Members {
    problems.remove(BODY);
    for name in ["code", "detail", "status", "title", "type"] {
        if let Some(member) = problems.get_mut(name) {
            member.values.clear();
            member.limits.clear();
            member.open = true;
        }
    }
    problems
}

/// The members of all answers that are no problems.
pub fn answer(document: &Document, operation: &Value) -> Members {
    member::either(Reading { document, operation }.bodies(is_answer))
}

struct Reading<'a> {
    document: &'a Document,
    operation: &'a Value,
}

impl<'a> Reading<'a> {
    fn operation(&self, item: &'a Value) -> Operation {
        Operation {
            id: Document::operation_id(self.operation).to_owned(),
            deprecated: self.operation["deprecated"] == true,
            security: self.document.security(self.operation).into_iter().collect(),
            parameters: self.parameters(item),
            request: member::either(self.request_bodies()),
            answer: member::either(self.bodies(is_answer)),
            answers: self.responses(is_answer).map(|(status, _)| status.to_owned()).collect(),
            headers: self.headers(),
            media_types: self.media_types(),
            problems: self.problems(),
        }
    }

    fn parameters(&self, item: &'a Value) -> Members {
        let mut found = Members::new();
        for parameter in self.document.parameters(self.operation, item) {
            let text = |name: &str| parameter[name].as_str().unwrap_or_default();
            let mut all = member::members(self.document, &parameter["schema"]);
            let mut member = all.remove(BODY).unwrap_or_default();
            member.always = parameter["required"] == true;
            member.deprecated |= parameter["deprecated"] == true;
            found.insert(format!("{} ({})", text("name"), text("in")), member);
        }
        found
    }

    fn request(&self) -> &'a Value {
        self.document.resolved(&self.operation["requestBody"])
    }

    fn request_bodies(&self) -> Vec<Members> {
        let required = self.request()["required"] == true;
        let mut bodies: Vec<Members> = self.of_content(self.request()).collect();
        for body in bodies.iter_mut().filter_map(|members| members.get_mut(BODY)) {
            body.always = required;
        }
        bodies
    }

    fn responses(&self, which: fn(&str) -> bool) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let responses = self.operation["responses"].as_object().into_iter().flatten();
        responses
            .filter(move |(status, _)| which(status))
            .map(|(status, response)| (status.as_str(), self.document.resolved(response)))
    }

    fn bodies(&self, which: fn(&str) -> bool) -> Vec<Members> {
        self.responses(which).flat_map(|(_, response)| self.of_content(response)).collect()
    }

    fn problem_bodies(&self) -> Vec<Members> {
        self.bodies(|status| !is_answer(status))
    }

    fn of_content(&self, body: &'a Value) -> impl Iterator<Item = Members> {
        let contents = body["content"].as_object().into_iter().flatten();
        contents
            .filter_map(|(_, content)| content.get("schema"))
            .map(|schema| member::members(self.document, schema))
    }

    fn headers(&self) -> BTreeSet<String> {
        self.responses(|_| true)
            .flat_map(|(status, response)| {
                let headers = response["headers"].as_object().into_iter().flatten();
                headers.map(move |(name, _)| format!("{status} {name}"))
            })
            .collect()
    }

    fn media_types(&self) -> BTreeSet<String> {
        let of = |side: &'static str, body: &'a Value| {
            let contents = body["content"].as_object().into_iter().flatten();
            contents.map(move |(name, _)| format!("{side} {name}"))
        };
        let answers = self.responses(is_answer).flat_map(|(_, response)| of("answer", response));
        of("request", self.request()).chain(answers).collect()
    }

    /// The codes are those of the examples; the schema lists those of other operations, too. Only where there are
    /// no examples it has to do.
    fn problems(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (status, response) in self.responses(|status| !is_answer(status)) {
            let contents = response["content"].as_object().into_iter().flatten();
            for (_, content) in contents {
                let shown = content["examples"].as_object().into_iter().flat_map(|all| all.keys());
                let mut codes: BTreeSet<String> = shown.cloned().collect();
                if codes.is_empty() {
                    let members = member::members(self.document, &content["schema"]);
                    codes.extend(
                        members.get("code").into_iter().flat_map(|code| code.values.clone()),
                    );
                }
                found.extend(codes.into_iter().map(|code| format!("{status} {code}")));
            }
        }
        found
    }
}

/// Whether this status is no problem.
fn is_answer(status: &str) -> bool {
    !status.starts_with(['4', '5']) && status != "default"
}
