//! The clients that generators make of the API documents walk a citizen's way through running services.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use test_support::{ApiTools, PostgresServer, RedisServer, printed_by, workspace_root};

use crate::fleet::{Fleet, Plan, scarce};

const GATHERING: Duration = Duration::from_secs(3);
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
    tokio::join!(walk(&fleet, in_typescript), walk(&fleet, in_python));
    fleet.stop().await;
}
