//! What stands in front of the site: `einlass waiting-room` as a process, and the proxies.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use einlass::keys::WaitingRoomKeys;
use kernel::{Clock as _, SystemClock, Timestamp};
use pass::{Claims, PassId, PassMinter};
use reqwest::Client;
use test_support::{Port, ProxyServer, eventually, read_checked_in, workspace_root};

/// The room of `deploy/campaigns/room-alone.toml`.
pub const ROOM: &str = "town";
pub const OTHER_ROOM: &str = "village";
const ISSUER: &str = "einlass";
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A static site with one page, served by nginx, that says which pass it was told of.
pub async fn static_site(page: &str) -> ProxyServer {
    let configuration = format!(
        "server {{\n listen 127.0.0.1:8000;\n location = /ticket.html {{\n  default_type text/html;\n  \
         add_header Seen-Pass $http_einlass_pass_id always;\n  return 200 \"{page}\\n\";\n }}\n \
         location / {{ return 404; }}\n}}\n"
    );
    ProxyServer::nginx(configuration).await.expect("nginx")
}

/// The proxies of `deploy/`, each also with the other fail mode.
pub struct Proxies {
    pub nginx: ProxyServer,
    pub haproxy: ProxyServer,
    pub open_nginx: ProxyServer,
    pub open_haproxy: ProxyServer,
}

impl Proxies {
    pub async fn start(room: u16, site: u16) -> Self {
        let script = workspace_root().join("deploy/haproxy/einlass.lua");
        let script = script.to_str().expect("a path");
        let nginx = addressed(&read_checked_in("deploy/nginx/einlass.conf"), room, site);
        let haproxy = addressed(&read_checked_in("deploy/haproxy/haproxy.cfg"), room, site);
        let haproxy = replaced(&haproxy, "/etc/haproxy/einlass.lua", script);
        let open_nginx =
            replaced(&nginx, "error_page 500 = @undecided;", "error_page 500 = @unguarded;");
        let open_haproxy = replaced(&haproxy, " closed unless ", " open unless ");
        Self {
            nginx: ProxyServer::nginx(nginx).await.expect("nginx"),
            haproxy: ProxyServer::haproxy(haproxy).await.expect("haproxy"),
            open_nginx: ProxyServer::nginx(open_nginx).await.expect("nginx"),
            open_haproxy: ProxyServer::haproxy(open_haproxy).await.expect("haproxy"),
        }
    }
}

fn addressed(configuration: &str, room: u16, site: u16) -> String {
    let configuration = replaced(configuration, "127.0.0.1:8080", &format!("127.0.0.1:{room}"));
    replaced(&configuration, "127.0.0.1:8090", &format!("127.0.0.1:{site}"))
}

fn replaced(text: &str, known: &str, new: &str) -> String {
    assert!(text.contains(known), "{known} is not in {text}");
    text.replace(known, new)
}

/// A folder as an operator has it, and the waiting room that runs in it.
pub struct Installation {
    folder: tempfile::TempDir,
    port: Port,
    process: Mutex<Child>,
}

impl Installation {
    /// The room of `deploy/` as if it had opened long ago, and guarded these origins.
    pub fn start(port: Port, origins: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let room = read_checked_in("deploy/campaigns/room-alone.toml");
        let room = replaced(&room, "opens_at = 2030-", "opens_at = 2020-");
        let room = replaced(&room, "closes_at = 2030-", "closes_at = 2199-");
        let room = replaced(&room, "[\"https://shop.example\"]", &format!("{origins:?}"));
        // A room that begins so late listens to tickets for a moment.
        let polling = "[waiting_room]\npoll_min_s = 1\npoll_max_s = 1\n";
        let room = replaced(&room, "[waiting_room]\n", polling);
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        write("room.toml", &room);
        let listen = format!("127.0.0.1:{}", port.number());
        write(
            "einlass.toml",
            &format!(
                "[waiting_room]\nlisten = \"{listen}\"\nmetrics_listen = \"\"\nworkers = 1\n\n\
                 [campaigns]\nfiles = [\"room.toml\"]\n\n\
                 # All who join here come from one address.\n[limits]\njoin_free = 0\n"
            ),
        );
        let process = Command::new(env!("CARGO_BIN_EXE_einlass"))
            .args(["--config", "einlass.toml", "waiting-room"])
            .current_dir(folder.path())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary runs");
        Self { folder, port, process: Mutex::new(process) }
    }

    pub async fn until_ready(&self, client: &Client) {
        let url = format!("http://127.0.0.1:{}/readyz", self.port.number());
        eventually("the waiting room is ready", READY_WITHIN, async || {
            let answer = client.get(&url).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// A pass of a room that is good for a while.
    pub fn pass_of(&self, room: &str) -> String {
        self.pass(room, Duration::from_mins(15))
    }

    /// A pass of the room that was good until a minute ago.
    pub fn expired_pass(&self) -> String {
        let issued_ago = Duration::from_mins(16);
        let now = SystemClock.now();
        self.mint(ROOM, now.minus(issued_ago), now.minus(Duration::from_mins(1)))
    }

    fn pass(&self, room: &str, good_for: Duration) -> String {
        let now = SystemClock.now();
        self.mint(room, now, now.plus(good_for))
    }

    /// Signed with the key of the waiting room.
    fn mint(&self, room: &str, issued_at: Timestamp, expires_at: Timestamp) -> String {
        let file = self.folder.path().join("keys/waiting-room.toml");
        let text = std::fs::read_to_string(&file).expect("the keys that it has made");
        let keys = WaitingRoomKeys::parse(&text, Path::new("keys")).expect("keys");
        PassMinter::new(keys.signing_key, ISSUER).mint(&Claims {
            issuer: ISSUER.to_owned(),
            campaign: room.parse().expect("a name"),
            pass_id: PassId::from_bytes([7; 16]),
            issued_at,
            expires_at,
            ags: waiting_room::service::NOT_ASKED,
            seats: 1,
            binding: None,
        })
    }

    /// It keeps its connections, and answers nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    pub fn thaw(&self) {
        self.signal("CONT");
    }

    pub fn kill(&self) {
        let mut process = self.process.lock().expect("no panic");
        process.kill().expect("it can be killed");
        process.wait().expect("it can be waited for");
    }

    fn signal(&self, name: &str) {
        let pid = self.process.lock().expect("no panic").id().to_string();
        let mut shell = Command::new("/bin/sh");
        // A signal takes a moment on a busy machine, and until then it still answers.
        let script = r#"kill -s "$0" "$1"; test "$0" != STOP || while cat "/proc/$1/task/"*/status | grep '^State:' | grep -qv stopped; do :; done"#;
        let status = shell.args(["-c", script, name, &pid]).status();
        assert!(status.expect("a shell").success());
    }
}

/// The id in a pass.
pub fn pass_id(pass: &str) -> String {
    let payload = pass.split('.').nth(1).expect("a JWT");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    let claims: serde_json::Value = serde_json::from_slice(&payload).expect("claims");
    claims["jti"].as_str().expect("an id").to_owned()
}

impl Drop for Installation {
    fn drop(&mut self) {
        let mut process = self.process.lock().expect("no panic");
        let _ended_already = process.kill();
        let _ = process.wait();
    }
}
