//! Real nginx and HAProxy, with the configuration that a test gives them.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::install::is_root;
use crate::locate::{locate_haproxy, locate_nginx};
use crate::server::{Kind, Server};

/// Where the configuration says that it listens.
const LISTENS: &str = "127.0.0.1:8000";

/// A proxy, or any other use of these programs. It goes away when the value is dropped or the process ends.
pub struct ProxyServer(Server<Proxy>);

enum Program {
    Nginx,
    Haproxy,
}

struct Proxy {
    program: Program,
    path: PathBuf,
    configuration: String,
}

impl ProxyServer {
    /// nginx with this inside of `http { }`. It listens on 127.0.0.1:8000, for which a free port is taken.
    pub async fn nginx(configuration: String) -> Result<Self> {
        Self::start(Proxy { program: Program::Nginx, path: locate_nginx()?, configuration }).await
    }

    /// HAProxy with this configuration. It listens on 127.0.0.1:8000, for which a free port is taken.
    pub async fn haproxy(configuration: String) -> Result<Self> {
        Self::start(Proxy { program: Program::Haproxy, path: locate_haproxy()?, configuration })
            .await
    }

    /// [`Self::nginx`] for code without a runtime.
    pub fn nginx_blocking(configuration: String) -> Result<Self> {
        let proxy = Proxy { program: Program::Nginx, path: locate_nginx()?, configuration };
        Ok(Self(Server::start(proxy, |_, _| Ok(()))?))
    }

    async fn start(proxy: Proxy) -> Result<Self> {
        let start = || Server::start(proxy, |_, _| Ok(())).map(Self);
        tokio::task::spawn_blocking(start).await.context("the start panicked")?
    }

    /// The port that it listens on, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Its origin.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }
}

impl Kind for Proxy {
    const NAME: &'static str = "proxy";
    const STOP_SIGNAL: &'static str = "TERM";

    fn command(&self, folder: &Path, port: u16) -> Command {
        let configuration = self.configuration.replace(LISTENS, &format!("127.0.0.1:{port}"));
        let file = folder.join("configuration");
        let text = match self.program {
            Program::Nginx => within_http(folder, &configuration),
            Program::Haproxy => configuration,
        };
        // A folder that cannot be written shows when the program does not find the file.
        let _ = fs::write(&file, text);
        let mut command = Command::new(&self.path);
        match self.program {
            Program::Nginx => command.args(["-e", "stderr", "-p"]).arg(folder).arg("-c").arg(file),
            Program::Haproxy => command.arg("-db").arg("-f").arg(file),
        };
        command
    }

    fn is_ready(&self, folder: &Path, port: u16, pid: u32) -> bool {
        let is_this = match self.program {
            // It tries for a while to get a port that somebody else has, and writes this file afterwards.
            Program::Nginx => fs::read_to_string(folder.join("pid"))
                .is_ok_and(|written| written.trim() == pid.to_string()),
            // It ends at once where the port is taken.
            Program::Haproxy => true,
        };
        is_this && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
    }
}

/// What nginx needs besides, all of it in the folder.
fn within_http(folder: &Path, configuration: &str) -> String {
    let folder = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|of| format!("    {of}_temp_path {folder}/{of};\n"))
        .concat();
    // Else its workers are somebody who may not read the files of a checkout.
    let user = if is_root() { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\nevents {{}}\nhttp {{\n    \
         access_log off;\n{temporary}{configuration}\n}}\n"
    )
}
