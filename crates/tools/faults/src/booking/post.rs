//! The way of letters: workers as processes of their own, each with a way of its own to PostgreSQL, and a
//! real mail server.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use test_support::{MailServer, MailServerMood, TakenLetter};

use crate::booking::database;
use crate::clock::{UnixMs, now, pause};
use crate::installation::Installation;
use crate::process::Process;
use crate::proxy::{Proxy, Traffic};

/// What a worker says when it has begun.
const BEGUN: &str = "letters are being sent";
const BEGIN_MAX: Duration = Duration::from_secs(30);
const LETTER_MAX_MS: i64 = 30_000;
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Reminders go out so long before an appointment.
pub const REMIND_BEFORE_MS: i64 = 3_600_000;

/// The mail server and those who send.
pub struct Post {
    pub server: MailServer,
    pub workers: Vec<Worker>,
    clocks: Vec<Option<&'static str>>,
}

/// One `einlass worker`.
pub struct Worker {
    pub process: Process,
    /// Between it and PostgreSQL.
    pub network: Proxy,
    starts: usize,
}

/// A letter as the mail server has taken it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub at: UnixMs,
    /// Its `Message-ID` without the domain.
    pub id: String,
    pub text: String,
}

impl Post {
    /// A mail server, and one worker to be for each of these clocks: `None` for one that is right.
    pub async fn open(clocks: Vec<Option<&'static str>>) -> Result<Self> {
        let server = tokio::task::spawn_blocking(MailServer::start).await??;
        Ok(Self { server, workers: Vec::new(), clocks })
    }

    /// The section `[mail]` of the configuration.
    pub fn config(&self) -> String {
        let (port, hours) = (self.server.port(), REMIND_BEFORE_MS / 3_600_000);
        format!(
            r#"
[mail]
transport = "smtp"
worker = false
smtp_host = "127.0.0.1"
smtp_port = {port}
smtp_security = "none"
from = "Stadt Speyer <termine@speyer.example>"
public_url = "https://termine.speyer.example/"
mails_per_minute = 60000
connections = 1
timeout_s = 2
remind_before_hours = {hours}
"#
        )
    }

    /// Starts the workers on that database.
    pub async fn start_workers(
        &mut self,
        at: &Installation,
        database_url: &str,
        port: u16,
    ) -> Result<()> {
        for (index, clock) in self.clocks.iter().enumerate() {
            let network = Proxy::start(port).await?;
            let mut process = Process::new("worker", index, at);
            let through = database::through(database_url, port, &network);
            process.set("EINLASS__BOOKING__DATABASE_URL", through);
            if let Some(clock) = clock {
                process.set_clock(clock)?;
            }
            let mut worker = Worker { process, network, starts: 0 };
            worker.start().await?;
            self.workers.push(worker);
        }
        Ok(())
    }

    /// Starts a worker again that has ended.
    pub async fn start_again(&mut self, worker: usize) -> Result<()> {
        self.workers.get_mut(worker).context("no such worker")?.start().await
    }

    /// What the mail server has taken so far.
    pub fn taken(&self) -> Result<Vec<Letter>> {
        self.server.taken()?.into_iter().map(Letter::read).collect()
    }

    /// Waits until the mail server has taken so many letters in all.
    pub async fn until_taken(&self, count: usize) -> Result<()> {
        let enough = || Ok((self.taken()?.len() >= count).then_some(()));
        until("letters arrive", enough).await
    }

    /// Kills the only worker when it has been told that a letter is taken, and before that is in the database.
    /// Gives the letter's id.
    pub async fn kill_between(&mut self) -> Result<String> {
        let before = self.server.hesitates_over()?;
        self.server.set_mood(MailServerMood::Hesitates)?;
        let another =
            || Ok(self.server.hesitates_over()?.filter(|now| Some(now) != before.as_ref()));
        let letter = Letter::read(until("a letter is due", another).await?)?;
        // It waits for the mail server with its only connection, and asks the database for nothing.
        let worker = self.workers.first_mut().context("no worker")?;
        worker.network.set(Traffic::Vanishes);
        let held = worker.network.held();
        self.server.set_mood(MailServerMood::Takes)?;
        let notes = || Ok((worker.network.held() > held).then_some(()));
        until("the worker notes that a letter is taken", notes).await?;
        worker.process.kill9()?;
        worker.network.hang_up();
        worker.network.set(Traffic::Flows);
        Ok(letter.id)
    }
}

async fn until<T>(what: &str, look: impl Fn() -> Result<Option<T>>) -> Result<T> {
    let began = now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(now() - began < LETTER_MAX_MS, "waited in vain until {what}");
        pause(LOOK_EVERY).await;
    }
}

impl Worker {
    /// Starts it, and waits until it has begun.
    async fn start(&mut self) -> Result<()> {
        self.process.start()?;
        self.starts += 1;
        self.process.until_said(BEGUN, self.starts, BEGIN_MAX).await
    }
}

impl Letter {
    fn read(taken: TakenLetter) -> Result<Self> {
        let TakenLetter { at_ms: at, text } = taken;
        let mut lines = text.lines().take_while(|line| !line.is_empty());
        let id = lines.find_map(|line| line.strip_prefix("Message-ID: <"));
        let id = id.and_then(|id| id.split_once('@')).map(|(id, _)| id.to_owned());
        Ok(Self { at, id: id.context("a letter without a Message-ID")?, text })
    }
}
