//! `docs/speyer.md` can be followed: its commands run as they stand, one after the other in one shell.

use std::path::Path;
use std::process::Command;

use test_support::{Port, Runtime, workspace_root};

const DOCUMENT: &str = include_str!("../../../../docs/speyer.md");

/// The commands of the document.
fn commands() -> String {
    let blocks = DOCUMENT.split("\n```sh\n").skip(1);
    blocks.map(|block| block.split("\n```").next().expect("its end").to_owned() + "\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_small_speyer_can_be_walked() {
    let commands = commands();
    assert!(commands.contains("waitlist call-up"), "the commands are found");
    let [room, booking] = [(); 2].map(|()| Port::reserve().expect("a free port"));
    let at = |port: &Port| format!("127.0.0.1:{}", port.number());
    let script =
        commands.replace("127.0.0.1:8080", &at(&room)).replace("127.0.0.1:8081", &at(&booking));
    Runtime::Curl.locate().unwrap_or_else(|error| panic!("{error:#}"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("commands.sh"), script).expect("written");
    let binary = Path::new(env!("CARGO_BIN_EXE_einlass")).parent().expect("its folder");
    let room_url = format!("http://{}", at(&room));
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-u", "-c", "PATH=$EINLASS:$PATH; . \"$COMMANDS\""])
        .current_dir(workspace_root())
        .env("EINLASS", binary)
        .env("COMMANDS", folder.path().join("commands.sh"))
        .env("TMPDIR", folder.path())
        .env("EINLASS__WAITING_ROOM__LISTEN", at(&room))
        .env("EINLASS__WAITING_ROOM__METRICS_LISTEN", "")
        .env("EINLASS__BOOKING__LISTEN", at(&booking))
        .env("EINLASS__BOOKING__METRICS_LISTEN", "")
        .env("EINLASS__BOOKING__JWKS", format!("{room_url}/.well-known/jwks.json"))
        .env("EINLASS__BOOKING__SIGNALS_URL", room_url)
        .env("EINLASS__SHUTDOWN__DRAIN_S", "0");
    let output = tokio::task::block_in_place(|| shell.output().expect("a shell"));
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    for said in ["nothing was changed", "1 people are offered a place", "Nachtruhe"] {
        assert!(printed.contains(said), "{said}: {printed}");
    }
}
