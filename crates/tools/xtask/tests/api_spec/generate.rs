//! Clients are made of both documents without a warning.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use test_support::ApiTools;

use crate::{DOCUMENTS, api_spec, document, printed_by, tools};

#[test]
fn typescript_has_the_types_that_a_citizen_needs() {
    let tools = tools();
    let folder = tools.workshop().expect("a folder");
    for name in DOCUMENTS {
        let mut generator = tools.node_program("openapi-typescript/bin/cli.js");
        generator.arg(document(name)).arg("--output").arg(folder.path().join(format!("{name}.ts")));
        printed_by(&mut generator);
    }
    fs::copy(api_spec("check/walk.ts"), folder.path().join("walk.ts")).expect("copied");
    assert_compiles(&tools, folder.path(), "walk.ts");
}

#[test]
fn the_module_for_pages_has_the_types_that_a_page_needs() {
    let tools = tools();
    let folder = tools.workshop().expect("a folder");
    for file in ["clients/einlass.js", "clients/einlass.d.ts", "check/einlass-types.ts"] {
        let name = Path::new(file).file_name().expect("a file");
        fs::copy(api_spec(file), folder.path().join(name)).expect("copied");
    }
    assert_compiles(&tools, folder.path(), "einlass-types.ts");
}

fn assert_compiles(tools: &ApiTools, folder: &Path, file: &str) {
    let mut compiler = tools.node_program("typescript/bin/tsc");
    compiler.args(["--noEmit", "--strict", "--allowImportingTsExtensions", "--erasableSyntaxOnly"]);
    compiler.args(["--target", "es2024", "--module", "nodenext", "--types", "node"]);
    printed_by(compiler.arg(file).current_dir(folder));
}

#[test]
fn python_leaves_nothing_out() {
    let tools = tools();
    let folder = tempfile::tempdir().expect("a folder");
    for name in DOCUMENTS {
        let mut generator = tools.python();
        generator.args(["-m", "openapi_python_client", "generate", "--meta", "none"]);
        generator.arg("--config").arg(api_spec("check/python.yaml"));
        generator.arg("--fail-on-warning").arg("--path").arg(document(name));
        generator.arg("--output-path").arg(folder.path().join(name.replace('-', "_")));
        printed_by(&mut generator);
    }
}

/// In one process: a Java takes longer to start than to write a client.
#[test]
fn kotlin_swift_and_java_are_generated() {
    let tools = tools();
    let folder = tempfile::tempdir().expect("a folder");
    let mut batch = tools.openapi_generator();
    batch.arg("batch").arg("--fail-fast");
    for name in DOCUMENTS {
        for (language, text) in
            [("kotlin", "kotlin.String"), ("swift6", "String"), ("java", "String")]
        {
            let config = json!({
                "generatorName": language,
                "inputSpec": document(name),
                "outputDir": folder.path().join(format!("{name}-{language}")),
                "schemaMappings": open_enumerations(&document(name), text),
            });
            let file = folder.path().join(format!("{name}-{language}.json"));
            fs::write(&file, config.to_string()).expect("written");
            batch.arg(file);
        }
    }
    printed_by(&mut batch);
    let ticket = "waiting-room-kotlin/src/main/kotlin/org/openapitools/client/models/OwnTicket.kt";
    let ticket = fs::read_to_string(folder.path().join(ticket)).expect("a client in Kotlin");
    assert!(ticket.contains("val state: kotlin.String,"), "{ticket}");
    let booking = "booking-swift6/Sources/OpenAPIClient/Models/KnownBooking.swift";
    let booking = fs::read_to_string(folder.path().join(booking)).expect("a client in Swift");
    assert!(booking.contains("case typeConfirmedBooking(ConfirmedBooking)"), "{booking}");
}

/// openapi-generator makes an empty class of an enumeration that may grow, unless it is told the type: any text.
fn open_enumerations(document: &Path, text: &str) -> Value {
    let document = fs::read_to_string(document).expect("a document");
    let document: Value = serde_json::from_str(&document).expect("JSON");
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let is_open = |schema: &Value| schema["anyOf"][1]["type"] == "string";
    let open = schemas.iter().filter(|(_, schema)| is_open(schema));
    open.map(|(name, _)| (name.clone(), text.into())).collect::<serde_json::Map<_, _>>().into()
}
