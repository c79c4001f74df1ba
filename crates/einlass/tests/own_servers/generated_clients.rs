//! The clients that generators make of the API documents walk a citizen's way through running services; and those
//! that `docs/frontend.md` shows take a pass.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use test_support::{ApiTools, PostgresServer, RedisServer, eventually, printed_by, workspace_root};

use crate::fleet::{Fleet, Plan, scarce};

const GATHERING: Duration = Duration::from_secs(3);
const DOCUMENT: &str = include_str!("../../../../docs/frontend.md");
const DOCUMENTS: [&str; 2] = ["waiting-room", "booking"];

fn api_spec(file: &str) -> PathBuf {
    workspace_root().join("api-spec").join(file)
}

fn copy(file: &str, folder: &Path) {
    std::fs::copy(api_spec(&format!("check/{file}")), folder.join(file)).expect("copied");
}

/// What is run in the folder, with the addresses of both services and the campaign as its arguments.
type Walk = fn(&ApiTools, &TempDir) -> Command;

fn in_typescript(tools: &ApiTools, folder: &TempDir) -> Command {
    for name in DOCUMENTS {
        let mut generator = tools.node_program("openapi-typescript/bin/cli.js");
        generator.arg(api_spec(&format!("{name}.json")));
        printed_by(generator.arg("--output").arg(folder.path().join(format!("{name}.ts"))));
    }
    copy("walk.ts", folder.path());
    let mut node = tools.node();
    node.arg("walk.ts");
    node
}

fn in_python(tools: &ApiTools, folder: &TempDir) -> Command {
    for name in DOCUMENTS {
        let mut generator = tools.python();
        generator.args(["-m", "openapi_python_client", "generate", "--meta", "none"]);
        generator.arg("--path").arg(api_spec(&format!("{name}.json")));
        printed_by(generator.arg("--output-path").arg(folder.path().join(name.replace('-', "_"))));
    }
    copy("walk.py", folder.path());
    let mut python = tools.python();
    python.arg("walk.py");
    python
}

async fn walk(fleet: &Fleet, walk: Walk) {
    let arguments = [fleet.rooms[0].url(), fleet.bookings[0].url(), fleet.campaign.id.to_string()];
    let walked = tokio::task::spawn_blocking(move || {
        let tools = ApiTools::provision().unwrap_or_else(|error| panic!("{error:#}"));
        let folder = tools.workshop().expect("a folder");
        printed_by(walk(&tools, &folder).args(arguments).current_dir(folder.path()))
    });
    let printed = walked.await.expect("the walk ends");
    assert!(printed.ends_with("walked\n"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_clients_walk_a_citizen_to_a_booking_and_back() {
    let (redis, postgres) = (
        RedisServer::start().await.expect("redis"),
        PostgresServer::start().await.expect("postgres"),
    );
    let plan = Plan::on(&redis, &postgres, 1, 1, (scarce(1, 20), GATHERING)).await;
    let fleet = plan.start().await;
    tokio::join!(
        walk(&fleet, in_typescript),
        walk(&fleet, in_python),
        ten_lines(&fleet, "js"),
        ten_lines(&fleet, "python"),
    );
    fleet.stop().await;
}

/// The first code in this language of the chapter for those who begin.
fn shown(language: &str) -> &'static str {
    let chapter = DOCUMENT.split_once("\n## Ten lines to begin with\n").expect("the chapter").1;
    let code = chapter.split_once(&format!("\n```{language}\n")).expect("code").1;
    code.split_once("\n```\n").expect("its end").0
}

/// What `docs/frontend.md` shows gets a pass that is good.
async fn ten_lines(fleet: &Fleet, language: &'static str) {
    let room = format!("{}/v1/rooms/{}", fleet.rooms[0].url(), fleet.campaign.id);
    eventually("people may join", Duration::from_mins(1), async || {
        let status = reqwest::get(&room).await.expect("an answer").text().await;
        !status.expect("a status").contains(r#""phase":"announced""#)
    })
    .await;
    let taken = tokio::task::spawn_blocking(move || {
        let tools = ApiTools::provision().unwrap_or_else(|error| panic!("{error:#}"));
        let folder = tools.workshop().expect("a folder");
        let answers = r#"{"residence": {"postcode": "67346"}}"#;
        let (file, call, mut program) = if language == "js" {
            let call = format!("console.log((await takePass(process.argv[2], {answers})).pass);");
            ("take.mjs", call, tools.node())
        } else {
            let call = format!("import sys\nprint(take_pass(sys.argv[1], {answers})[\"pass\"])");
            ("take.py", call, tools.python())
        };
        let code = format!("{}\n{call}\n", shown(language));
        std::fs::write(folder.path().join(file), code).expect("written");
        printed_by(program.arg(file).arg(room).current_dir(folder.path()))
    });
    let pass = taken.await.expect("it ends");
    let ask = format!("{}/v1/authorize?room={}", fleet.rooms[0].url(), fleet.campaign.id);
    let answer = reqwest::Client::new().get(ask).bearer_auth(pass.trim()).send().await;
    assert_eq!(answer.expect("an answer").status(), 204, "{language}");
}
