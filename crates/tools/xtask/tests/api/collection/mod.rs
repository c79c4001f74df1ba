//! The collection for Bruno under `api-spec/clients/bruno`: one request for each operation, made from the
//! documents. What an answer gives for later requests is kept in variables: [`KEPT`].

mod example;
mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use crate::document::{Document, Service};
use crate::{root, update};

use self::request::Request;

const FOLDER: &str = "api-spec/clients/bruno";

/// The order in which a citizen sends them. What is not named here is for others and comes last.
const WALK: &[&str] = &[
    "show_status",
    "join",
    "show_ticket",
    "redeem",
    "list_campaigns",
    "show_campaign",
    "check_eligibility",
    "list_slots",
    "book_slot",
    "show_booking",
    "correct_person",
    "move_booking",
    "show_calendar_entry",
    "show_qr_code",
    "change_contact",
    "show_stored_data",
    "open_car",
    "rotate_token",
    "ask_link",
    "cancel_booking",
    "erase_person",
    "create_hold",
    "show_hold",
    "renew_hold",
    "book_hold",
    "release_hold",
    "show_waitlist",
    "join_waitlist",
    "show_waitlist_entry",
    "accept_offer",
    "decline_offer",
    "leave_waitlist",
    "end_pass",
];

/// Operations, the variables that their answers set, and where in the answer the value is.
const KEPT: &[(&str, &str, &str)] = &[
    ("join", "ticket", "ticket"),
    ("join", "pass", "pass.pass"),
    ("show_ticket", "ticket", "ticket"),
    ("redeem", "pass", "pass"),
    ("list_slots", "slot", "slots[].id"),
    ("book_slot", "booking", "id"),
    ("book_slot", "manage_token", "manage_token"),
    ("rotate_token", "manage_token", "manage_token"),
    ("create_hold", "hold", "id"),
    ("book_hold", "booking", "id"),
    ("book_hold", "manage_token", "manage_token"),
    ("book_hold", "booking", "bookings[].id"),
    ("book_hold", "manage_token", "bookings[].manage_token"),
    ("join_waitlist", "entry", "id"),
    ("join_waitlist", "waitlist_token", "waitlist_token"),
    ("show_waitlist_entry", "offer", "offer.id"),
    ("accept_offer", "booking", "id"),
    ("accept_offer", "manage_token", "manage_token"),
];

/// Pages for people, and the document itself.
fn is_wanted(path: &str) -> bool {
    !["/docs", "/openapi.json", "/problems"].iter().any(|page| path.starts_with(page))
}

/// The files of the collection by their paths in its folder.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let manifest =
        "{\n  \"version\": \"1\",\n  \"name\": \"Einlass\",\n  \"type\": \"collection\"\n}\n";
    files.insert("bruno.json".to_owned(), manifest.to_owned());
    let mut variables = BTreeMap::new();
    let mut secrets = BTreeSet::new();
    for (position, service) in Service::ALL.into_iter().enumerate() {
        let document = service.document();
        let folder = service.name();
        let meta = format!("meta {{\n  name: {}\n  seq: {}\n}}\n", service.title(), position + 1);
        files.insert(format!("{folder}/folder.bru"), meta);
        for request in requests(service, &document) {
            variables.extend(request.variables());
            secrets.extend(request.token.clone());
            files.insert(format!("{folder}/{}.bru", request.name), request.text());
        }
    }
    files.insert("environments/local.bru".to_owned(), environment(&variables, &secrets));
    files
}

fn requests(service: Service, document: &Document) -> Vec<Request> {
    let operations = document.operations().filter(|(_, path, ..)| is_wanted(path));
    let mut requests: Vec<Request> = operations
        .map(|(method, path, operation, item)| {
            Request::new(service, document, (method, path), (operation, item))
        })
        .collect();
    // Sorting keeps those that no walk has in the order of the document.
    let place = |name: &str| WALK.iter().position(|known| *known == name).unwrap_or(WALK.len());
    requests.sort_by_key(|request| place(&request.name));
    for (position, request) in requests.iter_mut().enumerate() {
        request.position = position + 1;
    }
    requests
}

/// Where `cargo demo` and `einlass serve` listen. Tokens are no variables of the environment's file: what
/// answers give is kept in memory, and what is typed in is a secret.
fn environment(variables: &BTreeMap<String, String>, secrets: &BTreeSet<String>) -> String {
    let mut text =
        "vars {\n  waiting_room_url: http://127.0.0.1:8080\n  booking_url: http://127.0.0.1:8081\n"
            .to_owned();
    for (name, value) in variables.iter().filter(|(name, _)| !secrets.contains(*name)) {
        writeln!(text, "  {name}: {value}").expect("writing to text succeeds");
    }
    let secrets: Vec<String> = secrets.iter().map(|name| format!("  {name}")).collect();
    text + "}\nvars:secret [\n" + &secrets.join(",\n") + "\n]\n"
}

#[test]
fn the_checked_in_collection_is_the_generated_one() {
    let folder = root().join(FOLDER);
    let expected = files();
    if update() {
        std::fs::remove_dir_all(&folder)
            .or_else(absent_is_fine)
            .expect("the old files can be removed");
        for (name, text) in &expected {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().expect("a folder"))
                .expect("the folder can be made");
            std::fs::write(file, text).expect("the file can be written");
        }
    }
    let found = read_folder(&folder, "");
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let differing: Vec<&&String> =
        names.iter().filter(|name| expected.get(**name) != found.get(**name)).collect();
    assert!(differing.is_empty(), "{FOLDER} differs in {differing:?}: run with UPDATE_DRIFT=1");
}

fn absent_is_fine(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn read_folder(folder: &Path, prefix: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir().into_iter().flatten() {
        let entry = entry.expect("the entry can be read");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(read_folder(&entry.path(), &format!("{name}/")));
        } else {
            let text = std::fs::read_to_string(entry.path()).expect("the file is text");
            found.insert(name, text);
        }
    }
    found
}

#[test]
fn the_walk_and_what_it_keeps_are_of_the_documents() {
    let documents = Service::ALL.map(Service::document);
    let operations: BTreeMap<&str, BTreeSet<String>> = documents
        .iter()
        .flat_map(|document| document.operations().map(move |found| (document, found.2)))
        .map(|(document, operation)| {
            (Document::operation_id(operation), crate::changes::answer_members(document, operation))
        })
        .collect();
    for name in WALK {
        assert!(operations.contains_key(name), "{name} is in no document");
    }
    for (operation, variable, member) in KEPT {
        assert!(
            operations[operation].contains(*member),
            "{operation} does not give {member} for {variable}"
        );
    }
}
