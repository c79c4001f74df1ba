//! The mail worker of one process, as it is configured.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use booking::{BookingSecrets, BookingStore, MailStore, TokenHash};
use booking_delivery::letter::{Letterhead, Mailbox};
use booking_delivery::report;
use booking_delivery::transport::{Credentials, Folder, Security, Smtp, SmtpServer, Transport};
use booking_delivery::worker::{Known, Office, Pace, Worker};
use booking_http::MailReports;
use kernel::Entropy;
use kernel::private_file::require_private;

use crate::config::{MailConfig, MailTransport, SmtpSecurity};

/// The shortest token of reports about mail.
const REPORTS_TOKEN_MIN: usize = 32;

/// How often a worker looks for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who writes, or is written to; `None` if the text is no address.
#[must_use]
pub fn mailbox(text: &str) -> Option<Mailbox> {
    text.parse().ok()
}

/// Starts a worker on these stores.
pub fn start_worker(
    config: &MailConfig,
    bookings: Arc<dyn BookingStore>,
    mails: Arc<dyn MailStore>,
    secrets: BookingSecrets,
    entropy: Arc<dyn Entropy>,
) -> anyhow::Result<Worker> {
    let url = &config.public_url;
    let head = Letterhead {
        from: mailbox(&config.from).context("mail.from is no address")?,
        reply_to: mailbox(&config.reply_to),
        public_url: (!url.is_empty()).then(|| url.clone()),
    };
    let remind_before = Duration::from_hours(u64::from(config.remind_before_hours));
    let pace = Pace {
        every: LOOK_EVERY,
        mails_per_minute: config.mails_per_minute,
        hand_over_max: Duration::from_secs(config.timeout_s),
        remind_before: (!remind_before.is_zero()).then_some(remind_before),
    };
    let campaigns = Known::default();
    let office = Office { bookings, mails, secrets, entropy, head, pace, campaigns };
    Ok(Worker::start(office, lanes(config)?))
}

/// What the `Message-ID` of every letter ends with.
pub fn domain(config: &MailConfig) -> anyhow::Result<String> {
    let from = mailbox(&config.from);
    let from =
        from.context("mail.from is no address: reports are about letters from its domain")?;
    Ok(from.email.domain().to_owned())
}

/// Who may report what became of letters; `None` if nobody may.
pub fn reports(config: &MailConfig) -> anyhow::Result<Option<MailReports>> {
    let file = &config.reports_token_file;
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let token = secret(file, "the token of reports about mail")?;
    ensure!(
        token.len() >= REPORTS_TOKEN_MIN,
        "the token in {} has fewer than {REPORTS_TOKEN_MIN} characters and could be guessed: put a random one there",
        file.display()
    );
    ensure!(
        token.bytes().all(|byte| byte.is_ascii_graphic()),
        "the token in {} has signs that no header can carry: use letters and digits",
        file.display()
    );
    let read = |text: &[u8], domain: &str| report::read(text, domain).ok();
    Ok(Some(MailReports { token: TokenHash::of(&token), domain: domain(config)?, read }))
}

/// The one line of a file that nobody else may read.
fn secret(file: &Path, what: &str) -> anyhow::Result<String> {
    require_private(file)?;
    let text = fs::read_to_string(file)
        .with_context(|| format!("failed to read {what} from {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn lanes(config: &MailConfig) -> anyhow::Result<Vec<Box<dyn Transport>>> {
    match config.transport {
        MailTransport::None => Ok(Vec::new()),
        MailTransport::Folder => {
            let folder = Folder::open(config.folder.clone()).with_context(|| {
                format!("failed to open the folder for letters {}", config.folder.display())
            })?;
            Ok(vec![Box::new(folder)])
        }
        MailTransport::Smtp => {
            let server = server(config)?;
            let lane = || -> Box<dyn Transport> { Box::new(Smtp::new(server.clone())) };
            Ok((0..config.connections).map(|_| lane()).collect())
        }
    }
}

fn server(config: &MailConfig) -> anyhow::Result<SmtpServer> {
    let (user, file) = (&config.smtp_user, &config.smtp_password_file);
    let credentials = if user.is_empty() {
        None
    } else {
        let password = secret(file, "the password of the mail server")?;
        Some(Credentials { user: user.clone(), password })
    };
    let authority = &config.smtp_authority_file;
    let authority = if authority.as_os_str().is_empty() {
        None
    } else {
        let pem = fs::read(authority).with_context(|| {
            format!("failed to read the mail server's authority {}", authority.display())
        })?;
        Some(pem)
    };
    Ok(SmtpServer {
        host: config.smtp_host.clone(),
        port: config.smtp_port,
        security: match config.smtp_security {
            SmtpSecurity::StartTls => Security::StartTls,
            SmtpSecurity::Tls => Security::Tls,
            SmtpSecurity::None => Security::None,
        },
        authority,
        credentials,
        bounces_to: mailbox(&config.bounces_to).map(|mailbox| mailbox.email),
        time_max: Duration::from_secs(config.timeout_s),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use kernel::private_file;

    use super::*;
    use crate::config::load;

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        let mut config = load(None, std::iter::empty()).expect("the defaults").config.mail;
        assert!(reports(&config).expect("nobody may report").is_none());
        let folder = tempfile::tempdir().expect("a folder");
        config.reports_token_file = folder.path().join("token");
        "Stadt <termine@speyer.example>".clone_into(&mut config.from);
        let write = |token: &str| {
            let _absent = fs::remove_file(&config.reports_token_file);
            let mut file = private_file::create(&config.reports_token_file).expect("a file");
            file.write_all(token.as_bytes()).expect("written");
        };
        write("secret\n");
        let refused = reports(&config).err().expect("refused").to_string();
        assert!(refused.contains("fewer than 32") && !refused.contains("secret"), "{refused}");
        let token = "x".repeat(REPORTS_TOKEN_MIN);
        write(&format!("{token}\n"));
        let reports = reports(&config).expect("reads").expect("a token");
        assert!(reports.token == TokenHash::of(&token), "without the end of the line");
        assert_eq!(reports.domain, "speyer.example");
    }
}
