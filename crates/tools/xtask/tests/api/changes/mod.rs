//! What has changed between two documents, and whether a client of the older one notices.
//!
//! Compared is what a client sees of each operation: member by member, whichever schemas the document has
//! made them of. `docs/versioning.md` says in words what is held to break a client.

mod member;
mod operation;
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::Document;

use self::member::{Member, Members};
use self::operation::{Api, Operation};

/// Only whoever has an answer already and asks for it again can get this one: without it, that gets the answer again.
const NOT_MODIFIED: &str = "304";

/// A difference, and the operations that have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Those that break a client come first.
    pub harmless: bool,
    pub text: String,
    pub operations: BTreeSet<String>,
}

impl Change {
    /// The line under which the changelog names it.
    pub fn line(&self) -> String {
        let breaking = if self.harmless { "" } else { "**breaking** " };
        let operations: Vec<String> = self.operations.iter().map(|id| format!("`{id}`")).collect();
        format!("{breaking}{}: {}", operations.join(", "), self.text)
    }
}

/// Who sends what is compared: a client may send less than a server takes, and gets more than it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Client,
    Service,
}

/// All differences, those that break a client first.
pub fn between(before: &Document, after: &Document) -> Vec<Change> {
    let (before, after) = (Api::of(before), Api::of(after));
    let mut found = Found::default();
    for (route, old) in &before.operations {
        match after.operations.get(route) {
            Some(new) => found.operation(old, new),
            None if old.deprecated => {
                found.note(&old.id, true, format!("`{route}` removed as announced"));
            }
            None => found.note(&old.id, false, format!("`{route}` removed")),
        }
    }
    for (route, new) in &after.operations {
        if !before.operations.contains_key(route) {
            found.note(&new.id, true, format!("`{route}` added"));
        }
    }
    if !before.problems.is_empty() && !after.problems.is_empty() {
        found.members(Sender::Service, "every problem", "", &before.problems, &after.problems);
    }
    found.changes()
}

/// The members of all answers of an operation that are no problems.
pub fn answer_members(document: &Document, operation: &Value) -> BTreeSet<String> {
    operation::answer(document, operation).into_keys().collect()
}

#[derive(Default)]
struct Found(BTreeMap<(bool, String), BTreeSet<String>>);

impl Found {
    fn note(&mut self, operation: &str, harmless: bool, text: String) {
        self.0.entry((harmless, text)).or_default().insert(operation.to_owned());
    }

    fn changes(self) -> Vec<Change> {
        let change = |((harmless, text), operations)| Change { harmless, text, operations };
        self.0.into_iter().map(change).collect()
    }

    fn operation(&mut self, old: &Operation, new: &Operation) {
        if old.id != new.id {
            self.note(&new.id, false, format!("was called `{}`", old.id));
        }
        if old.deprecated != new.deprecated {
            let text = if new.deprecated { "deprecated" } else { "not deprecated any longer" };
            self.note(&new.id, true, text.to_owned());
        }
        self.security(old, new);
        self.members(Sender::Client, &new.id, "parameter", &old.parameters, &new.parameters);
        self.members(Sender::Client, &new.id, "request member", &old.request, &new.request);
        self.members(Sender::Service, &new.id, "answer member", &old.answer, &new.answer);
        self.set(&new.id, "answer", (&old.answers, &new.answers), Loss::Breaks);
        self.set(&new.id, "media type", (&old.media_types, &new.media_types), Loss::Breaks);
        self.set(&new.id, "header", (&old.headers, &new.headers), Loss::Breaks);
        self.set(&new.id, "problem", (&old.problems, &new.problems), Loss::IsHarmless);
    }

    /// A client that was let in must be let in still.
    fn security(&mut self, old: &Operation, new: &Operation) {
        let is_open = |operation: &Operation| {
            operation.security.is_empty() || operation.security.contains("")
        };
        let kept = is_open(new) || (!is_open(old) && old.security.is_subset(&new.security));
        if old.security != new.security && is_open(old) != is_open(new) || !kept {
            let text =
                if is_open(new) { "can be asked without a token" } else { "needs another token" };
            self.note(&new.id, kept, text.to_owned());
        }
    }

    fn set(
        &mut self,
        id: &str,
        kind: &str,
        (old, new): (&BTreeSet<String>, &BTreeSet<String>),
        loss: Loss,
    ) {
        for lost in old.difference(new) {
            let harmless = loss == Loss::IsHarmless || lost.starts_with(NOT_MODIFIED);
            self.note(id, harmless, format!("{kind} `{lost}` removed"));
        }
        for gained in new.difference(old) {
            self.note(id, true, format!("{kind} `{gained}` added"));
        }
    }

