//! The mail worker of one process, as it is configured.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use booking::{BookingSecrets, BookingStore, MailStore};
use booking_delivery::letter::{Letterhead, Mailbox};
use booking_delivery::transport::{Credentials, Folder, Security, Smtp, SmtpServer, Transport};
use booking_delivery::worker::{Known, Office, Pace, Worker};
use kernel::Entropy;
use kernel::private_file::require_private;

use crate::config::{MailConfig, MailTransport, SmtpSecurity};

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
        require_private(file)?;
        let password = fs::read_to_string(file).with_context(|| {
            format!("failed to read the password of the mail server from {}", file.display())
        })?;
        let password = password.trim_end_matches(['\r', '\n']).to_owned();
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
