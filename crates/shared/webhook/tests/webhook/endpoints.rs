//! Endpoints as an operator would write them.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock as _, SystemClock, private_file};
use tempfile::TempDir;
use webhook::{Answer, Endpoint, Limits, Lookup, Message, Reason, Sender, SystemLookup, endpoint};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const FORMER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A folder with secrets.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for (name, secret) in [("current", SECRET), ("former", FORMER)] {
            let mut file = private_file::create(&folder.path(name)).expect("a file");
            file.write_all(secret.as_bytes()).expect("written");
        }
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The endpoint at this URL, with these further lines.
    pub fn endpoint(&self, url: &str, lines: &str) -> Endpoint {
        let (current, former) = (self.path("current"), self.path("former"));
        let text = format!(
            "[[endpoint]]\nname = \"town\"\nurl = \"{url}\"\nallow_http = true\n\
             secret_files = [\"{}\", \"{}\"]\n{lines}\n",
            current.display(),
            former.display()
        );
        let path = self.path("endpoints.toml");
        std::fs::write(&path, text).expect("written");
        endpoint::read(&path, &["booking.created"]).expect("an endpoint").remove(0)
    }
}

/// The lines that let an endpoint lie on this machine.
pub const HERE: &str = "allowed_networks = [\"127.0.0.1/32\"]";

pub const LIMITS: Limits =
    Limits { connect_max: Duration::from_secs(10), total_max: Duration::from_secs(20) };

pub fn sender(endpoint: &Endpoint, limits: Limits) -> Sender {
    Sender::new(endpoint, limits, Arc::new(SystemLookup)).expect("a sender")
}

/// Says one thing after the other, and the last one for ever.
pub struct Says(pub std::sync::Mutex<Vec<Vec<IpAddr>>>);

#[async_trait]
impl Lookup for Says {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut says = self.0.lock().expect("no panic");
        Ok(if says.len() > 1 { says.remove(0) } else { says[0].clone() })
    }
}

pub fn message(number: u32) -> Message {
    let body = format!(
        r#"{{"data":{{"campaign":"speyer","number":{number}}},"timestamp":"2021-06-14T08:00:00.000Z","type":"booking.created"}}"#
    );
    Message { id: format!("speyer_{number}"), body }
}

/// Sends a message now.
pub async fn send(sender: &Sender, number: u32) -> Answer {
    sender.send(&message(number), SystemClock.now()).await
}

#[track_caller]
pub fn reason(answer: &Answer) -> Reason {
    match answer {
        Answer::NotTaken(refused) => refused.reason,
        Answer::Taken | Answer::Gone => panic!("{answer:?}"),
    }
}