    fn members(&mut self, sender: Sender, id: &str, kind: &str, old: &Members, new: &Members) {
        for (path, before) in old {
            let name = format!("{kind} `{path}`").trim_start().to_owned();
            match new.get(path) {
                Some(after) => {
                    for (harmless, text) in differences(sender, before, after) {
                        self.note(id, harmless, format!("{name} {text}"));
                    }
                }
                None if before.deprecated => {
                    self.note(id, true, format!("{name} removed as announced"));
                }
                // A header that nobody reads is ignored.
                None => self.note(id, path.ends_with("(header)"), format!("{name} removed")),
            }
        }
        for (path, after) in new.iter().filter(|(path, _)| !old.contains_key(*path)) {
            let name = format!("{kind} `{path}`").trim_start().to_owned();
            if sender == Sender::Client && after.always && is_asked_for(path, old, new) {
                self.note(id, false, format!("{name} added, and required"));
            } else if member::parent(path).is_none_or(|parent| old.contains_key(parent)) {
                // What is in it came with it.
                self.note(id, true, format!("{name} added"));
            }
        }
    }
}

/// Whether a client of before would have sent the object that this member is in: what a new optional object
/// requires inside is asked of nobody who does not know it.
fn is_asked_for(path: &str, old: &Members, new: &Members) -> bool {
    std::iter::successors(member::parent(path), |parent| member::parent(parent)).all(|parent| {
        old.contains_key(parent) || new.get(parent).is_none_or(|parent| parent.always)
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Breaks,
    IsHarmless,
}

/// What differs, each with whether it is harmless.
fn differences(sender: Sender, old: &Member, new: &Member) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    // Whoever sends may promise more, and whoever receives may ask for less.
    let may_narrow = sender == Sender::Service;
    if old.deprecated != new.deprecated {
        let text = if new.deprecated { "deprecated" } else { "not deprecated any longer" };
        found.push((true, text.to_owned()));
    }
    if old.always != new.always {
        let text = match (sender, new.always) {
            (Sender::Client, true) => "required now",
            (Sender::Client, false) => "optional now",
            (Sender::Service, true) => "always there now",
            (Sender::Service, false) => "not always there any longer",
        };
        found.push((new.always == may_narrow, text.to_owned()));
    }
    let gained = |(old, new): (&BTreeSet<String>, &BTreeSet<String>)| -> Vec<String> {
        new.difference(old).map(|value| format!("`{value}`")).collect()
    };
    for (added, text) in [(true, "can be"), (false, "cannot be")] {
        let pair = if added { (&old.types, &new.types) } else { (&new.types, &old.types) };
        for value in gained(pair) {
            found.push((
                added != may_narrow,
                format!("{text} {value} {}", if added { "now" } else { "any longer" }),
            ));
        }
    }
    found.extend(values(may_narrow, old, new, gained));
    found.extend(limits(may_narrow, old, new));
    found
}

fn values(
    may_narrow: bool,
    old: &Member,
    new: &Member,
    gained: impl Fn((&BTreeSet<String>, &BTreeSet<String>)) -> Vec<String>,
) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    if old.is_closed() != new.is_closed() {
        let text = if new.is_closed() {
            "has a closed list of values now"
        } else {
            "has an open list of values now"
        };
        found.push((new.is_closed() == may_narrow, text.to_owned()));
    }
    // An open list says that there can be others: clients were told to expect them.
    let open = !new.is_closed() && !old.is_closed();
    for value in gained((&old.values, &new.values)) {
        found.push((open || !may_narrow || !old.is_closed(), format!("has the value {value} now")));
    }
    for value in gained((&new.values, &old.values)) {
        found.push((open || may_narrow, format!("has the value {value} no longer")));
    }
    found
}

fn limits(may_narrow: bool, old: &Member, new: &Member) -> Vec<(bool, String)> {
    let names: BTreeSet<&String> = old.limits.keys().chain(new.limits.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let (before, after) = (old.limits.get(name), new.limits.get(name));
        if before == after {
            continue;
        }
        let number = |limit: Option<&String>| limit.and_then(|limit| limit.parse::<f64>().ok());
        let narrower = match (number(before), number(after)) {
            (Some(before), Some(after)) if name.starts_with("max") => Some(after < before),
            (Some(before), Some(after)) if name.starts_with("min") => Some(after > before),
            _ if before.is_none() => Some(true),
            _ if after.is_none() => Some(false),
            // Nobody can say which of two patterns takes more.
            _ => None,
        };
        let after = after.map_or_else(|| "no limit".to_owned(), |after| format!("`{after}`"));
        found.push((narrower == Some(may_narrow), format!("has {after} as its {name} now")));
    }
    found
}
