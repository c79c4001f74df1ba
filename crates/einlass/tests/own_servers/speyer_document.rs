//! `docs/speyer.md` can be followed: its commands run as they stand, one after the other in one shell.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use test_support::{Port, Runtime, workspace_root};

const DOCUMENT: &str = include_str!("../../../../docs/speyer.md");

/// The commands of the document.
fn commands() -> String {
    let blocks = DOCUMENT.split("\n```sh\n").skip(1);
    blocks.map(|block| block.split("\n```").next().expect("its end").to_owned() + "\n").collect()
}

/// A shell and everything it has started, in a group of their own, which ends with the test.
struct Shell(Child);

impl Shell {
    /// Nothing if it hangs.
    async fn ended(&mut self) -> Option<ExitStatus> {
        const IT_HANGS: Duration = Duration::from_mins(2);
        let ended = async {
            let mut looks = tokio::time::interval(Duration::from_millis(100));
            loop {
                looks.tick().await;
                if let Some(status) = self.0.try_wait().expect("waited") {
                    return status;
                }
            }
        };
        tokio::time::timeout(IT_HANGS, ended).await.ok()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let group = format!("-{}", self.0.id());
            let _ended_already = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ended_already = self.0.wait();
        }
    }
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
    let outputs = ["printed", "steps"].map(|name| folder.path().join(name));
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-u", "-x", "-c", "PATH=$EINLASS:$PATH; . \"$COMMANDS\""])
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
        .env("EINLASS__SHUTDOWN__DRAIN_S", "0")
        .stdout(File::create(&outputs[0]).expect("made"))
        .stderr(File::create(&outputs[1]).expect("made"))
        .process_group(0);
    let mut shell = Shell(shell.spawn().expect("a shell"));
    let ended = shell.ended().await;
    let [printed, steps] = outputs
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("read")).into_owned());
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}\n{printed}\n{steps}");
    for said in ["nothing was changed", "1 people are offered a place", "Nachtruhe"] {
        assert!(printed.contains(said), "{said}: {printed}");
    }
}
