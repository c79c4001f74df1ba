//! The receiver that `docs/webhooks.md` shows, with the library of those who keep the standard.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use kernel::{Clock as _, SystemClock, Timestamp};
use webhook::{Answer, Reason};

use crate::endpoints::{Folder, HERE, LIMITS, message, reason, sender};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs")
}

fn example() -> PathBuf {
    docs().join("examples/webhook/receive.py")
}

/// The example as a running program.
struct Example {
    process: Child,
    printed: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Example {
    fn start(secret: &Path) -> Self {
        let python = test_support::provision_webhook_library().expect("the library");
        let mut command = Command::new(python);
        command.arg(example()).arg("0").arg(secret).stdout(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let stdout = process.stdout.take().expect("piped");
        let mut printed = BufReader::new(stdout).lines();
        let port = printed.next().expect("a line").expect("text").parse().expect("a port");
        Self { process, printed, port }
    }

    fn line(&mut self) -> String {
        self.printed.next().expect("a line").expect("text")
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_example_takes_what_is_signed_and_each_message_once() {
    let folder = Folder::new();
    let secrets = [folder.path("current"), folder.path("former")];
    // Also who still has the former secret, while it is being replaced.
    for secret in secrets {
        let mut example = Example::start(&secret);
        let url = format!("http://127.0.0.1:{}/", example.port);
        let sender = sender(&folder.endpoint(&url, HERE), LIMITS);
        for number in [1, 1, 2] {
            assert_eq!(sender.send(&message(number), SystemClock.now()).await, Answer::Taken);
        }
        assert_eq!(example.line(), "booking.created in speyer, message speyer_1");
        assert_eq!(example.line(), "booking.created in speyer, message speyer_2", "the first once");
    }
}

#[tokio::test]
async fn the_example_refuses_what_is_not() {
    let folder = Folder::new();
    let other = folder.path("other");
    std::fs::write(&other, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect("written");
    let example = Example::start(&other);
    let url = format!("http://127.0.0.1:{}/", example.port);
    let sender = sender(&folder.endpoint(&url, HERE), LIMITS);
    let answer = sender.send(&message(1), SystemClock.now()).await;
    assert_eq!(reason(&answer), Reason::Status(401), "another secret");
    let answer = sender.send(&message(1), Timestamp::from_unix_s(1_623_650_400)).await;
    assert_eq!(reason(&answer), Reason::Status(401), "recorded long ago");
}

#[test]
fn the_guide_shows_the_example_as_it_is() {
    let guide = std::fs::read_to_string(docs().join("webhooks.md")).expect("the guide");
    let code = std::fs::read_to_string(example()).expect("the example");
    let is_shown = guide.contains(&format!("```python\n{code}```\n"));
    assert!(
        is_shown,
        "docs/webhooks.md does not show docs/examples/webhook/receive.py: copy it there"
    );
}
